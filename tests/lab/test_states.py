"""States of the lab as TOML: copied, pasted, and refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.errors import UsageError
from zerokara.lab.core import Lab
from zerokara.lab.states import State, is_state
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change
from zerokara.training.recipe import Recipe

Watch = Callable[..., Any]
FILE = Path("state.toml")
SMALL = """
[network]
hidden = [12]
[data]
dataset = "digits"
[training]
iterations = 120
evaluate_every = 30
seed = 5
"""


def test_keys_of_very_many_parts_are_not_read_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tomllib` takes seconds for them, which whoever pastes a stranger's state would wait."""
    monkeypatch.setattr("zerokara.lab.states.tomllib.loads", lambda text: pytest.fail("it was read"))
    for text in ("state." + "a." * 200 + "a = 1", "[" + "a." * 200 + "a]", "draw = {" + "a." * 200 + "a = 1}"):
        with pytest.raises(UsageError, match="nested too deeply"):
            State.of_toml(text, FILE)
        assert not is_state(text)


def test_it_is_read_as_it_was_written() -> None:
    state = State(
        Recipe(dataset="digits", hidden=(9, 8), learning_rate=0.25),
        70,
        (Change(0, "learning_rate", 0.5), Change(40, "weight_decay", 1e-3)),
        "draw",
        25.5,
        True,
        {"probe": {"parameter": "W1", "index": [3, 4], "at": -0.1}, "draw": {"off": [[1, 2]], "other": {"x": "ｘ"}}},
    )
    assert State.of_toml(state.to_toml(), FILE) == state
    assert State.of_toml("", FILE) == State(Recipe())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x =\ny", r"state\.toml cannot be read: .*line 1"),
        ("[other]", r"has the tables \[network\], .*\[step\]\. Got \[other\]"),
        ("state = 3", r"state cannot be used\. Got 3\."),
        ("network = 3", r"a recipe has the tables"),
        ("[training]\nlearning_rate = -1", r"state\.toml cannot be used\. learning_rate must be a positive"),
        ("[training]\nhidden = [5]", r"a field of \[training\] must be one of"),
        ("[state]\nupdates = 3", r"a field of \[state\] must be one of .* Got 'updates'\. Did you mean update\?"),
        ("[state]\nupdate = -1", r"state\.update cannot be used\. Got -1\."),
        ("[state]\nupdate = true", r"state\.update cannot be used"),
        ("[state]\ntab = 'x'", r"state\.tab cannot be used\. Got 'x'\."),
        ("[state]\npace = nan", r"state\.pace cannot be used"),
        ("[state]\nrunning = 1", r"state\.running cannot be used"),
        ("[[state.changes]]\niteration = 1", r"state\.changes 1 cannot be used"),
        (
            "[[state.changes]]\niteration = 0\nfield = 'seed'\nvalue = 1",
            r"state\.changes 1 cannot be used\..*field must be one of learning_rate",
        ),
        (
            "[[state.changes]]\niteration = 0\nfield = 'learning_rate'\nvalue = 'x'",
            r"changes 1 cannot be used\..*learning_rate must be a positive number",
        ),
        (
            "[state]\nupdate = 3\n[[state.changes]]\niteration = 4\nfield = 'learning_rate'\nvalue = 1",
            r"changes 1 is at update 4\. Changes must be in the order of their updates, and none after update 3",
        ),
        ("[probe]\nat = inf", r"probe\.at cannot be used"),
        ("[probe]\nat = 1979-05-27", r"probe\.at cannot be used"),
        ("[probe]\n'../x' = 1", r"probe cannot be used"),
        ("[draw]\nink = '" + "x" * 9000 + "'", r"draw\.ink cannot be used"),
        ("[draw]\noff = " + "[" * 9 + "]" * 9, r"draw\.off cannot be used"),
        ("[draw]\noff = [" + "1," * 3000 + "]", r"draw\.off cannot be used"),
        ("[draw]\noff = " + "[" * 5000, r"cannot be read: "),
        ("[network]\nhidden = [100000, 100000]", r"larger than a state of the lab may have them"),
        ("[training]\nbatch_size = 100000000", r"larger than a state of the lab may have them"),
        ("state." + "a." * 20_000 + "a = 1", r"state\.toml cannot be used\. The file is nested too deeply\."),
        ("#" * 900_001, r"more than 900,000 characters"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s){message}"):
        State.of_toml(text, FILE)


def arrived(view: Any, answer: Any) -> dict[str, Any]:
    """The facts when the lab stands where an answer says."""
    where = answer.fields["where"]
    return view.until(
        lambda facts: (
            facts["training"] == where["training"]
            and facts["iteration"] == where["iteration"]
            and facts["state"] in ("paused", "untrained", "finished")
        )
    )


def weights(lab: Lab) -> dict[str, Any]:
    """Those that are shown."""
    return lab.subject().network.params


def test_a_state_that_is_pasted_has_the_same_weights_bit_for_bit(lab: Lab, watch: Watch, tmp_path: Path) -> None:
    view = watch(lab)
    view.done("change", field="learning_rate", value=0.4)
    view.done("step", updates=41)
    view.at("paused", 41)
    view.done("change", field="weight_decay", value=0.001)
    view.done("step", updates=30)
    view.at("paused", 71)
    view.done("change", field="learning_rate", value=0.2)
    view.until(lambda facts: len(facts["changes"]) == 3)
    chosen = {"probe": {"parameter": "W2", "at": 0.1234567890123, "samples": None}, "draw": {}, "step": {"stage": 2}}
    toml = view.ask("state", tab="probe", fields=chosen).fields["toml"]

    other = Lab(Recipe(dataset="digits"), out=tmp_path / "others", plots=False)
    there = watch(other)
    answer = there.ask("open_state", toml=toml)
    facts = arrived(there, answer)
    assert answer.fields["where"]["tab"] == "probe"
    kept = {"probe": {"parameter": "W2", "at": 0.1234567890123}, "step": {"stage": 2}}
    assert answer.fields["where"]["fields"] == kept
    assert facts["changes"] == view.facts["changes"]
    assert facts["settings"] == view.facts["settings"]
    assert facts["settings"]["learning_rate"] == 0.2, "that it will use, though it was changed at this very update"
    expected = weights(lab)
    assert {name: array.tobytes() for name, array in weights(other).items()} == {
        name: array.tobytes() for name, array in expected.items()
    }
    assert there.ask("state", tab="probe", fields=kept).fields["toml"] == toml

    straight = build_trainer(lab.recipe, lab.dataset, changes=[Change(**change) for change in facts["changes"]])
    while straight.iteration < 71:
        straight.advance(71)
    np.testing.assert_array_equal(straight.network.params["W1"], expected["W1"])
    for one in (view, there):
        one.done("pace", mode="full")
        one.done("go")
        one.at("finished", 120)
    np.testing.assert_array_equal(weights(lab)["W1"], weights(other)["W1"])
    other.close()


@pytest.mark.slow
def test_an_untrained_state_begins_no_run_and_one_that_is_there_already_none_either(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    facts = arrived(view, view.ask("open_state", toml=SMALL))
    assert facts["state"] == "untrained"
    assert not lab.out.exists()
    arrived(view, view.ask("open_state", toml=SMALL + "[state]\nupdate = 50"))
    first = view.facts["run"]
    assert len(list(lab.out.iterdir())) == 1
    assert view.facts["pace"] == {"mode": "rate", "rate": 500.0}, "whatever the way there was"
    arrived(view, view.ask("open_state", toml=SMALL + "[state]\nupdate = 50"))
    arrived(view, view.ask("open_state", toml=SMALL + "[state]\nupdate = 60\npace = 1000"))
    assert view.facts["run"] == first, "it went on"
    arrived(view, view.ask("open_state", toml=SMALL + "[state]\nupdate = 55"))
    assert view.facts["run"] != first
    assert lab.training.parent is None
    overlay = view.ask("overlay", run=first)
    assert overlay.fields["losses"]["updates"] == 60, "the one that was left can be drawn over it at once"
    lab.close()
    assert len(list(lab.out.iterdir())) == 2


@pytest.mark.slow
def test_a_training_that_somebody_began_is_asked_about_first_and_kept(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.done("step", updates=30)
    facts = view.at("paused", 30)
    asked = view.ask("open_state", toml=SMALL).fields
    run = facts["run"]
    assert asked["ask"] == (
        f"{run} is being trained. It would stop after update 30, and be kept. To go on with it later: "
        f"zerokara resume {lab.out / run}"
    )
    assert lab.training.conductor.at_rest
    arrived(view, view.ask("open_state", toml=SMALL, confirmed=True))
    lab.close()
    assert (lab.out / run / "run.json").exists()
    assert '"stopped"' in (lab.out / run / "run.json").read_text()


@pytest.mark.slow
def test_a_state_that_runs_is_not_paused(lab: Lab, watch: Watch) -> None:
    view = watch(lab)
    view.ask("open_state", toml=SMALL + "[state]\nupdate = 60\npace = 40\nrunning = true")
    facts = view.until(lambda facts: facts["iteration"] >= 61)
    assert facts["state"] == "running"
    assert facts["pace"] == {"mode": "rate", "rate": 40}
    assert facts["until"] is None
    view.done("pause")
    assert view.at("paused")["iteration"] < 120


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL + "[state]\nupdate = 121", "Update 121 of this state is never done: its training has 120"),
        ("[data]\ndataset = '/etc'", "of data that have no name, but a place: /etc. Open the lab with them first"),
        (SMALL.replace("seed = 5", "momentum = 0.5"), "momentum"),
    ],
)
def test_what_cannot_be_gone_to_changes_nothing(lab: Lab, watch: Watch, text: str, message: str) -> None:
    view, before = watch(lab), lab.training
    assert message in view.refused("open_state", toml=text)
    assert lab.training is before
    assert lab.recipe.seed == 3


@pytest.mark.slow
def test_digits_take_the_place_of_data_that_are_not_here(
    lab: Lab, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    view = watch(lab)
    text = "[network]\nhidden = [7]\n[data]\ndataset = 'kmnist'\n[training]\niterations = 50\n"
    text += "[state]\nupdate = 10\n[probe]\nparameter = 'W1'\nindex = [700, 3]\nh = 0.01"
    answer = view.ask("open_state", toml=text)
    facts = arrived(view, answer)
    assert answer.fields["where"]["fields"] == {"probe": {"parameter": "W1", "h": 0.01}}
    assert facts["dataset"]["name"] == "digits"
    assert "shown instead of kmnist" in facts["dataset"]["note"]


def test_only_who_steers_opens_one(lab: Lab, watch: Watch) -> None:
    watch(lab)
    second = watch(lab)
    assert "Another page steers" in second.refused("open_state", toml=SMALL)
    assert second.ask("state", tab="train", fields={}).type == "state"
