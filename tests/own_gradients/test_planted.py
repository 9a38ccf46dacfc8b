"""The benchmark itself: each style is correct, each mistake is one, by a loop of the witness's own."""

from pathlib import Path

import pytest

from .planted import KINDS, STYLES, Mistake, all_mistakes, correct, edits, is_wrong, made


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_correct_to_the_witness(style: str, tmp_path: Path) -> None:
    assert not is_wrong(made(style, correct(style), tmp_path))


def test_there_are_forty_mistakes_in_each_of_six_styles() -> None:
    assert sum(len(edits(style)) >= 40 for style in STYLES) >= 6
    assert {mistake.kind for mistake in all_mistakes()} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", all_mistakes(), ids=str)
def test_a_mistake_is_one_to_the_witness(mistake: Mistake, tmp_path: Path) -> None:
    assert is_wrong(made(mistake.style, mistake.source, tmp_path))
