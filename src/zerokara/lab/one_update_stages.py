"""The stages of one update, from the picture to the loss after it, as the page shows them one at a time.

A stage has formulas (see `zerokara.lab.one_update_formulas`), lines with the numbers of what is chosen, and `items`:
panels, which show an array, with signs between them; some have a table too. On every vector one element is chosen:
`chosen` has that of x, then those of layer 1, 2, …, the last of which is a class. A weight is where two of them meet.
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
from zerokara.lab.contributions import printed, printed_sum
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.subject import Subject
from zerokara.words import sentence

Array = NDArray[Any]
Json = dict[str, Any]

MOST_UNITS = 1024
"""Of a vector that are shown."""
MOST_PIXELS = 65_536
"""Of a picture."""
FORWARD, BACKWARD, UPDATE = 1, 2, 3
"""The rows of the overview."""


def stage_names(layers: int, *, back: bool = True, new: bool = True) -> list[str]:
    """In their order, those of a network of so many affine layers.

    >>> stage_names(2, new=False)
    ['x', 'a1', 'z1', 'a2', 'y', 'L', 'd2', 'dW2', 'dz1', 'd1', 'dW1']
    """
    names = ["x"]
    for i in range(1, layers + 1):
        names += [f"a{i}", f"z{i}" if i < layers else "y"]
    if back:
        names += ["L", f"d{layers}", f"dW{layers}"]
        for i in range(layers - 1, 0, -1):
            names += [f"dz{i}", f"d{i}", f"dW{i}"]
    if back and new:
        names += [*(f"nW{i}" for i in range(1, layers + 1)), "nL"]
    return names


def first_chosen(update: OneUpdate, asked: Sequence[int | None]) -> list[int]:
    """What is chosen on every vector: as asked for; else what is largest there, and of the classes the label.

    What is not shown is not chosen by itself.
    """
    back, chosen = update.back, []
    for at, wish in enumerate(asked):
        if wish is not None:
            chosen.append(wish)
        elif at == update.layers and back is not None:
            chosen.append(int(back.t.argmax()))
        else:
            sizes = _vector(update, at)[: MOST_PIXELS if at == 0 else MOST_UNITS]
            chosen.append(int(np.nan_to_num(np.abs(sizes)).argmax()))
    return chosen


def _vector(update: OneUpdate, at: int) -> Array:
    """x; of hidden layers δ, or without it what they hand on; the scores."""
    if at == 0:
        return update.input(1)
    if at == update.layers:
        return update.sum(at)
    return update.input(at + 1) if update.back is None else update.back.deltas[at - 1]


@dataclass
class Stage:
    """One stage, as it is told.

    Attributes:
        name: of `stage_names`; says: which sentence of the page says what happens there.
    """

    name: str
    says: str
    facts: Json = field(default_factory=dict)
    formulas: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    items: list[Json] = field(default_factory=list)
    table: Json | None = None

    def to_json(self) -> Json:
        """As a message has it."""
        return dict(vars(self))


class Stages:
    """Tells the stages of one update, and gathers the arrays that they show.

    Args:
        chosen: an element of each vector; see `first_chosen`.
    """

    def __init__(self, subject: Subject, update: OneUpdate, chosen: Sequence[int]) -> None:
        self.update, self.network, self.chosen = update, update.network, list(chosen)
        self.names, self.last = subject.described.class_names, update.layers
        shape = subject.described.image_shape
        self.image_shape = shape if len(shape) == 2 and math.prod(shape) <= MOST_PIXELS else None
        self.arrays: dict[str, Array] = {}

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        kind, number = re.fullmatch(r"([a-zA-Z]+)(\d*)", name).groups()  # type: ignore[union-attr]
        return TELL[kind](self, int(number or 0))

    def cells(self, names: Sequence[str]) -> list[Json]:
        """The overview: places in the network, from left to right, forward above backward; its arrays too."""
        update, back = self.update, self.update.back
        cells = [self._cell(["x"], "x", FORWARD, 0, update.input(1), 0)]
        for i in range(1, self.last + 1):
            cells += self._layer_cells(i)
        if back is not None:
            cells.append({"terms": ["L"], "stage": "L", "row": FORWARD, "column": 3 * self.last + 1, "label": "{L}"})
            cells[-1]["text"] = f"{back.loss:.4g}"
            cells.append(self._cell(["t"], "L", BACKWARD, 3 * self.last, back.t, self.last))
        if update.new is not None:
            cells.append({**cells[-2], "terms": ["nL"], "stage": "nL", "row": UPDATE, "label": "{nL:L}"})
            cells[-1]["text"] = f"{update.new.loss:.4g}"
        return [cell for cell in cells if cell["stage"] in names]

    def _layer_cells(self, i: int) -> list[Json]:
        update, back, new, j = self.update, self.update.back, self.update.new, self.chosen[i]
        column, hidden, weights = 3 * i - 2, i < self.last, [f"W{i}", f"b{i}"]
        cells = [
            self._cell(weights, f"a{i}", FORWARD, column, self.network.params[f"W{i}"][:, j], i - 1),
            self._cell([f"a{i}", f"f{i}"], f"a{i}", FORWARD, column + 1, update.sum(i), i),
            self._cell(
                *((["z%d" % i], f"z{i}") if hidden else (["y"], "y")),
                FORWARD,
                column + 2,
                update.input(i + 1) if hidden else update.y,
                i,
            ),
        ]
        if back is not None:
            slopes = back.gradient[f"W{i}"][:, j]
            cells.append(self._cell([f"dW{i}", f"db{i}"], f"dW{i}", BACKWARD, column, slopes, i - 1))
            cells.append(self._cell([f"d{i}"], f"d{i}", BACKWARD, column + 1, back.deltas[i - 1], i))
            if hidden:
                cells.append(self._cell([f"dz{i}"], f"dz{i}", BACKWARD, column + 2, back.inner[i - 1], i))
        if new is not None:
            after = new.network.params[f"W{i}"][:, j]
            cells.append(self._cell([f"nW{i}", f"nb{i}"], f"nW{i}", UPDATE, column, after, i - 1, f"W{i}"))
        return cells

    def _cell(
        self, terms: list[str], stage: str, row: int, column: int, array: Array, axis: int, text: str = ""
    ) -> Json:
        label = formulas.term(terms[0], text)
        self._keep(terms[0], array, axis)
        return {"terms": terms, "stage": stage, "row": row, "column": column, "label": label, "array": terms[0]}

    def _keep(self, name: str, array: Array, axis: int) -> None:
        """Show a vector that has an element for each of x (axis 0), or for each unit of a layer."""
        shape = self.image_shape if axis == 0 else None
        self.arrays[name] = array.reshape(shape) if shape else array[:MOST_UNITS]

    def panel(
        self, term: str, title: str, array: Array, axis: int, name: str = "", place: str = "", **more: Any
    ) -> Json:
        """What shows a vector; `place` is what an element of it is called, with {i} for its number."""
        name = name or term
        self._keep(name, array, axis)
        title = title if not term else formulas.term(term, title)
        rest = ""
        if self.arrays[name].size < array.size:
            rest = sentence("{shown:,} of {total:,} are shown.", shown=self.arrays[name].size, total=array.size)
        ink = term == "x"
        return {
            "term": term,
            "title": title,
            "array": name,
            "axis": axis,
            "place": place,
            "rest": rest,
            "ink": ink,
            **more,
        }

    def vector(self, term: str, array: Array, axis: int, title: str = "", **more: Any) -> Json:
        """A panel of a vector, which an element can be chosen of."""
        return self.panel(term, title, array, axis, place=f"{title or written(term)}[{{i}}]", **more)

    def column(self, term: str, of: str, array: Array, i: int, **more: Any) -> Json:
        """A panel of the weights that lead to the chosen unit of layer i; `of` is how the matrix is written."""
        j = self.chosen[i]
        return self.panel(term, f"{of}[:, {j}]", array, i - 1, place=f"{of}[{{i}}, {j}]", **more)

    def x(self, _: int) -> Stage:
        x, p = self.update.input(1), self.chosen[0]
        return Stage(
            "x",
            "x",
            {"n": f"{len(x):,}"},
            lines=[f"{{x:x[{p}]}} = {{x:{x[p]:.4g}}}"],
            items=[self.vector("x", x, 0, large=True)],
        )

    def a(self, i: int) -> Stage:
        update, j, got = self.update, self.chosen[i], formulas.input_of(i)
        weights, bias = self.network.params[f"W{i}"][:, j], float(self.network.params[f"b{i}"][j])
        told = weights * update.input(i)
        texts = printed_sum(float(told.sum(dtype=np.float64)), bias, float(update.sum(i)[j]))
        return Stage(
            f"a{i}",
            "a",
            formulas=[formulas.affine(i)],
            lines=[
                f"{{a{i}:a{i}[{j}]}} = Σ {{{got}}} {{W{i}:W{i}[:, {j}]}} + {{b{i}:b{i}[{j}]}}"
                f" = {{a{i}:{texts[0]}}} + {{b{i}:{texts[1]}}} = {{a{i}:{texts[2]}}}"
            ],
            items=[
                self.vector(got, update.input(i), i - 1),
                {"sign": "×"},
                self.column(f"W{i}", f"W{i}", weights, i),
                {"sign": "="},
                self.panel(f"a{i}", f"{got} W{i}[:, {j}]", told, i - 1, "told", f"{got}[{{i}}] W{i}[{{i}}, {j}]"),
                BREAK,
                self.vector(f"a{i}", update.sum(i), i, pick=True),
            ],
        )

    def z(self, i: int) -> Stage:
        a, z, j, f = self.update.sum(i), self.update.input(i + 1), self.chosen[i], self.network.activation
        return Stage(
            f"z{i}",
            "z",
            {"name": f},
            formulas=[formulas.activation(self.network, i)],
            lines=[f"{{z{i}:z{i}[{j}]}} = {f}({{a{i}:a{i}[{j}]}}) = {f}({{a{i}:{a[j]:.4g}}}) = {{z{i}:{z[j]:.4g}}}"],
            items=[self.vector(f"a{i}", a, i), {"sign": f"{f} →"}, self.vector(f"z{i}", z, i)],
        )

    def y(self, _: int) -> Stage:
        i, k, y = self.last, self.chosen[-1], self.update.y
        a = np.asarray(self.update.sum(i), np.float64)
        with np.errstate(all="ignore"):
            e = np.exp(a - a.max())
        lines = [
            f"{{y:y[{k}]}} = exp({{a{i}:a{i}[{k}]}} − C) / Σ exp({{a{i}}} − C)"
            f" = {e[k]:.4g} / {e.sum():.4g} = {{y:{y[k]:.4g}}},  C = max {{a{i}}} = {a.max():.4g}"
        ]
        columns = [self._column(f"a{i}", printed), self._column("y", self._digits, bars=y)]
        return Stage("y", "y", formulas=[formulas.softmax(i)], lines=lines, table=self._table(columns))

    def L(self, _: int) -> Stage:
        update, back = self.update, self._back
        terms, k = update.terms(), int(back.t.argmax())
        columns = [self._column("y", self._digits, bars=update.y), self._column("t", whole)]
        loss, penalty = f"{{L:{back.loss:.6g}}}", f"{back.penalty:.6g}"
        lines = [f"{{L}} = {loss}"]
        if terms is not None:
            head = {"cross-entropy": "−{t} log {y}", "textbook": "−{t} log({y} + 1e-7)", "squared": "½ ({y} − {t})^2"}
            columns.append(self._column("L", printed, terms, head[self.network.loss_name]))
            data = f"{float(terms.sum()):.6g}"
            shown = (
                f"−log {{y:{update.y[k]:.6g}}}"
                if self.network.loss_name == "cross-entropy"
                else f"Σ {head[self.network.loss_name]}"
            )
            lines = [f"{{L}} = {shown} = {loss}"]
            if back.penalty:
                lines = [f"{{L}} = {shown} + ½ λ Σ W^2 = {data} + {penalty} = {loss}"]
        return Stage("L", "L", formulas=[formulas.loss(self.network)], lines=lines, table=self._table(columns))

    def d(self, i: int) -> Stage:
        return self._delta_of_scores() if i == self.last else self._delta(i)

    def _delta_of_scores(self) -> Stage:
        update, back, i, k = self.update, self._back, self.last, self.chosen[-1]
        y, t, delta, name = update.y, back.t, back.deltas[-1], f"d{self.last}"
        is_difference = self.network.has_standard_loss and self.network.loss_name == "cross-entropy"
        rows = self._rows()
        numerical = np.full(len(y), np.nan)
        numerical[rows] = update.numerical_slopes(rows)
        difference = self._column(name if is_difference else "y", self._digits, y - t, "{y} − {t}")
        columns = [self._column("y", self._digits), self._column("t", whole), difference]
        if not is_difference:
            columns.append(self._column(name, self._digits, delta))
        columns.append(self._column(name, self._digits, numerical, f"(L({{a{i}}} + h) − L({{a{i}}} − h)) / 2h"))
        line = f"{{{name}:δ{i}[{k}]}} = "
        if is_difference:
            line += f"{{y:y[{k}]}} − {{t:t[{k}]}} = {{y:{y[k]:.4g}}} − {{t:{t[k]:.0f}}} = "
        return Stage(
            name,
            "d_difference" if is_difference else "d_other",
            {"h": "1e-4"},
            formulas=[formulas.loss_slope(self.network)],
            lines=[line + f"{{{name}:{delta[k]:.4g}}}"],
            table=self._table(columns),
        )

    def _delta(self, i: int) -> Stage:
        back, j, f, slopes = self._back, self.chosen[i], self.network.activation, self._back.slopes
        dz, d = back.inner[i - 1], back.deltas[i - 1]
        items = [self.vector(f"dz{i}", dz, i), {"sign": "·"}]
        line = f"{{d{i}:δ{i}[{j}]}} = "
        if slopes:
            items += [self.vector(f"f{i}", slopes[i - 1], i, f"{f}′(a{i})"), {"sign": "="}]
            line += f"{{dz{i}:{dz[j]:.4g}}} · {{f{i}:{slopes[i - 1][j]:.4g}}} = "
        else:
            items[-1] = {"sign": "→"}
        return Stage(
            f"d{i}",
            "d",
            {"name": f},
            formulas=list(filter(None, [formulas.delta(self.network, i), formulas.activation_slope(self.network, i)])),
            lines=[line + f"{{d{i}:{d[j]:.4g}}}"],
            items=[*items, self.vector(f"d{i}", d, i)],
        )

    def dz(self, i: int) -> Stage:
        back, j, weights = self._back, self.chosen[i], self.network.params[f"W{i + 1}"][self.chosen[i]]
        delta, after = back.deltas[i], formulas.term(f"W{i + 1}", f"W{i + 1}[{j}, :]")
        return Stage(
            f"dz{i}",
            "dz",
            formulas=[formulas.inner(i)],
            lines=[f"{{dz{i}:∂L/∂z{i}[{j}]}} = Σ {{d{i + 1}}} {after} = {{dz{i}:{back.inner[i - 1][j]:.4g}}}"],
            items=[
                self.vector(f"d{i + 1}", delta, i + 1),
                {"sign": "×"},
                self.panel(f"W{i + 1}", f"W{i + 1}[{j}, :]", weights, i + 1, "row", f"W{i + 1}[{j}, {{i}}]"),
                {"sign": "="},
                self.panel(
                    f"dz{i}",
                    f"δ{i + 1} W{i + 1}[{j}, :]",
                    delta * weights,
                    i + 1,
                    "told",
                    f"δ{i + 1}[{{i}}] W{i + 1}[{j}, {{i}}]",
                ),
                BREAK,
                self.vector(f"dz{i}", back.inner[i - 1], i, pick=True),
            ],
        )

    def dW(self, i: int) -> Stage:
        back, (p, j), got = self._back, self.chosen[i - 1 : i + 1], formulas.input_of(i)
        slopes, delta, x = back.gradient[f"W{i}"][:, j], back.deltas[i - 1][j], self.update.input(i)
        line = f"{{dW{i}:∂L/∂W{i}[{p}, {j}]}} = {{{got}:{got}[{p}]}} · {{d{i}:δ{i}[{j}]}}"
        numbers = f"{{{got}:{x[p]:.4g}}} · {{d{i}:{delta:.4g}}}"
        items = [self.vector(got, x, i - 1), {"sign": "×"}, {"number": f"{{d{i}:δ{i}[{j}]}} = {{d{i}:{delta:.4g}}}"}]
        if decay := self.network.weight_decay:
            weights = self.network.params[f"W{i}"][:, j]
            line, numbers = f"{line} + λ {{W{i}:W{i}[{p}, {j}]}}", f"{numbers} + {decay:g} · {{W{i}:{weights[p]:.4g}}}"
            items += [{"sign": f"+ {decay:g} ×"}, self.column(f"W{i}", f"W{i}", weights, i)]
        return Stage(
            f"dW{i}",
            "dW_decay" if decay else "dW",
            formulas=[formulas.gradient(self.network, i)],
            lines=[
                f"{line} = {numbers} = {{dW{i}:{slopes[p]:.4g}}}",
                f"{{db{i}:∂L/∂b{i}[{j}]}} = {{d{i}:δ{i}[{j}]}} = {{db{i}:{delta:.4g}}}",
            ],
            items=[
                *items,
                {"sign": "="},
                self.column(f"dW{i}", f"∂L/∂W{i}", slopes, i),
                BREAK,
                self.vector(f"d{i}", back.deltas[i - 1], i, pick=True),
            ],
        )

    def nW(self, i: int) -> Stage:
        new, j = self._new, self.chosen[i]
        before, after = (net.params[f"W{i}"][:, j] for net in (self.network, new.network))
        with np.errstate(all="ignore"):
            change = after - before
        return Stage(
            f"nW{i}",
            "nW",
            {"name": new.optimizer.name},
            formulas=[*formulas.update(new.optimizer, i), formulas.settings(new.optimizer, self.network.weight_decay)],
            items=[
                self.column(f"W{i}", f"W{i}", before, i, scale="weights"),
                {"sign": "+"},
                self.panel("", f"ΔW{i}[:, {j}]", change, i - 1, "change", f"ΔW{i}[{{i}}, {j}]"),
                {"sign": "="},
                self.column(f"nW{i}", f"W{i}", after, i, scale="weights"),
                BREAK,
                self.vector(f"d{i}", self._back.deltas[i - 1], i, pick=True),
            ],
            table=self._weights_table(i),
        )

    def _weights_table(self, i: int) -> Json:
        """The chosen weight and its unit's bias: before, gradient, what the optimizer keeps, change, after."""
        new, (p, j) = self._new, self.chosen[i - 1 : i + 1]
        rows = []
        for name, place in ((f"W{i}", (p, j)), (f"b{i}", (j,))):
            before, after = (float(net.params[name][place]) for net in (self.network, new.network))
            kept = [
                f"{float(of.state[slot][name][place]):.4g}"
                for slot in new.optimizer.slots
                for of in (new.before, new.optimizer)
            ]
            texts = printed_change(before, after, 9 if self.network.dtype == np.float32 else 16)
            title = formulas.term(name, f"{name}[{', '.join(map(str, place))}]")
            cells = [texts[0], f"{float(self._back.gradient[name][place]):.4g}", *kept, texts[1], texts[2]]
            rows.append({"title": title, "cells": cells})
        slots = [head for slot in new.optimizer.slots for head in (slot, f"{slot} ←")]
        columns = [
            {"term": f"W{i}", "head": f"{{W{i}:W{i}}}, {{b{i}:b{i}}}"},
            {"term": f"dW{i}", "head": f"{{dW{i}}}, {{db{i}}}"},
            *({"term": "", "head": slot} for slot in slots),
            {"term": "", "head": "Δ"},
            {"term": f"nW{i}", "head": f"{{nW{i}:W{i}}}, {{nb{i}:b{i}}} ←"},
        ]
        return {"columns": columns, "rows": rows, "rest": ""}

    def nL(self, _: int) -> Stage:
        back, new, update = self._back, self._new, self.update
        after = OneUpdate.of(new.network, update.input(1), None, None).y
        before, change, later = printed_change(back.loss, new.loss, 12)
        columns = [
            self._column("t", whole),
            self._column("y", self._digits, bars=update.y),
            self._column("nL", self._digits, after, "{nL:y} ←", bars=after),
        ]
        return Stage(
            "nL",
            "nL",
            lines=[f"{{L:L}} = {{L:{before}}}", f"{{nL:L}} ← {{nL:{later}}} = {{L:{before}}} {signed(change)}"],
            table=self._table(columns),
        )

    @property
    def _back(self) -> Any:
        assert self.update.back is not None, "stages after y are those of a label"
        return self.update.back

    @property
    def _new(self) -> Any:
        assert self.update.new is not None, "stages after the gradients are those of an optimizer"
        return self.update.new

    def _digits(self, values: Sequence[float]) -> list[str]:
        """Numbers of about 1, as many digits as a loss of this precision is sure of."""
        digits = 6 if self.network.dtype == np.float32 else 9
        return [f"{value:z.{digits}f}" for value in values]

    def _rows(self) -> list[int]:
        """The classes that tables show: the likeliest where they are many, and always the label and what is chosen."""
        probabilities = np.nan_to_num(np.asarray(self.update.y, np.float64))
        rows = shown_classes(probabilities)
        needed = {self.chosen[-1]} | ({int(self.update.back.t.argmax())} if self.update.back else set())
        return rows + sorted(needed - set(rows))

    def _column(
        self,
        term: str,
        write: Callable[[Sequence[float]], list[str]],
        values: Array | None = None,
        head: str = "",
        bars: Array | None = None,
    ) -> Json:
        if values is None:
            values = {"y": self.update.y, f"a{self.last}": self.update.sum(self.last)}.get(term)
        if values is None:
            values = self._back.t if term == "t" else self._back.deltas[-1]
        shares = None if bars is None else [round(float(share), 4) for share in np.nan_to_num(bars)[self._rows()]]
        cells = write([float(values[k]) for k in self._rows()])
        return {"term": term, "head": head or formulas.term(term), "cells": cells, "bars": shares}

    def _table(self, columns: list[Json]) -> Json:
        rows, total = self._rows(), len(self.update.y)
        told = [
            {"index": k, "name": self.names[k][:60], "cells": [column["cells"][at] for column in columns]}
            for at, k in enumerate(rows)
        ]
        heads = [{name: column[name] for name in ("term", "head", "bars")} for column in columns]
        rest = ""
        if len(rows) < total:
            rest = sentence("{shown:,} of {total:,} are shown.", shown=len(rows), total=total)
        return {"columns": heads, "rows": told, "rest": rest}


BREAK = {"break": True}
TELL: dict[str, Callable[[Stages, int], Stage]] = {
    name: getattr(Stages, name) for name in ("x", "a", "z", "y", "L", "d", "dz", "dW", "nW", "nL")
}
"""How each kind of stage is told."""


def written(term: str) -> str:
    """A term as it is written.

    >>> [written(term) for term in ("a1", "d2", "dz1", "dW1", "f1")]
    ['a1', 'δ2', '∂L/∂z1', '∂L/∂W1', 'f′(a1)']
    """
    if match := re.fullmatch(r"d(\d+)", term):
        return f"δ{match[1]}"
    if match := re.fullmatch(r"f(\d+)", term):
        return f"f′(a{match[1]})"
    return re.sub(r"^d([zWb])", r"∂L/∂\1", term)


def whole(values: Sequence[float]) -> list[str]:
    """Numbers that are whole."""
    return [f"{value:.0f}" for value in values]


def signed(text: str) -> str:
    """A number to add, with its sign.

    >>> signed("-0.5"), signed("0.5")
    ('− 0.5', '+ 0.5')
    """
    return f"− {text[1:]}" if text.startswith("-") else f"+ {text}"


def printed_change(before: float, after: float, most: int) -> tuple[str, str, str]:
    """A number before and after, and the change between them, to three digits of the change.

    All have as many decimals, at most `most` digits of the larger number, so that they add up as they are printed
    or differ by the last digit.

    >>> printed_change(0.05, 0.0500123, 9)
    ('0.0500000', '0.0000123', '0.0500123')
    """
    change = after - before
    largest = max(abs(before), abs(after))
    if not (math.isfinite(change) and 0 < largest < 1e9):
        return f"{before:.6g}", f"{change:.3g}", f"{after:.6g}"
    digits = 2 - math.floor(math.log10(abs(change))) if change else 4
    decimals = max(0, min(digits, most - 1 - math.floor(math.log10(largest))))
    first, last = (f"{value:z.{decimals}f}" for value in (before, after))
    return first, f"{float(last) - float(first):z.{decimals}f}", last
