"""What a run measured: the loss of every update, and accuracies now and then."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """One look at the whole training and test data.

    Attributes:
        iteration: updates done before it.
        epoch: that many updates as epochs, such as 1.5.
        loss: mean of the mini-batch losses since the evaluation before; at iteration 0 the loss of the first batch.
        train_accuracy, test_accuracy: share of samples classified correctly, 0 to 1.
    """

    iteration: int
    epoch: float
    loss: float
    train_accuracy: float
    test_accuracy: float


@dataclass
class History:
    """The records of a run, in the order they were made.

    Attributes:
        chunks: the losses of the mini-batches, each before its update, as the engine returned them.
        evaluations: see `Evaluation`.
        seconds: time spent in updates and evaluations.
    """

    chunks: list[NDArray[np.float64]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def losses(self) -> NDArray[np.float64]:
        """(iterations,) the loss of mini-batch i before update i."""
        if len(self.chunks) > 1:
            self.chunks = [np.concatenate(self.chunks)]
        return self.chunks[0] if self.chunks else np.zeros(0)

    @property
    def last(self) -> Evaluation:
        """The latest evaluation."""
        return self.evaluations[-1]
