"""The forward pass of a recognised network, over the learner's own arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.activations import relu, sigmoid, tanh
from zerokara.recognise.structure import Arrays, Layout

Floats = NDArray[np.float64]

ACTIVATIONS = {"sigmoid": sigmoid, "relu": relu, "tanh": tanh}


def inputs_of_activations(
    layout: Layout, activation: str, arrays: Arrays, rows: Floats, start: int = 0
) -> list[Floats]:
    """x W + b of every layer from number `start` on, (n, units) each; `rows` are the inputs of that layer."""
    inputs: list[Floats] = []
    for i in range(start, len(layout.weights)):
        if i > start:
            rows = ACTIVATIONS[activation](rows)
        rows = rows @ arrays[layout.weights[i]]
        if (bias := layout.biases[i]) is not None:
            rows += arrays[bias]
        inputs.append(rows)
    return inputs


def scores_of(layout: Layout, activation: str, arrays: Arrays, rows: Floats) -> Floats:
    """The network's scores, before softmax: (n, classes)."""
    return inputs_of_activations(layout, activation, arrays, rows)[-1]


def scores_from(layout: Layout, activation: str, arrays: Arrays, layer: int, inputs: Floats) -> Floats:
    """The scores where these are the inputs (n, units) of the activation of layer number `layer`."""
    if layer == len(layout.weights) - 1:
        return inputs
    return inputs_of_activations(layout, activation, arrays, ACTIVATIONS[activation](inputs), layer + 1)[-1]


def scores_after(
    layout: Layout, activation: str, arrays: Arrays, rows: Floats, before: list[Floats], number: int, shift: float
) -> Floats:
    """The scores when the last element of one parameter is moved by `shift`; only what follows it is computed again.

    Args:
        before: the inputs of all activations without the move.
        number: the parameter's. Its last element belongs to the last unit of its layer.
    """
    is_weight = number in layout.weights
    layer = (layout.weights if is_weight else layout.biases).index(number)
    inputs = ACTIVATIONS[activation](before[layer - 1]) if layer else rows
    moved = before[layer].copy()
    moved[:, -1] += shift * inputs[:, -1] if is_weight else shift
    return scores_from(layout, activation, arrays, layer, moved)
