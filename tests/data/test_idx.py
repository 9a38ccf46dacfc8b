"""IDX bytes ↔ arrays. Witnesses: files written down byte by byte, and NumPy for the round trip."""

import gzip
import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from zerokara.data.idx import ELEMENT_TYPES, content_of, read_content, read_idx, read_idx_bytes, write_idx
from zerokara.errors import DataError

NATIVE = [dtype.newbyteorder("=") for dtype in ELEMENT_TYPES.values()]

arrays = st.sampled_from(NATIVE).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)
quick = settings(max_examples=60, deadline=None)

BY_HAND = {
    "uint8": ("00 00 08 01 00000002 05 ff", [5, 255]),
    "int8": ("00 00 09 01 00000002 05 ff", [5, -1]),
    "int16": ("00 00 0b 01 00000002 0102 fffe", [258, -2]),
    "int32": ("00 00 0c 01 00000002 00010000 fffffffd", [65536, -3]),
    "float32": ("00 00 0d 01 00000002 3f800000 c0000000", [1.0, -2.0]),
    "float64": ("00 00 0e 01 00000002 3ff8000000000000 bfd0000000000000", [1.5, -0.25]),
}


def image_file(count: int = 2) -> bytes:
    """`count` images of 2×3 bytes."""
    return struct.pack(">HBBIII", 0, 8, 3, count, 2, 3) + bytes(i % 256 for i in range(6 * count))


@pytest.mark.parametrize("dtype", BY_HAND)
def test_element_types_written_down_by_hand(dtype: str, tmp_path: Path) -> None:
    text, expected = BY_HAND[dtype]
    data = bytes.fromhex(text)
    array = read_idx_bytes(data)
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    assert_array_equal(array, expected)
    write_idx(tmp_path / "a", array)
    assert (tmp_path / "a").read_bytes() == data


@quick
@given(array=arrays, suffix=st.sampled_from(["", ".gz"]), swapped=st.booleans())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, suffix: str, swapped: bool) -> None:
    path = tmp_path_factory.getbasetemp() / f"round{suffix}"
    write_idx(path, array.astype(array.dtype.newbyteorder()) if swapped else array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.flags.c_contiguous
    assert_array_equal(back, array)


def test_transposed_arrays_are_written_in_the_order_of_their_indices(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3).T
    write_idx(tmp_path / "a", array)
    assert_array_equal(read_idx(tmp_path / "a"), [[0, 3], [1, 4], [2, 5]])


def test_packing_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(gzip.compress(image_file()))
    (tmp_path / "unpacked.gz").write_bytes(image_file())
    assert_array_equal(read_idx(tmp_path / "packed"), read_idx(tmp_path / "unpacked.gz"))


def test_packed_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(100, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_a_gzip_file_may_have_several_members() -> None:
    data = image_file()
    packed = gzip.compress(data[:7]) + gzip.compress(b"") + gzip.compress(data[7:])
    assert_array_equal(read_idx_bytes(packed), read_idx_bytes(data))


@pytest.mark.parametrize("packed", [False, True])
def test_the_crc_is_that_of_the_unpacked_file(packed: bool, tmp_path: Path) -> None:
    data = image_file()
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    assert read_content(tmp_path / "a").crc32 == zlib.crc32(data)


@quick
@given(
    data=st.binary(max_size=60),
    packed=st.booleans(),
    start=st.sampled_from([b"", b"\0\0\x08", b"\0\0\x0e\1", b"\x1f\x8b"]),
)
def test_arbitrary_bytes_raise_nothing_but_data_errors(data: bytes, packed: bool, start: bytes) -> None:
    data = gzip.compress(start + data) if packed else start + data
    with suppress(DataError):
        content_of(data, "it")


@quick
@given(array=arrays, cut=st.floats(0, 1, exclude_max=True), packed=st.booleans())
def test_every_truncation_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, cut: float, packed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"cut{'.gz' if packed else ''}"
    write_idx(path, array)
    data = path.read_bytes()
    with pytest.raises(DataError, match=r"^it is "):
        read_idx_bytes(data[: int(cut * len(data))], "it")


@quick
@given(array=arrays, junk=st.binary(min_size=1, max_size=20), packed=st.booleans())
def test_every_trailing_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, junk: bytes, packed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"long{'.gz' if packed else ''}"
    write_idx(path, array)
    with pytest.raises(DataError, match=r"^it is damaged"):
        read_idx_bytes(path.read_bytes() + junk, "it")


@quick
@given(bit=st.integers(0, 8 * len(gzip.compress(image_file(40), mtime=0)) - 1))
def test_a_flipped_bit_of_a_packed_file_never_changes_an_image(bit: int) -> None:
    data = bytearray(gzip.compress(image_file(40), mtime=0))
    data[bit // 8] ^= 1 << bit % 8
    try:
        array = read_idx_bytes(bytes(data))
    except DataError:
        return
    assert_array_equal(array, read_idx_bytes(image_file(40)))  # a bit of the gzip header, such as its time


REFUSED = {
    "empty": (b"", "ends within the header, 4 bytes short"),
    "short header": (image_file()[:10], "ends within the header, 6 bytes short"),
    "wrong magic": (b"\0\1" + image_file()[2:], r"starts with 00 01 08 03\. Expected 00 00, an element type"),
    "element type": (b"\0\0\x0a" + image_file()[3:], "starts with 00 00 0a 03"),
    "dimensions": (b"\0\0\x08\xff" + image_file()[4:], "starts with 00 00 08 ff"),
    "html": (b"<!DOCTYPE html>", "starts with 3c 21 44 4f"),
    "truncated": (image_file()[:-1], r"promises 28 bytes\. Got 27\."),
    "trailing": (image_file() + b"x", r"promises 28 bytes\. Got 29\."),
    "packed, truncated inside": (gzip.compress(image_file()[:-2]), r"promises 28 bytes\. Got only 26\."),
    "packed, trailing inside": (gzip.compress(image_file() + b"x"), r"promises 28 bytes\. Got at least 29\."),
    "gzip cut off": (gzip.compress(image_file())[:-9], r"cannot be unpacked by gzip, because it is cut off\."),
    "gzip wrong sum": (
        gzip.compress(image_file())[:-8] + bytes(8),
        "cannot be unpacked by gzip .*incorrect data check",
    ),
    "gzip junk behind": (gzip.compress(image_file()) + b"junk", "cannot be unpacked by gzip"),
    "impossible dimensions": (b"\0\0\x0e\4" + b"\xff" * 16, "impossible dimensions: 4294967295 × 4294967295"),
    "impossible beside zero": (b"\0\0\x0e\4" + b"\0" * 4 + b"\xff" * 12, "impossible dimensions: 0 × 4294967295"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_file_got_and_expected(case: str, tmp_path: Path) -> None:
    data, words = REFUSED[case]
    path = tmp_path / "images"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent could not be read: No such file"):
        read_idx(tmp_path / "absent")


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be read: Is a directory"):
        read_idx(tmp_path)


BOMBS = {
    "more inside than promised": gzip.compress(image_file() + bytes(50_000_000)),
    "more promised than can be inside": gzip.compress(struct.pack(">HBBI", 0, 8, 1, 4_000_000_000)),
    "more promised than there is": struct.pack(">HBBI", 0, 8, 1, 4_000_000_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_without_unpacking_it(bomb: str) -> None:
    data = BOMBS[bomb]
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="its header promises"):
            read_idx_bytes(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_what_does_not_fit_into_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> np.ndarray:
        raise MemoryError

    monkeypatch.setattr(np, "empty", no_memory)
    with pytest.raises(DataError, match=r"^data needs 12 bytes of memory, which this machine does not have"):
        read_idx_bytes(image_file())


@pytest.mark.parametrize(
    "array", [np.zeros(2, np.int64), np.zeros(2, np.uint16), np.zeros(2, bool), np.zeros(2, complex)]
)
def test_other_types_are_not_written(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"IDX files hold uint8, .*Got {array.dtype}\. Nothing was written"):
        write_idx(tmp_path / "a", array)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent.a could not be written .*Nothing was changed"):
        write_idx(tmp_path / "absent" / "a", np.zeros(2, np.uint8))
