"""When what was found may not be a digit, or not all of it."""

from __future__ import annotations

from zerokara.handwriting.prepared import Doubt, DoubtCode
from zerokara.words import sentence, translatable

TEXTS: dict[DoubtCode, str] = {
    "no-ink": translatable("No ink was found in the picture."),
    "two-digits": translatable("There is more than one digit; the answer is about the framed one."),
    "cut": translatable("The digit is cut by the edge of the picture."),
    "faint": translatable("The ink is very faint."),
    "paper": translatable("The light on the paper can be read in two ways."),
}


def doubt(code: DoubtCode) -> Doubt:
    """The doubt of that code, in the language that is spoken."""
    return Doubt(code, sentence(TEXTS[code]))
