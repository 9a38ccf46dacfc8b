"""A copy of a function's code in which every expression is a site: a call that is handed its value.

An expression e becomes `hook(number, e)`, on the same lines, and `x op= e` becomes `x = change(number, op, x, e)`. What
is called is a constant of the code, so no name is looked up that the learner could have given.
"""

from __future__ import annotations

import ast
import copy
import linecache
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from zerokara.sources.definitions import Definition, any_tree_of

_MARK = f"zerokara:{os.urandom(16).hex()}:"
"""How the constants begin that are replaced after compiling; in nobody's source."""

WHILE = -1
"""The number of every condition of a `while`, which what is handed in may keep true for ever."""


@dataclass(frozen=True, eq=False)
class Site:
    """An expression or a statement that changes an array in place.

    Attributes:
        number: counted from 0 in the order of the functions.
        node: of the tree; an `ast.expr`, or the `ast.stmt` of a change in place.
        statement: that it stands in.
        parent: the node just above it.
        function: the definition that it stands in.
        filename: of its file or cell.
    """

    number: int
    node: ast.expr | ast.stmt
    statement: ast.stmt | None
    parent: ast.AST
    function: Definition
    filename: str

    @property
    def line(self) -> int:
        """Counted from 1, as the file has it."""
        return self.node.lineno

    @property
    def column(self) -> int:
        """Of its first character, counted from 0."""
        return self.node.col_offset

    @property
    def text(self) -> str:
        """The source of it, on one line."""
        return text_of(self.node, self.filename)

    def within(self, other: Site) -> bool:
        """Whether it is a part of the other, or the same."""
        return (
            self.filename == other.filename
            and _span(other.node)[0] <= _span(self.node)[0] <= _span(self.node)[1] <= _span(other.node)[1]
        )


def text_of(node: ast.expr | ast.stmt, filename: str) -> str:
    """The source of a node on one line, as it stands in its file; from the tree where that is not at hand."""
    lines = [line.encode() for line in linecache.getlines(filename)[node.lineno - 1 : node.end_lineno]]
    if not lines:
        return ast.unparse(node)
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return " ".join(b" ".join(lines).decode(errors="replace").split())


def _span(node: ast.expr | ast.stmt) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def with_sites(
    plain: CodeType, first: int, hook: Callable[..., Any], change: Callable[..., Any]
) -> tuple[CodeType, list[Site]]:
    """The code with its sites, numbered from `first`.

    Raises UnprovenSource, SyntaxError, ValueError or RecursionError where there is none.
    """
    hooks = _Hooks(any_tree_of(plain), plain.co_filename, first)
    code = _compiled(hooks.function, plain)
    return _with_constants(code, {f"{_MARK}hook": hook, f"{_MARK}change": change}), hooks.sites


class _Hooks:
    """A definition with its hooks: a copy, for the tree is shared."""

    def __init__(self, tree: Definition, filename: str, first: int) -> None:
        self.sites: list[Site] = []
        self._filename, self._first = filename, first
        self._original: dict[int, Any] = {}
        self._statement: ast.stmt | None = None
        self._parent: ast.AST = tree
        self.function: Definition = copy.deepcopy(tree)
        self._pair(self.function, tree)
        self._definition = tree
        if isinstance(self.function, ast.Lambda):
            self.function.body = self._expression(self.function.body)
        else:
            self.function.body = self._block(self.function.body)

    def _pair(self, copied: ast.AST, tree: ast.AST) -> None:
        """Which node of the tree each node of the copy stands for."""
        self._copied = list(ast.walk(copied))  # kept, so that no id is given twice
        self._original = {id(one): other for one, other in zip(self._copied, ast.walk(tree), strict=True)}

    # Statements

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [new for statement in body for new in self._statements(statement)]

    def _statements(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.ClassDef | ast.AsyncFunctionDef | ast.Import | ast.ImportFrom):
            return [statement]
        outer = self._statement, self._parent
        self._statement = self._parent = self._original[id(statement)]
        try:
            if isinstance(statement, ast.AugAssign):
                return self._change(statement)
            self._fields(statement)
            if isinstance(statement, ast.While):
                statement.test = _placed(_call("hook", ast.Constant(WHILE), statement.test), statement.test)
            before, after = self._around(statement) if isinstance(statement, ast.Assign) else ([], [])
            return [*before, statement, *after]
        finally:
            self._statement, self._parent = outer

    def _fields(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name in _LEFT or isinstance(value, ast.arguments):
                continue
            if isinstance(value, ast.expr):
                setattr(node, name, self._expression(value))
            elif isinstance(value, list) and value:
                setattr(node, name, self._list(value))

    def _list(self, values: list[Any]) -> list[Any]:
        if values and isinstance(values[0], ast.stmt):
            return self._block(values)
        made = []
        for value in values:
            if isinstance(value, ast.expr):
                made.append(self._expression(value))
                continue
            if isinstance(value, ast.AST):  # a keyword, a handler, a comprehension, an item of a `with`, a case
                self._fields(value)
            made.append(value)
        return made

    def _change(self, statement: ast.AugAssign) -> list[ast.stmt]:
        target = statement.target
        if any(isinstance(node, ast.Call) and not _is_pure(node) for node in ast.walk(target)):
            statement.value = self._expression(statement.value)
            return [statement]
        read = copy.deepcopy(target)
        for node in ast.walk(read):
            if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and node is read:
                node.ctx = ast.Load()
        value = self._expression(statement.value)
        site = self._site(statement)
        call = _call("change", ast.Constant(site), ast.Constant(type(statement.op).__name__), read, value)
        return [_placed(ast.Assign([target], call), statement)]

    def _around(self, statement: ast.Assign) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Of `x[i] = e`, all of x is a site before it and one after it."""
        before: list[ast.stmt] = []
        after: list[ast.stmt] = []
        for target in statement.targets:
            if isinstance(target, ast.Subscript) and _is_readable(target.value):
                for made in (before, after):
                    call = _call("hook", ast.Constant(self._site(statement)), copy.deepcopy(target.value))
                    made.append(_placed(ast.Expr(call), statement))
        return before, after

    # Expressions

    def _expression(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.JoinedStr | ast.Yield | ast.YieldFrom | ast.Await):
            return node
        original, outer = self._original[id(node)], self._parent
        self._parent = original
        try:
            self._parts(node)
        finally:
            self._parent = outer
        if not _is_site(node):
            return node
        call = _call("hook", ast.Constant(self._site(node)), node)
        _placed(call, node)
        return call

    def _parts(self, node: ast.expr) -> None:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                self._parts(node.func)
            node.args = self._list(node.args)
            node.keywords = self._list(node.keywords)
        elif isinstance(node, ast.Attribute):
            if not isinstance(node.value, ast.Name) or node.attr in _OF_ARRAYS:
                node.value = self._expression(node.value)
        elif isinstance(node, ast.Subscript):
            if not isinstance(node.value, ast.Name | ast.Attribute) or _picks(node.slice):
                node.value = self._expression(node.value) if isinstance(node.ctx, ast.Load) else node.value
            if _picks(node.slice):
                node.slice = self._expression(node.slice)
        elif isinstance(node, ast.Lambda):
            node.body = self._expression(node.body)
        else:
            self._fields(node)

    def _site(self, node: ast.expr | ast.stmt) -> int:
        number = self._first + len(self.sites)
        original = self._original[id(node)]
        site = Site(number, original, self._statement, self._parent, self._definition, self._filename)
        self.sites.append(site)
        return number


_LEFT = ("annotation", "returns", "decorator_list", "type_comment", "pattern", "format_spec", "type_params")
"""Parts of a node that hold no values of the calculation."""

_OF_ARRAYS = ("T", "dot", "sum", "mean", "copy", "reshape", "astype", "transpose", "max", "flatten", "ravel")


def _is_site(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "range", "len", "zip"))
    return isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp | ast.ListComp)


def _picks(index: ast.expr) -> bool:
    """Whether it may be a mask."""
    return isinstance(index, ast.Name | ast.Attribute | ast.Compare | ast.UnaryOp | ast.BinOp)


def _is_readable(node: ast.expr) -> bool:
    """Whether reading it twice does nothing more than reading it once."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not any(
        isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(node)
    )


def _is_pure(call: ast.Call) -> bool:
    function = ast.unparse(call.func)
    return function in ("len", "range", "str") or function.startswith(("np.", "numpy."))


def _call(name: str, *given: ast.expr) -> ast.Call:
    return ast.Call(ast.Constant(_MARK + name), list(given), [])


def _placed(made: Any, at: ast.stmt | ast.expr) -> Any:
    for node in ast.walk(made):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            ast.copy_location(node, at)
    return made


def _compiled(function: Definition, plain: CodeType) -> CodeType:
    """The code of a definition whose free variables are those of the plain code."""
    if isinstance(function, ast.FunctionDef):
        function.decorator_list = []
        function.returns = None
        inner: ast.stmt = function
    else:
        inner = ast.copy_location(ast.Expr(function), function)
    _without_defaults(function.args)
    free = [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in plain.co_freevars]
    nothing = ast.arguments([], [], None, [], [], None, [])
    outer = ast.FunctionDef("outer", nothing, [*free, inner], [], None)
    if hasattr(ast, "TypeAlias"):
        outer.type_params = []  # type: ignore[attr-defined, unused-ignore]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    with warnings.catch_warnings(action="ignore"):
        code = compile(module, plain.co_filename, "exec", dont_inherit=True)
    made = next(c for c in _codes(_codes(code)[0]) if c.co_name == plain.co_name)
    if made.co_freevars != plain.co_freevars or made.co_varnames[: _given(plain)] != plain.co_varnames[: _given(plain)]:
        raise ValueError(plain.co_name)
    return made.replace(co_qualname=plain.co_qualname)


def _given(code: CodeType) -> int:
    return code.co_argcount + code.co_kwonlyargcount


def _without_defaults(arguments: ast.arguments) -> None:
    """Only the code is taken, and the function keeps its own defaults. A parameter without one stays such."""
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [default and ast.Constant(None) for default in arguments.kw_defaults]
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            rest.annotation = None


def _codes(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _with_constants(code: CodeType, given: Mapping[str, Any]) -> CodeType:
    constants = (
        _with_constants(constant, given)
        if isinstance(constant, CodeType)
        else given.get(constant, constant)
        if isinstance(constant, str)
        else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=tuple(constants))
