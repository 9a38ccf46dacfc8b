"""What a page asks about: a drawing or a file, which are prepared as `zerokara predict` does, or pixels as they are.

Everything that comes from a page may be anybody's: what does not fit is a UsageError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.cells import printable, shortened
from zerokara.errors import UsageError, unknown_name
from zerokara.handwriting.opening import PictureFile
from zerokara.handwriting.prepared import Prepared
from zerokara.handwriting.preparing import prepare_picture
from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject
from zerokara.lab.tracing import Off
from zerokara.nn.arguments import is_integer
from zerokara.words import sentence

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_NAME = 60
MOST_WAYS = 2
"""In which the paper of a photo is read."""


def prepared_of(subject: Subject, message: Message) -> Prepared:
    """The inputs that a message asks about: of its `ink`, of its file, or its `pixels`.

    Raises:
        UsageError: it has none of them, or what it has is no picture; samples of these data are none.
        DataError: its file cannot be read as one.
    """
    if "pixels" in message.arrays:
        return _as_it_is(subject, message.arrays["pixels"])
    return prepare_picture(_picture_of(message), subject.described, subject.recipe.dataset)


def _picture_of(message: Message) -> Image | PictureFile:
    from PIL import Image

    if message.files:
        name = shortened(printable(str(message.fields.get("name", ""))), LONGEST_NAME)
        return PictureFile(name, bytes(message.files[0]))
    ink = message.arrays.get("ink")
    if ink is None:
        raise unknown_name("arrays", list(message.arrays), ("ink", "pixels"))
    if ink.ndim != 2 or ink.dtype != np.uint8 or not ink.size:
        raise _no_array(ink, "ink", "(height, width)")
    return Image.fromarray(ink)


def _as_it_is(subject: Subject, pixels: NDArray[Any]) -> Prepared:
    shape = subject.described.image_shape
    ways = pixels[None] if pixels.shape == shape else pixels
    if ways.shape[1:] != shape or not 1 <= len(ways) <= MOST_WAYS:
        raise _no_array(pixels, "pixels", shape)
    with np.errstate(over="ignore"):
        inputs = ways.reshape(len(ways), -1).astype(np.float32)
    if not np.isfinite(inputs).all():
        raise _no_array(pixels, "pixels", shape)
    return Prepared(inputs, shape)


def _no_array(got: NDArray[Any], name: str, shape: object) -> UsageError:
    text = sentence(
        "{name} must be an array of finite numbers of shape {shape}. Got shape {got} of {dtype}.",
        name=name,
        shape=shape,
        got=got.shape,
        dtype=got.dtype,
    )
    return UsageError(text, "wrong-shape")


def units_off(subject: Subject, message: Message) -> Off:
    """The hidden units that are switched off, by `off`, a list of [layer, unit]."""
    pairs = message.fields.get("off", [])
    sizes = subject.network.sizes
    if not isinstance(pairs, list) or len(pairs) > sum(sizes[1:-1]):
        raise UsageError(
            sentence("{name} must be an array of numbers. Got {dtype}.", name="off", dtype=type(pairs).__name__)
        )
    off: dict[int, list[int]] = {}
    for pair in pairs:
        layer, unit = unit_of(pair, sizes[:-1])
        off.setdefault(layer, []).append(unit)
    return off


def unit_of(pair: Any, sizes: tuple[int, ...]) -> tuple[int, int]:
    """A layer, from 1, and a unit of it, from 0, of a network of so many units in each."""
    layer, unit = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
    layer = whole_number("layer", layer, 1, len(sizes) - 1)
    return layer, whole_number("unit", unit, 0, sizes[layer] - 1)


def whole_number(name: str, value: Any, first: int, last: int) -> int:
    """A whole number of a range, its ends included."""
    if not is_integer(value) or not first <= value <= last:
        text = sentence(
            "{name} must be a whole number from {first} to {last}. Got {got!r:.40}.",
            name=name,
            first=first,
            last=last,
            got=value,
        )
        raise UsageError(text, "wrong-value")
    return int(value)
