"""Gradients by differences, central ones but where others are asked for.

`numerical_gradient` of any function is the definition; `gradient_descent` walks down a gradient. `layer_differences`
are the same differences for all weights of a layer in NumPy, by moving units instead of weights.

The definition evaluates the whole network twice per weight. But the weight from input i to unit j moves only the score
of unit j, in sample n to a ± h · x[n, i]. So it is enough to move each unit of each sample to these two points and to
evaluate what follows. Inputs that are 0 move nothing, and equal inputs of a sample share their points. h, the points
and the results are those of the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError
from zerokara.nn.arguments import array, is_integer, number, positive, real_numbers
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.layers import Affine, Layer
from zerokara.progress import Forecast, Lines
from zerokara.words import sentence, translatable

Array = NDArray[Any]
Floats = NDArray[np.float64]
Terms = Callable[[Array, Array], Array]
"""What a loss sums over the classes, (n, classes), from scores and targets of that shape."""
Stop = NDArray[np.uint8] | None
"""A flag, (1,), that another thread or a signal may raise: once it is not 0, what is left to do is left."""

NUMERICAL_GRADIENT = Lines(
    running=translatable("numerical gradient: {done:,} of {total:,} elements, {elapsed} so far, about {left} left"),
    ended=translatable("numerical gradient: done after {done:,} of {total:,} elements, {elapsed}"),
    stopped=translatable("numerical gradient: stopped after {done:,} of {total:,} elements, {elapsed}"),
)

CENTRAL = FiniteDifference.central(1.0)

ELEMENTS_AT_ONCE = 2**17
"""How large an array of moved units gets: few calls of NumPy, but temporaries that fit in the processor's cache."""

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
    positive("h", h)
    if not callable(f):
        raise UsageError(
            sentence("f must be a function of x that returns one number. Got {got!r:.80}.", got=f), "wrong-value"
        )
    if accelerate and faster_function is not None and (found := faster_function(f, x, h)) is not None:
        return found
    return looped_gradient(f, x, h)


def looped_gradient(f: Callable[[Array], Any], x: Array, h: float, stop: Stop = None) -> Array:
    """The definition itself, for an x that can be changed in place; unfinished once `stop` is raised."""
    grad = np.zeros(x.shape, x.dtype)
    with Forecast(x.size, NUMERICAL_GRADIENT) as forecast:
        for index in np.ndindex(x.shape):
            if stop is not None and stop[0]:
                break
            above, below = evaluated_beside(f, x, index, h)
            grad[index] = (above - below) / (2 * h)
            forecast.advance()
    return grad


def evaluated_beside(f: Callable[[Array], Any], x: Array, index: tuple[int, ...], h: float) -> tuple[float, float]:
    """f where one element of x is moved up by h, and where it is moved down; x is restored."""
    before = x[index]
    try:
        x[index] = before + h
        above = _one_number(f(x))
        x[index] = before - h
        return above, _one_number(f(x))
    finally:
        x[index] = before


def gradient_descent(
    f: Callable[[Array], Any], x0: ArrayLike, learning_rate: float = 0.01, steps: int = 100
) -> NDArray[np.float64]:
    """Walk down the numerical gradient of f: x ← x - learning_rate · ∇f(x) (textbook, chapter 4.4.1).

    Returns:
        The path, (steps + 1, *x0.shape): x0 first, where the walk ended last. x0 itself is not changed.

    Raises UsageError for an x0 that is not made of numbers, and for a rate or steps that cannot be used.

    >>> path = gradient_descent(lambda x: (x ** 2).sum(), [-3.0, 4.0], learning_rate=0.1, steps=100)
    >>> path[0], bool(abs(path[-1]).max() < 1e-8)
    (array([-3.,  4.]), True)
    """
    x = real_numbers("x0", x0).astype(np.float64)
    number("learning_rate", learning_rate)
    if not is_integer(steps) or steps < 0:
        raise UsageError(sentence("steps must be a whole number of 0 or more. Got {got!r}.", got=steps), "wrong-value")
    path = [x.copy()]
    for _ in range(steps):
        x -= learning_rate * numerical_gradient(f, x)
        path.append(x.copy())
    return np.array(path)


def _floats(x: ArrayLike) -> Array:
    floats = array("x", x)
    if floats.dtype.kind != "f":
        raise UsageError(
            sentence(
                "x must be an array of floats. Got {dtype}: adding h = 1e-4 to an integer changes nothing, so its "
                "gradient would silently come out wrong. Use x.astype(float).",
                dtype=floats.dtype,
            ),
            "wrong-value",
        )
    if not floats.flags.writeable:
        raise UsageError(
            sentence("x is read-only, and its elements must be moved by h and put back. Use x.copy()."), "wrong-value"
        )
    return floats


def _one_number(value: Any) -> float:
    """The value of f as a number of its own: f may have returned a view of the x that is about to change."""
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "fiub":
        raise UsageError(
            sentence("f must return one number. Got {dtype} of shape {shape}.", dtype=number.dtype, shape=number.shape),
            "wrong-value",
        )
    return float(number.reshape(()))


@dataclass(frozen=True)
class ForwardPass:
    """Samples on their way through a network, kept to be moved. They are columns: NumPy is fast along the last axis."""

    layers: Sequence[Layer]  # affine, elementwise, affine, …, affine
    terms: Terms
    inputs: list[Floats]  # of each affine layer: (fan_in, n)
    scores: list[Floats]  # what it makes of them, before activation: (fan_out, n)
    targets: Floats  # (classes, n)

    @classmethod
    def through(cls, layers: Sequence[Layer], terms: Terms, x: Floats, targets: Floats) -> ForwardPass:
        """Of samples x (n, features) with targets (n, classes)."""
        inputs, scores = [], []
        for layer in layers:
            if isinstance(layer, Affine):
                inputs.append(x.T)
            x = layer.forward(x)
            if isinstance(layer, Affine):
                scores.append(np.array(x.T, order="C"))  # never x itself: the next layer may work in place
        return cls(layers, terms, inputs, scores, np.ascontiguousarray(targets.T))

    def samples(self, which: NDArray[np.intp]) -> ForwardPass:
        """These samples, each as often as it is named; without inputs."""
        return replace(self, scores=[s[:, which] for s in self.scores], targets=self.targets[:, which], inputs=[])

    def losses(self, scores: Floats) -> Floats:
        """The loss of each sample, (n,), for scores (classes, n)."""
        each: Floats = self.terms(scores.T, self.targets.T).sum(axis=1)
        return each

    def losses_after(self, number: int, unit: int, shift: Floats) -> Floats:
        """The loss of each sample, (n,), when one unit of affine layer `number`, from 0, moves by shift, (n,)."""
        old, at = self.scores[number][unit], 2 * number
        if at == len(self.layers) - 1:
            scores = self.scores[number].copy()
            scores[unit] = old + shift
            return self.losses(scores)
        activation, following = self.layers[at + 1], self.layers[at + 2]
        assert isinstance(following, Affine)
        rise = activation.forward(old + shift) - activation.forward(old.copy())
        scores = self.scores[number + 1] + following.W[unit][:, np.newaxis] * rise  # only this unit's part is new
        for layer in self.layers[at + 3 :]:
            scores = np.ascontiguousarray(layer.forward(scores.T).T)
        return self.losses(scores)


def layer_differences(
    passed: ForwardPass,
    number: int,
    h: float | Floats,
    points: FiniteDifference = CENTRAL,
    *,
    weights: bool = True,
    stop: Stop = None,
) -> Floats:
    """(L(w + h) - L(w - h)) / 2h for all weights w of affine layer `number` and, as one more row, of its biases.

    Args:
        h: one step for all, or that of each row, (fan_in + 1,).
        points: which difference quotient it is for a step of 1.
        weights: whether the weights are asked for; without, their rows are 0.
        stop: once it is raised, the result is all 0.

    Returns:
        (fan_in + 1, fan_out).
    """

    def difference(moved: ForwardPass, unit: int, shift: Floats) -> Floats:
        above, below = (moved.losses_after(number, unit, point * shift) for point in points)
        return above - below

    return _summed(passed, number, h, difference, weights, stop) / points.width


def layer_inexactness(passed: ForwardPass, number: int, h: Floats) -> Floats:
    """By how much `layer_differences` may miss the derivative, measured with half the step; in its shape.

    A difference's truncation is 4/3 of what separates it from that of half the step, where the loss is smooth. Where
    the slope jumps by J at a distance of d h from w, it is J/2 (1 - d), and the slopes on both sides of w, which else
    differ by half as much for half the step, tell: with D = (L(w + h) - 2 L(w) + L(w - h)) / h,
    2 |wide - narrow| + |D(h) - 2 D(h/2)| is J (d + |1 - 3d|) for d < 1/2, and 2 J (1 - d) or more beyond. It is added
    up sample by sample, so that no two kinks cancel.
    """

    def inexactness(moved: ForwardPass, unit: int, shift: Floats) -> Floats:
        at = [moved.losses_after(number, unit, part * shift) for part in (1, -1, 0.5, -0.5)]
        above, below, nearer_above, nearer_below = (losses - moved.losses(moved.scores[-1]) for losses in at)
        return step_halving_error(above, below, nearer_above, nearer_below)

    return _summed(passed, number, h, inexactness)


def step_halving_error(above: Floats, below: Floats, nearer_above: Floats, nearer_below: Floats) -> Floats:
    """h times what `layer_inexactness` derives, from how far the loss moves at w + h, w - h, w + h/2 and w - h/2."""
    truncation = np.abs(above - below - 2 * (nearer_above - nearer_below))
    jump = np.abs(above + below - 4 * (nearer_above + nearer_below))
    error: Floats = truncation + jump
    return error


def _summed(
    passed: ForwardPass,
    number: int,
    h: float | Floats,
    moved_losses: Callable[[ForwardPass, int, Floats], Floats],
    weights: bool = True,
    stop: Stop = None,
) -> Floats:
    """Of every weight the mean over the samples of what `moved_losses` says of a unit's shifts, over h.

    A bias is the weight of one more input, which is always 1.
    """
    n = passed.targets.shape[1]
    unfinished = np.zeros((len(passed.inputs[number]) + 1, len(passed.scores[number])))
    if stop is not None and stop[0]:
        return unfinished
    inputs = np.vstack([passed.inputs[number] * weights, np.ones(n)])
    h = np.broadcast_to(h, len(inputs))
    rows, samples = np.nonzero(inputs)
    # Weights whose shift of a sample is the same, as those of equal pixels, share two points: each is evaluated once.
    distinct, which = np.unique(np.stack([samples, h[rows] * inputs[rows, samples]]), axis=1, return_inverse=True)
    owners, shifts = distinct[0].astype(np.intp), distinct[1]
    found = np.zeros((len(passed.scores[number]), len(shifts)))
    at_once = max(1, ELEMENTS_AT_ONCE // max(map(len, passed.scores[number:])))
    for start in range(0, len(shifts), at_once):
        part = slice(start, start + at_once)
        moved, shift = passed.samples(owners[part]), shifts[part]
        for unit, row in enumerate(found):
            if stop is not None and stop[0]:
                return unfinished
            row[part] = moved_losses(moved, unit, shift)
    sums = [np.bincount(rows, row[which.reshape(-1)], len(inputs)) for row in found]
    summed: Floats = np.stack(sums, axis=1) / (h[:, np.newaxis] * n)
    return summed


def penalty_differences(weights: Floats, decay: float, h: float | Floats) -> Floats:
    """The same of the penalty ½ λ Σ W², in which every weight stands by itself: in the shape of the weights."""
    penalties: Floats = 0.5 * decay * ((weights + h) ** 2 - (weights - h) ** 2) / (2 * h)
    return penalties
