"""Two processes cannot train the same run: a lock that dies with its process.

`flock` on the file `lock` in the run's folder. The system releases it when the process ends, however it ends, so a lock
that a dead process left behind does not exist. Where there is no `flock` (Windows, some network file systems) there is
no lock, and starting the same run twice is up to the user.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import Self

from zerokara.errors import Code, RunError
from zerokara.runs.directory import Directory
from zerokara.runs.layout import LOCK_FILE
from zerokara.words import sentence

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ModuleNotFoundError:  # Windows
    flock = None  # type: ignore[assignment]

TRIES, SECONDS_BETWEEN_TRIES = 20, 0.01
HELD = (errno.EWOULDBLOCK, errno.EACCES)
"""What `flock` says where somebody else has the lock."""

_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""No link is followed, and a pipe of that name is not waited for."""


class Busy(RunError):
    """Somebody else is writing into the run's folder, or has written a run there first."""

    code: Code = "run-busy"


class Lock:
    """The right to write into a run's folder, held from `take` to `release`, or as a context.

    The folder is held open from the beginning, so it is this folder that is locked, whatever becomes of its name.
    Raises RunError where it cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.directory = Directory(folder)
        except OSError as error:
            text = sentence("{path} cannot be opened: {reason}.", path=folder, reason=error.strerror or error)
            raise RunError(text, "file-error") from error
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock; nothing happens if this object has it.

        Raises Busy when another process (or another part of this one) has it, and RunError when `lock` is not a plain
        file.
        """
        if self._handle is not None or flock is None:
            return
        for _ in range(TRIES):
            self._handle = self._open()
            try:
                _lock_patiently(self._handle)
            except OSError as error:
                if error.errno in HELD:
                    self.release()
                    raise self._busy() from None
                return  # a file system without flock
            if self.is_in_place():
                return
            self.release()  # the file was removed between opening and locking it
        raise self._busy()

    def is_in_place(self) -> bool:
        """Whether the file that was locked lies in the folder still; one that was never locked is not missed."""
        if self._handle is None:
            return True
        try:
            return os.path.samestat(self.directory.stat(LOCK_FILE), os.fstat(self._handle))
        except FileNotFoundError:
            return False
        except OSError:  # nobody can tell in a folder that may not be looked into; nor write there
            return True

    def release(self) -> None:
        """Give the lock back; nothing happens without one."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _open(self) -> int:
        try:
            handle = self.directory.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | _CAREFUL)
        except OSError as error:
            text = sentence(
                "{path} cannot be used as the lock of this run: {reason}. Nothing was changed.",
                path=self.directory.path / LOCK_FILE,
                reason=error.strerror or error,
            )
            raise RunError(text, "run-damaged") from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            text = sentence(
                "{path} cannot be used as the lock of this run: it is not a plain file. Nothing was changed.",
                path=self.directory.path / LOCK_FILE,
            )
            raise RunError(text, "run-damaged")
        return handle

    def _busy(self) -> Busy:
        return Busy(
            sentence(
                "{path} is being trained by another process. Nothing was changed. Wait for it, or stop it.",
                path=self.directory.path,
            )
        )


def _lock_patiently(handle: int) -> None:
    """Lock a file. Tries again where somebody else has it, who perhaps only looks, for a moment."""
    for _ in range(TRIES - 1):
        try:
            return flock(handle, LOCK_EX | LOCK_NB)
        except OSError as error:
            if error.errno not in HELD:
                raise
            time.sleep(SECONDS_BETWEEN_TRIES)
    return flock(handle, LOCK_EX | LOCK_NB)


def is_locked(folder: Path) -> bool:
    """Whether some process is writing into this run's folder. Changes nothing there, and needs no right to."""
    if flock is None:
        return False
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDONLY | _CAREFUL)
    except OSError:  # there is none, or none that a process could hold
        return False
    try:
        flock(handle, LOCK_SH | LOCK_NB)  # shared, so that two that look are not in each other's way
    except OSError as error:
        return error.errno in HELD
    finally:
        os.close(handle)
    return False
