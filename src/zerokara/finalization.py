"""Threads that still work when Python ends: a kernel shut down, a server stopped, a script whose daemon thread trains.

Python ends a daemon thread wherever it next asks for Python's lock. Code in Rust or C++ that it has called does not
survive that (safetensors aborts), and a matrix library that computes meanwhile may wait for itself forever (OpenBLAS).
So work passes by `rest` now and then. When Python is about to end, it stays there, in plain Python, and ends quietly.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident

GRACE_SECONDS = 1.0
"""How long Python's end waits at most for work to come to rest; a chunk of training takes 0.05."""
REST_SECONDS = 10.0
"""How long work rests: longer than Python takes to end. Whoever waits for that work even then, such as another function
of `atexit`, waits no longer than this."""

_working: set[int] = set()
"""The threads within `working`."""
_resting_until = 0.0
_ending_thread = 0
_last: list[Callable[[], None]] = []


@contextmanager
def working() -> Iterator[None]:
    """What is done in here is waited for when Python ends, up to the thread's next `rest`. It begins with one."""
    me = get_ident()
    outermost = me not in _working
    _working.add(me)  # before the look at the end, which looks in here after it has begun: one sees the other
    try:
        rest()
        yield
    finally:
        if outermost:
            _working.discard(me)


def rest() -> None:
    """Stay here if Python is about to end, in all threads but the one that ends it."""
    left = _resting_until - time.monotonic() if _resting_until else 0.0
    me = get_ident()
    if left <= 0 or me == _ending_thread:
        return
    worked = me in _working
    _working.discard(me)
    time.sleep(left)
    if worked:
        _working.add(me)


def after_all_work(function: Callable[[], None]) -> None:
    """Have a function called when Python ends, after all work has come to rest."""
    _last.append(function)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_working.clear)  # a child has only the thread that forked


@atexit.register
def _end() -> None:
    global _resting_until, _ending_thread
    _ending_thread = get_ident()
    _resting_until = time.monotonic() + REST_SECONDS
    deadline = time.monotonic() + GRACE_SECONDS
    while _working - {_ending_thread} and time.monotonic() < deadline:
        time.sleep(0.001)
    for function in _last:
        function()
