"""The three forms of labels, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.errors import UsageError
from zerokara.nn.labels import as_indices, as_targets, one_hot


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.uint64])
def test_indices_of_every_integer_type(dtype):
    assert_array_equal(as_targets(np.array([2, 0], dtype), 2, 3), [[0, 0, 1], [1, 0, 0]])


def test_a_list_is_as_good_as_an_array():
    assert_array_equal(as_targets([2, 0], 2, 3), [[0, 0, 1], [1, 0, 0]])


def test_rows_are_taken_as_they_are():
    rows = np.array([[0.2, 0.8], [1.0, 0.0]])
    assert_array_equal(as_targets(rows, 2, 2), rows)
    assert as_targets(rows, 2, 2, np.float32).dtype == np.float32


@pytest.mark.parametrize("rows", [[[0, 1], [1, 0]], [[False, True], [True, False]]])
def test_rows_of_integers_and_booleans_are_one_hot(rows):
    assert_array_equal(as_targets(np.array(rows), 2, 2), [[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize("t", [1, np.int64(1), [1], [0, 1, 0], [[0, 1, 0]]])
def test_one_sample_may_come_without_its_batch(t):
    assert_array_equal(as_targets(t, 1, 3), [[0, 1, 0]])


def test_as_many_samples_as_classes_is_not_ambiguous():
    assert_array_equal(as_indices([2, 0, 1], 3, 3), [2, 0, 1])
    assert_array_equal(as_indices(np.eye(3)[[2, 0, 1]], 3, 3), [2, 0, 1])


def test_a_soft_row_counts_as_its_largest_entry():
    assert_array_equal(as_indices([[0.1, 0.5, 0.4], [0.6, 0.2, 0.2]], 2, 3), [1, 0])


def test_one_hot_has_the_dtype_asked_for():
    assert one_hot(np.array([0]), 2, np.float32).dtype == np.float32


@pytest.mark.parametrize("t", [[0, 1, 2], [[0], [1]], [[1, 0], [0, 1]], 1, [[[0, 1, 0], [0, 0, 1]]]])
def test_a_shape_that_does_not_fit_names_both_that_would(t):
    with pytest.raises(UsageError, match=r"2 samples of 3 classes must have shape \(2,\) .* or \(2, 3\) .*Got \("):
        as_targets(t, 2, 3)


@pytest.mark.parametrize(("t", "low", "high"), [([0, 3], 0, 3), ([-1, 2], -1, 2)])
def test_an_index_out_of_range(t, low, high):
    with pytest.raises(UsageError, match=rf"from 0 to 2, the network's outputs. Got {low} to {high}\."):
        as_targets(t, 2, 3)


@pytest.mark.parametrize(("t", "dtype"), [([0.0, 1.0], "float64"), ([True, False], "bool")])
def test_indices_must_be_integers(t, dtype):
    with pytest.raises(UsageError, match=rf"must be integers from 0 to 2. Got {dtype}\."):
        as_targets(t, 2, 3)
