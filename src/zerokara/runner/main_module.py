"""Makes the process look to a file as if Python had been started with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType


@contextmanager
def as_main(file: str, args: list[str], *, folder: Path | None = None) -> Iterator[ModuleType]:
    """A fresh `__main__`, with `sys.argv`, `sys.path[0]` and the working folder as `python FILE ARGS` has them.

    Args:
        folder: the working folder, if it is to be another one.

    All is put back at the end.
    """
    before = sys.argv, list(sys.path), sys.modules["__main__"], os.getcwd()
    path = os.path.realpath(file)
    sys.argv = [file, *args]
    first = 1 if sys.path and not sys.flags.safe_path else 0  # with -P, sys.path has no entry for the script's folder
    sys.path[:first] = [os.path.dirname(path)]
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = os.path.join(os.getcwd(), file)
    main.__loader__ = SourceFileLoader("__main__", main.__file__)
    main.__dict__.update(__builtins__=sys.modules["builtins"], __cached__=None, __annotations__={})
    if folder is not None:
        os.chdir(folder)
    try:
        yield main
    finally:
        sys.argv, sys.path[:], sys.modules["__main__"] = before[:3]
        os.chdir(before[3])
