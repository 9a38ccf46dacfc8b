"""Any picture → the size, gray and background of the pictures that a network was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerokara.data.description import DataDescription
from zerokara.handwriting.opening import Gray, open_picture
from zerokara.handwriting.prepared import Prepared, Stage
from zerokara.handwriting.stages import as_bytes
from zerokara.handwriting.windows import scaled
from zerokara.words import sentence

OPPOSITE = 0.8
"""Of a picture's edge, the share that must be of the other polarity before it is inverted."""


def prepare(picture: Any, described: DataDescription) -> Prepared:
    """A picture as a network gets it that was trained on any pictures of one size.

    One of that size stays as it is, as in training; another is scaled, its aspect kept, on the background of those.
    """
    gray = open_picture(picture)
    height, width = described.image_shape
    background = min(max(described.background or 0.0, 0.0), 1.0)
    shown = 1 - gray if _is_opposite(gray, background) else gray
    fitted = shown if shown.shape == (height, width) else _padded(shown, (height, width), background)
    stages = (
        Stage(sentence("Picture in gray"), as_bytes(gray)),
        Stage(sentence("Input of the network"), as_bytes(fitted)),
    )
    return Prepared(fitted.reshape(1, -1), (height, width), stages)


def _is_opposite(gray: Gray, background: float) -> bool:
    """Whether nearly all of the edge is dark where training pictures are light there, or the other way round."""
    edge = np.concatenate([gray[[0, -1]].ravel(), gray[:, [0, -1]].ravel()])
    if background < 0.25:
        return float(np.mean(edge > 0.5)) > OPPOSITE
    return background > 0.75 and float(np.mean(edge < 0.5)) > OPPOSITE


def _padded(gray: Gray, shape: tuple[int, int], background: float) -> Gray:
    scale = min(shape[0] / gray.shape[0], shape[1] / gray.shape[1])
    height, width = (min(most, max(1, round(side * scale))) for side, most in zip(gray.shape, shape, strict=True))
    small = scaled(gray, (height, width), "BOX" if scale < 1 else "BICUBIC")
    padded = np.full(shape, background, dtype=np.float32)
    top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
    padded[top : top + height, left : left + width] = np.clip(small, 0, 1)
    return padded
