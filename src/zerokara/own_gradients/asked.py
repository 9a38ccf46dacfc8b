"""A learner's gradient asked from the same start each time, and what it is compared by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.reached import functions_reached
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.own_gradients.substitution import Instrumented

ROWS = 7
EQUAL = 1e-9
"""Relative to the largest element: sums that are the same in another order."""


class Asked:
    """A subject at weights of ours, which its code is asked about from the same start each time.

    Attributes:
        x, t: a batch; `other` is one more.
        weights: what `subject.params` are at the start.
        gradient: of the batch.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        rows = max(1, min(ROWS, len(subject.x) // 2))
        self.x, self.t = subject.x[:rows].copy(), subject.t[:rows].copy()
        self.other = subject.x[rows : 2 * rows].copy(), subject.t[rows : 2 * rows].copy()
        subject.set({n: w for n, w in subject.weights(11).items() if subject.params[n].dtype.kind == "f"})
        self.weights = {name: array.copy() for name, array in subject.params.items()}
        self._start = Snapshot([*subject.state, *subject.functions, *subject.params.values()])
        self.code = Instrumented(functions_reached(subject.functions, subject.state))
        self.gradient = self.anew()

    def back(self) -> None:
        """To the start."""
        self._start.restore()
        self.subject.set(self.weights)

    def anew(self) -> Arrays:
        """The gradient of the batch from the start."""
        self.back()
        return self.again(self.x, self.t)

    def again(self, x: Array, t: Array) -> Arrays:
        """A gradient without going back, but for weights and random numbers."""
        self.subject.set(self.weights)
        np.random.seed(5)
        return self.subject.gradient(x.copy(), t.copy())

    def loss(self, seed: int) -> float:
        """Of the batch from the start, with these random numbers."""
        self.back()
        np.random.seed(seed)
        return self.subject.loss(self.x.copy(), self.t.copy())

    def listened(self, listener: Callable[[int, Any], None], x: Array, t: Array) -> Arrays:
        """The gradient from the start, every value heard."""
        self.back()
        np.random.seed(5)
        with self.code.installed(), self.code.listening(listener):
            return self.subject.gradient(x, t)


# Words and comparisons


def finding_at(asked: Asked, site: Site | None, **fields: Any) -> Finding:
    if site is None:
        return Finding(file=asked.subject.file, **fields)
    return Finding(file=Path(site.filename), line=site.line, **fields)


def same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


def equal(one: Any, other: Any, tolerance: float = EQUAL) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    largest = float(np.max(np.abs(other))) if other.size else 0.0
    return bool(np.all(np.abs(one - other) <= tolerance * largest))


def is_update(weights: Array, value: Array, gradient: Array) -> bool:
    """Whether a value is the weights after a step down the gradient."""
    if gradient.shape != weights.shape or not np.any(gradient):
        return False
    step = weights - value
    largest = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
    rate = step[largest] / gradient[largest]
    return bool(rate > 0 and np.allclose(step, rate * gradient, rtol=1e-6, atol=1e-9 * np.max(np.abs(step))))
