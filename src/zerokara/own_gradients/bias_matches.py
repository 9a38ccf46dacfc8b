"""What the gradient of b of a layer equals: a δ, summed in one way or another, up to a factor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from zerokara.own_gradients.deltas import Candidates, Stack
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.match import RIGHT, Match, halves, match_of, penalty, roundings, survivors, without_delta
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array


def bias_matches(seen: Observation, layer: int, candidates: Candidates) -> list[Match] | None:
    """What the gradient of b of a layer is; None for a layer without b."""
    if seen.model.layers[layer - 1].bias is None:
        return None
    gradient = seen.bias_of(seen.gradient, layer)
    found = list(without_delta(seen, layer, gradient, seen.truth.b[layer], "b"))
    if gradient is None or not gradient.any():
        return found
    units = seen.truth.b[layer].size
    for stack in (candidates.single, candidates.double):
        for how, cause, weights in sums(seen, layer):
            if gradient.size != units or (cause and stack is candidates.double):
                continue
            if cause and any(match.cost <= 1 for match in found):
                break
            found += _sums(seen, layer, (candidates, stack), gradient.reshape(-1), (how, cause, weights))
        if stack is candidates.single and not any(match.cost <= 1 for match in found):
            found += _other_sums(seen, layer, candidates, gradient)
        if found:
            break
    return sorted(found, key=lambda match: match.cost)


def sums(seen: Observation, layer: int) -> Iterator[tuple[str, str | None, Array]]:
    """By which numbers the δ of the samples are summed for b, (n,): name, cause, numbers."""
    n, a = seen.n, seen.truth.a[layer - 1]
    yield RIGHT, None, np.ones(n)
    yield "first", "bias-sum", np.eye(n)[0]
    yield "last", "bias-sum", np.eye(n)[-1]
    yield "second", "bias-sum", np.eye(n)[1]
    yield "without-first", "bias-sum", 1 - np.eye(n)[0]
    yield "without-last", "bias-sum", 1 - np.eye(n)[-1]
    yield "Σ a", "wrong-operand", a.sum(axis=1)
    yield "Σ a²", "wrong-operand", np.square(a).sum(axis=1)
    yield "first a", "wrong-operand", a[:, 0]
    yield "last a", "wrong-operand", a[:, -1]
    if layer > 1:
        yield "Σ z", "wrong-operand", seen.truth.z[layer - 1].sum(axis=1)
    if layer > 2:
        yield "Σ x", "wrong-operand", seen.truth.a[0].sum(axis=1)


def _sums(
    seen: Observation,
    layer: int,
    among: tuple[Candidates, Stack],
    gradient: Array,
    how: tuple[str, str | None, Array],
) -> Iterator[Match]:
    name, cause, weights = how
    candidates, stack = among
    target = gradient - penalty(seen, layer, "b")
    summed = stack.weighted(weights)
    squares, products = np.square(summed).sum(axis=1), summed @ target
    causes = ((cause, f"b {name}"),) if cause else ()
    for i in survivors(squares, products, float(target @ target), seen.within, stack):
        delta = candidates.array(i)
        size = float(np.linalg.norm(np.abs(weights) @ np.abs(delta)))
        coefficients = fitted(target, [weights @ delta], seen.within, size)
        free = gradient.size > 2 and np.ptp(gradient) > 0
        if coefficients is not None and (free or plain_factor(coefficients[0], seen)):
            yield replace(match_of(candidates, i, name, causes), factor=coefficients[0])
    if name == RIGHT:
        i = candidates.right
        b = seen.truth.b[layer]
        total = candidates.array(i).sum(axis=0)
        coefficients = fitted(target, [total, b], seen.within) if b.size > 3 and b.any() else None
        if coefficients is not None and abs(coefficients[1]) > 1e-9:
            yield replace(match_of(candidates, i, name, causes), factor=coefficients[0], rest=(("b", coefficients[1]),))
        yield from halves(seen, layer, "b", total)
        yield from roundings(gradient, total + penalty(seen, layer, "b"), candidates, i)


def plain_factor(factor: float, seen: Observation) -> bool:
    """Whether a factor is one that a mistake makes: a scalar with a free one equals anything."""
    n, classes, features = seen.n, seen.truth.output.shape[1], seen.truth.a[0].shape[1]
    widths = [W.shape[1] for W in seen.truth.W.values()]
    plain = np.array(
        [
            1,
            2,
            n,
            *widths,
            *(n * width for width in widths),
            classes,
            n * classes,
            n * n,
            features,
            n / classes,
            2 * n,
            n / features,
        ]
    )
    return bool(np.isclose(abs(factor), [plain, 1 / plain], rtol=1e-7).any())


OF_SUMS = {"sum of |δ|": "wrong-operand", "sum of δ²": "wrong-operand"}
"""Causes of those of `other_sums` that are no way to sum."""


def other_sums(delta: Array, units: int) -> dict[str, Array]:
    """What else becomes of δ (n, units) in the gradient of b, by name, in the shape that the gradient then has."""
    total = delta.sum()
    return {
        "one-sum": np.full(units, total),
        "one-number": np.array(total),
        "wrong-axis": delta.sum(axis=1),
        "not-summed": delta,
        "cumulated": delta.cumsum(axis=0)[-1] + 0 * total,
        "largest": delta.max(axis=0),
        "sum of |δ|": np.abs(delta).sum(axis=0),
        "sum of δ²": np.square(delta).sum(axis=0),
        "product": delta.prod(axis=0),
        "median": np.median(delta, axis=0),
        "|sum|": np.abs(delta.sum(axis=0)),
        "reversed": delta.sum(axis=0)[::-1],
        "length": np.sqrt(np.square(delta).sum(axis=0)),
        "variance": delta.var(axis=0),
        "spread": delta.std(axis=0),
        "running": np.cumsum(delta.sum(axis=0)),
        "smallest": delta.min(axis=0),
    }


def _are_along(one: Array, other: Array) -> bool:
    """Whether two vectors have nearly one direction, or opposite ones: most have not, and need no closer look."""
    return bool((one @ other) ** 2 >= 0.999 * (one @ one) * (other @ other))


def _other_sums(seen: Observation, layer: int, candidates: Candidates, gradient: Array) -> Iterator[Match]:
    units, right = seen.truth.b[layer].size, candidates.right
    alike = gradient.size == 1 or bool(np.ptp(gradient) == 0)
    for i in candidates.single.numbers:
        delta = candidates.array(int(i))
        for name, value in other_sums(delta, units).items():
            if value.size != gradient.size or (name.startswith("one-") != alike):
                continue
            if value.ndim == 2 and gradient.shape == value.shape[::-1]:
                value = value.T
            factor = sum_factor(gradient, value, delta, seen)
            # A number equals too much where it may have a factor, too.
            if factor is not None and (i == right or not alike or abs(factor - 1) <= 1e-9):
                yield replace(
                    match_of(candidates, int(i), name, ((OF_SUMS.get(name, "bias-sum"), f"b {name}"),)), factor=factor
                )


def sum_factor(gradient: Array, value: Array, delta: Array, seen: Observation) -> float | None:
    """The factor by which a gradient of b is one of `other_sums`; one number for all has a plain one only."""
    value = value.reshape(gradient.shape)
    # Sums of y − t over the classes are 0 but for rounding, and so is the gradient.
    if np.abs(value).max() <= 1e-12 * np.abs(delta).sum():
        return 1.0 if np.abs(gradient).max() <= 1e-12 * np.abs(delta).sum() else None
    if np.ptp(value) <= 1e-12 * np.abs(value).max() or value.size < 3:
        factor = fitted(gradient, [value], seen.within)
        return factor[0] if factor is not None and plain_factor(factor[0], seen) else None
    if not _are_along(gradient.ravel(), value.ravel()):
        return None
    factor = fitted(gradient, [value], seen.within, 1e-3 * float(np.abs(delta).sum()))
    return None if factor is None else factor[0]
