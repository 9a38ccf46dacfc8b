"""Whose letters formulas are written with.

The textbook calls the input of an activation a and its output z (3.4); many others call them z and a. The formulas of
this room are the others'; they are written as the learner writes, and as the textbook does where nothing tells.
"""

from __future__ import annotations

import re

from zerokara.own_gradients.subject import Subject
from zerokara.sources.definitions import texts_of

OTHERS = re.compile(r"\b[aA]_?\d*\s*=\s*[\w.]+\(\s*(?:self\.)?[zZ]_?\d*\b")
"""a1 = sigmoid(z1)."""
LETTER = re.compile(r"\b(d?)([az])(\d*)\b")
"""a, z1, da2, dz2: an array, or ∂L/∂ of it."""


def written(formula: str, subject: Subject) -> str:
    """A formula with z for the input of an activation and a for its output, in the learner's letters.

    >>> LETTER.sub(_exchanged, "dz1 = (dz2 @ W2.T) * a1 * (1 - a1)")
    'da1 = (da2 @ W2.T) * z1 * (1 - z1)'
    """
    return formula if _writes_as_others(subject) else LETTER.sub(_exchanged, formula)


def _exchanged(found: re.Match[str]) -> str:
    return f"{found[1]}{'az'[found[2] == 'a']}{found[3]}"


def _writes_as_others(subject: Subject) -> bool:
    files = {function.__code__.co_filename for function in subject.functions}
    return any(OTHERS.search(text) for file in files for text in texts_of(file))
