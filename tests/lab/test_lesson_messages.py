"""Lessons from a view's side: what a page asks and is told, with real training below it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.lab.core import Lab
from zerokara.training.recipe import Recipe
from zerokara.words import set_language

Watch = Callable[..., Any]
STATE = """
[network]
hidden = [12]
[data]
dataset = "digits"
[training]
iterations = 120
evaluate_every = 30
seed = 5
"""
FILES = {
    "lesson.toml": """
[[step]]
name = "slow"
begin = "untrained"
show = "trained"
predict = { number = "test_accuracy", near = 0.3, format = ".0%" }

[[step]]
name = "fast"
begin = "faster"
predict = ["better", "worse"]
do = "learning_rate < start.learning_rate and update == 60"
came = [{ choice = "better", when = "loss < slow.loss" }, { choice = "worse" }]
overlay = "slow"

[[step]]
name = "end"
tab = "draw"
""",
    "untrained.toml": STATE,
    "trained.toml": STATE + "[state]\nupdate = 60\n",
    "faster.toml": STATE + "learning_rate = 0.5\n[state]\ntab = 'probe'\nupdate = 60\n[probe]\nh = 0.01\n",
    "en.md": """# Two rates
## slow
### Prediction
How many are read rightly after 60 updates?
### What came
{test_accuracy:.1%} after {update} updates, with {samples:,} samples.
## fast
After {slow.update} updates the loss was {slow.loss:.3f}.
### Prediction
And with five times the rate?
- better: Less than {slow.loss:.2f}.
- worse: More.
### Action
Lower the rate.
### What came
{slow.loss / loss:.1f} times less.
## end
That was all: {fast.loss:.3f}.
""",
    "ja.md": """# 二つの学習率
## slow
### Prediction
何割?
## fast
### Prediction
五倍では?
- better: 小さい。
- worse: 大きい。
### Action
下げる。
## end
おわり。
""",
}


@pytest.fixture
def taught(tmp_path: Path) -> Iterator[Lab]:
    """A lab with a lesson of somebody's own."""
    folder = tmp_path / "lessons" / "two-rates"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    lab = Lab(Recipe(dataset="digits", hidden=12), out=tmp_path / "runs", plots=False, lessons=tmp_path / "lessons")
    yield lab
    set_language("en")
    lab.close()


class Learner:
    """Asks what a page asks."""

    def __init__(self, view: Any) -> None:
        self.view, self.before = view, {}

    def ask(self, type: str, step: int, **more: Any) -> dict[str, Any]:
        answer = self.view.ask(type, lesson="two-rates", step=step, before=self.before, **more)
        assert answer.type == type, answer.fields
        return {name: value for name, value in answer.fields.items() if name not in ("id", "view")}

    def measured(self, step: int, **more: Any) -> dict[str, Any]:
        """As soon as it is done."""
        start, deadline = None, time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = self.ask("lesson_measure", step, start=start, **more)
            if answer["done"]:
                self.before[("slow", "fast", "end")[step]] = answer["values"]
                return answer
            start = answer["start"]
            time.sleep(0.02)
        raise AssertionError(answer)

    def until_started(self, step: int) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = self.ask("lesson_measure", step, start=None, fields={})
            assert not answer["done"]
            if answer["start"] is not None:
                return answer["start"]
            time.sleep(0.02)
        raise AssertionError(answer)


def test_a_lesson_from_its_beginning_to_its_end(taught: Lab, watch: Watch) -> None:
    learner = Learner(watch(taught))
    listed = learner.view.ask("lessons").fields
    assert listed["lessons"][0] == {"name": "two-rates", "title": "Two rates", "about": "", "own": True}
    assert listed["problems"] == []
    whole = learner.view.ask("lesson", lesson="two-rates").fields
    assert (whole["title"], whole["steps"]) == ("Two rates", ["slow", "fast", "end"])

    step = learner.ask("lesson_step", 0)
    where = step.pop("where")
    assert step == {
        "lesson": "two-rates",
        "step": 0,
        "name": "slow",
        "last": False,
        "text": "",
        "predict": {"question": "How many are read rightly after 60 updates?", "unit": "%"},
        "shows": True,
        "action": "",
    }
    assert (where["tab"], where["iteration"], where["fields"], where["running"]) == ("train", 0, {}, False)
    assert not taught.out.exists(), "nothing is trained before the prediction"
    shown = learner.ask("lesson_show", 0)
    assert (shown["where"]["iteration"], shown["overlay"]) == (60, None)
    came = learner.measured(0, prediction=50, fields={})
    accuracy = taught.training.evaluations.latest.test_accuracy
    first = taught.training.curve.piece().smoothed[-1]
    run = taught.training.folder.name
    assert came["values"] == {"test_accuracy": accuracy, "update": 60, "samples": 1438, "loss": first, "run": run}
    assert came["text"] == f"{accuracy:.1%} after 60 updates, with 1,438 samples."
    assert (came["predicted"], came["came"], came["right"]) == ("50%", f"{accuracy:.0%}", abs(accuracy - 0.5) <= 0.3)

    step = learner.ask("lesson_step", 1)
    assert step["text"] == f"After 60 updates the loss was {first:.3f}."
    assert step["predict"]["choices"] == [
        {"name": "better", "text": f"Less than {first:.2f}."},
        {"name": "worse", "text": "More."},
    ]
    assert (step["where"]["tab"], step["where"]["fields"]) == ("probe", {"probe": {"h": 0.01}})
    assert learner.ask("lesson_show", 1) == {"where": None, "overlay": run}
    assert learner.view.ask("overlay", run=run).fields["losses"]["updates"] == 60
    start = learner.until_started(1)
    assert start == {"learning_rate": 0.5}
    assert learner.ask("lesson_measure", 1, start=start, fields={}) == {"done": False, "start": start}
    learner.view.done("change", field="learning_rate", value=0.25)
    learner.view.until(lambda facts: facts["settings"]["learning_rate"] == 0.25)
    came = learner.ask("lesson_measure", 1, start=start, prediction="worse", fields={})
    loss = taught.training.curve.piece().smoothed[-1]
    assert came["values"] == {"loss": loss, "learning_rate": 0.25, "update": 60}
    assert loss < first
    assert (came["predicted"], came["came"], came["right"]) == ("More.", f"Less than {first:.2f}.", False)
    assert came["text"] == f"{first / loss:.1f} times less."
    learner.before["fast"] = came["values"]

    step = learner.ask("lesson_step", 2)
    assert (step["last"], step["predict"], step["shows"], step["action"]) == (True, None, False, "")
    assert step["text"] == f"That was all: {loss:.3f}."
    assert step["where"] == {"tab": "draw", "fields": None, "iteration": None, "training": None, "running": False}
    came = learner.measured(2, prediction=None, fields={})
    assert (came["values"], came["text"], came["predicted"], came["right"]) == ({}, "", "", None)


@pytest.mark.slow
def test_without_a_prediction_nothing_is_compared_and_a_wrong_one_is_none(taught: Lab, watch: Watch) -> None:
    learner = Learner(watch(taught))
    learner.ask("lesson_step", 0)
    learner.ask("lesson_show", 0)
    for prediction in (None, "many", True, float("nan"), [1]):
        came = learner.measured(0, prediction=prediction, fields={})
        assert (came["predicted"], came["right"]) == ("", None)


def test_it_speaks_the_language_that_is_spoken(taught: Lab, watch: Watch) -> None:
    learner = Learner(watch(taught))
    set_language("ja")
    assert learner.view.ask("lesson", lesson="two-rates").fields["title"] == "二つの学習率"
    assert learner.ask("lesson_step", 0)["predict"]["question"] == "何割?"
    set_language("ko")
    assert learner.view.ask("lesson", lesson="two-rates").fields["title"] == "Two rates", "there is no Korean"


@pytest.mark.slow
def test_somebodys_training_is_not_stopped_unasked(taught: Lab, watch: Watch) -> None:
    learner = Learner(watch(taught))
    learner.view.done("go")
    learner.view.until(lambda facts: facts["iteration"] > 0)
    asked = learner.ask("lesson_step", 0)
    assert list(asked) == ["ask"]
    assert "digits-001 is being trained. It would stop after update" in asked["ask"]
    assert taught.training.state == "running"
    assert learner.ask("lesson_step", 0, confirmed=True)["name"] == "slow"
    learner.ask("lesson_show", 0)
    taught.close()
    assert sorted(path.name for path in taught.out.iterdir()) == ["digits-001", "digits-002"]


REFUSED = [
    ("lesson", {}, "lesson cannot be used"),
    ("lesson", {"lesson": "../two-rates"}, "lesson must be one of two-rates,"),
    ("lesson_step", {"lesson": "two-rates", "step": 3}, "step cannot be used. Got 3."),
    ("lesson_step", {"lesson": "two-rates", "step": -1}, "step cannot be used"),
    ("lesson_step", {"lesson": "two-rates", "step": 0, "before": 3}, "before cannot be used"),
    ("lesson_measure", {"lesson": "two-rates", "step": 2, "before": {"slow": 3}}, "before cannot be used"),
    (
        "lesson_measure",
        {"lesson": "two-rates", "step": 2, "before": {"slow": {"loss": []}}},
        "before cannot be used",
    ),
    ("lesson_measure", {"lesson": "two-rates", "step": 2, "before": {"slow": {"x": "x" * 999}}}, "before cannot"),
    ("lesson_measure", {"lesson": "two-rates", "step": 2, "fields": {"probe": 3}}, "probe cannot be used"),
    ("state", {"tab": "x", "fields": {}}, "tab must be one of train, draw, probe, step"),
    ("state", {"tab": "draw", "fields": {"draw": {"ink": "x" * 9000}}}, "draw.ink cannot be used"),
    ("open_state", {"toml": 3}, "toml cannot be used"),
]


def test_what_a_page_may_not_ask_is_a_sentence(taught: Lab, watch: Watch) -> None:
    view = watch(taught)
    for type, fields, message in REFUSED:
        assert message in view.refused(type, **fields)


def test_a_page_that_only_looks_on_does_not_go_anywhere(taught: Lab, watch: Watch) -> None:
    watch(taught)
    second = watch(taught)
    for type in ("lesson_step", "lesson_show"):
        assert "Another page steers" in second.refused(type, lesson="two-rates", step=0)
    assert second.ask("lessons").type == "lessons"


def test_a_broken_lesson_of_a_folder_is_said_and_the_others_are_there(
    taught: Lab, watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "lessons" / "two-rates" / "en.md").write_text("# Two rates")
    answer = watch(taught).ask("lessons").fields
    assert [one["name"] for one in answer["lessons"]][:1] == ["what-loss-is"]
    (problem,) = answer["problems"]
    assert "en.md: step slow has no text." in problem
