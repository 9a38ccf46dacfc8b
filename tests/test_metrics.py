"""Figures of accuracy, against scikit-learn, closed forms and drawn samples."""

import math

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from zerokara.metrics import Answers, paired_difference, wilson_interval


def drawn(seed: int, n: int = 200, classes: int = 5) -> Answers:
    rng = np.random.default_rng(seed)
    scores = rng.random((n, classes)) + 0.8 * np.eye(classes)[rng.integers(0, classes, n)]
    return Answers(rng.integers(0, classes, n), scores / scores.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", [0, 1])
def test_confusion_precision_and_recall_are_scikit_learns(seed: int) -> None:
    answers = drawn(seed)
    np.testing.assert_array_equal(answers.confusion, confusion_matrix(answers.labels, answers.answers))
    precision, recall, _, _ = precision_recall_fscore_support(answers.labels, answers.answers)
    np.testing.assert_allclose(answers.precision, precision)
    np.testing.assert_allclose(answers.recall, recall)


def test_what_has_no_finite_score_is_wrong_and_in_no_column() -> None:
    probabilities = np.array([[0.9, 0.1], [np.nan, np.nan], [0.4, np.inf]])
    answers = Answers(np.array([0, 0, 1]), probabilities)
    assert answers.answers.tolist() == [0, -1, -1]
    assert answers.confusion.tolist() == [[1, 0], [0, 0]]
    assert answers.accuracy.value == pytest.approx(1 / 3)
    assert answers.recall.tolist() == [0.5, 0.0]
    assert math.isnan(answers.precision[1])
    assert answers.confidently_wrong.tolist() == []


def test_the_most_confidently_wrong_come_first() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    assert Answers(np.array([1, 0, 0, 1]), probabilities).confidently_wrong.tolist() == [1, 2, 0]


def test_wilson_is_the_root_of_its_equation() -> None:
    """The limits are the shares p for which the observed one lies 1.96 standard errors of p away."""
    for right, n in ((0, 10), (7, 10), (9_735, 10_000), (10, 10)):
        share, low, high = wilson_interval(right, n)
        assert share == right / n
        for limit in (low, high):
            if 1e-9 < limit < 1 - 1e-9:
                assert abs(share - limit) == pytest.approx(1.959964 * math.sqrt(limit * (1 - limit) / n), rel=1e-5)
    assert wilson_interval(0, 10)[1] == pytest.approx(0.0, abs=1e-12)
    assert wilson_interval(0, 0)[1:] == (0.0, 1.0)


def test_the_paired_interval_holds_the_true_difference_in_95_percent() -> None:
    rng, held, draws = np.random.default_rng(0), 0, 1_000
    for _ in range(draws):
        both = rng.choice(4, 300, p=[0.9, 0.02, 0.05, 0.03])
        found = paired_difference(np.isin(both, [0, 1]), np.isin(both, [0, 2]))
        held += found.low <= 0.03 <= found.high
    assert 0.93 < held / draws < 0.98


def test_the_paired_difference_by_hand() -> None:
    first, second = np.array([True, True, False, False]), np.array([True, False, True, True])
    found = paired_difference(first, second)
    assert found.value == 0.25
    middle, spread = 1 / 6, math.sqrt(4 - 1 / 6) / 6  # with half a sample more in each case: 2.5 against 1.5 of 6
    assert found[1:] == pytest.approx((middle - 1.959964 * spread, middle + 1.959964 * spread), rel=1e-6)
    assert paired_difference(first[:0], second[:0])[1:] == (-1.0, 1.0)
