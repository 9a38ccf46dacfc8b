"""What the gradient of W of a layer equals: an operand, transposed, times a δ, up to a factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from zerokara.own_gradients.deltas import Candidates, Stack
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.match import (
    RIGHT,
    Match,
    halves,
    match_of,
    penalty,
    roundings,
    size_of,
    survivors,
    without_delta,
)
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.operands import operands, views
from zerokara.own_gradients.subject import Array


def weight_matches(seen: Observation, layer: int, candidates: Candidates) -> list[Match]:
    """What the gradient of W of a layer is, the fewest mistakes first."""
    gradient = seen.weights_of(seen.gradient, layer)
    found = list(without_delta(seen, layer, gradient, seen.truth.W[layer], "W"))
    if gradient is None or gradient.ndim != 2 or not gradient.any():
        return found
    for stack in (candidates.single, candidates.double):
        found += _with_operands(seen, layer, candidates, stack, gradient)
        if found:
            break
    return sorted(found, key=lambda match: match.cost)


def _with_operands(seen: Observation, layer: int, candidates: Candidates, stack: Stack, gradient: Array) -> list[Match]:
    """Matches with the right operand; with others, and of a turned gradient, where that alone is no single mistake."""
    shape = seen.truth.W[layer].shape
    plain = gradient - penalty(seen, layer, "W") if gradient.shape == shape else gradient
    found: list[Match] = []
    for how, cause, operand in operands(seen, layer):
        if cause and (stack is candidates.double or any(match.cost <= 1 for match in found)):
            break
        for name, view in views(plain, shape):
            if not (name and (cause or stack is candidates.double)):
                causes = [("transposed", name)] if name else [(cause, how)] if cause else []
                found += _products(seen, layer, (candidates, stack), view, (how, name, causes, operand))
        if how == RIGHT and gradient.shape == shape and not any(match.cost <= 1 for match in found):
            found += _penalized(seen, layer, (candidates, stack), gradient, operand)
            found += _rounded(seen, layer, candidates)
    return found


def _products(
    seen: Observation,
    layer: int,
    among: tuple[Candidates, Stack],
    gradient: Array,
    how: tuple[str, str, list[tuple[str, str]], Array],
) -> Iterator[Match]:
    """Matches of operandᵀ @ δ, compared along one direction first."""
    name, view, causes, operand = how
    candidates, stack = among
    direction = _direction(gradient.shape[1])
    along = gradient @ direction
    projected = stack.projected(direction)
    squares = ((projected @ (operand @ operand.T)) * projected).sum(axis=1)
    products = projected @ (operand @ along)
    for i in survivors(squares, products, float(along @ along), seen.within, stack):
        match = match_of(candidates, i, name, tuple(causes))
        coefficients = fitted(
            gradient, [operand.T @ candidates.array(i)], seen.within, size_of(operand, candidates.array(i))
        )
        if coefficients is not None:
            yield replace(match, factor=coefficients[0], view=view)


def _direction(units: int) -> Array:
    return np.random.default_rng(units).normal(size=units)


ADDED: dict[str, Callable[[Array], Array]] = {"W": np.array, "sign(W)": np.sign, "W²": np.square}


def _penalized(
    seen: Observation, layer: int, among: tuple[Candidates, Stack], gradient: Array, operand: Array
) -> Iterator[Match]:
    """Matches with a penalty of the weights that is not in the loss, or that the gradient lacks."""
    candidates, stack = among
    penalized = gradient - penalty(seen, layer, "W")
    direction = _direction(gradient.shape[1])
    projected = stack.projected(direction)
    for name, added in ADDED.items():
        W = added(seen.truth.W[layer])
        along, beside = penalized @ direction, W @ direction
        unit = beside / (np.linalg.norm(beside) or 1.0)
        rest = along - unit * (unit @ along)
        inputs = operand - np.outer(operand @ unit, unit)
        squares = ((projected @ (inputs @ inputs.T)) * projected).sum(axis=1)
        found = survivors(squares, projected @ (inputs @ rest), float(rest @ rest), seen.within, stack)
        for i in found[:8]:
            delta = candidates.array(i)
            coefficients = fitted(penalized, [operand.T @ delta, W], seen.within, size_of(operand, delta))
            if coefficients is not None and abs(coefficients[1]) > 1e-9:
                match = match_of(candidates, i, RIGHT, ())
                yield replace(match, factor=coefficients[0], rest=((name, coefficients[1]),))


def _rounded(seen: Observation, layer: int, candidates: Candidates) -> Iterator[Match]:
    """A right gradient in a type that cannot hold it."""
    i = candidates.right
    right = seen.truth.a[layer - 1].T @ candidates.array(i) + penalty(seen, layer, "W")
    yield from halves(seen, layer, "W", right)
    yield from roundings(seen.weights_of(seen.gradient, layer), right, candidates, i)
