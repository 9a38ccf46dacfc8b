"""A learner's code is run where it can print nothing, write no file, and not go on for ever."""

from __future__ import annotations

import _thread
import builtins
import io
import math
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from zerokara.recognise.threads import one_thread
from zerokara.words import in_english, sentence

LIBRARY = os.path.dirname(os.__file__)
"""Where Python's own modules lie, and installed packages below it."""

LOOKED = 0.05
"""Seconds between two looks at the clocks."""
REPEATED = 0.5
"""Seconds after which code that caught the end of its time is told again."""


class TimeUp(BaseException):
    """The code took longer than it may. It is no Exception, so that `except Exception:` does not keep it."""


def raised(error: BaseException) -> str:
    """What is said of an exception from a learner's code: the last line of theirs that it came through."""
    kind, text, place = type(error).__name__, str(error) or type(error).__name__, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        module, file = str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
        if not module.startswith(("zerokara", "numpy")) and not file.startswith((LIBRARY, "<frozen")):
            place = Path(file).name, line
    if place is None:
        return sentence("The code raised {kind}: “{text}”.", kind=kind, text=text)
    return sentence(
        "The code raised {kind} in line {line} of {name}: “{text}”.", kind=kind, text=text, line=place[1], name=place[0]
    )


class _SilentHere:
    """A stream that keeps what this thread writes to itself."""

    def __init__(self, stream: Any) -> None:
        self._thread, self._kept, self._stream = threading.get_ident(), io.StringIO(), stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept if threading.get_ident() == self._thread else self._stream, name)


@contextmanager
def quietly() -> Iterator[None]:
    """What the code prints or warns of does not appear meanwhile; matrices are multiplied on one core.

    What other threads print does: a learner's may still be at work.
    """
    out, errors = redirect_stdout(_SilentHere(sys.stdout)), redirect_stderr(_SilentHere(sys.stderr))
    with out, errors, one_thread(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def without_files() -> Iterator[None]:
    """Files can be read by this thread meanwhile and not written; nothing is read from the keyboard."""
    here = threading.get_ident()
    opened, at_keyboard, bytecode = builtins.open, sys.stdin, sys.dont_write_bytecode

    def reading(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if set(mode) & set("wax+") and threading.get_ident() == here:
            raise PermissionError(in_english("zerokara check writes no files: {file}", file=file))
        return opened(file, mode, *args, **kwargs)

    builtins.open = io.open = reading
    sys.stdin, sys.dont_write_bytecode = io.StringIO(), True
    try:
        yield
    finally:
        builtins.open = io.open = opened
        sys.stdin, sys.dont_write_bytecode = at_keyboard, bytecode


@contextmanager
def time_limit(seconds: float, computing: float = math.inf) -> Iterator[None]:
    """Raises TimeUp in code that takes longer. Ctrl-C stays Ctrl-C. In the main thread only.

    Args:
        seconds: that may pass.
        computing: seconds that this process may compute, which pass more slowly where others compute too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, done, sent = signal.getsignal(signal.SIGINT), threading.Event(), 0
    until, computed = time.monotonic() + seconds, time.process_time() + computing

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal sent
        if sent:  # not Ctrl-C, but the watcher's own
            sent -= 1
            if not done.is_set():
                raise TimeUp
        elif callable(before):
            before(number, frame)

    def watch() -> None:
        nonlocal sent
        wait = LOOKED
        while not done.wait(wait):
            if time.monotonic() > until or time.process_time() > computed:
                sent, wait = 1, REPEATED
                _thread.interrupt_main()

    watcher = threading.Thread(target=watch, daemon=True)
    signal.signal(signal.SIGINT, on_signal)
    watcher.start()
    try:
        yield
    finally:
        _whatever_comes(done.set)
        _whatever_comes(watcher.join)
        signal.signal(signal.SIGINT, before)


def _whatever_comes(work: Callable[[], object]) -> None:
    """Do it also where the time is up in its midst."""
    try:
        work()
    except TimeUp:
        work()
