"""One core for what is computed beside a training, so that it does not have to wait for its own threads.

See `zerokara.recognise.threads`: NumPy's library divides even small products among all cores, and where a training has
these, a question that takes 5 ms takes 50, and holds the training up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from zerokara.recognise.threads import one_thread
from zerokara.runs.machine import let_this_thread_limit

_limiting = Lock()


@contextmanager
def one_core(engine: str) -> Iterator[None]:
    """Within this context NumPy multiplies on one core.

    Args:
        engine: that of the training. Where it multiplies by the same library, nothing is changed: how many threads
            share a product decides its last bits.
    """
    if engine != "compiled":
        yield
        return
    with _limiting:
        let_this_thread_limit()
        with one_thread():
            yield
