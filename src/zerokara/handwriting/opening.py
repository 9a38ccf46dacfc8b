"""Any picture → its gray values, upright: a file, a Pillow image or an array.

More is read here than a training picture may have (`zerokara.data.pictures` changes nothing on the way): photos are
reduced, transparency gets a background, 16 bits become numbers. Pictures that would unpack to gigabytes are refused.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from zerokara.data.pictures import FORMATS, MODES, MOST_PIXELS, check_size, unreadable
from zerokara.errors import DataError, UsageError, ZerokaraError
from zerokara.words import sentence

if TYPE_CHECKING:
    from PIL.Image import Image

Gray = NDArray[np.float32]
"""(height, width) 0 black to 1 white."""

LONGEST = 720
"""Pixels of the longer side of a photo that is looked at; a digit in it needs some dozens."""

MOST_PIXELS_OF_JPEG = 1 << 27
"""A JPEG is reduced while it is unpacked, so that only an eighth of each side need be kept."""


@dataclass(frozen=True, eq=False)
class PictureFile:
    """A picture's file that is in memory, as one that was dropped on a page.

    Attributes:
        name: what to call it.
        content: its bytes.
    """

    name: str
    content: bytes


def open_picture(picture: Any, longest: int | None = None) -> Gray:
    """The gray values of a picture, colours by the luma of ITU-R 601-2.

    Args:
        longest: pixels of the longer side that are enough; a picture that has more is reduced by a whole number, so
            that each pixel is the mean of as many. None: all of them.
        picture: a path, a file in memory, a Pillow image, or an array: (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), of
            bytes, of 0 to 1, or of 0 to 255.

    Raises:
        DataError: a file cannot be read as a picture, is too large, or holds several.
        UsageError: an array is no picture, or what was given is none of these.
        OSError: a file cannot be opened.
    """
    from PIL import Image

    if isinstance(picture, str | os.PathLike):
        path = os.fspath(picture)
        gray = _of_file(_opened(path), path, longest)
    elif isinstance(picture, PictureFile):
        gray = _of_file(io.BytesIO(picture.content), picture.name, longest)
    elif isinstance(picture, Image.Image):
        gray = _of_image(picture, repr(picture))
    else:
        gray = gray_of_array(numbers_of(picture))
    times = -(-max(gray.shape) // longest) if longest else 1
    return gray if times == 1 else np.asarray(Image.fromarray(gray).reduce(times), dtype=np.float32)


def _of_file(opened: BinaryIO, path: str, longest: int | None) -> Gray:
    from PIL import Image

    with opened as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what Pillow only warns of (very large pictures) is refused below
                with Image.open(file, formats=FORMATS) as picture:
                    _check_file(picture, path)
                    if longest:
                        picture.draft("L", (longest, longest))
                    return _of_image(picture, path)
        except ZerokaraError:
            raise
        except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them stumble over
            raise unreadable(path, str(error).replace(repr(file), repr(path))) from error  # not where its bytes are


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except ValueError as error:  # no system has such a name
        raise unreadable(repr(path), error) from error


def _check_file(picture: Image, path: str) -> None:
    jpeg = picture.format in ("JPEG", "MPO")
    check_size(picture, path, MOST_PIXELS_OF_JPEG if jpeg else MOST_PIXELS)
    if getattr(picture, "is_animated", False) and picture.format != "MPO":  # its others are previews
        raise DataError(sentence("{path} holds more than one picture. Save the one that is meant.", path=path))


def _of_image(picture: Image, name: str) -> Gray:
    from PIL import ImageOps

    check_size(picture, name, MOST_PIXELS)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode not in MODES:
        return gray_of_array(np.asarray(upright), deep=upright.mode.startswith("I;16"))
    if upright.has_transparency_data:
        return _on_a_background(np.asarray(upright.convert("RGBA"), dtype=np.float32) / np.float32(255))
    if upright.mode in ("LAB", "HSV"):  # Pillow knows no way from these to gray
        upright = upright.convert("RGB")
    return np.asarray(upright.convert("L"), dtype=np.float32) / np.float32(255)


def numbers_of(values: Any) -> NDArray[Any]:
    """An array of numbers. Raises UsageError for anything else."""
    try:
        array = np.asarray(values)
    except Exception as error:
        raise _no_picture(type(values).__name__) from error
    if array.dtype.kind not in "buif" or array.size == 0:
        raise _no_picture(type(values).__name__)
    return array


def _no_picture(got: str) -> UsageError:
    text = sentence("A picture is a path, a Pillow image, or an array of its pixels. Got {got}.", got=got)
    return UsageError(text, "wrong-value")


def gray_of_array(array: NDArray[Any], deep: bool = False) -> Gray:
    """The gray values of an array of pixels.

    Args:
        array: as `open_picture` takes it.
        deep: whether 65535 means white, however dark all pixels are.

    Raises:
        UsageError: its shape is no picture's, or its values are not.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise UsageError(
            sentence(
                "An array must have the shape (height, width), (height, width, 3) or (height, width, 4) to be a "
                "picture. Got {shape}.",
                shape=array.shape,
            ),
            "wrong-shape",
        )
    if array.shape[0] * array.shape[1] > MOST_PIXELS:
        text = sentence(
            "An array of shape {shape} has too many pixels. Expected at most {most:,}.",
            shape=array.shape,
            most=MOST_PIXELS,
        )
        raise UsageError(text, "wrong-shape")
    values = shares_of_white(array, deep=deep)
    if values.ndim == 2:
        return values
    if values.shape[2] == 4:
        return _on_a_background(values)
    return _luma(values)


def shares_of_white(array: NDArray[Any], deep: bool = False) -> NDArray[np.float32]:
    """Pixels as 0 to 1. Those of 0 to 1 stay, those of 0 to 255 are divided by it, larger ones by 65535.

    The digits of scikit-learn, 8×8, have 0 to 16.

    Raises:
        UsageError: they are negative, too large, or not numbers.
    """
    low, high = float(array.min()), float(array.max())
    most = 65535 if array.dtype.kind in "ui" and array.dtype.itemsize > 1 else 255
    if not (low >= 0 and high <= most):
        raise UsageError(
            sentence(
                "Pixels must lie in 0 to 1, or in 0 to 255. Got {low:g} to {high:g}.",
                low=low,
                high=high,
            ),
            "wrong-value",
        )
    if deep or high > 255:
        full = 65535
    elif 1 < high <= 16 and array.size == 64:
        full = 16
    else:
        full = 255 if high > 1 else 1
    shares: NDArray[np.float32] = np.divide(array, np.float32(full), dtype=np.float32)
    return shares


def _luma(rgb: NDArray[np.float32]) -> Gray:
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    luma: Gray = rgb[:, :, :3] @ weights
    return luma


def _on_a_background(rgba: NDArray[np.float32]) -> Gray:
    """What lies on a background that it can be seen on.

    Ink on nothing gets white if it is dark, else black. Where most is opaque (a window with round corners), the rest
    gets the brightness that most of it has.
    """
    luma, alpha = _luma(rgba), rgba[:, :, 3]
    if alpha.min() == 1:
        return luma
    opaque = alpha > 0.5
    if opaque.mean() > 0.5:
        background = float(np.median(luma[opaque]))
    else:
        background = 1.0 if float((luma * alpha).sum()) <= 0.5 * float(alpha.sum()) else 0.0
    shown: Gray = luma * alpha + np.float32(background) * (1 - alpha)
    return shown
