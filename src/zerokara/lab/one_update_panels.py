"""What a stage of one update is made of: formulas, lines, panels that show an array, and a table.

On every vector one element is chosen: `chosen` has that of x, then those of layer 1, 2, …, of which the last is a
class. A weight is where two of them meet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.bars import shown_classes
from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.exponents import short_exponents
from zerokara.lab.one_update_numbers import Backward, OneUpdate, Updated
from zerokara.lab.subject import Subject
from zerokara.words import sentence

Array = NDArray[Any]
Json = dict[str, Any]

MOST_UNITS = 1024
"""Of a vector that are shown."""
MOST_PIXELS = 65_536
"""Of a picture."""
LONGEST_NAME = 40
"""Of a class, in letters."""
BREAK = {"break": True}
"""Where the panels of a stage begin another row."""


@dataclass
class Stage:
    """One stage, as it is told.

    Attributes:
        name: of `one_update_stages.stage_names`.
        says, facts: which sentence of the page says what happens there, and what is put into it.
        formulas, shapes, lines: as `zerokara.lab.one_update_formulas` writes them; shapes are those of a product, and
            lines have the numbers of what is chosen.
        items: panels, {sign} and {number} between them, and `BREAK`.
        table: {columns [{term, head, bars}], rows [{index, name or title, cells}], rest}.
    """

    name: str
    says: str
    facts: Json = field(default_factory=dict)
    formulas: list[str] = field(default_factory=list)
    shapes: str = ""
    lines: list[str] = field(default_factory=list)
    items: list[Json] = field(default_factory=list)
    table: Json | None = None

    def to_json(self) -> Json:
        """As a message has it."""
        written = {name: [short_exponents(text) for text in getattr(self, name)] for name in ("formulas", "lines")}
        return {**vars(self), **written}


class Panels:
    """Makes the parts of stages of one update.

    Args:
        chosen: an element of each vector.

    Attributes:
        last: the number of the last affine layer; batch_size: of the training.
        arrays: those that were shown, by name.
    """

    def __init__(self, subject: Subject, update: OneUpdate, chosen: Sequence[int]) -> None:
        self.update, self.network, self.chosen = update, update.network, list(chosen)
        self.last, self._names = update.layers, subject.described.class_names
        self.batch_size = subject.recipe.batch_size
        shape = subject.described.image_shape
        self._image_shape = shape if len(shape) == 2 and math.prod(shape) <= MOST_PIXELS else None
        self.arrays: dict[str, Array] = {}

    @property
    def back(self) -> Backward:
        """Of stages that follow from a label."""
        assert self.update.back is not None, "stages after y are those of a label"
        return self.update.back

    @property
    def new(self) -> Updated:
        """Of stages that follow from an optimizer."""
        assert self.update.new is not None, "stages after the gradients are those of an optimizer"
        return self.update.new

    def keep(self, name: str, array: Array, axis: int) -> None:
        """Show a vector that has an element for each of x (axis 0), or for each unit of layer `axis`."""
        shape = self._image_shape if axis == 0 else None
        self.arrays[name] = array.reshape(shape) if shape else array[:MOST_UNITS]

    def panel(
        self, term: str, title: str, array: Array, axis: int, name: str = "", place: str = "", **more: Any
    ) -> Json:
        """What shows a vector.

        Args:
            term: which it is linked with, "" for none; title: how it is written, "" for the term itself.
            axis: what its elements are; see `keep`.
            name: of the array, where that is not the term.
            place: what an element is called, with {i} for its number.
        """
        name = name or term
        self.keep(name, array, axis)
        about = {"term": term, "title": formulas.term(term, title) if term else title, "array": name, "axis": axis}
        return {**about, "place": place, "rest": _rest(self.arrays[name].size, array.size), "ink": term == "x", **more}

    def vector(self, term: str, array: Array, axis: int, title: str = "", **more: Any) -> Json:
        """A panel of x, or of what is computed of each unit."""
        return self.panel(term, title, array, axis, place=f"{title or written(term)}[{{i}}]", **more)

    def column(self, term: str, of: str, array: Array, i: int, title: str = "", **more: Any) -> Json:
        """A panel of what belongs to the weights that lead to the chosen unit of layer i, of a matrix called `of`."""
        j = self.chosen[i]
        return self.panel(term, title or f"{of}[:, {j}]", array, i - 1, place=f"{of}[{{i}}, {j}]", **more)

    def classes(self) -> list[int]:
        """Those that tables show: the likeliest where they are many, and always the label and what is chosen."""
        rows = shown_classes(np.nan_to_num(np.asarray(self.update.y, np.float64)))
        label = {int(self.update.back.t.argmax())} if self.update.back else set()
        return rows + sorted(({self.chosen[-1]} | label) - set(rows))

    def digits(self, values: Sequence[float]) -> list[str]:
        """Numbers of about 1, to as many digits as a loss of this precision is sure of."""
        decimals = 6 if self.network.dtype == np.float32 else 9
        return [f"{value:z.{decimals}f}" for value in values]

    def class_column(
        self,
        term: str,
        write: Callable[[Sequence[float]], list[str]],
        values: Array,
        head: str = "",
        *,
        bars: bool = False,
    ) -> Json:
        """A column of a table of classes; values (classes,). `bars`: behind the numbers, which are shares."""
        shown = values[self.classes()]
        shares = [round(float(share), 4) for share in np.nan_to_num(shown)] if bars else None
        cells = write([float(value) for value in shown])
        return {"term": term, "head": head or formulas.term(term), "cells": cells, "bars": shares}

    def class_table(self, *columns: Json) -> Json:
        """A table with a row for each class."""
        classes = self.classes()
        rows = [
            {"index": k, "name": self._names[k][:LONGEST_NAME], "cells": [column["cells"][at] for column in columns]}
            for at, k in enumerate(classes)
        ]
        heads = [{name: column[name] for name in ("term", "head", "bars")} for column in columns]
        return {"columns": heads, "rows": rows, "rest": _rest(len(classes), len(self.update.y))}


def _rest(shown: int, total: int) -> str:
    return sentence("{shown:,} of {total:,} are shown.", shown=shown, total=total) if shown < total else ""


def written(term: str) -> str:
    """A term as it is written.

    >>> [written(term) for term in ("a1", "d2", "dz1", "dW1", "f1")]
    ['a1', 'δ2', '∂L/∂z1', '∂L/∂W1', 'f′(a1)']
    """
    if match := re.fullmatch(r"([df])(\d+)", term):
        return f"δ{match[2]}" if match[1] == "d" else f"f′(a{match[2]})"
    return re.sub(r"^d([zWb])", r"∂L/∂\1", term)


def whole(values: Sequence[float]) -> list[str]:
    """Numbers that are whole."""
    return [f"{value:.0f}" for value in values]


def factor(value: float) -> str:
    """A number to multiply by.

    >>> factor(-0.5), factor(2.0)
    ('(-0.5)', '2')
    """
    text = f"{value:.4g}"
    return f"({text})" if text.startswith("-") else text


def signed(text: str) -> str:
    """A number to add, with its sign.

    >>> signed("-0.5"), signed("0.5")
    ('− 0.5', '+ 0.5')
    """
    return f"− {text[1:]}" if text.startswith("-") else f"+ {text}"


def printed_change(before: float, after: float, most: int) -> tuple[str, str, str]:
    """A number before, the change, and the number after it: they add up as they are printed.

    All have as many decimals, for three digits of the change, but at most `most` digits of the larger number.

    >>> printed_change(0.05, 0.0500123, 9)
    ('0.0500000', '0.0000123', '0.0500123')
    """
    change, largest = after - before, max(abs(before), abs(after))
    if not (math.isfinite(change) and 0 < largest < 1e9):
        return f"{before:.6g}", f"{change:.3g}", f"{after:.6g}"
    digits = 2 - math.floor(math.log10(abs(change))) if change else 4
    decimals = max(0, min(digits, most - 1 - math.floor(math.log10(largest))))
    first, last = (f"{value:z.{decimals}f}" for value in (before, after))
    return first, f"{float(last) - float(first):z.{decimals}f}", last
