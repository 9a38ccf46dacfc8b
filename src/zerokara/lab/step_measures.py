"""What a lesson can measure of the tab Step, for the picture and the class that are chosen there.

step.stage                  name of the stage that is shown
step.label, step.loss       what the picture is, and the loss of it; "" and null where nobody has said
step.chosen                 name of the class that is chosen: the label, unless another one is
step.y, step.t              its probability, and 1 if it is the label, else 0
step.delta                  the slope of the loss by its score, by backpropagation: δ of the last layer
step.numerical              the same by a central difference, h = 1e-4
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.questions import whole_number
from zerokara.lab.subject import Subject
from zerokara.words import sentence

STEP_MEASURES = ("stage", "label", "loss", "chosen", "y", "t", "delta", "numerical")


def step_measures(subject: Subject, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """All of them by name, without "step."; null where there is none. `chosen`: what the tab's `state()` said.

    Raises UsageError for a picture or a class that there is not.
    """
    x, label = _picture(subject, chosen)
    update, names = OneUpdate.of(subject.network, x, label, None), subject.described.class_names
    k, back = _class(subject, chosen, label, update), update.back
    told = {"stage": str(chosen.get("stage", "x")), "chosen": names[k], "y": float(update.y[k]), "label": ""}
    if back is None or label is None:
        return {**dict.fromkeys(STEP_MEASURES), **told}
    return {
        **told,
        "label": names[label],
        "loss": back.loss,
        "t": float(back.t[k]),
        "delta": float(back.deltas[-1][k]),
        "numerical": float(update.numerical_slopes([k])[0]),
    }


def _picture(subject: Subject, chosen: Mapping[str, Any]) -> tuple[NDArray[Any], int | None]:
    """(features,) the test sample, or the drawing, a byte for each pixel in base64; and what it is."""
    test, classes = subject.dataset.test, len(subject.described.class_names)
    if "drawing" not in chosen:
        number = whole_number("sample", chosen.get("sample", 0), 0, len(test) - 1)
        return test.rows(np.array([number]), subject.network.dtype)[0], int(test.t[number])
    try:
        levels = np.frombuffer(base64.b64decode(chosen["drawing"], validate=True), np.uint8)
    except (TypeError, ValueError):
        levels = np.empty(0, np.uint8)
    if len(levels) != math.prod(subject.described.image_shape):
        got = str(chosen["drawing"])[:40]
        raise UsageError(sentence("{name} cannot be used. Got {got!r}.", name="drawing", got=got))
    label = chosen.get("label")
    x = levels.astype(subject.network.dtype) / 255
    return x, None if label is None else whole_number("label", label, 0, classes - 1)


def _class(subject: Subject, chosen: Mapping[str, Any], label: int | None, update: OneUpdate) -> int:
    """The class that is chosen; else the label, else the likeliest."""
    wishes = chosen.get("chosen")
    if isinstance(wishes, list) and len(wishes) == len(subject.network.sizes) and wishes[-1] is not None:
        return whole_number("chosen", wishes[-1], 0, subject.network.sizes[-1] - 1)
    return int(np.nan_to_num(update.y).argmax()) if label is None else label
