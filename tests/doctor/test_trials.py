"""Trials choose among findings by what they come to, and propose nothing that does not help."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zerokara.doctor import trials
from zerokara.doctor.trials import Trial, helps, options_of, tried
from zerokara.doctor.ways import WAYS, Change, rivals
from zerokara.errors import UsageError
from zerokara.findings import CAUSES, Finding
from zerokara.training.recipe import Recipe

RECIPE = Recipe("digits", learning_rate=1e-5, iterations=300, hidden=(4, 4), activation="sigmoid").resolved()
LOW = Finding(cause="rate-too-low", text="The loss hardly falls.", change={"learning_rate": 1e-4})
HIGH = Finding(cause="rate-too-high", text="The loss rises.", change={"learning_rate": 1e-6})
VANISHING = Finding(cause="vanishing-gradient", text="Gradients are small.", change={"activation": "relu"})
LABELS = Finding(cause="wrong-labels", text="Labels contradict.", remedy="Look at them.")
ALIKE = Recipe("digits", init=0.0, learning_rate=1e-5, iterations=300).resolved()
SYMMETRIC = Finding(cause="symmetric-weights", text="All alike.", change={"init": "auto"}, remedy="Draw them.")


def right(share: float, held: int = 1000) -> Trial:
    """A trial in which the first so many samples are right, so that of two one is right wherever the other is."""
    return Trial(np.arange(held) < round(share * held))


def training(shares: dict[Any, float], made: list[Change] | None = None) -> Callable[[Change], Trial]:
    """A training that comes to these shares by the change, and to 0.1 with any other."""

    def train(change: Change) -> Trial:
        if made is not None:
            made.append(change)
        return right(shares.get(tuple(change.items()), 0.1))

    return train


def learning(threshold: float = 0.05) -> Callable[[Change], Trial]:
    """A network that learns from a rate of `threshold` on."""
    return lambda change: right(0.95 if change.get("learning_rate", 1e-5) >= threshold else 0.1)


def test_what_helps_most_comes_first_with_the_proof() -> None:
    shares = {(("learning_rate", 0.1),): 0.6, (("activation", "relu"),): 0.97}
    outcome = tried([LOW, VANISHING], RECIPE, training(shares))
    (first,) = outcome.findings
    assert first.cause == "vanishing-gradient", "what helps less is not the cause"
    assert first.proof == {"accuracy_before": 0.1, "accuracy_after": 0.97, "held_out": 1000, "seed": 0}
    assert "of 1,000 training samples held out, 10.0% are right without it and 97.0% with it" in first.proven
    assert first.remedy == "Try --activation relu."
    assert first.change == {"activation": "relu"}
    assert outcome.complete


def test_among_equals_the_order_of_the_signals_stays() -> None:
    shares = {(("learning_rate", 0.1),): 0.95, (("activation", "relu"),): 0.97}
    found = tried([LOW, VANISHING], RECIPE, training(shares)).findings
    assert [finding.cause for finding in found] == ["rate-too-low", "vanishing-gradient"]


def test_where_nothing_could_be_better_nothing_more_is_tried() -> None:
    made: list[Change] = []
    tried([VANISHING, LOW], RECIPE, training({(("activation", "relu"),): 0.98}, made))
    assert made == [{}, {"activation": "relu"}]


def test_a_proposal_that_does_not_help_is_not_made() -> None:
    outcome = tried([VANISHING, HIGH], RECIPE, training({}))
    assert outcome.findings == ()
    assert outcome.complete
    assert outcome.trainings > 4, "rivals were tried too"


def test_a_fact_stays_and_its_proposal_goes() -> None:
    (only,) = tried([SYMMETRIC], RECIPE, training({})).findings
    assert (only.cause, only.text) == ("symmetric-weights", "All alike.")
    assert (only.change, only.remedy, only.proof) == (None, "", {})
    diverged = Finding(cause="diverged", text="The logarithm of 0.")
    assert tried([diverged, LOW], RECIPE, training({})).findings == (diverged,)


def test_a_rate_is_followed_as_far_as_it_helps() -> None:
    (only,) = tried([LOW], RECIPE, learning()).findings
    assert only.change == {"learning_rate": 0.1}
    steps = {1e-4: 0.2, 0.1: 0.15, 1e-3: 0.3}
    shares = {(("learning_rate", rate),): share for rate, share in steps.items()}
    (only,) = tried([LOW], RECIPE, training(shares)).findings
    assert only.change == {"learning_rate": 1e-4}, "the customary one helps less, so that is where it ends"


def test_where_the_signals_were_wrong_trials_say_what_it_is() -> None:
    (only,) = tried([HIGH], RECIPE, learning()).findings
    assert only.cause == "rate-too-low"
    assert only.text == "With --learning-rate 0.1 it learns."
    assert only.symptoms == ("The loss rises.",)


def test_without_any_signal_a_change_must_help_a_good_deal() -> None:
    (only,) = tried([], RECIPE, learning()).findings
    assert only.cause == "rate-too-low"
    assert tried([], RECIPE, training({(("learning_rate", 0.1),): 0.19})).findings == ()


def test_for_data_there_is_no_trial() -> None:
    made: list[Change] = []
    outcome = tried([LABELS], RECIPE, training({}, made))
    assert (outcome.findings, made, outcome.trainings, outcome.complete) == ((LABELS,), [], 0, True)


def test_what_lies_beyond_a_recipe_stays_before_or_behind() -> None:
    for found in ([LOW, LABELS], [LABELS, LOW]):
        assert [f.cause for f in tried(found, RECIPE, learning()).findings] == [f.cause for f in found]


def test_units_that_do_nothing_are_a_symptom_of_what_helps() -> None:
    dead = Finding(cause="dead-units", text="A layer is dead.")
    assert [finding.cause for finding in tried([dead, LOW], RECIPE, learning()).findings] == ["rate-too-low"]
    assert tried([dead, LOW], RECIPE, training({})).findings == (dead,)


def test_two_causes_that_hide_each_other_are_healed_together() -> None:
    shares = {(("learning_rate", 0.1), ("init", "auto")): 0.9}
    found = tried([SYMMETRIC, LOW], ALIKE, training(shares)).findings
    assert [finding.cause for finding in found] == ["symmetric-weights", "rate-too-low"]
    assert found[0].change == found[1].change == {"init": "auto", "learning_rate": 0.1}


def test_a_change_that_is_refused_is_no_proposal() -> None:
    def train(change: Change) -> Trial:
        if "activation" in change:
            raise UsageError("no")
        return right(0.1)

    assert tried([VANISHING], RECIPE, train).findings == ()


def test_no_training_begins_that_would_end_too_late() -> None:
    made: list[Change] = []

    def train(change: Change) -> Trial:
        made.append(change)
        time.sleep(0.03)
        return right(0.1)

    outcome = tried([LOW, VANISHING], RECIPE, train, seconds=0.05)
    assert made == [{}]
    assert not outcome.complete
    longer = Finding(cause="too-few-updates", text="Few.", change={"iterations": 3000})
    made.clear()
    assert not tried([longer], RECIPE, train, seconds=0.2).complete
    assert {"iterations": 3000} not in made, "it takes ten times as long"


def test_a_training_that_was_ended_is_no_trial() -> None:
    outcome = tried([LOW], RECIPE, lambda change: None)
    assert (outcome.findings, outcome.complete) == ((LOW,), False)


def test_there_is_an_end_to_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MOST_TRAININGS", 3)
    outcome = tried([LOW], RECIPE, training({}))
    assert (outcome.trainings, outcome.complete) == (3, False)


@pytest.mark.parametrize(
    ("gained", "lost", "of", "expected"),
    [
        (30, 0, 1000, True),
        (29, 0, 1000, False),  # 2.9 points
        (200, 170, 1000, False),  # 3 points, but of √370 = 19.2 by chance
        (5, 0, 144, True),
        (4, 0, 100, True),  # two deviations of √4
        (3, 0, 100, False),
        (1, 0, 3, False),
        (0, 0, 10, False),
    ],
)
def test_helping_is_more_than_chance(gained: int, lost: int, of: int, expected: bool) -> None:
    before, after = np.zeros(of, bool), np.zeros(of, bool)
    after[:gained] = True
    before[gained : gained + lost] = True
    assert helps(Trial(before), Trial(after)) is expected


def test_every_way_is_a_recipe_and_another_one() -> None:
    recipes = [RECIPE, Recipe("mnist", init=1.0, weight_decay=0.3, learning_rate=30, batch_size=1), Recipe("digits")]
    for recipe in (recipe.resolved() for recipe in recipes):
        for cause, ways in WAYS.items():
            for change in ways(recipe):
                values = {**{name: getattr(recipe, name) for name in recipe.__dataclass_fields__}, **change}
                assert Recipe(**values) != recipe, cause
    assert set(WAYS) <= set(CAUSES)


def test_what_is_not_customary_is_tried_first() -> None:
    assert list(rivals(Recipe("digits").resolved())) == ["rate-too-low", "rate-too-high"]
    assert next(iter(rivals(Recipe("digits", learning_rate=10).resolved()))) == "rate-too-high"
    assert next(iter(rivals(Recipe("digits", init=3).resolved()))) == "weights-too-large"
    assert all(rivals(Recipe("digits", activation=name, hidden=(3,)).resolved()).values() for name in ("relu", "tanh"))


def test_options_are_what_is_typed() -> None:
    change = {"learning_rate": 1e-4, "hidden": (100, 50), "init": "he", "weight_decay": 1 / 3, "batch_size": 100}
    assert options_of(change) == (
        "--learning-rate 0.0001 --hidden 100,50 --init he --weight-decay 0.3333333333333333 --batch-size 100"
    )
