"""Names: one call of an interpreted function, the scopes around it, and the paths through its code."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import NamedTuple

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Concrete, Value, join, join_all
from zerokara.interpret.memory import Place, Written

Names = dict[str, Value]


class State(NamedTuple):
    """What is known at one point of a path: of names, and of what the code wrote."""

    names: Names
    written: Written


class Outcome(NamedTuple):
    """With what, and in which state, a path has returned."""

    value: Value
    state: State


@dataclass
class Loop:
    """The states at the ends of paths that left a loop, or one turn of it."""

    left: list[State] = field(default_factory=list)
    continued: list[State] = field(default_factory=list)


@dataclass
class Frame:
    """One call of a function, or one run of a comprehension.

    Attributes:
        function: where global names, and cells of the closure, are found.
        code: says what kind each name is.
        outer: the scope around it, for what is defined inside the interpreted code.
        is_comprehension: so its own names are those it loops with, and all others are looked up around it.
        returned: the paths that have returned so far.
        loops: those it is in, the innermost last.
        has_ended: on several paths, so that nobody can tell what its names are.
    """

    function: Concrete
    names: Names
    code: CodeType
    outer: Frame | None = None
    is_comprehension: bool = False
    returned: list[Outcome] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    has_ended: bool = False

    def owns(self, name: str) -> bool:
        """Whether a name is one of this scope's own, and not of one around it, nor a global one."""
        return self.is_comprehension or name in self.code.co_varnames or name in self.code.co_cellvars

    @property
    def scope(self) -> Frame:
        """The frame of the function: comprehensions have none of their own for `:=`."""
        frame = self
        while frame.is_comprehension and frame.outer is not None:
            frame = frame.outer
        return frame


def join_states(states: list[State]) -> State:
    """What is known where several paths meet."""
    names, written = states[0]
    for other in states[1:]:
        names, written = join_all(names, other.names), join_all(written, other.written)
    return State(names, written)


def join_outcomes(outcomes: list[Outcome]) -> tuple[Value, Written]:
    """What is known of a call after any of its paths."""
    value, (_, written) = outcomes[0]
    for other, (_, other_written) in outcomes[1:]:
        value, written = join(value, other), join_all(written, other_written)
    return value, written


def place_of(name: str, frame: Frame) -> Place:
    """Where a global name, or one of a closure, is kept."""
    function = frame.function.value
    if name in frame.code.co_freevars:
        return id(guards.cell_itself(function, name)), name
    return id(function.__globals__), name
