"""Slopes of a function of one number, by central differences whose error is measured and not supposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

STEPS = tuple(2.0**-k for k in range(10, 23, 3))
"""From 1e-3 to 2e-7, where a smooth function of float64 has its best step."""
MORE_STEPS = tuple(2.0**-k for k in range(4, 26, 3))
"""From 1/16 to 5e-8: for rounding of float32, and for bends that are near."""
EXACT = 1e-7
"""Beside the slope: with a smaller error, no more steps are tried."""

EPSILON = float(np.finfo(float).eps)
CONSECUTIVE = 3
"""Steps whose differences must be alike before a slope is believed: two may be alike by chance."""


@dataclass(frozen=True)
class Slope:
    """A slope at 0 and how far it may be off.

    Attributes:
        value: by central differences; NaN where the function is not finite.
        error: what the steps beside and rounding tell; at least ten times what is to be expected of a smooth function.
        left, right: the slopes on both sides at that step: they stay apart where the function has a bend at 0.
    """

    value: float
    error: float
    left: float
    right: float

    @property
    def gap(self) -> float:
        """How far the sides are apart."""
        return abs(self.right - self.left)


def slope_of(f: Callable[[float], float], noise: float) -> Slope:
    """The slope of f at 0 by the step where the differences of three steps are most alike.

    Truncation shrinks with the square of the step, rounding grows with its inverse.

    Args:
        noise: by how much two values of f may differ by rounding.
    """
    f = cache(f)  # the steps are among the more steps
    slope = _by_steps(f, noise, STEPS)
    return slope if slope.error <= EXACT * abs(slope.value) else _by_steps(f, noise, MORE_STEPS)


def _by_steps(f: Callable[[float], float], noise: float, steps: Sequence[float]) -> Slope:
    at, h = f(0.0), np.asarray(steps)
    above = np.array([f(step) for step in steps])
    below = np.array([f(-step) for step in steps])
    with np.errstate(all="ignore"):
        central = (above - below) / (2 * h)
        spread = np.abs(np.diff(central))
        error = np.maximum(spread[:-1], spread[1:]) + 2 * noise / h[2:]  # of steps i, i + 1, i + 2
        error = np.where(np.isfinite(error), error, np.inf)
        best = int(np.argmin(error))
        i = best + CONSECUTIVE - 1
        left, right = float((at - below[i]) / h[i]), float((above[i] - at) / h[i])
        return Slope(value=float(central[i]), error=float(error[best]), left=left, right=right)


def noise_of(f: Callable[[float], float]) -> float:
    """By how much values of f differ by rounding: third differences of near points, where f itself is a line.

    After Moré and Wild, "Estimating computational noise" (2011).
    """
    points = np.array([f(k * 1e-9) for k in range(6)])
    if not np.isfinite(points).all():
        return float("inf")
    return float(max(4 * EPSILON * np.abs(points).max(), np.abs(np.diff(points, 3)).max()))
