"""The proof by numbers that a function is the loss of a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.clues import Clues
from zerokara.interpret.refusal import Refused
from zerokara.interpret.thresholds import Threshold
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.recognise.identification import Model, Sample, Samples, model_of
from zerokara.recognise.inputs import input_maps
from zerokara.recognise.layout import Arrays, Layout, layouts
from zerokara.recognise.limits import check_limits
from zerokara.recognise.sampling import SCALES, Function, RandomSamples, restoring, value_at
from zerokara.recognise.unknown_parts import unknown_arrays
from zerokara.words import sentence

MOST_LAYOUTS = 200

Gradient = Callable[[int], NDArray[np.float64]]


def proven_model(
    f: Function,
    x: NDArray[Any],
    arrays: Arrays,
    threshold_on: Callable[[set[int]], Threshold | None],
    clues: Clues,
) -> Model:
    """The network whose loss f is, at the present weights and at several random ones. Raises Refused if there is none.

    Args:
        f: pure; so how often it is called cannot be seen.
        x: what f is called with.
        arrays: all arrays that f reads, by number.
        threshold_on: the threshold in f's code that depends on some of them; None if none does. A threshold may do
            anything elsewhere, and even warn at random weights.
        clues: what f's code says about the network.
    """
    why: Refused | None = None
    for input_map in input_maps(clues.maps):
        known = input_map.applied(arrays) or {}
        fitting = list(islice(layouts(known, flips=bool(clues.transposed)), MOST_LAYOUTS))
        fitting = [layout for layout in fitting if input_map.origin in (None, layout.inputs)]
        for moved in dict.fromkeys(frozenset(layout.parameters) for layout in fitting):
            what = threshold_on(set(moved))
            # A threshold on what is moved may be crossed elsewhere, where no number here can tell. Asked first, because
            # at random weights the function might already warn or raise.
            if what:
                why = why or Refused(_threshold_reason(what))
                continue
            try:
                model = _found(f, x, arrays, known, [one for one in fitting if set(one.parameters) == moved], clues)
                return replace(model, input_map=input_map)
            except Refused as refused:
                why = refused
    raise why or Refused(unknown_arrays(clues))


def _found(f: Function, x: NDArray[Any], arrays: Arrays, known: Arrays, fitting: list[Layout], clues: Clues) -> Model:
    check_memory(arrays, sorted(fitting[0].parameters))
    present = Sample(known, value_at(f, x))
    at_random = RandomSamples(f, x, known, fitting[0])
    ends = [abs(limit.number) for limit in clues.limits if limit.of_input and limit.number]
    few = [*at_random.at_scales(SCALES), *at_random.far(min(ends, default=math.inf)), present]
    samples = Samples(few, at_random.at_last_bias, at_random.alike_and_varied)
    return check_limits(model_of(fitting, samples, clues), clues, at_random)


def _threshold_reason(threshold: Threshold) -> str:
    if threshold.line is None:
        return sentence("What it does may depend on the size of numbers ({code}).", code=threshold.what)
    if threshold.since not in (None, threshold.line):
        return sentence(
            "What line {since} makes of what comes from a layer is not known here, and what it does may then depend on "
            "the size of numbers (line {line}: {code}).",
            since=threshold.since,
            line=threshold.line,
            code=threshold.what,
        )
    return sentence(
        "What it does may depend on the size of numbers (line {line}: {code}).",
        line=threshold.line,
        code=threshold.what,
    )


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
    size = abs(above) + abs(below) + abs(model.terms.factor)
    # Each loss carries a rounding of some eps · its size, which division by the width makes larger; 256 leaves room for
    # the sums over a batch and for exp. A wrong formula differs in its first digits.
    noise = 256 * np.finfo(float).eps * size / width
    if not abs((above - below) / width - expected) <= noise + 1e-9 * abs(expected):
        raise Refused(sentence("The difference of a single weight is not the network's."))
