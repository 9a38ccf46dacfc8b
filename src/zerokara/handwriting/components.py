"""Connected components of a mask, by its runs and union-find, and what must be known of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Components:
    """The components of a mask: pixels that touch, also at their corners.

    Attributes:
        shape: of the mask.
        starts, ends: (runs,) of each run of pixels in the flat mask, the end not included.
        component: (runs,) of each.
        boxes: (n, 4) top, left, bottom, right of each component; the last two not included.
        area, ink: (n,) how many pixels it has, and the sum of their weights.
    """

    shape: tuple[int, int]
    starts: Ints
    ends: Ints
    component: Ints
    boxes: Ints
    area: NDArray[np.float64]
    ink: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def heights(self) -> Ints:
        """(n,) rows of each box."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def widths(self) -> Ints:
        """(n,) columns of each box."""
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def lengths(self) -> Ints:
        """(n,) the longer side of each box."""
        return np.maximum(self.heights, self.widths)

    @property
    def edges_touched(self) -> Ints:
        """(n,) how many of the four edges of the mask each touches."""
        beyond = np.array([0, 0, *self.shape])
        touched: Ints = (self.boxes == beyond).sum(axis=1)
        return touched

    def mask(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where those components are for which `wanted` (n,) is true."""
        runs = wanted[self.component]
        starts, lengths = self.starts[runs], self.ends[runs] - self.starts[runs]
        before = np.cumsum(lengths) - lengths
        mask = np.zeros(self.shape[0] * self.shape[1], dtype=bool)
        mask[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))] = True
        return mask.reshape(self.shape)


def components_of(mask: NDArray[np.bool_], weights: NDArray[np.float32]) -> Components:
    """The components of a mask (height, width), where each pixel has so much ink."""
    height, width = mask.shape
    padded = np.zeros(1 + height * (width + 1), dtype=bool)  # a run ends with its row, and the first may start there
    padded[1:].reshape(height, width + 1)[:, :width] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = changes[::2], changes[1::2]
    component = _joined(starts, ends, width + 1)
    rows, n = starts // (width + 1), int(component.max(initial=-1)) + 1
    starts, ends = starts - rows, ends - rows  # without the padding
    inked = np.flatnonzero(weights)  # a sum stays what it is without zeros, which most of a drawing is
    sums = np.concatenate([[0.0], np.cumsum(weights.ravel()[inked], dtype=np.float64)])
    of_runs = sums[np.searchsorted(inked, ends)] - sums[np.searchsorted(inked, starts)]
    ink = np.bincount(component, of_runs, minlength=n).astype(np.float64)  # none: integers
    area = np.bincount(component, minlength=n, weights=ends - starts).astype(np.float64)
    boxes = np.empty((n, 4), dtype=np.int64)
    boxes[:, :2], boxes[:, 2:] = max(height, width), 0
    for column, values, least in (
        (0, rows, True), (1, starts - rows * width, True), (2, rows + 1, False), (3, ends - rows * width, False),
    ):  # fmt: skip
        (np.minimum if least else np.maximum).at(boxes[:, column], component, values)
    return Components((height, width), starts, ends, component, boxes, area, ink)


def _joined(starts: Ints, ends: Ints, width: int) -> Ints:
    """(runs,) the number of the component that each run belongs to.

    Runs of neighbouring rows touch where one starts before the other has ended, corners included. Each takes the
    smallest number among those it touches, and that of whomever it took its own from, until nothing changes.
    """
    first = np.searchsorted(ends, starts + width, side="left")  # of the runs below that end at or after its start
    last = np.searchsorted(starts, ends + width, side="right")
    count = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(starts)), count)
    below = np.arange(len(above)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    number = np.arange(len(starts))
    while True:
        one, other = number[above], number[below]
        different = one != other
        if not different.any():
            break
        np.minimum.at(number, np.maximum(one, other)[different], np.minimum(one, other)[different])
        while (number != number[number]).any():
            number = number[number]
    return np.unique(number, return_inverse=True)[1].astype(np.int64)
