"""What one gradient of a layer equals, and what W and b have in common in finding it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zerokara.own_gradients.deltas import Candidates, Stack
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array

RIGHT = "right"


MOST = 40
"""Candidates that are built in full, of those that agree along one direction."""


@dataclass(frozen=True)
class Match:
    """What one gradient is.

    Attributes:
        delta: names of the parts of the δ in it, () where there is none.
        how: what is done with the δ: an operand of W, a sum of b; or what stands there instead.
        view: how the gradient of W was turned, "" for not at all.
        wrong: mistakes, (cause, name) each, but for the factor.
        factor: what the right size is multiplied by, on the batch where it was found.
        any_scale: whether the factor is no mistake of its own.
        rest: what else was added, (name, times).
    """

    delta: tuple[str, ...]
    how: str
    wrong: tuple[tuple[str, str], ...]
    factor: float
    any_scale: bool = False
    rest: tuple[tuple[str, float], ...] = ()
    view: str = ""

    @property
    def scaled(self) -> bool:
        """Whether its factor is a mistake."""
        return not self.any_scale and abs(self.factor - 1) > 1e-6

    @property
    def cost(self) -> float:
        """How many mistakes it is."""
        return len(self.wrong) + self.scaled + len(self.rest)


def match_of(candidates: Candidates, i: int, how: str, causes: tuple[tuple[str, str], ...]) -> Match:
    wrong = candidates.wrong(i)
    return Match(
        delta=tuple(part.name for part in candidates.parts(i)),
        how=how,
        wrong=tuple((part.cause or "", part.name) for part in wrong) + causes,
        factor=1.0,
        any_scale=any(part.any_scale for part in wrong),
    )


def survivors(squares: Array, products: Array, of_gradient: float, within: float, stack: Stack) -> list[int]:
    with np.errstate(all="ignore"):
        rest = of_gradient - products**2 / squares
    alike = np.flatnonzero(
        (squares > 1e-24 * squares.max(initial=0)) & (rest <= max(1e-9, 30 * within**2) * of_gradient)
    )
    return [int(i) for i in stack.numbers[alike[np.argsort(stack.costs[alike], kind="stable")]][:MOST]]


def size_of(operand: Array, delta: Array) -> float:
    """How large a sum of products would be if nothing cancelled."""
    return float(np.linalg.norm(np.abs(operand).T @ np.abs(delta)))


def penalty(seen: Observation, layer: int, letter: str) -> Array | float:
    """The gradient of a penalty that is in the learner's loss."""
    place = seen.model.layers[layer - 1]
    name = place.weight if letter == "W" else place.bias
    rate = seen.model.decays(seen.n).get(name or "", 0.0)
    if not rate:
        return 0.0
    return rate * (seen.truth.W[layer] if letter == "W" else seen.truth.b[layer])


ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "float16": lambda g: g.astype(np.float16).astype(np.float64),
    "float32": lambda g: g.astype(np.float32).astype(np.float64),
    "trunc": np.trunc,
    "floor": np.floor,
    "rint": np.rint,
}


def halves(seen: Observation, layer: int, letter: str, right: Array) -> Iterator[Match]:
    """A gradient of half precision that is right but for that."""
    place = seen.model.layers[layer - 1]
    name = place.weight if letter == "W" else place.bias or ""
    gradient = (seen.weights_of if letter == "W" else seen.bias_of)(seen.gradient, layer)
    if seen.dtypes.get(name) != np.float16 or gradient is None or gradient.size != right.size:
        return
    if np.linalg.norm(gradient.reshape(right.shape) - right) <= 5e-3 * np.linalg.norm(right):
        yield Match((), "half", (("dtype", "float16"),), 1.0)


def roundings(gradient: Array | None, right: Array, candidates: Candidates, i: int) -> Iterator[Match]:
    for name, rounding in ROUNDINGS.items():
        if gradient is not None and is_rounding(gradient, right, rounding):
            yield match_of(candidates, i, name, (("dtype", name),))
            return


def is_rounding(gradient: Array, right: Array, rounding: Callable[[Array], Array]) -> bool:
    """Whether a gradient is the right one after a rounding, but for a few numbers that lie between two values."""
    if gradient.shape != right.shape or np.allclose(gradient, right, rtol=1e-9, atol=0):
        return False
    with np.errstate(over="ignore"):
        expected = rounding(right)
    return bool(np.mean(np.isclose(gradient, expected, rtol=1e-12, atol=1e-300)) > 0.98)


def _is_cut(gradient: Array, right: Array) -> bool:
    """Whether whole numbers are what rounding makes of the right ones."""
    roundings = (ROUNDINGS[name](np.ravel(right)) for name in ("trunc", "floor", "rint"))
    return gradient.size == right.size and any(np.array_equal(np.ravel(gradient), cut) for cut in roundings)


def without_delta(
    seen: Observation, layer: int, gradient: Array | None, parameter: Array, letter: str
) -> Iterator[Match]:
    """No gradient at all, or an array of another kind in its place."""
    if gradient is None or gradient.size == 0:
        yield Match((), "missing", (("missing-gradient", "missing"),), 1.0)
        return
    place = seen.model.layers[layer - 1]
    name = place.weight if letter == "W" else place.bias or ""
    dtype, right = seen.dtypes.get(name), seen.truth.gradient.get(name)
    if dtype is not None and dtype.kind in "iub" and right is not None and _is_cut(gradient, right):
        yield Match((), "integer", (("dtype", "integer"),), 1.0)
        return
    if not gradient.any():
        yield Match((), "zero", (("missing-gradient", "zero"),), 1.0)
        return
    for name, array, cause in instead(seen, layer, letter):
        if array.size == gradient.size and array.any() and (array.size > 1):
            coefficients = fitted(gradient, [array.reshape(gradient.shape)], seen.within)
            free = array.size > 2 and np.ptp(array) > 0
            if coefficients is not None and (free or abs(coefficients[0] - 1) < 1e-9):
                yield Match((), name, ((cause, name),), coefficients[0], any_scale=True)


def instead(seen: Observation, layer: int, letter: str) -> Iterator[tuple[str, Array, str]]:
    """Arrays that can stand where a gradient belongs: parameters, and gradients of others."""
    shape = (seen.truth.W if letter == "W" else seen.truth.b)[layer].shape
    for values, mark in ((seen.params, ""), (seen.after, " afterwards")):
        for number in seen.truth.W:
            for kind, of in (("W", seen.weights_of), ("b", seen.bias_of)):
                array = of(values, number)
                if array is not None and array.size == np.prod(shape):
                    array = array.reshape(-1) if len(shape) == 1 else array
                    if array.shape in (shape, shape[::-1]):
                        yield f"{kind}{number}{mark}", array.reshape(shape), "gradient-is-parameter"
    for number in seen.truth.W:
        for kind, of in (("W", seen.weights_of), ("b", seen.bias_of)):
            if (kind, number) == (letter, layer):
                continue
            for values, mark in ((seen.truth.gradient, ""), (seen.gradient, " theirs")):
                array = of(values, number)
                if array is not None and array.size == np.prod(shape):
                    yield f"d{kind}{number}{mark}", array.reshape(shape), "wrong-operand"
