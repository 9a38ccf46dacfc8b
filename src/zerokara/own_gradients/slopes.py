"""Slopes of a function of one number, by central differences whose error is measured and not supposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

STEPS = tuple(2.0**-k for k in range(4, 26, 3))
"""From 1/16 to 5e-7: truncation shrinks with the square of the step, rounding grows with its inverse."""

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


def slope_of(f: Callable[[float], float], noise: float, steps: Sequence[float] = STEPS) -> Slope:
    """The slope of f at 0 by the step where the differences of three steps are most alike.

    Args:
        noise: by how much two values of f may differ by rounding.
    """
    at = f(0.0)
    above = np.array([f(h) for h in steps])
    below = np.array([f(-h) for h in steps])
    h = np.asarray(steps)
    with np.errstate(all="ignore"):
        central = (above - below) / (2 * h)
        spread = np.abs(np.diff(central))
        alike = np.maximum(spread[:-1], spread[1:])  # of steps i, i + 1, i + 2
        error = alike + 2 * noise / h[2:]
        error = np.where(np.isfinite(error), error, np.inf)
        best = int(np.argmin(error))
        i = best + CONSECUTIVE - 1
        return Slope(
            value=float(central[i]),
            error=float(error[best]),
            left=float((at - below[i]) / h[i]),
            right=float((above[i] - at) / h[i]),
        )


def noise_of(f: Callable[[float], float], eps: float = float(np.finfo(float).eps)) -> float:
    """By how much values of f differ by rounding: third differences of near points, where f itself is a line.

    After Moré and Wild, "Estimating computational noise" (2011).
    """
    points = np.array([f(k * 1e-9) for k in range(8)])
    if not np.isfinite(points).all():
        return float("inf")
    scale = eps * float(np.abs(points).max())
    third = np.abs(np.diff(points, 3)).max()
    return float(max(4 * scale, third))
