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

and from the view itself: frame (its number), steering, viewers, problem (why going back failed), furthest (update that
can be gone to).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from zerokara.lab.messages import MOST_BYTES
from zerokara.lab.pictures import MOST_UNITS, sample_pictures, weight_pictures
from zerokara.lab.snapshot import Snapshot
from zerokara.lab.status import status, verdict
from zerokara.lab.watched_training import RUNNING, WatchedTraining
from zerokara.training.changes import CHANGEABLE

ROOM = MOST_BYTES - 250_000
"""For arrays in one frame; the rest is for its fields, and those of a greeting."""
MOST_CHANGES = 500
"""In one frame, the latest."""
Part = tuple[dict[str, Any], dict[str, NDArray[Any]]]
"""Fields and arrays."""


class Frames:
    """Makes the frames of one view of one training, and knows what that view has.

    Attributes:
        pending: whether the latest frame left out what is new already.
    """

    def __init__(self, training: WatchedTraining) -> None:
        self.training, self.serial = training, training.serial
        self.pending = False
        self._losses = self._rows = (0, 0)
        self._weights = self._judged = -1

    def next(self, snapshot: Snapshot, *, weights: bool = True) -> Part:
        """What is new. `weights`: whether those may be among it now."""
        fields: dict[str, Any] = self._fields(snapshot)
        arrays: dict[str, NDArray[Any]] = {}
        room = ROOM
        self.pending = not weights and snapshot.iteration != self._weights
        for part in self._parts(snapshot, weights):
            told, large = part
            size = sum(array.nbytes for array in large.values())
            if size > room:
                self.pending = True
                break
            room -= size
            fields |= told
            arrays |= large
            self._sent(told)
        return fields, arrays

    def _parts(self, snapshot: Snapshot, weights: bool) -> Iterator[Part]:
        """In the order of their importance."""
        yield self._curve()
        yield self._evaluations()
        if weights and snapshot.iteration != self._weights:
            yield self._pictures(snapshot)
        judgement = self.training.judgement()
        if judgement is not None and judgement.iteration != self._judged:
            yield self._judgement()

    def _sent(self, told: Mapping[str, Any]) -> None:
        if "losses" in told:
            self._losses = told["losses"]["width"], told["losses"]["updates"]
        if "evaluations" in told:
            self._rows = told["evaluations"]["step"], told["evaluations"]["count"]
        if "W1" in told:
            self._weights = told["W1"]["iteration"]
        if "judged" in told:
            self._judged = told["judged"]

    def _fields(self, snapshot: Snapshot) -> dict[str, Any]:
        training, conductor = self.training, self.training.conductor
        iteration = snapshot.iteration
        rate = conductor.updates_per_second
        running = training.state == RUNNING
        latest = training.evaluations.latest
        parent = training.parent
        return {
            "training": self.serial,  # that of the training may be another by now, and pieces go on from what was sent
            "run": training.folder and training.folder.name,
            "parent": parent and vars(parent),
            "state": training.state,
            "status": status(training),
            "iteration": iteration,
            "total": training.total,
            "per_epoch": training.per_epoch,
            "rate": rate if running else 0.0,
            "left": (training.total - iteration) / rate if running and rate else None,
            "pace": {"mode": "full" if conductor.rate is None else "rate", "rate": conductor.rate},
            "until": conductor.until,
            "goal": conductor.goal and {"accuracy": conductor.goal},
            "settings": settings_of(snapshot),
            "changes": [vars(change) for change in training.changes[-MOST_CHANGES:]],
            "evaluation": latest and vars(latest),
            "layers": training.layer_sizes(snapshot),
            "findings": training.remarks.up_to(iteration),
            "verdict": verdict(training),
        }

    def _curve(self) -> Part:
        piece = self.training.curve.piece(*self._losses)
        if not len(piece.losses):
            return {}, {}
        told = {
            "offset": piece.offset,
            "width": piece.width,
            "updates": piece.updates,
            "smoothed_over": self.training.curve.smoothed_over,
        }
        return {"losses": told}, {"losses": piece.losses, "smoothed": piece.smoothed}

    def _evaluations(self) -> Part:
        rows = self.training.evaluations.rows(*self._rows)
        if (rows.step, rows.count) == self._rows or not len(rows.values):
            return {}, {}
        told = {"offset": rows.offset, "step": rows.step, "count": rows.count}
        return {"evaluations": told}, {"evaluations": rows.values}

    def _pictures(self, snapshot: Snapshot) -> Part:
        W1 = snapshot.network.params["W1"]
        pictures, step = weight_pictures(W1, self.training.prepared.dataset.image_shape)
        units = int(W1.shape[1])
        told = {"iteration": snapshot.iteration, "units": units, "shown": min(units, MOST_UNITS), "step": step}
        return {"W1": told}, {"W1": pictures}

    def _judgement(self) -> Part:
        judgement, dataset = self.training.judgement(), self.training.prepared.dataset
        assert judgement is not None
        labels = dataset.test.t[judgement.misread].tolist()
        facts = zip(judgement.misread, labels, judgement.answers, judgement.certainties, strict=True)
        names = ("index", "label", "answer", "certainty")
        misread = [dict(zip(names, one, strict=True)) for one in facts]
        arrays: dict[str, NDArray[Any]] = {
            "misread": sample_pictures(dataset.test, judgement.misread, dataset.image_shape)
        }
        if judgement.confusion is not None:
            arrays["confusion"] = judgement.confusion
        return {"judged": judgement.iteration, "misread": misread}, arrays


def settings_of(snapshot: Snapshot) -> dict[str, float | None]:
    """The value of each setting that can be changed; None where the optimizer does not have it."""
    known = {**snapshot.optimizer.settings, "weight_decay": snapshot.network.weight_decay}
    return {name: known.get(name) for name in CHANGEABLE}
