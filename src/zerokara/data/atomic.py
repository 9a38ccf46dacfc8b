"""Putting a whole file in place, so that nobody ever sees half of one."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def replace_file(path: Path, pieces: Iterable[Any]) -> None:
    """Write `pieces` (bytes or buffers) to a file of a unique name beside `path`, then rename it to `path`.

    A reader sees the old file or the new one; after a power cut there is one of the two. Several processes may do
    this at once: the last one wins, and they never share a temporary file.

    Raises:
        OSError: nothing is left behind, and an old file stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        with open(temporary, "xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last beyond a power cut, where the system lets a folder be opened (not Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
