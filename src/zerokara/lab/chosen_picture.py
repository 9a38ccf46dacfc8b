"""The picture that a tab had in a state of the lab: a test sample by its number, or a drawing.

The tab Draw keeps a drawing as a small PNG, since it is prepared anew; the tab Step keeps what the network gets of it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError
from zerokara.lab import asked
from zerokara.lab.messages import Message
from zerokara.lab.questions import whole_number
from zerokara.lab.samples import pictures
from zerokara.lab.subject import Subject
from zerokara.words import sentence

MOST_TEXT = 5_600
"""Characters of a drawing in base64, 4 kB of PNG."""
MOST_PIXELS = 1_000_000
FURTHEST = 3.4e38
"""From zero that a float32 goes."""


def question_of(subject: Subject, chosen: Mapping[str, Any]) -> Message:
    """What the tab asks: `chosen` has `sample`, a number, or `ink`, a PNG in base64, or neither; and `off` and `unit`.

    With a sample, `edits` are pixels that have another value: [[number of the pixel, value], …]. Without any, the sheet
    is empty. Raises UsageError for a sample that there is not, or what is no such picture or pixel.
    """
    about = {name: chosen[name] for name in ("off", "unit") if name in chosen}
    if "sample" in chosen:
        number = whole_number("sample", chosen["sample"], 0, len(subject.dataset.test) - 1)
        pixels = edited(pictures(subject, np.array([number]))[0], chosen.get("edits", []))
        return Message("draw", about, {"pixels": pixels})
    if "ink" not in chosen:
        return Message("draw", about, {"ink": np.zeros(subject.described.image_shape, np.uint8)})
    return Message("draw", about, {"ink": ink_of(chosen.get("ink"))})


def step_question_of(subject: Subject, chosen: Mapping[str, Any]) -> Message:
    """What the tab Step asks: of `sample`, a number; or of `drawing`, the levels of all pixels in base64, and `label`.

    Raises UsageError for what is no such picture.
    """
    about = {name: chosen[name] for name in ("label", "chosen") if name in chosen}
    if "drawing" not in chosen:
        return Message("step", {**about, "which": chosen.get("sample", 0)})
    text, shape = chosen["drawing"], subject.described.image_shape
    try:
        if not isinstance(text, str) or len(text) > MOST_TEXT:
            raise ValueError
        levels = np.frombuffer(base64.b64decode(text, validate=True), np.uint8).reshape(shape)
    except ValueError as error:
        raise UsageError(
            sentence("{name} cannot be used. Got {got!r}.", name="drawing", got=str(text)[:40]), "wrong-value"
        ) from error
    return Message("step", about, {"pixels": levels.astype(np.float32) / np.float32(255)})


def edited(pixels: NDArray[np.float32], edits: Any) -> NDArray[np.float32]:
    """A copy of (height, width) pixels, some with another value. Raises UsageError for what is no pixel."""
    made = pixels.copy()
    for edit in edits if isinstance(edits, list) else [edits]:
        try:
            number, value = edit
        except (TypeError, ValueError):
            number, value = None, None
        at = whole_number("edits", number, 0, made.size - 1)
        made.flat[at] = asked.number({"edits": value}, "edits", -FURTHEST, FURTHEST)
    return made


def ink_of(text: Any) -> NDArray[np.uint8]:
    """(height, width) the drawing. Raises UsageError for what is none, or more than a state keeps."""
    from PIL import Image

    try:
        if not isinstance(text, str) or len(text) > MOST_TEXT:
            raise ValueError
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as picture:
            if not 1 <= picture.width * picture.height <= MOST_PIXELS:
                raise ValueError
            return np.asarray(picture.convert("L"))
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UsageError(
            sentence("A drawing in a state of the lab is a PNG of at most 4 kB, as base64."), "wrong-value"
        ) from error
