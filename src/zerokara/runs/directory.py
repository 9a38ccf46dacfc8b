"""A folder held open: what is written goes into it and no other, whatever becomes of its name meanwhile.

A path says where to look, not what is found there: while a network trains, its folder may be renamed, moved or removed,
and another run may take the name. So a run holds a descriptor of its folder, and every file is opened, renamed and
removed relative to that (`dir_fd`). Where the system has no such calls (Windows), the folder is recognised by device
and inode before each write, and looked for beside its old place.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from zerokara.files import replace_file, sync_folder

HAS_DIR_FD = {os.open, os.rename, os.unlink, os.mkdir, os.rmdir, os.stat} <= os.supports_dir_fd and (
    os.listdir in os.supports_fd
)
_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_REMOVED = " (deleted)"
"""What Linux appends to the path of an open file that was removed."""

_F_GETPATH = 50
"""macOS, <sys/fcntl.h>: the path of an open file."""


class Directory:
    """An open folder. Its methods raise OSError as those of `os` do; FileNotFoundError where it was removed.

    Attributes:
        path: where it was seen last. For sentences and readers; nothing is written by way of it if that can be helped.
    """

    def __init__(self, path: Path, within: Directory | None = None) -> None:
        """Open a folder, or with `within` the folder of that name in another one, where no link is followed."""
        self.path: Path = path if within is None else within.path / path
        self.handle: int | None = None
        if HAS_DIR_FD:
            flags, start = (_FLAGS, None) if within is None else (_FLAGS | _NO_LINK, within.handle)
            self.handle = os.open(path, flags, dir_fd=start)
            closing = weakref.finalize(self, os.close, self.handle)
            closing.atexit = False  # a daemon thread may be writing still, and the number be another file's next
        self.status = os.stat(self.path) if self.handle is None else os.fstat(self.handle)

    def where(self) -> Path | None:
        """Where it is now; None where it was removed, or cannot be found."""
        for path in self._candidates():
            if self._is_at(path):
                self.path = path
                return path
        return None

    def last_seen(self) -> Path:
        """Where it is, or was when it was removed, as far as the system tells."""
        found, named = self.where(), str(self._named_by_system())
        if found is None and named.endswith(_REMOVED):
            return self._shown(Path(named.removesuffix(_REMOVED)))
        return found or self.path

    def is_gone(self) -> bool:
        """Whether it was removed; without descriptors, whether it cannot be found."""
        return os.fstat(self.handle).st_nlink == 0 if self.handle is not None else self.where() is None

    def replace(self, name: str, pieces: Iterable[Any]) -> None:
        """Write one file, whole or not at all; see `zerokara.files.replace_file`."""
        path, handle = self._at(name)
        replace_file(path, pieces, dir_fd=handle)

    def open(self, name: str, flags: int) -> int:
        """A descriptor of one file, as `os.open` gives it."""
        path, handle = self._at(name)
        return os.open(path, flags, 0o666, dir_fd=handle)

    def stat(self, name: str) -> os.stat_result:
        """What the system knows about one file; a link is not followed."""
        path, handle = self._at(name)
        return os.stat(path, dir_fd=handle, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether there is anything of that name."""
        with suppress(OSError):
            self.stat(name)
            return True
        return False

    def remove(self, name: str) -> None:
        """Remove one file."""
        path, handle = self._at(name)
        os.unlink(path, dir_fd=handle)

    def remove_folder(self, name: str) -> None:
        """Remove one folder with all that is in it."""
        path, handle = self._at(name)
        shutil.rmtree(path, dir_fd=handle)

    def names(self) -> list[str]:
        """The names of all that lies in it."""
        return os.listdir(self._at("")[0] if self.handle is None else self.handle)

    def subfolder(self, name: str) -> Directory:
        """The folder of that name in this one, made where it is missing. A link is refused, as ELOOP."""
        path, handle = self._at(name)
        try:
            os.mkdir(path, dir_fd=handle)
            sync_folder(path.parent, dir_fd=handle)  # or a power cut might take it, with every checkpoint in it
        except FileExistsError:
            if stat.S_ISLNK(self.stat(name).st_mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        return Directory(Path(name), within=self)

    def _at(self, name: str) -> tuple[Path, int | None]:
        """A path and the folder it starts from, as the functions of `os` take them."""
        if self.handle is not None:
            return Path(name), self.handle
        found = self.where()
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path / name))
        return found / name, None

    def _is_at(self, path: Path) -> bool:
        with suppress(OSError, ValueError):
            return os.path.samestat(os.stat(path), self.status)
        return False

    def _candidates(self) -> Iterator[Path]:
        """Where it may be, the likeliest first."""
        yield self.path
        named = self._named_by_system()
        if named is not None:
            yield self._shown(named)
        with suppress(OSError), os.scandir(self.path.parent) as beside:
            yield from (self.path.with_name(entry.name) for entry in beside)

    def _named_by_system(self) -> Path | None:
        """The absolute path of the open folder as Linux and macOS tell it."""
        if self.handle is None:
            return None
        with suppress(OSError):
            if sys.platform == "darwin":
                from fcntl import fcntl

                return Path(os.fsdecode(fcntl(self.handle, _F_GETPATH, bytes(1024)).rstrip(b"\0")))
            return Path(os.readlink(f"/proc/self/fd/{self.handle}"))
        return None

    def _shown(self, path: Path) -> Path:
        """The same path as it was given: as seen from the working directory, where it lies below that."""
        if not self.path.is_absolute():
            with suppress(OSError, ValueError):
                return path.relative_to(Path.cwd())
        return path
