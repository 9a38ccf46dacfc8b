"""What was found out about each function that was looked into, for whoever wants to know all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import CodeType

from zerokara.interpret.refusal import Refused


class Mistake(Enum):
    """What is wrong with a loop that is understood."""

    WRONG_DIVISOR = "wrong-divisor"  # the quotients are a multiple of the gradient
    LOST_STEP = "lost-step"  # x + h is x
    NOT_RESTORED = "not-restored"
    INTEGERS = "integers"


class Mistaken(Refused):
    """A loop that is understood, and does not compute what its author meant. It is left to itself."""

    def __init__(self, kind: Mistake, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass
class Record:
    """One function: a loss, or a loop of the learner's own.

    Attributes:
        function: its qualified name; file, line: where it is defined.
        recognised: whether its loop is spared.
        network: of a loss, or of the one that a loop differentiates, such as "784-50-10 (sigmoid, softmax)"; None where
            there is none.
        reason: why it is left to the loop, as a whole sentence; None where it is not.
        mistake, remark: what is wrong with an own loop, and a whole sentence about it.
    """

    function: str
    file: str
    line: int
    recognised: bool
    network: str | None = None
    reason: str | None = None
    mistake: Mistake | None = None
    remark: str | None = None

    @classmethod
    def of(cls, code: CodeType) -> Record:
        """Of a function that nothing is known of yet."""
        return cls(code.co_qualname, code.co_filename, code.co_firstlineno, recognised=False)


class Records:
    """One record for each function, in the order in which they were looked into."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, str, int], Record] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(self._by_place.values())

    def of(self, code: CodeType) -> Record:
        """The record of a function, to be filled in."""
        place = (code.co_filename, code.co_qualname, code.co_firstlineno)
        return self._by_place.setdefault(place, Record.of(code))
