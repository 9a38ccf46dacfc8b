"""Backpropagation against central differences, each row of weights by its own scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.nn import gradients
from zerokara.nn.error_bounds import EPSILON, AffineBounds, affine_bounds
from zerokara.nn.gradients import _check_step, numerical_gradient
from zerokara.nn.kinks import kinks
from zerokara.nn.network import Network
from zerokara.progress import Forecast

Floats = NDArray[np.float64]

AGREES, DISAGREES, CANNOT_BE_TOLD = "agrees", "DISAGREES", "cannot be told"

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
        head = ("parameter", "shape", "difference", "bound", "where", "steps", "kinks", "untold")
        form = "{:<10} {:<12} {:>10} {:>8}  {:<12} {:<16} {:>6} {:>7}  {}"
        lines = [form.format(*head, "verdict")]
        for row in self.rows:
            difference, bound = f"{row.largest_difference:.1e}", f"{row.bound[row.where]:.0e}"
            place = (row.name, str(row.shape), difference, bound, str(row.where), _span(row.steps))
            lines.append(form.format(*place, row.kinks, row.untold, row.verdict))
        return "\n".join(lines)


def gradient_check(network: Network, x: ArrayLike, t: ArrayLike, *, h: float = 1e-5) -> GradientCheck:
    """Compare backpropagation with central differences, weight by weight, in float64.

    Each row of weights W[i] is judged by itself, and so is each bias. Its step is h times a power of two: where
    truncation and rounding are about the same, smaller for a large input, larger for a small gradient. A row

    - *disagrees* where an element differs by more than truncation, rounding and kinks can explain, its `bound`;
    - *cannot be told* at this h where no element of it is at least 10 times its bound, so that a wrong row might not
      show, and where something is not finite;
    - *agrees* otherwise. So does a row that is exactly 0 both ways.

    A bound is an argument, not an estimate, for the layers and losses of zerokara, and holds for every engine; see
    `zerokara.nn.error_bounds`. With a layer, a loss or a method that somebody put in, the loop forms the differences,
    twice, and truncation is measured: from the differences with half the step.

    Args:
        x: (n, features); t: (n,) class indices, or (n, classes).
        h: scales all steps. 1e-5 is about the best step where inputs and slopes are about 1.

    Raises UsageError for x and t that do not fit, and for an h that is not positive.

    >>> x, t = np.array([[1.0, 2000.0], [3.0, -1000.0]]), [0, 1]
    >>> check = gradient_check(Network([2, 3, 2], activation="tanh", init=0.001), x, t)
    >>> check.verdict, [str(verdict) for verdict in check.rows[0].verdicts]
    ('agrees', ['agrees', 'agrees'])
    """
    _check_step(h)
    network = network.copy(np.float64)
    with np.errstate(all="ignore"):  # what is not finite gets its verdict
        exact = network.gradient(x, t)
        rows = network._rows(x)
        targets = network._targets(t, len(rows))
        checks: list[ParameterCheck] = []
        for i, bounds in enumerate(affine_bounds(network, rows, targets, h), start=1):
            if network._has_standard_loss and gradients.fast_gradient is not None:
                numerical, tolerance = _plain_differences(network, i, bounds, targets, h), bounds.tolerance
            else:
                numerical, tolerance = _looped_differences(network, i, bounds, x, t)
            brought, doubt = kinks(bounds)
            for name, part in ((f"W{i}", slice(-1)), (f"b{i}", slice(-1, None))):
                given = (array[part] for array in (numerical, brought, tolerance, tolerance + doubt, bounds.steps))
                checks.append(_compare(name, exact[name], *given))
    return GradientCheck(tuple(checks))


def _plain_differences(network: Network, i: int, bounds: AffineBounds, targets: Floats, h: float) -> Floats:
    """The central differences of layer i, (fan_in + 1, fan_out), the last row those of the biases.

    What follows the layer's inputs is a network too. An input divided by a power of two, and its weights multiplied by
    it, are the same network to the last bit, and h is another step.
    """
    scale = h / bounds.steps
    params = network.params
    tail = Network([len(scale), *network.sizes[i:]], activation=network.activation, loss=network.loss_name, init=0.0)
    tail.params["W1"] = np.vstack([params[f"W{i}"], params[f"b{i}"]]) * scale[:, np.newaxis]
    for later in range(i + 1, len(network.sizes)):
        tail.params[f"W{later - i + 1}"], tail.params[f"b{later - i + 1}"] = params[f"W{later}"], params[f"b{later}"]
    inputs = bounds.inputs if (scale == 1).all() else bounds.inputs / scale
    return tail.numerical_gradient(inputs, targets, h=h, only="W1")["W1"] * scale[:, np.newaxis]


def _looped_differences(
    network: Network, i: int, bounds: AffineBounds, x: ArrayLike, t: ArrayLike
) -> tuple[Floats, Floats]:
    """The same by the definition, for networks that nobody knows, and what to tolerate: truncation is measured."""
    rows = [*network.params[f"W{i}"], network.params[f"b{i}"]]
    with Forecast(2 * len(rows), f"gradient check, layer {i}", "rows") as forecast:
        wide, narrow = (
            np.array([_row(network, row, x, t, h, forecast) for row, h in zip(rows, steps, strict=True)])
            for steps in (bounds.steps, bounds.steps / 2)
        )
    noise = 32 * EPSILON * abs(network.loss(x, t)) / bounds.steps  # a sum of up to 10⁶ losses by halves, twice
    return wide, bounds.tolerance + 2 * np.abs(wide - narrow) + noise[:, np.newaxis]


def _row(network: Network, row: Floats, x: ArrayLike, t: ArrayLike, h: float, forecast: Forecast) -> Floats:
    found = numerical_gradient(lambda _: network.loss(x, t), row, h=h)
    forecast.advance()
    return found


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


def _gravest(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    return next((verdict for verdict in (DISAGREES, CANNOT_BE_TOLD) if verdict in found), AGREES)


def _span(steps: Floats) -> str:
    """The steps of some rows as a table has it: 1e-05, or 4e-08 … 1e-05."""
    low, high = f"{steps.min():.0e}", f"{steps.max():.0e}"
    return low if low == high else f"{low} … {high}"
