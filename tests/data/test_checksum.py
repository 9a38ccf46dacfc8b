"""The checksum of a data set: of its contents, not of its packing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zerokara.data import Dataset, Split, load, write_idx
from zerokara.data.checksum import checksum_of, content_checksum
from zerokara.data.entries import FILE_NAMES


@pytest.fixture
def data() -> Dataset:
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    train, test = (
        Split(pixels, np.array([0, 1, 0, 1], np.uint8), 255),
        Split(pixels[:2], np.array([1, 0], np.uint8), 255),
    )
    return Dataset("made", train, test, ("0", "1"), (2, 3), content_checksum(train, test, (2, 3)), "made up")


def test_arrays_have_the_checksum_of_the_files_that_hold_them(data: Dataset, tmp_path: Path) -> None:
    parts = [(data.train.pixels, data.train.t), (data.test.pixels, data.test.t)]
    arrays = [array for pixels, t in parts for array in (pixels.reshape(-1, 2, 3), t)]
    for name, array in zip(FILE_NAMES, arrays, strict=True):
        write_idx(tmp_path / name, array)
    assert load(tmp_path).checksum == data.checksum


def test_every_part_counts(data: Dataset) -> None:
    pixels = data.train.pixels.copy()
    pixels[3, 5] ^= 1
    changed = [
        (replace(data.train, pixels=pixels), data.test, (2, 3)),
        (replace(data.train, t=data.train.t[::-1].copy()), data.test, (2, 3)),
        (data.train, replace(data.test, t=data.test.t[::-1].copy()), (2, 3)),
        (data.test, data.train, (2, 3)),
        (data.train, data.test, (3, 2)),
    ]
    sums = {data.checksum, *(content_checksum(*one) for one in changed)}
    assert len(sums) == 1 + len(changed)


def test_the_order_of_the_files_counts() -> None:
    assert checksum_of([1, 2, 3, 4]) != checksum_of([2, 1, 3, 4])
