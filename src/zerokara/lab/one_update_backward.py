"""The stages of one update from the loss back to the gradients (textbook, chapter 5)."""

from __future__ import annotations

import numpy as np

from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.one_update_panels import BREAK, Panels, Stage, factor, whole


def tell_d(show: Panels, i: int) -> Stage:
    return _delta_of_scores(show) if i == show.last else _delta(show, i)


def _delta_of_scores(show: Panels) -> Stage:
    update, back, i, k = show.update, show.back, show.last, show.chosen[-1]
    y, t, delta, name = update.y, back.t, back.deltas[-1], f"d{show.last}"
    is_difference = show.network.has_standard_loss and show.network.loss_name == "cross-entropy"
    rows = show.classes()
    numerical = np.full(len(y), np.nan)
    numerical[rows] = update.numerical_slopes(rows)
    columns = [
        show.class_column("y", show.digits, y),
        show.class_column("t", whole, t),
        show.class_column(name if is_difference else "", show.digits, y - t, "{y} − {t}"),
    ]
    if not is_difference:
        columns.append(show.class_column(name, show.digits, delta))
    columns.append(show.class_column(name, show.digits, numerical, f"(L({{a{i}}} + h) − L({{a{i}}} − h)) / 2h"))
    line = f"{{{name}:δ{i}[{k}]}} = "
    if is_difference:
        line += f"{{y:y[{k}]}} − {{t:t[{k}]}} = {{y:{y[k]:.4g}}} − {{t:{t[k]:.0f}}} = "
    return Stage(
        name,
        "d_difference" if is_difference else "d_other",
        {"h": "1e-4"},
        formulas=[formulas.loss_slope(show.network)],
        lines=[line + f"{{{name}:{delta[k]:.4g}}}"],
        table=show.class_table(*columns),
    )


def _delta(show: Panels, i: int) -> Stage:
    back, j, f, slopes = show.back, show.chosen[i], show.network.activation, show.back.slopes
    dz, d = back.inner[i - 1], back.deltas[i - 1]
    items = [show.vector(f"dz{i}", dz, i), {"sign": "·"}]
    line = f"{{d{i}:δ{i}[{j}]}} = "
    if slopes:
        items += [show.vector(f"f{i}", slopes[i - 1], i, f"{f}′(a{i})"), {"sign": "="}]
        line += f"{{dz{i}:{dz[j]:.4g}}} · {{f{i}:{factor(float(slopes[i - 1][j]))}}} = "
    else:
        items[-1] = {"sign": "→"}
    return Stage(
        f"d{i}",
        "d",
        {"name": f},
        formulas=list(filter(None, [formulas.delta(show.network, i), formulas.activation_slope(show.network, i)])),
        lines=[line + f"{{d{i}:{d[j]:.4g}}}"],
        items=[*items, show.vector(f"d{i}", d, i)],
    )


def tell_dz(show: Panels, i: int) -> Stage:
    back, j, weights = show.back, show.chosen[i], show.network.params[f"W{i + 1}"][show.chosen[i]]
    delta, after = back.deltas[i], formulas.term(f"W{i + 1}", f"W{i + 1}[{j}, :]")
    return Stage(
        f"dz{i}",
        "dz",
        formulas=[formulas.inner(i)],
        shapes=formulas.inner_shapes(show.network, i),
        lines=[f"{{dz{i}:∂L/∂z{i}[{j}]}} = Σ {{d{i + 1}}} {after} = {{dz{i}:{back.inner[i - 1][j]:.4g}}}"],
        items=[
            show.vector(f"d{i + 1}", delta, i + 1),
            {"sign": "×"},
            show.panel(f"W{i + 1}", f"W{i + 1}[{j}, :]", weights, i + 1, "row", f"W{i + 1}[{j}, {{i}}]"),
            {"sign": "="},
            show.panel(
                f"dz{i}",
                f"δ{i + 1} W{i + 1}[{j}, :]",
                delta * weights,
                i + 1,
                "told",
                f"δ{i + 1}[{{i}}] W{i + 1}[{j}, {{i}}]",
            ),
            BREAK,
            show.vector(f"dz{i}", back.inner[i - 1], i),
        ],
    )


def tell_dW(show: Panels, i: int) -> Stage:
    back, (p, j), got = show.back, show.chosen[i - 1 : i + 1], formulas.input_of(i)
    slopes, delta, x = back.gradient[f"W{i}"][:, j], back.deltas[i - 1][j], show.update.input(i)
    line = f"{{dW{i}:∂L/∂W{i}[{p}, {j}]}} = {{{got}:{got}[{p}]}} · {{d{i}:δ{i}[{j}]}}"
    numbers = f"{{{got}:{x[p]:.4g}}} · {{d{i}:{factor(float(delta))}}}"
    items = [show.vector(got, x, i - 1), {"sign": "×"}, {"number": f"{{d{i}:δ{i}[{j}]}} = {{d{i}:{delta:.4g}}}"}]
    if decay := show.network.weight_decay:
        weights = show.network.params[f"W{i}"][:, j]
        line, numbers = (
            f"{line} + λ {{W{i}:W{i}[{p}, {j}]}}",
            f"{numbers} + {decay:g} · {{W{i}:{factor(float(weights[p]))}}}",
        )
        items += [{"sign": f"+ {decay:g} ×"}, show.column(f"W{i}", f"W{i}", weights, i)]
    return Stage(
        f"dW{i}",
        "dW_decay" if decay else "dW",
        formulas=[formulas.gradient(show.network, i)],
        shapes=formulas.gradient_shapes(show.network, i),
        lines=[
            f"{line} = {numbers} = {{dW{i}:{slopes[p]:.4g}}}",
            f"{{db{i}:∂L/∂b{i}[{j}]}} = {{d{i}:δ{i}[{j}]}} = {{db{i}:{delta:.4g}}}",
        ],
        items=[
            *items,
            {"sign": "="},
            show.column(f"dW{i}", f"∂L/∂W{i}", slopes, i),
            BREAK,
            show.vector(f"d{i}", back.deltas[i - 1], i),
        ],
    )
