"""Three ways to a gradient, and the proof that two of them agree.

`numerical_gradient` of any function is the definition; `network_gradient` is the same for all weights of a
network; `gradient_descent` walks down a gradient; `gradient_check` compares differences with backpropagation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError, sentence
from zerokara.nn.forecast import Forecast
from zerokara.nn.layers import Affine, Layer, Relu

if TYPE_CHECKING:
    from zerokara.nn.network import Network

Array = NDArray[Any]
Index = tuple[Any, ...]


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
    if method == "auto" and fast_gradient is not None and network.is_plain:
        return dict(fast_gradient(network, np.asarray(x), np.asarray(t), h=h, only=only))
    names = list(network.params) if only is None else [only]
    return {name: numerical_gradient(lambda _: network.loss(x, t), network.params[name], h=h) for name in names}


@dataclass(frozen=True)
class ParameterCheck:
    """How the two gradients of one parameter compare.

    Attributes:
        largest_difference: the largest |numerical - backprop| away from kinks.
        relative_difference: that, divided by the largest |numerical| of the parameter.
        where: the index of that element.
        kinks: how many elements differ by no more than ReLUs account for that switch between w - h and w + h, where
            the loss has no derivative.
        agrees: whether every other element differs by at most `tolerance`.
    """

    name: str
    shape: tuple[int, ...]
    largest_difference: float
    relative_difference: float
    where: tuple[int, ...]
    kinks: int
    tolerance: float
    agrees: bool
    difference: NDArray[np.float64]


@dataclass(frozen=True)
class GradientCheck:
    """The verdict of `gradient_check`, one row per parameter."""

    rows: tuple[ParameterCheck, ...]

    @property
    def agrees(self) -> bool:
        return all(row.agrees for row in self.rows)

    def __str__(self) -> str:
        head = ("parameter", "shape", "largest difference", "relative", "where", "kinks")
        lines = ["{:<10} {:<12} {:>18} {:>9}  {:<12} {:>5}  verdict".format(*head)]
        lines += [
            f"{row.name:<10} {row.shape!s:<12} {row.largest_difference:>18.2e} {row.relative_difference:>9.1e}  "
            f"{row.where!s:<12} {row.kinks:>5}  {'agrees' if row.agrees else 'DISAGREES'}"
            for row in self.rows
        ]
        return "\n".join(lines)


def gradient_check(network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-5) -> GradientCheck:
    """Compare backpropagation with central differences, weight by weight, in float64.

    An element agrees when it differs by at most 1e-5 of the parameter's largest numerical gradient, plus 1e-9 for
    rounding. A real mistake shows at the size of the gradient itself. h is a tenth of the textbook's: the error of a
    central difference, h²/6 · f''', stays below the tolerance even for pixels of 0 to 255 that nobody has scaled.
    """
    network = network.copy(np.float64)
    exact = network.gradient(x, t)
    numerical = network.numerical_gradient(x, t, h=h)
    slopes = _slopes(network, x, t)
    inputs = [layer.x for layer in network.layers if isinstance(layer, Affine)]
    affine = [place for place, layer in enumerate(network.layers) if isinstance(layer, Affine)]
    rows = []
    for i, (given, place) in enumerate(zip(inputs, affine, strict=True), start=1):
        out = given @ network.params[f"W{i}"] + network.params[f"b{i}"]
        later = list(zip(network.layers, slopes, strict=True))[place + 1 :]
        for name, factors in ((f"W{i}", given), (f"b{i}", np.ones((len(given), 1)))):
            rows.append(_compare(name, numerical[name], exact[name], partial(_share_of_kinks, later, out, factors, h)))
    return GradientCheck(tuple(rows))


def _slopes(network: Network, x: ArrayLike, t: ArrayLike) -> list[Array]:
    """What one more in a layer's output adds to the loss, by layer, sample and unit; every layer keeps its input."""
    scores = network._forward(network._rows(x))
    slopes = [network._loss.gradient(scores, network._targets(t, len(scores)))]
    for layer in network.layers[:0:-1]:
        slopes.append(layer.backward(slopes[-1]))
    return slopes[::-1]


def _compare(name: str, numerical: Array, exact: Array, share_of_kinks: Callable[[Index], float]) -> ParameterCheck:
    difference = np.abs(numerical - exact)
    scale = float(np.abs(numerical).max())
    tolerance = 1e-5 * scale + 1e-9
    kinks = [
        index
        for index in zip(*np.nonzero(difference > tolerance), strict=True)
        if difference[index] <= tolerance + share_of_kinks(index)
    ]
    smooth = difference.copy()
    for index in kinks:
        smooth[index] = 0
    where = np.unravel_index(int(np.nanargmax(np.where(np.isfinite(smooth), smooth, np.inf))), smooth.shape)
    largest = float(smooth[where])
    return ParameterCheck(
        name=name,
        shape=difference.shape,
        largest_difference=largest,
        relative_difference=largest / scale if scale else largest,
        where=tuple(map(int, where)),
        kinks=len(kinks),
        tolerance=tolerance,
        agrees=bool(largest <= tolerance),
        difference=difference,
    )


def _share_of_kinks(later: Sequence[tuple[Layer, Array]], out: Array, factors: Array, h: float, index: Index) -> float:
    """How far ReLUs that are on at one of the two points of an element's difference and off at the other may move it.

    Such a ReLU passes on, of what its input moves, any part instead of all or nothing. That is at most |slope| times
    how far the input moves from point to point, over 2h.

    Args:
        later: the layers after the one that the element belongs to, with the slopes of the loss in their outputs.
        out: what that one puts out (samples, units).
        factors: what the element is multiplied by: the layer's input (samples, fan_in); for a bias, ones (samples, 1).
        h: the step.
        index: (input, unit) of a weight, (unit,) of a bias.
    """
    unit = index[-1]
    if not any(isinstance(layer, Relu) for layer, _ in later[1:]):  # the other units do not move
        later = [(layer, slope[:, [unit]]) for layer, slope in later[:1]]
        out, unit = out[:, [unit]], 0
    above, below = out.copy(), out.copy()
    above[:, unit] += h * factors[:, index[0] if len(index) > 1 else 0]
    below[:, unit] -= h * factors[:, index[0] if len(index) > 1 else 0]
    share = 0.0
    for layer, slope in later:
        if isinstance(layer, Relu):
            switching = (above > 0) != (below > 0)
            share += float(np.abs(slope * (above - below))[switching].sum()) / (2 * h)
        above, below = layer.forward(above), layer.forward(below)
    return share


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
