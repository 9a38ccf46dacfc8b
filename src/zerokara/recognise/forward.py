"""The forward pass of a recognised network, over the learner's own arrays.

    a⁽ⁱ⁾ = z⁽ⁱ⁻¹⁾ W⁽ⁱ⁾ + b⁽ⁱ⁾,  z⁽ⁱ⁾ = activation(a⁽ⁱ⁾),  z⁽⁰⁾ = x,  the scores are the last a

A network of layers of m₀ → m₁ → … units has W⁽ⁱ⁾ (mᵢ₋₁, mᵢ), b⁽ⁱ⁾ (mᵢ,) or none, and for n samples a⁽ⁱ⁾ (n, mᵢ).
In code layers are counted from 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.formulas import Formula, activation_formula
from zerokara.recognise.layout import Arrays, Layout

Floats = NDArray[np.float64]


def activated(activation: Formula, inputs: Floats) -> Floats:
    """z = activation(a), shape of a."""
    return np.asarray(activation_formula(activation).value(inputs, *activation.parameters))


def inputs_of_activations(
    layout: Layout, activation: Formula, arrays: Arrays, rows: Floats, start: int = 0
) -> list[Floats]:
    """a = z W + b of every layer from number `start` on, (n, units) each; `rows` (n, features) are that layer's z."""
    inputs: list[Floats] = []
    for layer in range(start, len(layout.weights)):
        if layer > start:
            rows = activated(activation, rows)
        rows = rows @ layout.weight(arrays, layer)
        if (bias := layout.bias(arrays, layer)) is not None:
            rows += bias
        inputs.append(rows)
    return inputs


def scores_of(layout: Layout, activation: Formula, arrays: Arrays, rows: Floats) -> Floats:
    """The network's scores, before softmax, (n, classes), for rows (n, features)."""
    return inputs_of_activations(layout, activation, arrays, rows)[-1]


def scores_from(layout: Layout, activation: Formula, arrays: Arrays, layer: int, inputs: Floats) -> Floats:
    """The scores (n, classes) where a of layer number `layer` is `inputs` (n, units)."""
    if layer == len(layout.weights) - 1:
        return inputs
    return inputs_of_activations(layout, activation, arrays, activated(activation, inputs), layer + 1)[-1]


def scores_after(
    layout: Layout, activation: Formula, arrays: Arrays, rows: Floats, before: list[Floats], number: int, shift: float
) -> Floats:
    """The scores (n, classes) when the last element of one parameter is moved by `shift`.

    Args:
        rows: the network's inputs, (n, features).
        before: a of all layers without the move, (n, units) each.
        number: the parameter's, W or b. Its last element belongs to the last unit of its layer.
    """
    # Of the layer itself only one column changes: by shift · (the last column of z), or by shift.
    is_weight = number in layout.weights
    layer = (layout.weights if is_weight else layout.biases).index(number)
    inputs = activated(activation, before[layer - 1]) if layer else rows
    moved = before[layer].copy()
    moved[:, -1] += shift * inputs[:, -1] if is_weight else shift
    return scores_from(layout, activation, arrays, layer, moved)
