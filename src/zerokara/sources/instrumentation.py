"""Code whose functions first ask whether somebody else has their result, and are in all else the learner's own.

No function is wrapped or replaced: its code begins with one statement more,

    if nobody_looks_on() and hook((x, y)): return take()

on the line of the first of its own. The functions it calls are constants of the code, so no name is looked up that the
learner could have given, and names, variables, lines, signature and source of the function stay as they were. The first
part calls nothing but functions of C and is false under a tracer, a profiler, a debugger or a coverage tool, so that
these see nothing of it. The plain code is kept in the hook.

Other functions only note what they are called with: `note((x, y))`, where `note` is of C. Nothing of it is to be seen,
and it takes a tenth of a microsecond.
"""

from __future__ import annotations

import ast
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from opcode import opmap
from types import CodeType, FunctionType
from typing import Any

Function = ast.FunctionDef | ast.Lambda
"""A function that a statement of its own can answer for; a coroutine cannot."""

_MARK = f"zerokara:{os.urandom(16).hex()}:"
"""How the constants begin that are replaced after compiling; in nobody's source."""


class Hook:
    """What an instrumented function asks before its first line. Here it always answers no.

    Attributes:
        plain: the code of the function without the question.
    """

    def __init__(self, plain: CodeType) -> None:
        self.plain = plain

    def __call__(self, values: tuple[Any, ...]) -> bool:
        """Whether there is a result for a call with these values of the parameters, in the order of the code."""
        return False

    def __reduce__(self) -> tuple[Any, ...]:
        # Code is only ever pickled to be sent to another process, where zerokara may not be: `[].count` answers 0.
        return getattr, ([], "count")


class Note(list[Any]):
    """What a function was called with last.

    The function calls `note.__init__((x, y))`, which puts these into the list in place of what was there: it is written
    in C, and a profiler takes it for no call.

    Code objects are not seen by Python's garbage collector, and the arguments may lead back to the code: whoever makes
    a note empties it.

    Attributes:
        plain: the code of the function without it.
    """

    def __init__(self, plain: CodeType) -> None:
        self.plain = plain

    @property
    def take(self) -> Callable[[tuple[Any, ...]], None]:
        """What the function calls."""
        return super().__init__

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ()  # in another process, where zerokara may not be: (0).__init__ does nothing


def plain_code_of(code: CodeType) -> CodeType:
    """The code as plain Python has it: of an instrumented function without the question, else itself."""
    for constant in code.co_consts:
        note = constant if isinstance(constant, Hook) else getattr(constant, "__self__", None)
        if isinstance(note, Hook | Note):
            return note.plain
    return code


def plain_function_of(function: FunctionType) -> FunctionType:
    """The function without the question, with the same globals, defaults and cells; itself where it asks nothing."""
    code = plain_code_of(function.__code__)
    if code is function.__code__:
        return function
    plain = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    plain.__kwdefaults__ = function.__kwdefaults__
    return plain


def instrumented(
    plain: CodeType,
    tree: ast.Module | ast.Interactive | ast.Expression,
    functions: Sequence[Function],
    hook: Callable[[CodeType], Hook],
    take: Callable[[], Any],
    flags: int = 0,
    *,
    noted: Sequence[ast.FunctionDef] = (),
    note: Callable[[CodeType], Note] | None = None,
) -> CodeType:
    """The code of a file or cell with a question at the start of these functions.

    Args:
        plain: what the file was compiled to.
        tree: its syntax tree; as before when this returns.
        functions: of that tree.
        hook: makes what a function asks, from its plain code.
        take: called by a function whose question was answered with yes, for its result.
        flags: those that the file was compiled with.
        noted: others of that tree, which note what they are called with.
        note: makes what one of these does, from its plain code.

    Raises ValueError where the tree does not give that code.
    """
    asking = len(functions)
    functions = [*functions, *noted]
    code = _compiled(tree, functions, asking, {}, plain.co_filename, flags)
    pairs = list(_instrumented_codes(plain, code))
    later = {number: line for number, one, _ in pairs if (line := _first_line(one)) != _line_of(functions[number])}
    if later:  # their first instruction stands on another line than their first statement
        code = _compiled(tree, functions, asking, later, plain.co_filename, flags)

    def asked(number: int, plain: CodeType) -> Callable[[tuple[Any, ...]], Any]:
        return hook(plain) if number < asking or note is None else note(plain).take

    return _merged(plain, code, asked, take)


# The question


def _compiled(
    tree: Any, functions: Sequence[Function], asking: int, lines: dict[int, int | None], filename: str, flags: int
) -> CodeType:
    mode = {ast.Interactive: "single", ast.Expression: "eval"}.get(type(tree), "exec")
    # Of what there is to warn of, compiling the plain code has warned.
    with _asking(functions, asking, lines), warnings.catch_warnings(action="ignore"):
        code: CodeType = compile(tree, filename, mode, flags, dont_inherit=True)
    return code


@contextmanager
def _asking(functions: Sequence[Function], asking: int, lines: dict[int, int | None]) -> Iterator[None]:
    """For the time of a `with`, the functions of a tree begin with the question; those from `asking` on, by noting."""
    before = [function.body for function in functions]
    try:
        for number, function in enumerate(functions):
            if isinstance(function, ast.Lambda):
                otherwise = ast.IfExp(_question(function, number), _call("take"), function.body)
                _place(otherwise, function.body, lines.get(number))
                function.body = otherwise
            else:
                first = _first(function)
                question: ast.stmt = ast.Expr(_told(function, number))
                if number < asking:
                    question = ast.If(_question(function, number), [ast.Return(_call("take"))], [])
                _place(question, function.body[first], lines.get(number))
                function.body = [*function.body[:first], question, *function.body[first:]]
        yield
    finally:
        for function, body in zip(functions, before, strict=True):
            function.body = body


def _question(function: Function, number: int) -> ast.expr:
    asked = [_call(name, *map(ast.Constant, given)) for name, _, given in _LOOKERS_ON]
    nobody: list[ast.expr] = [ast.Compare(call, [ast.Is()], [ast.Constant(None)]) for call in asked]
    return ast.BoolOp(ast.And(), [*nobody, _told(function, number)])


def _told(function: Function, number: int) -> ast.Call:
    names: list[ast.expr] = [ast.Name(name, ast.Load()) for name in _parameters(function.args)]
    return _call(str(number), ast.Tuple(names, ast.Load()))


class _Sendable(partial[Any]):
    """A function in code that may be sent to another process, where zerokara may not be; there it answers None.

    It is called without a line of Python more, as `partial` is.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, ({}, "get")


_LOOKERS_ON: list[tuple[str, Callable[..., Any], tuple[int, ...]]] = [
    ("gettrace", sys.gettrace, ()),
    ("getprofile", sys.getprofile, ()),
]
"""What tells of a tracer, a profiler or, from Python 3.12 on, a tool for monitoring; None where there is none."""
if sys.version_info >= (3, 12):
    _LOOKERS_ON += [("get_tool", _Sendable(sys.monitoring.get_tool), (number,)) for number in range(6)]


def _call(name: str, *given: ast.expr) -> ast.Call:
    return ast.Call(ast.Constant(_MARK + name), list(given), [])


def _parameters(arguments: ast.arguments) -> list[str]:
    """In the order that their variables have in the code."""
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [argument.arg for argument in given if argument is not None]


def _first(function: ast.FunctionDef) -> int:
    """Which statement comes first, after the docstring."""
    return int(ast.get_docstring(function, clean=False) is not None)


def _line_of(function: Function) -> int:
    if isinstance(function, ast.Lambda):
        return function.body.lineno
    return function.body[_first(function)].lineno


def _place(question: ast.AST, at: ast.stmt | ast.expr, line: int | None) -> None:
    """Where a statement of one line would stand; what is the learner's own has its place already."""
    for node in ast.walk(question):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line or at.lineno  # type: ignore[attr-defined]
            node.col_offset = node.end_col_offset = at.col_offset  # type: ignore[attr-defined]


def _first_line(code: CodeType) -> int | None:
    """The line where a tracer sees the function begin."""
    started = False
    for operation, (line, *_) in zip(code.co_code[::2], code.co_positions(), strict=True):
        if started and line is not None:
            return line
        started = started or operation == opmap["RESUME"]
    return None


# The code


def _codes(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _number(code: CodeType) -> int | None:
    """Which of the functions asks in this code; None if it asks nothing."""
    marks = [c.removeprefix(_MARK) for c in code.co_consts if isinstance(c, str) and c.startswith(_MARK)]
    return next((int(mark) for mark in marks if mark.isdecimal()), None)


def _instrumented_codes(plain: CodeType, other: CodeType) -> Iterator[tuple[int, CodeType, CodeType]]:
    """(number, plain code, code that asks) of every function that asks. Raises ValueError where they do not match."""
    if any(getattr(plain, name) != getattr(other, name) for name in _SAME):
        raise ValueError(plain.co_qualname)
    if (number := _number(other)) is not None:
        yield number, plain, other
    for one, another in zip(_codes(plain), _codes(other), strict=True):
        yield from _instrumented_codes(one, another)


_SAME = (
    *("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_flags"),
    *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
    *("co_varnames", "co_names", "co_freevars", "co_cellvars"),
)


def _merged(
    plain: CodeType,
    other: CodeType,
    hook: Callable[[int, CodeType], Callable[[tuple[Any, ...]], Any]],
    take: Callable[[], Any],
) -> CodeType:
    """The plain code with the functions of the other that ask; what holds none of them stays the very same."""
    inner = [_merged(one, another, hook, take) for one, another in zip(_codes(plain), _codes(other), strict=True)]
    number = _number(other)
    if number is None and all(one is merged for one, merged in zip(_codes(plain), inner, strict=True)):
        return plain
    given: dict[str, Any] = {_MARK + name: function for name, function, _ in _LOOKERS_ON}
    if number is not None:
        given |= {_MARK + str(number): hook(number, plain), f"{_MARK}take": _Sendable(take)}
    base, codes = plain if number is None else other, iter(inner)
    replaced = (next(codes) if isinstance(constant, CodeType) else constant for constant in base.co_consts)
    return base.replace(co_consts=tuple(given.get(c, c) if isinstance(c, str) else c for c in replaced))
