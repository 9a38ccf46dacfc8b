"""What a view is told of a training: all of it at first, then what is new.

A frame is one message of at most 1 MB. Its fields say how the training stands; its arrays are pieces of curves, and
what is large only where it has changed: weights, confusion, misread digits. What does not fit comes with the next one.

    training            another number when another training begins or one goes back: whoever has curves forgets them
    run, parent         the folder's name or null; {run, iteration} that it goes on from, or null
    state, status       one of `watched_training.STATES`; the same in words
    iteration, total, per_epoch, rate, left         updates, updates in an epoch, updates a second, seconds or null
    pace {mode, rate}, until, goal {accuracy}       how fast, and where it pauses; null where it does not
    settings, changes   what can be changed, null where the optimizer lacks it; what was, [{iteration, field, value}]
    layers              `layer_sizes`; findings: what the doctor has said, [{cause, title, text, symptoms, since}];
                        verdict: what stands there where it has said nothing
    evaluation          the latest one, or null
    losses {offset, width, updates, smoothed_over}  of arrays losses (m, 3) lowest, mean, highest, and smoothed (m,):
                        buckets of `width` updates from number `offset` on, in the place of what was known from there on
    evaluations {offset, step, count}               of array evaluations (k, 4), in the same way
    W1 {iteration, units, shown, step}              of array W1 (shown, h, w)
    judged, misread [{index, label, answer, certainty}]     after an evaluation, with arrays misread, confusion

and of a training of a learner's own script

    script_findings     what was found about it when it had ended, [{line, cell, cause, title, text, remedy}], line and
                        cell null where it is about none
    counts_losses       whether `iteration` is the number of losses that it recorded; else that of the looks at it
    unread              sentences on what of its network cannot be read, or ""

Fields that have no meaning there are null, and arrays that nobody knows are left out.

From the view itself come frame (its number), steering, viewers, problem (why the latest wish failed), furthest (update
that can be gone to).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from zerokara.lab.evaluations import Judgement
from zerokara.lab.messages import MOST_BYTES
from zerokara.lab.pictures import MOST_UNITS, sample_pictures, weight_pictures
from zerokara.lab.shown import Glance, Source

ROOM = MOST_BYTES - 250_000
"""For arrays in one frame; the rest is for its fields, and those of a greeting."""
Part = tuple[dict[str, Any], dict[str, NDArray[Any]]]
"""Fields and arrays."""


class Frames:
    """Makes the frames of one view of one training, and knows what that view has.

    Attributes:
        pending: whether the latest frame left out what is new already.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.pending = False
        self._losses = self._rows = (0, 0)
        self._weights = -1
        self._judged: Judgement | None = None

    def next(self, *, weights: bool = True) -> Part:
        """What is new. `weights`: whether those may be among it now."""
        glance = self.source.glance()
        fields: dict[str, Any] = {"training": self.source.serial, **glance.fields}
        arrays: dict[str, NDArray[Any]] = {}
        room = ROOM
        self.pending = not weights and self._has_new_weights(glance)
        for part in self._parts(glance, weights):
            told, large = part
            size = sum(array.nbytes for array in large.values())
            if size > room:
                self.pending = True
                break
            room -= size
            fields |= told
            arrays |= large
            self._sent(told, glance)
        return fields, arrays

    def _has_new_weights(self, glance: Glance) -> bool:
        return glance.W1 is not None and glance.version != self._weights

    def _parts(self, glance: Glance, weights: bool) -> Iterator[Part]:
        """In the order of their importance."""
        yield self._curve()
        yield self._evaluations()
        if weights and self._has_new_weights(glance):
            yield _pictures(glance)
        if glance.judgement is not None and glance.judgement is not self._judged:
            yield _judgement(glance)

    def _sent(self, told: Mapping[str, Any], glance: Glance) -> None:
        if "losses" in told:
            self._losses = told["losses"]["width"], told["losses"]["updates"]
        if "evaluations" in told:
            self._rows = told["evaluations"]["step"], told["evaluations"]["count"]
        if "W1" in told:
            self._weights = glance.version
        if "judged" in told:
            self._judged = glance.judgement

    def _curve(self) -> Part:
        piece = self.source.curve.piece(*self._losses)
        if not len(piece.losses):
            return {}, {}
        told = {
            "offset": piece.offset,
            "width": piece.width,
            "updates": piece.updates,
            "smoothed_over": self.source.curve.smoothed_over,
        }
        return {"losses": told}, {"losses": piece.losses, "smoothed": piece.smoothed}

    def _evaluations(self) -> Part:
        rows = self.source.evaluations.rows(*self._rows)
        if (rows.step, rows.count) == self._rows or not len(rows.values):
            return {}, {}
        told = {"offset": rows.offset, "step": rows.step, "count": rows.count}
        return {"evaluations": told}, {"evaluations": rows.values}


def _pictures(glance: Glance) -> Part:
    W1 = glance.W1
    assert W1 is not None, "somebody knows it"
    pictures, step = weight_pictures(W1, glance.image_shape)
    units = int(W1.shape[1])
    told = {"iteration": glance.iteration, "units": units, "shown": min(units, MOST_UNITS), "step": step}
    return {"W1": told}, {"W1": pictures}


def _judgement(glance: Glance) -> Part:
    judgement, test = glance.judgement, glance.test
    assert judgement is not None, "somebody has judged"
    assert test is not None, "it was judged by something"
    labels = test.t[judgement.misread].tolist()
    facts = zip(judgement.misread, labels, judgement.answers, judgement.certainties, strict=True)
    names = ("index", "label", "answer", "certainty")
    misread = [dict(zip(names, one, strict=True)) for one in facts]
    arrays: dict[str, NDArray[Any]] = {"misread": sample_pictures(test, judgement.misread, glance.image_shape)}
    if judgement.confusion is not None:
        arrays["confusion"] = judgement.confusion
    return {"judged": judgement.iteration, "misread": misread}, arrays
