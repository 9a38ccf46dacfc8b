"""The gradient of a learner's own code against central differences of the learner's own loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.own_gradients.descent import steps_up, turned_around
from zerokara.own_gradients.explaining import causes_of, state_of
from zerokara.own_gradients.isolation import quietly, raised
from zerokara.own_gradients.measuring import (
    DIRECTIONS,
    EVALUATIONS,
    SECONDS,
    Point,
    Repeated,
    may_be_cut,
    measured_at,
    ratio_of,
)
from zerokara.own_gradients.precision import in_float64
from zerokara.own_gradients.results import OwnCheck, ParameterVerdict
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.words import sentence

Measured = Callable[[list[str]], Point]

FEWEST = 3
"""Rows of a batch: normalisation over two has no slope."""


def checked(subject: Subject) -> OwnCheck:
    """Compare, and name what is wrong. Nothing is left changed; nothing that the code prints appears."""
    with subject.kept(), quietly():
        if refusal := _not_numerical(subject):
            return refusal
        with in_float64(subject) as doubled:
            check = _compared(doubled)
        if check.agrees and (left := state_of(subject)):
            return replace(check, findings=left)
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


def _as_meant(subject: Subject, rows: tuple[ParameterVerdict, ...], far: Point, near: Measured) -> OwnCheck | None:
    """The check where the gradient is right as its author uses it: added to the parameters, clipped, or adapted."""
    if subject.rate is not None and all(_is_adapted(far.gradient.get(row.name)) for row in rows):
        reason = sentence(
            "{name} moves all parameters by about the same, as Adam or AdaGrad do, so its gradient cannot be read off. "
            "A function that returns the gradient can be checked.",
            name=subject.functions[0].__name__,
        )
        return OwnCheck(subject.name, rows, reason=reason)
    if _is_clipped(rows, far, near):
        return OwnCheck(subject.name, tuple(replace(row, verdict=AGREES) for row in rows))
    if all(row.ratio is None or abs(row.ratio + 1) < 0.01 for row in rows) and steps_up(subject.functions):
        turned = _compared(turned_around(subject), turned=True)
        return turned if turned.agrees else None
    return None


def _is_adapted(change: Array | None) -> bool:
    """Whether an update moves most elements by one and the same."""
    sizes = np.abs(np.ravel(change)) if change is not None else np.zeros(1)
    moved = sizes[sizes > 0]
    return moved.size > 1 and float(np.median(moved)) > 0.9 * float(moved.max())


def _is_clipped(rows: tuple[ParameterVerdict, ...], far: Point, near: Measured) -> bool:
    """Whether the gradient is right but for being cut off at a norm: as long elsewhere, or right where it is shorter.

    Args:
        near: measures some parameters at the learner's own weights; their gradients come without any.
    """
    ratios = [row.ratio for row in rows]
    if any(ratio is None or not 0 < ratio < 1 or abs(ratio / (ratios[0] or 1) - 1) > 1e-4 for ratio in ratios):
        return False
    norms = [float(np.sqrt(sum(np.square(g).sum() for g in point.gradient.values()))) for point in (near([]), far)]
    cut_again = abs(norms[0] / norms[1] - 1) < 1e-9 if norms[1] else False
    return cut_again or all(near([row.name]).verdicts.get(row.name) == AGREES for row in rows)


def _is_cut(row: ParameterVerdict, point: Point) -> bool:
    """Whether a gradient is right but for being cut off at a value, which several elements are seen to have."""
    gradient, elements = point.gradient.get(row.name), point.elements.get(row.name, [])
    if row.verdict != DISAGREES or gradient is None or not may_be_cut(gradient, elements):
        return False
    largest = float(np.abs(gradient).max())
    return sum(abs(e.backprop) == largest for e in elements) > 1


def _compared(subject: Subject, *, turned: bool = False) -> OwnCheck:
    repeated = Repeated(subject)
    if not repeated.steady:
        return OwnCheck(
            subject.name,
            reason=sentence("The loss is another each time it is called with the same arguments, even with one seed."),
        )
    subject, repeated = _quick_enough(subject, repeated)
    own, deadline = _near(subject), time.process_time() + SECONDS

    def measured_near(names: list[str]) -> Point:
        return measured_at(subject, own, repeated, names, deadline + SECONDS / 2)

    far = measured_at(subject, subject.weights(1), repeated, list(subject.params), deadline)
    untold = [name for name in subject.params if far.verdicts.get(name, CANNOT_BE_TOLD) == CANNOT_BE_TOLD]
    near = measured_near(untold) if untold else Point()
    rows = tuple(_row(name, param.shape, near, far) for name, param in subject.params.items())
    told = far.told or any(row.verdict == DISAGREES for row in rows)
    rows = tuple(replace(row, verdict=AGREES) if _is_cut(row, far) else row for row in rows)
    if any(row.verdict == DISAGREES for row in rows):
        meant = None if turned else _as_meant(subject, rows, far, measured_near)
        return meant or OwnCheck(subject.name, rows, causes_of(subject, rows, far))
    untold = [row.name for row in rows if row.verdict == CANNOT_BE_TOLD or not told]
    return OwnCheck(subject.name, rows, reason=_untold(subject, repeated, untold) if untold else "")


def _quick_enough(subject: Subject, repeated: Repeated) -> tuple[Subject, Repeated]:
    """The same with fewer rows where the code is so slow that there would be no end."""
    began = time.process_time()
    repeated.loss(subject.x, subject.t)
    seconds = (time.process_time() - began) * EVALUATIONS * DIRECTIONS * len(subject.params)
    if seconds < SECONDS or len(subject.x) <= FEWEST:
        return subject, repeated
    rows = max(FEWEST, int(len(subject.x) * SECONDS / seconds))
    fewer = replace(subject, x=subject.x[:rows], t=subject.t[:rows])
    return fewer, Repeated(fewer)


def _near(subject: Subject) -> Arrays:
    """The learner's own weights, a little away: at exactly 0 a ReLU has no slope, and a bias of 0 hides mistakes."""
    generator = np.random.default_rng(0)
    found = {}
    for name, array in subject.params.items():
        spread = 0.1 * float(np.sqrt(np.mean(np.square(array, dtype=float)))) or 0.05
        found[name] = array + generator.normal(0, spread, array.shape)
    return found


def _row(name: str, shape: tuple[int, ...], near: Point, far: Point) -> ParameterVerdict:
    """At random weights, unless it could not be told there."""
    point = near if name in near.verdicts else far
    verdict = point.verdicts.get(name, CANNOT_BE_TOLD)
    row = ParameterVerdict(name, shape, verdict, point.differences.get(name, 0.0))
    elements = point.elements.get(name)
    if verdict != DISAGREES or not elements:
        return row
    worst = max(elements, key=lambda e: abs(e.numerical - e.backprop))
    return replace(row, ratio=ratio_of(elements), where=worst.where, numerical=worst.numerical, backprop=worst.backprop)


def _untold(subject: Subject, repeated: Repeated, names: list[str]) -> str:
    """Why nothing is said of some parameters."""
    return sentence(
        "{names} cannot be told: the loss does not change with them, or is too rough for a central difference.",
        names=", ".join(names),
    )
