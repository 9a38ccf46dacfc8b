"""One thread for NumPy's small matrix products.

NumPy's library divides even a product of 100 × 784 by 784 × 50 among all cores, which gains nothing: it takes 0.2 ms on
one. But where another program wants a core, too, the threads wait for each other for milliseconds, and burn the rest.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from typing import Any

SMALL = 2**24
"""Multiplications in a matrix product that are over before a second thread has begun."""


def one_thread(multiplications: int = 0) -> AbstractContextManager[Any]:
    """For the time of a `with`, let NumPy multiply matrices on one core, if they are small."""
    controller = _blas() if multiplications <= SMALL else None
    return nullcontext() if controller is None else controller.limit(limits=1)


@cache
def _blas() -> Any:
    """What sets the number of threads; None where threadpoolctl is not installed."""
    try:
        threadpoolctl = import_module("threadpoolctl")
    except ImportError:
        return None
    return threadpoolctl.ThreadpoolController().select(user_api="blas")
