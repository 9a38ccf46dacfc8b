"""The stages of one update from the picture to the loss (textbook, chapters 3 and 4)."""

from __future__ import annotations

import numpy as np

from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.contributions import printed, printed_sum
from zerokara.lab.one_update_panels import BREAK, Panels, Stage, whole


def tell_x(show: Panels, _: int) -> Stage:
    x, p = show.update.input(1), show.chosen[0]
    return Stage(
        "x",
        "x",
        {"n": f"{len(x):,}"},
        lines=[f"{{x:x[{p}]}} = {{x:{x[p]:.4g}}}"],
        items=[show.vector("x", x, 0, large=True)],
    )


def tell_a(show: Panels, i: int) -> Stage:
    update, j, got = show.update, show.chosen[i], formulas.input_of(i)
    weights, bias = show.network.params[f"W{i}"][:, j], float(show.network.params[f"b{i}"][j])
    told = weights * update.input(i)
    texts = printed_sum(float(told.sum(dtype=np.float64)), bias, float(update.sum(i)[j]))
    return Stage(
        f"a{i}",
        "a",
        formulas=[formulas.affine(i)],
        shapes=formulas.affine_shapes(show.network, i),
        lines=[
            f"{{a{i}:a{i}[{j}]}} = Σ {{{got}}} {{W{i}:W{i}[:, {j}]}} + {{b{i}:b{i}[{j}]}}"
            f" = {{a{i}:{texts[0]}}} + {{b{i}:{texts[1]}}} = {{a{i}:{texts[2]}}}"
        ],
        items=[
            show.vector(got, update.input(i), i - 1),
            {"sign": "×"},
            show.column(f"W{i}", f"W{i}", weights, i),
            {"sign": "="},
            show.panel(f"a{i}", f"{got} W{i}[:, {j}]", told, i - 1, "told", f"{got}[{{i}}] W{i}[{{i}}, {j}]"),
            BREAK,
            show.vector(f"a{i}", update.sum(i), i),
        ],
    )


def tell_z(show: Panels, i: int) -> Stage:
    a, z, j, f = show.update.sum(i), show.update.input(i + 1), show.chosen[i], show.network.activation
    return Stage(
        f"z{i}",
        "z",
        {"name": f},
        formulas=[formulas.activation(show.network, i)],
        lines=[f"{{z{i}:z{i}[{j}]}} = {f}({{a{i}:a{i}[{j}]}}) = {f}({{a{i}:{a[j]:.4g}}}) = {{z{i}:{z[j]:.4g}}}"],
        items=[show.vector(f"a{i}", a, i), {"sign": f"{f} →"}, show.vector(f"z{i}", z, i)],
    )


def tell_y(show: Panels, _: int) -> Stage:
    i, k, y = show.last, show.chosen[-1], show.update.y
    a = np.asarray(show.update.sum(i), np.float64)
    with np.errstate(all="ignore"):
        e = np.exp(a - a.max())
    lines = [
        f"{{y:y[{k}]}} = exp({{a{i}:a{i}[{k}]}} − C) / Σ exp({{a{i}}} − C)"
        f" = {e[k]:.4g} / {e.sum():.4g} = {{y:{y[k]:.4g}}},  C = max {{a{i}}} = {a.max():.4g}"
    ]
    a_column = show.class_column(f"a{i}", printed, show.update.sum(i))
    table = show.class_table(a_column, show.class_column("y", show.digits, y, bars=True))
    return Stage("y", "y", formulas=[formulas.softmax(i)], lines=lines, table=table)


def tell_L(show: Panels, _: int) -> Stage:
    update, back = show.update, show.back
    columns = [show.class_column("y", show.digits, update.y, bars=True), show.class_column("t", whole, back.t)]
    terms, loss = update.terms(), f"{{L:{back.loss:.6g}}}"
    line = f"{{L}} = {loss}"
    if terms is not None:
        head = LOSS_TERMS[show.network.loss_name]
        columns.append(show.class_column("L", printed, terms, head))
        summed = f"Σ {head}"
        if show.network.loss_name == "cross-entropy":  # all terms but one are 0
            summed = f"−log {{y:{update.y[int(back.t.argmax())]:.6g}}}"
        penalty = f" + ½ λ Σ W^2 = {float(terms.sum()):.6g} + {back.penalty:.6g}" if back.penalty else ""
        line = f"{{L}} = {summed}{penalty} = {loss}"
    table = show.class_table(*columns)
    return Stage("L", "L", formulas=[formulas.loss(show.network)], lines=[line], table=table)


LOSS_TERMS = {
    "cross-entropy": "−{t} log {y}",
    "textbook": "−{t} log({y} + 1e-7)",
    "squared": "½ ({y} − {t})^2",
}
"""What a loss sums over the classes."""
