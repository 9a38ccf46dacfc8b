"""The lab from a view's side, with a scripted one: no browser, no socket."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara
from zerokara.data.entries import FILE_NAMES
from zerokara.lab import commands, lesson_messages
from zerokara.lab.commands import COMMANDS
from zerokara.lab.core import Lab
from zerokara.lab.frames import Frames
from zerokara.lab.messages import Message
from zerokara.lab.view import ANSWERS, QUESTIONS
from zerokara.runs.opening import open_run
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change
from zerokara.training.recipe import Recipe

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


def test_a_training_on_the_first_samples(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    asked = view.ask("recipe", values={**VALUES, "samples": "150", "iterations": "", "epochs": "3"})
    assert asked.fields["updates"] == 6, "of 100 and of 50, or of 100 drawn with replacement"
    asked = view.ask("recipe", values={**VALUES, "samples": "1439"})
    assert asked.fields["errors"] == {
        "samples": "samples must be at most the 1438 training samples of digits. Got 1439."
    }
    assert "at most the 1438" in view.refused("start", values={**VALUES, "samples": "1439"})
    view.done("start", values={**VALUES, "samples": "150"})
    view.at("finished", 120)
    assert next(m for m in reversed(view.messages) if m.type == "hello").fields["dataset"]["samples"] == [150, 359]
    data, network = zerokara.load("digits").train, lab.training.snapshot().network
    assert view.evaluations[-1][2] == np.mean(network.predict(data.x[:150]).argmax(axis=1) == data.t[:150])
    view.done("start", values={**VALUES, "iterations": "90"})
    view.at("finished", 90)
    network = lab.training.snapshot().network
    assert view.evaluations[-1][2] == np.mean(network.predict(data.x).argmax(axis=1) == data.t), "of all again"
    assert len(lab.training.prepared.dataset.train) == 1438


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


@pytest.mark.parametrize("ends", ["finished", pytest.param("running", marks=pytest.mark.slow)])
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


def test_a_setting_that_is_changed_twice_at_the_same_update_is_shown_as_it_is(lab: Lab, watch: Watch) -> None:
    views = watch(lab), watch(lab)
    for value in (0.2, 0.3):
        views[0].done("change", field="learning_rate", value=value)
        for view in views:
            facts = view.until(lambda facts, value=value: facts["settings"]["learning_rate"] == value)
            assert facts["changes"] == [{"iteration": 0, "field": "learning_rate", "value": value}]


def test_a_frame_has_the_number_that_its_pieces_belong_to(lab: Lab) -> None:
    """Going back may give the training another one while the frame is made, and a page would forget its curves."""
    frames, number = Frames(lab.source()), lab.training.serial
    lab.training.serial += 1
    assert frames.next()[0]["training"] == number
    assert lab.source() != frames.source


@pytest.mark.slow
def test_a_change_is_made_between_two_updates_and_recorded(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=40)
    view.at("paused", 40)
    assert view.facts["settings"] == {"learning_rate": 0.1, "momentum": None, "weight_decay": 0.0}
    view.done("change", field="learning_rate", value=0.3)
    view.until(lambda facts: facts["settings"]["learning_rate"] == 0.3)
    assert view.facts["changes"] == [{"iteration": 40, "field": "learning_rate", "value": 0.3}]
    assert "momentum is not a setting of sgd" in view.refused("change", field="momentum", value=0.5)
    assert "learning_rate must be a positive number" in view.refused("change", field="learning_rate", value=0)
    assert "field must be one of" in view.refused("change", field="seed", value=1)
    view.done("pace", mode="full")
    view.done("go")
    facts = view.at("finished", 120)
    run = open_run(lab.out / facts["run"])
    assert run.changes == (Change(40, "learning_rate", 0.3),)
    straight = build_trainer(lab.recipe, lab.dataset, changes=run.changes)
    straight.run()
    np.testing.assert_array_equal(run.history.losses, straight.history.losses)
    view.done("rewind", iteration=60)
    assert view.at("paused", 60)["settings"]["learning_rate"] == 0.3
    view.done("rewind", iteration=40)
    assert view.at("paused", 40)["settings"]["learning_rate"] == 0.1
    view.done("rewind", iteration=120)
    assert view.at("finished", 120)["changes"] == [{"iteration": 40, "field": "learning_rate", "value": 0.3}]


@pytest.mark.slow
def test_it_pauses_at_an_accuracy_and_at_the_end_of_an_epoch(lab: Lab, watch: Watch) -> None:
    straight = build_trainer(lab.recipe, lab.dataset)
    evaluations = straight.run().evaluations
    goal = evaluations[2].test_accuracy
    at = next(e.iteration for e in evaluations if e.test_accuracy >= goal)
    view = watch(lab)
    view.done("pace", mode="full")
    view.done("until", accuracy=goal)
    view.at("paused", at)
    assert view.evaluations[-1].tolist()[0] == at
    assert view.refused("until", accuracy=goal) == f"The test accuracy is {goal:.4f} already."
    view.done("step", epochs=1)
    view.at("paused", at + 15)


@pytest.mark.slow
def test_a_stopped_run_goes_on_in_its_folder(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=33)
    view.at("paused", 33)
    view.done("stop")
    facts = view.at("stopped", 33)
    assert facts["status"].startswith(f"Stopped after update 33. It is kept in {lab.out / facts['run']}. Go on with: ")
    assert "Nothing is being trained" in view.refused("stop")
    view.done("pace", mode="full")
    view.done("go")
    assert view.at("finished", 120)["run"] == facts["run"]
    assert "This training has ended" in view.refused("step", updates=1)
    straight = build_trainer(lab.recipe, lab.dataset)
    straight.run()
    np.testing.assert_array_equal(open_run(lab.out / facts["run"]).history.losses, straight.history.losses)


def test_a_pause_is_on_disk_at_once(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=3)
    facts = view.at("paused", 3)
    assert open_run(lab.out / facts["run"]).iterations == 3


@pytest.mark.slow
def test_a_diverged_run_says_so_and_can_be_gone_back_from(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("pace", mode="full")
    view.done("start", values={**VALUES, "learning_rate": "1e30"})
    facts = view.until(lambda facts: facts["state"] == "diverged")
    assert "so the run ended there" in facts["status"]
    assert [finding["cause"] for finding in facts["findings"]] == ["rate-too-high"]
    view.done("rewind", iteration=0)
    view.until(lambda facts: facts["state"] == "paused" and facts["iteration"] == 0)
    view.done("change", field="learning_rate", value=0.1)
    view.done("go")
    facts = view.at("finished", 120)
    assert facts["findings"] == []  # of the training that it was
    assert facts["parent"]["iteration"] == 0
    assert facts["verdict"].endswith(f"Ask once it has ended: zerokara doctor {lab.out / facts['run']}")
    straight = build_trainer(replace(lab.recipe, learning_rate=0.1), lab.dataset)
    straight.run()
    run = open_run(lab.out / facts["run"])
    np.testing.assert_array_equal(run.network.params["W1"], straight.network.params["W1"])


def test_nothing_is_said_to_look_right_that_was_not_looked_at(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    assert view.facts["verdict"] == ""
    view.done("step", updates=1)
    assert view.at("paused", 1)["verdict"] == "Nothing that looks wrong."
    view.done("change", field="learning_rate", value=30.0)
    view.done("step", updates=1)
    facts = view.at("paused", 2)
    assert facts["findings"] == []
    assert "is not judged here" in facts["verdict"]


@pytest.mark.slow
def test_one_steers_and_the_next_one_may_when_it_is_gone(lab: Lab, watch: Watch) -> None:
    first, second = watch(lab), watch(lab)
    assert first.facts["steering"]
    assert not second.facts["steering"]
    assert "Another page steers this training" in second.refused("pause")
    second.done("steer")
    first.until(lambda facts: not facts["steering"])
    first.refused("step", updates=1)
    second.view.close()
    first.until(lambda facts: facts["viewers"] == 1)
    first.done("step", updates=1)
    first.at("paused", 1)
    assert first.facts["steering"]


@pytest.mark.slow
def test_a_view_that_comes_later_is_told_all(lab: Lab, watch: Watch) -> None:
    first = watch(lab)
    first.done("step", updates=35)
    first.at("paused", 35)
    second = watch(lab)
    second.at("paused", 35)
    second.until(lambda facts: facts.get("judged") == 30)
    for name in ("losses", "smoothed", "evaluations"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    np.testing.assert_array_equal(second.arrays["W1"], first.arrays["W1"])
    np.testing.assert_array_equal(second.arrays["confusion"], first.arrays["confusion"])


@pytest.mark.slow
def test_no_frame_comes_before_the_one_before_was_seen(lab: Lab, watch: Watch) -> None:
    slow, other = watch(lab), watch(lab)
    slow.paints = False
    before = len(slow.sizes)
    slow.done("step", updates=60)
    other.at("paused", 60)
    frames = [message for message in slow.messages[before:] if message.type == "frame"]
    assert len(frames) <= 1
    slow.paints = True
    slow.view.receive(Message("seen", {"frame": slow.facts["frame"]}))
    slow.at("paused", 60)


def test_a_view_that_fails_and_one_that_hangs_harm_nobody(lab: Lab, watch: Watch) -> None:
    def fail(message: Message) -> None:
        if message.type == "frame":
            raise ConnectionError

    def block(message: Message) -> None:
        if message.type == "frame":
            assert unblocked.wait(60)

    unblocked = threading.Event()
    view = watch(lab)
    for send in (fail, block):
        lab.connect(send).receive(Message("seen", {"frame": 1}))
    view.done("step", updates=60)
    view.at("paused", 60)
    view.until(lambda facts: facts["viewers"] == 2)
    unblocked.set()


HOSTILE = (None, True, -1, 0.5, float("nan"), float("inf"), 1e300, "1", [], {}, "x" * 10_000)
ASKED = {
    "step": "updates",
    "rewind": "iteration",
    "pace": "mode",
    "until": "accuracy",
    "change": "field",
    "start": "values",
    "recipe": "values",
    "overlay": "run",
}


def test_hostile_requests_are_refused_with_a_sentence(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    for value in HOSTILE:
        for type, name in ASKED.items():
            if (type, value) not in (("until", 0.5), ("recipe", {}), ("start", {})):
                assert 10 < len(view.refused(type, **{name: value})) < 400, type
        view.refused("pace", mode="rate", rate=value if value != 0.5 else 0)
        view.refused("change", field="learning_rate", value=value if value not in (0.5, 1e300) else 0)
        view.view.receive(Message("seen", {"frame": value}))
    assert view.refused("x" * 1_000).startswith("The page asked for 'xxx")
    assert lab.training.state == "untrained"
    assert not lab.out.exists()


@pytest.mark.slow
def test_what_fails_is_a_sentence_and_another_run_can_begin(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    lab.out.write_text("in the way")
    assert "No run folder can be made" in view.refused("start", values=VALUES)
    lab.out.unlink()
    view.done("step", updates=20)
    facts = view.at("paused", 20)
    shutil.rmtree(lab.out / facts["run"])
    view.done("pace", mode="full")
    view.done("go")
    facts = view.until(lambda facts: facts["state"] == "failed")
    assert "was removed while it was being trained" in facts["status"]
    rescued = open_run(lab.out / facts["run"])
    assert rescued.path.name.endswith("-rescued")
    assert rescued.iterations >= 20
    view.done("start", values=VALUES)
    view.at("finished", 120)


@pytest.mark.parametrize("place", ["", "cache/mnist"])
def test_data_that_are_not_here_are_never_fetched(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "cache"))
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    for name in FILE_NAMES:
        (tmp_path / place / name).write_bytes(b"damaged")
    lab = Lab(out=tmp_path / "runs", plots=False)
    view = watch(lab)
    note = view.facts["dataset"]["note"]
    assert note.startswith("Small digits, which are always at hand, are shown instead of mnist.")
    assert note.endswith("zerokara data fetch mnist" if place else "Replace it, or remove it to have it fetched.")
    assert view.facts["dataset"]["name"] == "digits"
    assert view.facts["recipe"]["command"] == "zerokara train digits"
    assert "fashion-mnist" in view.refused("start", values={"dataset": "fashion-mnist"}) or not place
    lab.close()


@pytest.mark.slow
def test_earlier_runs_are_listed_and_laid_over(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    assert view.ask("runs").fields["runs"] == []
    view.done("pace", mode="full")
    view.done("start", values=VALUES)
    name = view.at("finished", 120)["run"]
    (one,) = view.ask("runs").fields["runs"]
    assert (one["name"], one["updates"], one["state"]) == (name, 120, "finished")
    laid = view.ask("overlay", run=name)
    np.testing.assert_array_equal(laid.arrays["losses"], view.losses)
    np.testing.assert_array_equal(laid.arrays["evaluations"], view.evaluations)
    for other in ("..", "../runs", "", "/etc", f"{name}/checkpoints"):
        assert "There is no run" in view.refused("overlay", run=other)


@pytest.mark.slow
def test_a_run_that_is_trained_already_can_be_opened_and_gone_back_in(lab: Lab, watch: Watch) -> None:
    first = watch(lab)
    first.done("pace", mode="full")
    first.done("start", values={**VALUES, "optimizer": "adam"})
    run = open_run(lab.out / first.at("finished", 120)["run"])
    again = Lab.of_run(run, plots=False)
    view = watch(again)
    view.at("finished", 120)
    for name in ("losses", "smoothed", "evaluations"):
        np.testing.assert_array_equal(getattr(view, name), getattr(first, name))
    assert view.facts["layers"] == first.facts["layers"]
    view.done("rewind", iteration=70)
    view.at("paused", 70)
    view.done("go")
    facts = view.at("finished", 120)
    again.close()
    other = open_run(lab.out / facts["run"])
    assert other.path != run.path
    np.testing.assert_array_equal(other.network.params["W2"], run.network.params["W2"])


def test_everything_a_page_is_told_is_in_the_language_that_is_spoken(
    lab: Lab, watch: Watch, marked: Callable[[str], str]
) -> None:
    view = watch(lab)
    assert marked(view.facts["status"]) == ""
    view.done("step", updates=1)
    assert marked(view.at("paused", 1)["status"]) == ""
    view.done("rewind", iteration=0)
    facts = view.until(lambda facts: facts["state"] == "paused" and facts["iteration"] == 0)
    assert marked(facts["status"]) == ""
    for type, fields in (("step", {"updates": -1}), ("rewind", {"iteration": 99}), ("overlay", {"run": "?"})):
        assert marked(view.refused(type, **fields)) == ""


@pytest.mark.slow
def test_everything_works_with_the_reference_engine(tmp_path: Path, watch: Watch) -> None:
    lab = Lab(Recipe(dataset="digits", hidden=12, iterations=60, seed=3), out=tmp_path, engine="reference", plots=False)
    view = watch(lab)
    view.done("pace", mode="full")
    view.done("go")
    first = view.at("finished", 60)
    assert first["engine"] == "reference"
    view.done("rewind", iteration=31)
    view.at("paused", 31)
    view.done("go")
    facts = view.at("finished", 60)
    run, before = open_run(lab.out / facts["run"]), open_run(lab.out / first["run"])
    np.testing.assert_array_equal(run.network.params["W1"], before.network.params["W1"])
    lab.close()


@pytest.mark.slow
def test_a_pace_is_kept_and_waiting_is_no_training(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=1)
    view.at("paused", 1)
    view.done("pace", mode="rate", rate=20)
    spent, began = lab.training.prepared.trainer.history.seconds, time.monotonic()
    view.done("step", updates=10)
    view.at("paused", 11)
    elapsed = time.monotonic() - began
    assert elapsed >= 9 / 20
    assert lab.training.prepared.trainer.history.seconds - spent < elapsed / 2


@pytest.mark.slow
def test_ten_views_leave_nothing_behind(lab: Lab, watch: Watch) -> None:
    threads = threading.active_count()
    lab.training.conductor.rate = 40.0
    lab.start(lab.recipe)
    for _ in range(3):
        views = [watch(lab) for _ in range(10)]
        for view in views:
            view.until(lambda facts: facts["viewers"] == 10 and facts["iteration"] > 0)
        for view in views:
            view.view.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > threads + 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= threads + 1
    assert lab.views == []


ENDS = """
import sys, time
from zerokara.lab import lesson_messages
from zerokara.lab.commands import COMMANDS
from zerokara.lab.core import Lab
from zerokara.lab.frames import Frames
from zerokara.training.recipe import Recipe
lab = Lab(Recipe(dataset="digits", iterations=10**6), out=sys.argv[1])
lab.connect(lambda message: None)
lab.training.conductor.rate = None
lab.start(lab.recipe)
while lab.training.conductor.iteration < 50:
    time.sleep(0.01)
if sys.argv[2] == "paused":
    lab.pause()
elif sys.argv[2] == "returning":
    lab.rewind(20)
"""


@pytest.mark.slow
@pytest.mark.parametrize("while_", ["running", "paused", "returning"])
def test_when_python_ends_the_run_is_whole(tmp_path: Path, while_: str) -> None:
    done = subprocess.run([sys.executable, "-c", ENDS, str(tmp_path), while_], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    run = open_run(tmp_path / "digits-001")
    assert run.state == "stopped"
    assert run.iterations >= 50
    straight = build_trainer(replace(run.recipe, epochs=None, iterations=run.iterations), run.dataset)
    straight.run()
    np.testing.assert_array_equal(run.network.params["W1"], straight.network.params["W1"])


def test_a_message_is_of_one_kind() -> None:
    tables = [COMMANDS, commands.QUESTIONS, QUESTIONS, lesson_messages.ANSWERS, *ANSWERS.values()]
    names = [name for table in tables for name in table]
    assert len(set(names)) == len(names)
