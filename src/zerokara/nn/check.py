"""Backpropagation against central differences, each row of weights by its own scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.cells import left, right, width
from zerokara.nn.arguments import positive
from zerokara.nn.error_bounds import EPSILON, AffineBounds, affine_bounds, is_analysed
from zerokara.nn.kinks import kinks
from zerokara.nn.network import Network
from zerokara.nn.numerical import (
    evaluated_beside,
    layer_differences,
    layer_inexactness,
    penalty_differences,
    step_halving_error,
)
from zerokara.progress import Forecast, Lines
from zerokara.words import sentence, translatable

Floats = NDArray[np.float64]

# Translators: of a row in a table; that gradients are equal within rounding.
AGREES = translatable("agrees")
# Translators: of a row in a table; in capital letters, because backpropagation is then proven to be wrong.
DISAGREES = translatable("DISAGREES")
# Translators: of a row in a table; rounding is too large to say whether gradients are equal.
CANNOT_BE_TOLD = translatable("cannot be told")
"""The verdicts. They are compared in English, and translated where they are shown."""


def _apart(text: str, cells: int) -> str:
    """At the left, one blank further from a column that ends at the right."""
    return " " + left(text, cells)


COLUMNS = (
    (translatable("parameter"), left, 10),
    (translatable("shape"), left, 12),
    # Translators: by how much the two gradients of a weight differ, at the most.
    (translatable("difference"), right, 10),
    # Translators: how large that difference may be where both gradients are right.
    (translatable("bound"), right, 8),
    # Translators: the indices of the weight that differs most, such as (3, 4).
    (translatable("where"), _apart, 12),
    # Translators: the steps h of the central differences.
    (translatable("steps"), left, 16),
    # Translators: how many weights have a ReLU that switches within the step, where the loss has no derivative.
    (translatable("kinks"), right, 6),
    # Translators: how many rows of weights cannot be told to be right or wrong.
    (translatable("untold"), right, 7),
    (translatable("verdict"), _apart, 0),
)
"""The table of a check: heads, alignment and least widths."""

CHECKED_LAYER = Lines(
    running=translatable(
        "gradient check, layer {layer}: {done:,} of {total:,} rows, {elapsed} so far, about {left} left"
    ),
    ended=translatable("gradient check, layer {layer}: done after {done:,} of {total:,} rows, {elapsed}"),
    stopped=translatable("gradient check, layer {layer}: stopped after {done:,} of {total:,} rows, {elapsed}"),
)

STANDS_OUT = 10.0
"""How many times its bound the gradient of a row must be, in one element at least, for the row to be told."""


@dataclass(frozen=True)
class ParameterCheck:
    """How the two gradients of one parameter compare. A row is W[i], the weights of input i; a bias is one row.

    Attributes:
        difference: |numerical - backprop| of every element, without what the kinks of moved units bring into it.
        bound: how large that may be where both are right: `tolerance`, and what may be due to other kinks.
        tolerance: what truncation and rounding account for; see `zerokara.nn.error_bounds`.
        gradient: the larger of the two |gradients|, of every element.
        steps: h of each row, (rows,).
        verdicts: of each row, (rows,): AGREES, DISAGREES or CANNOT_BE_TOLD.
        where: the element that differs most beside its bound.
        largest_difference: how much it differs.
        relative_difference: that, divided by the largest gradient of its row.
        kinks: of how many elements more than `tolerance` is due to ReLUs that switch between w - h and w + h, where the
            loss has no derivative; see `zerokara.nn.kinks`.
    """

    name: str
    shape: tuple[int, ...]
    difference: Floats
    bound: Floats
    tolerance: Floats
    gradient: Floats
    steps: Floats
    verdicts: NDArray[np.str_]
    where: tuple[int, ...]
    largest_difference: float
    relative_difference: float
    kinks: int

    @property
    def verdict(self) -> str:
        """DISAGREES if a row does; otherwise CANNOT_BE_TOLD if a row cannot be told; otherwise AGREES."""
        return _gravest(self.verdicts)

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    @property
    def wrong(self) -> int:
        """How many rows disagree."""
        return int((self.verdicts == DISAGREES).sum())

    @property
    def untold(self) -> int:
        """How many rows cannot be told."""
        return int((self.verdicts == CANNOT_BE_TOLD).sum())


@dataclass(frozen=True)
class GradientCheck:
    """The verdict of `gradient_check`, one row per parameter."""

    rows: tuple[ParameterCheck, ...]

    @property
    def verdict(self) -> str:
        """DISAGREES if a parameter does; otherwise CANNOT_BE_TOLD if one cannot be told; otherwise AGREES."""
        return _gravest([row.verdict for row in self.rows])

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    @property
    def all_rows(self) -> int:
        """How many rows of weights and biases were judged."""
        return sum(len(row.verdicts) for row in self.rows)

    @property
    def wrong(self) -> int:
        """How many rows disagree."""
        return sum(row.wrong for row in self.rows)

    @property
    def untold(self) -> int:
        """How many rows cannot be told."""
        return sum(row.untold for row in self.rows)

    def __str__(self) -> str:
        lines = [[sentence(head) for head, _, _ in COLUMNS], *map(_cells, self.rows)]
        aligned = [
            [align(cell, max(least, *map(width, column))) for cell in column]
            for column, (_, align, least) in zip(zip(*lines, strict=True), COLUMNS, strict=True)
        ]
        return "\n".join(" ".join(line).rstrip() for line in zip(*aligned, strict=True))


def gradient_check(network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-5) -> GradientCheck:
    """Compare backpropagation with central differences, weight by weight, in float64.

    Each row of weights W[i] is judged by itself, and so is each bias. Its step is h times a power of two: where
    truncation and rounding are about the same, smaller for a large input, larger for a small gradient. A row

    - *disagrees* where an element differs by more than truncation, rounding and kinks can explain, its `bound`;
    - *cannot be told* at this h where no element of it is at least 10 times its bound, so that a wrong row might not
      show, and where something is not finite;
    - *agrees* otherwise. So does a row that is exactly 0 both ways.

    A bound is an argument, not an estimate, for the layers and losses of zerokara, and holds for every engine; see
    `zerokara.nn.error_bounds`. For an activation or a loss that somebody has added, truncation and kinks are measured
    instead, from differences with half the step; where not even single units can be moved, by the loop.

    Args:
        x: (n, features); t: (n,) class indices, or (n, classes).
        h: scales all steps. 1e-5 is about the best step where inputs and slopes are about 1.

    Raises UsageError for x and t that do not fit, and for an h that is not positive.

    >>> x, t = np.array([[1.0, 2000.0], [3.0, -1000.0]]), [0, 1]
    >>> check = gradient_check(Network([2, 3, 2], activation="tanh", init=0.001), x, t)
    >>> check.verdict, [str(verdict) for verdict in check.rows[0].verdicts]
    ('agrees', ['agrees', 'agrees'])
    """
    positive("h", h)
    network = network.copy(np.float64)
    with np.errstate(all="ignore"):  # what is not finite gets its verdict
        exact = network.gradient(x, t)
        rows = network._rows(x)
        targets = network._targets(t, len(rows))
        checks: list[ParameterCheck] = []
        for i, bounds in enumerate(affine_bounds(network, rows, targets, h), start=1):
            numerical, tolerance = _differences(network, i, bounds, x, t, h)
            brought, unsure = kinks(bounds)
            for name, part in ((f"W{i}", slice(-1)), (f"b{i}", slice(-1, None))):
                given = (array[part] for array in (numerical, brought, tolerance, tolerance + unsure, bounds.steps))
                checks.append(_compare(name, exact[name], *given))
    return GradientCheck(tuple(checks))


def _differences(
    network: Network, i: int, bounds: AffineBounds, x: ArrayLike, t: ArrayLike, h: float
) -> tuple[Floats, Floats]:
    """The central differences of layer i, (fan_in + 1, fan_out), the last row those of the biases; what to tolerate."""
    noise = 32 * EPSILON * abs(network.loss(x, t)) / bounds.steps[:, np.newaxis]  # a sum of up to 10⁶ losses, by halves
    if not network.can_move_units:
        return _looped(network, i, bounds, noise, x, t)
    passed, tolerance = network._forward_pass(x, t), bounds.tolerance
    if network.has_standard_loss:
        numerical = _fast_differences(network, i, bounds, t, h)
    else:
        numerical = layer_differences(passed, i - 1, bounds.steps)
    if network._loss.class_weights is None or not all(map(is_analysed, network.layers[1::2])):
        tolerance = tolerance + layer_inexactness(passed, i - 1, bounds.steps) + noise
    return _with_penalty(network, i, numerical, tolerance, h)


def _fast_differences(network: Network, i: int, bounds: AffineBounds, t: ArrayLike, h: float) -> Floats:
    """By the fastest way there is, which knows one h only, and without the penalty.

    What follows the layer's inputs is a network too. An input divided by a power of two, and its weights multiplied by
    it, are the same network to the last bit, and h is another step.
    """
    scale = (h / bounds.steps)[:, np.newaxis]
    first = np.vstack([network.params[f"W{i}"], network.params[f"b{i}"]]) * scale
    inputs = bounds.inputs if (scale == 1).all() else bounds.inputs / scale.T
    return network._from_layer(i, first).numerical_gradient(inputs, t, h=h, only="W1")["W1"] * scale


def _with_penalty(network: Network, i: int, numerical: Floats, tolerance: Floats, h: float) -> tuple[Floats, Floats]:
    """Differences and tolerance with those of the penalty. Its steps are its own: no step is too large for a square."""
    if network.weight_decay == 0:
        return numerical, tolerance
    weights, biases = network.params[f"W{i}"], network.params[f"b{i}"]
    steps = np.maximum(np.abs(weights), h)
    penalties = penalty_differences(weights, network.weight_decay, steps)
    sizes = np.abs(weights)
    squares = EPSILON * network.weight_decay * (3 * sizes + (sizes + steps) ** 2 / steps)  # of λ w and of (w ± h)²
    more, unsure = (np.vstack([part, np.zeros_like(biases)]) for part in (penalties, squares))
    return numerical + more, tolerance + unsure


def _looped(
    network: Network, i: int, bounds: AffineBounds, noise: Floats, x: ArrayLike, t: ArrayLike
) -> tuple[Floats, Floats]:
    """The same by the definition, for networks whose units cannot be moved alone; see `layer_inexactness`."""
    rows, loss = [*network.params[f"W{i}"], network.params[f"b{i}"]], network.loss(x, t)
    found = np.zeros((4, len(rows), len(rows[0])))  # the loss at w + h, w - h, w + h/2 and w - h/2
    with Forecast(len(rows), CHECKED_LAYER, layer=i) as forecast:
        for at, (row, h) in enumerate(zip(rows, bounds.steps.tolist(), strict=True)):
            for j in range(len(row)):
                found[:2, at, j] = evaluated_beside(lambda _: network.loss(x, t), row, (j,), h)
                found[2:, at, j] = evaluated_beside(lambda _: network.loss(x, t), row, (j,), h / 2)
            forecast.advance()
    above, below, nearer_above, nearer_below = found - loss
    steps, sizes = bounds.steps[:, np.newaxis], np.abs(np.vstack(rows))
    numerical = (above - below) / (2 * steps)
    unsure = step_halving_error(above, below, nearer_above, nearer_below)
    unsure += EPSILON * sizes * np.abs(numerical)  # w ± h are rounded,
    unsure += 4 * EPSILON * network.weight_decay * (sizes + steps) ** 2  # and so are their squares
    return numerical, bounds.tolerance + unsure / steps + noise


def _compare(
    name: str, exact: Floats, numerical: Floats, brought: Floats, tolerance: Floats, bound: Floats, steps: Floats
) -> ParameterCheck:
    shape, exact = exact.shape, exact.reshape(numerical.shape)
    difference = np.abs(numerical - brought - exact)
    gradient = np.fmax(np.abs(numerical), np.abs(exact))
    excess = np.where(difference == 0, 0, difference / bound)
    worst = np.unravel_index(int(excess.argmax()), excess.shape)  # NaN counts as the largest
    largest, scale = float(difference[worst]), float(gradient[worst[0]].max())
    return ParameterCheck(
        name=name,
        shape=shape,
        difference=difference.reshape(shape),
        bound=bound.reshape(shape),
        tolerance=tolerance.reshape(shape),
        gradient=gradient.reshape(shape),
        steps=steps,
        verdicts=_verdicts(difference, bound, np.isfinite(numerical), gradient),
        where=tuple(map(int, worst))[-len(shape) :],
        largest_difference=largest,
        relative_difference=largest / scale if scale else largest,
        kinks=int((np.abs(brought) + bound > 2 * tolerance).sum()),
    )


def _verdicts(difference: Floats, bound: Floats, finite: NDArray[np.bool_], gradient: Floats) -> NDArray[np.str_]:
    known = finite & np.isfinite(bound)
    wrong = known & ~(difference <= bound)  # a backpropagation that is not a number is wrong where all else is one
    stands_out = (gradient > 0) & (gradient >= STANDS_OUT * bound)
    told = known.all(axis=1) & (stands_out.any(axis=1) | (gradient == 0).all(axis=1))
    return np.select([wrong.any(axis=1), told], [DISAGREES, AGREES], CANNOT_BE_TOLD)


def _cells(row: ParameterCheck) -> list[str]:
    """What the table says of one parameter."""
    difference, bound = f"{row.largest_difference:.1e}", f"{row.bound[row.where]:.0e}"
    place = [row.name, str(row.shape), difference, bound, str(row.where), _span(row.steps)]
    return [*place, str(row.kinks), str(row.untold), sentence(row.verdict)]


def _gravest(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    return next((verdict for verdict in (DISAGREES, CANNOT_BE_TOLD) if verdict in found), AGREES)


def _span(steps: Floats) -> str:
    """The steps of some rows as a table has it: 1e-05, or 4e-08 … 1e-05."""
    low, high = f"{steps.min():.0e}", f"{steps.max():.0e}"
    return low if low == high else f"{low} … {high}"
