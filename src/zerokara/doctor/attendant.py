"""Whoever says what the doctor finds while a network trains: when to look, and what to do where looking fails."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod

from zerokara.data.dataset import Dataset
from zerokara.doctor.evidence import EARLY
from zerokara.doctor.watching import Watcher
from zerokara.training.events import Advanced, Ended, Event, Started
from zerokara.training.recipe import Recipe

logger = logging.getLogger(__name__)


class Attendant(ABC):
    """A listener of a training that begins at its first update.

    Args:
        recipe: what is trained; dataset: on what.
        fewest: updates of a training that is spoken of on its way; a shorter one is over before anybody has read that.

    Attributes:
        watcher: gathers the evidence.
        total: updates of the training.
        failed: whether looking has failed, so that nothing more is said: a training is worth more than that.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset, *, fewest: int = 0) -> None:
        self.watcher = Watcher(recipe, dataset)
        self.total = self._early = 0
        self._fewest = fewest
        self.failed = False

    def __call__(self, event: Event) -> None:
        """Watch, and speak where it is time to: facts of the start at the start, the rest at 30 % and at the end."""
        if not self.failed:
            try:
                self._hear(event)
            except Exception:
                logger.warning("the doctor failed", exc_info=True)
                self.failed = True

    @abstractmethod
    def _speak(self, iteration: int) -> None:
        """Say what is new after so many updates."""

    @abstractmethod
    def _end(self, iteration: int) -> None:
        """The training is over, and nobody stopped it."""

    def _hear(self, event: Event) -> None:
        if isinstance(event, Ended) and event.stopped and event.divergence is None:
            return  # whoever stops a training waits for nothing more
        self.watcher(event)
        match event:
            case Started():
                self.total, self._early = event.total, round(EARLY * event.total)
                self._speak(event.first)
            case Advanced() if self.total >= self._fewest and self._early <= event.iteration < self.total:
                self._early = self.total
                self._speak(event.iteration)
            case Ended():
                self._end(event.iteration)
