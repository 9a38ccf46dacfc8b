"""The benchmark: ill trainings are named, healthy ones hear nothing. `benchmarks/doctor.py` prints its table."""

import pytest
from mistakes import customized
from trainings import ILL, SEEDS, SMALL, Case, as_of_30_percent, healthy, load, watched

from zerokara.doctor.rules import findings_of
from zerokara.nn.functions import LOSSES
from zerokara.training.recipe import Recipe

KNOWN_AT_THE_END = {"overfitting", "test-data-in-training"}
KINDS = [case.name for case in (*ILL, *SMALL)]


def test_every_name_is_one_of_the_table_and_stands_once() -> None:
    assert len(set(KINDS)) == len(KINDS) >= 25


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SMALL])
def test_small_ill_trainings_are_named(case: Case) -> None:
    found = findings_of(case.evidence(0), asked=False)
    assert found, "not noticed"
    assert found[0].cause in case.causes


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_default_recipes_hear_nothing(activation: str) -> None:
    recipe = Recipe(dataset="digits", activation=activation, evaluate_every=300)
    assert findings_of(watched(recipe, load("digits")), asked=False) == ()


def _shown(case: Case, seed: int, accuracy: float) -> bool:
    """Whether it is ill: more than 3 points below what its healed twin reaches."""
    return case.shown_by == "fact" or case.healed_accuracy(seed) - accuracy > 0.03


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ill_trainings_are_named() -> None:
    """One seed of each large case; `benchmarks/doctor.py` trains all three of each."""
    noticed, right, early, n, may_be_early = 0, 0, 0, 0, 0
    pairs = [(case, SEEDS[i % 3]) for i, case in enumerate(ILL)] + [(case, seed) for case in SMALL for seed in SEEDS]
    for case, seed in pairs:
        evidence = case.evidence(seed)
        found, soon = findings_of(evidence, asked=True), findings_of(as_of_30_percent(evidence), asked=False)
        if case in ILL:
            assert _shown(case, seed, evidence.evaluations[-1].test_accuracy), f"{case.name} is not ill"
        n += 1
        may_be_early += not case.causes & KNOWN_AT_THE_END
        noticed += bool(found)
        right += bool(found) and found[0].cause in case.causes
        early += bool(soon) and soon[0].cause in case.causes
    assert noticed / n >= 0.9
    assert right / n >= 0.85
    assert early / may_be_early >= 0.8


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_healthy_trainings_hear_nothing() -> None:
    runs = list(healthy())
    assert len(runs) >= 150
    for name, recipe, data in runs[::5]:
        evidence = watched(recipe, load(data))
        assert findings_of(evidence, asked=False) == (), name
        assert findings_of(as_of_30_percent(evidence), asked=False) == (), name


def test_what_customizes_is_taken_back() -> None:
    with customized():
        assert "summed" in LOSSES
    assert "summed" not in LOSSES
