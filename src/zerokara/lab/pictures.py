"""Weights and samples as small pictures: as many and as large as one message can carry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split

MOST_UNITS = 100
MOST_WEIGHTS = 128_000
"""In all pictures of weights together: 512 kB."""
MOST_PIXELS = 128_000
"""In all pictures of samples together."""


def weight_pictures(W1: NDArray[Any], image_shape: tuple[int, ...]) -> tuple[NDArray[np.float32], int]:
    """(units, h, w) the weights of each hidden unit where the pixel lies that it weighs, and the step.

    They are those of the first hundred units. Where they are large, a number is the mean of step × step weights.

    Args:
        W1: (features, units).
    """
    pictures = W1.T[:MOST_UNITS].reshape(-1, *_plane(image_shape))
    step = _step(pictures.shape, MOST_WEIGHTS)
    return _means(pictures.astype(np.float32), step), step


def sample_pictures(split: Split, rows: list[int], image_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(n, h, w) uint8 some samples; 255 is what means 1.0, or the largest of all these values."""
    pixels = split.rows(np.array(rows, np.int64)).reshape(-1, *_plane(image_shape))
    low, high = (0.0, 1.0) if split.full else (float(pixels.min(initial=0)), float(pixels.max(initial=0)))
    step = _step(pixels.shape, MOST_PIXELS)
    shown = (_means(pixels, step) - low) / ((high - low) or 1.0)
    levels: NDArray[np.uint8] = np.rint(255 * np.clip(np.nan_to_num(shown), 0, 1)).astype(np.uint8)
    return levels


def _plane(image_shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width; what is no picture is one row."""
    if len(image_shape) == 2:
        return image_shape[0], image_shape[1]
    return 1, math.prod(image_shape)


def _step(shape: tuple[int, ...], most: int) -> int:
    count, height, width = shape
    step = 1
    while count * -(-height // step) * -(-width // step) > most:
        step += 1
    return step


def _means(pictures: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Means of blocks of step × step; those at the right and lower edge may be of fewer."""
    if step == 1:
        return np.ascontiguousarray(pictures)
    _, height, width = pictures.shape
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(np.add.reduceat(pictures, rows, axis=1), columns, axis=2)
    counts = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))
    means: NDArray[np.float32] = (sums / counts).astype(np.float32)
    return means
