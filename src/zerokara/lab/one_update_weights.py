"""The stages of one update from the gradients to the new weights, and the loss with them (textbook, chapter 6.1)."""

from __future__ import annotations

import numpy as np

from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_panels import BREAK, Json, Panels, Stage, printed_change, signed, whole


def tell_nW(show: Panels, i: int) -> Stage:
    new, j = show.new, show.chosen[i]
    before, after = (net.params[f"W{i}"][:, j] for net in (show.network, new.network))
    with np.errstate(all="ignore"):
        change = after - before
    return Stage(
        f"nW{i}",
        "nW",
        {"name": new.optimizer.name},
        formulas=[*formulas.update(new.optimizer, i), formulas.settings(new.optimizer, show.network.weight_decay)],
        items=[
            show.column(f"W{i}", f"W{i}", before, i, scale="weights"),
            {"sign": "+"},
            show.panel("", f"ΔW{i}[:, {j}]", change, i - 1, "change", f"ΔW{i}[{{i}}, {j}]"),
            {"sign": "="},
            show.column(f"nW{i}", f"W{i}", after, i, title=f"W{i}[:, {j}] ←", scale="weights"),
            BREAK,
            show.vector(f"d{i}", show.back.deltas[i - 1], i, pick=True),
        ],
        table=_weights_table(show, i),
    )


def _weights_table(show: Panels, i: int) -> Json:
    """The chosen weight and its unit's bias: before, gradient, what the optimizer keeps, change, after."""
    new, (p, j) = show.new, show.chosen[i - 1 : i + 1]
    rows = []
    for name, place in ((f"W{i}", (p, j)), (f"b{i}", (j,))):
        before, after = (float(net.params[name][place]) for net in (show.network, new.network))
        kept = [
            f"{float(of.state[slot][name][place]):.4g}"
            for slot in new.optimizer.slots
            for of in (new.before, new.optimizer)
        ]
        texts = printed_change(before, after, 9 if show.network.dtype == np.float32 else 16)
        title = formulas.term(name, f"{name}[{', '.join(map(str, place))}]")
        cells = [texts[0], f"{float(show.back.gradient[name][place]):.4g}", *kept, texts[1], texts[2]]
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


def tell_nL(show: Panels, _: int) -> Stage:
    back, new, update = show.back, show.new, show.update
    after = OneUpdate.of(new.network, update.input(1), None, None).y
    before, change, later = printed_change(back.loss, new.loss, 12)
    table = show.class_table(
        show.class_column("t", whole, back.t),
        show.class_column("y", show.digits, update.y, bars=True),
        show.class_column("nL", show.digits, after, "{nL:y} ←", bars=True),
    )
    return Stage(
        "nL",
        "nL",
        lines=[f"{{L:L}} = {{L:{before}}}", f"{{nL:L}} ← {{nL:{later}}} = {{L:{before}}} {signed(change)}"],
        table=table,
    )
