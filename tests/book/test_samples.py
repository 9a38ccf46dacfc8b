"""`zerokara book init`: the files that the textbook's scripts open. That scripts read them, tests/runner tests."""

import errno
import os
from io import BytesIO
from pathlib import Path

import pytest

from zerokara.book.samples import FILES, drawing, init_folder, trained_weights
from zerokara.errors import RunError


def test_init_leaves_no_half_a_file_where_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "sample_weight.pkl", lambda: bytes(1000))
    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(RunError, match=r"sample_weight.pkl could not be written: No space left .* run this again"):
        list(init_folder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def full_disk(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.mnist
def test_sample_weights_have_the_names_and_shapes_of_chapter_3() -> None:
    weights = trained_weights(epochs=0)
    assert {name: value.shape for name, value in weights.items()} == {
        "W1": (784, 50), "b1": (50,), "W2": (50, 100), "b2": (100,), "W3": (100, 10), "b3": (10,),
    }  # fmt: skip
    assert {str(value.dtype) for value in weights.values()} == {"float32"}
    assert {type(value).__name__ for value in weights.values()} == {"ndarray"}


def test_pictures_are_drawn_in_color_and_gray() -> None:
    from PIL import Image

    for name, mode in (("dataset/lena.png", "RGB"), ("dataset/lena_gray.png", "L")):
        with Image.open(BytesIO(FILES[name]())) as picture:
            assert (picture.mode, picture.size) == (mode, (256, 256))
    assert drawing().std() > 40
