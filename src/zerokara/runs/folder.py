"""A run's folder: held open, and written so that nothing is ever half there or overwritten.

`zerokara.runs.layout` says what lies in it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from zerokara.errors import Code, RunError, UsageError
from zerokara.files import sync_folder
from zerokara.runs.layout import LOCK_FILE
from zerokara.runs.lock import Lock
from zerokara.words import sentence

ROOM_FOR_REPORTS = 2_000_000
"""Bytes that pictures, CSV and JSON of an ordinary run need at most, besides weights and losses."""


class FolderLost(RunError):
    """A run's folder is gone, cannot be found, or can hold nothing to go on from: there is only what is in memory."""

    code: Code = "run-lost"


class RunFolder:
    """One run's folder, held open. Every write replaces a whole file; a failed one raises RunError and leaves the old
    file. What is locked is written into only while the lock is in place, so never into what took the folder's name.

    Raises RunError where the folder cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.lock = Lock(path)
        self.directory = self.lock.directory

    @property
    def path(self) -> Path:
        """Where the folder was seen last."""
        return self.directory.path

    @classmethod
    def create(
        cls, out: Path, name: str | None, dataset: str, *, empty: bool = False, option: str = "--name"
    ) -> RunFolder:
        """A new, empty folder in `out`: `name`, or the next free of DATASET-001, DATASET-002, …

        With `empty`, a folder of that name may exist, if nothing has begun in it. `option`: what the name was given by.

        Raises:
            UsageError: for a name that is not a plain one, or that exists.
            RunError: when the folder cannot be made.
        """
        if name is not None:
            _check_name(name, option)
        try:
            out.mkdir(parents=True, exist_ok=True)
            if name is None:
                path = _make_numbered(out, Path(dataset).resolve().name or "run")
            else:
                path = _make(out, name, empty, option)
            with suppress(PermissionError):  # a folder may be written to and not read
                sync_folder(out)
        except OSError as error:
            raise RunError(
                sentence(
                    "No run folder can be made in {out}: {reason}. Nothing was trained. Choose another with --out.",
                    out=out,
                    reason=error.strerror or error,
                ),
                "run-not-written",
            ) from error
        return cls(path)

    def where(self) -> Path:
        """Where the folder is now. Raises FolderLost where it is gone or cannot be found."""
        self.check_mine()
        path = self.directory.where()
        if path is None:
            raise FolderLost(
                sentence("{path} was moved while it was being trained, and cannot be found from here.", path=self.path)
            )
        return path

    def check_mine(self) -> None:
        """Raise FolderLost where the folder was removed, or its lock file, which anybody could take anew."""
        gone = self.directory.is_gone()
        if not gone and self.lock.is_in_place():
            return
        path = self.directory.last_seen()
        if gone or self.directory.is_gone():  # asked again: it may have gone between the two looks
            raise FolderLost(sentence("{path} was removed while it was being trained.", path=path))
        text = sentence(
            "The file {lock} of {path}, which says who may write there, was removed while it was being trained.",
            path=path,
            lock=LOCK_FILE,
        )
        raise FolderLost(text)

    def check_in_place(self) -> None:
        """Raise RunError where the path does not lead to this folder any more: what was read by it is not from here."""
        given = self.path
        if self.directory.where() != given:
            text = sentence(
                "{path} was moved while it was being read. Nothing was changed. Try again where it is now.", path=given
            )
            raise RunError(text, "run-lost")

    def put(self, name: str, pieces: Iterable[Any], within: str | None = None) -> None:
        """Write one file, whole or not at all, into the folder or into a folder in it, which is made if need be.

        Raises FolderLost where the folder is not ours any more, OSError where anything else is in the way.
        """
        # Looked at before, so that nobody else's folder is written into; where writing fails, because that may be why;
        # and after, because it may have been lost meanwhile.
        self.check_mine()
        try:
            into = self.directory if within is None else self.directory.subfolder(within)
            into.replace(name, pieces)
        except OSError:
            self.check_mine()
            raise
        try:
            self.check_mine()
        except FolderLost:
            with suppress(OSError):  # whoever removed the folder while this was written does not want it there
                into.remove(name)
            raise

    def check_space(self, needed: int) -> None:
        """Raise RunError where the disk has less room than `needed` bytes, so that training need not begin."""
        free = shutil.disk_usage(self.path).free
        if free < needed:
            self.remove_empty()
            raise RunError(
                sentence(
                    "The disk of {path} has {free:,} bytes free, and this run needs about {needed:,}. Nothing was "
                    "trained. Make room, or choose another place with --out.",
                    path=self.path.parent,
                    free=free,
                    needed=needed,
                ),
                "run-not-written",
            )

    def remove_empty(self) -> None:
        """Take the folder back if nothing was written into it."""
        path = self.directory.where()
        if path is not None and not self.directory.names():
            path.rmdir()

    def write(self, name: str, content: bytes | str) -> None:
        """Write one file, whole or not at all. Raises RunError where it cannot be written, FolderLost as `put` does."""
        data = content.encode() if isinstance(content, str) else content
        try:
            self.put(name, [data])
        except OSError as error:
            raise RunError(
                sentence(
                    "{file} could not be written: {reason}. What was already in {path} is untouched.",
                    file=self.path / name,
                    reason=error.strerror or error,
                    path=self.path,
                ),
                "run-not-written",
            ) from error

    def write_all(self, files: Iterable[tuple[str, bytes | str]]) -> None:
        """Write every file that can be written; then raise one RunError if some could not."""
        failed: list[str] = []
        for name, content in files:
            try:
                self.write(name, content)
            except FolderLost:
                raise
            except RunError as error:
                failed.append(str(error))
        if failed:
            raise RunError("\n".join(failed), "run-not-written")


def _check_name(name: str, option: str) -> None:
    plain = (
        isinstance(name, str)
        and name.isprintable()
        and not set(name) & set('/\\:*?"<>|')
        and name[:1] not in ("", ".", "-", " ")
    )
    if not plain or len(os.fsencode(name)) > 100:
        raise UsageError(
            sentence(
                "{option} must be a plain folder name of at most 100 bytes, without / and not starting with . or -. "
                "Got {name!r}. Use --out to choose where runs are kept.",
                option=option,
                name=name,
            ),
            "wrong-value",
        )


def _make(out: Path, name: str, may_exist: bool, option: str) -> Path:
    path = out / name
    try:
        path.mkdir()
    except FileExistsError:
        if may_exist and path.is_dir():
            return path
        raise UsageError(
            sentence(
                "{path} exists and is left as it is. Choose another {option}, or remove it.", path=path, option=option
            ),
            "run-exists",
        ) from None
    return path


def _make_numbered(out: Path, stem: str) -> Path:
    """Make the first folder of STEM-001, STEM-002, … that does not exist."""
    return make_first(out / f"{stem}-{number:03}" for number in count(1))


def make_first(paths: Iterator[Path]) -> Path:
    """Make the first of these folders that does not exist yet."""
    for path in paths:
        with suppress(FileExistsError):
            path.mkdir()
            return path
    raise AssertionError("the names never end")
