"""What the tables and JSON files of a run say."""

import csv
import io
import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.runs.files import epochs_csv, json_file, losses_csv
from zerokara.runs.run import finite
from zerokara.training.history import Evaluation, History


def history():
    return History(
        [np.array([2.3025850929940455, 0.1, np.nan]), np.array([np.inf, 1e-20])],
        [Evaluation(0, 0.0, 2.3, 0.1, 0.0975), Evaluation(5, 1 / 3, float("nan"), 0.5, 0.25)],
    )


def test_losses_keep_every_digit():
    rows = list(csv.reader(io.StringIO(losses_csv(history()))))
    assert rows[0] == ["iteration", "loss"]
    assert [int(row[0]) for row in rows[1:]] == list(range(5))
    assert_array_equal([float(row[1]) for row in rows[1:]], history().losses)
    assert "np." not in losses_csv(history())


def test_evaluations_keep_every_digit():
    rows = list(csv.DictReader(io.StringIO(epochs_csv(history()))))
    assert [row["iteration"] for row in rows] == ["0", "5"]
    assert list(rows[0]) == ["iteration", "epoch", "loss", "train_accuracy", "test_accuracy"]
    assert float(rows[1]["epoch"]) == 1 / 3
    assert "np." not in epochs_csv(history())


def test_a_history_of_nothing_has_headings_only():
    assert losses_csv(History()) == "iteration,loss\n"
    assert epochs_csv(History()) == "iteration,epoch,loss,train_accuracy,test_accuracy\n"


def test_numbers_that_json_has_no_word_for_are_null():
    facts = {
        "a": float("nan"),
        "b": [1.5, float("-inf"), {"c": float("inf")}],
        "d": "nan",
        "e": 3,
        "f": (np.float64("nan"),),
    }
    assert finite(facts) == {"a": None, "b": [1.5, None, {"c": None}], "d": "nan", "e": 3, "f": [None]}
    assert json.loads(json_file(facts), parse_constant=pytest.fail) == finite(facts)
