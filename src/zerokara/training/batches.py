"""Which samples go into which update: a pure function of seed and iteration.

Each epoch has a generator of its own, spawned from the seed, so that a run can be cut, continued and repeated
anywhere without remembering the state of a generator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence

SAMPLINGS = ("replacement", "distinct", "epoch")

WEIGHTS, SPLITS, BATCHES, TRIALS = range(4)
"""The children of a seed: initial weights, splits of data, batches, what is held out of trial trainings."""


def generator(seed: int, *child: int) -> np.random.Generator:
    """The generator of one child of a seed; the same for the same numbers, independent of all others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=child))


class Batches:
    """Every mini-batch of a run.

    Args:
        samples: how many there are.
        batch_size: how many an update takes.
        sampling: "replacement" (the textbook: each draw from all samples), "distinct" (no sample twice within a
            batch) or "epoch" (every sample once an epoch, in random order; its last batch may be short).
        seed: the run's seed.

    Attributes:
        per_epoch: updates in an epoch, ceil(samples / batch_size).

    Raises UsageError for another sampling, and for batches larger than the data where no sample may come twice.
    """

    def __init__(self, samples: int, batch_size: int, sampling: str, seed: int) -> None:
        if sampling not in SAMPLINGS:
            raise unknown_name("sampling", sampling, SAMPLINGS)
        if sampling != "replacement" and batch_size > samples:
            raise UsageError(
                sentence(
                    "batch_size must be at most the {samples} training samples with sampling {sampling}. Got {got}.",
                    samples=samples,
                    sampling=sampling,
                    got=batch_size,
                ),
                "wrong-value",
            )
        self.samples, self.batch_size, self.sampling, self.seed = samples, batch_size, sampling, seed
        self.per_epoch = -(-samples // batch_size)
        self._epoch: tuple[int, NDArray[np.int64]] | None = None

    def rows(self, start: int, stop: int) -> NDArray[np.int64]:
        """The sample indices of iterations `start` to `stop` (not included), or of the first few of them.

        Returns:
            (m, batch_size) int64 indices into the training samples, one row per update, 1 ≤ m ≤ stop - start: fewer at
            the end of an epoch, and a short last batch of an epoch comes alone, as (1, its size). A view; do not write.
        """
        epoch, first = divmod(start, self.per_epoch)
        count = min(stop - start, self.per_epoch - first)
        drawn = self._drawn(epoch)
        full = len(drawn) // self.batch_size
        if first >= full:
            return drawn[np.newaxis, first * self.batch_size :]
        last = min(first + count, full)
        return drawn[first * self.batch_size : last * self.batch_size].reshape(last - first, self.batch_size)

    def _drawn(self, epoch: int) -> NDArray[np.int64]:
        """(drawn samples,) all indices of an epoch, one batch after the other.

        The latest epoch is remembered: the trainer asks for its chunks in order, and drawing one costs a permutation.
        """
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = epoch, self._draw(generator(self.seed, BATCHES, epoch))
        return self._epoch[1]

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.sampling == "epoch":
            return rng.permutation(self.samples)
        if self.sampling == "replacement":
            return rng.integers(self.samples, size=self.per_epoch * self.batch_size)
        return np.concatenate(
            [rng.choice(self.samples, self.batch_size, replace=False, shuffle=False) for _ in range(self.per_epoch)]
        )
