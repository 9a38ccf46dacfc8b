"""A learner's gradient, run again and again with one thing changed, and compared with the truth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.quantities import quantities
from zerokara.own_gradients.reached import functions_reached
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array, Arrays, Subject, Truth
from zerokara.own_gradients.substitution import MOST_BYTES, Instrumented, Replacement, TooLate

_NONE: Mapping[int, Replacement] = {}


class Trial:
    """A learner's gradient at given weights, run again and again with one thing changed.

    Args:
        subject: its live arrays are set to the truth's weights; whoever makes a trial puts them back.
        truth: the right quantities on this batch.
        x, t: the batch.
        seconds: that all runs together may take.
    """

    def __init__(self, subject: Subject, truth: Truth, x: Array, t: Array, seconds: float) -> None:
        self.subject, self.truth = subject, truth
        self.rows = len(truth.a[0])
        self._x, self._t = x, t
        self.deadline = time.thread_time() + seconds
        self.code = Instrumented(functions_reached(subject.functions, subject.state))
        self.tolerance = tolerance_of(subject, truth)
        self.quantities = quantities(truth)
        self._weights = {**{name: array.copy() for name, array in subject.params.items()}, **_weights_of(truth)}
        self._snapshot = Snapshot([*subject.state, *subject.functions, subject.params])
        self._changes_state = True
        self.values: dict[int, list[tuple[int, Any]]] = {}
        self.runs = 0
        self.skipped = 0

    def gradient(self) -> Arrays | None:
        """As the functions are now; None where they fail."""
        if time.thread_time() > self.deadline:
            raise TooLate
        self.runs += 1
        if self._changes_state:
            self._snapshot.restore()
        self.subject.set(self._weights)
        try:
            return self.subject.gradient(self._x.copy(), self._t.copy())
        except TooLate:
            raise
        except (Exception, SystemExit):
            return None

    def right(self, gradient: Arrays | None) -> frozenset[str]:
        """Names of the parameters that have the right gradient."""
        if gradient is None:
            return frozenset()
        expected = self.truth.gradient
        return frozenset(name for name in expected if name in gradient and self.same(gradient[name], expected[name]))

    def same(self, value: Any, expected: Array) -> bool:
        """Equal up to rounding, relative to the largest element; axes of one element do not count."""
        value = np.asarray(value)
        if value.dtype == object or squeezed(value) != squeezed(expected):
            return False
        return bool(difference(value.reshape(expected.shape), expected) <= self.tolerance)

    def record(self) -> Arrays | None:
        """Runs it once, keeping the value of every expression, and returns the gradient."""
        kept, clock = 0, 0

        def listener(number: int, value: Any) -> None:
            nonlocal kept, clock
            clock += 1
            if isinstance(value, np.ndarray | np.number | np.bool_ | int | float) and kept < MOST_BYTES:
                copied = value.copy() if isinstance(value, np.ndarray) else value
                kept += getattr(value, "nbytes", 32)
                self.values.setdefault(number, []).append((clock, copied))

        with self.code.listening(listener, self.deadline):
            return self.gradient()

    def settle(self, first: Arrays) -> None:
        """Spares putting everything back before each run where a second run gives the same without."""
        self._changes_state = False
        second = self.gradient()
        self._changes_state = second is None or any(
            name not in second or not np.array_equal(first[name], second[name]) for name in first
        )

    def with_changed(
        self, site: Site, replacement: Replacement, more: Mapping[int, Replacement] = _NONE
    ) -> Arrays | None:
        """The gradient with one site changed, and with it some more."""
        with self.code.replacing({site.number: replacement, **more}, self.deadline):
            return self.gradient()


def tolerance_of(subject: Subject, truth: Truth) -> float:
    """How far, relative to the largest element, a right gradient may lie from the truth.

    Rounding, and the 1e-7 that textbook classes add to a probability p before its logarithm: 1e-7/p relative.
    """
    kinds = [array.dtype for array in subject.params.values()]
    rounding = 5e-3 if np.float16 in kinds else 1e-5 if np.float32 in kinds else 1e-7
    own = (truth.output * truth.targets).sum(axis=1)
    shift = 3e-7 / own.min() if own.min() > 0 else 0.0
    return float(min(max(rounding, shift), 1e-2))


def _weights_of(truth: Truth) -> Arrays:
    found = {}
    for layer in range(1, truth.depth + 1):
        W = truth.W[layer]
        found[truth.names[f"W{layer}"]] = W.T if layer in truth.transposed else W
    return found


def squeezed(value: Array) -> tuple[int, ...]:
    return tuple(length for length in np.shape(value) if length != 1)


def difference(value: Array, expected: Array) -> float:
    if value.size == 0:
        return np.inf
    largest = float(np.max(np.abs(expected)))
    furthest = float(np.max(np.abs(value.astype(np.float64) - expected)))
    return furthest / largest if largest else (0.0 if furthest == 0 else np.inf)
