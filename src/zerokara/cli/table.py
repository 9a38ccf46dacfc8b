"""Tables on a terminal, whose columns line up also under heads in another language and beside Japanese names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from zerokara.cells import right, width
from zerokara.words import sentence


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        head: a translatable text.
        cells: how many it has at least; its head may need more.
        side: where its values stand.
    """

    head: str
    cells: int = 0
    side: Callable[[str, int], str] = right


class Table:
    """Lines whose columns line up. `gap` is how many cells lie between two columns."""

    def __init__(self, columns: Sequence[Column], gap: int = 1) -> None:
        self.columns, self.gap = columns, gap

    def head(self) -> str:
        """The first line."""
        return self.line([sentence(column.head) for column in self.columns])

    def line(self, values: Sequence[str]) -> str:
        """A line with a value in each column."""
        placed = (
            column.side(value, max(column.cells, width(sentence(column.head))))
            for column, value in zip(self.columns, values, strict=True)
        )
        return (" " * self.gap).join(placed).rstrip()
