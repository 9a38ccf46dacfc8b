"""Scaling, blurring and local extremes of gray pictures, in NumPy and Pillow alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""(height, width)."""


def scaled(picture: Picture, shape: tuple[int, int], way: str = "BICUBIC") -> Picture:
    """A picture at another (height, width). `way` is BOX, BICUBIC or LANCZOS of `PIL.Image.Resampling`."""
    from PIL import Image

    resized = Image.fromarray(picture).resize(shape[::-1], Image.Resampling[way])
    return np.asarray(resized, dtype=np.float32)


def shape_within(shape: tuple[int, ...], longest: int) -> tuple[int, int]:
    """The (height, width) of the same aspect whose longer side is `longest`."""
    scale = longest / max(shape)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def blurred(picture: Picture, sigma: float) -> Picture:
    """A picture after a Gauss filter; beyond its edges it goes on as there."""
    radius = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1, dtype=np.float32) / sigma) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        padded = np.pad(picture, ((radius, radius), (0, 0)), mode="edge")
        weighted = [weight * padded[start : start + len(picture)] for start, weight in enumerate(weights)]
        picture = np.sum(weighted, axis=0).T
    return picture


def greatest(picture: Picture, window: int) -> Picture:
    """The greatest value in each window×window; the result is smaller by window - 1 in both directions."""
    for _ in range(2):
        reach = 1
        while reach < window:  # the greatest of 2, of 4, …, of the window
            step = min(reach, window - reach)
            picture = np.maximum(picture[: len(picture) - step], picture[step:])
            reach += step
        picture = picture.T
    return picture


def smallest(picture: Picture, window: int) -> Picture:
    """The smallest value in each window×window, as `greatest`."""
    return -greatest(-picture, window)


def local_median(picture: Picture, window: int) -> Picture:
    """The median of each window×window around a pixel; beyond its edges it goes on as there."""
    padded = np.pad(picture, window // 2, mode="edge")
    views: NDArray[Any] = sliding_window_view(padded, (window, window))
    medians: Picture = np.median(views.reshape(*picture.shape, -1), axis=2).astype(np.float32)
    return medians
