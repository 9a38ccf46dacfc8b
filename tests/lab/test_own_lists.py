"""Lists of losses and accuracies, followed while they grow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.lab.own_lists import Lists
from zerokara.own_training.program import Program, SourceText


class Names(dict[str, Any]):
    """A program's names, and what is read of them at each look."""

    def __init__(self, source: str = "", **names: Any) -> None:
        super().__init__(names)
        self.lists = Lists(Program([SourceText(Path("a.py"), source)], {}))

    def look(self) -> Lists:
        self.lists.search(self)
        self.lists.read(self)
        return self.lists

    @property
    def losses(self) -> list[float]:
        followed = self.look().losses
        return [] if followed is None else followed.values.tolist()


def test_a_list_that_grows() -> None:
    names = Names(train_loss_list=[])
    for n in range(4):
        assert names.losses == [float(i) for i in range(n)]
        names["train_loss_list"].append(n)
    assert names.lists.curve.piece().losses[:, 1].tolist() == [0.0, 1.0, 2.0]
    assert names.lists.serial == 1


@pytest.mark.parametrize("grow", [lambda a, b: np.append(a, b), lambda a, b: [*a, b], lambda a, b: (*a, b)])
def test_a_list_that_is_made_anew_with_one_more(grow: Any) -> None:
    names = Names(losses=[0.5])
    names.look()
    for n in range(3):
        names["losses"] = grow(names["losses"], float(n))
        assert names.losses == [0.5, *range(n + 1)]
    assert names.lists.serial == 1


def test_an_array_that_is_filled() -> None:
    names = Names(losses=np.zeros(10))
    for n in range(3):
        assert names.losses == [1.0 + i for i in range(n)]
        names["losses"][n] = 1.0 + n
    names["losses"] = np.full(5, np.nan)
    names.look()
    names["losses"][0] = 7.0
    assert names.losses == [7.0]


def test_a_list_that_begins_anew_is_another_training() -> None:
    names = Names(losses=[3.0, 2.0])
    names.look()
    curve = names.lists.curve
    names["losses"].clear()
    names.look()
    names["losses"] += [9.0]
    assert names.losses == [9.0]
    assert names.lists.curve is not curve
    assert names.lists.serial > 1
    assert names.lists.curve.piece().losses[:, 1].tolist() == [9.0]


def test_numbers_of_all_kinds() -> None:
    names = Names(losses=[1, np.float32(0.5), np.array(0.25), math.nan, np.int64(3)])
    np.testing.assert_array_equal(names.losses, [1, 0.5, 0.25, math.nan, 3])
    names["losses"].append(2.0)
    assert names.losses[-1] == 2.0
    names["losses"].append("much")
    assert names.losses == []


def test_lists_in_dicts_and_objects() -> None:
    history = {"loss": [1.0], "train_acc": [0.1], "test_acc": [0.2]}
    names = Names(history=history)
    assert names.losses == [1.0]
    assert names.lists.evaluations.latest.test_accuracy == 0.2
    trainer = type("Trainer", (), {})()
    trainer.train_loss_list = [1.0, 2.0]
    names = Names(trainer=trainer)
    assert names.losses == [1.0, 2.0]


@pytest.mark.parametrize(
    ("loss", "train", "test"), [("損失", "訓練正解率", "テスト精度"), ("손실_리스트", "훈련_정확도", "테스트_정확도")]
)
def test_names_in_japanese_and_korean(loss: str, train: str, test: str) -> None:
    names = Names(**{loss: [1.0, 0.5], f"テスト{loss}": [9.0] * 3, train: [0.25], test: [0.75]})
    assert names.losses == [1.0, 0.5]
    latest = names.lists.evaluations.latest
    assert (latest.train_accuracy, latest.test_accuracy) == (0.25, 0.75)


def test_accuracies_stand_where_the_condition_says() -> None:
    source = "for i in range(9):\n    if i % every == 0:\n        train_acc_list.append(1)\n"
    names = Names(source, train_loss_list=[], train_acc_list=[], test_acc_list=[], every=3)
    for i in range(7):
        names["train_loss_list"].append(float(i))
        if i % 3 == 0:
            names["train_acc_list"].append(i / 10)
            names["test_acc_list"].append(i / 20)
        if i % 2:
            names.look()
    rows = names.look().evaluations.rows().values
    assert rows[:, 0].tolist() == [1, 4, 7]
    assert rows[:, 2].tolist() == [0.0, 0.3, 0.6]
    assert rows[:, 3].tolist() == [0.0, 0.15, 0.3]
    np.testing.assert_allclose(rows[:, 1], [0.0, 2.0, 5.0])  # the mean of the losses since the one before


def test_accuracies_that_nothing_says_more_of_stand_where_they_were_seen() -> None:
    names = Names(losses=[1.0] * 10, train_acc=[0.5])
    names.look()
    names["losses"] += [1.0] * 12
    names["train_acc"] += [0.6, 0.7, 0.8]
    rows = names.look().evaluations.rows().values
    assert rows[:, 0].tolist() == [10, 14, 18, 22]
    assert np.isnan(rows[:, 3]).all()
