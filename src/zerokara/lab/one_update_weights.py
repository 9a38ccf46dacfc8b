"""The stages of one update from the gradients to the new weights, and the loss with them (textbook, chapter 6.1)."""

from __future__ import annotations

import numpy as np

from zerokara.lab import one_update_formulas as formulas
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_panels import BREAK, Json, Panels, Stage, factor, printed_change, signed, whole
from zerokara.training.optimizers import SGD


def tell_nW(show: Panels, i: int) -> Stage:
    new, j = show.new, show.chosen[i]
    before, after = (net.params[f"W{i}"][:, j] for net in (show.network, new.network))
    with np.errstate(all="ignore"):
        change = after - before
    return Stage(
        f"nW{i}",
        "nW",
        {"name": new.optimizer.name, "batch": show.batch_size},
        formulas=[*formulas.update(new.optimizer, i), formulas.settings(new.optimizer, show.network.weight_decay)],
        lines=[_line(show, name, place) for name, place in _chosen_parameters(show, i)],
        items=[
            show.column(f"W{i}", f"W{i}", before, i, scale="weights"),
            {"sign": "+"},
            show.panel("", f"ΔW{i}[:, {j}]", change, i - 1, "change", f"ΔW{i}[{{i}}, {j}]"),
            {"sign": "="},
            show.column(f"nW{i}", f"W{i}", after, i, title=f"W{i}[:, {j}] ←", scale="weights"),
            BREAK,
            show.vector(f"d{i}", show.back.deltas[i - 1], i),
        ],
        table=_weights_table(show, i),
    )


def _weights_table(show: Panels, i: int) -> Json:
    """The chosen weight and its unit's bias: before, gradient, what the optimizer keeps, change, after."""
    slots, rows = show.new.optimizer.slots, []
    for name, place in _chosen_parameters(show, i):
        states = [of.state[slot] for slot in slots for of in (show.new.before, show.new.optimizer)]
        before, change, after = _printed(show, name, place)
        kept = [f"{float(state[name][place]):.4g}" for state in states]
        cells = [before, f"{float(show.back.gradient[name][place]):.4g}", *kept, change, after]
        rows.append({"title": formulas.term(name, _written(name, place)), "cells": cells})
    heads = [head for slot in slots for head in (slot, f"{slot} ←")]
    columns = [
        {"term": f"W{i}", "head": f"{{W{i}:W{i}}}, {{b{i}:b{i}}}"},
        {"term": f"dW{i}", "head": f"{{dW{i}}}, {{db{i}}}"},
        *({"term": "", "head": head} for head in heads),
        {"term": "", "head": "Δ"},
        {"term": f"nW{i}", "head": f"{{nW{i}:W{i}}}, {{nb{i}:b{i}}} ←"},
    ]
    return {"columns": columns, "rows": rows, "rest": ""}


def _line(show: Panels, name: str, place: tuple[int, ...]) -> str:
    """How one parameter gets its new value: by the formula where that is the textbook's first, else by its change."""
    before, change, after = _printed(show, name, place)
    optimizer, slope = show.new.optimizer, float(show.back.gradient[name][place])
    changed = signed(change)
    if isinstance(optimizer, SGD) and optimizer.is_standard:
        changed = f"− {optimizer.learning_rate:g} · {{d{name}:{factor(slope)}}}"
    return f"{{n{name}:{_written(name, place)}}} ← {{{name}:{before}}} {changed} = {{n{name}:{after}}}"


def _chosen_parameters(show: Panels, i: int) -> list[tuple[str, tuple[int, ...]]]:
    """The weight that is chosen, and the bias of its unit, by name and place."""
    p, j = show.chosen[i - 1 : i + 1]
    return [(f"W{i}", (p, j)), (f"b{i}", (j,))]


def _printed(show: Panels, name: str, place: tuple[int, ...]) -> tuple[str, str, str]:
    before, after = (float(net.params[name][place]) for net in (show.network, show.new.network))
    return printed_change(before, after, 9 if show.network.dtype == np.float32 else 16)


def _written(name: str, place: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, place))}]"


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
