"""From a recipe and a data set to a trainer, with no folder and no other state."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from zerokara.data import load
from zerokara.engine.reference import ReferenceEngine
from zerokara.errors import EngineError, UsageError
from zerokara.nn import Network
from zerokara.nn.activations import ACTIVATIONS
from zerokara.training.batches import WEIGHTS, Batches, generator
from zerokara.training.build import build_network, build_trainer, network_of_sizes
from zerokara.training.events import Event
from zerokara.training.optimizers import Adam
from zerokara.training.recipe import Recipe, RecipeOptions
from zerokara.training.trainer import Trainer

RECIPE = Recipe(
    hidden=(5, 4), activation="tanh", optimizer="adam", batch_size=50, epochs=2, weight_decay=0.01, seed=3,
    dtype="float64",
)  # fmt: skip


def test_a_built_trainer_is_the_one_put_together_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    digits = load("digits")
    network = Network(
        [64, 5, 4, 10], activation="tanh", weight_decay=0.01, seed=generator(3, WEIGHTS), dtype=np.float64
    )
    by_hand = Trainer(
        network=network,
        optimizer=Adam(),
        dataset=digits,
        batches=Batches(1438, 50, "replacement", 3),
        engine=ReferenceEngine(),
        iterations=58,  # twice ⌈1438 / 50⌉
        evaluate_every=29,
    )
    built = build_trainer(RECIPE, digits, engine="reference")
    np.testing.assert_array_equal(built.run().losses, by_hand.run().losses)
    assert built.history.evaluations == by_hand.history.evaluations
    for name, array in network.params.items():
        np.testing.assert_array_equal(built.network.params[name], array, strict=True)
    assert list(tmp_path.iterdir()) == []


def test_a_network_needs_no_data_where_its_sizes_are_known() -> None:
    one, other = build_network(RECIPE, load("digits")), network_of_sizes(RECIPE, [64, 5, 4, 10])
    assert (one.weight_decay, repr(one)) == (0.01, repr(other))
    for name, array in one.params.items():
        np.testing.assert_array_equal(other.params[name], array, strict=True)


def test_listeners_are_given_once_and_hear_every_run() -> None:
    heard: list[Event] = []
    given = [heard.append]
    trainer = build_trainer(Recipe(iterations=2, hidden=2), load("digits"), listeners=given)
    given.clear()
    trainer.run()
    assert [type(event).__name__ for event in heard] == [
        "Started",
        "Evaluated",
        "Advanced",
        "Advanced",
        "Evaluated",
        "Ended",
    ]
    assert isinstance(trainer.listeners, tuple)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"listeners": print},
            "listeners must be a list of functions that take an event. Got <built-in function print>.",
        ),
        (
            {"listeners": [print, 3]},
            "listeners must be a list of functions that take an event. Got [<built-in function",
        ),
        ({"listeners": "print"}, "listeners must be a list of functions that take an event. Got 'print'."),
        ({"listeners": None}, "listeners must be a list of functions that take an event. Got None."),
        ({"keep_going": 1}, "keep_going must be True or False. Got 1."),
        ({"engine": 5}, "engine must be one of auto, compiled, reference. Got 5."),
        ({"threads": "2"}, "threads must be a whole number from 1 to 1024. Got '2'."),
    ],
)
def test_arguments_of_another_type_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        build_trainer(Recipe(), load("digits"), **options)


def test_what_the_compiled_engine_does_not_know_is_refused_or_trained_by_the_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Cube:
        """x³: an activation that only `nn` knows."""

        def forward(self, x: Any) -> Any:
            self.x = x
            return x**3

        def backward(self, dout: Any) -> Any:
            return dout * 3 * self.x**2

    monkeypatch.setitem(ACTIVATIONS, "cube", Cube)
    recipe = Recipe(activation="cube", iterations=3, hidden=3)
    with caplog.at_level("INFO", logger="zerokara"):
        assert build_trainer(recipe, load("digits")).engine.name == "reference"
    assert re.search(r"reference engine for <Network 64-3-10.*>: .*cube", caplog.text), "and it says why"
    with pytest.raises(EngineError, match=r"'?cube'?"):
        build_trainer(recipe, load("digits"), engine="compiled")


def test_the_typed_keywords_are_the_fields_of_a_recipe() -> None:
    """`zerokara.train(hidden=…)` takes what `Recipe(hidden=…)` does, and the data set by itself."""
    of_recipe, of_options = get_type_hints(Recipe), get_type_hints(RecipeOptions)
    assert set(of_options) == {f.name for f in fields(Recipe)} - {"dataset"}
    assert {name for name in of_options if of_options[name] != of_recipe[name]} == {"hidden"}, "which takes more"
    assert not RecipeOptions.__required_keys__
