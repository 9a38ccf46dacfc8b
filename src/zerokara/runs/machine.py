"""What the bits of a result depend on besides recipe, data and engine: versions, processor, threads of the BLAS.

A matrix product adds in an order that depends on the instructions the library has chosen for this processor and on how
many threads share the work: with OpenBLAS, the same run on one and on two threads differs from the first update on. So
both are recorded; resuming takes the recorded number of threads, and refuses another processor level.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from zerokara.engine import Engine
from zerokara.version import VERSION


class Environment(NamedTuple):
    """Where a run is computed: where all of it is equal, so are the results, bit for bit."""

    zerokara: str
    numpy: str
    level: str


def environment(engine: Engine) -> Environment:
    """Versions and processor level, here and now."""
    level = getattr(engine, "level", None)
    levels = [platform.machine(), _numpy_level(), *_libraries(), *([f"core {level}"] if level else [])]
    return Environment(VERSION, np.__version__, ", ".join(levels))


def blas_threads() -> int:
    """Threads that the matrix library shares a product among; 0 where nothing is known about it."""
    return max((int(library["num_threads"]) for library in _blas()), default=0)


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Within this context the matrix library uses so many threads; 0 leaves it alone."""
    if threads in (0, blas_threads()):
        yield
        return
    from threadpoolctl import threadpool_limits

    let_this_thread_limit()
    with threadpool_limits(threads, user_api="blas"):
        yield


def let_this_thread_limit() -> None:
    """Have what this thread asks of threadpoolctl be done.

    Since 3.8 only the first thread that limits OpenBLAS may do so, and what others ask for is ignored without a word:
    bits would not be those of the number that is recorded.
    """
    from threadpoolctl import OpenBLASController

    if release := getattr(OpenBLASController, "clear_controlling_thread", None):
        release(force=True)


def _numpy_level() -> str:
    """The highest set of instructions that NumPy's own loops (exp, tanh) use here."""
    found: Any = np.show_config(mode="dicts")
    return str((found.get("SIMD Extensions", {}).get("found") or ["baseline"])[-1])


def _libraries() -> list[str]:
    return sorted({f"{library['internal_api']} {library.get('architecture', '')}".strip() for library in _blas()})


def _blas() -> list[dict[str, Any]]:
    """The matrix libraries that NumPy brought, as threadpoolctl (which scikit-learn depends on) sees them."""
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        return []
    return [
        library for library in threadpool_info() if library["user_api"] == "blas" and "numpy" in library["filepath"]
    ]
