"""A folder of one's own: what it may hold."""

from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from zerokara.data import load
from zerokara.data.entries import FILE_NAMES, possible_names
from zerokara.errors import DataError

from .conftest import Published


@pytest.mark.parametrize("style", [0, 1, 2])
def test_idx_files_under_all_their_names(style: int, tiny: Published, tmp_path: Path) -> None:
    for name in FILE_NAMES:
        data = tiny.packed[name] if style == 0 else tiny.unpacked[name]
        (tmp_path / possible_names(name)[style]).write_bytes(data)
    assert_array_equal(load(tmp_path).train.pixels, tiny.arrays[0].reshape(30, 20))


def test_missing_idx_files_are_named(tiny: Published, tmp_path: Path) -> None:
    tiny.put(tmp_path)
    for name in FILE_NAMES[2:]:
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"lacks {FILE_NAMES[2]}, {FILE_NAMES[3]}. Expected all of"):
        load(tmp_path)


def test_a_damaged_idx_file_is_named(tiny: Published, tmp_path: Path) -> None:
    tiny.put(tmp_path)
    (tmp_path / FILE_NAMES[2]).write_bytes(b"?")
    with pytest.raises(DataError, match=f"{FILE_NAMES[2]} is not an IDX file"):
        load(tmp_path)


def test_a_folder_without_data_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no data set\. .*Got an empty folder"):
        load(tmp_path)
    for name in ("a", "b", ".hidden", "c", "d", "e", "f"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"the folders train and test .*Got a, b, c, d, e, …\."):
        load(tmp_path)


def test_the_name_is_that_of_the_real_folder(tiny: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.put(tmp_path / "clothes"))
    assert load(".").name == "clothes"
