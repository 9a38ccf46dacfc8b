"""What the trainer tells its listeners while it works. A listener is any function of one event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zerokara.training.history import Evaluation


@dataclass(frozen=True)
class Started:
    """Training is about to go from iteration `first` to `total`, with `evaluations` looks at all data on the way."""

    first: int
    total: int
    evaluations: int


@dataclass(frozen=True)
class Advanced:
    """Updates were done: `iteration` in all, the latest ones with these losses in `seconds`."""

    iteration: int
    losses: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """All data was evaluated, in `seconds`."""

    evaluation: Evaluation
    seconds: float


@dataclass(frozen=True)
class Ended:
    """Training is over after `iteration` updates; stopped: before the last update, or before the last evaluation."""

    iteration: int
    stopped: bool


Event = Started | Advanced | Evaluated | Ended
Listener = Callable[[Event], None]
