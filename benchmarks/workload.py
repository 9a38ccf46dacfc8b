"""The work that every peer does, and how one process measures itself doing it."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from environment import matrix_libraries
from numpy.typing import NDArray

import zerokara

SIZES = (784, 50, 10)
LEARNING_RATE = 0.1
FLOP = 2 * 100 * (2 * 784 * 50 + 3 * 50 * 10)
"""Floating-point operations of one dense update of 784-50-10 with a batch of 100: forward, both weight gradients, and
the gradient of the hidden layer; not that of the input, which nobody needs."""


@dataclass(frozen=True)
class Work:
    """10,000 updates of batch 100 with an evaluation of 70,000 images before the first, every 600, and at the end."""

    iterations: int = 10_000
    batch_size: int = 100
    evaluate_every: int = 600

    def rows(self, samples: int) -> NDArray[np.int64]:
        """(iterations, batch_size) sample indices, the same for every peer."""
        return np.random.default_rng(0).integers(samples, size=(self.iterations, self.batch_size))

    def weights(self) -> list[NDArray[np.float32]]:
        """W1, b1, W2, b2, the same for every peer."""
        network = zerokara.Network(SIZES, seed=0, dtype=np.float32)
        return [p.copy() for p in network.params.values()]


class Peer(Protocol):
    """One way to do the work. It may keep the data in whatever form suits it best."""

    def advance(self, rows: NDArray[np.int64]) -> None:
        """One update per row of sample indices."""

    def accuracies(self) -> tuple[float, float]:
        """Accuracy on the training and on the test images."""


@dataclass
class Measured:
    """What one process measured, in seconds, bytes and shares."""

    peer: str
    updates: float = 0.0
    evaluations: float = 0.0
    warm_up: float = 0.0
    peak_bytes: int = 0
    test_accuracy: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.updates + self.evaluations

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "total": self.total}


def measure(name: str, make: Callable[[zerokara.Dataset, Work], Peer], work: Work) -> Measured:
    """Warm up on every shape that will occur, start afresh, and do the work."""
    dataset = zerokara.load("mnist")
    rows = work.rows(len(dataset.train))
    result = Measured(name)
    began = perf_counter()
    warm = make(dataset, work)
    for start in {0, (work.iterations // work.evaluate_every) * work.evaluate_every}:
        if len(rows[start : start + work.evaluate_every]):
            warm.advance(rows[start : start + work.evaluate_every])
    warm.accuracies()
    result.warm_up = perf_counter() - began
    del warm
    peer = make(dataset, work)
    for start in range(0, work.iterations, work.evaluate_every):
        result.evaluations += _seconds(peer.accuracies)
        chunk = rows[start : start + work.evaluate_every]
        result.updates += _seconds(partial(peer.advance, chunk))
    result.evaluations += _seconds(peer.accuracies)
    result.test_accuracy = peer.accuracies()[1]
    result.facts["matrix library"] = matrix_libraries()
    result.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return result


def _seconds(do: Callable[[], Any]) -> float:
    began = perf_counter()
    do()
    return perf_counter() - began
