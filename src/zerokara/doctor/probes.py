"""One look into a network in training, on samples that stay the same: how well it does, and what goes on inside."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.activations import Elementwise
from zerokara.nn.functions import decided
from zerokara.nn.layers import Affine
from zerokara.nn.network import Network

Array = NDArray[Any]

FLAT = 0.02
"""The share of its steepest slope below which an activation is called flat."""
ALIKE = 1e-5
"""Weights that differ by less than this share of the largest count as the same."""
LATEST = 20
"""Updates that the line test goes on from."""
LINE = 3.0
"""How many times as far as the latest updates went the line test goes on."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples that probes are taken of.

    Attributes:
        x: (n, features) as the network is given them; t: (n,) class indices.
    """

    x: Array
    t: NDArray[np.integer[Any]]

    def __len__(self) -> int:
        return len(self.t)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What one look has measured; None where it was not, or cannot be.

    Shares are 0 to 1. A tuple has an entry for each hidden layer, `norms`, `sizes` and `spreads` for each with weights.

    Attributes:
        iteration: updates done before it.
        level: cross entropy of training samples ÷ ln classes: 1 is what a network has that knows nothing.
        accuracy: of the same samples.
        held_level, held_accuracy: of samples that it was not trained on, such as the test part's.
        recall: mean over the classes of the accuracy on held-out samples.
        answers: (classes,) the share of training samples that get each class.
        dead: units whose activation is flat at its low end on every sample, as ReLU is below 0.
        saturated: units whose activation is flat at an end on nearly all samples, as sigmoid is far from 0.
        variation: the mean over units of the standard deviation across samples of what a layer gives.
        norms: ‖∂L/∂W‖ of each layer.
        sizes: the root mean square of each W, rows of inputs that are always 0 left out.
        alike: the share of hidden units that another unit of their layer equals; before the first update only.
        line: loss 3 times as far along the latest updates ÷ loss here; NaN where that is not finite.
    """

    iteration: int
    level: float
    accuracy: float
    held_level: float | None = None
    held_accuracy: float | None = None
    recall: float | None = None
    answers: tuple[float, ...] = ()
    dead: tuple[float, ...] = ()
    saturated: tuple[float, ...] = ()
    variation: tuple[float, ...] = ()
    norms: tuple[float, ...] = ()
    sizes: tuple[float, ...] = ()
    alike: float | None = None
    line: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether the network still gives numbers."""
        return bool(np.isfinite(self.level))

    def to_json(self) -> dict[str, Any]:
        """What was measured, by name."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


@np.errstate(all="ignore")  # of a network that goes astray infinity and NaN are what is measured
def probe(
    network: Network,
    samples: Samples,
    iteration: int,
    *,
    held: Samples | None = None,
    before: Network | None = None,
    gradients: bool = True,
) -> Probe:
    """Measure a network, which is not changed.

    Args:
        network: what its layers keep of their latest batch stays too.
        samples: of the training part; held: of none that it was trained on.
        iteration: updates done.
        before: the network a few updates ago, for the line test.
        gradients: whether to measure their norms, which costs as much as the rest.
    """
    network = network.copy()
    inner = _Inside.of(network, samples.x)
    targets = network._targets(samples.t, len(samples))
    if gradients:
        network._backward(network._loss.gradient(inner.scores, targets))
    line = None
    if before is not None:
        line = line_test(before, network, samples, network._loss.value(inner.scores, targets) + network._penalty())
    return Probe(
        iteration=iteration,
        level=level(inner.scores, samples.t),
        accuracy=float(np.mean(decided(inner.scores) == samples.t)),
        answers=_answers(inner.scores),
        dead=tuple(map(_dead, inner.layers, inner.inputs)),
        saturated=tuple(map(_saturated, inner.layers, inner.inputs)),
        variation=tuple(float(np.mean(out.std(axis=0))) for out in inner.outputs),
        norms=tuple(float(np.linalg.norm(layer.dW)) for layer in _affine(network)) if gradients else (),
        sizes=_sizes(network, samples.x),
        alike=None if iteration else _alike(network),
        line=line,
        **_held(network, held),
    )


def level(scores: Array, t: NDArray[np.integer[Any]]) -> float:
    """Mean cross entropy of scores (n, classes) with labels (n,), ÷ ln classes: 1 where nothing is known."""
    wide = scores.astype(np.float64)
    shifted = wide - wide.max(axis=1, keepdims=True)
    entropy = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(t)), t]
    return float(entropy.mean() / np.log(max(scores.shape[1], 2)))


def line_test(before: Network, after: Network, samples: Samples, here: float | None = None) -> float:
    """Loss 3 times as far along the way from one network to another ÷ loss there: above 1, steps are too long.

    Args:
        here: the loss of the other, where it is known.
    """
    beyond = after.copy()
    for name, end in after.params.items():
        beyond.params[name][...] = end + LINE * (end - before.params[name])
    return beyond.loss(samples.x, samples.t) / (after.loss(samples.x, samples.t) if here is None else here)


@dataclass(frozen=True, eq=False)
class _Inside:
    """What the layers of a network give for a batch: of each activation its layer, input and output; the scores."""

    layers: list[Any]
    inputs: list[Array]
    outputs: list[Array]
    scores: Array

    @classmethod
    def of(cls, network: Network, x: Array) -> _Inside:
        inside = cls([], [], [], x)
        for layer in network.layers:
            before, x = x, layer.forward(x)
            if not isinstance(layer, Affine):
                inside.layers.append(layer)
                inside.inputs.append(before)
                inside.outputs.append(x)
        return replace(inside, scores=x)


def _affine(network: Network) -> list[Affine]:
    return [layer for layer in network.layers if isinstance(layer, Affine)]


def _answers(scores: Array) -> tuple[float, ...]:
    classes = decided(scores)
    counts = np.bincount(classes[classes >= 0], minlength=scores.shape[1])
    return tuple((counts / len(scores)).tolist())


def _dead(layer: Any, a: Array) -> float:
    """The share of units whose slope is 0 or nearly so on all samples, where a unit gives nothing."""
    if not getattr(layer, "suits_he", False):
        return 0.0
    return float(np.mean(_flat(layer, a).all(axis=0)))


def _saturated(layer: Any, a: Array) -> float:
    """The share of units whose slope is nearly 0 on 95 % of samples, of an activation with two ends."""
    if not isinstance(layer, Elementwise) or getattr(layer, "suits_he", False):
        return 0.0
    return float(np.mean(_flat(layer, a).mean(axis=0) > 0.95))


def _flat(layer: Any, a: Array) -> Array:
    """Where the slope is less than 2 % of that just above 0; nowhere for an activation that does not say its slope."""
    try:
        slope, usual = np.abs(layer.derivative(a)), np.abs(layer.derivative(np.full((1, 1), 1e-9)))
    except NotImplementedError:
        return np.zeros(a.shape, bool)
    return np.asarray(~(slope >= FLAT * usual.max()))


def _sizes(network: Network, x: Array) -> tuple[float, ...]:
    """The root mean square of each W; a row of W1 whose input is always 0 keeps what it began with."""
    first, *later = (layer.W for layer in _affine(network))
    inked = first[np.any(x != 0, axis=0)]
    return tuple(float(np.sqrt(np.mean(np.square(W, dtype=np.float64)))) for W in (inked, *later) if W.size)


def _alike(network: Network) -> float:
    """The share of hidden units that another unit of their layer equals, in what comes in and in what goes out.

    Units that differ in one of both get other gradients, and part.
    """
    affine = _affine(network)
    alike, units = 0, 0
    for layer, following in pairwise(affine):
        rows = np.hstack([layer.W.T, layer.b[:, np.newaxis], following.W])
        smallest = np.abs(rows).max() * ALIKE
        _, counts = np.unique(np.round(rows / smallest) if smallest > 0 else rows * 0, axis=0, return_counts=True)
        alike, units = alike + int(counts[counts > 1].sum()), units + len(rows)
    return alike / max(units, 1)


def _held(network: Network, held: Samples | None) -> dict[str, float]:
    if held is None:
        return {}
    scores = network.predict(held.x)
    right = decided(scores) == held.t
    recall = np.mean([right[held.t == label].mean() for label in np.unique(held.t)])
    return {
        "held_level": level(scores, held.t),
        "held_accuracy": float(right.mean()),
        "recall": float(recall),
    }
