"""Any picture as gray values: files of all kinds, arrays of all ranges, and what is refused with a sentence."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from zerokara.data.pictures import read_picture
from zerokara.errors import DataError, UsageError
from zerokara.handwriting.opening import PictureFile, open_picture

GRAY = np.array([[0, 40, 80], [120, 160, 255]], np.uint8)


def saved(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "HSV", "YCbCr", "CMYK"])
def test_modes(mode: str) -> None:
    gray = Image.fromarray(GRAY)
    picture = gray if mode == "L" else gray.convert(mode) if mode == "P" else gray.convert("RGB").convert(mode)
    assert_allclose(open_picture(picture) * 255, GRAY, atol=3)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif", "a.tiff", "a.ppm"])
def test_files_are_read_as_training_pictures_are(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path / name, Image.fromarray(GRAY))
    assert_array_equal(open_picture(path) * np.float32(255), read_picture(path))


def test_sixteen_bits(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(GRAY.astype(np.uint16) * 257))
    assert_allclose(open_picture(path) * 255, GRAY, atol=1e-4)


def test_a_photo_is_upright_and_its_preview_left_aside(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    wide = Image.fromarray(np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[None], 40, axis=0))
    path = saved(tmp_path / "a.jpg", wide, exif=exif, quality=95)
    assert open_picture(path).shape == (100, 40)
    assert_allclose(open_picture(path)[:, 20] * 255, np.arange(0, 200, 2), atol=4)
    several = saved(tmp_path / "a.mpo", wide, save_all=True, append_images=[wide.resize((10, 4))])
    assert open_picture(several).shape == (40, 100)


def test_large_ones_are_reduced_by_a_whole_number() -> None:
    picture = np.kron(GRAY, np.ones((600, 600), np.uint8))
    small = open_picture(picture, 720)
    assert small.shape == (400, 600)
    assert_allclose(small[::200, ::200] * 255, GRAY, atol=1e-3)


@pytest.mark.parametrize(("ink", "behind"), [(0, 1.0), (255, 0.0)])
def test_ink_on_nothing_gets_a_background_it_is_seen_on(ink: int, behind: float) -> None:
    rgba = np.full((10, 10, 4), ink, np.uint8)
    rgba[:, :, 3] = 0
    rgba[4:6, 4:6, 3] = 255
    gray = open_picture(rgba)
    assert gray[0, 0] == behind
    assert gray[5, 5] == ink / 255


def test_round_corners_get_the_brightness_of_the_rest() -> None:
    rgba = np.full((10, 10, 4), 255, np.uint8)
    rgba[0, 0, 3] = 0
    assert open_picture(rgba)[0, 0] == 1


@pytest.mark.parametrize(
    "array",
    [GRAY, GRAY / 255, GRAY.astype(float), GRAY.astype(int), GRAY.tolist(), GRAY[:, :, None], np.dstack([GRAY] * 3)],
)
def test_ranges_of_arrays(array: np.ndarray) -> None:
    assert_allclose(open_picture(array), GRAY / 255, atol=1e-6)


def test_sixteenths_of_scikit_learn() -> None:
    assert open_picture(np.full((8, 8), 16.0)).max() == 1
    assert open_picture(np.full((9, 9), 16.0)).max() == pytest.approx(16 / 255)


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.full((3, 3), np.nan), "must lie in 0 to 1"),
        (np.full((3, 3), np.inf), "must lie in 0 to 1"),
        (np.full((3, 3), -0.1), "Got -0.1"),
        (np.full((3, 3), 256.0), "Got 256"),
        (np.zeros((3, 28, 28)), r"Got \(3, 28, 28\)"),
        (np.zeros(100), r"Got \(100,\)"),
        (np.zeros((0, 3)), "A picture is a path"),
        (np.zeros((3, 3), complex), "A picture is a path"),
        ([[1, 2], [3]], "A picture is a path"),
        (None, "Got NoneType"),
        (np.broadcast_to(np.uint8(0), (5000, 5000)), "too many pixels"),
    ],
)
def test_arrays_that_are_no_picture(array: object, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        open_picture(array)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("side", [5000, 60000, 2**31 - 1])
def test_a_bomb_is_not_unpacked(side: int, tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))))
    with pytest.raises(DataError, match=r"a\.png"):
        open_picture(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"%!PS-Adobe-3.0", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
)
def test_what_is_no_picture(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a picture"):
        open_picture(path)
    with pytest.raises(DataError, match="cannot be read as a picture") as told:
        open_picture(PictureFile("b.png", content))
    assert "BytesIO" not in str(told.value)


def test_half_a_photo_and_several_pictures(tmp_path: Path) -> None:
    large = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8))
    path = saved(tmp_path / "a.jpg", large)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="truncated"):
        open_picture(path)
    path = saved(tmp_path / "a.gif", large, save_all=True, append_images=[large.rotate(90)])
    with pytest.raises(DataError, match="more than one picture"):
        open_picture(path)


def test_names_of_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="null byte"):
        open_picture("a\0b")
    with pytest.raises(FileNotFoundError):
        open_picture(tmp_path / "none.png")
