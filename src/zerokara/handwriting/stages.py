"""What the steps of the preparation made, as pictures of bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.box import centre_of_mass
from zerokara.handwriting.choosing import Chosen
from zerokara.handwriting.opening import Gray

Bytes = NDArray[np.uint8]

ENLARGED = 8
"""Pixels of a cross's picture for each pixel of the input: the cross hides little of it."""


def as_bytes(gray: Gray) -> Bytes:
    """0 to 1 as 0 to 255."""
    return np.round(np.clip(gray, 0, 1) * 255).astype(np.uint8)


def chosen_picture(gray: Gray, chosen: Chosen) -> Bytes:
    """The picture, what is not the digit greyed out, with a frame around the digit."""
    shown = as_bytes(np.where(chosen.mask, gray, 0.5 + 0.25 * (gray - 0.5)))
    top, left = max(chosen.box.top - 3, 0), max(chosen.box.left - 3, 0)
    bottom, right = chosen.box.bottom + 3, chosen.box.right + 3
    for edge in (
        shown[top : top + 2, left:right], shown[bottom - 2 : bottom, left:right],
        shown[top:bottom, left : left + 2], shown[top:bottom, right - 2 : right],
    ):  # fmt: skip
        edge[:] = 255 if gray.mean() < 0.5 else 0
    return shown


def with_cross(pixels: Gray) -> Bytes:
    """The input, enlarged, with a thin cross at its centre of mass."""
    shown = np.kron(as_bytes(pixels), np.ones((ENLARGED, ENLARGED), np.uint8))
    if pixels.any():
        down, right = (int(centre * ENLARGED) for centre in centre_of_mass(pixels))
        arm = 2 * ENLARGED
        for line in (
            shown[down, max(right - arm, 0) : right + arm + 1],
            shown[max(down - arm, 0) : down + arm + 1, right],
        ):
            line[:] = np.where(line < 128, 255, 0)
    return shown
