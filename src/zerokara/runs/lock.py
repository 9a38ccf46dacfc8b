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

from zerokara.errors import RunError, sentence

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ModuleNotFoundError:  # Windows
    flock = None  # type: ignore[assignment]

LOCK_FILE = "lock"
TRIES, SECONDS_BETWEEN_TRIES = 20, 0.01
HELD = (errno.EWOULDBLOCK, errno.EACCES)
"""What `flock` says where somebody else has the lock."""

_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Lock:
    """The right to write into a run's folder, held from `take` to `release`, or as a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock; nothing happens if this object has it.

        Raises RunError when another process (or another part of this one) has it, or when `lock` is not a plain file.
        """
        if self._handle is not None or flock is None:
            return
        handle = self._open()
        try:
            _lock_patiently(handle)
        except OSError as error:
            os.close(handle)
            if error.errno in HELD:
                raise RunError(
                    sentence(
                        "{path} is being trained by another process. Nothing was changed. Wait for it, or stop it.",
                        path=self.folder,
                    )
                ) from None
            return  # a file system without flock
        self._handle = handle

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
        path = self.folder / LOCK_FILE
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | _CAREFUL, 0o666)
        except OSError as error:
            raise _unusable(path, error.strerror or error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise _unusable(path, sentence("it is not a plain file"))
        return handle


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


def _unusable(path: Path, reason: object) -> RunError:
    return RunError(
        sentence(
            "{path} cannot be used as the lock of this run: {reason}. Nothing was changed.", path=path, reason=reason
        )
    )


def is_locked(folder: Path) -> bool:
    """Whether some process is writing into this run's folder. Changes nothing there, and needs no right to."""
    if flock is None:
        return False
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDONLY | _CAREFUL)
    except OSError:  # there is none, or none that a process could hold
        return False
    try:
        flock(handle, LOCK_SH | LOCK_NB)
    except OSError as error:
        return error.errno in HELD
    finally:
        os.close(handle)
    return False
