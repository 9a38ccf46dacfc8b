"""Runs of a learner's file what defines something: imports, functions, classes, constants; nothing is trained.

A constant is what literals, NumPy's ways of making arrays, and names of constants give. The top levels of modules that
the file imports do run, as Python runs them.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

CREATORS = frozenset(
    (
        *("array", "asarray", "zeros", "ones", "full", "eye", "identity", "arange", "linspace", "empty", "zeros_like"),
        *(
            "ones_like",
            "random",
            "randn",
            "rand",
            "normal",
            "uniform",
            "standard_normal",
            "randint",
            "integers",
            "sqrt",
        ),
        *("seed", "default_rng", "RandomState", "Generator", "float32", "float64", "float16", "int32", "int64", "log"),
        *("exp", "astype", "reshape", "copy", "transpose", "truncated_normal", "OrderedDict", "defaultdict", "partial"),
        *("namedtuple", "float", "int", "str", "bool", "len", "range", "list", "tuple", "dict", "set", "min", "max"),
        *("sum", "abs", "round", "zip", "enumerate", "reversed", "sorted", "Path", "items", "keys", "values", "prod"),
        *("field", "TypeVar", "NewType", "deque", "vectorize"),
    )
)
"""What a constant may call: names of NumPy and Python that make numbers, arrays and containers."""

PATHS = frozenset(("append", "insert", "extend"))
IN_PATHS = frozenset(("abspath", "dirname", "join", "realpath", "getcwd", "resolve", "cwd", "normpath", "expanduser"))

_EXPRESSIONS = (
    *(ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare),
    *(ast.IfExp, ast.Subscript, ast.Slice, ast.Attribute, ast.Lambda, ast.Starred, ast.JoinedStr, ast.FormattedValue),
    *(ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Call),
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)
LARGEST_EXPONENT = 64


@dataclass
class Definitions:
    """What a file defines.

    Attributes:
        module: with all names.
        lines: of the statement that defined a class or function, by the object's id.
        calls: of names that were called in what was left out: arguments that are constants, by the name.
        defined: the classes and functions that the file itself defines, in its order.
    """

    module: ModuleType
    defined: list[Any] = field(default_factory=list)
    lines: dict[int, int] = field(default_factory=dict)
    calls: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = field(default_factory=dict)

    def run(self, tree: ast.Module, filename: str) -> None:
        """Execute the definitions among the statements of a file or cell, one after the other.

        Raises whatever an import or a decorator of the learner's raises.
        """
        for statement in tree.body:
            if self._defines(statement):
                self._execute(statement, filename)
        self._note_calls(tree)

    def _execute(self, statement: ast.stmt, filename: str) -> None:
        code = compile(ast.Module([statement], []), filename, "exec", dont_inherit=True)
        must = isinstance(statement, _DEFINITIONS) or _has_imports(statement)
        try:
            exec(code, self.module.__dict__)
        except Exception:
            if must:
                raise
            return  # a constant that hangs on what was left out
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            made = self.module.__dict__.get(statement.name)
            self.defined.append(made)
            self.lines[id(made)] = statement.lineno

    def _defines(self, statement: ast.stmt) -> bool:
        if isinstance(statement, _DEFINITIONS):
            return True
        if isinstance(statement, ast.Try):
            inside = [*statement.body, *statement.orelse, *statement.finalbody]
            inside += [inner for handler in statement.handlers for inner in handler.body]
            return all(self._defines(inner) for inner in inside)
        if isinstance(statement, ast.If):
            inside = [*statement.body, *statement.orelse]
            return self._is_constant(statement.test) and all(self._defines(inner) for inner in inside)
        if isinstance(statement, ast.Assign):
            return all(map(self._is_target, statement.targets)) and self._is_constant(statement.value)
        if isinstance(statement, ast.AnnAssign):
            return statement.value is None or self._is_constant(statement.value)
        return isinstance(statement, ast.Expr) and self._is_setting(statement.value)

    def _is_target(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Tuple | ast.List):
            return all(map(self._is_target, target.elts))
        if isinstance(target, ast.Subscript):
            return isinstance(target.value, ast.Name) and isinstance(self._value(target.value.id), dict | list)
        return isinstance(target, ast.Name)

    def _is_setting(self, call: ast.expr) -> bool:
        """Whether it is sys.path.append(…) or np.random.seed(…)."""
        if not isinstance(call, ast.Call):
            return False
        text = ast.unparse(call.func)
        if text in {f"sys.path.{name}" for name in PATHS}:
            return all(self._is_constant(argument, IN_PATHS) for argument in call.args)
        return text.endswith("random.seed") and self._is_constant(call)

    def _is_constant(self, value: ast.expr, more: frozenset[str] = frozenset()) -> bool:
        """Whether evaluating it makes numbers, arrays or containers, and does nothing else."""
        bound = {node.id for node in ast.walk(value) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        lambdas = {id(inner) for node in ast.walk(value) if isinstance(node, ast.Lambda) for inner in ast.walk(node)}
        for node in ast.walk(value):
            if id(node) in lambdas or not isinstance(node, ast.expr):
                continue
            if not isinstance(node, _EXPRESSIONS):
                return False
            if isinstance(node, ast.Name) and node.id not in bound and not self._is_known(node.id):
                return False
            if isinstance(node, ast.Call) and not self._creates(node.func, more):
                return False
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift) and not _is_small(node.right):
                return False
        return True

    def _creates(self, function: ast.expr, more: frozenset[str]) -> bool:
        if isinstance(function, ast.Name):
            known = self._value(function.id)
            return function.id in CREATORS and not getattr(known, "__module__", "").startswith(self.module.__name__)
        if not isinstance(function, ast.Attribute):
            return False
        return function.attr in CREATORS | more and self._is_constant(function.value, more)

    def _is_known(self, name: str) -> bool:
        return name in self.module.__dict__ or hasattr(builtins, name)

    def _value(self, name: str) -> Any:
        return self.module.__dict__.get(name, getattr(builtins, name, None))

    def _note_calls(self, tree: ast.Module) -> None:
        """Remember with which constants the file itself calls its classes and functions."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self.calls.setdefault(node.func.id, []).append(self._arguments(node))

    def _arguments(self, call: ast.Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Those that are constants; what is none is left out of the keywords, and ends the others."""
        values = []
        for argument in call.args:
            value = self._evaluated(argument)
            if value is None:
                break
            values.append(value)
        named = {k.arg: self._evaluated(k.value) for k in call.keywords if k.arg}
        return tuple(values), {name: value for name, value in named.items() if value is not None}

    def _evaluated(self, expression: ast.expr) -> Any:
        if not self._is_constant(expression):
            return None
        try:
            return eval(compile(ast.Expression(expression), "<constant>", "eval"), self.module.__dict__)
        except Exception:
            return None


def _is_small(exponent: ast.expr) -> bool:
    number = exponent.operand if isinstance(exponent, ast.UnaryOp) else exponent
    return (
        isinstance(number, ast.Constant) and isinstance(number.value, int | float) and number.value <= LARGEST_EXPONENT
    )


def _has_imports(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(statement))
