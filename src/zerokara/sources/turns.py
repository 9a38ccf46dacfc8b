"""Loops each of whose turns begins with a statement that asks whether to look at the training, and calls what looks:

    if None in due and nobody_looks_on(): any(look())

It stands on the line of the first instruction of the loop's body. While the list `due` is empty, nothing is called at
all, and it takes a hundredth of a microsecond. `look` gives what calls functions of C; that they are called here lets
what they raise look as if the learner's own line had raised it. The same may stand behind a loop.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """What loops do at the beginning of each turn, and where they have ended.

    Attributes:
        due: whether to look at the next turn; ended: whether to look where a loop has ended.
        look: called by it then, with nothing; the frame that calls it is the loop's. It gives what `any` is to go
            through in that frame, mostly nothing. look_at_end: the same, where a loop has ended.
    """

    due: Due
    look: Callable[[], Iterable[Any]]
    ended: Due
    look_at_end: Callable[[], Iterable[Any]]


class Look(Sendable):
    """What a turn of a loop calls.

    Attributes:
        plain: the code that the loop stands in, without it.
    """

    plain: CodeType


_UNHEARD = [(f"{name}{given}", Sendable(function, *given)) for name, function, given in LOOKERS_ON]
"""The same, in such a way that a profiler does not take it for a call. It takes longer."""

_TURN, _END = "turn ", "end "
"""How the marks of looks begin; the number of the loop follows."""
_DUE = {"due": _TURN, "ended": _END}


@contextmanager
def looking(
    tree: ast.AST, loops: Sequence[Loop], ends: Sequence[Loop], lines: Mapping[str, int | None]
) -> Iterator[None]:
    """For the time of a `with`, each turn of the loops of a tree may be looked at, and some where they have ended.

    Args:
        ends: of the latter, that stand directly in the body of a function. Elsewhere a jump may come behind a loop.
        lines: of the statements that look, by their marks; where none is given, that of the statement beside it.
    """
    turning = {id(loop): number for number, loop in enumerate(loops)}
    ending = {id(loop): number for number, loop in enumerate(ends)}
    before = [(node, name, block) for node in ast.walk(tree) for name, block in _blocks(node)] if loops else []
    try:
        for node, name, block in before:
            now = [part for one in block for part in (one, *_after(one, ending, lines))]
            if name == "body" and id(node) in turning:
                now.insert(0, _statement("due", turning[id(node)], block[0], lines))
            setattr(node, name, now)
        yield
    finally:
        for node, name, block in before:
            setattr(node, name, block)


def _blocks(node: ast.AST) -> Iterator[tuple[str, list[ast.stmt]]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield name, block


def _after(one: ast.stmt, ending: Mapping[int, int], lines: Mapping[str, int | None]) -> list[ast.stmt]:
    return [_statement("ended", ending[id(one)], one, lines)] if id(one) in ending else []


def _statement(due: str, number: int, at: ast.stmt, lines: Mapping[str, int | None]) -> ast.stmt:
    mark = f"{_DUE[due]}{number}"
    nobody = [ast.Compare(marked_call(f"unheard {name}"), [ast.Is()], [ast.Constant(None)]) for name, _ in _UNHEARD]
    is_due = ast.Compare(ast.Constant(None), [ast.In()], [ast.Constant(MARK + due)])
    look = ast.Expr(marked_call("any", marked_call(mark)))
    made = ast.If(ast.BoolOp(ast.And(), [is_due, *nobody]), [look], [])
    if due == "ended" and lines.get(mark) in (None, at.lineno):
        return ast.fix_missing_locations(ast.copy_location(made, at))  # a return that is not written has this place
    place(made, at, lines.get(mark))
    return made


def lines_of_looks(code: CodeType) -> Iterator[tuple[str, int | None, bool]]:
    """(mark, line of the next instruction that is the learner's own, whether the look is on it) of every look."""
    for inner in codes_in(code):
        yield from lines_of_looks(inner)
    if not {f"{MARK}{due}" for due in _DUE}.intersection(c for c in code.co_consts if isinstance(c, str)):
        return
    instructions = {instruction.offset: instruction for instruction in dis.get_instructions(code)}
    behind: int | None = None
    for one in instructions.values():
        text = one.argval if isinstance(one.argval, str) else ""
        if text in (f"{MARK}due", f"{MARK}ended"):
            behind = None
        elif behind is None and one.opcode in _JUMPS:
            behind = one.argval
        elif text.startswith((MARK + _TURN, MARK + _END)) and behind is not None:
            line = _line(instructions[behind])
            yield text.removeprefix(MARK), line, line == _line(one)


def _line(instruction: dis.Instruction) -> int | None:
    return instruction.positions.lineno if instruction.positions else None


_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs])


def given_to_turns(plain: CodeType, marks: Sequence[str], turns: Turns) -> dict[str, Any]:
    """What takes the place of these marks in the code of loops; `plain` is that code without them."""
    given: dict[str, Any] = {f"unheard {name}": function for name, function in _UNHEARD}
    looks = {mark: _look(turns.look, plain) for mark in marks if mark.startswith(_TURN)}
    looks |= {mark: _look(turns.look_at_end, plain) for mark in marks if mark.startswith(_END)}
    return given | {"due": turns.due, "ended": turns.ended, "any": any} | looks


def _look(what: Callable[[], Iterable[Any]], plain: CodeType) -> Look:
    look = Look(what)
    look.plain = plain
    return look
