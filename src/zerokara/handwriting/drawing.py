"""Drawings: pictures on one gray value, without a camera's noise. Their ink is the distance from it."""

from __future__ import annotations

import numpy as np

from zerokara.handwriting.opening import Gray

SHARE = 0.3
"""Of all pixels, that must have the one value."""

TINY = 28
"""Pixels of the longer side: a smaller picture is no photo, and is enlarged."""

CLOSE = 16
"""Levels of 255 that noise, or a shadow, may differ from the ground."""

WEAKEST = 16 / 255
"""The darkest ink of a drawing differs by more; less may be what JPEG made of empty paper."""

NEARLY = 0.12
"""Of all pixels, how many may be close to the ground and not on it, as at edges; noise and shadows make more."""


def ground_of(gray: Gray) -> float | None:
    """The gray value that a drawing is on; None for a photo."""
    levels = np.round(gray * 255).astype(np.int16)
    counts = np.bincount(levels.ravel(), minlength=256)
    ground = int(counts.argmax())
    if max(gray.shape) < TINY:
        return ground / 255
    if counts[ground] < SHARE * levels.size:
        return None
    if float(np.abs(gray - np.float32(ground / 255)).max()) < WEAKEST:
        return None
    nearly = (np.abs(levels - ground) <= CLOSE) & (levels != ground)
    return ground / 255 if np.mean(nearly) <= NEARLY else None


def ink_on(gray: Gray, ground: float) -> Gray:
    """How far each pixel is from the ground: 0 to 1, where 1 is the farthest. Less than a level is nothing."""
    distance = np.abs(gray - np.float32(ground))
    farthest = float(distance.max())
    if farthest < 1 / 255:
        return np.zeros_like(gray)
    ink: Gray = np.where(distance < 0.5 / 255, 0, distance / np.float32(farthest))
    return ink


FRINGE = 0.12
"""Of the darkest ink: what is fainter around a smooth drawing came of its enlargement."""

EQUAL = 0.8
"""Of neighbours in the ink, how many are equal where a pen drew it, or pixels were repeated."""

COARSE = 64
"""Pixels: in a smaller drawing each pixel was made by its author."""


def faintest(ink: Gray) -> float:
    """The ink that a pixel of the digit has more of: 0, but where a picture was enlarged smoothly.

    Then its edge is wider than it was. In one that was enlarged by repeating pixels, or drawn with a pen, most
    neighbours are equal.
    """
    there = (ink[:, 1:] > 0) & (ink[:, :-1] > 0)
    equal = (ink[:, 1:] == ink[:, :-1]) & there
    return 0.0 if max(ink.shape) < COARSE or equal.sum() > EQUAL * there.sum() else FRINGE
