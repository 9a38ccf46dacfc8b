"""From a gradient that is proven wrong to its causes: named by proof, with lines; else what is known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from zerokara.findings import Finding, Findings
from zerokara.nn.check import DISAGREES
from zerokara.own_gradients.lines import with_line
from zerokara.own_gradients.matching import fits
from zerokara.own_gradients.measuring import Point
from zerokara.own_gradients.naming import named
from zerokara.own_gradients.results import ParameterVerdict
from zerokara.own_gradients.state import state_findings
from zerokara.own_gradients.subject import Subject
from zerokara.own_gradients.truth import truth_of
from zerokara.words import sentence

logger = logging.getLogger(__name__)

UNKNOWN = "unknown-difference"
ROWS = 7
"""Of the batch that a line is searched with: a prime, so that no width of a network equals it."""


def causes_of(subject: Subject, rows: tuple[ParameterVerdict, ...], point: Point) -> Findings:
    """What is wrong, the proven names first; at least what is known of the difference."""
    known = [finding for finding in _safely(named, subject) if finding.cause != UNKNOWN]
    wrong = [row for row in rows if row.verdict == DISAGREES]
    if not known:
        missing = [row.name for row in wrong if row.name not in point.gradient]
        known = [_missing_gradient(subject, missing[0]) if missing else _unknown(subject, wrong[-1], point)]
    return Findings(_with_lines(subject, _once_each(known)))


def state_of(subject: Subject) -> Findings:
    """What is wrong although one gradient is right: what it leaves behind, or makes of the next."""
    return Findings(_safely(state_findings, subject))


def _safely(find: Callable[[Subject], Findings], subject: Subject) -> Findings:
    """What is found; nothing where the learner's code, or ours, does not go on with it."""
    try:
        with subject.kept():
            return find(subject)
    except Exception:
        logger.debug("%s found nothing", find.__name__, exc_info=True)
        return Findings()


def _once_each(findings: Iterable[Finding]) -> list[Finding]:
    return list({(finding.cause, finding.parameter): finding for finding in reversed(list(findings))}.values())[::-1]


def _with_lines(subject: Subject, findings: list[Finding]) -> Iterator[Finding]:
    """The findings with the lines of their mistakes, at weights that are nothing special."""
    for finding in findings:
        try:
            with subject.kept():
                yield _with_line(subject, finding)
        except Exception:
            logger.debug("no line of %s", finding.cause, exc_info=True)
            yield replace(finding, file=finding.file or subject.file)


def _with_line(subject: Subject, finding: Finding) -> Finding:
    if finding.line is not None:
        return finding
    subject.set(subject.weights(11))
    x, t = subject.x[:ROWS].copy(), subject.t[:ROWS].copy()
    truth = truth_of(subject, x, t)
    placed = finding if truth is None else with_line(finding, subject, truth, x, t)
    return replace(placed, file=placed.file or subject.file)


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
    elif row.where is None:
        text = sentence(
            "The gradient of {parameter} differs from central differences of the loss by {percent:.3g} % of its size.",
            parameter=row.name,
            percent=100 * row.difference,
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
