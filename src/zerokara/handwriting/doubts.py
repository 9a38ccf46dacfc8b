"""When what was found may not be a digit, or not all of it."""

from __future__ import annotations

import numpy as np

from zerokara.handwriting.choosing import Chosen, beside, frames
from zerokara.handwriting.opening import Gray
from zerokara.handwriting.prepared import Doubt, DoubtCode
from zerokara.words import sentence, translatable

TEXTS: dict[DoubtCode, str] = {
    # those that need no network; the others are told where there is an answer
    "no-ink": translatable("No ink was found in the picture."),
    "two-digits": translatable("There is more than one digit; the answer is about the framed one."),
    "cut": translatable("The digit is cut by the edge of the picture."),
    "faint": translatable("The ink is very faint."),
}


def doubt(code: DoubtCode) -> Doubt:
    """The doubt of that code, in the language that is spoken."""
    return Doubt(code, sentence(TEXTS[code]))


FAINT = 0.15
"""The contrast of ink that is easily seen is more."""

SECOND = 0.5
"""Of the digit's longer side: another that is as long may be a digit too."""


def doubts_about(chosen: Chosen, contrast: Gray, tight: bool) -> tuple[Doubt, ...]:
    """The doubts that need no network.

    Args:
        tight: whether the digit fills the picture, as those of scikit-learn do, so that its edges mean nothing.
    """
    codes: list[DoubtCode] = []
    if _has_second(chosen):
        codes.append("two-digits")
    if not tight and _is_cut(chosen, contrast):
        codes.append("cut")
    if float(np.percentile(contrast[chosen.mask], 85)) < FAINT:
        codes.append("faint")
    return tuple(map(doubt, codes))


def _has_second(chosen: Chosen) -> bool:
    components, main = chosen.components, chosen.main
    long = components.lengths >= SECOND * components.lengths[main]
    dark = components.ink >= 0.25 * components.ink[main]
    apart = ~chosen.parts | beside(components, main)
    others = long & dark & apart & ~frames(components) & (components.edges_touched == 0)
    others[main] = False
    return bool(others.any())


def _is_cut(chosen: Chosen, contrast: Gray) -> bool:
    """Whether the edge of the picture goes through dark ink; the faint edge of a stroke may lie on it."""
    if not chosen.components.edges_touched[chosen.main]:
        return False
    ink = np.where(chosen.mask, contrast, 0)
    dark = float(np.percentile(contrast[chosen.mask], 85))
    return max(float(edge.max()) for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1])) > 0.5 * dark
