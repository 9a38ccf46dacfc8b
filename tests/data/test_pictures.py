"""Folders of pictures. The pictures are made here, pixel by pixel."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from zerokara.data import load
from zerokara.data.pictures import read_picture
from zerokara.errors import DataError

GRAY = np.array([[0, 40, 80], [120, 160, 255]], np.uint8)


def picture(path: Path, pixels: np.ndarray = GRAY, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Classes 2 and 10 with two and one training pictures, and one test picture each."""
    picture(tmp_path / "train" / "2" / "b.png", GRAY + 1)
    picture(tmp_path / "train" / "2" / "a.png", GRAY)
    picture(tmp_path / "train" / "10" / "c.bmp", GRAY.copy()[::-1])
    picture(tmp_path / "test" / "2" / "d.png", GRAY // 2)
    picture(tmp_path / "test" / "10" / "e.png", GRAY // 3)
    return tmp_path


def test_pictures_become_a_data_set(folder: Path) -> None:
    data = load(folder)
    assert data.class_names == ("2", "10")  # by value, not by letter
    assert (data.image_shape, data.train.full, data.name) == ((2, 3), 255, folder.name)
    assert_array_equal(data.train.pixels.reshape(-1, 2, 3), [GRAY, GRAY + 1, GRAY[::-1]])
    assert_array_equal(data.train.t, [0, 0, 1])
    assert_array_equal(data.test.pixels.reshape(-1, 2, 3), [GRAY // 2, GRAY // 3])
    assert_array_equal(data.test.t, [0, 1])


def test_named_classes_stand_behind_numbers(folder: Path) -> None:
    for name in ("zwei", "eins", "²"):
        picture(folder / "train" / name / "a.png")
    assert load(folder).class_names == ("2", "10", "eins", "zwei", "²")


@pytest.mark.parametrize(("classes", "kind"), [(256, np.uint8), (257, np.int32)])
def test_labels_have_room_for_all_classes(classes: int, kind: type, tmp_path: Path) -> None:
    """The last of 257 classes would be the first again in a byte."""
    for label in range(classes):
        for part in ("train", "test"):
            picture(tmp_path / part / str(label) / "a.bmp", GRAY)
    data = load(tmp_path)
    assert data.train.t.dtype == data.test.t.dtype == kind
    assert data.train.t.tolist() == data.test.t.tolist() == list(range(classes))


def test_what_systems_hide_is_passed_over(folder: Path) -> None:
    for place in (folder, folder / "train", folder / "train" / "2"):
        (place / ".DS_Store").write_bytes(b"junk")
        (place / "Thumbs.db").write_bytes(b"junk")
    (folder / "train" / ".git").mkdir()
    assert len(load(folder).train) == 3


def test_colours_and_palettes_become_gray(tmp_path: Path) -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    luma = [[76, 150, 29, 9]]  # 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601)
    assert np.abs(read_picture(picture(tmp_path / "a.png", colours)).astype(int) - luma).max() <= 1
    Image.fromarray(GRAY).convert("P").save(tmp_path / "p.png")
    assert_array_equal(read_picture(tmp_path / "p.png"), GRAY)
    Image.fromarray(np.where(GRAY > 100, 255, 0).astype(np.uint8)).convert("1").save(tmp_path / "1.png")
    assert_array_equal(read_picture(tmp_path / "1.png"), np.where(GRAY > 100, 255, 0))


def test_pictures_are_turned_as_the_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = picture(tmp_path / "a.png", GRAY, exif=exif)
    assert_array_equal(read_picture(path), np.rot90(GRAY, -1))


def test_opaque_alpha_is_no_obstacle_but_transparency_is(tmp_path: Path) -> None:
    rgba = np.full((2, 2, 4), 255, np.uint8)
    assert read_picture(picture(tmp_path / "a.png", rgba)).tolist() == [[255, 255], [255, 255]]
    rgba[0, 0, 3] = 254
    with pytest.raises(DataError, match=r"b\.png is partly transparent"):
        read_picture(picture(tmp_path / "b.png", rgba))
    Image.fromarray(GRAY).convert("P").save(tmp_path / "c.gif", transparency=0)
    with pytest.raises(DataError, match=r"c\.gif is partly transparent"):
        read_picture(tmp_path / "c.gif")


def test_more_than_8_bits_are_not_cut_off(tmp_path: Path) -> None:
    deep = b"P6 2 1 65535\n" + bytes([1, 255] * 6)
    (tmp_path / "a.ppm").write_bytes(deep)
    (tmp_path / "b.ppm").write_bytes(deep.replace(b"65535", b"255")[:-6])
    with pytest.raises(DataError, match=r"a\.ppm has more than 8 bits per channel \(mode RGB\)"):
        read_picture(tmp_path / "a.ppm")
    assert read_picture(tmp_path / "b.ppm").shape == (1, 2)
    with pytest.raises(DataError, match=r"a\.png has more than 8 bits per channel \(mode I;16\)"):
        read_picture(picture(tmp_path / "a.png", GRAY.astype(np.uint16) * 257))


def test_deep_colors_in_a_png_are_not_cut_off(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bomb(2, 2, bits=16, colors=2))
    with pytest.raises(DataError, match=r"a\.png has more than 8 bits per channel \(mode RGB\)"):
        read_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(bomb(2, 2, colors=2))
    assert read_picture(tmp_path / "b.png").shape == (2, 2)


def bomb(width: int, height: int, bits: int = 8, colors: int = 0) -> bytes:
    """A PNG of one colour that claims to be large: a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colors, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_file_of_several_pictures_is_refused(tmp_path):
    more = [Image.fromarray(255 - GRAY)]
    Image.fromarray(GRAY).save(tmp_path / "a.gif", save_all=True, append_images=more)
    with pytest.raises(DataError, match=r"a\.gif holds more than one picture"):
        read_picture(tmp_path / "a.gif")


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (5_000, r"has 5000×5000 pixels\. Expected at most 16,777,216"),
        (10_000, r"has 10000×10000 pixels\."),  # here Pillow would warn
        (30_000, "cannot be read as a picture .*decompression bomb"),
        (2_000_000_000, "cannot be read as a picture"),
    ],
)
def test_bombs_are_refused(side: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(side, side))
    with pytest.raises(DataError, match=rf"bomb\.png {words}"):
        read_picture(path)


UNREADABLE = {
    "empty": b"",
    "text": b"these are no pixels",
    "cut off": bomb(28, 28)[:-30],
    "few pixels": bomb(500, 500),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_unreadable_picture_is_named(case: str, folder: Path) -> None:
    (folder / "train" / "2" / "z.png").write_bytes(UNREADABLE[case])
    with pytest.raises(DataError, match=r"z\.png cannot be read as a picture .*Expected one of PNG, JPEG"):
        load(folder)


def test_mixed_sizes_are_named_not_scaled(folder: Path) -> None:
    picture(folder / "test" / "10" / "z.png", np.zeros((3, 2), np.uint8))
    with pytest.raises(DataError, match=r"z\.png has 2×3 pixels .*Expected 3×2, as .*a\.png has\. Scale all"):
        load(folder)


def test_both_parts_are_needed(folder: Path) -> None:
    (folder / "test").rename(folder / "elsewhere")
    with pytest.raises(DataError, match=r"has no folder test\. Expected train and test"):
        load(folder)
    (folder / "train").rename(folder / "test")
    with pytest.raises(DataError, match=r"has no folder train\. Expected train and test"):
        load(folder)


def test_the_test_part_must_have_pictures(folder: Path) -> None:
    for path in (folder / "test").rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"test part of .* has no samples"):
        load(folder)


def test_one_class_is_not_enough(folder: Path) -> None:
    (folder / "train" / "10").rename(folder / "away")
    with pytest.raises(DataError, match=r"train must have at least two folders, one per class\. Got 2\."):
        load(folder)


def test_no_class_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    with pytest.raises(DataError, match=r"at least two folders, one per class\. Got none\."):
        load(tmp_path)


def test_a_class_without_pictures_is_named(folder: Path) -> None:
    (folder / "train" / "11").mkdir()
    with pytest.raises(DataError, match=r"The class .*11 has no pictures"):
        load(folder)


def test_a_class_of_the_test_part_alone_is_named(folder: Path) -> None:
    picture(folder / "test" / "3" / "a.png")
    with pytest.raises(DataError, match=r"3 is a class that train does not have\. Expected 2, 10"):
        load(folder)


def test_strays_are_named(folder: Path) -> None:
    inner = picture(folder / "train" / "2" / "more" / "a.png")
    with pytest.raises(DataError, match="more is a folder within a class"):
        load(folder)
    inner.rename(folder / "train" / "a.png")
    inner.parent.rmdir()
    with pytest.raises(DataError, match=r"a\.png belongs to no class"):
        load(folder)
