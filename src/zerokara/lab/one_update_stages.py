"""The stages of one update, from the picture to the loss after it, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from zerokara.lab.one_update_backward import tell_d, tell_dW, tell_dz
from zerokara.lab.one_update_forward import tell_a, tell_L, tell_x, tell_y, tell_z
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_panels import MOST_PIXELS, MOST_UNITS, Array, Panels, Stage
from zerokara.lab.one_update_weights import tell_nL, tell_nW

TELL: Mapping[str, Callable[[Panels, int], Stage]] = {
    "x": tell_x,
    "a": tell_a,
    "z": tell_z,
    "y": tell_y,
    "L": tell_L,
    "d": tell_d,
    "dW": tell_dW,
    "dz": tell_dz,
    "nW": tell_nW,
    "nL": tell_nL,
}
"""How each kind of stage is told; by the number of its layer, where it has one."""


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


def stage(panels: Panels, name: str) -> Stage:
    """The stage of that name, which must be one of `stage_names`."""
    match = re.fullmatch(r"([a-zA-Z]+)(\d*)", name)
    assert match is not None, name
    return TELL[match[1]](panels, int(match[2] or 0))


def first_chosen(update: OneUpdate, asked: Sequence[int | None]) -> list[int]:
    """What is chosen of each vector: as asked for; else what is largest there, and of the classes the label.

    What is not shown is not chosen by itself.
    """
    return [_first(update, axis) if wish is None else wish for axis, wish in enumerate(asked)]


def _first(update: OneUpdate, axis: int) -> int:
    shown = _telling(update, axis)[: MOST_UNITS if axis else MOST_PIXELS]
    return int(np.nan_to_num(np.abs(shown)).argmax())


def _telling(update: OneUpdate, axis: int) -> Array:
    """x; of hidden layers δ, or without it what they hand on; of the classes t, or without it y."""
    if axis == 0:
        return update.input(1)
    if axis == update.layers:
        return update.y if update.back is None else update.back.t
    return update.input(axis + 1) if update.back is None else update.back.deltas[axis - 1]
