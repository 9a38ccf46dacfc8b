"""Ctrl-C, SIGTERM and a closed terminal as a flag that is polled, instead of an exception that strikes anywhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.words import plural

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Signals:
    """How many signals have come."""

    count = 0


@contextmanager
def stop_on_signals(stop: NDArray[np.uint8]) -> Iterator[Signals]:
    """Within this context the signals raise `stop`, also a second and a third time; before and after, nothing changes.

    Only the main thread may handle signals; in another one this does nothing.
    """
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return

    def raise_stop(signum: int, frame: Any) -> None:
        stop[0] = 1
        signals.count += 1

    heard = [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]  # nohup wants it so
    before = {signum: signal.signal(signum, raise_stop) for signum in heard}
    try:
        yield signals
    finally:
        for signum, handler in before.items():
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)


class Interrupted(KeyboardInterrupt):
    """A run was stopped by Ctrl-C, SIGTERM or SIGHUP; what it had done is in `run`, and on disk."""

    def __init__(self, run: Any) -> None:
        text = plural(
            "stopped after {n} update; kept in {path}",
            "stopped after {n:,} updates; kept in {path}",
            n=run.iterations,
            path=run.path,
        )
        super().__init__(text)
        self.run = run
