"""Pictures of digits as people make them, made by a program: ink on paper, light on both, a camera over it.

Every picture comes with its twin: the same warped digit in MNIST's box without the photo, which is what a network could
read at best. No real photo is among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from zerokara.handwriting.box import mnist_box

Generator = np.random.Generator
Array = NDArray[Any]


@dataclass(frozen=True)
class Shot:
    """How a photo is taken; pairs are drawn between.

    Attributes:
        shape: (height, width) of the photo.
        size: the digit's longer side by the photo's shorter side.
        angle: in degrees, to either side.
        perspective: how far corners move, by the digit's side.
        paper, darkness: how bright the paper is, and which share of its light the ink takes.
        gradient: the darkest light of a shadow that falls off over the whole photo; 1: none.
        vignette: by how much the corners are darker.
        cast: the light within a shadow with a hard edge; 1: none.
        rules, rule: "", "ruled" or "grid", and how dark the lines are.
        blue: whether the ink is blue: it takes red light most.
        grain: how unevenly a pencil covers the paper.
        finger, table: whether a finger, a table behind the paper's edge, is in the photo.
        light_ink: chalk on a board.
        blur, noise, quality: of the camera: pixels, standard deviation, and JPEG (0: none).
    """

    shape: tuple[int, int] = (480, 640)
    size: tuple[float, float] = (0.3, 0.6)
    angle: float = 5.0
    perspective: float = 0.0
    paper: tuple[float, float] = (0.7, 0.95)
    darkness: tuple[float, float] = (0.6, 0.85)
    gradient: tuple[float, float] = (1.0, 1.0)
    vignette: float = 0.0
    cast: tuple[float, float] = (1.0, 1.0)
    rules: str = ""
    rule: tuple[float, float] = (0.15, 0.3)
    blue: bool = False
    grain: float = 0.0
    finger: bool = False
    table: bool = False
    light_ink: bool = False
    blur: tuple[float, float] = (0.5, 1.0)
    noise: tuple[float, float] = (0.008, 0.02)
    quality: tuple[int, int] = (75, 90)


SHADOW = (0.35, 0.6)
FAMILIES: dict[str, Shot] = {
    "even light": Shot(),
    "gradient": Shot(gradient=SHADOW),
    "strong gradient": Shot(gradient=(0.15, 0.3), noise=(0.04, 0.05)),
    "vignette and cast edge": Shot(vignette=0.4, cast=(0.45, 0.65)),
    "ruled": Shot(rules="ruled", gradient=SHADOW),
    "grid": Shot(rules="grid", rule=(0.3, 0.45), gradient=SHADOW),
    "blue ink": Shot(rules="ruled", blue=True, cast=(0.5, 0.7)),
    "pencil": Shot(darkness=(0.25, 0.4), grain=0.4, gradient=(0.6, 0.8)),
    "blur": Shot(blur=(2.0, 3.5), quality=(30, 40), gradient=SHADOW),
    "rotated": Shot(angle=15, gradient=SHADOW),
    "perspective": Shot(perspective=0.12, gradient=SHADOW),
    "small": Shot(size=(0.1, 0.16), gradient=SHADOW),
    "large": Shot(size=(0.75, 0.88), gradient=SHADOW),
    "finger": Shot(finger=True, gradient=SHADOW),
    "table edge and finger": Shot(finger=True, table=True, gradient=SHADOW),
    "light on dark": Shot(light_ink=True, paper=(0.12, 0.25), gradient=SHADOW),
    "thumbnail": Shot(shape=(96, 128), size=(0.35, 0.6), gradient=SHADOW, blur=(0.4, 0.7)),
    "all at once": Shot(
        angle=12, perspective=0.06, size=(0.25, 0.5), gradient=SHADOW, vignette=0.3, cast=(0.6, 0.75), rules="ruled",
        blue=True, finger=True, blur=(1.0, 2.0), noise=(0.02, 0.03), quality=(40, 60),
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture, (h, w) or (h, w, 3) uint8, what the network could see at best, and where the digit is."""

    picture: Array
    twin: Array = field(default_factory=lambda: np.zeros((28, 28), np.float32))


def glyph(digit: Array, shot: Shot, generator: Generator, longest: float) -> Array:
    """The warped ink of an MNIST digit (28, 28), 0 to 1, its longer side about so many pixels."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    scale = longest / max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    side = int(np.ceil(28 * scale * 1.5))
    turn = np.deg2rad(generator.uniform(-shot.angle, shot.angle))
    stretch = generator.uniform(0.92, 1.08)
    a = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([stretch, 1 / stretch])
    a[0, 1] += generator.uniform(-0.08, 0.08)  # sheared
    inverse = np.linalg.inv(a * scale)
    offset = 14 - inverse @ np.array([side / 2, side / 2])
    bend = generator.uniform(-shot.perspective, shot.perspective, 2) / side
    # Pillow's perspective: x = (a x' + b y' + c) / (g x' + h y' + 1), around the middle
    numbers = np.array([[*inverse[0], offset[0]], [*inverse[1], offset[1]], [*bend, 1 - bend.sum() * side / 2]])
    numbers[:2] += np.outer(np.array([14, 14]), numbers[2] - np.array([0, 0, 1]))
    numbers /= numbers[2, 2]
    picture = Image.fromarray(digit.astype(np.float32) / 255)
    warped = picture.transform((side, side), Image.Transform.PERSPECTIVE, numbers.ravel()[:8], Image.Resampling.BICUBIC)
    ink = np.clip((np.asarray(warped) - 0.35) / 0.3, 0, 1)
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.02), np.flatnonzero(ink.max(axis=0) > 0.02)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def photo_of(digit: Array | None, shot: Shot, generator: Generator, ink: Array | None = None) -> Photo:
    """A photo of a digit (28, 28) of bytes, of ink that is given, or of empty paper."""
    height, width = shot.shape
    on_paper = np.zeros((height, width), np.float32)
    twin = np.zeros((28, 28), np.float32)
    if digit is not None:
        drawn = glyph(digit, shot, generator, generator.uniform(*shot.size) * min(height, width))
        twin = mnist_box(np.where(drawn > 0.02, drawn, 0)).pixels
        place(on_paper, drawn, generator, 0.3 if shot.finger or shot.table else 0.6)
    if ink is not None:
        on_paper = ink
    return Photo(camera(taken(on_paper, shot, generator), shot, generator), twin)


def place(paper: Array, ink: Array, generator: Generator, freedom: float) -> tuple[int, int]:
    """Put ink somewhere around the middle, wholly on the paper; where it came to be."""
    room = np.array(paper.shape) - ink.shape
    where = (room / 2 + room * freedom * generator.uniform(-0.5, 0.5, 2)).astype(int)
    top, left = np.clip(where, min(4, room.min() // 2), None)
    part = paper[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(part, ink[: part.shape[0], : part.shape[1]], out=part)
    return int(top), int(left)


def taken(ink: Array, shot: Shot, generator: Generator) -> Array:
    """The light that comes from ink on paper, (h, w, 3)."""
    height, width = ink.shape
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    tint = np.array([1.0, 0.98, 0.94], np.float32)
    light = np.full((height, width, 3), generator.uniform(*shot.paper), np.float32) * tint
    light *= 1 - lines(shot, ink.shape, generator)[:, :, None] * np.array([1.2, 1.0, 0.7], np.float32)
    grain = 1 - shot.grain * generator.random(ink.shape, dtype=np.float32)
    dark = generator.uniform(*shot.darkness) * ink * grain
    if shot.light_ink:
        light += (0.85 - light) * dark[:, :, None]
    else:
        light *= 1 - dark[:, :, None] * np.array([1.1, 1.0, 0.55] if shot.blue else [1.0, 1.0, 1.0], np.float32)
    if shot.table:
        over(light, beyond_edge(y, x, generator), np.array([0.35, 0.24, 0.16]) * generator.uniform(0.7, 1.3))
    if shot.finger:
        over(light, finger(y, x, generator), np.array([0.75, 0.55, 0.45]) * generator.uniform(0.6, 1.1))
    return np.asarray(light * shadow(y, x, shot, generator)[:, :, None], np.float32)


def over(light: Array, where: Array, colour: Array) -> None:
    light += (colour.astype(np.float32) - light) * where[:, :, None]


def lines(shot: Shot, shape: tuple[int, int], generator: Generator) -> Array:
    """How dark the printed lines are, (h, w)."""
    dark = np.zeros(shape, np.float32)
    if shot.rules:
        step, thick = generator.uniform(0.07, 0.12) * shape[0], max(1, round(shape[0] / 300))
        strength, slope = generator.uniform(*shot.rule), generator.uniform(-0.03, 0.03)
        y, x = np.mgrid[: shape[0], : shape[1]]
        dark[(y + slope * x + generator.uniform(0, step)) % step < thick] = strength
        if shot.rules == "grid":
            dark[(x - slope * y + generator.uniform(0, step)) % step < thick] = strength
    return dark


def shadow(y: Array, x: Array, shot: Shot, generator: Generator) -> Array:
    """The light on the scene, 1 where it is brightest."""
    turn = generator.uniform(0, 2 * np.pi)
    along = y * np.sin(turn) + x * np.cos(turn)
    along = (along - along.min()) / np.ptp(along)
    light = 1 - (1 - generator.uniform(*shot.gradient)) * along
    light *= 1 - shot.vignette * ((y - y.mean()) ** 2 + (x - x.mean()) ** 2) / 0.4
    cast = generator.uniform(*shot.cast)
    if cast < 1:
        turn = generator.uniform(0, 2 * np.pi)
        across = (y - y.mean()) * np.sin(turn) + (x - x.mean()) * np.cos(turn) - generator.uniform(-0.2, 0.2)
        light *= 1 - (1 - cast) * np.clip(across * generator.uniform(100, 300) + 0.5, 0, 1)
    return light


def finger(y: Array, x: Array, generator: Generator) -> Array:
    """A finger tip that reaches in from an edge, 0 to 1."""
    turn, wide = generator.uniform(-0.5, 0.5), generator.uniform(0.05, 0.08)
    side = generator.integers(3)  # below, left, right
    tip = generator.uniform(0.06, 0.14)
    at = generator.uniform(0.2, 0.8)
    if side == 0:
        along, across = y.max() - tip - y, x - at * x.max()
    else:
        along, across = (x - tip if side == 1 else x.max() - tip - x), y - at * y.max()
    across = across + turn * along * 0.5
    distance = np.where(along > 0, np.hypot(along, across), np.abs(across))
    return np.clip((wide - distance) * 200, 0, 1)


def beyond_edge(y: Array, x: Array, generator: Generator) -> Array:
    """The table that is seen behind an edge of the paper, 0 to 1."""
    slope, wide = generator.uniform(-0.1, 0.1), generator.uniform(0.05, 0.14)
    edges = (y + slope * x - wide, y.max() - y + slope * x - wide, x + slope * y - wide, x.max() - x + slope * y - wide)
    return np.clip(0.5 - edges[generator.integers(4)] * 300, 0, 1)


def camera(light: Array, shot: Shot, generator: Generator) -> Array:
    """What a camera makes of it: blur, noise, bytes, JPEG: (h, w, 3) uint8."""
    sigma = generator.uniform(*shot.blur)
    radius = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(light, [(radius, radius) if one == axis else (0, 0) for one in range(3)], mode="edge")
        n = light.shape[axis]
        light = sum(w * (padded[i : i + n] if axis == 0 else padded[:, i : i + n]) for i, w in enumerate(weights))
    noise = generator.standard_normal(light.shape[:2], dtype=np.float32)[:, :, None]
    light = light + generator.uniform(*shot.noise) * noise
    picture = np.clip(np.round(light * 255), 0, 255).astype(np.uint8)
    return jpeg(picture, int(generator.integers(*shot.quality))) if shot.quality[0] else picture


def jpeg(picture: Array, quality: int) -> Array:
    """A picture as JPEG gives it back."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


# What is no photo.


def enlarged(digit: Array, generator: Generator) -> Photo:
    """Each pixel as 10×10."""
    return Photo(np.kron(digit, np.ones((10, 10), np.uint8)), digit.astype(np.float32) / 255)


def moved(digit: Array, generator: Generator) -> Photo:
    """Ten times as large, smooth, somewhere else, of either polarity."""
    large = np.asarray(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC))
    canvas = np.zeros((400, 400), np.uint8)
    top, left = generator.integers(0, 121, 2)
    canvas[top : top + 280, left : left + 280] = large
    return Photo(255 - canvas if generator.random() < 0.5 else canvas, digit.astype(np.float32) / 255)


STROKES: dict[int, tuple[str, ...]] = {
    # right,down in hundredths, as a pen goes
    0: ("55,0 20,12 2,50 20,90 50,100 80,88 98,50 80,10 50,0",),
    1: ("30,20 55,0 52,50 50,100",),
    2: ("5,22 30,2 75,5 90,30 60,60 5,98 50,97 100,96",),
    3: ("8,10 50,0 88,20 75,42 40,48 80,55 95,78 60,100 5,92",),
    4: ("60,0 35,30 2,65 50,64 100,62", "70,30 68,60 66,100"),
    5: ("90,2 50,3 20,4 15,42 50,38 88,55 85,85 50,100 5,90",),
    6: ("75,2 35,20 8,60 20,92 60,100 92,80 75,55 40,55 12,72",),
    7: ("5,5 50,4 95,3 70,45 40,100",),
    8: ("80,12 45,0 15,20 50,45 90,72 60,100 12,85 45,50 85,25 80,12",),
    9: ("88,20 50,0 10,20 20,45 60,48 90,20 85,60 75,100",),
}


def curve(points: Array) -> Array:
    """A smooth line through points (n, 2): Catmull and Rom's."""
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]])


def drawn(label: int, generator: Generator) -> Photo:
    """A digit drawn with a pen of 6 to 32 pixels, as programs for drawing do: black on white."""
    height = generator.uniform(150, 280)
    width = height * generator.uniform(0.55, 0.8)
    pen = int(generator.integers(6, 33))
    picture = Image.new("L", (400, 400), 255)
    pencil = ImageDraw.Draw(picture)
    slant = generator.uniform(-0.1, 0.25)
    corner = np.array([(400 - width) / 2, (400 - height) / 2]) + generator.uniform(-30, 30, 2)
    for stroke in STROKES[label]:
        points = np.array([pair.split(",") for pair in stroke.split()], dtype=float) / 100
        points += generator.normal(0, 0.035, points.shape)
        points[:, 0] += slant * (0.5 - points[:, 1])
        for x, y in curve(points * [width, height] + corner):
            pencil.ellipse([x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2], fill=0)
    return Photo(np.asarray(picture))


# What should be doubted.


def empty(generator: Generator) -> Photo:
    """Paper without ink, of a family drawn at random."""
    shots = [
        shot
        for name, shot in FAMILIES.items()
        if name not in ("light on dark", "thumbnail", "finger", "table edge and finger", "all at once")
    ]
    return photo_of(None, shots[generator.integers(len(shots))], generator)


def two(one: Array, other: Array, generator: Generator) -> Photo:
    """Two digits beside each other."""
    shot = replace(FAMILIES["gradient"], size=(0.3, 0.45))
    inks = [glyph(digit, shot, generator, generator.uniform(*shot.size) * 480) for digit in (one, other)]
    ink, gap = np.zeros(shot.shape, np.float32), int(generator.uniform(20, 60))
    left = (640 - inks[0].shape[1] - inks[1].shape[1] - gap) // 2
    for drawn_ink in inks:
        top = (480 - drawn_ink.shape[0]) // 2 + int(generator.uniform(-30, 30))
        ink[top : top + drawn_ink.shape[0], left : left + drawn_ink.shape[1]] = drawn_ink
        left += drawn_ink.shape[1] + gap
    return photo_of(None, shot, generator, ink)


def cut(digit: Array, generator: Generator) -> Photo:
    """A digit of which an edge of the photo cuts off 15 to 50 %."""
    shot = FAMILIES["gradient"]
    drawn_ink = glyph(digit, shot, generator, generator.uniform(*shot.size) * 480)
    height, width = drawn_ink.shape
    lost, side = generator.uniform(0.15, 0.5), generator.integers(4)
    ink = np.zeros((480 + 2 * height, 640 + 2 * width), np.float32)
    top, left = (
        height + int((480 - height) * generator.uniform(0.2, 0.8)),
        width + int((640 - width) * generator.uniform(0.2, 0.8)),
    )
    if side < 2:
        top = height - int(lost * height) if side == 0 else 480 + int(lost * height)
    else:
        left = width - int(lost * width) if side == 2 else 640 + int(lost * width)
    ink[top : top + height, left : left + width] = drawn_ink
    return photo_of(None, shot, generator, ink[height : height + 480, width : width + 640])


def faint(digit: Array, generator: Generator) -> Photo:
    """Ink that takes a twelfth of the light."""
    return photo_of(digit, replace(FAMILIES["even light"], darkness=(0.05, 0.1)), generator)


Maker = Callable[[Array, Generator], Photo]
