"""The page of a lab that was opened with a state."""

import pytest

from zerokara.lab.lesson_messages import where
from zerokara.lab.states import State
from zerokara.training.recipe import Recipe

from .pages import Served, facts, in_state

pytestmark = [pytest.mark.slow, pytest.mark.browser]

STATE = State(
    Recipe(dataset="digits", hidden=12, iterations=8000, evaluate_every=2000, seed=4),
    update=300,
    tab="probe",
    fields={"probe": {"parameter": "W2", "index": [3, 7], "h": 0.01}},
)


def test_it_begins_where_the_lab_was_opened_and_stays_where_one_goes_from_there(served: Served) -> None:
    page = served.open()
    served.lab.opened_with = where(served.lab, STATE)
    page.reload()
    page.locator("[data-tab=probe][aria-selected=true]").wait_for()
    in_state(page, "paused")
    assert facts(page)["iteration"] == 300
    page.get_by_text("W2[3, 7]").first.wait_for()
    assert page.locator(".problem:visible").count() == 0
    served.lab.go(until=320)
    in_state(page, "paused")
    page.reload()
    page.locator("[data-tab=train][aria-selected=true]").wait_for()
    assert page.locator(".problem:visible").count() == 0
