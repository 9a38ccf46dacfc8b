"""What kind of network a loss belongs to, by numbers: activation, loss, and what its labels mean.

Every candidate of a small table is evaluated at random weights. The one whose loss is that of the function, times one
and the same factor (such as n for a sum over the batch), is what the function computes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zerokara.book.accelerate.forward import ACTIVATIONS, scores_of
from zerokara.book.accelerate.structure import Arrays, Layout, rows_of
from zerokara.nn.functions import LOSSES

Floats = NDArray[np.float64]

TOLERANCE = 1e-12


@dataclass(frozen=True)
class Model:
    """A network that computes what the function computes: `factor` times its mean loss.

    Attributes:
        labels: "argmax" (the largest of a row is the label), "index" or "soft" (as they are).
        factor: n for a sum over n samples, 1 for a mean; also 2/classes, for a mean of squares, and the like.
    """

    layout: Layout
    activation: str
    loss: str
    labels: str
    factor: float

    def loss_of(self, arrays: Arrays, rows: Floats, targets: Floats) -> float:
        """The function's value, by the network.

        Args:
            arrays: with the parameters; rows: (n, features); targets: (n, classes).
        """
        return self.loss_of_scores(scores_of(self.layout, self.activation, arrays, rows), targets)

    def loss_of_scores(self, scores: Floats, targets: Floats) -> float:
        return self.factor * LOSSES[self.loss].value(scores, targets)

    def targets(self, arrays: Arrays) -> Floats:
        """The labels as rows (n, classes)."""
        n, classes = len(rows_of(arrays[self.layout.inputs])), self.layout.sizes(arrays)[-1]
        return dict(_meanings(arrays[self.layout.labels], n, classes))[self.labels]


@dataclass(frozen=True)
class Sample:
    """What the function returned at some weights."""

    arrays: Arrays
    value: float


def model_of(ways: list[Layout], samples: list[Sample]) -> Model | None:
    """The candidate that gives the values of all samples, up to one factor; None if there is none."""
    for layout in ways:
        for model in _candidates(layout, samples[0]):
            if all(agrees(sample.value, _value(model, sample), model) for sample in samples):
                return model
    return None


def agrees(value: float, expected: float, model: Model) -> bool:
    """Whether two losses are equal but for rounding: 1e-12 relative, or what rounding p near 1 does to log p."""
    rounding = 8 * np.finfo(float).eps * abs(model.factor)
    return bool(abs(value - expected) <= TOLERANCE * abs(expected) + rounding)


def _value(model: Model, sample: Sample) -> float:
    return model.loss_of(sample.arrays, rows_of(sample.arrays[model.layout.inputs]), model.targets(sample.arrays))


def _candidates(layout: Layout, sample: Sample) -> Iterator[Model]:
    """All models of a layout, each with the factor that makes it fit this sample."""
    arrays = sample.arrays
    rows, classes = rows_of(arrays[layout.inputs]), layout.sizes(arrays)[-1]
    for activation in ACTIVATIONS if len(layout.weights) > 1 else ["relu"]:
        scores = scores_of(layout, activation, arrays, rows)
        for labels, targets in _meanings(arrays[layout.labels], len(rows), classes):
            for loss, functions in LOSSES.items():
                mean = functions.value(scores, targets)
                if np.isfinite(mean) and mean != 0:
                    yield Model(layout, activation, loss, labels, _rounded(sample.value / mean, len(rows), classes))


def _rounded(factor: float, n: int, classes: int) -> float:
    """A factor without the rounding of the losses it comes from, where it is one that people write."""
    for usual in (1.0, float(n), 1 / n, 2.0, 2 / classes, 1 / classes, 2.0 * n, 2 / (n * classes)):
        if abs(factor - usual) <= 1e-11 * usual:
            return usual
    return factor


def _meanings(labels: NDArray[np.generic], n: int, classes: int) -> Iterator[tuple[str, Floats]]:
    """What labels can mean, each as rows (n, classes); see docs/BOOK.md, 4."""
    if labels.size == n * classes:
        rows = labels.reshape(n, classes)
        yield "argmax", np.eye(classes)[rows.argmax(axis=1)]
        yield "soft", rows.astype(np.float64)
    if labels.size == n and labels.dtype.kind in "iu" and n and labels.min() >= 0 and labels.max() < classes:
        yield "index", np.eye(classes)[labels.reshape(n)]
