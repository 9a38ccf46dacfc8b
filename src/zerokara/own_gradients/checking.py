"""The gradient of a learner's own code against central differences of the learner's own loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape

import numpy as np

from zerokara.cells import left, right, width
from zerokara.findings import Finding, Findings
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.own_gradients.descent import steps_up
from zerokara.own_gradients.guarded_logarithms import may_be_guarded, without_guard
from zerokara.own_gradients.isolation import quietly
from zerokara.own_gradients.matching import fits
from zerokara.own_gradients.precision import in_float64
from zerokara.own_gradients.repeating import SameDraws
from zerokara.own_gradients.slopes import STEPS, Slope, noise_of, slope_of
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.words import sentence, translatable

Loss = Callable[[Array, Array], float]

DIRECTIONS = 3
TOLERANCE = 1e-6
"""Of a slope beside its size; a mistake of backpropagation is of the size of the gradient itself."""
GUARDED = 1e-3
"""The same where a constant such as the 1e-7 of log(p + 1e-7) may stand between a loss and its right gradient."""
NOTHING = 1e-7
"""Beside the largest gradient: what is smaller and cannot be told from 0 is 0."""
SHORT = {2: 5e-2, 4: 1e-3}
"""The same for gradients of so many bytes."""
SECONDS = 1.6
"""For one subject. What is not done by then stays untold."""
EVALUATIONS = 2 * len(STEPS) + 9
"""Of the loss, for one slope."""
FEWEST = 3
"""Rows of a batch: normalisation over two has no slope."""
SAMPLED = 12
"""Elements of a parameter that are looked at by themselves, to say where and by what factor a gradient is wrong."""

HEADS = (
    translatable("parameter"),
    translatable("shape"),
    # Translators: by how much the two gradients of a parameter differ, beside their size.
    translatable("relative difference"),
    translatable("verdict"),
)


@dataclass(frozen=True)
class ParameterVerdict:
    """How the gradient of one parameter compares.

    Attributes:
        verdict: AGREES, DISAGREES or CANNOT_BE_TOLD of `zerokara.nn.check`.
        difference: |numerical - backprop| of a slope in a random direction, beside the size of the gradient.
        ratio: backprop / numerical, where it is the same for every element that was looked at; None otherwise.
        where: the element that differs most, of those looked at.
        numerical, backprop: its two gradients.
    """

    name: str
    shape: tuple[int, ...]
    verdict: str
    difference: float = 0.0
    ratio: float | None = None
    where: tuple[int, ...] | None = None
    numerical: float | None = None
    backprop: float | None = None


@dataclass(frozen=True)
class OwnCheck:
    """The verdict on the gradient of a learner's own network.

    Attributes:
        name: of the class or function.
        rows: one for each parameter.
        findings: what is wrong, named where that could be proven; none where nothing is.
        reason: why it cannot be told, as sentences; "" where it can.
    """

    name: str
    rows: tuple[ParameterVerdict, ...] = ()
    findings: Findings = field(default_factory=Findings)
    reason: str = ""

    @property
    def verdict(self) -> str:
        """DISAGREES if something is found; else CANNOT_BE_TOLD where there is a reason; else AGREES."""
        if self.findings:
            return DISAGREES
        return CANNOT_BE_TOLD if self.reason or not self.rows else AGREES

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    def __str__(self) -> str:
        parts = [self._table(), self.reason, str(self.findings)]
        return "\n\n".join(part for part in parts if part)

    def _table(self) -> str:
        if not self.rows:
            return ""
        lines = [[sentence(head) for head in HEADS], *map(_cells, self.rows)]
        columns = list(zip(*lines, strict=True))
        aligned = [
            [(right if i == 2 else left)(cell, max(map(width, column))) for cell in column]
            for i, column in enumerate(columns)
        ]
        return "\n".join("  ".join(line).rstrip() for line in zip(*aligned, strict=True))

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(sentence(head))}</th>" for head in HEADS)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(row))}</tr>" for row in self.rows)
        reason = f"<p>{escape(self.reason)}</p>" if self.reason else ""
        found = self.findings._repr_html_() if self.findings else ""
        return f"<p><strong>{escape(self.name)}</strong></p><table><tr>{heads}</tr>{rows}</table>{reason}{found}"


def _cells(row: ParameterVerdict) -> list[str]:
    return [row.name, str(row.shape), f"{row.difference:.1e}", sentence(row.verdict)]


def checked(subject: Subject) -> OwnCheck:
    """Compare, and name what is wrong. Nothing is left changed; nothing that the code prints appears."""
    with subject.kept(), quietly():
        if refusal := _not_numerical(subject):
            return refusal
        with in_float64(subject) as doubled:
            check = _compared(doubled)
    return check


def _not_numerical(subject: Subject) -> OwnCheck | None:
    """Why there is no telling: integers, a loss that is no number, or another one each time."""
    whole = [name for name, array in subject.params.items() if array.dtype.kind in "iu"]
    if whole:
        name = whole[0]
        finding = Finding(
            cause="dtype",
            text=sentence(
                "{parameter} has the type {dtype}, which holds whole numbers only: a step of gradient descent is lost "
                "or refused.",
                parameter=name,
                dtype=subject.params[name].dtype,
            ),
            remedy=sentence("Make it of floating numbers, such as with dtype=float."),
            file=subject.file,
            parameter=name,
            evidence={"dtype": str(subject.params[name].dtype)},
        )
        return OwnCheck(subject.name, findings=Findings([finding]))
    try:
        value = subject.loss(subject.x.copy(), subject.t.copy())
    except Exception as error:
        return OwnCheck(subject.name, reason=raised(error))
    if not np.isfinite(value):
        text = sentence("The loss is {loss}, so there are no slopes to compare with.", loss=value)
        return OwnCheck(subject.name, reason=text)
    return None


def raised(error: BaseException) -> str:
    """What is said of an exception from a learner's code."""
    kind, text = type(error).__name__, str(error)
    trace, place = error.__traceback__, None
    while trace is not None:
        if not str(trace.tb_frame.f_globals.get("__name__", "")).startswith(("zerokara", "numpy")):
            place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    if place is None:
        return sentence("The code raised {kind}: {text}", kind=kind, text=text)
    from pathlib import Path

    return sentence(
        "The code raised {kind} in line {line} of {name}: {text}",
        kind=kind,
        text=text,
        line=place[1],
        name=Path(place[0]).name,
    )


def _as_meant(subject: Subject, rows: tuple[ParameterVerdict, ...]) -> OwnCheck | None:
    """The check where the gradient is right as its author uses it: added to the parameters, being turned."""
    if all(row.ratio is None or abs(row.ratio + 1) < 0.01 for row in rows) and steps_up(subject.functions):
        turned = _compared(replace(subject, gradient=partial(_turned, subject.gradient)), turned=True)
        return turned if turned.agrees else None
    return None


def _turned(gradient: Callable[[Array, Array], Arrays], x: Array, t: Array) -> Arrays:
    return {name: -array for name, array in gradient(x, t).items()}


@dataclass(frozen=True)
class Element:
    """One element of a gradient, both ways."""

    where: tuple[int, ...]
    numerical: float
    backprop: float


@dataclass
class Point:
    """What was measured at one choice of weights: by parameter, a verdict and the difference beside the size."""

    gradient: Arrays = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    elements: dict[str, list[Element]] = field(default_factory=dict)


def _compared(subject: Subject, *, turned: bool = False) -> OwnCheck:
    repeated = Repeated(subject)
    if not repeated.steady:
        return OwnCheck(
            subject.name,
            reason=sentence("The loss is another each time it is called with the same arguments, even with one seed."),
        )
    subject, repeated = _quick_enough(subject, repeated)
    deadline = time.monotonic() + SECONDS
    far = _measured_at(subject, subject.weights(1), repeated, list(subject.params), deadline)
    doubtful = [name for name in subject.params if far.verdicts.get(name) != AGREES]
    near = _measured_at(subject, _near(subject), repeated, doubtful, deadline + SECONDS / 2) if doubtful else Point()
    rows = tuple(_row(name, param.shape, near, far) for name, param in subject.params.items())
    if any(row.verdict == DISAGREES for row in rows):
        meant = None if turned else _as_meant(subject, rows)
        return meant or OwnCheck(subject.name, rows, _named(subject, rows, far))
    untold = [row.name for row in rows if row.verdict == CANNOT_BE_TOLD]
    return OwnCheck(subject.name, rows, reason=_untold(subject, repeated, untold) if untold else "")


def _quick_enough(subject: Subject, repeated: Repeated) -> tuple[Subject, Repeated]:
    """The same with fewer rows where the code is so slow that there would be no end."""
    began = time.perf_counter()
    repeated.loss(subject.x, subject.t)
    seconds = (time.perf_counter() - began) * EVALUATIONS * DIRECTIONS * len(subject.params)
    if seconds < SECONDS or len(subject.x) <= FEWEST:
        return subject, repeated
    rows = max(FEWEST, int(len(subject.x) * SECONDS / seconds))
    fewer = replace(subject, x=subject.x[:rows], t=subject.t[:rows])
    return fewer, Repeated(fewer)


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


def _near(subject: Subject) -> Arrays:
    """The learner's own weights, a little away: at exactly 0 a ReLU has no slope, and a bias of 0 hides mistakes."""
    generator = np.random.default_rng(0)
    found = {}
    for name, array in subject.params.items():
        spread = 0.1 * float(np.sqrt(np.mean(np.square(array, dtype=float)))) or 0.05
        found[name] = array + generator.normal(0, spread, array.shape)
    return found


def _measured_at(subject: Subject, weights: Arrays, repeated: Repeated, names: list[str], deadline: float) -> Point:
    subject.set(weights)
    point = Point()
    try:
        point.gradient = repeated.gradient(subject.x, subject.t)
        finite = np.isfinite(repeated.loss(subject.x, subject.t))
    except Exception:
        return point
    if not finite:
        return point
    plain = without_guard(subject, repeated.loss, repeated.scores)
    measure = Measure(subject, [repeated.loss, *([plain] if plain else [])], point, deadline)
    for name in names:
        measure.parameter(name)
    return point


class Measure:
    """Measures slopes at one choice of weights.

    Args:
        losses: the learner's, and what else a right gradient may be that of.
        point: gets the results.
        deadline: after it a slope in one direction is enough for a parameter, and elements are not looked at.
    """

    def __init__(self, subject: Subject, losses: list[Loss], point: Point, deadline: float) -> None:
        self.subject, self.losses, self.point, self.deadline = subject, losses, point, deadline
        self.guarded = len(losses) == 1 and may_be_guarded(subject.functions)
        sizes = [np.abs(array).max() for array in point.gradient.values() if array.size]
        self.largest = float(max(sizes, default=0.0))

    def parameter(self, name: str) -> None:
        """Judge the gradient of one parameter."""
        shape, gradient = self.subject.params[name].shape, self.point.gradient.get(name)
        generator = np.random.default_rng(2)
        if gradient is None:
            self.point.verdicts[name] = self._missing(name, generator)
        elif not fits(gradient.shape, shape):
            self.point.verdicts[name], self.point.differences[name] = DISAGREES, 1.0
        else:
            self._slopes(name, np.asarray(gradient).reshape(shape), generator)
            if self.point.verdicts[name] == DISAGREES:
                elements = self._elements(name, np.asarray(gradient, dtype=float).reshape(shape), generator)
                self.point.elements[name] = list(elements)

    def _missing(self, name: str, generator: np.random.Generator) -> str:
        slope = self._slope(self.losses[0], name, _direction(generator, self.subject.params[name].shape))
        return DISAGREES if abs(slope.value) > 1e3 * slope.error + 1e-9 else CANNOT_BE_TOLD

    def _slopes(self, name: str, gradient: Array, generator: np.random.Generator) -> None:
        """In random directions of one parameter. Two of three must speak against a gradient."""
        tolerance = SHORT.get(gradient.dtype.itemsize if gradient.dtype.kind == "f" else 8, TOLERANCE)
        if self.guarded:
            tolerance = max(tolerance, GUARDED)
        found: list[tuple[str, float]] = []
        while len(found) < DIRECTIONS and (not found or time.monotonic() < self.deadline):
            direction = _direction(generator, gradient.shape)
            each = [self._compare(loss, name, gradient.astype(float), direction, tolerance) for loss in self.losses]
            found.append(min(each, key=lambda one: ((AGREES, CANNOT_BE_TOLD, DISAGREES).index(one[0]), one[1])))
        told = [verdict for verdict, _ in found]
        against = told.count(DISAGREES)
        if against > len(found) / 2:
            self.point.verdicts[name] = DISAGREES
        else:
            self.point.verdicts[name] = AGREES if AGREES in told and not against else CANNOT_BE_TOLD
        self.point.differences[name] = max((apart for _, apart in found if np.isfinite(apart)), default=0.0)

    def _compare(self, loss: Loss, name: str, gradient: Array, direction: Array, tolerance: float) -> tuple[str, float]:
        """A verdict by one direction, and how far the two slopes are apart, beside their size."""
        slope = self._slope(loss, name, direction)
        claimed = float((gradient * direction).sum())
        size = max(float(np.sqrt(np.square(gradient * direction).sum())), abs(slope.value))
        if not np.isfinite(slope.value) or not np.isfinite(slope.error):
            return CANNOT_BE_TOLD, np.inf
        if not np.isfinite(claimed):
            return DISAGREES, 1.0
        apart = abs(claimed - slope.value)
        if apart <= 4 * slope.error and size <= NOTHING * self.largest + 4 * slope.error:
            return AGREES, 0.0  # 0 both ways, such as a bias before batch normalisation
        if apart <= tolerance * size + slope.error:
            return (AGREES if size > 10 * slope.error else CANNOT_BE_TOLD), apart / size
        return (DISAGREES if _convincing(slope, apart) else CANNOT_BE_TOLD), apart / size

    def _slope(self, loss: Loss, name: str, direction: Array) -> Slope:
        param, x, t = self.subject.params[name], self.subject.x, self.subject.t
        start = param.copy()

        def moved(h: float) -> float:
            param[...] = start + h * direction
            return loss(x, t)

        try:
            return slope_of(moved, noise_of(moved))
        finally:
            param[...] = start

    def _elements(self, name: str, gradient: Array, generator: np.random.Generator) -> Iterator[Element]:
        """Some elements both ways: the largest of the gradient, and others at random."""
        largest = np.argsort(-np.abs(gradient), axis=None)[: SAMPLED // 2]
        others = generator.integers(gradient.size, size=SAMPLED // 2)
        for index in dict.fromkeys([*largest.tolist(), *others.tolist()]):
            if time.monotonic() > self.deadline:
                return
            where = tuple(int(i) for i in np.unravel_index(index, gradient.shape))
            direction = np.zeros(gradient.shape)
            direction[where] = 1.0
            slope, claimed = self._slope(self.losses[0], name, direction), float(gradient[where])
            if max(abs(slope.value), abs(claimed)) > 10 * slope.error:
                yield Element(where, slope.value, claimed)


def _direction(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Signs, made so small that a unit's input moves by about one."""
    fan_in = np.prod(shape) / shape[-1] if len(shape) > 1 else 1
    direction: Array = generator.choice([-1.0, 1.0], shape) / np.sqrt(fan_in)
    return direction


def _convincing(slope: Slope, apart: float) -> bool:
    """Whether neither truncation, nor rounding, nor a bend at this very point can explain the difference."""
    return apart > 10 * slope.error and slope.gap < 0.5 * apart


def _row(name: str, shape: tuple[int, ...], near: Point, far: Point) -> ParameterVerdict:
    verdict = _verdict(name, near, far)
    point = far if name in far.differences else near
    row = ParameterVerdict(name, shape, verdict, point.differences.get(name, 0.0))
    elements = point.elements.get(name)
    if verdict != DISAGREES or not elements:
        return row
    worst = max(elements, key=lambda e: abs(e.numerical - e.backprop))
    return replace(row, ratio=_ratio(elements), where=worst.where, numerical=worst.numerical, backprop=worst.backprop)


def _verdict(name: str, near: Point, far: Point) -> str:
    """At random weights, unless it cannot be told there or a gradient is only clipped there."""
    first, second = near.verdicts.get(name, CANNOT_BE_TOLD), far.verdicts.get(name, CANNOT_BE_TOLD)
    if second == CANNOT_BE_TOLD:
        return first
    if second == DISAGREES and first == AGREES and _is_clipped(name, far):
        return AGREES
    return second


def _is_clipped(name: str, point: Point) -> bool:
    """Whether a gradient that is right elsewhere is cut off here: at a value, or at a norm."""
    sizes = np.abs(np.ravel(point.gradient[name]))
    largest = sizes.max()
    ratio = _ratio(point.elements.get(name, []))
    return bool((sizes == largest).sum() > 1) or (ratio is not None and 0 < ratio < 1)


def _ratio(elements: list[Element]) -> float | None:
    """backprop / numerical where it is one number for all of these elements."""
    ratios = [e.backprop / e.numerical for e in elements if e.numerical]
    if len(ratios) < 2 or len(ratios) < len(elements):
        return None
    return float(np.median(ratios)) if np.ptp(ratios) <= 1e-4 * np.abs(ratios).max() else None


def _named(subject: Subject, rows: tuple[ParameterVerdict, ...], point: Point) -> Findings:
    """What is wrong, by proof; else what is known of it."""
    wrong = [row for row in rows if row.verdict == DISAGREES]
    missing = [row.name for row in wrong if row.name not in point.gradient]
    if missing:
        return Findings([_missing_gradient(subject, missing[0])])
    return Findings([_unknown(subject, wrong[-1], point)])


def _missing_gradient(subject: Subject, name: str) -> Finding:
    return Finding(
        cause="missing-gradient",
        text=sentence("The loss depends on {parameter}, and there is no gradient for it.", parameter=name),
        file=subject.file,
        parameter=name,
    )


def _unknown(subject: Subject, row: ParameterVerdict, point: Point) -> Finding:
    """The gradient of the topmost parameter that is wrong: those below it may follow from it."""
    gradient = point.gradient.get(row.name)
    if gradient is not None and not fits(gradient.shape, row.shape):
        text = sentence(
            "The gradient of {parameter} has the shape {got}, and {parameter} has {expected}.",
            parameter=row.name,
            got=gradient.shape,
            expected=row.shape,
        )
    elif row.ratio is not None:
        text = sentence(
            "The gradient of {parameter} is {ratio:.6g} times the central difference of the loss, in every element "
            "that was looked at.",
            parameter=row.name,
            ratio=row.ratio,
        )
    else:
        text = sentence(
            "The gradient of {parameter} at {where} is {got:.6g}, and the central difference of the loss there is "
            "{expected:.6g}.",
            parameter=row.name,
            where=row.where,
            got=row.backprop,
            expected=row.numerical,
        )
    return Finding(
        cause="unknown-difference",
        text=text,
        file=subject.file,
        parameter=row.name,
        evidence={
            "ratio": row.ratio,
            "where": row.where,
            "backprop": row.backprop,
            "numerical": row.numerical,
            "relative_difference": row.difference,
        },
    )


def _untold(subject: Subject, repeated: Repeated, names: list[str]) -> str:
    """Why nothing is said of some parameters."""
    return sentence(
        "{names} cannot be told: the loss does not change with them, or is too rough for a central difference.",
        names=", ".join(names),
    )
