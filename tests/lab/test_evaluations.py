"""Evaluations for a page, and what they say of the test pictures, against the engine and the report's own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from zerokara.data import load
from zerokara.engine.choosing import ENGINES, choose_engine
from zerokara.lab import evaluations
from zerokara.lab.evaluations import Evaluations, Judgement
from zerokara.runs.answering import answers_of
from zerokara.training.build import build_trainer
from zerokara.training.history import Evaluation
from zerokara.training.recipe import Recipe


def test_rows_put_together_are_all_or_every_second_and_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluations, "MOST_ROWS", 8)
    some = Evaluations()
    known, step, count = np.empty((0, 4)), 0, 0
    for i in range(30):
        some.feed(Evaluation(i, i / 10, 0.5, 0.25, 0.125))
        if i % 3 == 0:
            rows = some.rows(step, count)
            known, step, count = np.concatenate([known[: rows.offset], rows.values]), rows.step, rows.count
            expected = sorted({*range(0, i + 1, step), i})
            assert known[:, 0].tolist() == expected
            assert len(known) <= 9
    assert known[-1].tolist() == [27.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_judgement_is_that_of_the_engine(engine: str) -> None:
    digits = load("digits")
    trainer = build_trainer(Recipe(dataset="digits", hidden=8, iterations=40), digits, engine=engine)
    trainer.run()
    classes = trainer.engine.classify(trainer.network, digits.test)
    beside = choose_engine(engine, trainer.network, 100, threads=1)
    judgement = Judgement.of(40, classes, trainer.network, digits.test, beside)
    told = answers_of(trainer.network, digits.test, engine)
    assert judgement.confusion is not None
    np.testing.assert_array_equal(judgement.confusion, told.confusion)
    assert judgement.misread == told.confidently_wrong[:24].tolist()
    assert judgement.answers == told.answers[judgement.misread].tolist()
    assert judgement.certainties == told.probabilities[judgement.misread, judgement.answers].tolist()


def test_a_network_without_finite_scores_answers_nothing() -> None:
    digits = load("digits")
    trainer = build_trainer(Recipe(dataset="digits", hidden=8), digits)
    trainer.network.params["W1"][:] = np.nan
    classes = trainer.engine.classify(trainer.network, digits.test)
    judgement = Judgement.of(0, classes, trainer.network, digits.test, trainer.engine)
    assert judgement.misread == []
    assert judgement.confusion is not None
    assert judgement.confusion.sum() == 0
