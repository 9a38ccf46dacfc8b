"""The lab from a view's side, with a scripted one: no browser, no socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zerokara.lab.core import Lab
from zerokara.runs.opening import open_run
from zerokara.training.build import build_trainer

Watch = Callable[..., Any]
VALUES = {"dataset": "digits", "hidden": "12", "iterations": "120", "evaluate_every": "30", "seed": "3"}


def test_the_first_message_shows_an_untrained_network(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    hello = view.messages[0]
    assert hello.type == "hello"
    assert hello.fields["view"] == view.view.name
    assert hello.fields["state"] == "untrained"
    assert hello.fields["status"] == "This network has learned nothing yet."
    assert hello.fields["dataset"]["samples"] == [1438, 359]
    untrained = build_trainer(lab.recipe, lab.dataset).network.params["W1"]
    np.testing.assert_array_equal(hello.arrays["W1"], untrained.T.reshape(12, 8, 8))


def test_a_run_to_its_end(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("pace", mode="full")
    view.done("start", values=VALUES)
    facts = view.at("finished", 120)
    run = open_run(lab.out / facts["run"])
    assert facts["status"] == f"Finished after update 120. It is kept in {run.path}."
    lines = np.loadtxt(run.path / "losses.csv", delimiter=",", skiprows=1)[:, 1]
    np.testing.assert_array_equal(view.losses, np.column_stack([lines] * 3))
    rows = [(e.iteration, e.loss, e.train_accuracy, e.test_accuracy) for e in run.history.evaluations]
    np.testing.assert_array_equal(view.evaluations, rows)


def test_paused_stepped_and_gone_on_with_gives_the_bits_of_a_run_that_never_stopped(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=1)
    view.at("paused", 1)
    view.done("step", updates=6)
    view.at("paused", 7)
    view.done("step", epochs=1)
    view.at("paused", 15)
    view.done("pace", mode="full")
    view.done("go")
    facts = view.at("finished", 120)
    straight = build_trainer(lab.recipe, lab.dataset)
    straight.run()
    run = open_run(lab.out / facts["run"])
    for name, array in straight.network.params.items():
        np.testing.assert_array_equal(run.network.params[name], array)
    np.testing.assert_array_equal(run.history.losses, straight.history.losses)
    assert run.history.evaluations == straight.history.evaluations


@pytest.mark.parametrize("ends", ["running", "finished"])
def test_going_back_and_on_gives_the_bits_of_a_straight_run_in_a_new_folder(lab: Lab, watch: Watch, ends: str) -> None:
    view = watch(lab)
    if ends == "running":
        view.done("step", updates=100)
        view.at("paused", 100)
    else:
        view.done("pace", mode="full")
        view.done("go")
        view.at("finished", 120)
    first = view.facts["run"]
    view.done("rewind", iteration=47)
    facts = view.at("paused", 47)
    assert facts["parent"] == {"run": first, "iteration": 47}
    assert facts["run"] is None
    assert len(view.losses) == 47
    assert view.evaluations[:, 0].tolist() == [0, 30]
    straight = build_trainer(lab.recipe, lab.dataset)
    while straight.iteration < 47:
        straight.advance(47)
    for name, array in straight.network.params.items():
        np.testing.assert_array_equal(lab.subject().network.params[name], array)
    view.done("step", updates=1)
    view.at("paused", 48)
    view.done("pace", mode="full")
    view.done("go")
    facts = view.at("finished", 120)
    lab.close()
    run, before = open_run(lab.out / facts["run"]), open_run(lab.out / first)
    assert run.path != before.path
    assert before.state == ("stopped" if ends == "running" else "finished")
    assert run.parent is not None
    assert (run.parent.run, run.parent.iteration) == (first, 47)
    whole = build_trainer(lab.recipe, lab.dataset)
    whole.run()
    np.testing.assert_array_equal(run.history.losses, whole.history.losses)
    assert run.history.evaluations == whole.history.evaluations
    for name, array in whole.network.params.items():
        np.testing.assert_array_equal(run.network.params[name], array)
