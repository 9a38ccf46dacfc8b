"""Causes that are a matter of how far a training goes: length of a step, number of samples behind it, number of steps.

What parts them best is the line test: whether the loss grows where the latest steps are made longer. Networks that no
longer move stand near 1 there, so that what stops them is asked about first.
"""

from __future__ import annotations

from zerokara.doctor.course import KNOWS_NOTHING, Course, try_value
from zerokara.doctor.probes import Probe
from zerokara.doctor.symptoms import MANY_DEAD, MANY_SATURATED
from zerokara.findings import Finding
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.words import sentence

TOO_LONG = 1.05
"""The line test from which on steps are too long."""
RISING = 0.4
"""The share of updates that may raise the loss of the very batch that they were made for."""
FEW_UPDATES = 300
FAR_BELOW, CUSTOMARY = 0.05, 0.3
"""Of the customary rate: below the one it is the rate, not the number of updates; above the other it is usual."""
USUAL, HIGH = 3.0, 10.0
"""So many times the customary rate is still usual; the second where no update raised the loss of its own batch."""
HALF_LEARNT = 0.6
"""The level at the end below which much was learnt."""
SMALL_BATCH = 10


def rate_too_high(course: Course) -> Finding | None:
    """It diverged; units died or were driven to an end; or the loss grew, or grows with each step."""
    text = _blown_up(course)
    if text is not None:
        return _too_high(course, text)
    lost = _units_lost(course)
    if lost is not None:
        return _too_high(course, *lost)
    text = _rises(course)
    return None if text is None else _too_high(course, text)


def _blown_up(course: Course) -> str | None:
    divergence = course.evidence.divergence
    if divergence is None and course.look.is_finite:
        return None
    return sentence(
        "Losses or weights were no longer finite at update {iteration}: each step went farther than the one before.",
        iteration=course.since + 1,
    )


def _units_lost(course: Course) -> tuple[str, int] | None:
    """What to say, and since when, where units that worked at the start do nothing any more."""
    share = _lost(course, course.look)
    if share == 0:
        return None
    since = next(probe.iteration for probe in course.evidence.probes if _lost(course, probe))
    text = sentence(
        "{share:.0%} of the units of a hidden layer were lost by update {iteration}: steps were so long that they no "
        "longer answer to the inputs.",
        share=share,
        iteration=course.look.iteration,
    )
    return text, since


def _lost(course: Course, probe: Probe) -> float:
    """The share of a layer's units that do nothing and did at the start; 0 where that is usual."""
    if course.first is None:
        return 0.0
    dead = _most(probe.dead, course.first.dead)
    saturated = _most(probe.saturated, course.first.saturated)
    return max(dead if dead > MANY_DEAD else 0.0, saturated if saturated > MANY_SATURATED else 0.0)


def _most(now: tuple[float, ...], first: tuple[float, ...]) -> float:
    """The largest share of those layers that had few at the start."""
    return max((share for share, before in zip(now, first, strict=False) if before < 0.2), default=0.0)


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


def too_long_steps(course: Course) -> Finding | None:
    """The line test: the loss grows where the latest steps are made longer."""
    line = course.line
    if line is None or line <= TOO_LONG:
        return None
    text = sentence(
        "Going on three times as far along the latest updates makes the loss {ratio:.2f} times as large: steps are too "
        "long.",
        ratio=line,
    )
    return _too_high(course, text)


def too_few_updates(course: Course) -> Finding | None:
    """The line test, where it can be believed: longer steps do no harm, and there were few of them."""
    total = course.evidence.total or course.evidence.iteration
    usual = not rate_is_low(course, CUSTOMARY) and rate_is_low(course, HIGH if course.rising == 0 else USUAL)
    falls = _still_falls(course) and usual
    if total >= FEW_UPDATES or rate_is_low(course, FAR_BELOW) or not (_may_go_on(course) or falls):
        return None
    more = max(10 * total, 1000)
    return course.finding(
        "too-few-updates",
        sentence("There were only {total} updates, and the loss was still falling.", total=total),
        try_value("iterations", more),
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
            "It learns slowly: going on three times as far along the latest updates changes the loss by a factor of "
            "{ratio:.3f}, so that longer steps would do no harm.",
            ratio=course.line,
        ),
        sentence("Take a larger learning rate.") if higher is None else try_value("learning_rate", higher),
        None if higher is None else {"learning_rate": higher},
        learning_rate=rate,
        line=course.line,
    )


def _too_high(course: Course, text: str, since: int | None = None) -> Finding:
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
            try_value("batch_size", 100),
            {"batch_size": 100},
            since=since,
            line=course.line,
            rising=rising,
            batch_size=size,
        )
    lower = _other_rate(course, higher=False)
    return course.finding(
        "rate-too-high",
        text,
        sentence("Take a smaller learning rate.") if lower is None else try_value("learning_rate", lower),
        None if lower is None else {"learning_rate": lower},
        since=since,
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


def _still_falls(course: Course) -> bool:
    """Whether the loss is lower at the end than it was at 30 % of the run, and there than at the start."""
    first, early, last = course.first, course.evidence.early, course.evidence.last
    if first is None or early is None or last is None:
        return False
    return first.level > early.level > last.level


def _may_go_on(course: Course) -> bool:
    line = course.line
    return line is not None and line <= TOO_LONG


def rate_is_low(course: Course, share: float) -> bool:
    """Whether the rate is below that share of what is customary for the optimizer."""
    rate, kind = course.evidence.setting.learning_rate, OPTIMIZERS.get(course.evidence.setting.optimizer or "")
    return rate is not None and kind is not None and rate < share * float(getattr(kind, "learning_rate", 0.0))


def is_on_its_way(course: Course) -> bool:
    """Whether a training at a customary rate still learns: sigmoids rest on a plateau first, and then go fast."""
    last = course.evidence.last
    known = course.evidence.setting.optimizer in OPTIMIZERS and course.evidence.setting.learning_rate is not None
    return known and not rate_is_low(course, CUSTOMARY) and (last is None or last.level < HALF_LEARNT)
