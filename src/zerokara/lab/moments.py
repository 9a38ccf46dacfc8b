"""Where a training was, kept in memory so that one can go back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from zerokara.training.events import Advanced, Event, Started
from zerokara.training.trainer import Moment, Trainer

MOST = 64
MOST_BYTES = 64_000_000
SECONDS_BETWEEN = 0.1


class Moments:
    """A listener that keeps at most 64 moments, and at most 64 MB of them, besides the one that training began with.

    The further back, the fewer there are: from a moment that is kept to an update in between there are never many more
    updates to be done again than about a tenth of those since.
    """

    def __init__(self, trainer: Trainer, earlier: Sequence[Moment] = ()) -> None:
        self._trainer = trainer
        now = trainer.moment()
        size = sum(array.nbytes for array in now.arrays)
        self._most = max(1, min(MOST, MOST_BYTES // max(size, 1)))
        self._kept = [*(moment for moment in earlier if moment.iteration < now.iteration), now]
        self._due = 0.0

    def __call__(self, event: Event) -> None:
        """Keep this one if some time has passed since the latest."""
        if isinstance(event, Started | Advanced) and time.monotonic() >= self._due:
            self.keep()

    def keep(self) -> None:
        """Keep where the trainer is now."""
        self._due = time.monotonic() + SECONDS_BETWEEN
        if self._trainer.iteration > self._kept[-1].iteration:
            self._kept = [*self._thinned(self._trainer.iteration), self._trainer.moment()]

    def all(self) -> list[Moment]:
        """Those that are kept, in order."""
        return list(self._kept)

    def up_to(self, iteration: int) -> list[Moment]:
        """Those at or before an iteration."""
        return [moment for moment in self._kept if moment.iteration <= iteration]

    def before(self, iteration: int) -> Moment:
        """The latest one at or before an iteration."""
        return self.up_to(iteration)[-1]

    def _thinned(self, now: int) -> Iterator[Moment]:
        """All, or all but the one that leaves the smallest gap for its age."""
        kept = self._kept
        if len(kept) <= self._most:
            return iter(kept)
        gaps = [
            (kept[i + 1].iteration if i + 1 < len(kept) else now) - kept[i - 1].iteration for i in range(1, len(kept))
        ]
        ages = [now - moment.iteration for moment in kept[1:]]
        least = min(range(len(gaps)), key=lambda i: gaps[i] / ages[i]) + 1
        return iter(kept[:least] + kept[least + 1 :])
