"""Probabilities as bars and small pictures as letters, on a terminal and in a notebook."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from zerokara.cells import left, printable, right, shortened, widest
from zerokara.words import sentence

MOST_BARS = 40
"""Where there are more classes, only the likeliest are shown."""

LONGEST_NAME = 16
"""Cells of a class's name before a bar."""

LONGEST_BAR = 24
"""With a picture of 28 cells, a name and a percentage it makes 80 cells."""

LARGEST = 28
"""Cells of a picture: MNIST's, pixel by pixel."""

BLOCKS = " ▀▄█"
"""Two pixels above each other: neither is bright, the upper one, the lower one, both."""

SHADES = " .:-=+*#%@"
"""From dark to bright, where there are no blocks."""


def has_blocks(stream: TextIO) -> bool:
    """Whether block characters can be written there."""
    try:
        BLOCKS.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def shown_classes(probabilities: NDArray[np.float64]) -> list[int]:
    """The classes that get a bar: all of them in their order, or where they are many the likeliest, these first."""
    if len(probabilities) <= MOST_BARS:
        return list(range(len(probabilities)))
    likeliest: list[int] = np.argsort(-probabilities, kind="stable")[:MOST_BARS].tolist()
    return likeliest


def bar_lines(names: Sequence[str], probabilities: NDArray[np.float64], *, blocks: bool) -> Iterator[str]:
    """A line for each class: its name, its probability in percent, a bar."""
    shown = shown_classes(probabilities)
    short = {i: shortened(printable(names[i]), LONGEST_NAME) for i in shown}
    cells = widest(short.values())
    for i, name in short.items():
        bar = ("█" if blocks else "#") * round(float(probabilities[i]) * LONGEST_BAR)
        yield f"{right(name, cells)} {probabilities[i]:6.1%} {bar}".rstrip()
    if len(shown) < len(probabilities):
        yield sentence("The {n} likeliest of {total:,} classes.", n=len(shown), total=len(probabilities))


def picture_lines(picture: NDArray[Any], *, blocks: bool) -> Iterator[str]:
    """A picture of values 0 to 1 in lines of at most 28 cells, two rows of pixels each; bright is what is drawn."""
    small = _fitting(picture)
    if len(small) % 2:
        small = np.vstack([small, np.zeros_like(small[:1])])
    upper, lower = small[::2], small[1::2]
    if blocks:
        signs, chosen = BLOCKS, (upper >= 0.4) + 2 * (lower >= 0.4)
    else:
        signs, chosen = SHADES, np.rint((upper + lower) / 2 * (len(SHADES) - 1)).astype(int)
    for row in chosen:
        yield "".join(signs[k] for k in row)


def _fitting(picture: NDArray[Any]) -> NDArray[np.float64]:
    """At most 28 pixels on each side: means of those that fall together, or each of few pixels several times."""
    values = np.clip(np.nan_to_num(np.atleast_2d(picture).astype(np.float64)), 0, 1)
    times = max(LARGEST // max(values.shape), 1)
    values = values.repeat(times, axis=0).repeat(times, axis=1)
    for axis in (0, 1):
        side = values.shape[axis]
        if side > LARGEST:
            edges = np.arange(LARGEST) * side // LARGEST
            counts = np.diff(np.append(edges, side)).reshape(-1, *[1] * (1 - axis))
            values = np.add.reduceat(values, edges, axis=axis) / counts
    return values


def beside(first: str, second: str) -> str:
    """Two blocks of lines beside each other."""
    # A terminal that gives a block two cells, as old Japanese and Korean ones do, has an encoding without blocks.
    lines = (first.splitlines(), second.splitlines())
    cells = widest(lines[0]) + 2
    rows = max(map(len, lines))
    padded = [column + [""] * (rows - len(column)) for column in lines]
    return "\n".join((left(a, cells) + b).rstrip() for a, b in zip(*padded, strict=True))


def page_of(
    heading: str,
    doubts: Sequence[str],
    picture: NDArray[Any],
    names: Sequence[str],
    probabilities: NDArray[np.float64],
) -> str:
    """The same for a notebook, in its own colours, light or dark."""
    alt = escape(sentence("what the network saw"))
    image = (
        f'<img alt="{alt}" src="{png_address(picture)}" style="width:112px;image-rendering:pixelated;'
        'border:1px solid #888;vertical-align:top"/>'
    )
    shown = shown_classes(probabilities)
    rows = "".join(_row(names[i], float(probabilities[i])) for i in shown)
    if len(shown) < len(probabilities):
        told = sentence("The {n} likeliest of {total:,} classes.", n=len(shown), total=len(probabilities))
        rows += f"<tr><td colspan='3'>{escape(told)}</td></tr>"
    told = "".join(f"<div>{escape(doubt)}</div>" for doubt in doubts)
    return (
        f"<div><strong>{escape(heading)}</strong>{told}</div>"
        f'<div style="display:flex;gap:1em;align-items:flex-start;margin-top:.5em">{image}'
        f'<table style="color:inherit">{rows}</table></div>'
    )


def _row(name: str, share: float) -> str:
    bar = f'<div style="width:{200 * share:.0f}px;height:.8em;background:#1f77b4"></div>'
    return (
        f"<tr><th scope='row' style='text-align:right'>{escape(printable(name))}</th>"
        f"<td style='text-align:right'>{share:.1%}</td>"
        f"<td style='text-align:left;min-width:200px'>{bar}</td></tr>"
    )


def png_address(picture: NDArray[Any]) -> str:
    """A picture of values 0 to 1 as an address that holds it."""
    from PIL import Image

    values = np.clip(np.nan_to_num(np.atleast_2d(picture).astype(np.float64)), 0, 1)
    file = io.BytesIO()
    Image.fromarray(np.rint(values * 255).astype(np.uint8)).save(file, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
