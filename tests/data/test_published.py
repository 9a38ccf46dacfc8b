"""Files against the sums that were published, and against each other."""

import gzip
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from zerokara.data.entries import FILE_NAMES
from zerokara.data.published import AnotherDataSet, read_published
from zerokara.data.search_paths import SearchPath
from zerokara.errors import DataError

from .conftest import Published

NAME = FILE_NAMES[0]


def read(made: Published, path: Path, *, named: bool = True) -> object:
    search_path = SearchPath(path.parent, own=False, named=named)
    return read_published(path, made.entry, made.entry.files[0], search_path).array


def laid(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("named", [False, True])
def test_packed_and_unpacked_files_are_verified(named: bool, tiny: Published, tmp_path: Path) -> None:
    for name, data in (("a.gz", tiny.packed[NAME]), ("a", tiny.unpacked[NAME])):
        assert_array_equal(read(tiny, laid(tmp_path, name, data), named=named), tiny.arrays[0])


def test_a_file_packed_by_somebody_else_is_known_by_what_is_inside(tiny: Published, tmp_path: Path) -> None:
    path = laid(tmp_path, NAME, gzip.compress(tiny.unpacked[NAME], compresslevel=1))
    assert_array_equal(read(tiny, path), tiny.arrays[0])


def test_a_damaged_file_is_named_with_both_sums(tiny: Published, dim: Published, tmp_path: Path) -> None:
    other = gzip.compress(tiny.unpacked[NAME][:-1] + b"?")
    with pytest.raises(
        DataError, match=rf"{NAME} is not the file that tiny publishes: .*sha256:\w+\. Expected sha256:"
    ):
        read(tiny, laid(tmp_path, NAME, other))
    with pytest.raises(DataError, match=r"is not the file that dim publishes: .*md5:\w+\. Expected md5:"):
        read(dim, laid(tmp_path, NAME, other))
    with pytest.raises(DataError, match=r"its checksum is crc32:\w{8}\. Expected crc32:"):
        read(tiny, laid(tmp_path, "unpacked", tiny.unpacked[NAME][:-1] + b"?"))
    with pytest.raises(DataError, match="is damaged: it cannot be unpacked by gzip"):
        read(tiny, laid(tmp_path, NAME, tiny.packed[NAME][:-20]))


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_another_set_is_recognised(packed: bool, tiny: Published, dim: Published, tmp_path: Path) -> None:
    path = laid(tmp_path, NAME, (tiny.packed if packed else tiny.unpacked)[NAME])
    with pytest.raises(AnotherDataSet, match="was passed over: it is of tiny"):
        read(dim, path, named=False)
    with pytest.raises(DataError, match="is of tiny, not of dim") as caught:
        read(dim, path, named=True)
    assert not isinstance(caught.value, AnotherDataSet)


def test_what_nobody_can_verify_is_believed_only_by_the_name_of_its_folder(dim: Published, tmp_path: Path) -> None:
    path = laid(tmp_path, "unpacked", dim.unpacked[NAME])
    assert_array_equal(read(dim, path, named=True), dim.arrays[0])
    with pytest.raises(AnotherDataSet, match=r"nothing tells of which data set it is\. Put it into a folder named dim"):
        read(dim, path, named=False)


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08\x00"])
def test_stumps_are_damaged(data: bytes, tiny: Published, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be unpacked|is not an IDX file"):
        read(tiny, laid(tmp_path, NAME, data))
