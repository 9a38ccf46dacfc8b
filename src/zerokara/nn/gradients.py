"""Gradients by central differences.

`numerical_gradient` of any function is the definition; `network_gradient` is the same for all weights of a
network; `gradient_descent` walks down a gradient. `zerokara.nn.check` compares differences with backpropagation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError
from zerokara.progress import Forecast
from zerokara.words import sentence

if TYPE_CHECKING:
    from zerokara.nn.network import Network

Array = NDArray[Any]


class FastGradient(Protocol):
    """What may stand in for the loop over all weights of a network; see `Engine.numerical_gradient`."""

    def __call__(
        self, network: Network, x: Array, t: Array, *, h: float, only: str | None
    ) -> dict[str, NDArray[np.float64]]: ...


fast_gradient: FastGradient | None = None
"""The slot for a faster way to the same differences. `zerokara` fills it on import; alone, nn takes the loop."""


faster_function: Callable[[Callable[[Array], Any], Array, float], Array | None] | None = None
"""The slot for a way around the loop for functions that are recognised; it answers None for all others."""


def numerical_gradient(f: Callable[[Array], Any], x: ArrayLike, *, h: float = 1e-4, accelerate: bool = False) -> Array:
    """The gradient of a scalar function by central differences, (f(x + h) - f(x - h)) / 2h (textbook, chapter 4.4).

    Args:
        f: called with x, an element of which was moved by h; returns one number. It is called 2 · x.size times.
        x: floats of any shape. An array is changed in place and restored, also when f raises, so that an f which
            ignores its argument and reads that array works.
        h: the step. The error of a central difference grows with h² and, by rounding, with 1/h; 1e-4 suits float64.
            Where it is lost beside an element, as 1e-4 is beside 1 in float16, the difference is 0.
        accelerate: look into f first. If it is proven to be the loss of a fully connected network that reads x, the
            same differences come from the engine, and f is called a few times only.

    Returns:
        An array of the shape and dtype of x.

    Says on standard error how long it will take when that is more than a few seconds. Raises UsageError for an
    integer or read-only array, for an f that does not return one number, and for an h that is not positive.

    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    x = _floats(x)
    _check_step(h)
    if accelerate and faster_function is not None and (found := faster_function(f, x, h)) is not None:
        return found
    grad = np.zeros(x.shape, x.dtype)
    with Forecast(x.size, "numerical gradient", "elements") as forecast:
        for index in np.ndindex(x.shape):
            grad[index] = _central_difference(f, x, index, h)
            forecast.advance()
    return grad


def _central_difference(f: Callable[[Array], Any], x: Array, index: tuple[int, ...], h: float) -> float:
    before = x[index]
    try:
        x[index] = before + h
        above = _one_number(f(x))
        x[index] = before - h
        below = _one_number(f(x))
    finally:
        x[index] = before
    return (above - below) / (2 * h)


def gradient_descent(
    f: Callable[[Array], Any], x0: ArrayLike, learning_rate: float = 0.01, steps: int = 100
) -> NDArray[np.float64]:
    """Walk down the numerical gradient of f: x ← x - learning_rate · ∇f(x) (textbook, chapter 4.4.1).

    Returns:
        The path, (steps + 1, *x0.shape): x0 first, where the walk ended last. x0 itself is not changed.

    >>> path = gradient_descent(lambda x: (x ** 2).sum(), [-3.0, 4.0], learning_rate=0.1, steps=100)
    >>> path[0], bool(abs(path[-1]).max() < 1e-8)
    (array([-3.,  4.]), True)
    """
    x = np.array(x0, dtype=np.float64)
    path = [x.copy()]
    for _ in range(steps):
        x -= learning_rate * numerical_gradient(f, x)
        path.append(x.copy())
    return np.array(path)


def network_gradient(
    network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-4, only: str | None = None, method: str = "auto"
) -> dict[str, Array]:
    """The central differences of a network's loss; see `Network.numerical_gradient`."""
    if method not in ("auto", "loop"):
        raise UsageError(sentence("method must be auto or loop. Got {got!r}.", got=method))
    if only is not None and only not in network.params:
        raise UsageError(
            sentence("only must be one of {known}. Got {got!r}.", known=", ".join(network.params), got=only)
        )
    if network.dtype != np.float64:
        raise UsageError(
            sentence(
                "A numerical gradient needs a float64 network: in {dtype} a difference with h = {h} is mostly "
                "rounding. Use network.copy(np.float64).",
                dtype=network.dtype,
                h=h,
            )
        )
    _check_step(h)
    network.loss(x, t)  # refuses x and t that do not fit, before any work
    if method == "auto" and fast_gradient is not None and network._has_standard_loss:
        return dict(fast_gradient(network, np.asarray(x), np.asarray(t), h=h, only=only))
    names = list(network.params) if only is None else [only]
    return {name: numerical_gradient(lambda _: network.loss(x, t), network.params[name], h=h) for name in names}


def _floats(x: ArrayLike) -> Array:
    array = np.asarray(x)
    if array.dtype.kind != "f":
        raise UsageError(
            sentence(
                "x must be an array of floats. Got {dtype}: adding h = 1e-4 to an integer changes nothing, so its "
                "gradient would silently come out wrong. Use x.astype(float).",
                dtype=array.dtype,
            )
        )
    if not array.flags.writeable:
        raise UsageError("x is read-only, and its elements must be moved by h and put back. Use x.copy().")
    return array


def _check_step(h: float) -> None:
    if not (np.isfinite(h) and h > 0):
        raise UsageError(sentence("h must be a positive number. Got {got}.", got=h))


def _one_number(value: Any) -> float:
    """The value of f as a number of its own: f may have returned a view of the x that is about to change."""
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "fiub":
        raise UsageError(
            sentence("f must return one number. Got {dtype} of shape {shape}.", dtype=number.dtype, shape=number.shape)
        )
    return float(number.reshape(()))
