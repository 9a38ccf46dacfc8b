"""Unpacked copies: used when whole, made anew when not, never trusted."""

import os
import zlib
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from zerokara.data import cache as room
from zerokara.data.cache import copy_path, unpacked
from zerokara.data.entries import FILE_NAMES
from zerokara.data.idx import Content
from zerokara.errors import DataError

from .conftest import Published

NAME = FILE_NAMES[0]
SUM = "sha256:" + "0" * 64


@pytest.fixture
def packed(tiny: Published, tmp_path: Path) -> Path:
    return tiny.put(tmp_path / "data") / NAME


def content(tiny: Published, packed: Path) -> Content:
    return unpacked(packed, SUM, zlib.crc32(tiny.unpacked[NAME]))


def test_the_copy_is_the_unpacked_file_and_is_used(
    tiny: Published, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_array_equal(content(tiny, packed).array, tiny.arrays[0])
    assert copy_path(SUM).read_bytes() == tiny.unpacked[NAME]
    read: list[Path] = []
    real = room.read_content
    monkeypatch.setattr(room, "read_content", lambda path: read.append(path) or real(path))
    assert_array_equal(content(tiny, packed).array, tiny.arrays[0])
    assert read == [copy_path(SUM)]


@pytest.mark.parametrize("position", [0, 3, 9, 16, 300, -1])
def test_one_flipped_byte_is_noticed_and_the_copy_rebuilt(position: int, tiny: Published, packed: Path) -> None:
    content(tiny, packed)
    copy = copy_path(SUM)
    before = copy.stat()
    data = bytearray(copy.read_bytes())
    data[position] ^= 0x10
    copy.write_bytes(data)
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_array_equal(content(tiny, packed).array, tiny.arrays[0])
    assert copy.read_bytes() == tiny.unpacked[NAME]


@pytest.mark.parametrize("damage", [b"", b"x" * 700, b"\0\0\x08\1\0\0\0\1\7"])
def test_other_damage_is_noticed_too(damage: bytes, tiny: Published, packed: Path) -> None:
    content(tiny, packed)
    copy_path(SUM).write_bytes(damage)
    assert_array_equal(content(tiny, packed).array, tiny.arrays[0])
    assert copy_path(SUM).read_bytes() == tiny.unpacked[NAME]


def test_a_cache_that_cannot_be_written_is_said_once(
    tiny: Published, packed: Path, cache: Path, recwarn: pytest.WarningsRecorder
) -> None:
    cache.write_text("in the way")
    for _ in range(3):
        assert_array_equal(content(tiny, packed).array, tiny.arrays[0])
    assert len(recwarn) == 1
    text = str(recwarn.pop(UserWarning).message)
    assert text.startswith(f"The cache {cache} cannot be written (")
    assert "ZEROKARA_CACHE" in text
    assert cache.read_text() == "in the way"


def test_a_file_exchanged_meanwhile_is_not_kept(tiny: Published, packed: Path) -> None:
    with pytest.raises(DataError, match="changed while it was read"):
        unpacked(packed, SUM, crc32=1)
    assert not copy_path(SUM).exists()
