"""Japanese and Korean letters in pictures, where the fonts of the extra are installed.

The fonts are registered by file. The packages they come in are never imported: they need distutils, which Python
no longer has, and they would change more settings than the fonts.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from zerokara.words import sentence, to_install

BROUGHT_BY = ("matplotlib-fontja", "koreanize-matplotlib")
PACKAGES = {"matplotlib_fontja": "ipaexg.ttf", "koreanize_matplotlib": "NanumGothic.ttf"}

ELSEWHERE = {
    "IPAexGothic": (
        "Hiragino Sans",
        "Hiragino Maru Gothic Pro",
        "IPAGothic",
        "IPAPGothic",
        "Meiryo",
        "MS Gothic",
        "Noto Sans CJK JP",
        "TakaoGothic",
        "TakaoPGothic",
        "Yu Gothic",
    ),
    "NanumGothic": ("AppleGothic", "Batang", "Dotum", "Gulim", "Malgun Gothic", "NanumBarunGothic", "Noto Sans CJK KR"),
}
"""Names that learners write for fonts of their own systems, by the font that stands in where there is none such."""


@contextmanager
def missing_letters(say: Callable[[str], None]) -> Iterator[None]:
    """While a figure is drawn: say once what helps if letters have no font; Matplotlib warns of each letter."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not _is_about_a_letter(warning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if any(map(_is_about_a_letter, caught)):
        say(
            sentence(
                "Some letters in the picture have no font here and became boxes. "
                "{install} brings Japanese and Korean ones.",
                install=to_install(*BROUGHT_BY),
            )
        )


def _is_about_a_letter(warning: warnings.WarningMessage) -> bool:
    return "Glyph" in str(warning.message)


def files() -> list[Path]:
    """The font files of the extra that are installed here."""
    return [file for package, name in PACKAGES.items() for file in _inside(package, name)]


def _inside(package: str, name: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    return [file for folder in folders for file in sorted(Path(folder).rglob(name))[:1]]


@cache
def registered() -> tuple[str, ...]:
    """The names of these fonts, now known to Matplotlib, which has been imported; also by names of other systems."""
    fonts: Any = sys.modules["matplotlib.font_manager"].fontManager
    here = {entry.name for entry in fonts.ttflist}
    names = []
    for file in files():
        fonts.addfont(file)
        entry = fonts.ttflist[-1]
        names.append(entry.name)
        missing = [name for name in ELSEWHERE.get(entry.name, ()) if name not in here]
        fonts.ttflist += [dataclasses.replace(entry, name=name) for name in missing]
    return tuple(names)


def offer(pyplot: ModuleType) -> None:
    """Let text fall back on these fonts for letters that its own font lacks. Called when pyplot has been imported."""
    settings: Any = pyplot.rcParams
    settings["font.family"] = [*settings["font.family"], *registered()]
