"""Fonts with Japanese and Korean letters for pictures: those of the extra, and those that the system has.

Those of the extra are registered by file. The packages they come in are never imported: they need distutils, which
Python no longer has, and they would change more settings than the fonts.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from zerokara.words import language, sentence, to_install


class Letters(NamedTuple):
    """Where the letters of a language come from.

    Attributes:
        package, module, file: of the extra: what is installed, what is found there, and the font in it.
        names: the names of that font, and of others that systems have; learners write any of them.
        pattern: one of the letters.
    """

    package: str
    module: str
    file: str
    names: tuple[str, ...]
    pattern: str


LETTERS = {
    "ja": Letters(
        package="matplotlib-fontja",
        module="matplotlib_fontja",
        file="ipaexg.ttf",
        names=(
            "IPAexGothic",
            "Hiragino Sans",
            "Noto Sans CJK JP",
            "Noto Sans JP",
            "Yu Gothic",
            "Meiryo",
            "Hiragino Maru Gothic Pro",
            "IPAGothic",
            "IPAPGothic",
            "TakaoGothic",
            "TakaoPGothic",
            "VL Gothic",
            "MS Gothic",
        ),
        pattern="[\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\uff00-\uff9f]",
    ),
    "ko": Letters(
        package="koreanize-matplotlib",
        module="koreanize_matplotlib",
        file="NanumGothic.ttf",
        names=(
            "NanumGothic",
            "Apple SD Gothic Neo",
            "Noto Sans CJK KR",
            "Noto Sans KR",
            "Malgun Gothic",
            "AppleGothic",
            "NanumBarunGothic",
            "Gulim",
            "Dotum",
            "Batang",
        ),
        pattern="[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]",
    ),
}


def files() -> list[Path]:
    """The font files of the extra that are installed here."""
    return [file for letters in LETTERS.values() for file in _installed(letters)]


def _installed(letters: Letters) -> list[Path]:
    spec = importlib.util.find_spec(letters.module)
    folders = (spec.submodule_search_locations or []) if spec else []
    return [file for folder in folders for file in sorted(Path(folder).rglob(letters.file))[:1]]


def _matplotlib() -> Any:
    """Matplotlib's font manager, which whoever draws has imported."""
    return sys.modules["matplotlib.font_manager"]


@cache
def registered() -> tuple[Any, ...]:
    """Matplotlib's entries of the extra's fonts, now in its list."""
    fonts = _matplotlib().fontManager
    entries = []
    for file in files():
        known = len(fonts.ttflist)
        fonts.addfont(file)
        entries.append(fonts.ttflist[known])  # more names of the same font may stand behind it
    return tuple(entries)


def fallback() -> list[str]:
    """A font with Japanese and one with Korean letters, of those that are here; the language that is spoken first.

    The same character may look otherwise in another country, so their order matters.
    """
    registered()
    here = {entry.name for entry in _matplotlib().fontManager.ttflist}
    languages = sorted(LETTERS, key=lambda known: known != language())
    found = [[name for name in LETTERS[known].names if name in here][:1] for known in languages]
    return [name for names in found for name in names]


def families() -> list[str]:
    """The fonts of all text, which settings may name, and those to fall back on."""
    return list(dict.fromkeys([*sys.modules["matplotlib"].rcParams["font.family"], *fallback()]))


def without_font(text: str) -> set[str]:
    """The letters of a text that none of `families` has."""
    letters = {letter for letter in text if not letter.isascii()}
    for family in families() if letters else ():
        fonts = _matplotlib()
        try:
            file = fonts.findfont(fonts.FontProperties(family=[family]), fallback_to_default=False)
        except ValueError:  # named, but not here
            continue
        font = fonts.get_font(file)
        letters = {letter for letter in letters if not font.get_char_index(ord(letter))}
    return letters


def to_get(letters: Iterable[str]) -> str:
    """The command that brings fonts with these letters; "" where the extra has none, or they are here."""
    text = "".join(letters)
    packages = [of.package for of in LETTERS.values() if re.search(of.pattern, text) and not _installed(of)]
    return to_install(*packages) if packages else ""


def offer(pyplot: ModuleType) -> None:
    """Let a learner's text fall back on these fonts for letters that its own font lacks, also where it has their names.

    Called when pyplot has been imported, which may be often in one process: each family stands in the list once.
    """
    settings: Any = pyplot.rcParams
    settings["font.family"] = list(dict.fromkeys([*settings["font.family"], *fallback()]))
    fonts = _matplotlib().fontManager
    here = {entry.name for entry in fonts.ttflist}
    for entry in registered():
        names = next((letters.names for letters in LETTERS.values() if entry.name in letters.names), ())
        fonts.ttflist += [dataclasses.replace(entry, name=name) for name in names if name not in here]


_told: set[str] = set()


def tell_once(say: Callable[[str], None], text: str) -> None:
    """Say a text, unless this process has said it before: a script may draw a hundred figures."""
    if text not in _told:
        _told.add(text)
        say(text)


@contextmanager
def missing_letters(say: Callable[[str], None]) -> Iterator[None]:
    """While a learner's figure is drawn: say once what helps if letters have no font; Matplotlib warns of each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    letters = [_letter(warning) for warning in caught]
    for warning, letter in zip(caught, letters, strict=True):
        if not letter:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if any(letters):
        tell_once(say, _about_boxes(to_get(letters)))


def _about_boxes(install: str) -> str:
    if not install:
        return sentence("Some letters in the picture have no font here and became boxes.")
    return sentence(
        "Some letters in the picture have no font here and became boxes. Try: {install}",
        install=install,
    )


def _letter(warning: warnings.WarningMessage) -> str:
    """The letter without a font that a warning is about; "" for another warning."""
    found = re.match(r"Glyph (\d+)", str(warning.message))
    return chr(int(found[1])) if found else ""
