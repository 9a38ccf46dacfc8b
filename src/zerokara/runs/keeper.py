"""The listener that keeps a run safe while it trains: checkpoints in the folder `checkpoints`, the newest two.

One before the first update, one whenever two seconds have passed, one at the end. Where writing one takes long, because
the network is large or the disk slow, the next one waits until a hundred times as long has passed, but never more than
half a minute: that keeps the cost under one percent. Time is that of a clock that never jumps. A file that cannot be
written ends the run with a sentence; those that are there stay as they are. Where there is none to go on from either,
that sentence is a `FolderLost`, and `zerokara.runs.rescue` looks for another place.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from zerokara.errors import RunError
from zerokara.runs.checkpoint import Checkpoint, Summary, checkpoint_file
from zerokara.runs.directory import Directory
from zerokara.runs.folder import FolderLost, RunFolder
from zerokara.runs.lock import Busy
from zerokara.runs.reading import UNFINISHED, NothingBegun, command, damaged
from zerokara.runs.run import state_of
from zerokara.runs.verify import read_checkpoint
from zerokara.training.events import Advanced, Ended, Event, Started
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer
from zerokara.words import sentence

CHECKPOINTS = "checkpoints"
SECONDS_BETWEEN = 2.0
MOST_SECONDS_BETWEEN = 30.0
FULL = (errno.ENOSPC, errno.EDQUOT)
SHARE = 0.01
"""Of the time, for writing checkpoints."""

KEPT = 2
LISTED_AT_MOST = 5
"""Times that a folder is listed while somebody writes newer checkpoints and removes those that were listed."""

_NAME = re.compile(r"([0-9]{1,16})\.safetensors")
Read = TypeVar("Read", bound=Summary)


class Keeper:
    """Writes the checkpoints of one run.

    Args:
        folder: the run's folder, held open.
        trainer: whose state is kept.
        facts: what stays the same while it trains: recipe, engine, versions, processor level, threads, checksum of the
            data, when the run began, whether it keeps going, and what was forced.
        good: iterations of checkpoints that are whole; others are removed when there are new ones.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        folder: RunFolder,
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
        content = checkpoint_file(self.trainer, {**self.facts, "state": state_of(self.trainer)})
        try:
            self.folder.put(_name(self.trainer.iteration), [content], within=CHECKPOINTS)
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

    def intact(self) -> int | None:
        """The iteration of the newest checkpoint that was written and lies there still; None without one."""
        try:
            there = set(self._place().names())
        except OSError:
            return None
        return next((iteration for iteration in reversed(self.good) if _name(iteration) in there), None)

    def _place(self) -> Directory:
        return self.folder.directory.subfolder(CHECKPOINTS)

    def _remove_others(self) -> None:
        with suppress(OSError):
            place = self._place()
            for name in place.names():
                iteration = iteration_of(name)
                if iteration is not None and iteration not in self.good:
                    with suppress(OSError):
                        place.remove(name)

    def _not_written(self, error: OSError) -> RunError:
        text = sentence(
            "The checkpoint of update {iteration:,} could not be written: {reason}.",
            iteration=self.trainer.iteration,
            reason=error.strerror or error,
        )
        last = self.intact()
        if last is None:
            return FolderLost(text) if self.trainer.iteration else RunError(text)
        return RunError(
            text
            + sentence(
                " That of update {last:,} is intact. {mend}, then go on with: {command}",
                last=last,
                mend=to_mend(error),
                command=command("resume", self.folder.where()),
            )
        )


def to_mend(error: OSError) -> str:
    """What to do about a file that could not be written."""
    return sentence("Make room") if error.errno in FULL else sentence("Make it possible to write there")


def newest(folder: Path, recipe: Recipe) -> tuple[Checkpoint, list[str]]:
    """The newest checkpoint that is whole, and what was wrong with newer ones.

    Raises NothingBegun where there is none at all, RunError where all are damaged.
    """
    return newest_by(read_checkpoint, folder, recipe)


def newest_by(read: Callable[[Path, Recipe], Read], folder: Path, recipe: Recipe) -> tuple[Read, list[str]]:
    """What `newest` does, where `read` says how much of a checkpoint is looked at."""
    passed_over: list[str] = []
    for _ in range(LISTED_AT_MOST):
        passed_over.clear()
        listed = sorted(numbered(folder), reverse=True)
        for _, path in listed:
            try:
                checkpoint = read(path, recipe)
                if path.name != _name(checkpoint.iteration):
                    raise damaged(path, sentence("it holds the state after {n:,} updates", n=checkpoint.iteration))
                return checkpoint, passed_over
            except RunError as error:
                passed_over.append(str(error))
        if all(os.path.lexists(path) for _, path in listed):
            break
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
    place = folder / CHECKPOINTS
    if not os.path.lexists(place):
        return
    try:
        if place.is_symlink():
            raise damaged(place, sentence("it is a link"))
        names = os.listdir(place)
    except OSError as error:
        raise damaged(place, error.strerror or error) from error
    for name in names:
        iteration = iteration_of(name)
        if iteration is not None:
            yield iteration, place / name


def iteration_of(name: str) -> int | None:
    """The iteration that a checkpoint of this name holds; None for another file."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def prepare(folder: RunFolder, *, fresh: bool) -> None:
    """Make a locked folder ready to be trained in: without what a killed process had not finished writing.

    Raises Busy where a fresh run would come upon a run that somebody else began meanwhile.
    """
    places = [folder.directory]
    try:
        if folder.directory.has(CHECKPOINTS):
            places.append(folder.directory.subfolder(CHECKPOINTS))
        names = {place: place.names() for place in places}
    except OSError as error:
        raise damaged(folder.path / CHECKPOINTS, error.strerror or error) from error
    if fresh and any(iteration_of(name) is not None for name in names[places[-1]]):
        raise Busy(sentence("{path} holds a run already, and is left as it is.", path=folder.path))
    for place, found in names.items():
        for name in filter(UNFINISHED.fullmatch, found):
            with suppress(OSError):
                place.remove(name)


def _name(iteration: int) -> str:
    return f"{iteration}.safetensors"
