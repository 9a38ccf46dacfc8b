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

COMPARED = 2_000
"""Samples among which neighbours are looked for."""
FEW = 100
"""Below so many samples neighbours tell nothing."""


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
        neighbour_agreement: the share of 1,000 training samples whose nearest neighbour among them has their label.
        contradicted: the share of 2,000 training samples whose five nearest neighbours all agree on another label.
        held_contradicted: the same of held-out samples, among training samples.
        spread_of_contradictions: 1 where contradictions are the same between all pairs of classes, as after shuffling;
            near 0 where few pairs have all of them, as of classes that look alike.
        shared_with_test: training samples that stand in the test part too, pixel by pixel.
    """

    samples: int
    classes: int
    not_finite: tuple[int, int] | None = None
    largest: float | None = None
    counts: tuple[int, ...] | None = None
    held_counts: tuple[int, ...] | None = None
    centre_agreement: float | None = None
    held_centre_agreement: float | None = None
    neighbour_agreement: float | None = None
    contradicted: float | None = None
    held_contradicted: float | None = None
    spread_of_contradictions: float | None = None
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
    """The same and what neighbours and duplicates tell: of the order of half a second for MNIST."""
    train, test = (_finite(_some(split)) for split in (dataset.train, dataset.test))
    contradicted, pairs = _contradictions(train, train, itself=True)
    return replace(
        known,
        neighbour_agreement=_neighbour_agreement(train),
        contradicted=contradicted,
        held_contradicted=_contradictions(train, test, itself=False)[0],
        spread_of_contradictions=_spread(pairs, known.classes),
        shared_with_test=_shared(dataset.train, dataset.test),
    )


def _not_finite(split: Split) -> int:
    return 0 if split.pixels.dtype.kind == "u" else int(np.count_nonzero(~np.isfinite(split.pixels)))


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


def _neighbour_agreement(samples: Samples) -> float | None:
    x, t = samples.x[:1000], samples.t[:1000]
    if len(t) < FEW:
        return None
    distances = np.square(x).sum(axis=1) - 2 * x @ x.T
    np.fill_diagonal(distances, np.inf)
    return float(np.mean(t[distances.argmin(axis=1)] == t))


def _contradictions(among: Samples, of: Samples, itself: bool) -> tuple[float | None, NDArray[np.int64]]:
    """The share of samples whose five nearest neighbours all have one label, another; (m, 2) both labels of each."""
    if min(len(among), len(of)) < FEW:
        return None, np.zeros((0, 2), np.int64)
    distances = np.square(among.x).sum(axis=1) - 2 * of.x @ among.x.T
    if itself:
        np.fill_diagonal(distances, np.inf)
    labels = among.t[np.argpartition(distances, 4, axis=1)[:, :5]]
    against = (labels == labels[:, :1]).all(axis=1) & (labels[:, 0] != of.t)
    return float(against.mean()), np.column_stack([of.t[against], labels[against, 0]])


def _spread(pairs: NDArray[np.int64], classes: int) -> float | None:
    """The entropy of the pairs of labels, without order, ÷ that of so many pairs drawn evenly."""
    if len(pairs) < 10:
        return None
    _, counts = np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(max(2, min(len(pairs), classes * (classes - 1) / 2))))


def _shared(train: Split, test: Split) -> int:
    """Training samples that the test part has too, to the last bit."""
    in_test = {hash(row.tobytes()) for row in test.pixels}
    return sum(hash(row.tobytes()) in in_test for row in train.pixels)
