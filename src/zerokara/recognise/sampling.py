"""Values of a learner's function at weights that are moved, and always put back bit for bit.

A value can hide what the function does: at scores of 0 the loss is log 10 whatever inputs and labels are, and where
softmax is saturated it is 0. So a function is tried at weights at which the inputs of the activations are about 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.interpreted_code import is_from_elsewhere
from zerokara.interpret.refusal import RefusedNow
from zerokara.recognise.identification import Sample
from zerokara.recognise.layout import Arrays, Layout, rows_of
from zerokara.words import sentence

SCALES = (1.0, 0.5, 2.0)
"""How large the inputs a of activations are, about, at the random weights that are tried. Several, because the factor
is taken from the first: two losses that are proportional at one scale are not at another."""

ALIKE, MORE_THAN_TERMS = 7, 6
"""Samples whose weights differ in their signs only; and other samples beside one for each rate of decay."""

FAR, FAR_SCORES = 3, 25.0
"""Samples at which scores are about so large: two of one row then often differ by more than 35, which is -log 1e-15."""

LARGEST_SPREAD = 1e6
"""Inputs may be so small that weights would have to be huge; that far and no further."""

Function = Callable[[Any], Any]

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


def is_in_silence() -> bool:
    """Whether this thread computes beside the learner's own code at the moment."""
    return _underflow.get(None) is not None


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


@dataclass
class RandomSamples:
    """The function's values at random weights, whatever the present ones are: those may be zeros, or saturated.

    Attributes:
        f, x: the function, and what it is called with.
        arrays: all arrays that it reads, by number, as a network takes them.
        layout: one that the parameters may have; for how large they should be.
    """

    f: Function
    x: NDArray[Any]
    arrays: Arrays
    layout: Layout

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.sizes = size_of(rows_of(self.arrays[self.layout.inputs]))

    def at_scales(self, scales: Sequence[float]) -> list[Sample]:
        """At weights that make inputs of activations about as large as each of these."""
        return [self.at(self._drawn(lambda scale=scale: scale)) for scale in scales]  # type: ignore[misc]

    def far(self, farthest: float) -> list[Sample]:
        """At scores so large that probabilities are as small as what some add to them; none where f cannot bear that.

        Args:
            farthest: how large the scores may be, for code that cuts them off.
        """
        last, found = self.layout.weights[-1], []
        for _ in range(FAR):
            weights = self._drawn(lambda: 1.0)
            weights[last] *= min(FAR_SCORES, farthest / 4)
            try:
                found.append(self.at(weights))
            except RefusedNow:
                return []
        return found

    def alike_and_varied(self) -> tuple[list[Sample], list[Sample]]:
        """At weights that differ in their signs only, so that no penalty tells them apart; and at others."""
        first = self._drawn(lambda: 1.0)
        signs = [
            {number: array * self.rng.choice((-1.0, 1.0), array.shape) for number, array in first.items()}
            for _ in range(ALIKE)
        ]
        count = len(self.layout.parameters) + MORE_THAN_TERMS
        varied = [self._drawn(lambda: float(self.rng.uniform(0.3, 2.0))) for _ in range(count)]
        return [self.at(weights) for weights in signs], [self.at(weights) for weights in varied]

    def at_last_bias(self, layout: Layout, others: float) -> list[Sample]:
        """Where a layout's last weights are 0, and the scores are its last bias.

        Args:
            others: 0 where that bias is random, and other parameters are not; 1 where they are, and it is not.
        """
        count, bias = ALIKE + 2 + (len(layout.parameters) if others else 0), layout.biases[-1]
        fixed, samples = self._drawn(lambda: 1.0), []
        for _ in range(count):
            drawn = self._drawn(lambda: float(self.rng.uniform(0.3, 2.0))) if others else dict(fixed)
            drawn[layout.weights[-1]] = np.zeros_like(fixed[layout.weights[-1]])
            if bias is not None:
                random = 1.5 * self.rng.standard_normal(self.arrays[bias].shape)
                drawn[bias] = fixed[bias] if others else random
            samples.append(self.at(drawn))
        return samples

    def at(self, weights: Arrays) -> Sample:
        """At these parameters."""
        moved = [self.arrays[number] for number in weights]
        with restoring(moved):
            for number, values in weights.items():
                self.arrays[number][...] = values
            value = value_at(self.f, self.x)
        return Sample({**self.arrays, **weights}, value)

    def _drawn(self, scale: Callable[[], float]) -> Arrays:
        drawn: Arrays = {}
        for layer, number in enumerate(self.layout.weights):
            array, size = self.arrays[number], None if layer else self.sizes
            deviation = scale() * spread(self.layout.weight(self.arrays, layer), size)
            drawn[number] = deviation * self.rng.standard_normal(array.shape)
        for bias in self.layout.biases:
            if bias is not None:
                drawn[bias] = 0.5 * scale() * self.rng.standard_normal(self.arrays[bias].shape)
        return drawn
