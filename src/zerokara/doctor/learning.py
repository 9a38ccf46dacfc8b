"""Causes that show in how a training goes. Each rule is one function; `RULES` has their order, which is half of it.

The thresholds were measured on some 1,300 trainings, ill ones and healthy ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zerokara.doctor.course import KNOWS_NOTHING, Course, try_value
from zerokara.doctor.evidence import Evidence
from zerokara.doctor.rates import rate_too_high, rate_too_low, too_few_updates, too_long_steps
from zerokara.doctor.symptoms import VANISHED, vanishing
from zerokara.findings import Finding
from zerokara.nn.initializers import standard_deviation
from zerokara.words import plural, sentence

TOO_LARGE = 2.5
"""The first level of weights that are too large: healthy ones have 1.11 at most."""
UNSCALED = 10.0
"""Inputs as large as this are no pixels from 0 to 1, and no standardized ones."""
SHRUNK = 0.72
"""Weights of healthy networks grow, with λ = 0.001 too."""
BALANCE = (0.5, 2.0)
"""Where the pull of a penalty ends a training; with λ = 0.001 it is 0.04 while the loss is high."""
SMALL_DIFFERENCE, NO_DIFFERENCE = 5e-4, 1e-5
"""Between what the last hidden layer gives for several samples: at 30 % of a run, and at its start."""
NARROW = 4


def loss_summed(course: Course) -> Finding | None:
    """The first loss is that of a sample times the size of the batch."""
    setting, first, losses = course.evidence.setting, course.first, course.evidence.losses
    size, classes = setting.batch_size, setting.classes
    if first is None or not len(losses) or not size or size < 8 or not classes:
        return None
    if setting.weight_decay or any(change.field == "weight_decay" for change in course.evidence.changes):
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


def decay_too_strong(course: Course) -> Finding | None:
    """Weights shrink, although a training should make them grow, or the penalty holds them where they are."""
    decay, first = course.evidence.setting.weight_decay, course.first
    if not decay or first is None or not first.sizes or first.level >= TOO_LARGE:
        return None
    shrunk = min(now / before if before else 1.0 for now, before in zip(course.look.sizes, first.sizes, strict=True))
    pull = _pull(course, decay)
    if shrunk < SHRUNK:
        text = sentence(
            "Weights have shrunk to {share:.0%} of what they began with: the penalty, with λ = {decay:g}, is stronger "
            "than what the data say.",
            share=shrunk,
            decay=decay,
        )
    elif pull is not None and BALANCE[0] < pull < BALANCE[1]:
        text = sentence(
            "The penalty, with λ = {decay:g}, pulls the weights back {share:.0%} as strongly as the data pull them on, "
            "and the loss is still high.",
            share=pull,
            decay=decay,
        )
    else:
        return None
    weaker = min(decay / 10, 1e-3)
    remedy = try_value("weight_decay", weaker)
    return course.finding(
        "weight-decay-too-strong", text, remedy, {"weight_decay": weaker}, shrunk=shrunk, pull=pull, weight_decay=decay
    )


def _pull(course: Course, decay: float) -> float | None:
    """λ ‖W‖ of the last layer ÷ the norm of its gradient without the penalty."""
    sizes, look = course.evidence.setting.sizes, course.look
    if not sizes or not look.norms or look.norms[-1] <= 0:
        return None
    return float(decay * look.sizes[-1] * np.sqrt(sizes[-2] * sizes[-1]) / look.norms[-1])


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
            "Before the first update the loss was {level:.3g} times that of a network that knows nothing: the initial "
            "weights make it sure, and wrong.",
            level=first.level,
        ),
        try_value("init", "auto"),
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
    variation = min(course.look.variation[-1], first.variation[-1])
    if not small or (course.look.variation[-1] >= SMALL_DIFFERENCE and first.variation[-1] >= NO_DIFFERENCE):
        return None
    return course.finding(
        "weights-too-small",
        sentence(
            "What the last hidden layer gave differed by only {variation:.0e} between samples: the initial weights are "
            "too small to pass anything on through {layers} layers.",
            variation=variation,
            layers=len(setting.hidden),
        ),
        try_value("init", "auto"),
        {"init": "auto"},
        variation=variation,
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
        sentence("Begin with biases of 0 and small weights: {command}.", command="init auto"),
        share=max(dead, saturated),
    )


def no_numbers(course: Course) -> Finding | None:
    """It left the finite numbers, though the network before gave scores as they should be: the loss is to blame."""
    divergence = course.evidence.divergence
    if divergence is None or divergence.has_loss or divergence.iteration > 3 or not course.look.is_finite:
        return None
    if course.evidence.changes:  # a penalty that somebody made huge is part of the loss
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
        try_value("activation", "relu") if flat else try_value("init", "auto"),
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
        try_value("hidden", ",".join(map(str, wider))),
        {"hidden": wider},
        hidden=list(hidden),
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
    too_few_updates,
    too_long_steps,
    rate_too_low,
)
"""In the order in which they are asked: a rule may rely on it that those before it did not hold."""


def _largest(evidence: Evidence) -> float:
    return evidence.data.largest or 0.0 if evidence.data else 0.0
