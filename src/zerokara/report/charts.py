"""Curves as inline SVG: a few hundred points with the smallest and the largest kept, in colours of the style sheet.

The drawing is stretched to its place, and what is written stands beside it as HTML: so letters keep their size on a
telephone, and lines their width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

MOST_POINTS = 1_500
"""Of all curves of a drawing."""
SIDE = 1000
"""Units of a drawing, both ways; one is less than a pixel."""
WIDE = 20.0
"""From this ratio of the largest value to the smallest on, an axis is logarithmic."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve of a chart.

    Attributes:
        name: what it is, for people.
        style: the class of the style sheet that colours it.
        x, y: (n,) its points, x ascending; y may have gaps of numbers that are not finite.
        marks: whether each point has a dot.
    """

    name: str
    style: str
    x: NDArray[Any]
    y: NDArray[Any]
    marks: bool = False


@dataclass(frozen=True)
class Tick:
    """A line of a grid: where, as a share of the axis, and what is written there."""

    place: float
    text: str


@dataclass(frozen=True)
class Drawn:
    """A curve as the template needs it: name, style, the `d` of its path, and that of its dots."""

    name: str
    style: str
    path: str
    dots: str


@dataclass(frozen=True)
class Chart:
    """A drawing with what stands around it.

    Attributes:
        title: what it shows; alt: the same with its figures, for those who cannot see it.
        x_name, y_name: of the axes.
        curves: the later ones lie above.
        x_ticks, y_ticks: from left to right, from below to above.
    """

    title: str
    alt: str
    x_name: str
    y_name: str
    curves: tuple[Drawn, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def chart(
    curves: Sequence[Curve],
    *,
    title: str,
    alt: str,
    x_name: str,
    y_name: str,
    x_end: float = 1.0,
    y_range: tuple[float, float] | None = None,
) -> Chart | None:
    """The chart of these curves; None where none has a finite point.

    Args:
        x_end: how far the axis leads at least.
        y_range: from where to where; None: from the smallest to the largest, by a logarithmic axis where they are far
            apart.
    """
    shown = [curve for curve in curves if np.isfinite(curve.y).any()]
    if not shown:
        return None
    last = max(x_end, *(float(curve.x[-1]) for curve in shown))
    values = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in shown]).astype(np.float64)
    low, high = y_range or (float(values.min()), float(values.max()))
    logarithmic = y_range is None and low > 0 and high / low >= WIDE
    if logarithmic:
        low, high, y_ticks = _log_axis(low, high)
    else:
        low, high, y_ticks = _axis(low if y_range else min(low, 0.0), high)
    each = MOST_POINTS // len(shown)
    drawn = [Drawn(c.name, c.style, *_paths(c, last, (low, high), logarithmic, each)) for c in shown]
    return Chart(title, alt, x_name, y_name, tuple(drawn), _axis(0.0, last, exact=True)[2], y_ticks)


def thinned(y: Floats, most: int) -> NDArray[np.int64]:
    """Indices of at most so many points that keep the shape: of each stretch the smallest and the largest, both ends.

    Points that are not finite are left out; one stays where a stretch has no other, so that there is a gap.

    >>> thinned(np.array([0.0, 5.0, 1.0, 2.0, 9.0, 3.0, 4.0, 2.0]), 6).tolist()
    [0, 1, 4, 7]
    """
    n = len(y)
    if n <= most:
        return np.arange(n)
    bounds = np.linspace(0, n, max((most - 2) // 2, 1) + 1).astype(np.int64)
    starts = bounds[:-1]
    finite = np.isfinite(y)
    low = _first_of(np.where(finite, y, np.inf), bounds, np.minimum)
    high = _first_of(np.where(finite, y, -np.inf), bounds, np.maximum)
    kept = np.concatenate([np.where(finite[low], low, starts), np.where(finite[high], high, starts), [0, n - 1]])
    return np.unique(kept)


def _first_of(y: Floats, bounds: NDArray[np.int64], extreme: np.ufunc) -> NDArray[np.int64]:
    """The index of the first smallest, or largest, value of each stretch."""
    best = np.repeat(extreme.reduceat(y, bounds[:-1]), np.diff(bounds))
    candidates = np.where(y == best, np.arange(len(y)), len(y))
    return np.asarray(np.minimum.reduceat(candidates, bounds[:-1]))


def _paths(curve: Curve, last: float, y_range: tuple[float, float], logarithmic: bool, most: int) -> tuple[str, str]:
    """The line of a curve, and its dots: those of all points, or of points that no line leads to."""
    y = np.asarray(curve.y, np.float64)
    kept = thinned(y, most // 2 if curve.marks else most)
    y, x = y[kept], np.asarray(curve.x, np.float64)[kept]
    low, high = y_range
    if logarithmic:
        with np.errstate(all="ignore"):
            y = np.log10(y)
    there = np.isfinite(y)
    across, down = SIDE * x / last, SIDE * (1 - (np.where(there, y, low) - low) / (high - low))
    before, after = np.append(False, there[:-1]), np.append(there[1:], False)
    places = [f"{_short(a)} {_short(d)}" for a, d in zip(across.tolist(), down.tolist(), strict=True)]
    line = "".join(
        f"{'L' if led else 'M'}{place}" for place, led, is_ in zip(places, before, there, strict=True) if is_
    )
    dotted = there if curve.marks else there & ~before & ~after
    return line, "".join(f"M{place}h0" for place, has in zip(places, dotted, strict=True) if has)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _axis(low: float, high: float, *, exact: bool = False) -> tuple[float, float, tuple[Tick, ...]]:
    """Ends of an axis, and four to eight round numbers on it. `exact`: whether it ends where the values do."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    if not exact:
        low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    places = step * np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return low, high, tuple(Tick((place - low) / (high - low), _written(place)) for place in places.tolist())


def _log_axis(low: float, high: float) -> tuple[float, float, tuple[Tick, ...]]:
    """Exponents of ten at the ends of an axis, and powers of ten on it, with 2 and 5 between where there are few."""
    first, last = math.log10(low), math.log10(high)
    margin = 0.03 * (last - first)
    first, last = first - margin, min(last + margin, 308.0)
    decades = range(math.floor(first), math.ceil(last) + 1)
    every = max(1, -(-len(decades) // 8))
    between = (1, 2, 5) if last - first < 3 else (1,)
    places = [(digit, decade) for decade in decades if not decade % every for digit in between]
    at = {place: math.log10(place[0]) + place[1] for place in places}
    ticks = (
        Tick((exponent - first) / (last - first), _written(float(f"{digit}e{decade}")))
        for (digit, decade), exponent in at.items()
        if first <= exponent <= last
    )
    return first, last, tuple(ticks)


def _written(value: float) -> str:
    """A number of an axis, without the noise of its last digits."""
    value = float(f"{value:.10g}")
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e7 else f"{value:g}"
