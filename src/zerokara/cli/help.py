"""Pages of help: how a command is called, what it does, and its options in two columns that line up in every language.

No boxes are drawn around them: the lines of a box take two cells where a terminal is set to Japanese or Korean.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from zerokara.cells import left, widest, width
from zerokara.words import LANGUAGES, paragraph, sentence

LEAST_CELLS = 24
"""Of what is said about an option, however narrow the terminal is."""

_OPENING, _CLOSING = r"「『(\[【⟦", r":、。」』)\]】!?ー…・ぁぃぅぇぉっゃゅょァィゥェォッャュョ⟧"
_LETTER = r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]"
_PIECE = (
    rf"\s*(?:\[[^\]]{{1,20}}\][{_CLOSING}]*|[{_OPENING}]*{_LETTER}[{_CLOSING}]*"
    rf"|\[?(?:(?!{_LETTER})[^\s「『【\[])+|\S)"
)
"""What stays together in a line: [default: 50], a word with the marks around it, or a Japanese letter with them."""


class Panel(NamedTuple):
    """Some options or commands under a title: how each is written, and what it is for."""

    title: str
    rows: Sequence[tuple[str, str]]


def help_page(usage: str, description: Sequence[str], panels: Sequence[Panel], *, version: bool = False) -> str:
    """A page of help. `description` has its paragraphs; `version` says whether there is --version, too."""
    everywhere = [*panels, Panel(sentence("With every command"), list(_everywhere(version)))]
    column = widest(label for panel in everywhere for label, _ in panel.rows) + 4
    cells = shutil.get_terminal_size().columns
    lines = [sentence("Usage: {command}", command=usage)]
    for text in description:
        lines += ["", *wrapped(text, cells)]
    for title, rows in everywhere:
        lines += ["", f"{title}:"]
        for label, text in rows:
            first, *more = wrapped(text, max(cells - column, LEAST_CELLS))
            lines += [left(f"  {label}", column) + first, *(" " * column + line for line in more)]
    return "\n".join(lines)


def told(text: str, choices: Collection[str] = (), default: str | None = None, *, required: bool = False) -> str:
    """What an option is for, and what it takes: each a whole text of its own."""
    return paragraph(
        text,
        sentence("[choices: {choices}]", choices=", ".join(choices)) if choices else "",
        sentence("[default: {value}]", value=default) if default is not None else "",
        sentence("[required]") if required else "",
    )


def wrapped(text: str, cells: int) -> list[str]:
    """The lines of a text that are at most so many cells wide, where its words let them be.

    Japanese is broken between any two letters, but no line begins with what closes, such as 。, or ends with 「.

    >>> wrapped("one two three", 7)
    ['one two', 'three']
    >>> wrapped("重みの初期値。", 8)
    ['重みの初', '期値。']
    """
    lines = [""]
    for piece in re.findall(_PIECE, text):
        if width(lines[-1] + piece) > cells and lines[-1]:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines


def _everywhere(version: bool) -> Iterator[tuple[str, str]]:
    yield "--lang LANG", told(sentence("The language of all texts; that of ZEROKARA_LANG or of the system."), LANGUAGES)
    yield "--help, -h", sentence("Show this help.")
    if version:
        yield "--version", sentence("Show the version.")
