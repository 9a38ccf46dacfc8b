"""Mistakes that others planted are named, and correct classes are not accused.

These are samples; `benchmarks/gradient_mistakes.py` runs over all of them.
"""

from collections import Counter
from pathlib import Path

import pytest

from .correct import VARIATIONS, Variation, right
from .measured import SETTINGS, judged, verdict_on, verdict_on_correct
from .planted import KINDS, STYLES, Mistake, all_mistakes, correct, edits, is_wrong, made, mistakes, pairs_of
from .random_edits import random_edits

NAMED = 0.95
ON_ITS_LINE = 0.80
BOTH_OF_TWO = 0.75

EVERY = 3
"""Of the mistakes of each style, in the slow tests."""

QUICK = [
    ("methods", 10),
    ("functions", 40),
    ("tanh_squares", 57),
    ("leaky", 53),
]
"""A handful that is named in every run of the fast tests."""


# The benchmark itself


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_correct_to_the_witness(style: str, tmp_path: Path) -> None:
    assert not is_wrong(made(style, correct(style), tmp_path))


def test_there_are_forty_mistakes_in_each_of_six_styles() -> None:
    assert sum(len(edits(style)) >= 40 for style in STYLES) >= 6
    assert {mistake.kind for mistake in all_mistakes()} == set(KINDS)


def test_there_are_sixty_correct_classes() -> None:
    assert len({variation.source for variation in VARIATIONS}) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_a_mistake_is_one_to_the_witness(style: str, tmp_path: Path) -> None:
    assert [str(mistake) for mistake in mistakes(style) if not is_wrong(made(style, mistake.source, tmp_path))] == []


@pytest.mark.slow
@pytest.mark.parametrize("variation", VARIATIONS, ids=str)
def test_a_correct_class_is_correct_to_the_witness(variation: Variation, tmp_path: Path) -> None:
    network = right(made(variation.style, variation.source, tmp_path), variation)
    assert not is_wrong(network, variation.tolerance, variation.batch)


# What is said of it


@pytest.mark.parametrize("mistake", [mistakes(style)[number] for style, number in QUICK], ids=str)
def test_a_handful_is_named(mistake: Mistake, tmp_path: Path) -> None:
    assert verdict_on(mistake.style, mistake.source, tmp_path).names(mistake.causes)


@pytest.mark.parametrize("style", STYLES)
def test_a_correct_style_is_not_accused(style: str, tmp_path: Path) -> None:
    assert verdict_on(style, correct(style), tmp_path).first == ""


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_mistakes_are_named_first_and_with_their_line(style: str, tmp_path: Path) -> None:
    sample = mistakes(style)[list(STYLES).index(style) % EVERY :: EVERY]
    verdicts = [(mistake, verdict_on(style, mistake.source, tmp_path)) for mistake in sample]
    other = [
        f"{mistake}: {verdict.first or 'silent'}" for mistake, verdict in verdicts if not verdict.names(mistake.causes)
    ]
    assert len(other) <= (1 - NAMED) * len(verdicts), other
    lines = [verdict.has_line(mistake.lines) for mistake, verdict in verdicts]
    assert sum(lines) >= ON_ITS_LINE * len(lines)


@pytest.mark.slow
@pytest.mark.parametrize("variation", VARIATIONS, ids=str)
def test_a_correct_class_is_not_accused(variation: Variation, tmp_path: Path) -> None:
    setting = list(SETTINGS)[VARIATIONS.index(variation) % len(SETTINGS)]
    assert verdict_on_correct(variation, setting, tmp_path).first == ""


@pytest.mark.slow
def test_two_at_once_are_both_named(tmp_path: Path) -> None:
    both = []
    for style in STYLES:
        for one, two, source in pairs_of(style, 2, 2, tmp_path):
            causes = set(verdict_on(style, source, tmp_path).causes)
            both.append(bool(causes & one.causes) and bool(causes & two.causes))
    assert sum(both) >= BOTH_OF_TWO * len(both)


@pytest.mark.slow
def test_random_edits_are_not_named_wrongly(tmp_path: Path) -> None:
    became: Counter[str] = Counter()
    for edit in random_edits(42, 5, tmp_path):
        verdict = verdict_on(edit.style, edit.source, tmp_path)
        became[judged(edit, verdict, tmp_path)] += 1
        assert judged(edit, verdict, tmp_path) not in ("contradicted", "accused"), f"{edit}: {verdict.first}"
    assert became["named"] >= 0.25 * sum(became.values())
