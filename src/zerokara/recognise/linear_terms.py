"""What enters a function's value linearly, found by least squares: see `identification`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.formulas import Formula

Floats = NDArray[np.float64]

NOISE = 3e-13
"""The share of a value that may be rounding: a term that adds no more is none."""


class LinearTerms(NamedTuple):
    """value = factor · L(scores, keep · t + rest) + Σ_p decay_p ½ Σ p² + constant.

    Attributes:
        factor: n for a sum over n samples, 1 for a mean; also 2/classes, for a mean of squares, and the like.
        keep, rest: of labels smoothed by ε over K classes 1 - ε and ε/K.
        decay: λ of each of the layout's parameters; () where there is none.
        constant: what else is added.
    """

    factor: float = 1.0
    keep: float = 1.0
    rest: float = 0.0
    decay: tuple[float, ...] = ()
    constant: float = 0.0

    def smoothed(self, targets: Floats) -> Floats:
        """t′ of t."""
        return targets if self.keep == 1 and self.rest == 0 else self.keep * targets + self.rest


class Fit:
    """Of one loss and one meaning of its labels."""

    def __init__(self, loss: Formula, targets: Floats, n: int) -> None:
        self.loss, self.targets, self.n, self.classes = loss, targets, n, targets.shape[1]
        zeros = np.zeros_like(targets)
        # L(t) is linear in t, or, with an L(0) of its own, it is not. Of ½ Σ (p - t)² with Σ p = 1, L(1) is L(0) and a
        # constant.
        self.is_linear = loss.name in _LINEAR
        self.sums_to_one = loss.name == "squared"
        if self.is_linear:
            self.regressors = [targets, zeros + 1]
        elif self.sums_to_one:
            self.regressors = [targets, zeros]
        else:
            self.regressors = [targets, zeros + 1, zeros]

    def solutions(
        self, values: Floats, columns: list[Floats], squares: list[Floats], constants: tuple[float, ...]
    ) -> Iterator[LinearTerms]:
        """The terms that give the values: first with numbers as people write them, then as they came out."""
        everything = [*columns, *squares, np.ones(len(values))]
        kept = list(range(len(everything)))
        found = _solved(values, everything)
        if found is None:
            return
        # A term that is lost in rounding is none, and the others are more exact without it.
        kept = [i for i in kept if i == 0 or abs(found[i]) * _largest(everything[i]) > NOISE * _largest(values)]
        found = _solved(values, [everything[i] for i in kept])
        if found is None or _largest(values - np.array([everything[i] for i in kept]).T @ found) > 1e-10 * _largest(
            values
        ):
            return
        each = np.zeros(len(everything))
        each[kept] = found
        sizes = np.array([_largest(column) for column in everything])
        yield from self._terms(each, sizes, _largest(values), len(columns), constants)

    def _terms(
        self, each: Floats, sizes: Floats, size: float, own: int, constants: tuple[float, ...]
    ) -> Iterator[LinearTerms]:
        shares = self._shares(each[:own])
        if shares is None:
            return
        factor, keep, rest = shares
        decay, constant = each[own:-1], float(each[-1])
        if self.sums_to_one and keep != 1:
            rest = (1 - keep) / self.classes
        if not self.is_linear:
            # L(t′) has constants of its own, which the sum of L(t), L(1) and L(0) has otherwise.
            constant -= factor * self._constant(keep, rest)
        room = [1e-12 * size / found if found else 0.0 for found in sizes[own:-1]]
        written = tuple(
            _written(float(rate), constants, slack, self.n) for rate, slack in zip(decay, room, strict=True)
        )
        none = () if not decay.any() else written
        plain = rounded(factor, self.n, self.classes, constants)
        neat = _neat(keep, constants), _neat_rest(rest, _neat(keep, constants), self.classes, constants)
        for added in dict.fromkeys([_written(constant, constants, 1e-12 * size, self.n), constant]):
            if abs(added) <= 1e-12 * size:
                added = 0.0
            yield LinearTerms(plain, *neat, none, added)
        yield LinearTerms(factor, keep, rest, tuple(map(float, decay)) if decay.any() else (), constant)

    def _shares(self, each: Floats) -> tuple[float, float, float] | None:
        """factor, keep and rest."""
        if self.is_linear:
            kept, rest = each
            factor = float(kept + rest * self.classes)
        elif self.sums_to_one:
            kept, rest, factor = each[0], 0.0, float(each.sum())
        else:
            kept, rest, factor = each[0], each[1], float(each.sum())
        if abs(factor) <= 1e-6 * np.abs(each).max():
            return None
        return factor, float(kept / factor), float(rest / factor)

    def _constant(self, keep: float, rest: float) -> float:
        """L(keep · t + rest) less keep · L(t) + rest · L(1) + (1 - keep - rest) · L(0), if that depends on t only."""
        if self.loss.name.startswith("binary"):
            return 0.0
        t = self.targets
        mixed = keep * t**2 + rest if not self.sums_to_one else keep * t**2
        return float(0.5 * ((keep * t + rest) ** 2 - mixed).sum() / self.n) - (rest if self.sums_to_one else 0.0)


_LINEAR = (
    "cross-entropy",
    "textbook",
    "clipped-cross-entropy",
    "sigmoid-cross-entropy",
    "sigmoid-clipped-cross-entropy",
)


def _solved(values: Floats, columns: Sequence[Floats]) -> Floats | None:
    matrix = np.array(columns).T
    sizes = np.abs(matrix).max(axis=0)
    if not (np.isfinite(matrix).all() and np.isfinite(values).all()):
        return None
    sizes[sizes == 0] = 1
    found: Floats = np.linalg.lstsq(matrix / sizes, values, rcond=1e-13)[0] / sizes
    return found


def explained(values: Floats, columns: Sequence[Floats]) -> bool:
    """Whether some sum of these columns, each times a number, gives the values, more than there are numbers."""
    found = _solved(values, columns)
    return found is not None and _largest(values - np.array(columns).T @ found) <= 1e-10 * _largest(values)


def _largest(values: Floats) -> float:
    return float(np.abs(values).max(initial=0.0))


def rounded(factor: float, n: int, classes: int, constants: tuple[float, ...] = ()) -> float:
    """A factor without the rounding of the losses it comes from, where it is one that people write."""
    usual = (1.0, float(n), 1 / n, 2.0, 2 / classes, 1 / classes, 2.0 * n, 2 / (n * classes), 0.5, n / 2, n / classes)
    for number in (*usual, *constants, *(c * u for c in constants for u in usual)):
        if abs(abs(factor) - abs(number)) <= 1e-11 * abs(number):
            return float(np.copysign(number, factor))
    return _short(factor, 1e-11 * abs(factor))


def _neat(share: float, constants: tuple[float, ...]) -> float:
    for number in (1.0, *constants, *(1 - c for c in constants)):
        if abs(share - number) <= 1e-11:
            return number
    return _short(share, 1e-11)


def _neat_rest(rest: float, keep: float, classes: int, constants: tuple[float, ...]) -> float:
    for number in (0.0, (1 - keep) / classes, *constants, *(c / classes for c in constants)):
        if abs(rest - number) <= 1e-11:
            return number
    return _short(rest, 1e-11)


def _written(number: float, constants: tuple[float, ...], slack: float, n: int) -> float:
    """A number of the code, or made of one as rates of decay are, within `slack` of what came out."""
    if number == 0:
        return 0.0
    slack = max(slack, 1e-11 * abs(number))
    for constant in constants:
        for part in (1.0, 2.0, 0.5, 1 / n, 2 / n, 0.5 / n):
            for sign in (1.0, -1.0):
                if abs(number - sign * constant * part) <= slack:
                    return sign * constant * part
    for one, other in combinations(constants, 2):
        for product in (one * other, 2 * one * other):
            if abs(number - product) <= slack:
                return product
    return _short(number, slack)


def _short(number: float, slack: float) -> float:
    """With few digits, if that is within `slack`."""
    for digits in range(1, 10):
        short = float(f"{number:.{digits}g}")
        if abs(short - number) <= slack:
            return short
    return number
