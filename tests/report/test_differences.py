"""Trainings side by side, small enough to be counted by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zerokara.data.dataset import Dataset, Split
from zerokara.metrics import Answers
from zerokara.report.differences import Comparison, digest_of
from zerokara.report.reported import Reported
from zerokara.training.history import Evaluation

LABELS = [0, 1, 2, 0, 1, 2]


def data(labels: Sequence[int] = LABELS, checksum: str = "a" * 16) -> Dataset:
    split = Split(np.zeros((len(labels), 4), np.uint8), np.array(labels), 255)
    return Dataset("tiny", split, split, ("zero", "one", "two"), (2, 2), checksum, "")


def answers(given: Sequence[int], sure: float = 0.8, labels: Sequence[int] = LABELS) -> Answers:
    """Those answers with so much probability; -1: no finite score."""
    probabilities = np.full((len(given), 3), (1 - sure) / 2)
    for row, answer in enumerate(given):
        probabilities[row] = np.nan if answer < 0 else np.where(np.arange(3) == answer, sure, probabilities[row])
    return Answers(np.array(labels), probabilities)


def training(given: Sequence[int] | None = LABELS, recipe: dict[str, Any] | None = None, **other: Any) -> Reported:
    fields = {
        "name": "a run",
        "recipe": {"dataset": "tiny", "hidden": (5,), "loss": "cross-entropy", "learning_rate": 0.1} | (recipe or {}),
        "origin": {"checksum": "a" * 16, "engine": "compiled", "zerokara": "1.0"},
        "losses": np.array([1.0, 0.5]),
        "evaluations": (Evaluation(2, 1.0, 0.75, 0.9, 0.8),),
        "params": {"W1": np.ones((2, 2), np.float32)},
        "dataset": data(),
        "answers": None if given is None else answers(given),
    }
    return Reported(**{**fields, **other})


def compared(*trainings: Reported) -> Comparison:
    return Comparison(trainings)


def rows(comparison: Comparison) -> list[tuple[Any, ...]]:
    return [(*row[:2], *row.values) for row in comparison.differences]


def test_only_what_differs_is_there_and_in_the_order_of_a_recipe_origin_and_figures() -> None:
    other = training(
        recipe={"learning_rate": 0.5, "hidden": (5, 4)},
        origin={"checksum": "a" * 16, "engine": "reference", "zerokara": "1.0"},
        losses=np.array([1.0, 0.5, 0.2]),
        evaluations=(Evaluation(3, 1.5, 0.2, 0.9, 0.7),),
    )
    assert rows(compared(training(), other)) == [
        ("recipe", "hidden", (5,), (5, 4)),
        ("recipe", "learning_rate", 0.1, 0.5),
        ("origin", "engine", "compiled", "reference"),
        ("figures", "iterations", 2, 3),
        ("figures", "loss", 0.75, 0.2),
        ("figures", "test_accuracy", 0.8, 0.7),
    ]


def test_nothing_differs() -> None:
    comparison = compared(training(name="one"), training(name="another"))
    assert comparison.identical
    assert comparison.twins == [[0, 1]]
    assert list(comparison.on_twins()) == [
        "Runs 1, 2 are identical: recipe, data, versions, engine and weights.",
    ]


def test_one_bit_of_a_weight_is_a_difference_and_twins_are_grouped() -> None:
    changed = np.ones((2, 2), np.float32)
    changed[1, 1] = np.nextafter(np.float32(1), np.float32(2))
    comparison = compared(training(), training(params={"W1": changed}), training())
    ((_, name, first, second, third),) = rows(comparison)
    assert name == "weights"
    assert first == third != second
    assert comparison.twins == [[0, 2]]


def test_other_weights_are_no_news_where_recipe_or_data_are_others() -> None:
    params = {"W1": np.zeros((2, 2), np.float32)}
    explained = compared(training(), training(recipe={"learning_rate": 0.5}, params=params))
    assert [row.name for row in explained.differences] == ["learning_rate"]
    other_data = training(params=params, origin={"checksum": "b" * 16, "engine": "compiled", "zerokara": "1.0"})
    assert [row.name for row in compared(training(), other_data).differences] == ["checksum"]


def test_another_name_for_the_same_data_is_no_difference() -> None:
    assert compared(training(), training(recipe={"dataset": "/elsewhere/tiny"})).identical
    other = training(recipe={"dataset": "/home/taro/mine"}, origin={"checksum": "b" * 16, "engine": "compiled"})
    dataset = compared(training(), other).differences[0]
    assert dataset.texts() == ["tiny", "mine"]


def test_what_is_not_known_differs_from_nothing_and_is_shown_where_others_differ() -> None:
    script = replace(training(kind="script", origin={}, evaluations=(), params={}), recipe={})
    texts = {row.name: row.texts() for row in compared(training(), script).differences}
    assert texts == {
        "kind": ["run", "script"],
        "loss": ["0.7500", "-"],
        "train_accuracy": ["0.9000", "-"],
        "test_accuracy": ["0.8000", "-"],
    }
    two = compared(training(), training(recipe={"learning_rate": 0.5, "momentum": None}), script)
    assert two.differences[0].texts() == ["0.1", "0.5", "-"]
    assert not compared(training(), script).identical


def test_where_too_little_is_known_nothing_is_called_identical() -> None:
    one = training(origin={"checksum": "a" * 16})
    comparison = compared(one, training(origin={}))
    assert comparison.differences == ()
    assert not comparison.identical
    assert list(comparison.on_twins()) == ["Nothing differs of what is known of all of them."]


def test_a_setting_that_says_nothing_is_known() -> None:
    plain, moved = training(recipe={"momentum": None}), training(recipe={"momentum": 0.9})
    assert rows(compared(plain, moved)) == [("recipe", "momentum", None, 0.9)]


def test_numbers_that_are_not_finite_or_huge_have_a_short_text() -> None:
    wild = training(evaluations=(Evaluation(2, 1.0, float("nan"), 1e30, 0.8),), state="diverged")
    texts = {row.name: row.texts() for row in compared(training(), wild).differences}
    assert texts == {
        "state": ["finished", "diverged"],
        "loss": ["0.7500", "nan"],
        "train_accuracy": ["0.9000", "1e+30"],
    }
    assert json.loads(json.dumps(compared(training(), wild).to_json(), allow_nan=False))["identical"] is False


FIRST, SECOND = [0, 1, 2, 0, 0, 0], [0, 1, 0, 0, 1, 1]
"""Right: ✓✓✓✓✗✗ and ✓✓✗✓✓✗. They disagree on 2, 4 and 5; on 5 both are wrong."""


def test_pairs_are_counted_picture_by_picture() -> None:
    (paired,) = compared(training(FIRST), training(SECOND)).paired
    assert paired is not None
    pairs = [(a == t, b == t) for a, b, t in zip(FIRST, SECOND, LABELS, strict=True)]
    assert (paired.gained, paired.lost) == (pairs.count((False, True)), pairs.count((True, False))) == (1, 1)
    assert paired.difference.value == 0
    assert paired.difference.low == -paired.difference.high < 0
    (better,) = compared(training(SECOND), training(LABELS)).paired
    assert better is not None
    assert better.difference.value == pytest.approx(2 / 6)
    assert (better.gained, better.lost) == (2, 0)


def test_the_interval_is_that_of_agresti_and_min() -> None:
    """(c - b) ± z √(b + c - (c - b)² / N) over N, of counts and total half a sample larger in each of four cells."""
    (paired,) = compared(training(SECOND), training(LABELS)).paired
    assert paired is not None
    b, c, total = 0.5, 2.5, 8
    half = 1.959964 * (b + c - (c - b) ** 2 / total) ** 0.5 / total
    assert paired.difference.low == pytest.approx((c - b) / total - half, abs=1e-6)
    assert paired.difference.high == pytest.approx((c - b) / total + half, abs=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        training(FIRST, dataset=data(checksum="b" * 16)),
        training(FIRST, dataset=None),
        training(None),
        training(answers=answers([0, 1], labels=[0, 1])),
    ],
    ids=["other data", "data gone", "not asked", "other labels"],
)
def test_only_the_same_pictures_are_paired(other: Reported) -> None:
    comparison = compared(training(FIRST), other, training(SECOND))
    assert comparison.paired[0] is None
    assert comparison.paired[1] is not None
    assert comparison.together == (0, 2)
    assert sorted(comparison.disagreements) == [2, 4, 5]
    said = list(comparison.on_accuracies())
    apart = "Run 2 has other test images than run 1, so they cannot be paired."
    assert (apart in said) is (other.answers is not None)


def test_several_with_other_pictures_are_one_sentence() -> None:
    other = training(FIRST, dataset=data(checksum="b" * 16))
    said = list(compared(training(FIRST), other, other).on_accuracies())
    assert said == ["Runs 2, 3 have other test images than run 1, so they cannot be paired."]


def test_none_could_be_asked() -> None:
    comparison = compared(training(None), training(None))
    assert comparison.accuracies() == []
    assert comparison.on_disagreements() == ""
    assert comparison.to_json()["disagreements"] == []
    assert list(comparison.on_accuracies()) == []


def test_pictures_that_divide_evenly_come_first_then_those_they_are_furthest_apart_about() -> None:
    sure = answers(FIRST)
    sure.probabilities[4] = [0.98, 0.01, 0.01]  # wrong, and surer than about picture 2
    comparison = compared(training(answers=sure), training(SECOND))
    assert comparison.disagreements.tolist() == [4, 2, 5]
    third = training([0, 1, 0, 0, 1, 2])
    assert compared(training(answers=sure), training(SECOND), third, third).disagreements.tolist()[0] == 5  # 2 and 2


def test_no_finite_score_is_no_answer_and_wrong() -> None:
    comparison = compared(training(LABELS), training([0, 1, 2, 0, 1, -1]))
    (paired,) = comparison.paired
    assert paired is not None
    assert (paired.gained, paired.lost) == (0, 1)
    assert comparison.to_json()["disagreements"] == [{"index": 5, "label": 2, "answers": [2, None]}]


def test_the_sentence_on_chance_is_there_only_where_an_interval_holds_zero() -> None:
    chance = "Where an interval holds 0, these test images cannot tell which run is better."
    assert chance in list(compared(training(FIRST), training(SECOND)).on_accuracies())
    far = [k % 3 for k in range(60)]
    good = {"dataset": data(far), "answers": answers(far, labels=far)}
    bad = {"dataset": data(far), "answers": answers([0] * 60, labels=far)}
    assert list(compared(training(**bad), training(**good)).on_accuracies()) == []
    assert list(compared(training(**good), training(**bad)).on_accuracies()) == []


def test_the_cells_of_the_table_of_accuracies() -> None:
    first, second = compared(training(SECOND), training(LABELS)).accuracies()
    assert first[0] == "0.6667"
    assert first[2:] == ["", "", "", ""]
    assert second[0] == "1.0000"
    assert (second[2], second[4:]) == ("+0.3333", ["2", "0"])


def test_everything_is_said_through_sentences(marked: Any) -> None:
    comparison = compared(training(FIRST), training(SECOND, state="stopped"), training(FIRST))
    for text in (*comparison.on_twins(), *comparison.on_accuracies(), comparison.on_disagreements()):
        assert marked(text) == ""
    assert [marked(row.label) for row in comparison.differences] == [""]
    assert comparison.differences[0].texts() == ["⟦finished⟧", "⟦stopped⟧", "⟦finished⟧"]


def test_digests_tell_names_shapes_and_types_apart() -> None:
    made = {
        digest_of({"W1": np.zeros(4, np.float32)}),
        digest_of({"W2": np.zeros(4, np.float32)}),
        digest_of({"W1": np.zeros((2, 2), np.float32)}),
        digest_of({"W1": np.zeros(2, np.float64)}),
    }
    assert len(made) == 4
    assert digest_of({}) is None
