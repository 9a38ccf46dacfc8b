"""The listener that keeps a run safe while it trains: it writes checkpoints into the run's folder.

One before the first update, one whenever two seconds have passed, one where training waits for somebody, one soon
after somebody changed a setting, for nothing else tells of that, and one at the end. Where writing one takes long,
because the network is large or the disk slow, the next one waits until a hundred times as long has passed, but never
more than half a minute: that keeps the cost under one percent. Time is that of a clock that never jumps. A file that
cannot be written ends the run with a sentence; those that are there stay as they are. Where there is none to go on
from either, that sentence is a `FolderLost`, and `zerokara.runs.rescue` looks for another place.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from pathlib import Path

from zerokara.errors import RunError
from zerokara.runs.checkpoint import checkpoint_file
from zerokara.runs.folder import FolderLost
from zerokara.runs.layout import CHECKPOINTS
from zerokara.runs.provenance import Provenance
from zerokara.runs.run import state_of
from zerokara.runs.store import CheckpointStore
from zerokara.runs.untrusted import command
from zerokara.training.events import Advanced, Ended, Event, Paused, Started
from zerokara.training.trainer import Trainer
from zerokara.words import paragraph, sentence

logger = logging.getLogger(__name__)

SECONDS_BETWEEN = 2.0
MOST_SECONDS_BETWEEN = 30.0
FULL = (errno.ENOSPC, errno.EDQUOT)
SHARE = 0.01
"""Of the time, for writing checkpoints."""
SECONDS_AFTER_A_CHANGE = 0.25
SHARE_AFTER_A_CHANGE = 0.1
"""The same while somebody changes settings."""


class Checkpointer:
    """Writes the checkpoints of one run.

    Args:
        store: where to.
        trainer: whose state is written.
        provenance: of the run.
        clock: seconds that never go back.

    Attributes:
        due: when the next one is, by that clock.
        seconds: spent on writing so far.
    """

    def __init__(
        self,
        store: CheckpointStore,
        trainer: Trainer,
        provenance: Provenance,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store, self.trainer, self.provenance, self.clock = store, trainer, provenance, clock
        self.due = clock() + SECONDS_BETWEEN
        self.seconds = self._latest = 0.0
        self._changes = trainer.changes

    def __call__(self, event: Event) -> None:
        match event:
            case Started() if not self.store.intact:
                self.save()
            case Advanced() if self._is_due():
                self.save()
            case Ended() | Paused():
                self.save()

    def save(self) -> None:
        """Write a checkpoint of where the trainer is now; one whose numbers are not finite only if it keeps going.

        Raises RunError where it cannot be written; FolderLost where that leaves none to go on from.
        """
        if not (self.trainer.keep_going or self.trainer.is_finite()):
            return
        began, iteration = self.clock(), self.trainer.iteration
        content = checkpoint_file(self.trainer, self.provenance, state_of(self.trainer))
        try:
            self.store.write(iteration, content)
        except OSError as error:
            raise self._not_written(error) from error
        now = self.clock()
        self.due = now + max(SECONDS_BETWEEN, min((now - began) / SHARE, MOST_SECONDS_BETWEEN))
        self._latest = now - began
        self.seconds += self._latest
        logger.info("checkpoint after update %d: %d bytes in %.3f s", iteration, len(content), now - began)

    def _is_due(self) -> bool:
        now = self.clock()
        if self.trainer.changes is not self._changes:  # a change makes a new list
            self._changes = self.trainer.changes
            self.due = min(self.due, now + max(SECONDS_AFTER_A_CHANGE, self._latest / SHARE_AFTER_A_CHANGE))
        return now >= self.due

    def save_between_updates(self) -> None:
        """Save after an error that struck between two updates; within an update the weights are neither nor."""
        if self.trainer.optimizer.steps == self.trainer.iteration:
            self.save()

    def _not_written(self, error: OSError) -> RunError:
        text = _what_failed(error, self.trainer.iteration)
        last = self.store.newest_in_place()
        if last is None:
            return FolderLost(text) if self.trainer.iteration else RunError(text, "run-not-written")
        intact = sentence("The checkpoint of update {last:,} is intact.", last=last)
        return RunError(paragraph(text, intact, _to_mend(error, self.store.folder.where())), "run-not-written")


def _what_failed(error: OSError, iteration: int) -> str:
    if error.errno == errno.ELOOP:
        return sentence(
            "The checkpoint of update {iteration:,} could not be written: {folder} is a link.",
            iteration=iteration,
            folder=CHECKPOINTS,
        )
    return sentence(
        "The checkpoint of update {iteration:,} could not be written: {reason}.",
        iteration=iteration,
        reason=error.strerror or error,
    )


def _to_mend(error: OSError, run: Path) -> str:
    """What to do about a file that could not be written."""
    resume = command("resume", run)
    if error.errno in FULL:
        return sentence("Make room on the disk, then go on with: {command}", command=resume)
    return sentence("Make it possible to write there, then go on with: {command}", command=resume)
