"""Copies of a network while it is trained: all that other threads ever see of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from threading import Condition

from zerokara.nn.network import Network
from zerokara.training.optimizers import Optimizer
from zerokara.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network after `iteration` updates, and the optimizer as it was then. Both are copies."""

    iteration: int
    network: Network
    optimizer: Optimizer

    @classmethod
    def of(cls, trainer: Trainer) -> Snapshot:
        """Where a trainer is; to be called between two updates, by whoever may touch it."""
        optimizer = copy(trainer.optimizer)
        optimizer.state = {
            slot: {name: array.copy() for name, array in arrays.items()}
            for slot, arrays in trainer.optimizer.state.items()
        }
        return cls(trainer.iteration, trainer.network.copy(), optimizer)

    def shows(self, trainer: Trainer) -> bool:
        """Whether the trainer is where it was, with the same settings."""
        settings = (trainer.iteration, trainer.optimizer.settings, trainer.network.weight_decay)
        return settings == (self.iteration, self.optimizer.settings, self.network.weight_decay)


class Snapshots:
    """The latest snapshot of a training. One is taken only when somebody wants it."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._latest = Snapshot.of(trainer)
        self._wanted = False
        self._condition = Condition()

    @property
    def latest(self) -> Snapshot:
        """The one that was taken last."""
        return self._latest

    def want(self, seconds: float, wake: Callable[[], None]) -> Snapshot:
        """The next one, if it comes in time; else the latest there is. Any thread may call this.

        Args:
            wake: has the thread that trains call `serve` if it waits.
        """
        self._wanted = True
        wake()
        with self._condition:
            self._condition.wait_for(lambda: not self._wanted, seconds)
            return self._latest

    def serve(self, *, always: bool = False) -> None:
        """Take one if it is wanted; the thread that trains calls this between two updates."""
        if not (always or self._wanted):
            return
        with self._condition:
            if always or not self._latest.shows(self._trainer):
                self._latest = Snapshot.of(self._trainer)
            self._wanted = False
            self._condition.notify_all()
