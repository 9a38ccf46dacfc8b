"""What a network makes of a picture that somebody drew, dropped or edited: the messages of the tab Draw.

`draw` asks about a picture. It has one of

    arrays.ink (height, width) uint8, 0 without ink to 255: prepared as a picture's file would be;
    a file, with its `name`: prepared as `zerokara predict` does;
    arrays.pixels (height, width) or (ways, height, width): asked as they are, such as `inputs` of an answer before;

and may have `off`, [[layer, unit], …] of hidden units that are switched off, and `unit`, [layer, unit] of one that is
looked at. Layers count from 1, the last is the output; units count from 0. It is answered by `drawn`:

    iteration; note: a sentence where that is 0, else ""; answer; heading: the same with its probability; empty: whether
        there was no ink; way: the row of `inputs` that the answer is about
    found: [sentence], doubts of the preparation; doubts: [sentence], those of the answer
    classes [{number, name, share, before}]: `share` as `zerokara predict` prints it, `before` with all units on;
        rest: a sentence where these are not all; arrays.probabilities, arrays.before (classes,) float64
    stages [label] with arrays.stage0, stage1, … (height, width) uint8; none of pixels that are asked as they are
    layers [{units, shown}] of the hidden layers, with arrays.activity1, … (shown,)
    unit: null, or {layer, unit, name, output: whether it is a class, which `name` is of, activation, sum, bias, total,
        activity, speaks_for, against, receivers}, numbers as they are printed: see `zerokara.lab.contributions`;
        with arrays.contributions, weights (height, width) or (inputs,), handed_on (units of the next layer,)
    arrays.inputs (ways, height, width) float32

`sample` asks for a test sample, by `which`: its number, "random", or "misread", the next one `after` a number. It is
answered by {number, last, label, range: [black, white]} and arrays.pixels (height, width) float32.

`misread` asks for those that this network misreads most confidently. It is answered by {iteration, wrong: how many,
samples: [{number, label, answer, certainty}], range} and arrays.pictures (samples, height, width) float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.finalization import working
from zerokara.handwriting.bars import shown_classes
from zerokara.handwriting.predicting import predicted
from zerokara.handwriting.prediction import Prediction
from zerokara.lab.contributions import Contributions, contributions, printed
from zerokara.lab.messages import Message
from zerokara.lab.questions import prepared_of, unit_of, units_off
from zerokara.lab.samples import misread, sample_of
from zerokara.lab.subject import Subject
from zerokara.lab.tracing import Trace, traced
from zerokara.words import sentence

Arrays = Mapping[str, NDArray[Any]]

MOST_UNITS = 1024
"""Of a layer that are shown."""
LONGEST = 160
"""Pixels of a stage's longer side: it is shown small."""


@working()
@np.errstate(all="ignore")  # a network that went astray gives infinities, and `predicted` says so
def drawn(subject: Subject, message: Message) -> Message:
    """What the network, as it is at this moment, answers to a picture."""
    off, sizes = units_off(subject, message), subject.network.sizes
    looked_at = message.fields.get("unit")
    unit = None if looked_at is None else unit_of(looked_at, sizes)
    prepared = prepared_of(subject, message)
    x = prepared.inputs.astype(subject.network.dtype, copy=False)
    now = traced(subject.network, x, off)
    before = traced(subject.network, x, {}) if off else now
    answer = predicted(prepared, lambda _: now.probabilities, subject.described.class_names)
    fields: dict[str, Any] = {
        "iteration": subject.iteration,
        "note": "" if subject.iteration else sentence("This network has learned nothing yet."),
        "heading": answer.heading,
        "answer": answer.class_name,
        "empty": answer.is_empty,
        "found": [doubt.text for doubt in prepared.doubts if doubt in answer.reasons],
        "doubts": [doubt.text for doubt in answer.doubts[len(prepared.doubts) :]],
        "way": answer.way,
        "unit": None,
    }
    arrays: dict[str, NDArray[Any]] = {"inputs": prepared.inputs.reshape(-1, *prepared.image_shape)}
    parts = [_classes(answer, before), _stages(answer), _layers(now, answer.way)]
    if unit is not None:
        parts.append(_unit(subject, unit, contributions(subject.network, now, answer.way, *unit)))
    for more_fields, more_arrays in parts:
        fields |= more_fields
        arrays |= more_arrays
    return Message("drawn", fields, arrays)


def _classes(answer: Prediction, before: Trace) -> tuple[dict[str, Any], Arrays]:
    earlier, shown = before.probabilities[answer.way], shown_classes(answer.probabilities)
    classes = [
        {
            "number": i,
            "name": answer.class_names[i],
            "share": f"{answer.probabilities[i]:.1%}",
            "before": f"{earlier[i]:.1%}",
        }
        for i in shown
    ]
    rest = ""
    if len(shown) < len(earlier):
        rest = sentence("The {n} likeliest of {total:,} classes.", n=len(shown), total=len(earlier))
    return {"classes": classes, "rest": rest}, {
        "probabilities": answer.probabilities[shown],
        "before": earlier[shown],
    }


def _stages(answer: Prediction) -> tuple[dict[str, Any], Arrays]:
    steps = answer.steps if answer.prepared.stages else ()
    pictures = {f"stage{i}": _reduced(step.picture) for i, step in enumerate(steps)}
    return {"stages": [step.label for step in steps]}, pictures


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of bytes, each pixel the mean of as many, so that it is not larger than it is shown."""
    from PIL import Image

    times = -(-max(picture.shape) // LONGEST)
    return picture if times == 1 else np.asarray(Image.fromarray(picture).reduce(times))


def _layers(trace: Trace, way: int) -> tuple[dict[str, Any], Arrays]:
    hidden = [activity[way] for activity in trace.inputs[1:]]
    layers = [{"units": len(activity), "shown": min(len(activity), MOST_UNITS)} for activity in hidden]
    return {"layers": layers}, {f"activity{i}": row[:MOST_UNITS] for i, row in enumerate(hidden, start=1)}


def _unit(subject: Subject, unit: tuple[int, int], told: Contributions) -> tuple[dict[str, Any], Arrays]:
    layer, number = unit
    shape = subject.described.image_shape if layer == 1 else told.weights.shape
    is_output = told.activity is None
    speaks_for, against = told.strongest() if layer > 1 else ([], [])
    names = subject.described.class_names if layer == len(subject.network.sizes) - 2 else None
    fields = {
        "layer": layer,
        "unit": number,
        "name": subject.described.class_names[number] if is_output else "",
        "output": is_output,
        "activation": subject.network.activation,
        "speaks_for": _named(speaks_for, told.contributions),
        "against": _named(against, told.contributions),
        "receivers": _named(told.receivers(), told.handed_on, names),
        **told.in_text(),
    }
    return {"unit": fields}, {
        "contributions": told.contributions.reshape(shape),
        "weights": told.weights.reshape(shape),
        "handed_on": told.handed_on,
    }


def _named(units: list[int], values: NDArray[Any], names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Units with a value of each, as it is printed, and the names of classes."""
    texts = printed([float(values[i]) for i in units])
    return [{"unit": i, "name": names[i] if names else "", "text": text} for i, text in zip(units, texts, strict=True)]


ANSWERS = {"draw": drawn, "sample": working()(sample_of), "misread": working()(misread)}
