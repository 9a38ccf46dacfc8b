"""Four IDX files that fit together, and all the ways in which they do not."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.data import load, write_idx
from zerokara.data.entries import FILE_NAMES
from zerokara.errors import DataError

ROLES = ("images", "labels", "test_images", "test_labels")


def folder_of(folder: Path, **arrays: np.ndarray) -> Path:
    """Four files of 6 training and 3 test images of 2×3, with some of them exchanged."""
    generator = np.random.default_rng(0)
    given = {
        "images": generator.integers(0, 256, (6, 2, 3), dtype=np.uint8),
        "labels": np.array([0, 1, 2, 0, 1, 2], np.uint8),
        "test_images": generator.integers(0, 256, (3, 2, 3), dtype=np.uint8),
        "test_labels": np.array([2, 1, 0], np.uint8),
        **arrays,
    }
    for name, role in zip(FILE_NAMES, ROLES, strict=True):
        write_idx(folder / name, given[role])
    return folder


def test_class_names_and_shape_come_from_the_training_part(tmp_path: Path) -> None:
    data = load(folder_of(tmp_path))
    assert (data.name, data.source) == (tmp_path.name, str(tmp_path))
    assert (data.class_names, data.image_shape, data.train.full) == (("0", "1", "2"), (2, 3), 255)
    assert_array_equal(data.test.t, [2, 1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_values(dtype: type, tmp_path: Path) -> None:
    images = np.linspace(0, 1, 36).reshape(6, 2, 3).astype(dtype)
    data = load(folder_of(tmp_path, images=images, test_images=images[:3]))
    assert data.train.full is None
    assert data.train.pixels.dtype == dtype
    assert_array_equal(data.train.x, images.reshape(6, 6).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_labels_may_be_any_whole_numbers(dtype: type, tmp_path: Path) -> None:
    data = load(folder_of(tmp_path, labels=np.array([0, 1, 2, 0, 1, 2], dtype)))
    assert data.train.counts(3).tolist() == [2, 2, 2]


def byte_labels(*values: int) -> np.ndarray:
    return np.array(values, np.uint8)


BAD = {
    "fewer labels": ({"labels": byte_labels(0, 1, 2)}, "{1} holds 3 labels, but {0} holds 6 images"),
    "fewer images": ({"test_images": np.zeros((2, 2, 3), np.uint8)}, "{3} holds 3 labels, but {2} holds 2 images"),
    "unknown class": ({"test_labels": byte_labels(0, 3, 1)}, "{3} holds the label 3. Expected labels from 0 to 2"),
    "negative label": ({"labels": np.array([0, 1, -2, 0, 1, 2], np.int8)}, "{1} holds the label -2"),
    "one class": ({"labels": byte_labels(*[0] * 6)}, "{1} has 0 as its largest label. Expected at least two"),
    "many classes": ({"labels": np.array([0, 1, 2, 0, 1, 10**6], np.int32)}, "{1} has 1000000 as its largest label"),
    "one-hot": ({"labels": np.zeros((6, 3), np.uint8)}, "{1} must hold labels: .* Got shape (6, 3) of uint8"),
    "float labels": ({"labels": np.zeros(6, np.float32)}, "{1} must hold labels: .* of float32"),
    "no labels": ({"labels": byte_labels()}, "{1} must hold labels: .* Got shape (0,)"),
    "no images": ({"images": np.zeros((0, 2, 3), np.uint8)}, "{0} must hold images: .* Got shape (0, 2, 3)"),
    "flat images": ({"images": np.zeros(6, np.uint8)}, "{0} must hold images: .* Got shape (6,)"),
    "16 bits": ({"images": np.zeros((6, 2, 3), np.int16)}, "{0} must hold images: .* of int16"),
    "other size": ({"test_images": np.zeros((3, 3, 2), np.uint8)}, "{2} holds images of shape (3, 2). Expected (2, 3)"),
    "values": ({"images": np.full((6, 2, 3), 255, np.float32)}, "{0} holds values from 255 to 255. Expected 0 to 1"),
    "nan": ({"images": np.full((6, 2, 3), np.nan, np.float64)}, "{0} holds values from nan to nan"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_named(case: str, tmp_path: Path) -> None:
    arrays, words = BAD[case]
    paths = [str(tmp_path / name) for name in FILE_NAMES]
    with pytest.raises(DataError, match=r"^\S*ubyte.gz") as caught:
        load(folder_of(tmp_path, **arrays))
    expected = ".*".join(re.escape(part) for part in words.format(*paths).split(".*"))
    assert re.match(expected, str(caught.value))
