"""What one sees of two slopes at some h, in a sentence or two."""

from __future__ import annotations

import math

from zerokara.lab.slopes import Slopes
from zerokara.words import paragraph, plural, sentence

GOOD = 0.35
"""Which part of the digits that a precision has is more than any curve shows: 6 in float64, 3 in float32."""


def about_h(found: Slopes, kinks: int, *, stays: bool = False) -> str:
    """Why the numerical slope is as near to backpropagation's, or as far from it, as it is.

    Args:
        found: both slopes.
        kinks: how many ReLUs switch between the two points.
        stays: whether the error would be there without rounding too, as `outlasts_rounding` has it.
    """
    if not found.is_finite:
        return sentence("At one of the two points the loss is not a finite number, so there is no difference to take.")
    if found.error == 0:
        return sentence("Both slopes are the same to the last digit.")
    if found.above_at == found.at == found.below_at:
        return sentence("h is too small for this precision: w + h and w - h are w itself, so the difference is 0.")
    if found.above == found.below:
        return sentence(
            "The loss is the same at both points, to its last digit: rounding has left nothing of the difference."
        )
    digits = digits_in_common(found.numerical, found.backprop)
    if digits >= GOOD * -math.log10(found.epsilon):
        return sentence(
            "The slopes have about {digits} digits in common: neither the bend of the curve nor rounding matters much.",
            digits=digits,
        )
    return _about_error(found, kinks, rounding=found.error <= found.noise and not stays)


def _about_error(found: Slopes, kinks: int, *, rounding: bool) -> str:
    if rounding:
        return sentence(
            "Rounding: the two losses differ only from about digit {digit} on. What is before cancels, and what is "
            "left is divided by 2h: the smaller h, the larger the error.",
            digit=digits_in_common(found.above, found.below) + 1,
        )
    if kinks:
        return plural(
            "Between w - h and w + h one ReLU switches in one of the samples: the curve has a kink, "
            "and the secant cuts across it.",
            "Between w - h and w + h ReLUs switch in the samples, {n:,} in all: the curve has kinks, "
            "and the secant cuts across them.",
            n=kinks,
        )
    return sentence(
        "Truncation: the secant cuts across the bend of the curve. Ten times smaller an h makes that error a hundred "
        "times smaller."
    )


def about_nothing(multiplied_by_nothing: bool, decays: bool) -> str:
    """Why the samples give a weight no slope at all.

    Args:
        multiplied_by_nothing: its input is 0 in all samples; otherwise its unit is off in all of them.
        decays: whether the penalty of weight decay still gives it one.
    """
    why = (
        sentence("In all of these samples this weight is multiplied by 0: a pixel without ink, or a unit that is off.")
        if multiplied_by_nothing
        else sentence("In all of these samples the unit that this weight leads to is off, and passes nothing on.")
    )
    if decays:
        return paragraph(why, sentence("All that is left of its slope is that of the weight decay."))
    return paragraph(why, sentence("The loss does not depend on it, and both slopes are exactly 0."))


def digits_in_common(one: float, other: float) -> int:
    """To how many digits two different numbers are the same, at most 17."""
    scale = max(abs(one), abs(other))
    return min(17, max(0, math.floor(-math.log10(abs(one - other) / scale))))
