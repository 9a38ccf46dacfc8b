"""Which of all that is darker than the paper is the digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.components import Components, components_of
from zerokara.handwriting.opening import Gray

LEVELS = (0.10, 0.15, 0.22, 0.33, 0.50)
"""Of contrast, from faint to strong: rules, fingers and tables are joined to the digit at some, but not at all."""

LEAST, NOISES = 0.05, 6.0
"""A level must be above both: so much contrast, and so many times the noise."""

SHORTEST = 0.035
"""Of the picture's longer side: what is shorter is no digit."""

MOVES = 0.12
"""Of the digit's longer side: a box that moves by less from one level to the next is stable."""

NEAR, PART = 0.15, 0.6
"""Of the digit's longer side: how far a part of it may be away, and how long it may be at most."""


class Box(NamedTuple):
    """A part of a picture; bottom and right are not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def longest(self) -> int:
        """The longer side."""
        return max(self.height, self.width)

    def of(self, picture: NDArray[np.generic]) -> NDArray[np.generic]:
        """That part of a picture."""
        return picture[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, eq=False)
class Chosen:
    """The digit in a picture.

    Attributes:
        level: the contrast at which it was found.
        box: around it, its parts included.
        mask: (height, width) its pixels at that level.
        others: components at that level that are no part of it, but might be a digit.
        ink: the sum of the contrast of its pixels.
    """

    level: float
    box: Box
    mask: NDArray[np.bool_]
    components: Components
    main: int
    parts: NDArray[np.bool_]
    ink: float


def choose(contrast: Gray, noise: float) -> Chosen | None:
    """The digit: of the levels at which its box is stable, the one with most ink. None: nothing may be one."""
    found = [at_level(contrast, level) for level in LEVELS if level > max(LEAST, NOISES * noise)]
    candidates = [one for one in found if one is not None]
    if not candidates:
        return None
    stable = [
        one
        for one, following in zip(found, [*found[1:], None], strict=True)
        if one is not None and following is not None and _moved(one.box, following.box) < MOVES * one.box.longest
    ]
    return max(stable or candidates, key=lambda one: one.ink)


def _moved(box: Box, other: Box) -> int:
    return max(abs(one - two) for one, two in zip(box, other, strict=True))


def at_level(contrast: Gray, level: float) -> Chosen | None:
    """What may be the digit at a level of contrast: the component with most ink × nearness to the middle."""
    components = components_of(contrast > level, contrast)
    possible = ~components.at_edge & (components.lengths >= SHORTEST * max(contrast.shape))
    if not possible.any():
        return None
    main = int(np.argmax(np.where(possible, components.ink * nearness(components), -1)))
    return with_parts(components, main, level)


def with_parts(components: Components, main: int, level: float) -> Chosen:
    """The component `main` with the parts of the same digit."""
    parts = _parts_of(components, main)
    boxes = components.boxes[parts]
    box = Box(*map(int, (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))))
    ink = float(components.ink[parts].sum())
    return Chosen(level, box, components.mask(parts), components, main, parts, ink)


def nearness(components: Components) -> NDArray[np.float64]:
    """(n,) 1 in the middle of the picture, 0.2 in its corners."""
    centres = (components.boxes[:, :2] + components.boxes[:, 2:]) / 2
    distance = np.abs(centres / np.array(components.shape) * 2 - 1)
    return 1 - 0.8 * np.sqrt((distance**2).mean(axis=1))


def _parts_of(components: Components, main: int) -> NDArray[np.bool_]:
    """(n,) the main component and what is near it and shorter, such as the bar of a 5 that was lifted from it."""
    top, left, bottom, right = components.boxes.T
    longest = int(components.lengths[main])
    down = np.maximum(top - bottom[main], top[main] - bottom)
    aside = np.maximum(left - right[main], left[main] - right)
    gap = np.maximum(np.maximum(down, aside), 0)
    near = (gap <= NEAR * longest) & (components.lengths <= PART * longest) & ~components.at_edge
    near[main] = True
    return near
