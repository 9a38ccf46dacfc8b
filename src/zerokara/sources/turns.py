"""Loops each of whose turns begins with a statement that asks whether to look at the training, and calls what looks:

    if None in due and nobody_looks_on(): any(look())

It stands on the line of the first instruction of the loop's body. While the list `due` is empty, nothing is called at
all, and it takes a hundredth of a microsecond. `look` gives what calls functions of C; that they are called here lets
what they raise look as if the learner's own line had raised it.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any, NamedTuple

from zerokara.sources.marks import LOOKERS_ON, MARK, Sendable, codes_in, marked_call, place

Loop = ast.For | ast.While


class Due(list[None]):
    """Holds None while the next turn of a loop is to be looked at; else it is empty."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)  # a code's hash is made of those of its constants

    def __reduce__(self) -> tuple[Any, ...]:
        return list, ()  # in another process, where zerokara may not be, nothing is ever due


class Turns(NamedTuple):
    """What loops do at the beginning of each turn.

    Attributes:
        due: whether to look at the next one.
        look: called by it then, with nothing; the frame that calls it is the loop's. It gives what `any` is to go
            through in that frame, mostly nothing.
    """

    due: Due
    look: Callable[[], Iterable[Any]]


class Look(Sendable):
    """What a turn of a loop calls.

    Attributes:
        plain: the code that the loop stands in, without it.
    """

    plain: CodeType


_UNHEARD = [(f"{name}{given}", Sendable(function, *given)) for name, function, given in LOOKERS_ON]
"""The same, in such a way that a profiler does not take it for a call. It takes longer."""

_TURN = "turn "
"""How the marks of looks begin; the number of the loop follows."""


@contextmanager
def looking(loops: Sequence[Loop], lines: dict[int, int | None]) -> Iterator[None]:
    """For the time of a `with`, each turn of these loops of a tree may be looked at."""
    before = [loop.body for loop in loops]
    try:
        for number, loop in enumerate(loops):
            nobody = [
                ast.Compare(marked_call(f"unheard {name}"), [ast.Is()], [ast.Constant(None)]) for name, _ in _UNHEARD
            ]
            due = ast.Compare(ast.Constant(None), [ast.In()], [ast.Constant(f"{MARK}due")])
            look = ast.Expr(marked_call("any", marked_call(f"{_TURN}{number}")))
            turn = ast.If(ast.BoolOp(ast.And(), [due, *nobody]), [look], [])
            place(turn, loop.body[0], lines.get(number))
            loop.body = [turn, *loop.body]
        yield
    finally:
        for loop, body in zip(loops, before, strict=True):
            loop.body = body


def lines_of_turns(code: CodeType) -> Iterator[tuple[int, int | None]]:
    """(number, line of the first instruction that is the learner's own) of every loop whose turns are looked at."""
    for inner in codes_in(code):
        yield from lines_of_turns(inner)
    if f"{MARK}due" not in code.co_consts:
        return
    instructions = {instruction.offset: instruction for instruction in dis.get_instructions(code)}
    behind: int | None = None
    for one in instructions.values():
        if one.argval == f"{MARK}due":
            behind = None
        elif behind is None and one.opcode in _JUMPS:
            behind = one.argval
        elif isinstance(one.argval, str) and one.argval.startswith(MARK + _TURN) and behind is not None:
            positions = instructions[behind].positions
            yield int(one.argval.removeprefix(MARK + _TURN)), positions.lineno if positions else None


_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs])


def given_to_turns(plain: CodeType, marks: Sequence[str], turns: Turns) -> dict[str, Any]:
    """What takes the place of these marks in the code of loops; `plain` is that code without them."""
    given: dict[str, Any] = {f"unheard {name}": function for name, function in _UNHEARD}
    looks = {mark: _look(turns, plain) for mark in marks if mark.startswith(_TURN)}
    return given | {"due": turns.due, "any": any} | looks


def _look(turns: Turns, plain: CodeType) -> Look:
    look = Look(turns.look)
    look.plain = plain
    return look
