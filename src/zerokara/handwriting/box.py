"""The box that MNIST's digits lie in, and how they were brought there.

LeCun, Bottou, Bengio and Haffner 1998 say that digits were scaled to fit 20×20 and centred by their mass in 28×28. The
exact steps are those of the code that Yadav and Bottou published with QMNIST (2019, arXiv:1905.10498): pixels are
averaged over areas, and the centre of mass is moved by whole pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.opening import Gray

SIDE, INNER = 28, 20
MIDDLE = 15.0
"""The centre of mass lies in (14, 15], where the first pixel's centre is 0.5."""


def fitted(ink: Gray) -> Gray:
    """Ink (height, width) whose longer side becomes 20 pixels, averaged over areas; the other side is rounded up.

    The aspect is kept: the first row and column start where a pixel starts, and beyond the ink there is none.
    """
    scale = INNER / max(ink.shape)
    weights = [_area_weights(side, scale) for side in ink.shape]
    result: Gray = (weights[0] @ ink @ weights[1].T).astype(np.float32)
    return result


def _area_weights(side: int, scale: float) -> NDArray[np.float32]:
    """(pixels after, side) how much of each pixel afterwards is made of which before."""
    edges = np.arange(side + 1) * scale
    after = int(np.ceil(edges[-1] - 1e-6))
    cells = np.arange(after)[:, None]
    overlap = np.minimum(edges[1:], cells + 1) - np.maximum(edges[:-1], cells)
    return np.clip(overlap, 0, None).astype(np.float32)


def centre_of_mass(ink: Gray) -> tuple[float, float]:
    """(down, right) in pixels, where the first pixel's centre is 0.5. There must be some ink."""
    mass = float(ink.sum(dtype=np.float64))
    down = (ink.sum(axis=1, dtype=np.float64) @ (np.arange(ink.shape[0]) + 0.5)) / mass
    right = (ink.sum(axis=0, dtype=np.float64) @ (np.arange(ink.shape[1]) + 0.5)) / mass
    return float(down), float(right)


def centred(inner: Gray) -> Gray:
    """(28, 28) with the ink of at most 20×20 at its centre of mass, moved by whole pixels."""
    outer = np.zeros((SIDE, SIDE), dtype=np.float32)
    top, left = (int(MIDDLE - centre) for centre in centre_of_mass(inner))
    height, width = inner.shape
    top, left = min(top, SIDE - height), min(left, SIDE - width)
    outer[top : top + height, left : left + width] = inner
    return outer


def mnist_box(ink: Gray) -> tuple[Gray, Gray]:
    """Ink, cut to its box → what became of it in 20×20, and (28, 28) of whole grey levels of 255.

    The darkest pixel gets 255, where it is not so but for a level: a fifth of MNIST's digits has 254.
    """
    inner = fitted(ink)
    darkest = float(inner.max())
    if darkest < 253.5 / 255:
        inner = inner / darkest
    inner = np.round(inner * 255) / np.float32(255)
    return inner, centred(inner)
