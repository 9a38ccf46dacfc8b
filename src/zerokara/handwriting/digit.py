"""A digit in a picture → the box that a network knows digits in.

The chain: open, tell a drawing from a photo, make the ink dark, divide by the brightness of the paper, choose the
digit, cut its ink out, put it into the box. The paper is read in two ways; where these lead to different inputs, both
are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.handwriting.box import Boxed, looks_boxed
from zerokara.handwriting.choosing import Chosen, choose, choose_drawn
from zerokara.handwriting.doubts import doubt, doubts_about
from zerokara.handwriting.drawing import TINY, faintest, ground_of, ink_on
from zerokara.handwriting.opening import LONGEST, Gray, open_picture
from zerokara.handwriting.paper import closed_paper, contrast_to, ink_is_light, noise_of, smooth_paper
from zerokara.handwriting.prepared import Prepared, Stage
from zerokara.handwriting.stages import as_bytes, chosen_picture, with_cross
from zerokara.handwriting.windows import greatest, scaled
from zerokara.words import sentence

SMALL, ENLARGED = 280, 320
"""Pixels of the longer side: a picture with fewer than the one is enlarged to at least the other."""

SOFT = 120
"""Pixels of the digit's longer side under which its edge is soft, as few pixels are left to average."""

Boxing = Callable[[Gray], Boxed]


@dataclass(frozen=True, eq=False)
class Found:
    """A digit that was found, and in what.

    Attributes:
        chosen: which it is.
        ink: of its box, 0 to 1.
        contrast: what it was found in; paper: what the picture was divided by, None for a drawing.
    """

    chosen: Chosen
    ink: Gray
    contrast: Gray
    paper: Gray | None


def prepare(picture: Any, boxing: Boxing) -> Prepared:
    """A picture of a digit, as a network gets it that was trained on digits in such boxes."""
    gray = open_picture(picture, LONGEST)
    if looks_boxed(gray, boxing):
        return Prepared(gray.reshape(1, -1), gray.shape, (_gray_stage(gray),))
    ground = ground_of(gray)
    tight = max(gray.shape) < TINY
    if ground is None or tight:
        gray = _large_enough(gray)
    found = list(_photographed(gray) if ground is None else _drawn(gray, ground))
    if not found:
        nothing = boxing(np.zeros((1, 1), np.float32)).pixels
        return Prepared(nothing.reshape(1, -1), nothing.shape, (_gray_stage(gray),), (doubt("no-ink"),))
    boxed = [boxing(one.ink) for one in found]
    different = len(boxed) > 1 and not np.array_equal(boxed[0].pixels, boxed[1].pixels)
    inputs = np.array([one.pixels.ravel() for one in boxed[: 1 + different]], dtype=np.float32)
    stages = (_gray_stage(gray), *_stages(found[0], gray), *_box_stages(boxed[0]))
    return Prepared(inputs, boxed[0].pixels.shape, stages, doubts_about(found[0].chosen, found[0].contrast, tight))


def _large_enough(gray: Gray) -> Gray:
    longest = max(gray.shape)
    if longest >= SMALL:
        return gray
    times = -(-ENLARGED // longest)
    enlarged: Gray = np.clip(scaled(gray, (gray.shape[0] * times, gray.shape[1] * times), "LANCZOS"), 0, 1)
    return enlarged


def _drawn(gray: Gray, ground: float) -> Iterator[Found]:
    contrast = ink_on(gray, ground)
    chosen = choose_drawn(contrast, faintest(contrast))
    if chosen is not None:
        yield Found(chosen, chosen.box.of(np.where(chosen.mask, contrast, 0)), contrast, None)


def _photographed(gray: Gray) -> Iterator[Found]:
    dark = 1 - gray if ink_is_light(gray) else gray
    for paper_of in (closed_paper, smooth_paper):
        paper = paper_of(dark)
        contrast = contrast_to(dark, paper)
        chosen = choose(contrast, noise_of(contrast))
        if chosen is not None:
            yield Found(chosen, ink_of(chosen, contrast), contrast, paper)


def ink_of(chosen: Chosen, contrast: Gray) -> Gray:
    """Where the digit is darker than half of what most of it is, cut to its box: 0 or 1, soft where it is small."""
    dark = float(np.percentile(contrast[chosen.mask], 85))
    reach = 2
    around = np.pad(chosen.mask, reach).astype(np.float32)
    near = greatest(around, 2 * reach + 1) > 0
    if chosen.box.longest < SOFT:
        ink = np.clip(2 * contrast / dark - 0.5, 0, 1)
    else:
        ink = (contrast > 0.5 * dark).astype(np.float32)
    ink *= near
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    cut: Gray = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return cut


def _gray_stage(gray: Gray) -> Stage:
    return Stage(sentence("Picture in gray"), as_bytes(gray))


def _stages(found: Found, gray: Gray) -> Iterator[Stage]:
    if found.paper is not None:
        yield Stage(sentence("Brightness of the paper"), as_bytes(found.paper))
    yield Stage(sentence("Contrast to the paper"), as_bytes(1 - found.contrast))
    label = sentence("Chosen digit, at a contrast of {level:.2f}", level=found.chosen.level)
    yield Stage(label, chosen_picture(gray, found.chosen))


def _box_stages(boxed: Boxed) -> Iterator[Stage]:
    size = "{1}×{0}"
    yield Stage(sentence("Digit in {size} pixels", size=size.format(*boxed.inner.shape)), as_bytes(boxed.inner))
    text = sentence("Input of the network, with its centre of mass")
    yield Stage(text, with_cross(boxed.pixels))
