"""The loss of every update, in at most 12,000 points, for whoever looks on.

Updates are put into buckets of equal width; when all buckets are full, neighbours are joined and the width doubles. Of
each bucket there is the lowest, the mean and the highest loss, and the smoothed loss at its end. Nothing depends on how
the losses were cut into chunks, and nothing is ever computed again over the whole history.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 12_000
SMOOTHED_OVER = 0.01, 10, 1_000
"""The share of the run's updates that the smoothed loss looks back over, and the fewest and the most of them."""
SMOOTHED_OVER_DONE = 0.1
"""The share of the updates done so far that it looks back over at most: losses fall fast at first, and it follows."""


@dataclass(frozen=True)
class Piece:
    """Some buckets one after the other.

    Attributes:
        offset: number of the first bucket; width: updates in a bucket. The last one may have fewer yet.
        updates: that all buckets up to the last one of this piece hold.
        losses: (m, 3) float64 lowest, mean and highest loss of each bucket.
        smoothed: (m,) float64 the smoothed loss after the last update of each bucket.
    """

    offset: int
    width: int
    updates: int
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]


class Curve:
    """Takes losses in one thread, and gives pieces to others.

    The smoothed loss after update n is a mean of the losses up to it, whose weights all shrink by exp(-1 / τₙ) with
    update n. τₙ is a tenth of the n updates, but at least 10 and at most τ. Losses that are not finite are left out.

    Args:
        total: updates in the whole run. Of them τ is a hundredth, but at least 10 and at most 1,000.
        most: points; even.
    """

    def __init__(self, total: int, most: int = MOST_POINTS) -> None:
        share, fewest, longest = SMOOTHED_OVER
        self.smoothed_over = min(max(share * total, fewest), longest)
        self._sum = self._weight = 0.0
        self._smoothed = 0
        self._width = 1
        self._points = np.empty((most, 4))
        self._whole = 0
        self._rest = np.empty((0, 2))
        self._coming: deque[NDArray[np.float64]] = deque()
        self._lock = Lock()

    def feed(self, losses: NDArray[np.float64]) -> None:
        """Take the losses of the next updates, (m,); they must not change any more."""
        self._coming.append(losses)

    def piece(self, width: int = 0, updates: int = 0) -> Piece:
        """What is new to somebody who has all up to `updates` in buckets of `width`; all of it after the width changed.

        The first bucket of the piece replaces one that was not full.
        """
        with self._lock:
            while self._coming:
                self._take(self._coming.popleft())
            offset = min(updates // width, self._whole) if width == self._width else 0
            points = self._points[offset : self._whole]
            if len(self._rest):
                points = np.concatenate([points, _bucket(self._rest[np.newaxis])])
            held = self._whole * self._width + len(self._rest)
            return Piece(offset, self._width, held, points[:, :3].copy(), points[:, 3].copy())

    def _take(self, losses: NDArray[np.float64]) -> None:
        self._rest = np.concatenate([self._rest, np.column_stack([losses, self._smooth(losses)])])
        while (count := min(len(self._rest) // self._width, len(self._points) - self._whole)) > 0:
            taken = count * self._width
            self._points[self._whole : self._whole + count] = _bucket(self._rest[:taken].reshape(count, -1, 2))
            self._whole += count
            self._rest = self._rest[taken:]
            if self._whole == len(self._points):
                self._join()

    def _join(self) -> None:
        left, right = self._points[::2], self._points[1::2]
        lowest, highest = np.minimum(left[:, 0], right[:, 0]), np.maximum(left[:, 2], right[:, 2])
        joined = np.column_stack([lowest, (left[:, 1] + right[:, 1]) / 2, highest, right[:, 3]])
        self._whole = len(joined)
        self._points[: self._whole] = joined
        self._width *= 2

    def _smooth(self, losses: NDArray[np.float64]) -> list[float]:
        smoothed = []
        total, weight = self._sum, self._weight
        for n, loss in enumerate(losses.tolist(), self._smoothed + 1):
            over = min(max(SMOOTHED_OVER_DONE * n, SMOOTHED_OVER[1]), self.smoothed_over)
            keeps = math.exp(-1 / over)
            total, weight = total * keeps, weight * keeps
            if math.isfinite(loss):
                total, weight = total + loss, weight + 1.0
            smoothed.append(total / weight if weight else math.nan)
        self._sum, self._weight = total, weight
        self._smoothed += len(losses)
        return smoothed


@np.errstate(over="ignore", invalid="ignore")  # losses of a run that goes on without finite numbers
def _bucket(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 4) lowest, mean, highest and last smoothed loss of rows (m, updates, 2) of losses and smoothed ones."""
    losses = np.ascontiguousarray(rows[:, :, 0])
    return np.column_stack([losses.min(axis=1), losses.mean(axis=1), losses.max(axis=1), rows[:, -1, 1]])
