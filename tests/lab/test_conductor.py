"""What others want of a training is done between its chunks, or not at all."""

from __future__ import annotations

from zerokara.data import load
from zerokara.lab.conductor import Conductor
from zerokara.training.build import build_trainer
from zerokara.training.events import Advanced, Ended, Event
from zerokara.training.recipe import Recipe


def changed_at(kind: type[Event]) -> list[tuple[int, float]]:
    """The changes of a training of 5 updates that had its learning rate changed after the last, by such an event."""
    trainer = build_trainer(Recipe(dataset="digits", hidden=4, iterations=5), load("digits"))
    conductor = Conductor(trainer, lambda: None, lambda: None)

    def late(event: Event) -> None:
        if isinstance(event, kind) and trainer.iteration == 5:
            conductor.change("learning_rate", 0.3)

    trainer.run(late, conductor)
    return [(change.iteration, change.value) for change in trainer.changes]


def test_nothing_is_changed_once_the_last_checkpoint_is_written() -> None:
    """It would stand in the weights' file and not in that checkpoint, and neither could be trusted."""
    assert changed_at(Ended) == []
    assert changed_at(Advanced) == [(5, 0.3)]
