"""Identifies the network that a loss belongs to, by numbers: activation, loss, and what its labels mean.

Every candidate of a small table is evaluated at random weights. The one whose loss is that of the function, times one
and the same factor (such as n for a sum over the batch), is what the function computes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.functions import STANDARD_LOSSES
from zerokara.recognise.forward import KNOWN_ACTIVATIONS, scores_of
from zerokara.recognise.layout import Arrays, Layout, rows_of
from zerokara.recognise.refusal import RefusedNow
from zerokara.words import sentence, translatable

Floats = NDArray[np.float64]

TOLERANCE = 1e-12


# Not all of nn's table, for the reason that stands beside `KNOWN_ACTIVATIONS`. The names are those of nn and engines.
KNOWN_LOSSES = {
    "cross-entropy": translatable("It is the cross entropy."),
    "textbook": translatable("It is the cross entropy with 1e-7 in the logarithm."),
    "squared": translatable("It is the squared error."),
}
"""The losses that are candidates, and what is said of a function that computes one."""


@dataclass(frozen=True)
class Model:
    """A network that computes what the function computes: `factor` times its mean loss over the n samples.

    Attributes:
        layout: which of the function's arrays are x, t and each W and b.
        activation, loss_name: names in `KNOWN_ACTIVATIONS` and `KNOWN_LOSSES`.
        labels: "argmax" (the largest of a row is the label), "index" or "soft" (as they are).
        factor: n for a sum over n samples, 1 for a mean; also 2/classes, for a mean of squares, and the like.
    """

    layout: Layout
    activation: str
    loss_name: str
    labels: str
    factor: float

    def scores(self, arrays: Arrays, rows: Floats) -> Floats:
        """The scores (n, classes) of inputs (n, features), with the parameters among `arrays`."""
        return scores_of(self.layout, self.activation, arrays, rows)

    def loss(self, scores: Floats, targets: Floats) -> float:
        """The function's value for scores and targets (n, classes)."""
        return self.factor * STANDARD_LOSSES[self.loss_name].value(scores, targets)

    def agrees(self, value: float, scores: Floats, targets: Floats) -> bool:
        """Whether a value is the loss of these scores but for rounding.

        That is 1e-12 relative; and what the rounding of the scores themselves, or of p near 1, does to log p.
        """
        # Scores of size s carry rounding of some eps · s, and log p moves by no more than they do.
        expected = self.loss(scores, targets)
        rounding = 8 * np.finfo(float).eps * abs(self.factor) * max(1.0, float(np.abs(scores).max()))
        return bool(abs(value - expected) <= TOLERANCE * abs(expected) + rounding)

    def targets(self, arrays: Arrays) -> Floats:
        """The labels as rows (n, classes). Raises Refused for labels that cannot have this meaning."""
        n, classes = len(rows_of(arrays[self.layout.inputs])), self.layout.sizes(arrays)[-1]
        meanings = dict(_meanings(arrays[self.layout.labels], n, classes))
        if self.labels not in meanings:
            raise RefusedNow(sentence("A label is none of its classes, 0 to {last}.", last=classes - 1))
        return meanings[self.labels]


@dataclass(frozen=True)
class Sample:
    """What the function returned at some weights: all arrays that it reads, as they were, and the value."""

    arrays: Arrays
    value: float


def model_of(fitting: list[Layout], samples: list[Sample]) -> Model | None:
    """The candidate that gives the values of all samples, up to one factor; None if there is none."""
    for layout in fitting:
        for model in _candidates(layout, samples[0]):
            if all(_fits(model, sample) for sample in samples):
                return model
    return None


def _fits(model: Model, sample: Sample) -> bool:
    rows, targets = rows_of(sample.arrays[model.layout.inputs]), model.targets(sample.arrays)
    return model.agrees(sample.value, model.scores(sample.arrays, rows), targets)


def _candidates(layout: Layout, sample: Sample) -> Iterator[Model]:
    """All models of a layout, each with the factor that makes it fit this sample."""
    arrays = sample.arrays
    rows, classes = rows_of(arrays[layout.inputs]), layout.sizes(arrays)[-1]
    # One layer has no activation: any name will do.
    for activation in KNOWN_ACTIVATIONS if len(layout.weights) > 1 else ["relu"]:
        scores = scores_of(layout, activation, arrays, rows)
        for labels, targets in _meanings(arrays[layout.labels], len(rows), classes):
            for name in KNOWN_LOSSES:
                mean = STANDARD_LOSSES[name].value(scores, targets)
                if np.isfinite(mean) and mean != 0:
                    yield Model(layout, activation, name, labels, _rounded(sample.value / mean, len(rows), classes))


def _rounded(factor: float, n: int, classes: int) -> float:
    """A factor without the rounding of the losses it comes from, where it is one that people write."""
    for usual in (1.0, float(n), 1 / n, 2.0, 2 / classes, 1 / classes, 2.0 * n, 2 / (n * classes)):
        if abs(factor - usual) <= 1e-11 * usual:
            return usual
    return factor


def _meanings(labels: NDArray[np.generic], n: int, classes: int) -> Iterator[tuple[str, Floats]]:
    """What labels can mean, each as targets (n, classes); see docs/BOOK.md, 4."""
    if labels.size == n * classes:  # argmax first: of one-hot rows both are right, and the textbook's is argmax
        rows = labels.reshape(n, classes)
        yield "argmax", np.eye(classes)[rows.argmax(axis=1)]
        yield "soft", rows.astype(np.float64)
    if labels.size == n and labels.dtype.kind in "iu" and n and labels.min() >= 0 and labels.max() < classes:
        yield "index", np.eye(classes)[labels.reshape(n)]
