"""The names of a learner's frame that runs, read so that nothing of it is kept."""

from __future__ import annotations

import sys
from inspect import CO_OPTIMIZED
from types import FrameType
from typing import Any

__all__ = ["CO_OPTIMIZED", "names_of", "nearest_of_learner"]


def nearest_of_learner(frame: FrameType) -> FrameType:
    """The frame itself, or the nearest of those that called it, that is not zerokara's."""
    while str(frame.f_globals.get("__name__", "")).startswith("zerokara.") and frame.f_back is not None:
        frame = frame.f_back
    return frame


def names_of(frame: FrameType) -> dict[str, Any]:
    """The names of a frame over those of its module."""
    names = dict(frame.f_globals)
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return names | dict(frame.f_locals)  # of a module or a class: no copy, but its very names
    present = frame.f_locals
    names |= present
    # Until Python 3.12 a frame keeps what it has shown. What the learner lets go of shall go, so it is taken out,
    # unless the learner holds the same dict, by `locals()`: that has then been brought up to date, as tracers do it.
    if sys.version_info < (3, 13) and sys.getrefcount(present) <= _OURS:
        code = frame.f_code
        for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
            present.pop(name, None)
    return names


_OURS = 3
"""References to what a frame shows: the frame's, ours, and that of the call that counts."""
