"""The box that MNIST's digits lie in, and how they were brought there.

LeCun, Bottou, Bengio and Haffner 1998 say that digits were scaled to fit 20×20 and centred by their mass in 28×28. The
exact steps are those of the code that Yadav and Bottou published with QMNIST (2019, arXiv:1905.10498): pixels are
averaged over areas, and the centre of mass is moved by whole pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.opening import Gray
from zerokara.handwriting.windows import scaled

SIDE, INNER = 28, 20
BITMAP, WIDEST = 32, 24
MIDDLE = 15.0
"""The centre of mass lies in (14, 15], where the first pixel's centre is 0.5."""


def fitted(ink: Gray, longest: int) -> Gray:
    """Ink (height, width) whose longer side becomes `longest` pixels, averaged over areas; the other is rounded up.

    The aspect is kept: the first row and column start where a pixel starts, and beyond the ink there is none.
    """
    scale = longest / max(ink.shape)
    weights = [_area_weights(side, scale) for side in ink.shape]
    result: Gray = (weights[0] @ ink @ weights[1].T).astype(np.float32)
    return result


def _area_weights(side: int, scale: float) -> NDArray[np.float32]:
    """(pixels after, side) how much of each pixel afterwards is made of which before."""
    edges = np.arange(side + 1) * scale
    after = int(np.ceil(edges[-1] - 1e-6))
    cells = np.arange(after)[:, None]
    overlap = np.minimum(edges[1:], cells + 1) - np.maximum(edges[:-1], cells)
    weights: NDArray[np.float32] = np.clip(overlap, 0, None).astype(np.float32)
    return weights


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


@dataclass(frozen=True, eq=False)
class Boxed:
    """A digit in its box.

    Attributes:
        inner: the digit alone; pixels: what a network gets. Both (height, width), 0 to 1.
    """

    inner: Gray
    pixels: Gray


def mnist_box(ink: Gray) -> Boxed:
    """Ink, cut to its box → 20×20 at most, and (28, 28), of whole levels of 255; black where there is no ink.

    The darkest pixel gets 255, unless it lacks but a level: a tenth of MNIST's digits has 254.
    """
    inner = fitted(ink, INNER)
    darkest = float(inner.max())
    if darkest == 0:
        return Boxed(inner, np.zeros((SIDE, SIDE), dtype=np.float32))
    if darkest < 253.5 / 255:
        inner = inner / np.float32(darkest)
    inner = np.round(inner * 255) / np.float32(255)
    return Boxed(inner, centred(inner))


def uci_box(ink: Gray) -> Boxed:
    """Ink, cut to its box → (8, 8) of sixteenths, as the digits of scikit-learn were made (Alpaydin and Kaynak 1998).

    A bitmap of 32×32, which a digit fills from top to bottom, is divided into blocks of 4×4, whose pixels with ink are
    counted. None of those digits is wider than 24, and their middle is that of their mass.
    """
    inner = fitted(ink, BITMAP)
    if inner.shape[1] > WIDEST:
        inner = scaled(inner, (inner.shape[0], WIDEST), "BOX")
    height, width = inner.shape
    bitmap = np.zeros((BITMAP, BITMAP), dtype=np.float32)
    if inner.any():
        left = round(BITMAP / 2 - centre_of_mass(inner)[1])
        top, left = (BITMAP - height) // 2, min(max(left, 0), BITMAP - width)
        bitmap[top : top + height, left : left + width] = inner / inner.max()
    counts = np.round(bitmap.reshape(8, 4, 8, 4).sum(axis=(1, 3)))
    return Boxed(bitmap, counts / np.float32(16))


def looks_boxed(gray: Gray, boxing: object) -> bool:
    """Whether a picture is in MNIST's box already: 20 pixels long, its centre of mass in the middle, on black."""
    if boxing is not mnist_box or gray.shape != (SIDE, SIDE):
        return boxing is uci_box and gray.shape == (8, 8)
    rows, columns = np.flatnonzero(gray.any(axis=1)), np.flatnonzero(gray.any(axis=0))
    if not len(rows) or max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 not in (INNER - 1, INNER):
        return False
    return all(MIDDLE - 1 - 0.05 < centre < MIDDLE + 0.05 for centre in centre_of_mass(gray))
