"""Evidence → findings: first facts, then, where a training goes badly, its causes in the order of their rules.

Silence comes first. A training that does as well as it should is not looked into at all, whatever else it shows: most
healthy networks have dead units, saturated ones, or losses that jump.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zerokara.doctor.course import Course
from zerokara.doctor.evidence import Evidence
from zerokara.doctor.facts import (
    imbalance,
    leaked,
    missing_class,
    not_finite,
    one_answer,
    strange_labels,
    symmetric,
    unrelated_labels,
    wrong_labels,
)
from zerokara.doctor.learning import RULES, Rule
from zerokara.doctor.overfitting import overfitting
from zerokara.doctor.probes import Probe
from zerokara.doctor.rates import is_on_its_way
from zerokara.findings import Finding, Findings

SEEN = 6_000
"""Samples that a training must have seen before it is judged by the stricter gate."""
GATES = {False: (0.65, 0.95), True: (0.27, 0.45)}
"""At 30 % and at the end: the level above which a training is ill, and the same of one that has seen few samples."""
ASKED = 0.2
"""The same at the end where somebody has asked."""
ILL = 0.8
"""Below this accuracy of the training samples a run went badly, and is looked into although no signal speaks."""


def findings_of(evidence: Evidence, *, asked: bool, rules: Sequence[Rule] = RULES) -> Findings:
    """Why a training goes, or went, badly; none where it did not.

    Args:
        evidence: at the start facts of the start are said, from 30 % of the run on the rest, overfitting at its end.
        asked: whether somebody wants to know: a run that is only a little worse than it could be is else passed over,
            and of causes that signals alone cannot part only the first is said.
        rules: the causes that show in how it goes, in the order in which they are asked. None of them speaks of a
            training whose settings somebody changed on the way, unless asked, which is before trials: their thresholds
            were measured on trainings that nobody touched.
    """
    look = judged(evidence, asked=asked)
    facts = [found for found in _facts(evidence, bad=look is not None) if found is not None]
    if look is None or any(found.cause not in MEASURES for found in facts):
        return Findings(facts or filter(None, [overfitting(evidence)]))
    course = Course(evidence.as_of(_latest_update(evidence, look)), look)
    causes = _causes(course, rules if asked or not evidence.changes else ())
    if not asked:
        causes = [] if causes and causes[0].cause in LOW and is_on_its_way(course) else causes[:1]
    return Findings([*causes, *facts])


def _latest_update(evidence: Evidence, look: Probe) -> int:
    """The number, from 1, of the update that made what is judged, or that led out of the finite numbers."""
    return look.iteration if evidence.divergence is None else evidence.divergence.iteration + 1


HARD = 1.4
"""Of data on which a linear fit errs in a share e of samples, a network may end at a level of 1.4 e: 0.27 on MNIST."""
NEAR, WIDE = 0.1, 0.25
"""How far from a linear fit to perfection a network must get: on MNIST, to 0.84 and 0.87. On hard data a good network
does not get much farther than the fit."""
FAR = 0.5
"""The level at the end from which on it must get farther: scores as wrong as that come of no hard data."""
LOW, HIGH = {"rate-too-low", "too-few-updates"}, {"rate-too-high", "batch-too-small", "diverged"}
"""Causes of which one rules out the other."""
MEASURES = ("test-data-in-training",)
"""Facts that do not keep a network from learning."""


def judged(evidence: Evidence, *, asked: bool) -> Probe | None:
    """The probe that shows that a training goes badly, the earliest that does; None where it goes well."""
    if evidence.divergence is not None:
        return evidence.probes[-1] if evidence.probes else None
    early, last = evidence.early, evidence.last
    if last is not None and not is_bad(evidence, last, ended=True, asked=asked):
        return None
    return early if early is not None and is_bad(evidence, early, ended=False, asked=asked) else last


def is_bad(evidence: Evidence, probe: Probe, *, ended: bool, asked: bool) -> bool:
    """Whether a network does worse than it should by then, on data as hard as these."""
    if not probe.is_finite:
        return True
    return probe.level > _gate(evidence, probe, ended=ended, asked=asked) and _is_worse_than_simple(
        evidence, probe, ended=ended, asked=asked
    )


def _gate(evidence: Evidence, probe: Probe, *, ended: bool, asked: bool) -> float:
    """The level above which a network is ill: higher where it has seen few samples, or where data are hard."""
    seen = (evidence.setting.batch_size or 1) * probe.iteration
    usual, few = GATES[ended]
    if seen < SEEN and not _is_far_from_simple(evidence, probe):
        return few
    reference = evidence.data.reference if evidence.data else None
    if not ended or reference is None:
        return usual
    return max(usual, HARD * (1 - reference)) if not asked else max(ASKED, 0.8 * HARD * (1 - reference))


def _is_far_from_simple(evidence: Evidence, probe: Probe) -> bool:
    """Whether a linear fit to a few thousand samples does much better."""
    reference = evidence.data.reference if evidence.data else None
    return reference is not None and _accuracy(evidence, probe) < reference - 0.1


def _accuracy(evidence: Evidence, probe: Probe) -> float:
    """That of all held-out samples where they were looked at then, else of those of the probe."""
    looked = evidence.evaluations[-1] if evidence.evaluations else None
    if looked is not None and looked.iteration == probe.iteration:
        return looked.test_accuracy
    return probe.accuracy if probe.held_accuracy is None else probe.held_accuracy


def _is_worse_than_simple(evidence: Evidence, probe: Probe, *, ended: bool, asked: bool) -> bool:
    """Whether accuracy is hardly what simpler ways reach: so the gate is that of these data, however hard they are."""
    data, accuracy = evidence.data, _accuracy(evidence, probe)
    if data is None or data.centre_agreement is None:
        return True
    if not ended:
        return accuracy < data.centre_agreement
    if data.reference is None:
        return accuracy < data.centre_agreement + 0.05
    share = WIDE if asked or probe.level > FAR else NEAR
    return accuracy < data.reference + share * (1 - data.reference)


def _facts(evidence: Evidence, *, bad: bool) -> Iterator[Finding | None]:
    yield not_finite(evidence)
    alone = one_answer(evidence)
    yield alone
    yield None if alone else imbalance(evidence, bad=bad)
    yield None if alone else missing_class(evidence)
    strange = strange_labels(evidence)
    yield strange
    yield None if strange else wrong_labels(evidence) or unrelated_labels(evidence)
    yield symmetric(evidence)
    yield leaked(evidence)


def _causes(course: Course, rules: Sequence[Rule]) -> list[Finding]:
    """Those of the first rules that hold, one for each cause, without what an earlier one rules out."""
    found: dict[str, Finding] = {}
    for rule in rules:
        finding = rule(course)
        if finding is not None and finding.cause not in found and not _opposed(finding.cause) & set(found):
            found[finding.cause] = finding
    return list(found.values())


def _opposed(cause: str) -> set[str]:
    return HIGH if cause in LOW else LOW if cause in HIGH else set()
