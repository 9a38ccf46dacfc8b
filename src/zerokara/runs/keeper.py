"""The listener that keeps a run safe while it trains: checkpoints in the folder `checkpoints`, the newest two.

One before the first update, one whenever two seconds have passed, one at the end. Where writing one takes long, because
the network is large or the disk slow, the next one waits until a hundred times as long has passed, but never more than
half a minute: that keeps the cost under one percent. Time is that of a clock that never jumps. A file that cannot be
written ends the run with a sentence; those that are there stay as they are.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from zerokara.data.atomic import replace_file
from zerokara.errors import RunError, sentence
from zerokara.runs.checkpoint import Checkpoint, checkpoint_file
from zerokara.runs.reading import UNFINISHED, NothingBegun, command, damaged
from zerokara.runs.run import state_of
from zerokara.runs.verify import read_checkpoint
from zerokara.training.events import Advanced, Ended, Event, Started
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer

CHECKPOINTS = "checkpoints"
SECONDS_BETWEEN = 2.0
MOST_SECONDS_BETWEEN = 30.0
SHARE = 0.01
"""Of the time, for writing checkpoints."""

KEPT = 2
_NAME = re.compile(r"([0-9]{1,16})\.safetensors")


class Keeper:
    """Writes the checkpoints of one run.

    Args:
        folder: the run's folder.
        trainer: whose state is kept.
        facts: what stays the same while it trains: recipe, engine, versions, processor level, threads, checksum of the
            data, when the run began, whether it keeps going, and what was forced.
        good: iterations of checkpoints that are whole; others are removed when there are new ones.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        folder: Path,
        trainer: Trainer,
        facts: dict[str, Any],
        good: Iterable[int] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.trainer, self.facts, self.clock = folder, trainer, facts, clock
        self.good = list(good)
        self.due = clock() + SECONDS_BETWEEN
        self.seconds = 0.0
        """Time spent on writing checkpoints."""

    def __call__(self, event: Event) -> None:
        match event:
            case Started() if not self.good:
                self.save()
            case Advanced() if self.clock() >= self.due:
                self.save()
            case Ended():
                self.save()

    def save(self) -> None:
        """Write a checkpoint of where the trainer is now; one whose numbers are not finite only if it keeps going."""
        if not (self.trainer.keep_going or self.trainer.is_finite()):
            return
        began = self.clock()
        path = self.folder / CHECKPOINTS / f"{self.trainer.iteration}.safetensors"
        try:
            path.parent.mkdir(exist_ok=True)
            _refuse_link(path.parent)
            replace_file(path, [checkpoint_file(self.trainer, {**self.facts, "state": state_of(self.trainer)})])
        except OSError as error:
            raise self._not_written(error) from error
        self.good = [*(i for i in self.good if i != self.trainer.iteration), self.trainer.iteration][-KEPT:]
        self._remove_others()
        now = self.clock()
        self.due = now + max(SECONDS_BETWEEN, min((now - began) / SHARE, MOST_SECONDS_BETWEEN))
        self.seconds += now - began

    def save_if_whole(self) -> None:
        """Save after an error that struck between two updates; after one within an update there is nothing whole."""
        if self.trainer.optimizer.steps == self.trainer.iteration:
            self.save()

    def _remove_others(self) -> None:
        for iteration, path in numbered(self.folder):
            if iteration not in self.good:
                with suppress(OSError):
                    path.unlink()

    def _not_written(self, error: OSError) -> RunError:
        text = sentence(
            "The checkpoint of update {iteration:,} could not be written: {reason}.",
            iteration=self.trainer.iteration,
            reason=error.strerror or error,
        )
        if self.good:
            text += sentence(
                " That of update {last:,} is intact. Make room, then go on with: {command}",
                last=self.good[-1],
                command=command("resume", self.folder),
            )
        return RunError(text)


def newest(folder: Path, recipe: Recipe) -> tuple[Checkpoint, list[str]]:
    """The newest checkpoint that is whole, and what was wrong with newer ones.

    Raises NothingBegun where there is none at all, RunError where all are damaged.
    """
    passed_over: list[str] = []
    for _, path in sorted(numbered(folder), reverse=True):
        try:
            checkpoint = read_checkpoint(path, recipe)
            if path.name != f"{checkpoint.iteration}.safetensors":
                raise damaged(path, sentence("it holds the state after {n:,} updates", n=checkpoint.iteration))
            return checkpoint, passed_over
        except RunError as error:
            passed_over.append(str(error))
    if passed_over:
        raise RunError(
            sentence("No checkpoint of {path} can be used. {reasons}", path=folder, reasons=" ".join(passed_over))
        )
    raise NothingBegun(
        sentence(
            "{path} holds no checkpoint: {what}. Start it anew with: {command}",
            path=folder,
            what=sentence("only its results are left, such as weights.safetensors")
            if os.path.lexists(folder / "weights.safetensors")
            else sentence("nothing had begun"),
            command=command("train", "--recipe", folder / "recipe.toml"),
        )
    )


def numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    """The checkpoints of a run by iteration, in no order, unread. Raises RunError where `checkpoints` is a link."""
    for entry in _entries(folder / CHECKPOINTS):
        match = _NAME.fullmatch(entry.name)
        if match:
            yield int(match[1]), Path(entry.path)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote into this run."""
    for place in (folder, folder / CHECKPOINTS):
        for entry in _entries(place):
            if UNFINISHED.fullmatch(entry.name):
                with suppress(OSError):
                    os.unlink(entry.path)


def _entries(place: Path) -> list[os.DirEntry[str]]:
    if not os.path.lexists(place):
        return []
    try:
        if place.name == CHECKPOINTS:
            _refuse_link(place)
        with os.scandir(place) as entries:
            return list(entries)
    except OSError as error:
        raise damaged(place, error.strerror or error) from error


def _refuse_link(place: Path) -> None:
    if place.is_symlink():
        raise damaged(place, sentence("it is a link"))
