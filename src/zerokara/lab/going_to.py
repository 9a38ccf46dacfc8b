"""Whether a training is that of a state of the lab, and whether it has come to it."""

from __future__ import annotations

from zerokara.errors import UsageError
from zerokara.lab.states import State
from zerokara.lab.watched_training import ENDED, UNTRAINED, WatchedTraining
from zerokara.training.changes import in_order
from zerokara.training.recipe import Recipe
from zerokara.words import sentence


def leads_to(training: WatchedTraining, recipe: Recipe, state: State) -> bool:
    """Whether a training rests, and is at the state or comes to it when it goes on."""
    trainer, at = training.prepared.trainer, training.conductor.iteration
    rests = training.state == UNTRAINED or training.conductor.at_rest or training.thread is None or training.ended
    if not rests or recipe.resolved() != training.prepared.recipe or not at <= state.update <= training.total:
        return False
    if training.ended and (at < state.update or state.running):
        return False
    return list(trainer.changes) == in_order(state.changes, trainer.optimizer)


def refuse_beyond(training: WatchedTraining, state: State) -> None:
    """Raise UsageError where the training of a state ends before its update."""
    if state.update > training.total:
        raise UsageError(
            sentence(
                "Update {update:,} of this state is never done: its training has {total:,}.",
                update=state.update,
                total=training.total,
            ),
            "wrong-value",
        )


def has_come(training: WatchedTraining, state: State) -> bool:
    """Whether a training that was sent to a state is there, or can come no further."""
    if training.returning is not None or (training.is_writing and not training.ended):
        return False
    if training.state in ENDED:
        return True
    at = training.conductor.iteration
    rests = training.conductor.at_rest or training.thread is None
    return at > state.update or (at == state.update and (rests or state.running))
