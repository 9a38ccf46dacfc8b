"""Fonts to fall back on stand behind those that were there, and what is missing is told once."""

import io
import re
import warnings
from dataclasses import replace
from types import ModuleType

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

from zerokara.report import fonts

EXTRA = {entry.name: entry for entry in fonts.registered()}
needs_the_extra = pytest.mark.skipif(len(fonts.files()) < 2, reason="the fonts of the extra are not installed")


@pytest.fixture(autouse=True)
def _own_list_of_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.registered()
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))


def pyplot_with(*families: str) -> ModuleType:
    pyplot = ModuleType("pyplot")
    pyplot.rcParams = {"font.family": list(families)}  # type: ignore[attr-defined]
    return pyplot


def file_of(name: str) -> str:
    return next(entry.fname for entry in fontManager.ttflist if entry.name == name)


@needs_the_extra
def test_a_learners_own_font_stays_the_first():
    """Otherwise every letter and digit of a picture would change its looks with what is installed."""
    pyplot = pyplot_with("serif", "Own")
    for _ in range(3):  # a process may run many files, and Matplotlib looks for every family of the list for every text
        fonts.offer(pyplot)
        assert pyplot.rcParams["font.family"] == ["serif", "Own", "IPAexGothic", "NanumGothic"]


@needs_the_extra
@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["IPAexGothic", "NanumGothic"]),
        ("ja", ["IPAexGothic", "NanumGothic"]),
        ("ko", ["NanumGothic", "IPAexGothic"]),
    ],
)
def test_the_font_of_the_language_that_is_spoken_comes_first(speak, language, names):
    """Both have the characters that Japan and Korea share, but not in the same shape."""
    speak(language)
    assert fonts.fallback() == names


@needs_the_extra
def test_names_of_other_systems_stand_for_these_fonts_in_a_learners_script():
    fonts.offer(pyplot_with("sans-serif"))
    assert file_of("Malgun Gothic") == file_of("NanumGothic")
    assert file_of("Hiragino Sans") == file_of("IPAexGothic")


def test_without_the_fonts_matplotlib_draws_as_ever(without_fonts):
    before, listed = list(plt.rcParams["font.family"]), list(fontManager.ttflist)
    pyplot = pyplot_with(*before)
    fonts.offer(pyplot)
    assert pyplot.rcParams["font.family"] == before
    assert fontManager.ttflist == listed


@needs_the_extra
@pytest.mark.parametrize(("name", "of_the_extra"), [("Yu Gothic", "IPAexGothic"), ("Malgun Gothic", "NanumGothic")])
def test_a_font_of_the_system_is_used_where_the_extra_is_not_installed(without_fonts, name, of_the_extra):
    """Windows has fonts of these names; here their letters are those of the extra."""
    text = {"Yu Gothic": "重みを学ぶ", "Malgun Gothic": "정확도"}[name]
    assert fonts.without_font(text) == set(text)
    fontManager.ttflist.append(replace(EXTRA[of_the_extra], name=name))
    assert fonts.without_font(text) == set()
    assert fonts.families() == [*plt.rcParams["font.family"], name]
    assert "pip install" in fonts.to_get("重" if name == "Malgun Gothic" else "정")


@needs_the_extra
@pytest.mark.parametrize(
    "text", ["重みを学ぶ、訓練データ(バッチ)。", "가중치 갱신, 오차역전파법", "λ ½ Σ W² ×", "か\u3099", "😀𓀀ไ"]
)
def test_the_letters_without_a_font_are_those_that_no_file_has(text):
    """The witness opens the files themselves."""
    files = [FT2Font(file) for file in (file_of("DejaVu Sans"), *map(str, fonts.files()))]
    lacking = {letter for letter in text if not any(font.get_char_index(ord(letter)) for font in files)}
    assert fonts.without_font(text) == lacking
    assert bool(lacking) == ("😀" in text)


def test_a_font_that_settings_name_but_nobody_has_is_passed_over(monkeypatch, recwarn):
    monkeypatch.setitem(plt.rcParams, "font.family", ["No Such Font", "sans-serif"])
    assert fonts.without_font("λ") == set()


@pytest.mark.parametrize(
    ("letters", "packages"),
    [
        ("重", ["matplotlib-fontja"]),
        ("あア、(", ["matplotlib-fontja"]),
        ("정", ["koreanize-matplotlib"]),
        ("あ정", ["matplotlib-fontja", "koreanize-matplotlib"]),
        ("😀ไ", []),
    ],
)
def test_the_package_that_brings_letters(without_fonts, letters, packages):
    assert re.findall(r" (\S+-\S+|m-\S+)", fonts.to_get(letters).partition(" install")[2]) == packages


@needs_the_extra
def test_a_package_that_is_here_is_not_recommended():
    assert fonts.to_get("重정") == ""


# What is said while a learner's figure is drawn


def boxes(text: str) -> Figure:
    figure = Figure()
    figure.text(0, 0, text, fontfamily="DejaVu Sans")
    return figure


def test_letters_of_a_learner_without_a_font_are_told_once_with_what_brings_them(without_fonts):
    said: list[str] = []
    for text in ("重み", "学習率", "損失"):
        with fonts.missing_letters(said.append):
            boxes(text).savefig(io.BytesIO())
    (told,) = said
    assert told.startswith("Some letters in the picture have no font here and became boxes. Try: ")
    assert told.endswith(" matplotlib-fontja")


def test_what_is_told_of_boxes_is_a_sentence(without_fonts, marked):
    said: list[str] = []
    for text in ("重み", "𓀀"):
        with fonts.missing_letters(said.append):
            boxes(text).savefig(io.BytesIO())
    assert len(said) == 2
    assert all(re.fullmatch("⟦[^⟦⟧]+⟧", told) for told in said)


def test_other_warnings_of_a_drawing_are_not_swallowed():
    said: list[str] = []
    with pytest.warns(UserWarning, match="something else"), fonts.missing_letters(said.append):
        warnings.warn("something else", stacklevel=1)
    assert said == []
