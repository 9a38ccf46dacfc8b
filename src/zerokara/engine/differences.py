"""Central differences of all weights of a network in NumPy, by moving units instead of weights.

The definition evaluates the whole network twice per weight. But the weight from input i to unit j moves only the score
of unit j, in sample n to a ± h · x[n, i]. So it is enough to move each unit of each sample to these two points and to
evaluate what follows. Inputs that are 0 move nothing, and equal inputs of a sample share their points. h, the points
and the results are those of `zerokara.nn.gradients.numerical_gradient`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.activations import gelu, leaky_relu, relu, sigmoid, tanh
from zerokara.nn.functions import TEXTBOOK_EPSILON, softmax

Floats = NDArray[np.float64]

ELEMENTS_AT_ONCE = 2**17
"""How large an array of moved units gets: few calls of NumPy, but temporaries that fit in the processor's cache."""

ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": sigmoid,
    "relu": relu,
    "tanh": tanh,
    "gelu": gelu,
    "leaky-relu": leaky_relu,
}


def central_differences(
    params: Mapping[str, NDArray[Any]],
    activation: str,
    loss: str,
    x: Floats,
    targets: Floats,
    *,
    h: float = 1e-4,
    only: str | None = None,
    stop: NDArray[np.uint8] | None = None,
) -> dict[str, Floats]:
    """(L(w + h) - L(w - h)) / 2h for every weight and bias w, where L is the mean loss of the samples.

    Args:
        params: "W1" (features, units), "b1" (units,), "W2", … of all layers.
        activation, loss: names as in `zerokara.nn`.
        x: (n, features).
        targets: (n, classes), one-hot or soft.
        only: the name of one parameter, to compute no other.
        stop: (1,) flag; once it is not 0, the rest of the gradient is left unfinished.

    Returns:
        A dict like `params`, or of `only` that one. Where the loss itself is not finite, all of it is NaN.

    >>> params = {"W1": np.array([[1.0, 2.0]]), "b1": np.zeros(2)}
    >>> central_differences(params, "relu", "cross-entropy", np.ones((1, 1)), np.array([[0.0, 1.0]]))["b1"].round(6)
    array([ 0.268941, -0.268941])
    """
    batch = _forward(params, ACTIVATIONS[activation], LOSSES[loss], x, targets)
    names = list(params) if only is None else [only]
    if not np.isfinite(batch.loss(batch.scores[-1], batch.targets).sum()):
        return {name: np.full(params[name].shape, np.nan) for name in names}
    gradients: dict[str, Floats] = {}
    for layer in range(len(batch.scores)):
        weights, biases = f"W{layer + 1}", f"b{layer + 1}"
        if weights in names or biases in names:
            both = _layer_differences(batch, layer, h, weights in names, stop)
            gradients |= {weights: both[:-1], biases: both[-1]}
    return {name: gradients[name] for name in names}


@dataclass(frozen=True)
class _Batch:
    """Samples on their way through the network. They are columns, because NumPy is fast along the last axis."""

    weights: list[Floats]  # of each layer: (fan_in, fan_out)
    biases: list[Floats]  # (fan_out, 1)
    inputs: list[Floats]  # (fan_in, n)
    scores: list[Floats]  # (fan_out, n), before activation
    targets: Floats  # (classes, n)
    activation: Callable[[Floats], Floats]
    loss: Callable[[Floats, Floats], Floats]

    def samples(self, which: NDArray[np.intp]) -> _Batch:
        """These samples, each as often as it is named; without inputs."""
        return replace(self, scores=[s[:, which] for s in self.scores], targets=self.targets[:, which], inputs=[])

    def losses_after(self, layer: int, unit: int, shift: Floats) -> Floats:
        """The loss of each sample, (n,), when the score of one unit moves by shift, (n,)."""
        old = self.scores[layer][unit]
        if layer == len(self.scores) - 1:
            scores = self.scores[layer].copy()
            scores[unit] = old + shift
        else:
            rise = self.activation(old + shift) - self.activation(old)
            scores = self.scores[layer + 1] + self.weights[layer + 1][unit][:, np.newaxis] * rise
        for w, b in zip(self.weights[layer + 2 :], self.biases[layer + 2 :], strict=True):
            scores = w.T @ self.activation(scores) + b
        return self.loss(scores, self.targets)


def _forward(params: Mapping[str, NDArray[Any]], activation: Any, loss: Any, x: Floats, targets: Floats) -> _Batch:
    layers = range(1, len(params) // 2 + 1)
    weights = [params[f"W{i}"].astype(np.float64) for i in layers]
    biases = [params[f"b{i}"].astype(np.float64)[:, np.newaxis] for i in layers]
    inputs, scores = [x.T], []
    for w, b in zip(weights, biases, strict=True):
        scores.append(w.T @ inputs[-1] + b)
        inputs.append(activation(scores[-1]))
    return _Batch(weights, biases, inputs, scores, targets.T, activation, loss)


def _layer_differences(
    batch: _Batch, layer: int, h: float, with_weights: bool, stop: NDArray[np.uint8] | None
) -> Floats:
    """The gradient of a layer's weights and, as one more row, of its biases, (fan_in + 1, fan_out).

    A bias is the weight of one more input, which is always 1. Without weights, their rows are 0.
    """
    n = batch.targets.shape[1]
    unfinished = np.zeros((len(batch.inputs[layer]) + 1, len(batch.scores[layer])))
    if stop is not None and stop[0]:
        return unfinished
    inputs = np.vstack([batch.inputs[layer] * with_weights, np.ones(n)])
    rows, samples = np.nonzero(inputs)
    distinct, which = np.unique(np.stack([samples, inputs[rows, samples]]), axis=1, return_inverse=True)
    owners, steps = distinct[0].astype(np.intp), h * distinct[1]
    differences = np.zeros((len(batch.scores[layer]), len(steps)))
    at_once = max(1, ELEMENTS_AT_ONCE // max(map(len, batch.scores[layer:])))
    for start in range(0, len(steps), at_once):
        part = slice(start, start + at_once)
        moved, step = batch.samples(owners[part]), steps[part]
        for unit, row in enumerate(differences):
            if stop is not None and stop[0]:
                return unfinished
            row[part] = moved.losses_after(layer, unit, step) - moved.losses_after(layer, unit, -step)
    sums = [np.bincount(rows, row[which.reshape(-1)], len(inputs)) for row in differences]
    gradient: Floats = np.stack(sums, axis=1) / (2 * h * n)
    return gradient


def _cross_entropy(scores: Floats, targets: Floats) -> Floats:
    shifted = scores - scores.max(axis=0)
    losses: Floats = targets.sum(axis=0) * np.log(np.exp(shifted).sum(axis=0)) - (targets * shifted).sum(axis=0)
    return losses


def _textbook(scores: Floats, targets: Floats) -> Floats:
    losses: Floats = -(targets * np.log(softmax(scores.T).T + TEXTBOOK_EPSILON)).sum(axis=0)
    return losses


def _squared(scores: Floats, targets: Floats) -> Floats:
    losses: Floats = 0.5 * ((softmax(scores.T).T - targets) ** 2).sum(axis=0)
    return losses


LOSSES = {"cross-entropy": _cross_entropy, "textbook": _textbook, "squared": _squared}
"""The losses of `zerokara.nn.functions`, of each sample by itself."""
