"""Curves as inline SVG: a few hundred points with the smallest and the largest kept, in colours of the style sheet.

The drawing is stretched to its place, and what is written stands beside it as HTML: so letters keep their size on a
telephone, and lines their width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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
    """A curve as the template needs it: name, style, and the `d` of its path."""

    name: str
    style: str
    path: str


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
    y_range: tuple[float, float] | None = None,
) -> Chart | None:
    """The chart of these curves; None where none has a finite point.

    Args:
        y_range: from where to where; None: from the smallest to the largest, by a logarithmic axis where they are far
            apart.
    """
    shown = [curve for curve in curves if np.isfinite(curve.y).any()]
    if not shown:
        return None
    last = max(max(float(curve.x[-1]) for curve in shown), 1e-9)
    values = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in shown]).astype(np.float64)
    low, high = y_range or (float(values.min()), float(values.max()))
    logarithmic = y_range is None and low > 0 and high / low >= WIDE
    if logarithmic:
        low, high, y_ticks = _log_axis(low, high)
    else:
        low, high, y_ticks = _axis(low if y_range else min(low, 0.0), high)
    each = MOST_POINTS // len(shown)
    drawn = [Drawn(c.name, c.style, _path(c, last, (low, high), logarithmic, each)) for c in shown]
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


def _path(curve: Curve, last: float, y_range: tuple[float, float], logarithmic: bool, most: int) -> str:
    kept = thinned(np.asarray(curve.y, np.float64), most // 2 if curve.marks else most)
    y = np.asarray(curve.y, np.float64)[kept]
    finite = np.isfinite(y)
    low, high = y_range
    with np.errstate(all="ignore"):
        share = (
            (np.log10(y) - math.log10(low)) / (math.log10(high) - math.log10(low))
            if logarithmic
            else ((y - low) / (high - low))
        )
    across = SIDE * np.asarray(curve.x, np.float64)[kept] / last
    down = SIDE * (1 - np.where(finite, share, 0.0))
    return "".join(_steps(across, down, finite, curve.marks))


def _steps(across: Floats, down: Floats, finite: NDArray[np.bool_], marks: bool) -> Iterable[str]:
    pen = False
    points = list(zip(across.tolist(), down.tolist(), finite.tolist(), strict=True))
    for k, (x, y, there) in enumerate(points):
        if not there:
            pen = False
            continue
        lonely = not pen and (k + 1 == len(points) or not points[k + 1][2])
        yield f"{'L' if pen else 'M'}{_short(x)} {_short(y)}"
        if lonely or marks:
            yield "h0"  # with round caps, a dot
        pen = True


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
    """The same in powers of ten, with 2 and 5 between where there are few."""
    first, last = math.log10(low), math.log10(high)
    margin = 0.03 * (last - first)
    first, last = first - margin, last + margin
    decades = range(math.floor(first), math.ceil(last) + 1)
    every = max(1, -(-len(decades) // 8))
    between = (1, 2, 5) if last - first < 3 else (1,)
    places = [digit * 10.0**decade for decade in decades if not decade % every for digit in between]
    inside = [place for place in places if first <= math.log10(place) <= last]
    ticks = (Tick((math.log10(place) - first) / (last - first), _written(place)) for place in inside)
    return 10.0**first, 10.0**last, tuple(ticks)


def _written(value: float) -> str:
    """A number of an axis, without the noise of its last digits."""
    value = float(f"{value:.10g}")
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e7 else f"{value:g}"
