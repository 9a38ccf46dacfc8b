"""Split and Dataset: what pixels mean. Witness: Python's own division, correctly rounded to float32."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from zerokara.data import Dataset, Split
from zerokara.errors import DataError, UsageError


def split(samples: int = 6, features: int = 4, classes: int = 3, full: float | None = 255) -> Split:
    pixels = np.random.default_rng(0).integers(0, 256, (samples, features), dtype=np.uint8)
    return Split(pixels, (np.arange(samples) % classes).astype(np.uint8), full)


def dataset(train: Split, test: Split, **changes: object) -> Dataset:
    given = {"class_names": ("a", "b", "c"), "image_shape": (2, 2), "checksum": "0" * 16, "source": "made up"}
    return Dataset("made", train, test, **{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("full", [255, 16])
def test_x_is_the_exact_quotient_rounded_to_float32(full: int) -> None:
    pixels = np.arange(full + 1, dtype=np.uint8).reshape(1, -1)
    x = Split(pixels, np.array([0]), full).x
    assert x.dtype == np.float32
    # float64 holds a quotient of two bytes so exactly that rounding it again gives the correctly rounded float32
    assert_array_equal(x[0], [np.float32(float(Fraction(value, full))) for value in range(full + 1)])


@pytest.mark.parametrize("stored", [np.float32, np.float64])
def test_values_stay_values(stored: type) -> None:
    pixels = np.array([[0.1, 0.7], [1.0, 0.0]], dtype=stored)
    part = Split(pixels, np.array([0, 1]), full=None)
    assert_array_equal(part.x, pixels.astype(np.float32))
    assert part.x is not pixels
    assert part.rows(np.array([1, 0]), np.float64).dtype == np.float64


@pytest.mark.parametrize("full", [None, 0.3])
def test_values_of_float64_are_rounded_to_float32_in_every_row(full: float | None) -> None:
    """What `x` has and every engine computes with; 0.1 and 0.7 are no numbers of float32."""
    part = Split(np.array([[0.1, 0.7]]), np.array([0]), full)
    (row,) = part.rows(np.array([0]), np.float64)
    assert [float(np.float32(value)) for value in row] == row.tolist()
    assert row.tolist() == part.x[0].tolist()


@settings(max_examples=50, deadline=None)
@given(
    indices=st.lists(st.integers(-6, 5), max_size=12),
    dtype=st.sampled_from([np.float32, np.float64]),
    stored=st.sampled_from([np.uint8, np.float32, np.float64]),
    full=st.sampled_from([255, 16, 0.7, None]),
)
def test_rows_are_bit_for_bit_those_of_x(indices: list[int], dtype: type, stored: type, full: float | None) -> None:
    part = Split(split().pixels.astype(stored), split().t, full)
    chosen = np.array(indices, dtype=np.int64)
    rows = part.rows(chosen, dtype)
    assert rows.dtype == dtype
    assert rows.tobytes() == part.x[chosen].astype(dtype).tobytes()


def test_rows_are_fresh_and_do_not_make_x() -> None:
    part = split()
    part.rows(np.array([0, 1]))[:] = 7
    assert "x" not in vars(part)
    values = Split(np.ones((2, 2), np.float32), np.array([0, 1]), None)
    values.rows(np.array([0, 1]))[:] = 7
    assert values.pixels.max() == 1


def test_x_is_computed_once_and_cannot_be_spoilt() -> None:
    part = split()
    assert part.x is part.x
    with pytest.raises(ValueError, match="read-only"):
        part.x[0] = 5


def test_counts_and_examples() -> None:
    part = Split(np.zeros((5, 1), np.uint8), np.array([2, 0, 2, 2, 0]), 255)
    assert part.counts(4).tolist() == [2, 0, 3, 0]
    assert [found.tolist() for found in part.examples(4, each=2)] == [[1, 4], [], [0, 2], []]


def test_representations_are_short() -> None:
    assert repr(split(2000)) == "<Split: 2,000 samples of 4 features, uint8, 255 means 1.0>"
    assert repr(split(full=None)) == "<Split: 6 samples of 4 features, uint8, as values>"
    assert repr(dataset(split(), split(3))) == "<Dataset made: 6 training and 3 test images of 2×2, 3 classes>"


BAD_SPLITS = {
    "one dimension": (np.zeros(4, np.uint8), np.zeros(4, int), r"Got shape \(4,\) of uint8"),
    "type": (
        np.zeros((4, 2), int),
        np.zeros(4, int),
        r"uint8 or float32 or float64\) array|Got shape \(4, 2\) of int64",
    ),
    "order": (np.zeros((2, 4), np.uint8).T, np.zeros(4, int), "C-contiguous"),
    "numbers": (np.zeros((4, 2), np.uint8), np.zeros(3, int), "Got 3 labels and 4 images"),
    "one-hot": (np.zeros((4, 2), np.uint8), np.zeros((4, 10), int), r"Labels must be .* Got shape \(4, 10\)"),
    "float labels": (np.zeros((4, 2), np.uint8), np.zeros(4), "Labels must be .* of float64"),
}


@pytest.mark.parametrize("case", BAD_SPLITS)
def test_a_split_must_fit_together(case: str) -> None:
    pixels, t, words = BAD_SPLITS[case]
    with pytest.raises(DataError, match=words):
        Split(pixels, t, 255)


@pytest.mark.parametrize("full", [0, -1, float("nan")])
def test_full_must_be_positive(full: float) -> None:
    with pytest.raises(DataError, match=r"that means 1\.0 must be positive"):
        split(full=full)


def test_a_dataset_must_fit_together() -> None:
    with pytest.raises(DataError, match=r"test samples of made have 9 features\. Expected 4"):
        dataset(split(), split(features=9))
    with pytest.raises(DataError, match="test part of made has no samples"):
        dataset(split(), split(0))
    with pytest.raises(DataError, match=r"training labels of made must lie in 0 to 1\. Got 2\."):
        dataset(split(), split(), class_names=("a", "b"))
    with pytest.raises(DataError, match=r"test labels of made must lie in 0 to 2\. Got -1\."):
        dataset(split(), Split(split(2).pixels, np.array([0, -1]), 255))


def test_the_first_training_samples_of_a_data_set() -> None:
    whole = dataset(split(6), split(3))
    four = whole.with_first(4)
    assert_array_equal(four.train.pixels, whole.train.pixels[:4])
    assert_array_equal(four.train.t, whole.train.t[:4])
    assert (four.test, four.checksum, four.whole) == (whole.test, whole.checksum, whole)
    assert len(four.with_first(5).train) == 5, "it is cut anew from all there are"
    assert four.with_first(None) is four.with_first(6) is whole
    assert not four.train.pixels.flags.owndata, "nothing is copied"
    with pytest.raises(UsageError, match=r"^samples must be at most the 6 training samples of made\. Got 7\.$"):
        four.with_first(7)
