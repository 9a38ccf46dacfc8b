"""The checkpoints in a run's folder: writing one, removing older ones, and finding the newest that is undamaged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from zerokara.errors import RunError
from zerokara.runs.checkpoint import Checkpoint, Summary
from zerokara.runs.directory import Directory
from zerokara.runs.folder import RunFolder
from zerokara.runs.layout import CHECKPOINT_NAME, CHECKPOINTS, RECIPE, UNFINISHED_FILE, WEIGHTS
from zerokara.runs.lock import Busy
from zerokara.runs.reading import read_checkpoint
from zerokara.runs.untrusted import NothingBegun, command, damaged, unreadable
from zerokara.training.recipe import Recipe
from zerokara.words import paragraph, plural, sentence

MOST_CHECKPOINTS = 2
LISTED_AT_MOST = 5
"""Times that a folder is listed while somebody writes newer checkpoints and removes those that were listed."""

Read = TypeVar("Read", bound=Summary)


class CheckpointStore:
    """The checkpoints of a run whose folder is held open and locked.

    Args:
        folder: the run's.
        intact: iterations of checkpoints there that are known to be undamaged, oldest first; `write` adds to them, and
            removes all others.
    """

    def __init__(self, folder: RunFolder, intact: Iterable[int] = ()) -> None:
        self.folder, self.intact = folder, list(intact)

    def write(self, iteration: int, content: bytes) -> None:
        """Put a checkpoint in place and keep the newest two. Raises OSError, and FolderLost as `RunFolder.put` does."""
        self.folder.put(_name(iteration), [content], within=CHECKPOINTS)
        self.intact = [*(i for i in self.intact if i != iteration), iteration][-MOST_CHECKPOINTS:]
        with suppress(OSError):
            self._remove_others()

    def newest_in_place(self) -> int | None:
        """The iteration of the newest checkpoint that is known to be undamaged and lies there still; None without."""
        try:
            there = set(self._checkpoints().names())
        except OSError:
            return None
        return next((iteration for iteration in reversed(self.intact) if _name(iteration) in there), None)

    def clear_unfinished(self, *, fresh: bool) -> None:
        """Remove what a killed process had not finished writing, here and in the run's folder.

        Raises Busy where a fresh run would come upon a run that somebody else began meanwhile.
        """
        directories = [self.folder.directory]
        try:
            if self.folder.directory.has(CHECKPOINTS):
                directories.append(self._checkpoints())
            names = {directory: directory.names() for directory in directories}
        except OSError as error:
            raise unreadable(self.folder.path / CHECKPOINTS, error) from error
        if fresh and any(iteration_of(name) is not None for name in names[directories[-1]]):
            text = sentence("{path} holds a run already, and is left as it is.", path=self.folder.path)
            raise Busy(text, "run-exists")
        for directory, found in names.items():
            for name in filter(UNFINISHED_FILE.fullmatch, found):
                with suppress(OSError):
                    directory.remove(name)

    def _checkpoints(self) -> Directory:
        return self.folder.directory.subfolder(CHECKPOINTS)

    def _remove_others(self) -> None:
        directory = self._checkpoints()
        for name in directory.names():
            iteration = iteration_of(name)
            if iteration is not None and iteration not in self.intact:
                with suppress(OSError):
                    directory.remove(name)


def newest(folder: Path, recipe: Recipe) -> tuple[Checkpoint, list[RunError]]:
    """The newest undamaged checkpoint in a folder that anybody may be writing to, and what was wrong with newer ones.

    Raises NothingBegun where there is none at all, RunError where all are damaged.
    """
    return newest_by(read_checkpoint, folder, recipe)


def newest_by(read: Callable[[Path, Recipe], Read], folder: Path, recipe: Recipe) -> tuple[Read, list[RunError]]:
    """What `newest` does, where `read` says how much of a checkpoint is looked at."""
    passed_over: list[RunError] = []
    for _ in range(LISTED_AT_MOST):
        passed_over.clear()
        listed = sorted(numbered(folder), reverse=True)
        for _, path in listed:
            try:
                checkpoint = read(path, recipe)
                if path.name != _name(checkpoint.iteration):
                    raise damaged(path, _misnamed(checkpoint.iteration))
                return checkpoint, passed_over
            except RunError as error:
                passed_over.append(error)
        if all(os.path.lexists(path) for _, path in listed):
            break
    if passed_over:
        text = sentence("No checkpoint of {path} can be used.", path=folder)
        raise RunError(paragraph(text, *map(str, passed_over)), passed_over[0].code)
    raise _nothing_begun(folder)


def numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    """The checkpoints of a run by iteration, in no order, unread. Raises RunError where `checkpoints` is a link."""
    path = folder / CHECKPOINTS
    if not os.path.lexists(path):
        return
    try:
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        names = os.listdir(path)
    except OSError as error:
        raise unreadable(path, error) from error
    for name in names:
        iteration = iteration_of(name)
        if iteration is not None:
            yield iteration, path / name


def iteration_of(name: str) -> int | None:
    """The iteration that a checkpoint of this name holds; None for another file."""
    match = CHECKPOINT_NAME.fullmatch(name)
    return int(match[1]) if match else None


def _nothing_begun(folder: Path) -> NothingBegun:
    anew = command("train", "--recipe", folder / RECIPE)
    if not os.path.lexists(folder / WEIGHTS):
        text = sentence(
            "{path} holds no checkpoint: nothing had begun. Start it anew with: {command}", path=folder, command=anew
        )
        return NothingBegun(text)
    text = sentence(
        "{path} holds no checkpoint: only its results are left, such as {file}. Start it anew with: {command}",
        path=folder,
        file=WEIGHTS,
        command=anew,
    )
    return NothingBegun(text)


def _misnamed(iteration: int) -> str:
    return plural(
        "The file holds the state after {n} update.", "The file holds the state after {n:,} updates.", n=iteration
    )


def _name(iteration: int) -> str:
    return f"{iteration}.safetensors"
