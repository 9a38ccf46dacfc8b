"""Overfitting: known at the end of a run only, when the losses of both parts have come apart."""

from __future__ import annotations

from zerokara.doctor.evidence import Evidence
from zerokara.findings import Finding
from zerokara.words import sentence

GAP = 0.08
"""Accuracy on training samples − on others; healthy runs have 0.041 at most."""
APART = 0.35
"""Loss of training samples ÷ of others below which they have come apart."""


def overfitting(evidence: Evidence) -> Finding | None:
    """Training samples are known by heart, and others much less."""
    last = evidence.last
    if last is None or last.held_accuracy is None or last.held_level is None:
        return None
    own, other = last.accuracy, last.held_accuracy
    if evidence.evaluations:
        own, other = evidence.evaluations[-1].train_accuracy, evidence.evaluations[-1].test_accuracy
    if own - other <= GAP or last.level > APART * last.held_level:
        return None
    return Finding(
        cause="overfitting",
        text=sentence(
            "The network is right on {own:.1%} of the training samples and on {other:.1%} of others: it knows its "
            "samples by heart.",
            own=own,
            other=other,
        ),
        since=since(evidence),
        evidence={"training": own, "held_out": other, "gap": own - other},
        remedy=sentence("Train on more samples; a weight decay of about 1e-3, or fewer updates, help a little."),
        change=None if evidence.recipe is None else {"weight_decay": 1e-3},
    )


def since(evidence: Evidence) -> int | None:
    """The first update after which the gap stayed open."""
    opened: int | None = None
    for evaluation in evidence.evaluations:
        wide = evaluation.train_accuracy - evaluation.test_accuracy > GAP / 2
        opened = (evaluation.iteration if opened is None else opened) if wide else None
    return opened
