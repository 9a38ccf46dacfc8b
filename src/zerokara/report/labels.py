"""The labels of a picture: in the language that is spoken, in letters and never in boxes."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, TypeVar

from zerokara.cells import width
from zerokara.report.fonts import tell_once, to_get, without_font
from zerokara.words import in_english, sentence

P = ParamSpec("P")
Figure = TypeVar("Figure")

Speak = Callable[..., str]
"""`sentence`, `in_english` or a picture's `Labels`: of a translatable text and its facts."""
Title = str | Callable[[Speak], str]
"""A name, or a function that words it."""


class Labels:
    """Words the labels of one picture, so that each letter has a font here.

    Attributes:
        speak: the language.
        missing: the letters met so far that have no font.
    """

    def __init__(self, speak: Speak) -> None:
        self.speak = speak
        self.missing: set[str] = set()

    def __call__(self, template: str, /, **facts: object) -> str:
        """A label, from a translatable text and its facts."""
        return self.name(self.speak(template, **facts))

    def name(self, text: str, instead: str | None = None) -> str:
        """A name that somebody gave; where a letter of it has no font `instead`, or else itself with question marks."""
        shown = "".join(map(_shown, unicodedata.normalize("NFC", text)))  # macOS takes the letters of names apart
        missing = without_font(shown)
        self.missing |= missing
        if missing and instead is not None:
            return instead
        return "".join("?" if letter in missing else letter for letter in shown)

    def title(self, title: Title, cells: int) -> str:
        """A title, in lines of at most so many cells."""
        return in_lines(self.name(title) if isinstance(title, str) else title(self), cells)


def _shown(letter: str) -> str:
    if letter.isspace():
        return " "
    return letter if letter.isprintable() else "?"


def labelled(draw: Callable[Concatenate[Labels, P], Figure]) -> Callable[P, Figure]:
    """Draw with labels in the language that is spoken; where one has a letter without a font, again in English."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        spoken, english = Labels(sentence), Labels(in_english)
        figure = draw(spoken, *args, **kwargs)
        if spoken.missing:
            figure = draw(english, *args, **kwargs)
            tell_once(partial(warnings.warn, stacklevel=3), _about(bool(english.missing), to_get(spoken.missing)))
        return figure

    return drawn


def _about(names: bool, install: str) -> str:
    """What is said where letters have no font: those of names, or only those of the language that is spoken."""
    if not install:
        return sentence(
            "Some letters of names have no font here. Pictures have question marks or numbers instead, and English "
            "labels."
        )
    if names:
        return sentence(
            "Some letters of names have no font here. Pictures have question marks or numbers instead, and English "
            "labels. Try: {install}",
            install=install,
        )
    return sentence(
        "The letters of this language have no font here, so labels in pictures are English. Try: {install}",
        install=install,
    )


PIECE = re.compile(r"(?:[^\s、。]+[、。]*|[、。]+)\s*")
"""What is kept together, with the signs and blanks behind it: Japanese has no blanks, but a sign between parts."""


def in_lines(text: str, cells: int) -> str:
    """A text in lines of at most so many cells.

    >>> print(in_lines("64-50-10 by backprop", 11))
    64-50-10 by
    backprop
    >>> print(in_lines("損失、認識精度。", 12))
    損失、
    認識精度。
    """
    lines = [""]
    for piece in PIECE.findall(text):
        for part in [piece] if width(piece.rstrip()) <= cells else piece:
            if width((lines[-1] + part).rstrip()) > cells:
                lines.append("")
            lines[-1] += part
    return "\n".join(map(str.rstrip, lines))
