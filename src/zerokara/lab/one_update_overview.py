"""The overview of one update: places in the network, from the picture to the loss, and what is there."""

from __future__ import annotations

from collections.abc import Sequence

from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.one_update_panels import Array, Json, Panels

FORWARD, BACKWARD, UPDATE = 1, 2, 3
"""The rows."""


def cells(show: Panels, names: Sequence[str]) -> list[Json]:
    """The overview: places in the network, from left to right, forward above backward; its arrays too."""
    update, back = show.update, show.update.back
    cells = [_cell(show, ["x"], "x", FORWARD, 0, update.input(1), 0)]
    for i in range(1, show.last + 1):
        cells += _layer_cells(show, i)
    if back is not None:
        cells.append({"terms": ["L"], "stage": "L", "row": FORWARD, "column": 3 * show.last + 1, "label": "{L}"})
        cells[-1]["text"] = f"{back.loss:.3g}"
        cells.append(_cell(show, ["t"], "L", BACKWARD, 3 * show.last, back.t, show.last))
    if update.new is not None:
        cells.append({**cells[-2], "terms": ["nL"], "stage": "nL", "row": UPDATE, "label": "{nL:L ←}"})
        cells[-1]["text"] = f"{update.new.loss:.3g}"
    return [cell for cell in cells if cell["stage"] in names]


def _layer_cells(show: Panels, i: int) -> list[Json]:
    update, back, new, j = show.update, show.update.back, show.update.new, show.chosen[i]
    column, hidden, weights = 3 * i - 2, i < show.last, [f"W{i}", f"b{i}"]
    out = f"z{i}" if hidden else "y"
    cells = [
        _cell(show, weights, f"a{i}", FORWARD, column, show.network.params[f"W{i}"][:, j], i - 1),
        _cell(show, [f"a{i}", f"f{i}"], f"a{i}", FORWARD, column + 1, update.sum(i), i),
        _cell(show, [out], out, FORWARD, column + 2, update.input(i + 1) if hidden else update.y, i),
    ]
    if back is not None:
        slopes = back.gradient[f"W{i}"][:, j]
        cells.append(_cell(show, [f"dW{i}", f"db{i}"], f"dW{i}", BACKWARD, column, slopes, i - 1))
        cells.append(_cell(show, [f"d{i}"], f"d{i}", BACKWARD, column + 1, back.deltas[i - 1], i))
        if hidden:
            cells.append(_cell(show, [f"dz{i}"], f"dz{i}", BACKWARD, column + 2, back.inner[i - 1], i))
    if new is not None:
        after = new.network.params[f"W{i}"][:, j]
        cells.append(_cell(show, [f"nW{i}", f"nb{i}"], f"nW{i}", UPDATE, column, after, i - 1, f"W{i} ←"))
    return cells


def _cell(
    show: Panels, terms: list[str], stage: str, row: int, column: int, array: Array, axis: int, text: str = ""
) -> Json:
    label = formulas.term(terms[0], text)
    show.keep(terms[0], array, axis)
    return {"terms": terms, "stage": stage, "row": row, "column": column, "label": label, "array": terms[0]}
