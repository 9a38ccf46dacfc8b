"""The textbook's `common.gradient`: gradients by central differences (chapter 4.3 and 4.4)."""

import sys
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.numerical import NUMERICAL_GRADIENT
from zerokara.progress import Forecast, Lines, Moment
from zerokara.recognise import accelerated
from zerokara.runner.slow_loops import slow_loops
from zerokara.words import sentence, translatable

__all__ = ["_numerical_gradient_1d", "np", "numerical_gradient", "numerical_gradient_2d"]

Array = NDArray[Any]
Function = Callable[[Any], Any]

H = 1e-4

SLOW_FROM = 50
"""Elements from which on a loop may take seconds."""

faster: Callable[[Function, Array], Array | None] | None = accelerated
"""The slot for a faster way to the same differences: asked first, it answers None for what only the loop can do."""


def numerical_gradient(f: Function, x: Array) -> Array:
    """The gradient of f by central differences, (f(x + h) - f(x - h)) / 2h with h = 1e-4.

    Args:
        f: called 2 · x.size times with x itself, an element of which was moved in place; so an f that ignores its
            argument and reads that array (`self.params["W1"]`) works.
        x: an array of any shape. Its elements are moved one by one in C order, and restored bit for bit.

    Returns:
        An array of the shape and dtype of x. For an array of integers it is wrong, as in the textbook: adding h to an
        integer changes nothing.

    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    if faster is not None and (grad := faster(f, x)) is not None:
        return grad
    code = getattr(f, "__code__", None)
    if x.size >= SLOW_FROM and isinstance(code, CodeType):
        slow_loops.left_to_loop(code, (x.shape,), "", sys._getframe(1))  # why it is a loop, `faster` has said
    grad = np.zeros_like(x)
    with _Progress(x.size) as progress:
        for index in np.ndindex(x.shape):
            grad[index] = _difference(f, x, index)
            progress.advance()
    return grad


def _difference(f: Function, x: Array, index: tuple[int, ...]) -> Any:
    before = x[index]
    try:
        x[index] = float(before) + H
        above = f(x)
        x[index] = float(before) - H
        below = f(x)
    finally:
        x[index] = before
    return (above - below) / (2 * H)


_numerical_gradient_1d = numerical_gradient


def numerical_gradient_2d(f: Function, X: Array) -> Array:
    """The gradient of f at one point X (d,), or at each row of X (n, d); f gets one point (d,) at a time."""
    if X.ndim == 1:
        return numerical_gradient(f, X)
    grad = np.zeros_like(X)
    for i, x in enumerate(X):
        grad[i] = numerical_gradient(f, x)
    return grad


LATER_GRADIENT = Lines(
    running=translatable(
        "numerical gradient: {done:,} of {total:,} elements, {elapsed} so far, about {left} left "
        "(long gradient number {number:,})"
    ),
    ended=translatable(
        "numerical gradient: done after {done:,} of {total:,} elements, {elapsed} (long gradient number {number:,})"
    ),
    stopped=translatable(
        "numerical gradient: stopped after {done:,} of {total:,} elements, {elapsed} (long gradient number {number:,})"
    ),
)


class _Progress(Forecast):
    """A forecast that grows quieter: of the gradients that take long it tells of the 1st, 2nd, 4th, 8th, …

    A training of 10,000 updates would otherwise write tens of thousands of lines. One that is interrupted leaves how
    far it was as a note on the KeyboardInterrupt.
    """

    long_ones = 0

    def __init__(self, total: int) -> None:
        super().__init__(total, NUMERICAL_GRADIENT)
        self.number = 0

    def _write(self, moment: Moment, end: str, **times: str) -> None:
        if not self.number:
            _Progress.long_ones += 1
            self.number = _Progress.long_ones
            if self.number > 1:
                self.lines, self.facts = LATER_GRADIENT, {"number": self.number}
        if self.number.bit_count() == 1:
            super()._write(moment, end, **times)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            text = sentence(
                "The numerical gradient had done {done:,} of {total:,} elements.", done=self.done, total=self.total
            )
            error.add_note(text)
