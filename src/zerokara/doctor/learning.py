"""Causes that show in how a training goes. Each rule is one function; `RULES` has their order, which is half of it.

The thresholds were measured on some 1,300 trainings, ill ones and healthy ones. What parts them best is the line test:
whether the loss grows where the latest steps are made longer. Networks that no longer move stand near 1 there, so
that what stops them is asked about first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zerokara.doctor.evidence import Evidence
from zerokara.doctor.probes import LATEST, Probe
from zerokara.doctor.symptoms import MANY_DEAD, MANY_SATURATED, VANISHED, symptoms, vanishing
from zerokara.findings import Finding
from zerokara.nn.initializers import standard_deviation
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.words import plural, sentence

KNOWS_NOTHING = 0.9
"""The level, of which 1 is what a network has that knows nothing, from which on nothing was learnt."""
TOO_LARGE = 2.5
"""The first level of weights that are too large: healthy ones have 1.11 at most."""
TOO_LONG = 1.05
"""The line test from which on steps are too long."""
RISING = 0.4
"""The share of updates that may raise the loss of the very batch that they were made for."""
NARROW = 4
FEW_UPDATES = 300
SMALL_BATCH = 10


@dataclass(frozen=True)
class Course:
    """How a training went, as the rules look at it: what they need is there, or None.

    Attributes:
        evidence: all of it.
        look: the probe that is judged, at 30 % of the run or at its end.
    """

    evidence: Evidence
    look: Probe

    @property
    def first(self) -> Probe | None:
        """The probe before the first update."""
        return self.evidence.first

    @cached_property
    def rising(self) -> float | None:
        """The share of updates, of those that were looked at, after which the loss of their batch was higher."""
        rises = self.evidence.rises
        moved = rises[np.abs(rises[:, 2] - rises[:, 1]) > 1e-4 * np.abs(rises[:, 1])]
        return float(np.mean(~(moved[:, 2] <= moved[:, 1]))) if len(moved) >= 5 else None

    @cached_property
    def line(self) -> float | None:
        """The line test: that of the end where the probe comes so early that there were no steps to speak of."""
        last = self.evidence.last
        return last.line if last is not None and self.look.iteration < LATEST else self.look.line

    @property
    def since(self) -> int:
        """The update from which on it shows."""
        divergence = self.evidence.divergence
        return self.look.iteration if divergence is None else divergence.iteration

    def finding(
        self, cause: str, text: str, remedy: str, change: dict[str, Any] | None = None, **numbers: Any
    ) -> Finding:
        """One with the symptoms that the probe shows."""
        return Finding(
            cause=cause,
            text=text,
            symptoms=symptoms(self.look),
            since=self.since,
            evidence={"level": self.look.level, "accuracy": self.look.accuracy, **numbers},
            remedy=remedy,
            change=change,
        )


def loss_summed(course: Course) -> Finding | None:
    """The first loss is that of a sample times the size of the batch."""
    setting, first, losses = course.evidence.setting, course.first, course.evidence.losses
    size, classes = setting.batch_size, setting.classes
    if first is None or not len(losses) or not size or size < 8 or not classes or setting.weight_decay:
        return None
    ratio = float(losses[0]) / (first.level * np.log(classes))
    if not 0.7 < ratio / size < 1.4 and not setting.sums:
        return None
    return course.finding(
        "loss-summed",
        sentence(
            "The first loss, {loss:.4g}, is about {size} times that of one sample: it is summed over the batch, and so "
            "is its gradient.",
            loss=losses[0],
            size=size,
        ),
        sentence("Divide the loss and its gradient by the size of the batch, {size}.", size=size),
        ratio=ratio,
    )


def unscaled(course: Course) -> Finding | None:
    """Inputs far larger than 1."""
    data = course.evidence.data
    if data is None or data.largest is None or data.largest <= UNSCALED:
        return None
    return course.finding(
        "unscaled-inputs",
        sentence("Inputs reach {largest:g}. Weights and learning rates are meant for 0 to 1.", largest=data.largest),
        sentence("Divide the inputs by {largest:g}.", largest=data.largest),
        largest=data.largest,
    )


UNSCALED = 10.0


def decay_too_strong(course: Course) -> Finding | None:
    """Weights shrink as a whole, although the training should make them grow."""
    decay, first = course.evidence.setting.weight_decay, course.first
    if not decay or first is None or not first.sizes or first.level >= TOO_LARGE:
        return None
    shrunk = min(now / before if before else 1.0 for now, before in zip(course.look.sizes, first.sizes, strict=True))
    if shrunk >= SHRUNK:
        return None
    return course.finding(
        "weight-decay-too-strong",
        sentence(
            "Weights have shrunk to {share:.0%} of what they began with: the penalty, with λ = {decay:g}, is stronger "
            "than what the data say.",
            share=shrunk,
            decay=decay,
        ),
        _set("weight_decay", min(decay / 10, 1e-3)),
        {"weight_decay": min(decay / 10, 1e-3)},
        shrunk=shrunk,
    )


SHRUNK = 0.72


def weights_too_large(course: Course) -> Finding | None:
    """The first scores are so far apart that the network is sure, and wrong."""
    first, setting = course.first, course.evidence.setting
    if first is None or (first.level <= TOO_LARGE and first.is_finite):
        return None
    if _largest(course.evidence) > UNSCALED:  # then the inputs make them so
        return None
    return course.finding(
        "weights-too-large",
        sentence(
            "Before the first update the loss was {level:.1f} times that of a network that knows nothing: the initial "
            "weights make it sure, and wrong.",
            level=first.level,
        ),
        _set("init", "auto"),
        None if setting.init is None or setting.init == "auto" else {"init": "auto"},
        first=first.level,
    )


def weights_too_small(course: Course) -> Finding | None:
    """With several hidden layers: pictures make no difference any more to the last of them."""
    first, setting = course.first, course.evidence.setting
    if first is None or len(setting.hidden) < 2 or not setting.sizes or len(first.sizes) < len(setting.sizes) - 1:
        return None
    he = [standard_deviation("he", fan_in, "relu", 2) for fan_in in setting.sizes[:-1]]
    small = all(size < 0.5 * right for size, right in zip(first.sizes, he, strict=True))
    if not small or course.look.variation[-1] >= 5e-4:
        return None
    return course.finding(
        "weights-too-small",
        sentence(
            "What the last hidden layer gives differs by only {variation:.0e} between samples: the initial weights are "
            "too small to pass anything on through {layers} layers.",
            variation=course.look.variation[-1],
            layers=len(setting.hidden),
        ),
        _set("init", "auto"),
        {"init": "auto"},
        variation=course.look.variation[-1],
    )


def dead_or_saturated(course: Course) -> Finding | None:
    """Nearly all units of a layer do nothing from the start, at weights of a usual size."""
    first = course.first
    if first is None:
        return None
    dead, saturated = max(first.dead, default=0), max(first.saturated, default=0)
    if max(dead, saturated) < 0.9 or _largest(course.evidence) > UNSCALED:
        return None
    cause = "dead-units" if dead >= saturated else "saturated-units"
    return course.finding(
        cause,
        sentence(
            "{share:.0%} of the units of a hidden layer do nothing from the first update on.",
            share=max(dead, saturated),
        ),
        sentence("Begin with biases of 0 and small weights: {change}.", change="init auto"),
        share=max(dead, saturated),
    )


def no_numbers(course: Course) -> Finding | None:
    """It left the finite numbers, though the network before gave scores as they should be: the loss is to blame."""
    divergence = course.evidence.divergence
    if divergence is None or divergence.has_loss or divergence.iteration > 3 or not course.look.is_finite:
        return None
    if course.look.level > TOO_LARGE or course.evidence.losses[-1:].max(initial=0) > 10:
        return None
    return course.finding(
        "diverged",
        sentence(
            "The loss of update {iteration} is not finite, though the scores of the network are: the loss itself takes "
            "the logarithm of 0 or of a negative number, or divides by 0.",
            iteration=divergence.iteration + 1,
        ),
        sentence("Take the logarithm of probabilities, with something like 1e-7 added, or use the cross entropy."),
    )


def rate_too_high(course: Course) -> Finding | None:
    """It diverged; units died or were driven to an end; or the loss grew, or grows with each step."""
    text = _blown_up(course) or _units_lost(course) or _rises(course)
    return None if text is None else _too_high(course, text)


def _blown_up(course: Course) -> str | None:
    divergence = course.evidence.divergence
    if divergence is None and course.look.is_finite:
        return None
    return sentence(
        "Losses or weights were no longer finite at update {iteration}: each step went farther than the one before.",
        iteration=course.since + 1,
    )


def _units_lost(course: Course) -> str | None:
    first, look = course.first, course.look
    if first is None:
        return None
    dead = max((now for now, before in zip(look.dead, first.dead, strict=False) if before < 0.2), default=0)
    saturated = max(
        (now for now, before in zip(look.saturated, first.saturated, strict=False) if before < 0.2), default=0
    )
    if dead <= MANY_DEAD and saturated <= MANY_SATURATED:
        return None
    return sentence(
        "{share:.0%} of the units of a hidden layer were lost by update {iteration}: steps were so long that they no "
        "longer answer to the inputs.",
        share=max(dead, saturated),
        iteration=look.iteration,
    )


def _rises(course: Course) -> str | None:
    first, look = course.first, course.look
    if look.level <= KNOWS_NOTHING:
        return None
    if course.rising is not None and course.rising >= RISING:
        return sentence(
            "{share:.0%} of the updates raised the loss of the very batch that they were made for.", share=course.rising
        )
    if first is not None and look.level > 1.5 * first.level:
        return sentence(
            "The loss has grown from {before:.2f} to {now:.2f} times that of a network that knows nothing.",
            before=first.level,
            now=look.level,
        )
    return None


def vanishing_gradient(course: Course) -> Finding | None:
    """Little of the gradient arrives at the first layer, from the start on."""
    first, setting = course.first, course.evidence.setting
    ratio = None if first is None else vanishing(first)
    if ratio is None or ratio >= VANISHED or course.look.level <= 0.6 or len(setting.hidden) < 2:
        return None
    flat = setting.activation in ("sigmoid", "tanh")
    return course.finding(
        "vanishing-gradient",
        sentence(
            "At the start the gradient of the first layer was {ratio:.0e} of that of the last: {layers} hidden layers "
            "with {activation} let too little through.",
            ratio=ratio,
            layers=len(setting.hidden),
            activation=setting.activation,
        ),
        _set("activation", "relu") if flat else _set("init", "auto"),
        {"activation": "relu"} if flat else {"init": "auto"},
        ratio=ratio,
    )


def network_too_small(course: Course) -> Finding | None:
    """A hidden layer so narrow that classes cannot be told apart through it, in a network that has learnt something."""
    hidden = course.evidence.setting.hidden
    classes = course.evidence.setting.classes or 0
    if not hidden or min(hidden) > min(NARROW, classes - 1):
        return None
    if course.look.level > KNOWS_NOTHING and max(course.look.dead, default=0) < 1:
        return None
    wider = [max(units, 50) for units in hidden]
    return course.finding(
        "network-too-small",
        plural(
            "A hidden layer has only {n} unit, through which {classes} classes have to be told apart.",
            "A hidden layer has only {n} units, through which {classes} classes have to be told apart.",
            n=min(hidden),
            classes=classes,
        ),
        _set("hidden", ",".join(map(str, wider))),
        {"hidden": wider},
        hidden=list(hidden),
    )


def too_long_steps(course: Course) -> Finding | None:
    """The line test: the loss grows where the latest steps are made longer."""
    line = course.line
    if line is None or line <= TOO_LONG:
        return None
    text = sentence(
        "Three times as far along the latest updates the loss is {ratio:.2f} times as large: steps are too long.",
        ratio=line,
    )
    return _too_high(course, text)


def too_few_updates(course: Course) -> Finding | None:
    """The line test: longer steps do no harm, and there were few of them."""
    total = course.evidence.total or course.evidence.iteration
    if not _may_go_on(course) or total >= FEW_UPDATES or _rate_is_low(course):
        return None
    more = max(10 * total, 1000)
    return course.finding(
        "too-few-updates",
        sentence("There were only {total} updates, and the loss was still falling.", total=total),
        _set("iterations", more),
        {"iterations": more},
        updates=total,
    )


def rate_too_low(course: Course) -> Finding | None:
    """The line test: longer steps do no harm."""
    rate = course.evidence.setting.learning_rate
    if not _may_go_on(course):
        return None
    higher = _other_rate(course, higher=True)
    return course.finding(
        "rate-too-low",
        sentence(
            "Three times as far along the latest updates the loss is {ratio:.3f} times as large: steps could be much "
            "longer.",
            ratio=course.line,
        ),
        sentence("Take a larger learning rate.") if higher is None else _set("learning_rate", higher),
        None if higher is None else {"learning_rate": higher},
        learning_rate=rate,
        line=course.line,
    )


Rule = Callable[[Course], Finding | None]

RULES: tuple[Rule, ...] = (
    no_numbers,
    loss_summed,
    decay_too_strong,
    weights_too_large,
    unscaled,
    weights_too_small,
    network_too_small,
    dead_or_saturated,
    rate_too_high,
    vanishing_gradient,
    too_long_steps,
    too_few_updates,
    rate_too_low,
)
"""In the order in which they are asked: a rule may rely on it that those before it did not hold."""


def _too_high(course: Course, text: str) -> Finding:
    """The rate, or the batch where it is so small that its noise does the same."""
    setting = course.evidence.setting
    size, rising = setting.batch_size, course.rising
    if size is not None and size <= SMALL_BATCH and rising is not None and rising < 0.25 and course.look.is_finite:
        return course.finding(
            "batch-too-small",
            sentence(
                "Updates lessen the loss of their own batch of {size}, but not that of all samples: so few say too "
                "little for steps of this length.",
                size=size,
            ),
            _set("batch_size", 100),
            {"batch_size": 100},
            line=course.line,
            rising=rising,
            batch_size=size,
        )
    lower = _other_rate(course, higher=False)
    return course.finding(
        "rate-too-high",
        text,
        sentence("Take a smaller learning rate.") if lower is None else _set("learning_rate", lower),
        None if lower is None else {"learning_rate": lower},
        learning_rate=setting.learning_rate,
        line=course.line,
        rising=rising,
    )


def _other_rate(course: Course, *, higher: bool) -> float | None:
    """The customary rate of the optimizer where that is far away; else 10 times as much, or as little."""
    rate, name = course.evidence.setting.learning_rate, course.evidence.setting.optimizer
    if rate is None:
        return None
    step = rate * 10 if higher else rate / 10
    kind = OPTIMIZERS.get(name or "")
    if kind is None or course.evidence.recipe is None:
        return float(f"{step:.3g}")
    customary = float(getattr(kind, "learning_rate", step))
    return float(f"{max(step, customary) if higher else min(step, customary):.3g}")


def _may_go_on(course: Course) -> bool:
    line = course.line
    return line is not None and line <= TOO_LONG


def _rate_is_low(course: Course) -> bool:
    """Whether the rate is far below what is customary for the optimizer."""
    rate, kind = course.evidence.setting.learning_rate, OPTIMIZERS.get(course.evidence.setting.optimizer or "")
    return rate is not None and kind is not None and rate < 0.05 * float(getattr(kind, "learning_rate", 0.0))


def _largest(evidence: Evidence) -> float:
    return evidence.data.largest or 0.0 if evidence.data else 0.0


def _set(name: str, value: Any) -> str:
    return sentence("Try {change}.", change=f"{name} {value}")
