"""Which of all that is darker than the paper is the digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from zerokara.handwriting.components import Components, Ints, components_of
from zerokara.handwriting.opening import Gray

T = TypeVar("T", bound=np.generic)

LEVELS = (0.10, 0.15, 0.22, 0.33, 0.50)
"""Of contrast, from faint to strong: rules, fingers and tables are joined to the digit at some, but not at all."""

LEAST, NOISES = 0.05, 6.0
"""A level must be above both: so much contrast, and so many times the noise."""

SHORTEST = 0.035
"""Of the picture's longer side: what is shorter is no digit."""

FEWEST = 5
"""Pixels of the longest thing in a drawing, where there is any."""

MOVES = 0.12
"""Of the digit's longer side: a box that moves by less from one level to the next is stable."""

WIDEST = 3.0
"""Times its height: what is wider is a dash, or a piece of a rule."""

FRAME = 0.9
"""Of both sides of the picture: what is larger, with something in it, is a frame."""

THINNEST = 0.02
"""Of the picture's longer side: what an edge leaves of a digit is wider, or it is a piece of a rule."""

FULL = 0.7
"""Of its box: what fills more is a finger, or a shadow, no stroke of a pen."""

LONGER = 1.2
"""Times the digit's longer side: no part of it is longer."""

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

    def of(self, picture: NDArray[T]) -> NDArray[T]:
        """That part of a picture."""
        return picture[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, eq=False)
class Chosen:
    """The digit in a picture.

    Attributes:
        level: the contrast at which it was found.
        box: around it, its parts included.
        components: all that is there at that level.
        parts: (components,) which of them it is; the first is `main`.
    """

    level: float
    box: Box
    components: Components
    main: int
    parts: NDArray[np.bool_]

    @property
    def ink(self) -> float:
        """The sum of the contrast of its pixels."""
        return float(self.components.ink[self.parts].sum())

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """(height, width) its pixels at that level."""
        return self.components.mask(self.parts)


Wanted = Callable[[Components], NDArray[np.bool_]]


def choose(contrast: Gray, noise: float) -> Chosen | None:
    """The digit in a photo: what lies wholly in it, else what its edge cuts. None: nothing may be a digit."""
    levels = [level for level in LEVELS if level > max(LEAST, NOISES * noise)]
    components = [components_of(contrast > level, contrast) for level in levels]
    return _stable(levels, components, _may_be_digit) or _stable(levels, components, _may_be_cut)


def choose_drawn(ink: Gray, least: float) -> Chosen | None:
    """The digit in a drawing, of all pixels with more than `least` ink. None: there are none.

    It is all of the ink, unless there is another digit beside it, or a frame around it.
    """
    components = components_of(ink > least, ink)
    if components.lengths.max(initial=0) < FEWEST:
        return None
    inside = components.ink * nearness(components)
    main = int(np.argmax(np.where(frames(components), 0, inside)))
    whole = _of_parts(components, main, np.ones(len(components), dtype=bool), max(least, 1 / 255))
    small = components.lengths <= PART * components.lengths[main]
    small[main] = True
    aside = bool(beside(components, main)[~small].any()) and whole.box.width > whole.box.height
    if not aside and not frames(components).any():
        return whole
    return _of_parts(components, main, _parts_of(components, main), whole.level)


def _stable(levels: list[float], components: list[Components], wanted: Wanted) -> Chosen | None:
    """Of the levels at which the box is stable, the one with most ink; else of all levels."""
    found = [_at_level(level, one, wanted(one)) for level, one in zip(levels, components, strict=True)]
    candidates = [one for one in found if one is not None]
    if not candidates:
        return None
    stable = [
        one
        for one, following in zip(found, [*found[1:], None], strict=True)
        if one is not None and following is not None and _moved(one.box, following.box) < MOVES * one.box.longest
    ]
    return max(stable or candidates, key=lambda one: one.ink)


def _at_level(level: float, components: Components, possible: NDArray[np.bool_]) -> Chosen | None:
    """What may be the digit at a level of contrast: the component with most ink × nearness to the middle."""
    if not possible.any():
        return None
    main = int(np.argmax(np.where(possible, components.ink * nearness(components), -1)))
    return _of_parts(components, main, _parts_of(components, main), level)


def _may_be_digit(components: Components) -> NDArray[np.bool_]:
    """(n,) what is not at an edge, nor too short, nor a rule, nor a frame around something."""
    inside: NDArray[np.bool_] = (components.edges_touched == 0) & ~frames(components)
    return _like_digit(components) & inside


def _may_be_cut(components: Components) -> NDArray[np.bool_]:
    """(n,) what goes on beyond one edge: rules and shadows go from edge to edge, and a finger fills its box."""
    slender = components.area < FULL * components.heights * components.widths
    wide = np.minimum(components.heights, components.widths) >= THINNEST * max(components.shape)
    long = wide & (components.lengths >= 2 * SHORTEST * max(components.shape))
    cut: NDArray[np.bool_] = (components.edges_touched == 1) & slender & long
    return _like_digit(components) & cut


def _like_digit(components: Components) -> NDArray[np.bool_]:
    tall_enough = components.widths <= WIDEST * components.heights
    like: NDArray[np.bool_] = tall_enough & (components.lengths >= SHORTEST * max(components.shape))
    return like


def frames(components: Components) -> NDArray[np.bool_]:
    """(n,) what is nearly as large as the picture, where there is anything else."""
    height, width = components.shape
    around: NDArray[np.bool_] = (components.heights >= FRAME * height) & (components.widths >= FRAME * width)
    others = ~around & (components.lengths >= SHORTEST * max(components.shape))
    return around if others.any() else np.zeros_like(around)


def _moved(box: Box, other: Box) -> int:
    return max(abs(one - two) for one, two in zip(box, other, strict=True))


def _of_parts(components: Components, main: int, parts: NDArray[np.bool_], level: float) -> Chosen:
    boxes = components.boxes[parts]
    box = Box(*map(int, (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))))
    return Chosen(level, box, components, main, parts)


def nearness(components: Components) -> NDArray[np.float64]:
    """(n,) 1 in the middle of the picture, 0.2 in its corners."""
    centres = (components.boxes[:, :2] + components.boxes[:, 2:]) / 2
    distance = np.abs(centres / np.array(components.shape) * 2 - 1)
    near: NDArray[np.float64] = 1 - 0.8 * np.sqrt((distance**2).mean(axis=1))
    return near


def _parts_of(components: Components, main: int) -> NDArray[np.bool_]:
    """(n,) the main component and the parts of the same digit: near it, and short, or above or below it.

    Such as the bar of a 5 that the pen was lifted from.
    """
    short = components.lengths <= PART * components.lengths[main]
    near = _gaps(components, main) <= NEAR * components.lengths[main]
    below = ~beside(components, main) & (components.lengths <= LONGER * components.lengths[main])
    parts: NDArray[np.bool_] = near & (short | below) & (components.edges_touched == 0)
    parts[main] = True
    return parts


def _gaps(components: Components, main: int) -> Ints:
    """(n,) pixels between the boxes of each and the main component."""
    top, left, bottom, right = components.boxes.T
    down = np.maximum(top - bottom[main], top[main] - bottom)
    aside = np.maximum(left - right[main], left[main] - right)
    gaps: Ints = np.maximum(np.maximum(down, aside), 0)
    return gaps


def beside(components: Components, main: int) -> NDArray[np.bool_]:
    """(n,) whether each shares half of the rows of both with the main component, and few columns."""
    top, left, bottom, right = components.boxes.T
    rows = np.minimum(bottom, bottom[main]) - np.maximum(top, top[main])
    columns = np.minimum(right, right[main]) - np.maximum(left, left[main])
    many = 2 * rows >= np.maximum(components.heights, components.heights[main])  # the bar of a 5 is low
    few = 2 * columns <= np.minimum(components.widths, components.widths[main])
    where: NDArray[np.bool_] = many & few
    where[main] = False
    return where
