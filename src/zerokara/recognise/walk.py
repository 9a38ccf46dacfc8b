"""How a loop walks through the elements of an array: the two points beside each, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray

from zerokara.nn.finite_difference import FiniteDifference

Elements = NDArray[Any]


class Walk(NamedTuple):
    """A loop over all elements of x, the last one last, that takes a difference quotient of each.

    Attributes:
        difference: the two points.
        last: where an element stands in the last call of f, from where it stood: as the loop rounds it.
        after: what an element is in the end, from what it was; None where the loop puts back what was there.
        copies: whether f is handed copies of x that are moved, and x itself is not.
        calls: how often f is called for each element, and how often besides.
        parts: whether f is handed a part, or another form, of x, which it must not look at.
        apart: arrays that the loop writes into, which f must not look at.
        reads: names of attributes and the like that the loop reads, and that f must not write to.
    """

    difference: FiniteDifference
    last: Callable[[Elements], Elements]
    after: Callable[[Elements], Elements] | None = None
    copies: bool = False
    calls: tuple[int, int] = (2, 0)
    parts: bool = False
    apart: tuple[Elements, ...] = ()
    reads: frozenset[str] = frozenset()

    def calls_for(self, size: int) -> int:
        """How often the loop calls f for an x of so many elements."""
        each, besides = self.calls
        return each * size + besides


def textbook_walk(h: float) -> Walk:
    """The textbook's: x + h, then x - h, then x as it was (chapter 4.4)."""
    return Walk(FiniteDifference.central(h), lambda x: x - h)
