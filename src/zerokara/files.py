"""Putting a whole file in place, so that nobody ever sees half of one."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any


def replace_file(path: Path, pieces: Iterable[Any], *, dir_fd: int | None = None) -> None:
    """Write `pieces` (bytes or buffers) to a file of a unique name beside `path`, then rename it to `path`.

    A reader sees the old file or the new one; after a power cut there is one of the two. Several processes may do
    this at once: the last one wins, and they never share a temporary file. With `dir_fd`, the descriptor of an open
    folder, a relative path starts there, as in `os.open`.

    Raises:
        OSError: nothing is left behind, and an old file stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, 0o666, dir_fd=dir_fd)) as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=dir_fd)
        raise
    sync_folder(path.parent, dir_fd=dir_fd)


def sync_folder(folder: Path, *, dir_fd: int | None = None) -> None:
    """Make a rename in `folder` last beyond a power cut, where the system lets a folder be opened (not Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY, dir_fd=dir_fd)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
