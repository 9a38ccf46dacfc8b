"""Fonts to fall back on stand behind those that were there."""

from types import ModuleType

import pytest

from zerokara.report import fonts


def test_a_learners_own_font_stays_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every letter and digit of a picture would change its looks with what is installed."""
    monkeypatch.setattr(fonts, "registered", lambda: ("IPAexGothic", "NanumGothic"))
    pyplot = ModuleType("pyplot")
    pyplot.rcParams = {"font.family": ["serif", "Own"]}  # type: ignore[attr-defined]
    fonts.offer(pyplot)
    assert pyplot.rcParams["font.family"] == ["serif", "Own", "IPAexGothic", "NanumGothic"]  # type: ignore[attr-defined]
