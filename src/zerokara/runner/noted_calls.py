"""Keeps what a learner's gradient, loss or training was called with last, for what is checked at the end.

A script that trains inside a function leaves nothing behind in its names. So functions that look like one of these note
their arguments (`sources.instrumentation`): the last call of each, until the end of the run or of the cell.
"""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from zerokara.sources.data_flow import last_name
from zerokara.sources.instrumentation import Note, plain_code_of

if TYPE_CHECKING:
    from zerokara.own_training import Called

_NAMED = re.compile(r"grad|loss|cost|train|fit|learn|backprop|update|step|optimi", re.IGNORECASE)

_MINDFUL = frozenset({"__del__", "weakref", "gc", "getrefcount", "tracemalloc"})
"""In a file that watches when objects go, none is kept for longer than Python keeps it."""


def is_worth_noting(text: str) -> bool:
    """Whether a file may have a function whose calls are noted: cheap, and never wrong about a no."""
    return "def " in text and (_NAMED.search(text) is not None or ".T" in text)


def noted_functions(tree: ast.AST) -> list[ast.FunctionDef]:
    """The functions of a syntax tree that look like a gradient, a loss or a training, and take long beside a note."""
    nodes = list(ast.walk(tree))
    if any(_name_of(node) in _MINDFUL for node in nodes):
        return []
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and _is_noted(node)]


def _name_of(node: ast.AST) -> str:
    """The name that a node defines or uses."""
    return next((name for key in ("id", "attr", "name") if isinstance(name := node.__dict__.get(key), str)), "")


def _is_noted(function: ast.FunctionDef) -> bool:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    decorators = {last_name(part) for part in function.decorator_list}
    if (
        not names
        or given.kwonlyargs
        or given.vararg
        or given.kwarg
        or function.name.startswith("__")
        or decorators - {"staticmethod", "classmethod"}
    ):
        return False
    own = list(own_nodes(function))
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own):
        return False
    products = sum(_is_product(node) for node in own)
    loops = any(isinstance(node, ast.For | ast.While) for node in own)
    if _NAMED.search(function.name):
        beside_self = len(names) - (names[0] == "self")
        return beside_self != 1 or loops or products > 1
    return products > 1 and any(isinstance(node, ast.Attribute) and node.attr == "T" for node in own)


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function or cell, and not in the functions and classes inside it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from own_nodes(node)


def _is_product(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node.func) in ("dot", "matmul")
    return isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult)


class NotedCalls:
    """The notes of all functions, and what is in them since `forget`."""

    def __init__(self) -> None:
        self._notes: list[ReferenceType[Note]] = []

    def note(self, plain: CodeType) -> Note:
        """A note for the function with this code."""
        made = Note(plain)
        self._notes.append(ref(made))
        return made

    @property
    def filled(self) -> list[Note]:
        """Those of functions that were called."""
        return [note for reference in self._notes if (note := reference()) is not None and note]

    def forget(self) -> None:
        """Let go of all arguments."""
        for note in self.filled:
            note.clear()
        self._notes = [reference for reference in self._notes if reference() is not None]

    def values(self) -> list[Any]:
        """What was given to functions last, in the order of the functions."""
        return [value for note in self.filled for value in note]

    def calls(self) -> list[Called]:
        """What was called last, of the methods and functions that are still there."""
        from zerokara.own_training import Called  # most of zerokara, which a script need not wait for

        # Two threads that write into one note at once may leave both calls in it.
        noted = [(note.plain, tuple(note)) for note in self.filled if len(note) == note.plain.co_argcount]
        methods = [Called(values[0], plain.co_name, values[1:]) for plain, values in noted if _is_method(plain, values)]
        others = [(plain, values) for plain, values in noted if not _is_method(plain, values)]
        functions = _functions_with([plain for plain, _ in others]) if others else {}
        return methods + [Called(functions[id(p)], p.co_name, values) for p, values in others if id(p) in functions]


def _is_method(plain: CodeType, values: tuple[Any, ...]) -> bool:
    """Whether this is the code of a method of the first argument."""
    for kind in type(values[0]).__mro__:
        function = vars(kind).get(plain.co_name)
        if isinstance(function, FunctionType) and plain_code_of(function.__code__) is plain:
            return True
    return False


def _functions_with(plain: list[CodeType]) -> dict[int, FunctionType]:
    """Of all functions there are, those that have one of these plain codes, by its id."""
    names, wanted = {code.co_name for code in plain}, set(map(id, plain))
    found = [one for one in gc.get_objects() if type(one) is FunctionType and one.__code__.co_name in names]
    return {key: one for one in found if (key := id(plain_code_of(one.__code__))) in wanted}


noted_calls = NotedCalls()
