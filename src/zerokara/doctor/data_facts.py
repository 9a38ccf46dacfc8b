"""Facts of the data a network is trained on: what can be known before the first update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset, Split
from zerokara.doctor.probes import Samples

Array = NDArray[Any]
Labels = NDArray[np.integer[Any]]

COMPARED = 4_000
"""Samples that a line is fitted to, and judged by."""
FEW = 100
"""Below so many samples that tells nothing."""
RIDGE = 0.05
"""What is added to the mean of the squares, as their share."""


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What is known of the data; None where it was not looked at.

    Attributes:
        samples: in the training part.
        classes: that a label may be.
        not_finite: values that are NaN or infinite, in the training part and in the other.
        largest: the largest absolute value of an input, as the network gets it.
        counts: (classes,) training samples of each class.
        held_counts: the same of the test part.
        centre_agreement: the share of training samples that are nearest to the mean of their own class, each mean
            taken without them.
        held_centre_agreement: the share of held-out samples that are nearest to the training mean of their class.
        reference: accuracy of a linear fit to half of a few thousand training samples, on the other half: what any
            network should beat.
        doubtful: of the tenth of those samples about which that fit is surest, the share whose label is another.
        evenness: 1 where the pairs of labels that these samples have and should have are drawn evenly, as shuffling
            does; near 0 where they are few pairs, as of classes that look alike.
        shared_with_test: samples of the test part that stand in the training part too, pixel by pixel.
    """

    samples: int
    classes: int
    not_finite: tuple[int, int] | None = None
    largest: float | None = None
    counts: tuple[int, ...] | None = None
    held_counts: tuple[int, ...] | None = None
    centre_agreement: float | None = None
    held_centre_agreement: float | None = None
    reference: float | None = None
    doubtful: float | None = None
    evenness: float | None = None
    shared_with_test: int | None = None


def facts_at_once(dataset: Dataset, samples: Samples, held: Samples) -> DataFacts:
    """What a few milliseconds tell, before a training begins."""
    train, test = dataset.train, dataset.test
    classes = len(dataset.class_names)
    x, other = _finite(samples), _finite(held)
    centres = _centres(x.x, x.t, classes)
    return DataFacts(
        samples=len(train),
        classes=classes,
        not_finite=(_not_finite(train), _not_finite(test)),
        largest=float(np.abs(x.x).max(initial=0)),
        counts=tuple(train.counts(classes).tolist()),
        held_counts=tuple(test.counts(classes).tolist()),
        centre_agreement=_agreement(centres, x),
        held_centre_agreement=_agreement(centres, other),
    )


def facts_of_all(dataset: Dataset, known: DataFacts) -> DataFacts:
    """The same and what a linear fit and duplicates tell: of the order of half a second for MNIST."""
    samples = _finite(_some(dataset.train))
    shared = _shared(dataset.train, dataset.test)
    if len(samples) < FEW:
        return replace(known, shared_with_test=shared)
    scores = _linear_scores(samples.x, samples.t, known.classes)
    answers = scores.argmax(axis=1)
    first, second = np.sort(scores, axis=1)[:, :-3:-1].T
    sure = np.argsort(second - first, kind="stable")[: max(len(samples) // 10, 1)]
    wrong = sure[answers[sure] != samples.t[sure]]
    return replace(
        known,
        reference=float(np.mean(answers == samples.t)),
        doubtful=len(wrong) / len(sure),
        evenness=_evenness(np.column_stack([samples.t[wrong], answers[wrong]]), known.classes),
        shared_with_test=shared,
    )


def _linear_scores(x: Array, t: Labels, classes: int) -> Array:
    """(n, classes) ridge regression on one-hot labels, each half of the samples by a fit to the other half."""
    scores = np.zeros((len(t), classes))
    half = np.arange(len(t)) % 2 == 0
    for fitted, judged in ((half, ~half), (~half, half)):
        inputs, targets = x[fitted].astype(np.float64), np.eye(classes)[t[fitted]]
        centre, mean = inputs.mean(axis=0), targets.mean(axis=0)
        inputs -= centre
        products = inputs.T @ inputs
        products[np.diag_indices_from(products)] += RIDGE * np.trace(products) / len(products) + 1e-9
        scores[judged] = (x[judged] - centre) @ np.linalg.solve(products, inputs.T @ (targets - mean)) + mean
    return scores


@np.errstate(over="ignore", invalid="ignore")
def _not_finite(split: Split) -> int:
    if split.pixels.dtype.kind == "u" or np.isfinite(split.pixels.sum()):  # a tenth of the time of a look at each
        return 0
    return int(np.count_nonzero(~np.isfinite(split.pixels)))


def _finite(samples: Samples) -> Samples:
    """Those samples all of whose values are finite."""
    kept = np.isfinite(samples.x).all(axis=1)
    return samples if kept.all() else Samples(samples.x[kept], samples.t[kept])


def _some(split: Split) -> Samples:
    rows = np.random.default_rng(0).choice(len(split), min(COMPARED, len(split)), replace=False)
    return Samples(split.rows(rows), split.t[rows])


def _centres(x: Array, t: Labels, classes: int) -> Array:
    """(classes, features) the mean of each class; NaN of one that has no samples."""
    members = np.zeros((classes, len(t)), x.dtype)
    members[t, np.arange(len(t))] = 1
    with np.errstate(invalid="ignore"):
        return np.asarray(members @ x / members.sum(axis=1, keepdims=True))


def _agreement(centres: Array, samples: Samples) -> float | None:
    """The share of samples whose nearest centre is that of their label."""
    if len(samples) == 0:
        return None
    distances = np.square(centres).sum(axis=1) - 2 * samples.x @ centres.T
    return float(np.mean(np.where(np.isnan(distances), np.inf, distances).argmin(axis=1) == samples.t))


def _evenness(pairs: NDArray[np.int64], classes: int) -> float | None:
    """The entropy of the pairs of labels, without order, ÷ that of so many pairs drawn evenly."""
    if len(pairs) < 10:
        return None
    _, counts = np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(max(2, min(len(pairs), classes * (classes - 1) / 2))))


def _shared(train: Split, test: Split) -> int:
    """Samples of the test part, each counted once, that the training part has too, to the last bit."""
    in_test = {row.tobytes() for row in test.pixels}
    return len({found for row in train.pixels if (found := row.tobytes()) in in_test})
