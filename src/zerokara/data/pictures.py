"""Pictures on disk → pixels.

Nothing is repaired on the way: pictures of different sizes are not scaled, transparency is not painted over, more than
8 bits per channel are not cut off, and of several pictures in a file none is chosen. Each of them is refused with a
sentence that says what to do.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.checksum import content_checksum
from zerokara.data.dataset import Dataset, Split
from zerokara.errors import DataError
from zerokara.words import paragraph, sentence

if TYPE_CHECKING:
    from PIL.Image import Image

PARTS = ("train", "test")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""What is read. Pillow knows more formats, some of which start other programs (EPS)."""

MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
"""Pillow's modes of at most 8 bits per channel."""

MOST_PIXELS = 1 << 24
"""Pixels of one picture: 4096×4096. A few kilobytes can unpack to gigabytes of one colour."""

HIDDEN = ("thumbs.db", "desktop.ini")


def load_pictures(folder: Path) -> Dataset:
    """The data set in `folder/train/CLASS/*` and `folder/test/CLASS/*`: gray pictures, all of one size.

    Classes are named after their folders and sorted by name, numbers by value. Colours become gray by the luma of
    ITU-R 601-2. Hidden files (`.DS_Store`, `Thumbs.db`) are passed over.

    Raises:
        DataError: a part or a class is missing or empty, or a picture cannot be used; it names the file.
    """
    _check_parts(folder)
    classes = _class_names(folder / "train")
    _check_test_classes(folder / "test", classes)
    files = {part: list(_labelled(folder / part, classes)) for part in PARTS}
    shape = read_picture(files["train"][0].path).shape
    train, test = (_split(files[part], shape, files["train"][0].path, len(classes)) for part in PARTS)
    return Dataset(
        name=folder.resolve().name,
        train=train,
        test=test,
        class_names=classes,
        image_shape=shape,
        checksum=content_checksum(train, test, shape),
        source=str(folder.resolve()),
    )


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The gray values (height, width) of a picture, 0 black to 255 white, turned as its EXIF data say.

    Raises:
        DataError: it cannot be read, is too large, or is partly transparent.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow only warns of (very large pictures) is refused below
            with Image.open(path, formats=FORMATS) as picture:
                _check_picture(picture, path)
                return np.asarray(ImageOps.exif_transpose(picture).convert("L"))
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them stumble over
        raise unreadable(path, error) from error


def unreadable(path: Path | str, error: Exception | str) -> DataError:
    """What to say of a picture that Pillow cannot read."""
    return DataError(
        sentence(
            "{path} cannot be read as a picture ({error}). Expected one of {formats}.",
            path=path,
            error=error,
            formats=", ".join(FORMATS),
        ),
        "data-damaged",
    )


def check_size(picture: "Image", path: Path | str, most: int = MOST_PIXELS) -> None:
    """Raise DataError for a picture of more than `most` pixels, before it is unpacked."""
    if picture.width * picture.height > most:
        raise DataError(
            sentence(
                "{path} has {width}×{height} pixels. Expected at most {most:,} in all.",
                path=path,
                width=picture.width,
                height=picture.height,
                most=most,
            )
        )


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without what systems hide there."""
    return sorted(path for path in folder.iterdir() if not (path.name.startswith(".") or path.name.lower() in HIDDEN))


@dataclass(frozen=True)
class _Labelled:
    path: Path
    label: int


def _check_parts(folder: Path) -> None:
    for part in PARTS:
        if not (folder / part).is_dir():
            raise DataError(
                sentence(
                    "{folder} has no folder {part}. Expected train and test, each with a folder of pictures per class. "
                    "About a fifth of the pictures belongs into test.",
                    folder=folder,
                    part=part,
                ),
                "data-missing",
            )


def _class_names(train: Path) -> tuple[str, ...]:
    names = sorted((path.name for path in visible(train) if path.is_dir()), key=_by_value)
    if len(names) < 2:
        expected = sentence("{folder} must have at least two folders, one per class.", folder=train)
        got = sentence("Got {got}.", got=names[0]) if names else sentence("Got none.")
        raise DataError(paragraph(expected, got), "data-missing")
    return tuple(names)


def _by_value(name: str) -> tuple[bool, int, str]:
    """Numbers first, by value ("2" before "10"), then names."""
    number = name.isascii() and name.isdecimal()
    return not number, int(name) if number else 0, name


def _check_test_classes(test: Path, classes: tuple[str, ...]) -> None:
    for path in visible(test):
        if path.is_dir() and path.name not in classes:
            raise DataError(
                sentence(
                    "{path} is a class that train does not have. Expected {classes}.",
                    path=path,
                    classes=", ".join(classes),
                )
            )


def _labelled(part: Path, classes: tuple[str, ...]) -> Iterator[_Labelled]:
    """The pictures of one part, class by class, each class by file name."""
    _refuse_strays(part)
    for label, name in enumerate(classes):
        paths = _pictures_of(part / name)
        if not paths and part.name == "train":
            raise DataError(sentence("The class {folder} has no pictures.", folder=part / name), "data-missing")
        yield from (_Labelled(path, label) for path in paths)


def _pictures_of(folder: Path) -> list[Path]:
    paths = visible(folder) if folder.is_dir() else []
    for path in paths:
        if path.is_dir():
            raise DataError(
                sentence(
                    "{path} is a folder within a class. Expected only pictures in {folder}.", path=path, folder=folder
                )
            )
    return paths


def _refuse_strays(part: Path) -> None:
    for path in visible(part):
        if not path.is_dir():
            raise DataError(
                sentence(
                    "{path} belongs to no class. Expected nothing but folders in {part}, one per class.",
                    path=path,
                    part=part,
                )
            )


def _split(files: list[_Labelled], shape: tuple[int, ...], first: Path, classes: int) -> Split:
    pixels = np.empty((len(files), *shape), dtype=np.uint8)
    for row, file in zip(pixels, files, strict=True):
        row[:] = _of_shape(read_picture(file.path), shape, file.path, first)
    labels = np.array([file.label for file in files], dtype=np.int32)
    t = labels.astype(np.uint8) if classes <= 256 else labels
    return Split(pixels.reshape(len(files), int(np.prod(shape))), t, full=255)


def _of_shape(picture: NDArray[np.uint8], shape: tuple[int, ...], path: Path, first: Path) -> NDArray[np.uint8]:
    if picture.shape != shape:
        raise DataError(
            sentence(
                "{path} has {got} pixels (width×height). Expected {expected}, as {first} has. "
                "Scale all pictures to one size.",
                path=path,
                got="×".join(map(str, reversed(picture.shape))),
                expected="×".join(map(str, reversed(shape))),
                first=first,
            ),
            "wrong-shape",
        )
    return picture


def _has_deep_colors(picture: "Image") -> bool:
    """Whether colours have 16 bits: Pillow has no mode for them, and would cut them."""
    tiles: list[Any] = getattr(picture, "tile", [])  # of one read from a file
    return any(";16" in str(args) or (codec.startswith("ppm") and args[1] > 255) for codec, _, _, args in tiles)


def _check_picture(picture: "Image", path: Path) -> None:
    """Refuse, before it is unpacked, a picture that would be too large or would change on the way to gray."""
    check_size(picture, path)
    if getattr(picture, "is_animated", False):
        raise DataError(sentence("{path} holds more than one picture. Save the one that is meant.", path=path))
    if picture.mode not in MODES or _has_deep_colors(picture):
        raise DataError(
            sentence(
                "{path} has more than 8 bits per channel (mode {mode}). Expected 8. Save it with 8 bits.",
                path=path,
                mode=picture.mode,
            )
        )
    if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise DataError(
            sentence(
                "{path} is partly transparent, and nothing says what lies behind it. Save it on a background, without "
                "transparency.",
                path=path,
            )
        )
