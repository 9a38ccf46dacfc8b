"""The right quantities of a known forward pass, computed by the textbook's formulas in float64 (chapter 5)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zerokara.own_gradients.elementwise import ERRORS, OUTPUTS, activated, slope
from zerokara.own_gradients.forward import Model, model_of
from zerokara.own_gradients.subject import Array, Arrays, Subject, Truth


def truth_of(subject: Subject, x: Array, t: Array) -> Truth | None:
    """The right quantities at the subject's present weights on a batch; None where its forward pass is not known.

    Of a loss that adds something to a probability before its logarithm, δ is that of the plain loss (the textbook's
    y − t): `right_deltas` has both.
    """
    model = model_of(subject)
    if model is None:
        return None
    with np.errstate(all="ignore"):
        return truth_at(model, subject.params, x, t)


def truth_at(
    model: Model,
    params: Mapping[str, Array],
    x: Array,
    t: Array,
    last_delta: Array | None = None,
    slopes_of: Model | None = None,
) -> Truth:
    """The right quantities of a model. With `last_delta`, those that follow from that ∂L/∂z of the last layer.

    With `slopes_of`, derivatives are of the activations of another model.
    """
    rows = model.rows(x)
    targets, depth = model.targets(t, len(rows)), len(model.layers)
    W = {number: layer.weights(params) for number, layer in enumerate(model.layers, start=1)}
    b = {number: layer.biases(params) for number, layer in enumerate(model.layers, start=1)}
    z: dict[int, Array] = {}
    a = {0: rows}
    for number in range(1, depth + 1):
        z[number] = a[number - 1] @ W[number] + b[number]
        a[number] = activated(model.activations[number - 1], z[number]) if number < depth else z[number]
    output = OUTPUTS[model.output].value(z[depth])
    slopes = {number: slope((slopes_of or model).activations[number - 1], z[number]) for number in range(1, depth)}
    delta = {depth: right_deltas(model, z[depth], targets)[0] if last_delta is None else last_delta}
    upstream: dict[int, Array] = {}
    for number in range(depth - 1, 0, -1):
        upstream[number] = delta[number + 1] @ W[number + 1].T
        delta[number] = upstream[number] * slopes[number]
    return Truth(
        names=_names(model),
        transposed=frozenset(number for number, layer in enumerate(model.layers, start=1) if layer.transposed),
        W=W,
        b=b,
        z=z,
        a=a,
        slope=slopes,
        delta=delta,
        upstream=upstream,
        output=output,
        targets=targets,
        gradient=_gradient(model, params, a, delta),
        facts={"model": model},
    )


def right_deltas(model: Model, scores: Array, targets: Array) -> list[Array]:
    """∂L/∂z of the last layer: that of the loss without what it adds before its logarithm, then the exact one."""
    output, error = OUTPUTS[model.output], ERRORS[model.error]
    y = output.value(scores)
    scale = model.scaled(len(scores))
    shifts = (0.0, model.shift) if model.shift else (0.0,)
    return [scale * output.backward(scores, y, error.derivative(y, targets, shift)) for shift in shifts]


def _names(model: Model) -> dict[str, str]:
    names = {}
    for number, layer in enumerate(model.layers, start=1):
        names[f"W{number}"] = layer.weight
        if layer.bias is not None:
            names[f"b{number}"] = layer.bias
    return names


def _gradient(model: Model, params: Mapping[str, Array], a: Mapping[int, Array], delta: Mapping[int, Array]) -> Arrays:
    gradient = {}
    decays = model.decays(len(a[0]))
    for number, layer in enumerate(model.layers, start=1):
        dW = a[number - 1].T @ delta[number]
        gradient[layer.weight] = dW.T if layer.transposed else dW
        if layer.bias is not None:
            gradient[layer.bias] = delta[number].sum(axis=0).reshape(np.shape(params[layer.bias]))
    for name, rate in decays.items():
        gradient[name] = gradient[name] + rate * np.asarray(params[name], np.float64)
    return gradient
