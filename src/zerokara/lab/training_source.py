"""What frames tell of a training of zerokara's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations
from zerokara.lab.shown import Glance, Source
from zerokara.lab.snapshot import Snapshot
from zerokara.lab.status import status, verdict
from zerokara.lab.watched_training import RUNNING, WatchedTraining
from zerokara.training.changes import CHANGEABLE

MOST_CHANGES = 500
"""In one frame, the latest."""


@dataclass(frozen=True)
class TrainingSource(Source):
    """A training with the number that it had: it may be another by now, and pieces go on from what was sent."""

    training: WatchedTraining
    serial: int

    @property
    def curve(self) -> Curve:  # type: ignore[override]  # it is never set
        """Of its losses."""
        return self.training.curve

    @property
    def evaluations(self) -> Evaluations:  # type: ignore[override]
        """Those that were made."""
        return self.training.evaluations

    def glance(self) -> Glance:
        """How it stands."""
        training, snapshot = self.training, self.training.snapshot()
        dataset = training.prepared.dataset
        return Glance(
            self._fields(snapshot),
            snapshot.iteration,
            snapshot.iteration,
            snapshot.network.params["W1"],
            dataset.image_shape,
            training.judgement(),
            dataset.test,
        )

    def _fields(self, snapshot: Snapshot) -> dict[str, Any]:
        training, conductor = self.training, self.training.conductor
        iteration = snapshot.iteration
        rate = conductor.updates_per_second
        running = training.state == RUNNING
        latest = training.evaluations.latest
        parent = training.parent
        return {
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


def settings_of(snapshot: Snapshot) -> dict[str, float | None]:
    """The value of each setting that can be changed; None where the optimizer does not have it."""
    known = {**snapshot.optimizer.settings, "weight_decay": snapshot.network.weight_decay}
    return {name: known.get(name) for name in CHANGEABLE}
