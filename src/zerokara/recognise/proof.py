"""The proof by numbers that a function is the loss of a network. Weights are moved, and always put back bit for bit.

A value can hide what the function does: at scores of 0 the loss is log 10 whatever inputs and labels are, and where
softmax is saturated it is 0. So a function is tried at weights at which the inputs of the activations are about 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.finite_difference import FiniteDifference
from zerokara.recognise.identification import Model, Sample, model_of
from zerokara.recognise.interpreted_code import is_from_elsewhere
from zerokara.recognise.layout import Arrays, layouts, rows_of
from zerokara.recognise.refusal import Refused, RefusedNow
from zerokara.words import sentence

SCALES = (1.0, 0.5, 2.0)
"""How large the inputs a of activations are, about, at the random weights that are tried. Several, because the factor
is taken from the first: two losses that are proportional at one scale are not at another."""

LARGEST_SPREAD = 1e6
"""Inputs may be so small that weights would have to be huge; that far and no further."""

MOST_LAYOUTS = 200

Function = Callable[[Any], Any]
Gradient = Callable[[int], NDArray[np.float64]]


def proven_model(f: Function, x: NDArray[Any], arrays: Arrays, threshold_on: Callable[[set[int]], str | None]) -> Model:
    """The network whose loss f is, at the present weights and at several random ones. Raises Refused if there is none.

    Args:
        f: pure; so how often it is called cannot be seen.
        x: what f is called with.
        arrays: all arrays that f reads, by number.
        threshold_on: the threshold in f's code that depends on some of them; None if none does. A threshold may do
            anything elsewhere, and even warn at random weights.
    """
    fitting = list(islice(layouts(arrays), MOST_LAYOUTS))
    if not fitting:
        raise Refused(sentence("The arrays it reads are not inputs, labels and the weights of fully connected layers."))
    reason = sentence("Its values are not those of a network that is known here.")
    for moved in dict.fromkeys(frozenset(layout.parameters) for layout in fitting):
        what = threshold_on(set(moved))
        # A threshold on what is moved may be crossed elsewhere, where no number here can tell. Asked first, because at
        # random weights the function might already warn or raise.
        if what:
            reason = sentence("What it does may depend on the size of numbers ({code}).", code=what)
            continue
        check_memory(arrays, sorted(moved))
        present = Sample(arrays, value_at(f, x))
        samples = [*_random_samples(f, x, arrays, sorted(moved)), present]
        model = model_of([layout for layout in fitting if set(layout.parameters) == moved], samples)
        if model is not None:
            return model
    raise Refused(reason)


_underflow: ContextVar[str] = ContextVar("underflow", default="ignore")


@contextmanager
def in_silence() -> Iterator[None]:
    """What is computed beside the learner's own code must not warn: that would be taken for theirs."""
    token = _underflow.set(np.geterr()["under"])
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _underflow.reset(token)


def ignores_underflow() -> bool:
    """Whether NumPy, as the learner has set it, keeps silent about underflow, which it does by itself."""
    return _underflow.get() == "ignore"


def value_at(f: Function, x: NDArray[Any]) -> float:
    """f(x). Raises Refused where it raises, warns or is not finite: the plain loop shall do that.

    What a signal handler raises meanwhile is not f's, and goes on its way.
    """
    under: Literal["ignore", "raise"] = "ignore" if ignores_underflow() else "raise"
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under=under):
            value = f(x)
    except Exception as error:
        if is_from_elsewhere(error):
            raise
        raise RefusedNow(sentence("It raises {error}.", error=type(error).__name__)) from error
    if not (np.ndim(value) == 0 and np.isfinite(value)):
        raise RefusedNow(sentence("Its value is not one finite number."))
    return float(value)


def _random_samples(f: Function, x: NDArray[Any], arrays: Arrays, moved: list[int]) -> list[Sample]:
    """The function's values at random weights, whatever the present ones are: those may be zeros, or saturated."""
    rng = np.random.default_rng(0)
    samples = []
    for scale in SCALES:
        with restoring([arrays[number] for number in moved]):
            for number in moved:
                array = arrays[number]
                deviation = scale * spread(array, _size_of_inputs(arrays, array, moved))
                array[...] = deviation * rng.standard_normal(array.shape)
            samples.append(Sample({n: array.copy() for n, array in arrays.items()}, value_at(f, x)))
    return samples


def spread(parameter: NDArray[Any], size: float | None) -> float:
    """The standard deviation of random weights with which the inputs of an activation are about 1.

    Args:
        parameter: a bias, or weights (fan_in, fan_out).
        size: of what the weights are multiplied by, as `size_of` gives it; None where each number is about 1.
    """
    if parameter.ndim < 2:
        return 0.5
    return min(1 / size, LARGEST_SPREAD) if size else 1 / math.sqrt(len(parameter))


def size_of(rows: NDArray[np.float64]) -> float:
    """The length of a sample's row (n, features), as the root of the mean square over the samples."""
    return float(np.linalg.norm(rows)) / math.sqrt(len(rows)) if rows.size else 0.0


def _size_of_inputs(arrays: Arrays, parameter: NDArray[Any], moved: list[int]) -> float | None:
    """The size of the largest of all arrays that may be what a parameter is multiplied by; None if there is none."""
    rows = [rows_of(array) for number, array in arrays.items() if number not in moved and array.ndim]
    return max((size_of(found) for found in rows if found.shape[1] == len(parameter)), default=None)


@contextmanager
def restoring(arrays: list[NDArray[Any]]) -> Iterator[None]:
    """Puts arrays back as they were, whatever happens; a Ctrl-C that comes while it does so waits.

    Written again from the start after each interruption, a hundred times at most: a learner's signal handler that
    raises on every line would otherwise hold the process forever.
    """
    copies = [array.copy() for array in arrays]
    try:
        yield
    finally:
        late, left = None, 100
        while True:
            try:
                for array, copy in zip(arrays, copies, strict=True):
                    array[...] = copy
                break
            except BaseException as interrupt:  # of Ctrl-C, or of another signal's handler
                late, left = interrupt, left - 1
                if not left:
                    break
        if late is not None:
            raise late


def check_memory(arrays: Arrays, parameters: list[int]) -> None:
    """Raises Refused for parameters that cannot be moved one by one."""
    for number in parameters:
        if not arrays[number].flags.writeable or _overlaps_itself(arrays[number]):
            raise Refused(sentence("An array it reads cannot be written to element by element."))
        for other, array in arrays.items():
            if other != number and np.may_share_memory(arrays[number], array):
                raise Refused(sentence("Two of the arrays it reads share memory."))


def _overlaps_itself(array: NDArray[Any]) -> bool:
    # From the axis with the smallest stride up, each step must clear all that the axes before it span.
    axes = sorted(
        (abs(stride), length) for stride, length in zip(array.strides, array.shape, strict=True) if length > 1
    )
    needed = array.itemsize
    for stride, length in axes:
        if stride < needed:
            return True
        needed = stride * length
    return False


def check_differences(
    f: Function, x: NDArray[Any], model: Model, arrays: Arrays, difference: FiniteDifference, gradient: Gradient
) -> None:
    """Compare a sample of single weights with the plain loop's differences. Raises Refused where one differs."""
    rng = np.random.default_rng(1)
    for number in model.layout.parameters:
        array, expected = arrays[number], gradient(number)
        for flat in rng.choice(array.size, size=min(4, array.size), replace=False):
            index = np.unravel_index(int(flat), array.shape)
            above, below = values_around(f, x, array, index, difference)
            check_difference(above, below, float(expected[index]), model, difference.width)


def values_around(
    f: Function, x: NDArray[Any], array: NDArray[Any], index: Any, difference: FiniteDifference
) -> tuple[float, float]:
    """f at both points beside w, as the plain loop calls it."""
    with restoring([array[tuple(slice(i, i + 1) for i in index)]]):
        before = float(array[index])
        array[index] = before + difference.above
        above = value_at(f, x)
        array[index] = before + difference.below
        below = value_at(f, x)
    return above, below


def check_difference(above: float, below: float, expected: float, model: Model, width: float) -> None:
    """Whether a difference over this width is the expected one, but for the rounding of the two losses."""
    size = abs(above) + abs(below) + abs(model.factor)
    # Each loss carries a rounding of some eps · its size, which division by the width makes larger; 256 leaves room for
    # the sums over a batch and for exp. A wrong formula differs in its first digits.
    noise = 256 * np.finfo(float).eps * size / width
    if not abs((above - below) / width - expected) <= noise + 1e-9 * abs(expected):
        raise Refused(sentence("The difference of a single weight is not the network's."))
