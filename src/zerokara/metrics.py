"""How well a network answers, in the field's terms: accuracy with its interval, confusion matrix, precision, recall."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two-sided intervals of 95 %."""


class Interval(NamedTuple):
    """A figure and the interval that holds the true one in 95 % of all samples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network answers to labelled samples.

    Attributes:
        labels: (n,) class indices.
        probabilities: (n, classes) of each class, in float64; NaN where a sample has no finite score.

    >>> answers = Answers(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    >>> answers.answers, answers.confusion.tolist()
    (array([0, 1, 0]), [[1, 0], [1, 1]])
    """

    labels: NDArray[np.integer[Any]]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """(n,) the likeliest class of each sample; -1 where it has no finite score, which counts as wrong."""
        finite = np.all(np.isfinite(self.probabilities), axis=1)
        return np.where(finite, np.nan_to_num(self.probabilities).argmax(axis=1), -1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each answer is its label."""
        right: NDArray[np.bool_] = self.answers == self.labels
        return right

    @property
    def accuracy(self) -> Interval:
        """The share of right answers."""
        return wilson_interval(int(self.right.sum()), len(self))

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes) how many samples of each class (rows) got each answer (columns), where there is one."""
        classes = self.probabilities.shape[1]
        decided = self.answers >= 0
        pairs = self.labels[decided].astype(np.int64) * classes + self.answers[decided]
        return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(classes,) the share of each class's samples that got its answer; NaN for a class without samples."""
        counts = np.bincount(self.labels, minlength=len(self.confusion))
        return _ratio(self.confusion.diagonal(), counts)

    @property
    def precision(self) -> NDArray[np.float64]:
        """(classes,) the share of each answer's samples that are of its class; NaN for one that is never given."""
        return _ratio(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @cached_property
    def confidently_wrong(self) -> NDArray[np.int64]:
        """Indices of the wrong answers, the surest first: by how much likelier the answer seemed than the label."""
        wrong = np.flatnonzero(~self.right & (self.answers >= 0))
        probabilities = self.probabilities[wrong]
        rows = np.arange(len(wrong))
        lead = probabilities[rows, self.answers[wrong]] - probabilities[rows, self.labels[wrong]]
        return wrong[np.argsort(-lead, kind="stable")]


def wilson_interval(right: int, n: int) -> Interval:
    """The share `right / n` with its 95 % interval (Wilson 1927), which never leaves 0 to 1.

    >>> [round(figure, 4) for figure in wilson_interval(9000, 10000)]
    [0.9, 0.894, 0.9057]
    """
    if n <= 0:
        return Interval(math.nan, 0.0, 1.0)
    share, z2 = right / n, Z * Z / n
    middle, half = share + z2 / 2, Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return Interval(share, max(0.0, (middle - half) / (1 + z2)), min(1.0, (middle + half) / (1 + z2)))


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Interval:
    """By how much the second of two networks is righter on the same samples, with its 95 % interval.

    Half a sample is added to each of the four cases before the interval is taken (Agresti and Min 2005), so that it has
    a width where the two never disagree.

    Args:
        first, second: (n,) whether each answer is right.

    >>> paired_difference(np.array([True, True, False]), np.array([True, True, True])).value
    0.3333333333333333
    """
    n = len(first)
    if n == 0:
        return Interval(math.nan, -1.0, 1.0)
    gained, lost = int((~first & second).sum()), int((first & ~second).sum())
    total, up, down = n + 2, gained + 0.5, lost + 0.5
    middle = (up - down) / total
    half = Z * math.sqrt(up + down - (up - down) ** 2 / total) / total
    return Interval((gained - lost) / n, max(-1.0, middle - half), min(1.0, middle + half))


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio
