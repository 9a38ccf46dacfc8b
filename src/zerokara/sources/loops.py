"""Where a running program is in its loops, read from the source of its frames: in the 3rd of 10,000 turns, say."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from types import FrameType
from typing import Any, NamedTuple

from zerokara.sources.definitions import texts_of
from zerokara.sources.magics import syntax_tree


class Turn(NamedTuple):
    """How many turns are done, and how many there are, of all loops around together."""

    done: int
    total: int


def turn_of(frame: FrameType | None) -> Turn | None:
    """Where the counting loops around a frame and its callers are; None where there are none, or not to be counted.

    A loop counts where it is `for i in range(…)`, or that inside of tqdm; others are passed over. A turn that goes
    through inner loops is as many turns as these have.
    """
    frames = list(_callers(frame))
    found = list(chain.from_iterable(map(_loops_in, reversed(frames))))
    if not found or not all(turns for _, turns in found):
        return None
    done = 0
    for turn, turns in found:
        done = done * turns + turn
    return Turn(done, math.prod(turns for _, turns in found))


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _loops_in(frame: FrameType) -> Iterator[tuple[int, int]]:
    """(number of the present turn, how many turns) of each counting loop around the line that a frame is at."""
    code = frame.f_code
    for loop in _loops_around(code.co_filename, code.co_name, code.co_firstlineno, frame.f_lineno):
        counted = _counted(loop.iter)
        if counted is None or not isinstance(loop.target, ast.Name):
            continue
        numbers = _range(counted, frame)
        place = _named(loop.target.id, frame)
        yield (numbers.index(place), len(numbers)) if numbers and place in numbers else (0, 0)


@lru_cache(maxsize=256)
def _loops_around(filename: str, name: str, first: int, line: int) -> tuple[ast.For, ...]:
    """The `for` statements around a line of a module's or a function's code, outermost first."""
    for text in texts_of(filename):
        tree = syntax_tree(text)
        scope = tree if tree is None or name == "<module>" else _function(tree, name, first)
        if scope is not None and (found := tuple(_around(scope, line))):
            return found
    return ()


def _function(tree: ast.AST, name: str, first: int) -> ast.AST | None:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    begins = {min([node.lineno, *(d.lineno for d in node.decorator_list)]): node for node in functions}
    return begins.get(first)


def _around(scope: ast.AST, line: int) -> Iterator[ast.For]:
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.stmt | ast.ExceptHandler) and child.lineno <= line <= (child.end_lineno or 0):
            if isinstance(child, ast.For):
                yield child
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _around(child, line)


def _counted(iterable: ast.expr) -> ast.Call | None:
    """The call of range in `range(…)`, `trange(…)` and `tqdm(range(…), …)`."""
    if not isinstance(iterable, ast.Call):
        return None
    name = ast.unparse(iterable.func).rpartition(".")[2]
    if name in ("range", "trange"):
        return iterable
    return _counted(iterable.args[0]) if name == "tqdm" and iterable.args else None


def _range(call: ast.Call, frame: FrameType) -> range | None:
    bounds = [_whole(argument, frame) for argument in call.args]
    known = [bound for bound in bounds if bound is not None]
    return range(*known) if len(known) == len(bounds) and 1 <= len(known) <= 3 and 0 not in known[2:] else None


def _whole(node: ast.expr, frame: FrameType) -> int | None:
    """The value of a whole number, a name of one, or what is made of these by arithmetic; nothing is called."""
    if isinstance(node, ast.Constant | ast.Name):
        value = node.value if isinstance(node, ast.Constant) else _named(node.id, frame)
        return value if type(value) is int else None
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "int" and len(node.args) == 1:
        return _whole(node.args[0], frame)
    if isinstance(node, ast.BinOp):
        left, right = _whole(node.left, frame), _whole(node.right, frame)
        if left is not None and right is not None:
            return _arithmetic(node.op, left, right)
    return None


def _arithmetic(op: ast.operator, left: int, right: int) -> int | None:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.FloorDiv() | ast.Div() if right:
            return left // right
    return None


def _named(name: str, frame: FrameType) -> Any:
    """What a name stands for in a frame, without running anything."""
    return frame.f_locals.get(name, frame.f_globals.get(name))
