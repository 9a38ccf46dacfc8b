"""Pictures of pixels in one PNG file, side by side at their natural size: a browser enlarges them without blurring.

What is 0 is transparent, so that they can be looked at on light and on dark pages, and on paper.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST = 64
"""Pixels of a picture's longer side; larger ones are reduced by whole factors."""
MOST_PIXELS = 80_000
"""Of all pictures of a sprite, gaps aside: so 100 of MNIST's size."""
LEVELS = 31
"""Steps of transparency on either side of zero; more cannot be told apart, and cost bytes."""
NEGATIVE, POSITIVE, INK = (46, 116, 200), (222, 100, 36), (18, 18, 20)
GAP = 2
USUAL = 28
"""Pixels of a picture's side that is shown as it is."""


@dataclass(frozen=True)
class Sprite:
    """Pictures in a grid.

    Attributes:
        png: the file.
        width, height: of the whole, in pixels; tile: (height, width) of one picture; columns: of the grid.
    """

    png: bytes
    width: int
    height: int
    tile: tuple[int, int]
    columns: int

    @property
    def uri(self) -> str:
        """The file as the address of a picture."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    @property
    def enlarged(self) -> int:
        """How often a page shows each pixel side by side: so that 8×8 are about as large as 28×28."""
        return max(1, USUAL // max(self.tile))

    def place(self, k: int) -> tuple[int, int]:
        """(x, y) of the upper left corner of picture k."""
        row, column = divmod(k, self.columns)
        return column * (self.tile[1] + GAP), row * (self.tile[0] + GAP)


def can_be_seen(shape: tuple[int, ...]) -> bool:
    """Whether samples of this shape are pictures of one colour."""
    return len(shape) == 2 and min(shape) > 1 and max(shape) <= 4096


def most_of(shape: tuple[int, ...]) -> int:
    """How many pictures of this shape fit into a sprite."""
    factor = _factor(shape)
    return max(1, MOST_PIXELS // max((shape[0] // factor) * (shape[1] // factor), 1))


def signed_sprite(pictures: Array, columns: int) -> Sprite:
    """Pictures (n, height, width) of numbers around 0, each scaled by its own largest: blue below 0, orange above."""
    reduced = _reduced(np.nan_to_num(np.asarray(pictures, np.float64), posinf=0, neginf=0))
    largest = np.abs(reduced).max(axis=(1, 2), keepdims=True)
    levels = np.rint(LEVELS * reduced / np.where(largest > 0, largest, 1)).astype(int) + LEVELS
    colours = [NEGATIVE] * LEVELS + [POSITIVE] * (LEVELS + 1)
    alphas = np.abs(np.arange(-LEVELS, LEVELS + 1)) / LEVELS
    return _sprite(levels, columns, colours, alphas, empty=LEVELS)


def ink_sprite(pictures: Array, columns: int) -> Sprite:
    """Pictures (n, height, width) of ink, 0 none and 1 full: the more ink, the darker."""
    reduced = _reduced(np.nan_to_num(np.asarray(pictures, np.float64)).clip(0, 1))
    levels = np.rint(LEVELS * reduced).astype(int)
    return _sprite(levels, columns, [INK] * (LEVELS + 1), np.arange(LEVELS + 1) / LEVELS, empty=0)


def _factor(shape: tuple[int, ...]) -> int:
    return -(-max(shape) // LARGEST)


def _reduced(pictures: Array) -> Array:
    """Means of squares of pixels where pictures are large; what is over at the edges is left out."""
    factor = _factor(pictures.shape[1:])
    if factor == 1:
        return pictures
    n, height, width = pictures.shape
    height, width = max(height // factor, 1), max(width // factor, 1)
    kept = pictures[:, : height * factor, : width * factor]
    tall, wide = kept.shape[1] // height, kept.shape[2] // width
    return np.asarray(kept.reshape(n, height, tall, width, wide).mean(axis=(2, 4)))


def _sprite(
    levels: NDArray[np.int64], columns: int, colours: list[tuple[int, int, int]], alphas: Array, empty: int
) -> Sprite:
    from PIL import Image

    n, height, width = levels.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    size = rows * (height + GAP) - GAP, columns * (width + GAP) - GAP
    sprite = Sprite(b"", size[1], size[0], (height, width), columns)
    canvas = np.full(size, empty, np.uint8)
    for k, picture in enumerate(levels):
        x, y = sprite.place(k)
        canvas[y : y + height, x : x + width] = picture
    image = Image.fromarray(canvas)
    image.putpalette([channel for colour in colours for channel in colour])
    file = io.BytesIO()
    image.save(file, "PNG", transparency=bytes(np.rint(255 * alphas).astype(np.uint8)), optimize=True)
    return replace(sprite, png=file.getvalue())
