"""Going back to an earlier update: the nearest moment that was kept, and from there the same updates once more.

Engine, batches and changes are the same, so the numbers are, bit for bit; that the losses are is checked.
"""

from __future__ import annotations

import numpy as np

from zerokara.errors import RunError
from zerokara.finalization import rest, working
from zerokara.lab.moments import Moments
from zerokara.runs.branching import branched
from zerokara.runs.machine import limited_to
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.training.history import Evaluation
from zerokara.training.trainer import CHUNK_SECONDS, FASTER_BY, Trainer
from zerokara.words import sentence


class GoingBack:
    """Computes what a training was after an earlier update.

    Args:
        before: whose training it was; it must not be trained meanwhile.
        moments: of its trainer.
        iteration: updates to have done.
    """

    def __init__(self, before: PreparedRun, moments: Moments, iteration: int) -> None:
        self._before, self._moments, self._iteration = before, moments, iteration
        recipe, provenance = before.recipe, before.provenance
        again = prepare_run(recipe, before.dataset, engine=provenance.engine, keep_going=provenance.keep_going)
        self._trainer = again.trainer

    def stop(self) -> None:
        """Have it end before its time; any thread may call this."""
        self._trainer.request_stop()

    @working()
    def run(self, name: str) -> PreparedRun | None:
        """A run that is ready to go on from there, in a folder of its own; None where it was stopped.

        Args:
            name: of the folder of the training that it was.

        Raises RunError where the losses are not those that there were.
        """
        trainer, was = self._trainer, self._before.trainer
        trainer.go_to(self._moments.before(self._iteration), was.history)
        with limited_to(self._before.provenance.threads), np.errstate(over="ignore", invalid="ignore"):
            self._replay(trainer)
        if trainer.stop[0]:
            return None
        if not np.array_equal(trainer.history.losses, was.history.losses[: self._iteration], equal_nan=True):
            raise RunError(
                sentence(
                    "Going back to update {iteration:,} failed: computed again, the losses are others. Nothing was "
                    "changed.",
                    iteration=self._iteration,
                )
            )
        trainer.history.evaluations = list(filter(self._was_by_then, was.history.evaluations))
        return branched(self._before, name, trainer.moment(), trainer.history)

    def _replay(self, trainer: Trainer) -> None:
        changes = [change for change in self._before.trainer.changes if change.iteration < self._iteration]
        size = 1
        while trainer.iteration < self._iteration and not trainer.stop[0]:
            rest()
            for change in changes:
                if change.iteration == trainer.iteration and change not in trainer.changes:
                    trainer.change(change.field, change.value)
            ends = [self._iteration, *(c.iteration for c in changes if c.iteration > trainer.iteration)]
            seconds = trainer.advance(min(min(ends), trainer.iteration + size))
            size = max(1, min(int(CHUNK_SECONDS / max(seconds, 1e-9)), FASTER_BY * size))

    def _was_by_then(self, evaluation: Evaluation) -> bool:
        """Not one that there was only because training ended there."""
        at, trainer = evaluation.iteration, self._trainer
        return at <= self._iteration and (at % trainer.evaluate_every == 0 or at == trainer.iterations)
