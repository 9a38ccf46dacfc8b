"""What a look at a learner's training may touch is put back: random states, warnings, signals, the folder."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np


@contextmanager
def undisturbed() -> Iterator[None]:
    """Whatever runs meanwhile leaves no trace in what a learner's code may depend on.

    Nor are a learner's own objects cleared away meanwhile by the garbage collector: their `__del__` is theirs.
    """
    collects = gc.isenabled()
    gc.disable()
    states = np.random.get_state(legacy=False), random.getstate()
    folder = _folder()
    try:
        with np.errstate(all="ignore"), _no_warnings():
            yield
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])
        if folder is not None and _folder() != folder:
            os.chdir(folder)
        if collects:
            gc.enable()


def _folder() -> str | None:
    """The working folder; None where it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return None


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Nothing is warned of meanwhile, and what was warned of once is still known afterwards.

    `warnings.catch_warnings` makes Python forget the latter, so that a warning would appear a second time.
    """
    before, version = warnings.filters, _version()
    try:
        # A list of its own, in its place: what changes the filters in the common way also says that they have changed.
        warnings.filters = [("ignore", None, Warning, None, 0)]
        yield
    finally:
        warnings.filters = before
        now = _version()
        if now != version:
            for module in list(sys.modules.values()):
                registry = getattr(module, "__dict__", {}).get("__warningregistry__")
                if isinstance(registry, dict) and registry.get("version") == version:
                    registry["version"] = now


def _version() -> Any:
    """The number that Python gives to the filters, and that what was warned of goes by."""
    registry: dict[Any, Any] = {}
    before = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        warnings.warn_explicit("", UserWarning, "zerokara", 1, registry=registry)
    finally:
        warnings.filters = before
    return registry.get("version")


@contextmanager
def signals_kept(kept: list[int]) -> Iterator[None]:
    """Signals that handlers of Python's are there for are collected meanwhile. Ctrl-C twice ends what goes on.

    A handler that was called in the midst of a look would raise there what the learner's own code is to catch.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def keep(number: int, frame: FrameType | None) -> None:
        again = number == signal.SIGINT and number in kept
        if number not in kept:
            kept.append(number)
        if again:
            raise KeyboardInterrupt

    # Not by `signal`, whose enumerations would take a tenth of a millisecond each time.
    handlers = {number: _signal.getsignal(number) for number in _SIGNALS}
    theirs = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for number in theirs:
            _signal.signal(number, keep)
        yield
    finally:
        for number, handler in theirs.items():
            _signal.signal(number, handler)


_SIGNALS = tuple(map(int, signal.valid_signals()))
