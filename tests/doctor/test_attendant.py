"""When whoever tells of a training is asked to speak."""

import pytest

from zerokara.data import load
from zerokara.doctor.attendant import Attendant
from zerokara.training.build import build_trainer
from zerokara.training.events import Advanced, Event
from zerokara.training.recipe import Recipe

RECIPE = Recipe(dataset="digits", hidden=4, iterations=50)


class Noting(Attendant):
    """Notes when it is asked."""

    def __init__(self, **options: int) -> None:
        super().__init__(RECIPE, load("digits"), **options)
        self.spoke: list[int] = []
        self.ended: list[int] = []

    def _speak(self, iteration: int) -> None:
        self.spoke.append(iteration)

    def _end(self, iteration: int) -> None:
        self.ended.append(iteration)


def trained(attendant: Attendant, stopped_after: int = 51) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration >= stopped_after:
            event.request_stop()

    trainer = build_trainer(RECIPE, load("digits"), engine="reference", listeners=[attendant, stop])
    trainer.chunk = 5
    trainer.run()


@pytest.mark.parametrize(("fewest", "spoke"), [(0, [0, 15]), (50, [0, 15]), (51, [0])])
def test_at_the_start_at_thirty_percent_and_at_the_end(fewest: int, spoke: list[int]) -> None:
    attendant = Noting(fewest=fewest)
    trained(attendant)
    assert attendant.spoke == spoke
    assert attendant.ended == [50]
    assert not attendant.failed


def test_who_stops_a_training_waits_for_nothing_more() -> None:
    attendant = Noting()
    trained(attendant, stopped_after=20)
    assert attendant.spoke == [0, 15]
    assert attendant.ended == []


def test_one_that_fails_is_silent_from_then_on_and_the_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    attendant = Noting()

    def fail(iteration: int) -> None:
        attendant.spoke.append(iteration)
        raise ZeroDivisionError

    monkeypatch.setattr(attendant, "_speak", fail)
    trained(attendant)
    assert attendant.failed
    assert attendant.spoke == [0]
    assert attendant.ended == []
