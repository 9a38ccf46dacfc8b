import made_up
import numpy as np
import pytest

import zerokara
from zerokara.data.dataset import Dataset
from zerokara.doctor.data_facts import DataFacts, facts_at_once, facts_of_all
from zerokara.doctor.watching import chosen


def facts(dataset: Dataset) -> DataFacts:
    train, test = (chosen(split, 2_000, None) for split in (dataset.train, dataset.test))
    return facts_of_all(dataset, facts_at_once(dataset, train, test))


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return zerokara.load("digits")


def test_clean_data(digits: Dataset) -> None:
    known = facts(digits)
    assert known.not_finite == (0, 0)
    assert known.largest == 1
    assert known.counts == tuple(np.bincount(digits.train.t))
    assert known.held_centre_agreement > 0.85
    assert known.reference > 0.88
    assert known.doubtful < 0.02
    assert known.shared_with_test == 0


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_the_share_of_wrong_labels_is_found(digits: Dataset, share: float) -> None:
    known = facts(made_up.shuffled(share)(digits, np.random.default_rng(0)))
    assert known.doubtful == pytest.approx(0.9 * share, abs=0.06)  # one in ten drawn anew is right
    assert known.evenness > 0.8


def test_classes_that_overlap_are_not_wrong_labels() -> None:
    known = facts(made_up.hard(3, 1.5, samples=4_000))
    assert known.reference < 0.75
    assert known.doubtful < 0.06


def test_labels_of_another_numbering(digits: Dataset) -> None:
    known = facts(made_up.off_by_one(digits, np.random.default_rng(0)))
    assert known.centre_agreement > 0.85
    assert known.held_centre_agreement < 0.05


def test_what_stands_in_both_parts_is_counted(digits: Dataset) -> None:
    assert facts(made_up.leaked(digits, np.random.default_rng(0))).shared_with_test == len(digits.test) // 3


def test_values_that_are_not_finite_are_counted(digits: Dataset) -> None:
    assert facts(made_up.with_nan(digits, np.random.default_rng(0))).not_finite == (3, 0)


def test_a_handful_of_samples_tells_nothing_of_labels(digits: Dataset) -> None:
    known = facts(made_up.few(20)(digits, np.random.default_rng(0)))
    assert (known.reference, known.doubtful) == (None, None)
