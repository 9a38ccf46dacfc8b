"""What the trainer tells its listeners while it works. A listener is any function of one event.

Listeners are called in turn, in the thread that trains; while one works, nothing is trained. One that wants training
to end calls `event.request_stop()`: the trainer ends after the update being done, as after Ctrl-C, and whoever started
it gets what there is. Arrays are for reading; those of the network change with the next update, the others never again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.network import Network
from zerokara.training.changes import Change
from zerokara.training.history import Divergence, Evaluation, History


@dataclass(frozen=True, kw_only=True)
class TrainerEvent:
    """What every event carries.

    Attributes:
        network: the one being trained, as it is now. Copy what shall outlast the call: `event.network.copy()`.
        history: everything measured so far, that of a resumed run's beginning included.
        request_stop: call it to end training; any thread may, also later.
        changes: of settings, by their iterations: those made so far, and those that were given beforehand.
    """

    network: Network = field(compare=False, repr=False)
    history: History = field(compare=False, repr=False)
    request_stop: Callable[[], None] = field(compare=False, repr=False)
    changes: Sequence[Change] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Started(TrainerEvent):
    """Training is about to go from iteration `first` to `total`, with `evaluations` looks at all data on the way.

    Attributes:
        look_at: call it with iterations that one `Advanced` shall end at, to see the network there.
    """

    first: int
    total: int
    evaluations: int
    look_at: Callable[[Iterable[int]], None] = field(default=lambda iterations: None, compare=False, repr=False)


@dataclass(frozen=True)
class Advanced(TrainerEvent):
    """Updates were done.

    Attributes:
        iteration: updates done in all.
        losses: (m,) float64 the loss of each mini-batch before its update, of the latest m updates.
        seconds: that those took.
    """

    iteration: int
    losses: NDArray[np.float64] = field(compare=False)
    seconds: float


@dataclass(frozen=True)
class Evaluated(TrainerEvent):
    """All data was evaluated.

    Attributes:
        evaluation: what came of it.
        seconds: that it took.
        train_classes: (training samples,) int64 the class the network gives each sample, in the order of
            `dataset.train`; -1 where no finite score is highest. A fresh array each time, and read-only.
        test_classes: (test samples,) the same of the test samples.
    """

    evaluation: Evaluation
    seconds: float
    train_classes: NDArray[np.int64] = field(compare=False, repr=False)
    test_classes: NDArray[np.int64] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Ended(TrainerEvent):
    """Training is over after `iteration` updates; stopped: before the last update, or before the last evaluation.

    Attributes:
        divergence: why it ended, where numbers were no longer finite.
    """

    iteration: int
    stopped: bool
    divergence: Divergence | None = None


@dataclass(frozen=True)
class Paused(TrainerEvent):
    """Training waits between two updates, for somebody: what shall outlast this process is to be kept now.

    Nobody is told but where a listener has asked for it, by `Trainer.pause`.
    """

    iteration: int


Event = Started | Advanced | Evaluated | Ended | Paused
Listener = Callable[[Event], None]
