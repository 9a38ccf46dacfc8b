"""One update, step by step: the messages of the tab Step.

`one_update` asks about one stage of an update by one picture. The picture is one of

    which: a test sample, by its number, "random", or "misread", the next one `after` a number;
    arrays.ink, a file or arrays.pixels, as for `draw` (see `zerokara.lab.drawing`), with `label`: what it is, a number,
        or null where nobody has said; then there is no loss, and no way back

and it may have `stage`, one of `one_update_stages.stage_names`, the first where it is left out; `chosen`, for x and for
each layer a number, or null for what is largest there; `held`, the number of the network that was answered about
before, and `renew`, to have the newest instead. It is answered by:

    held, iteration; number, last: of the test sample, null where it is none, and of the last one
    label: a number or null, name; answer: what the network says; range: [black, white]
    stages [name]; stage: the one that is told; says, facts: which sentence says what happens there
    formulas, lines [formula], shapes: a formula or ""; items [panel or {sign} or {number} or {break}];
        table {columns, rows, rest} or null: see `zerokara.lab.one_update_panels`
    cells [{terms, stage, row, column, label, array or text}]: the overview
    chosen [number]; notes [sentence]
    arrays: what panels and cells name, (height, width) or (n,)

The network is held while one looks at it, as in the tab Probe: nothing of the training is changed, and nothing that it
does changes the numbers. Where it has no optimizer, nobody knows how its weights follow the gradient: then the stages
end with the gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.finalization import working
from zerokara.lab.held import Held
from zerokara.lab.messages import Message
from zerokara.lab.one_core import one_core
from zerokara.lab.one_update_numbers import OneUpdate
from zerokara.lab.one_update_overview import cells
from zerokara.lab.one_update_panels import Panels
from zerokara.lab.one_update_stages import first_chosen, stage, stage_names
from zerokara.lab.questions import prepared_of, whole_number
from zerokara.lab.samples import sample_number, values_of
from zerokara.lab.subject import Subject
from zerokara.words import sentence

HELD = Held()
"""The networks that pages look at."""
_computed: WeakKeyDictionary[Subject, tuple[bytes, int | None, OneUpdate]] = WeakKeyDictionary()
"""The latest update of each of these, which is asked about stage by stage."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What the update is made by.

    Attributes:
        x: (features,) as the network gets it.
        label: what it is, or None where nobody has said.
        number: of a test sample; None for any other picture.
        range: of the values of black and white.
        doubts: sentences of its preparation.
    """

    x: NDArray[Any]
    label: int | None
    number: int | None
    range: tuple[float, float]
    doubts: Sequence[str] = ()


@working()
@np.errstate(all="ignore")  # a network that went astray has numbers that are not finite, which is said
def step(subject: Subject, message: Message) -> Message:
    """One stage of one update."""
    asked = message.fields
    held, subject = HELD.take(subject, asked.get("held"), renew=asked.get("renew") is True)
    with one_core(subject.engine):
        picture = _picture(subject, message)
        update = _update(subject, picture)
        chosen = first_chosen(update, _chosen(subject, asked.get("chosen")))
        names = stage_names(update.layers, back=update.back is not None, new=update.new is not None)
        panels = Panels(subject, update, chosen)
        told = stage(panels, _stage(asked.get("stage"), names, update.layers)).to_json()
    classes, test = subject.described.class_names, subject.dataset.test
    fields = {
        **told,
        "held": held,
        "iteration": subject.iteration,
        "number": picture.number,
        "last": len(test) - 1,
        "label": picture.label,
        "answer": _answer(update, classes),
        "range": picture.range,
        "stage": told["name"],
        "stages": names,
        "cells": cells(panels, names),
        "chosen": chosen,
        "notes": [*picture.doubts, *_notes(subject, update)],
    }
    fields["name"] = "" if picture.label is None else classes[picture.label]  # of the label, no longer of the stage
    return Message("step", fields, panels.arrays)


def update_of(subject: Subject, message: Message) -> tuple[OneUpdate, list[int]]:
    """The update that a message asks about, and what is chosen on each of its vectors. Raises as `step` does."""
    with one_core(subject.engine):
        update = _update(subject, _picture(subject, message))
    return update, first_chosen(update, _chosen(subject, message.fields.get("chosen")))


def _picture(subject: Subject, message: Message) -> Picture:
    if not (message.arrays or message.files):
        number, test = sample_number(subject, message), subject.dataset.test
        x = test.rows(np.array([number]), subject.network.dtype)[0]
        return Picture(x, int(test.t[number]), number, values_of(test))
    prepared, label = prepared_of(subject, message), message.fields.get("label")
    if label is not None:
        label = whole_number("label", label, 0, subject.network.sizes[-1] - 1)
    inputs = prepared.inputs.astype(subject.network.dtype, copy=False)
    # of two ways to read the paper, the one that the network is surer of, as the tab Draw does
    way = int(np.nan_to_num(subject.network.probabilities(inputs)).max(axis=1).argmax())
    return Picture(inputs[way], label, None, (0.0, 1.0), [doubt.text for doubt in prepared.doubts])


def _update(subject: Subject, picture: Picture) -> OneUpdate:
    """Computed once for all stages."""
    pixels = picture.x.tobytes()
    known = _computed.get(subject)
    if known is not None and known[:2] == (pixels, picture.label):
        return known[2]
    update = OneUpdate.of(subject.network, picture.x, picture.label, subject.optimizer)
    _computed[subject] = pixels, picture.label, update
    return update


def _chosen(subject: Subject, asked: Any) -> list[int | None]:
    sizes = subject.network.sizes
    wishes = [None] * len(sizes) if asked is None else asked
    if not isinstance(wishes, list) or len(wishes) != len(sizes):
        raise UsageError(
            sentence("chosen must be a list of {n} whole numbers. Got {got!r:.80}.", n=len(sizes), got=asked),
            "wrong-value",
        )
    return [
        None if wish is None else whole_number("chosen", wish, 0, size - 1)
        for wish, size in zip(wishes, sizes, strict=True)
    ]


def _stage(asked: Any, names: Sequence[str], layers: int) -> str:
    """The stage that is asked for, or the last one before it that there is."""
    every = stage_names(layers)
    if asked is None:
        return every[0]
    if asked not in every:
        raise unknown_name("stage", asked[:40] if isinstance(asked, str) else asked, every)
    return next(name for name in reversed(every[: every.index(asked) + 1]) if name in names)


def _answer(update: OneUpdate, classes: Sequence[str]) -> str:
    share = update.y.max()
    return f"{classes[int(update.y.argmax())]} ({share:.1%})" if np.isfinite(share) else ""


def _notes(subject: Subject, update: OneUpdate) -> list[str]:
    notes = []
    if subject.iteration == 0:
        notes.append(sentence("This network has learned nothing yet."))
    if not update.is_finite:
        notes.append(
            sentence(
                "Some of these numbers are not finite: the network has diverged. "
                "Go back to an earlier update, or begin again with a smaller learning rate."
            )
        )
    if update.back is None:
        notes.append(sentence("Say which class this is: then the loss and the way back follow."))
    elif update.new is None:
        notes.append(
            sentence(
                "How these weights follow their gradients is up to the script that trains them, "
                "so their new values are not shown."
            )
        )
    return notes


ANSWERS: Mapping[str, Callable[[Subject, Message], Message]] = {"one_update": step}
