"""What frames tell of a learner's training, computed from copies in the threads of those who look on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data import Dataset
from zerokara.engine.choosing import AUTO, choose_engine
from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations, Judgement
from zerokara.lab.layer_sizes import SAMPLES
from zerokara.lab.own_reading import Seen
from zerokara.lab.shown import Glance, Source
from zerokara.nn.network import Network
from zerokara.training.trainer import EVALUATED_AT_ONCE

JUDGED, SIZED = 6.0, 2.0
"""Seconds between two judgements of the test samples, and between two measurements of layers: both take of the
processor that the learner's script trains on."""
NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("run", "parent", "total", "per_epoch", "left", "pace", "until", "goal")),
    "rate": 0.0,
    "settings": {},
    "changes": [],
    "findings": [],
    "verdict": "",
}
"""Fields of a frame that have no meaning for a training that nobody steers."""


class Measured:
    """Sizes of layers and judgements, computed once for each look that is asked about."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sized: Seen | None = None
        self._sizes: list[dict[str, Any]] = []
        self._judgement: Judgement | None = None
        self._judged: Seen | None = None
        self._judged_of: Dataset | None = None
        self._at = self._sized_at = -np.inf

    def sizes(self, seen: Seen, dataset: Dataset | None, *, at_once: bool) -> list[dict[str, Any]]:
        """The norms of each layer's weights and of its gradient, a second ago at most; None where that is not known."""
        with self._lock:
            due = at_once or seen.params is None or time.monotonic() - self._sized_at >= SIZED
            if due and self._sized is not seen:
                self._sized, self._sized_at = seen, time.monotonic()
                self._sizes = _layer_sizes(seen, dataset)
            return self._sizes

    def judgement(self, seen: Seen, dataset: Dataset | None, *, at_once: bool) -> Judgement | None:
        """What the network answered to the test samples of these data, a few seconds ago at most; `at_once`: now."""
        if seen.params is None or dataset is None:
            return None
        with self._lock:
            due = at_once or dataset is not self._judged_of or time.monotonic() - self._at >= JUDGED
            if due and (self._judged is not seen or dataset is not self._judged_of):
                self._judged, self._judged_of, self._at = seen, dataset, time.monotonic()
                self._judgement = _judgement(seen, dataset)
            return self._judgement


def network_of(seen: Seen) -> Network:
    """Ours, as theirs was at that look."""
    assert seen.proven is not None, "it was proven"
    assert seen.params is not None, "it was read"
    if seen.loss is None:
        return seen.proven.network(seen.params)
    return seen.proven.network(seen.params, seen.loss.name, seen.loss.weight_decay)


@np.errstate(all="ignore")
def _layer_sizes(seen: Seen, dataset: Dataset | None) -> list[dict[str, Any]]:
    if seen.params is None:
        return []
    gradient: Mapping[str, NDArray[Any]] = {}
    if seen.loss is not None and dataset is not None:
        network, rows = network_of(seen), np.arange(min(SAMPLES, len(dataset.train)))
        gradient = network.gradient(dataset.train.rows(rows, network.dtype), dataset.train.t[rows])
    return [
        {
            "name": name,
            "weights": float(np.linalg.norm(array)),
            "gradient": float(np.linalg.norm(gradient[name])) if gradient else None,
            "update": None,
        }
        for name, array in seen.params.items()
        if name.startswith("W")
    ]


@np.errstate(all="ignore")
def _judgement(seen: Seen, dataset: Dataset) -> Judgement:
    network, test = network_of(seen), dataset.test
    engine = choose_engine(AUTO, network, EVALUATED_AT_ONCE, threads=1)
    parts = [test.part(at, at + EVALUATED_AT_ONCE) for at in range(0, len(test), EVALUATED_AT_ONCE)]
    classes = np.concatenate([engine.classify(network, part) for part in parts])
    return Judgement.of(seen.iteration, classes, network, test, engine)


@dataclass(frozen=True)
class OwnSource(Source):
    """A learner's training; while the curves are the same, frames go on with what was sent of them."""

    serial: int
    curve: Curve
    evaluations: Evaluations
    at: Callable[[], Glance]

    def glance(self) -> Glance:
        """How it stands."""
        return self.at()
