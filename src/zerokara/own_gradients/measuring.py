"""Slopes of a learner's loss beside what its gradient claims, at one choice of weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.own_gradients.guarded_logarithms import Unguarded, may_be_guarded, without_guard
from zerokara.own_gradients.matching import fits
from zerokara.own_gradients.repeating import SameDraws
from zerokara.own_gradients.slopes import STEPS, Slope, noise_of, slope_of
from zerokara.own_gradients.subject import Array, Arrays, Subject

Loss = Callable[[Array, Array], float]

DIRECTIONS = 3
TOLERANCE = 1e-6
"""Of a slope beside its size; a mistake of backpropagation is of the size of the gradient itself."""
GUARDED = 1e-3
"""The same where a constant such as the 1e-7 of log(p + 1e-7) may stand between a loss and its right gradient."""
NOTHING = 1e-7
"""Beside the largest gradient: what is smaller and cannot be told from 0 is 0."""
SLIGHT = 1e-4
"""What such a constant may do beside a gradient, where it is allowed for instead of being taken out."""
SHORT = {2: 5e-2, 4: 1e-3}
"""The same for gradients of so many bytes."""
SECONDS = 1.6
"""For one subject. What is not done by then stays untold."""
EVALUATIONS = 2 * len(STEPS) + 7
"""Of the loss, for one slope."""
SAMPLED = 12
"""Elements of a parameter that are looked at by themselves, to say where and by what factor a gradient is wrong."""
ENOUGH = 3
"""As many of them do where the others would tell nothing more."""
ALIKE = 1e-4
"""How far ratios may be apart that are one, beside the largest."""


@dataclass(frozen=True)
class Element:
    """One element of a gradient, both ways; `where` is empty for the slope in a direction."""

    where: tuple[int, ...]
    numerical: float
    backprop: float


@dataclass
class Point:
    """What was measured at one choice of weights: by parameter, a verdict and the difference beside the size."""

    gradient: Arrays = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    told: bool = False
    elements: dict[str, list[Element]] = field(default_factory=dict)


class Repeated:
    """A subject's functions, on copies, with the same random numbers each time."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._same_draws = SameDraws(lambda: subject.loss(subject.x.copy(), subject.t.copy()), subject.state)
        self.steady = self._same_draws.steady

    def loss(self, x: Array, t: Array) -> float:
        """The loss of a batch."""
        return float(self._same_draws(self.subject.loss, x.copy(), t.copy()))

    def scores(self, x: Array) -> Array:
        """The output of the network. Raises whatever the learner's code does."""
        assert self.subject.scores is not None
        return np.asarray(self._same_draws(self.subject.scores, x.copy()), dtype=float)

    def gradient(self, x: Array, t: Array) -> Arrays:
        """The gradients, with the parameters put back in case that they are changed."""
        kept = {name: array.copy() for name, array in self.subject.params.items()}
        found: Arrays = self._same_draws(self.subject.gradient, x.copy(), t.copy())
        self.subject.set(kept)
        return found


def measured_at(subject: Subject, weights: Arrays, repeated: Repeated, names: list[str], deadline: float) -> Point:
    subject.set(weights)
    point = Point()
    try:
        point.gradient = repeated.gradient(subject.x, subject.t)
        finite = np.isfinite(repeated.loss(subject.x, subject.t))
    except Exception:
        return point
    if not finite:
        return point
    unguarded = without_guard(subject, repeated.loss, repeated.scores)
    measure = Measure(subject, repeated.loss, unguarded, point, deadline)
    for name in names:
        measure.parameter(name)
    return point


class Measure:
    """Measures slopes at one choice of weights.

    Args:
        loss: the learner's.
        unguarded: the same without the 1e-7 of a logarithm, whose gradient is as right.
        point: gets the results.
        deadline: after it a slope in one direction is enough for a parameter, and elements are not looked at.
    """

    def __init__(
        self, subject: Subject, loss: Loss, unguarded: Unguarded | None, point: Point, deadline: float
    ) -> None:
        self.subject, self.point, self.deadline = subject, point, deadline
        self.losses = [loss, unguarded.loss] if unguarded and unguarded.effect > SLIGHT else [loss]
        self.allowed = TOLERANCE + (3 * unguarded.effect if unguarded and unguarded.effect <= SLIGHT else 0)
        if unguarded is None and may_be_guarded(subject.functions):
            self.allowed = GUARDED
        sizes = [np.abs(array).max() for array in point.gradient.values() if array.size]
        self.largest = float(max(sizes, default=0.0))
        self._along: list[Element] = []
        self._noise = 0.0

    def parameter(self, name: str) -> None:
        """Judge the gradient of one parameter."""
        self._along, self._noise = [], 0.0
        shape, gradient = self.subject.params[name].shape, self.point.gradient.get(name)
        generator = np.random.default_rng(2)
        if gradient is None:
            self.point.verdicts[name] = self._missing(name, generator)
        elif not fits(gradient.shape, shape):
            self.point.verdicts[name], self.point.differences[name] = DISAGREES, 1.0
        else:
            self._slopes(name, np.asarray(gradient).reshape(shape), generator)
            if self.point.verdicts[name] == DISAGREES:
                gradient = np.asarray(gradient, dtype=float).reshape(shape)
                self.point.elements[name] = self._elements(name, gradient, generator)

    def _missing(self, name: str, generator: np.random.Generator) -> str:
        slope = self._slope(self.losses[0], name, _direction(generator, self.subject.params[name].shape))
        return DISAGREES if abs(slope.value) > 1e3 * slope.error + 1e-9 else CANNOT_BE_TOLD

    def _slopes(self, name: str, gradient: Array, generator: np.random.Generator) -> None:
        """In random directions of one parameter. Two of three must speak against a gradient: the first two may do."""
        tolerance = SHORT.get(gradient.dtype.itemsize if gradient.dtype.kind == "f" else 8, 0.0)
        tolerance = max(tolerance, self.allowed)
        found: list[tuple[str, float]] = []
        while len(found) < DIRECTIONS and (not found or time.process_time() < self.deadline):
            direction = _direction(generator, gradient.shape)
            found.append(self._mildest(name, gradient.astype(float), direction, tolerance))
            if [verdict for verdict, _ in found] in ([AGREES, AGREES], [DISAGREES, DISAGREES]):
                break
        told = [verdict for verdict, _ in found]
        against = told.count(DISAGREES)
        if against > len(found) / 2:
            self.point.verdicts[name] = DISAGREES
        else:
            self.point.verdicts[name] = AGREES if AGREES in told and not against else CANNOT_BE_TOLD
        self.point.differences[name] = max((apart for _, apart in found if np.isfinite(apart)), default=0.0)

    def _mildest(self, name: str, gradient: Array, direction: Array, tolerance: float) -> tuple[str, float]:
        each = []
        for loss in self.losses:
            each.append(self._compare(loss, name, gradient, direction, tolerance))
            if each[-1][0] == AGREES:
                break
        return min(each, key=lambda one: ((AGREES, CANNOT_BE_TOLD, DISAGREES).index(one[0]), one[1]))

    def _compare(self, loss: Loss, name: str, gradient: Array, direction: Array, tolerance: float) -> tuple[str, float]:
        """A verdict by one direction, and how far the two slopes are apart, beside their size."""
        slope = self._slope(loss, name, direction)
        claimed = float((gradient * direction).sum())
        if loss is self.losses[0]:
            self._along.append(Element((), slope.value, claimed))
        size = max(float(np.sqrt(np.square(gradient * direction).sum())), abs(slope.value))
        if not np.isfinite(slope.value) or not np.isfinite(slope.error):
            return CANNOT_BE_TOLD, np.inf
        if not np.isfinite(claimed):
            return DISAGREES, 1.0
        apart = abs(claimed - slope.value)
        if apart <= 4 * slope.error and size <= NOTHING * self.largest + 4 * slope.error:
            return AGREES, 0.0  # 0 both ways, such as a bias before batch normalisation
        if apart <= tolerance * size + slope.error:
            self.point.told |= size > 10 * slope.error
            return (AGREES if size > 10 * slope.error else CANNOT_BE_TOLD), apart / size
        return (DISAGREES if _convincing(slope, apart) else CANNOT_BE_TOLD), apart / size

    def _slope(self, loss: Loss, name: str, direction: Array, noise: float | None = None) -> Slope:
        """The slope of a loss where a parameter moves in a direction; its noise is measured where it is not given."""
        param, x, t = self.subject.params[name], self.subject.x, self.subject.t
        start = param.copy()

        @cache
        def moved(h: float) -> float:
            param[...] = start + h * direction
            return loss(x, t)

        try:
            if noise is None:
                noise = noise_of(moved)
                self._noise = max(self._noise, noise) if loss is self.losses[0] else self._noise
            return slope_of(moved, noise)
        finally:
            param[...] = start

    def _elements(self, name: str, gradient: Array, generator: np.random.Generator) -> list[Element]:
        """Some elements both ways, as many as are needed: the largest of the gradient, and others at random.

        One element moves less than all do, and its rounding is no more.
        """
        largest = np.argsort(-np.abs(gradient), axis=None)[: SAMPLED // 2]
        others = generator.integers(gradient.size, size=SAMPLED // 2)
        found: list[Element] = []
        for index in dict.fromkeys([*largest.tolist(), *others.tolist()]):
            if time.process_time() > self.deadline or self._are_enough(gradient, found):
                break
            where = tuple(int(i) for i in np.unravel_index(index, gradient.shape))
            direction = np.zeros(gradient.shape)
            direction[where] = 1.0
            slope, claimed = self._slope(self.losses[0], name, direction, self._noise), float(gradient[where])
            if max(abs(slope.value), abs(claimed)) > 10 * slope.error:
                found.append(Element(where, slope.value, claimed))
        return found

    def _are_enough(self, gradient: Array, found: Sequence[Element]) -> bool:
        """Whether other elements would change nothing.

        Two ratios are no one ratio, whatever comes; one that random directions have, too, is that of all elements.
        """
        if len(found) < ENOUGH or may_be_cut(gradient, found):
            return False
        return ratio_of(found) is None or ratio_of([*found, *self._along]) is not None


def ratio_of(elements: Sequence[Element]) -> float | None:
    """backprop / numerical where it is one number for all of these elements."""
    ratios = [e.backprop / e.numerical for e in elements if e.numerical]
    if len(ratios) < 2 or len(ratios) < len(elements):
        return None
    return float(np.median(ratios)) if np.ptp(ratios) <= ALIKE * np.abs(ratios).max() else None


def may_be_cut(gradient: Array, elements: Sequence[Element]) -> bool:
    """Whether a gradient is right, for all these elements tell, but for being cut off at a value.

    Then those differ that are as large as any, of which there are several.
    """
    sizes = np.abs(gradient)
    largest = float(sizes.max(initial=0.0))
    if not largest > 0 or np.count_nonzero(sizes == largest) < 2:
        return False
    return all(
        e.numerical / e.backprop >= 1
        if abs(e.backprop) == largest
        else abs(e.numerical - e.backprop) <= ALIKE * largest
        for e in elements
    )


def _direction(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Signs, made so small that a unit's input moves by about one."""
    fan_in = np.prod(shape) / shape[-1] if len(shape) > 1 else 1
    direction: Array = generator.choice([-1.0, 1.0], shape) / np.sqrt(fan_in)
    return direction


def _convincing(slope: Slope, apart: float) -> bool:
    """Whether neither truncation, nor rounding, nor a bend at this very point can explain the difference."""
    return apart > 10 * slope.error and slope.gap < 0.5 * apart
