"""Which moments of a training are kept, and that memory for them is bounded."""

from __future__ import annotations

import itertools

import pytest

from zerokara.data import load
from zerokara.lab import moments as module
from zerokara.lab.moments import Moments
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer


def trainer() -> Trainer:
    return build_trainer(Recipe(dataset="digits", hidden=2), load("digits"))


def test_they_are_denser_the_later_and_none_is_far_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer()
    kept = Moments(one)
    for one.iteration in range(1, 4_001):
        kept.keep()
    at = [moment.iteration for moment in kept.all()]
    assert len(at) <= module.MOST + 1
    assert at[0] == 0
    assert at[-1] == 4_000
    for earlier, later in itertools.pairwise(at[1:]):
        assert later - earlier <= max(1, 0.25 * (4_000 - earlier))
    assert kept.before(4_000).iteration == 4_000
    assert kept.before(at[5] + 1).iteration == at[5]
    assert kept.before(0).iteration == 0


def test_they_take_no_more_memory_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer()
    size = sum(array.nbytes for array in one.moment().arrays)
    monkeypatch.setattr(module, "MOST_BYTES", 5 * size)
    kept = Moments(one)
    for one.iteration in range(1, 200):
        kept.keep()
    assert len(kept.all()) <= 6


def test_those_of_the_training_before_are_kept_with_it() -> None:
    one, other = trainer(), trainer()
    before = Moments(one)
    for one.iteration in (5, 10, 15):
        before.keep()
    other.iteration = 12
    after = Moments(other, before.up_to(12))
    assert [moment.iteration for moment in after.all()] == [0, 5, 10, 12]
