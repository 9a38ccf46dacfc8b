"""What is known of a gradient that no known mistake gives: which part of it is wrong.

With fewer samples than units the parts of a gradient can be solved from it: dW = aᵀ δ has one δ for the right a, and
one a for the right δ, or none. So it can be shown which of them is right without knowing what stands for the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zerokara.own_gradients.batches import batch
from zerokara.own_gradients.beam import Path, candidates_of, carried_to
from zerokara.own_gradients.forward import Model, row_length, set_weights
from zerokara.own_gradients.observing import Observation, observed
from zerokara.own_gradients.subject import Array, Arrays, Subject

SEEDS = (31, 32)
LEVEL = 0.4
"""z of two units at all samples."""


def cause_of(subject: Subject, seen: list[Observation], path: Path, layer: int, letter: str) -> str | None:
    """The cause of a gradient that nothing explains, where it shows on several batches; None where it does not.

    Args:
        path: explains the layers above.
    """
    if all(_samples_left_out(each, path, layer, letter) for each in seen[:3]):
        return "samples-ignored"
    few = list(_with_few_rows(subject, seen[0].model, layer, rows=2, level=False))
    if all(_is_sum_of_deltas(each, path, layer, letter) for each in few):
        return "wrong-operand" if letter == "W" else "bias-sum"
    if letter == "W" and layer < seen[0].truth.depth:
        levelled = list(_with_few_rows(subject, seen[0].model, layer, rows=3, level=True))
        if all(_depends_on_z(each, path, layer) for each in levelled):
            return "activation-derivative"
    return None


def _with_few_rows(subject: Subject, model: Model, layer: int, rows: int, level: bool) -> Iterator[Observation]:
    for seed in SEEDS:
        chosen = batch(subject, rows, seed, model.columns)
        params = set_weights(subject, model.layers, seed, row_length(subject.x, model.columns))
        if level:
            params = _levelled(subject, model, layer, params)
        yield observed(subject, model, params, chosen)


def _levelled(subject: Subject, model: Model, layer: int, params: Arrays) -> Arrays:
    """Weights of a layer at which two units have the same z at all samples, and two others the same at each."""
    place = model.layers[layer - 1]
    W = subject.params[place.weight].T if place.transposed else subject.params[place.weight]
    W[:, :2] = 0
    W[:, 3:4] = W[:, 2:3]
    if place.bias is not None:
        b = subject.params[place.bias].reshape(-1)
        b[:2] = LEVEL
        b[3:4] = b[2:3]
        subject.params[place.bias][...] = b.reshape(subject.params[place.bias].shape)
    return {name: np.array(array, np.float64) for name, array in subject.params.items()}


def _parts(seen: Observation, path: Path, layer: int) -> tuple[Array, Array, Array] | None:
    """The gradient of W without its penalty, the operand a, and the right δ after what the layers above have."""
    carried = carried_to(path, seen, layer)
    if carried is None and layer < seen.truth.depth:
        return None
    candidates = candidates_of(seen, layer, carried)
    gradient = seen.weights_of(seen.gradient, layer)
    if gradient is None or gradient.shape != seen.truth.W[layer].shape:
        return None
    decay = seen.model.decays(seen.n).get(seen.model.layers[layer - 1].weight, 0.0)
    return gradient - decay * seen.truth.W[layer], seen.truth.a[layer - 1], candidates.array(candidates.right)


def _fits(columns: Array, target: Array, within: float) -> Array | None:
    """The X of columns @ X = target, if there is one and there could be none."""
    if not (np.isfinite(columns).all() and np.isfinite(target).all()) or columns.shape[1] >= columns.shape[0]:
        return None
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None
    found: Array = np.linalg.lstsq(columns, target, rcond=None)[0]
    rest = np.linalg.norm(columns @ found - target)
    return found if rest <= 10 * within * np.linalg.norm(target) and target.any() else None


def _is_sum_of_deltas(seen: Observation, path: Path, layer: int, letter: str) -> bool:
    """Whether the gradient is made of the right δ of each sample, times other numbers than it should be."""
    parts = _parts(seen, path, layer)
    if parts is None:
        return False
    gradient, _, delta = parts
    if letter == "b":
        bias = seen.bias_of(seen.gradient, layer)
        if bias is None or bias.size != delta.shape[1]:
            return False
        return _fits(delta.T, bias.reshape(-1, 1), seen.within) is not None
    return _fits(delta.T, gradient.T, seen.within) is not None


def _samples_left_out(seen: Observation, path: Path, layer: int, letter: str) -> bool:
    """Whether the gradient is that of some of the samples: each has a weight, and some have 0."""
    parts = _parts(seen, path, layer)
    if parts is None:
        return False
    gradient, a, delta = parts
    if letter == "b":
        bias = seen.bias_of(seen.gradient, layer)
        weights = None if bias is None or bias.size != delta.shape[1] else _fits(delta.T, bias.reshape(-1), seen.within)
    else:
        directions = np.random.default_rng(3).normal(size=(delta.shape[1], 3))
        columns = np.concatenate([a.T * (delta @ v) for v in directions.T])
        weights = _fits(columns, np.concatenate([gradient @ v for v in directions.T]), seen.within)
    if weights is None:
        return False
    zero = np.abs(weights) <= 1e-6 * np.abs(weights).max()
    return bool(zero.any() and np.ptp(weights[~zero]) <= 1e-6 * np.abs(weights).max())


def _depends_on_z(seen: Observation, path: Path, layer: int) -> bool:
    """Whether δ is the right upstream gradient times something that z alone decides, and that is not f′(z).

    Two units have one z at all samples, and two others the same z at each, while the gradients that reach them differ.
    """
    carried = carried_to(path, seen, layer)
    parts = _parts(seen, path, layer)
    if parts is None or carried is None or seen.truth.z[layer].shape[1] < 5:
        return False
    gradient, a, _ = parts
    delta = _fits(a.T, gradient, seen.within)
    if delta is None:
        return False
    factor = delta / candidates_of(seen, layer, carried).upstreams[0].array
    size = float(np.abs(factor).max())
    level, twins = factor[:, :2], factor[:, 2:4]
    alike = np.ptp(level) <= 1e-6 * size and np.abs(twins[:, 0] - twins[:, 1]).max() <= 1e-6 * size
    right = np.abs(factor - seen.truth.slope[layer]).max() <= 1e-6 * size
    return bool(np.isfinite(size) and size > 0 and alike and not right)
