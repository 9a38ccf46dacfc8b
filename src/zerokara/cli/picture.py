"""Writing a picture or a page where the user is, over nothing that is there already unless they named it."""

from __future__ import annotations

import os
from itertools import chain, count
from pathlib import Path
from typing import Any

from zerokara.errors import RunError, UsageError
from zerokara.files import replace_file
from zerokara.words import sentence


def png_file(type_: Any, tokens: Any) -> Path:
    """A path whose name says what will be in the file. Raises UsageError for another."""
    path = Path(tokens[0].value)
    if path.suffix.lower() != ".png":
        text = sentence("{name} must end in .png. Got {path}.", name=tokens[0].keyword, path=path)
        raise UsageError(text, "wrong-value")
    return path


def write_picture(content: bytes, out: Path | None, stem: str) -> None:
    """Write a PNG file to `out`, or where that is None to the first free of STEM.png, STEM-2.png, …; say where.

    Raises RunError where it cannot be written.
    """
    path = write_where_free(content, out, stem, ".png")
    print(sentence("picture: {path}", path=path))


def write_where_free(content: bytes, out: Path | None, stem: str, suffix: str) -> Path:
    """Write a file to `out`, or where that is None to the first free of these names; where it was written.

    Raises RunError where it cannot be written.
    """
    names = chain([f"{stem}{suffix}"], (f"{stem}-{n}{suffix}" for n in count(2)))
    path = out or next(path for path in map(Path, names) if not os.path.lexists(path))
    write_file(content, path)
    return path


def check_place(option: str, path: Path) -> None:
    """Raises UsageError where no file can be: work shall not end with that."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        text = sentence("{option} needs a file in a folder that is there. Got {path}.", option=option, path=path)
        raise UsageError(text, "wrong-value")


def write_file(content: bytes, path: Path) -> None:
    """Write a file, whole or not at all. Raises RunError where it cannot be written."""
    try:
        replace_file(path, [content])
    except OSError as error:
        raise RunError(
            sentence("{path} could not be written: {reason}.", path=path, reason=error.strerror or error), "file-error"
        ) from error
