"""Causes that are facts: of the data, and of the weights that a training begins with. Each rule is one function."""

from __future__ import annotations

import numpy as np

from zerokara.doctor.data_facts import DataFacts
from zerokara.doctor.evidence import Evidence
from zerokara.findings import Finding
from zerokara.words import plural, sentence, translatable

MOST_OF_THEM = 0.9
"""The share of one class from which on a network that always answers it looks good; with the gate, `LARGE` does."""
LARGE = 0.7
DOUBTFUL, EVEN = 0.065, 0.75
"""Wrong labels among those a linear fit is surest of: measured 0.00 to 0.04 on clean data, hard ones too, 0.09 with a
tenth of them wrong; and how evenly they spread over pairs of classes: 0.7 where classes overlap, 0.8 and more else."""
STRANGERS = 0.05
"""Nearest class mean from training to held-out samples, of which chance has 1 in 10: that few agree by system only."""
SHARED = 0.01
CHANCE, UNLEARNT = 1.6, 0.9
"""So many times as often as by chance is no better, among a thousand samples; and the level of who knows nothing."""
LOOK_AT_LABELS = translatable("Look at some training samples beside their labels: were both shuffled in the same way?")


def not_finite(evidence: Evidence) -> Finding | None:
    """NaN or infinity among the inputs: one picture is enough, once it is drawn."""
    data = evidence.data
    count = sum(data.not_finite) if data is not None and data.not_finite is not None else 0
    if data is None or data.not_finite is None or count == 0:
        return None
    return Finding(
        cause="nan-in-data",
        text=plural(
            "{n} value of the data is NaN or infinite.", "{n:,} values of the data are NaN or infinite.", n=count
        ),
        since=0,
        evidence={"training": data.not_finite[0], "test": data.not_finite[1]},
        remedy=sentence("Remove these samples, or set the values to 0."),
    )


def one_answer(evidence: Evidence) -> Finding | None:
    """A single label in the whole training part."""
    data = evidence.data
    if data is None or data.counts is None or _largest_share(data) <= 0.999 or data.classes < 2:
        return None
    label = int(np.argmax(data.counts))
    return Finding(
        cause="one-answer",
        text=sentence(
            "{share:.1%} of the training labels are {label}: the network only has to learn to say that.",
            share=_largest_share(data),
            label=label,
        ),
        since=0,
        evidence={"label": label, "share": _largest_share(data)},
        remedy=sentence("Look at how the labels are read."),
    )


def imbalance(evidence: Evidence, *, bad: bool) -> Finding | None:
    """Nearly all labels are one; fewer of them where the training goes badly."""
    data = evidence.data
    if data is None or data.counts is None or not max(data.counts, default=0):
        return None
    share, limit = _largest_share(data), LARGE if bad else MOST_OF_THEM
    if share <= max(limit, 1.9 / data.classes):
        return None
    label = int(np.argmax(data.counts))
    return Finding(
        cause="class-imbalance",
        text=sentence(
            "{share:.1%} of the training labels are {label}: a network that always answers that is right as often.",
            share=share,
            label=label,
        ),
        since=0,
        evidence={"label": label, "share": share, "counts": data.counts},
        remedy=sentence("Train on about as many samples of each class, and look at the accuracy of each class."),
    )


def missing_class(evidence: Evidence) -> Finding | None:
    """A class that the test part has, or that has a name, and no training sample."""
    data = evidence.data
    if data is None or data.counts is None or data.held_counts is None:
        return None
    missing = [
        label for label, (n, held) in enumerate(zip(data.counts, data.held_counts, strict=True)) if held and not n
    ]
    if not missing:
        return None
    names = ", ".join(map(str, missing))
    return Finding(
        cause="class-never-answered",
        text=plural(
            "Class {names} has no training sample, so that the network cannot learn it; the test part has it.",
            "Classes {names} have no training samples, so that the network cannot learn them; the test part has them.",
            n=len(missing),
            names=names,
        ),
        since=0,
        evidence={"classes": missing},
        remedy=sentence(
            "Look at how the training part was chosen: data that are sorted by class must be shuffled first."
        ),
    )


def strange_labels(evidence: Evidence) -> Finding | None:
    """Training and test labels that do not mean the same: fewer agree than by chance."""
    data = evidence.data
    if data is None or data.centre_agreement is None or data.held_centre_agreement is None or data.classes < 4:
        return None
    if data.held_centre_agreement >= min(STRANGERS, 0.5 / data.classes) or data.centre_agreement < 3 / data.classes:
        return None
    return Finding(
        cause="wrong-labels",
        text=sentence(
            "The labels of the training part do not mean what those of the test part mean: the nearest class mean is "
            "right for {own:.0%} of the training samples and for {other:.0%} of the test samples.",
            own=data.centre_agreement,
            other=data.held_centre_agreement,
        ),
        since=0,
        evidence={"training": data.centre_agreement, "test": data.held_centre_agreement},
        remedy=sentence("Look at how both parts are read: labels that begin with 1 in one of them do this."),
    )


def wrong_labels(evidence: Evidence) -> Finding | None:
    """Labels that contradict even those samples of which a linear fit is surest, and evenly so among all classes."""
    data = evidence.data
    if data is None or data.doubtful is None or data.evenness is None:
        return None
    if data.doubtful <= DOUBTFUL or data.evenness <= EVEN or _are_learnt(evidence, data.doubtful):
        return None
    return Finding(
        cause="wrong-labels",
        text=sentence(
            "About {share:.0%} of the training labels are wrong: so many differ even among the samples that are "
            "easiest to tell apart, and evenly among all classes.",
            share=data.doubtful,
        ),
        since=0,
        evidence={"share": data.doubtful, "evenness": data.evenness, "linear_fit": data.reference},
        remedy=sentence(LOOK_AT_LABELS),
    )


def unrelated_labels(evidence: Evidence) -> Finding | None:
    """Labels that neither class means nor, from 30 % of the run on, the network answer any better than by chance."""
    data, look = evidence.data, evidence.last or evidence.early
    if data is None or look is None or data.held_centre_agreement is None or look.held_accuracy is None:
        return None
    seen = (evidence.setting.batch_size or 1) * look.iteration
    if data.classes < 4 or _largest_share(data) > 2 / data.classes or seen < data.samples / 2:
        return None
    if not look.level > UNLEARNT or max(data.held_centre_agreement, look.held_accuracy) > CHANCE / data.classes:
        return None
    return Finding(
        cause="wrong-labels",
        text=sentence(
            "The labels seem to have nothing to do with the inputs: of samples that it was not trained on, the nearest "
            "class mean is right for {centre:.0%} and the network for {network:.0%}, which is chance.",
            centre=data.held_centre_agreement,
            network=look.held_accuracy,
        ),
        since=0,
        evidence={"nearest_mean": data.held_centre_agreement, "network": look.held_accuracy},
        remedy=sentence(LOOK_AT_LABELS),
    )


def _are_learnt(evidence: Evidence, doubtful: float) -> bool:
    """Whether the network is right on both parts more often than with so many wrong labels it could be.

    A linear fit errs also where classes are told apart by no line. The network tells which it is.
    """
    if not evidence.evaluations:
        return False
    last = evidence.evaluations[-1]
    return min(last.train_accuracy, last.test_accuracy) > 1 - doubtful / 2


def leaked(evidence: Evidence) -> Finding | None:
    """Samples that stand in both parts: the test accuracy is then no measure."""
    data = evidence.data
    if data is None or not data.shared_with_test or data.held_counts is None:
        return None
    share = data.shared_with_test / max(sum(data.held_counts), 1)
    if share < SHARED:
        return None
    return Finding(
        cause="test-data-in-training",
        text=sentence(
            "{n:,} of {total:,} test samples stand in the training part too: the test accuracy is too good.",
            n=data.shared_with_test,
            total=sum(data.held_counts),
        ),
        since=0,
        evidence={"shared": data.shared_with_test, "test": sum(data.held_counts)},
        remedy=sentence("Take these samples out of one of the two parts."),
    )


def symmetric(evidence: Evidence) -> Finding | None:
    """Hidden units that begin alike stay alike: each gets the gradient that the others get."""
    first = evidence.first
    if first is None or first.alike is None or first.alike < 0.9 or sum(evidence.setting.hidden) < 2:
        return None
    init = evidence.setting.init
    return Finding(
        cause="symmetric-weights",
        text=sentence(
            "{share:.0%} of the hidden units begin with the weights of another unit. They get the same gradient, and "
            "stay alike for ever.",
            share=first.alike,
        ),
        since=0,
        evidence={"alike": first.alike},
        remedy=sentence("Draw the initial weights at random: {command}.", command="init auto"),
        change=None if init is None else {"init": "auto"},
    )


def _largest_share(data: DataFacts) -> float:
    counts = data.counts or (0,)
    return max(counts) / max(sum(counts), 1)
