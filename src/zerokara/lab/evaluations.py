"""The evaluations of a training, and what the latest of them says of the test pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.engine.contract import Engine
from zerokara.metrics import Answers
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.training.history import Evaluation

MOST_ROWS = 4_000
"""Evaluations that are shown; of more than that, every second, every fourth and so on, and the latest."""
MOST_CLASSES = 100
"""That a confusion matrix is shown for."""
MISREAD = 24


@dataclass(frozen=True)
class Rows:
    """Some evaluations one after the other, as (k, 4) float64: iteration, loss, training and test accuracy.

    Attributes:
        offset: place of the first; step: one of so many evaluations is shown. count: that there are up to here.
    """

    offset: int
    step: int
    count: int
    values: NDArray[np.float64]


class Evaluations:
    """Takes evaluations in one thread, and gives rows to others."""

    def __init__(self) -> None:
        self._all: list[Evaluation] = []

    def feed(self, evaluation: Evaluation) -> None:
        """Take the next one."""
        self._all.append(evaluation)

    @property
    def latest(self) -> Evaluation | None:
        """The one that was taken last."""
        return self._all[-1] if self._all else None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    def rows(self, step: int = 0, count: int = 0) -> Rows:
        """What is new to somebody who has the first `count` with that `step`; all after the step changed.

        The first row takes the place of the one that was shown only because it was the latest.
        """
        known = self._all[:]
        now = 1
        while len(known) // now > MOST_ROWS:
            now *= 2
        offset = max(0, -(-count // now) - 1) if step == now else 0
        shown = known[offset * now :: now]
        if known and (len(known) - 1) % now:
            shown.append(known[-1])
        values = [(e.iteration, e.loss, e.train_accuracy, e.test_accuracy) for e in shown]
        return Rows(offset, now, len(known), np.array(values, np.float64).reshape(-1, 4))


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a network answers to the test pictures.

    Attributes:
        confusion: (classes, classes) int32 how many of each class (rows) got each answer; None where there are too many
            classes to look at.
        misread: indices of wrong answers, the surest first.
        answers: what each of these was taken for; certainties: its probability.
    """

    iteration: int
    confusion: NDArray[np.int32] | None
    misread: list[int]
    answers: list[int]
    certainties: list[float]

    @classmethod
    def of(
        cls, iteration: int, classes: NDArray[np.int64], network: Network, split: Split, engine: Engine
    ) -> Judgement:
        """That of the classes that the engine gave the samples, with the probabilities of those that are wrong.

        Args:
            classes: (samples,) int64, -1 where there is none.
        """
        wrong = np.flatnonzero((classes != split.t) & (classes >= 0))
        first: list[int] = []
        sure: list[float] = []
        if len(wrong):
            part = Split(np.ascontiguousarray(split.pixels[wrong]), split.t[wrong], split.full)
            with np.errstate(all="ignore"):  # a network that went astray has scores that are not finite
                probabilities = softmax(engine.predict(network, part).astype(np.float64))
            places = Answers(part.t, probabilities).confidently_wrong[:MISREAD]
            first = wrong[places].tolist()
            sure = probabilities[places, classes[wrong[places]]].tolist()
        confusion = _confusion(split.t, classes, network.sizes[-1])
        return cls(iteration, confusion, first, classes[first].tolist(), sure)


def _confusion(labels: NDArray[np.integer[Any]], classes: NDArray[np.int64], count: int) -> NDArray[np.int32] | None:
    if count > MOST_CLASSES:
        return None
    decided = classes >= 0
    pairs = labels[decided].astype(np.int64) * count + classes[decided]
    return np.bincount(pairs, minlength=count * count).reshape(count, count).astype(np.int32)
