"""Writing a picture where the user is, over nothing that is there already."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

from zerokara.errors import RunError, sentence


def write_picture(content: bytes, out: Path | None, stem: str) -> None:
    """Write a PNG file to `out`, or where that is None to the first free of STEM.png, STEM-2.png, …; say where."""
    names = chain([f"{stem}.png"], (f"{stem}-{n}.png" for n in count(2)))
    path = out or next(path for path in map(Path, names) if not path.exists())
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RunError(
            sentence("{path} could not be written: {reason}.", path=path, reason=error.strerror or error)
        ) from error
    print(f"picture: {path}")
