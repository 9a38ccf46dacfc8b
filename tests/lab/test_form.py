"""The recipe as a form, against the recipe itself and the command line that trains by it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from zerokara.cli.app import app
from zerokara.lab.form import command_of, filled, form
from zerokara.nn.activations import ACTIVATIONS
from zerokara.training.recipe import Recipe

UNUSUAL = Recipe(
    dataset="/data/my digits' set",
    hidden=(30, 20),
    activation="tanh",
    init=0.05,
    gradient="numerical",
    optimizer="momentum",
    momentum=0.8,
    weight_decay=1e-5,
    epochs=3,
    sampling="epoch",
    seed=7,
)


def values_of(recipe: Recipe) -> dict[str, str]:
    return {one["name"]: one["value"] for one in form(recipe)}


@pytest.mark.parametrize("recipe", [Recipe(), UNUSUAL, UNUSUAL.resolved(), Recipe(init="he", learning_rate=1e-05)])
def test_what_stands_in_it_is_the_recipe(recipe: Recipe) -> None:
    answer = filled(values_of(recipe))
    assert (answer.recipe, answer.errors) == (recipe, {})
    told = answer.to_json(per_epoch=600)
    assert told["toml"] == recipe.resolved().to_toml()
    assert told["updates"] == recipe.resolved().total(600)


def test_it_has_every_field_with_its_help_and_choices() -> None:
    shown = {one["name"]: one for one in form(Recipe())}
    assert list(shown) == [f.name for f in fields(Recipe)]
    assert {one["kind"] for one in shown.values()} == {"whole", "number", "sizes", "text", "choice"}
    assert shown["hidden"]["default"] == "50"
    assert shown["learning_rate"]["resolved"] == "0.1"
    assert shown["activation"]["choices"] == list(ACTIVATIONS)
    assert shown["dataset"]["choices"][0] == "digits"
    assert all(one["help"].endswith(".") for one in shown.values())


def test_a_name_that_somebody_has_added_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["relu"])
    assert "mine" in next(one for one in form(Recipe()) if one["name"] == "activation")["choices"]
    assert filled({"activation": "mine"}).recipe == Recipe(activation="mine")


@pytest.mark.parametrize("recipe", [Recipe(), UNUSUAL, Recipe(dataset="--help", seed=2)])
def test_the_command_says_what_differs_from_the_defaults_and_no_more(recipe: Recipe) -> None:
    words = shlex.split(command_of(recipe))
    assert words[:2] == ["zerokara", "train"]
    _, bound, _ = app.parse_args(words[1:], print_error=False, exit_on_error=False)
    given = bound.arguments.get("options", {}) | {k: v for k, v in bound.arguments.items() if k != "options"}
    assert os.path.normpath(given.pop("dataset", "mnist")) == recipe.dataset
    assert Recipe(dataset=recipe.dataset, **given) == recipe
    others = {name: value for name, value in asdict(recipe).items() if name != "dataset"}
    assert len(given) == sum(value != getattr(Recipe(), name) for name, value in others.items())


REFUSED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no number": ({"seed": "two"}, {"seed": "seed must be a whole number from 0 to 2**63 - 1. Got 'two'."}),
    "negative": (
        {"learning_rate": "-1", "batch_size": "0"},
        {
            "learning_rate": "learning_rate must be a positive number. Got -1.0.",
            "batch_size": "batch_size must be a positive whole number. Got 0.",
        },
    ),
    "not finite": ({"learning_rate": "nan"}, {"learning_rate": "learning_rate must be a positive number. Got nan."}),
    "sizes": (
        {"hidden": "50,x"},
        {"hidden": "hidden must be one or more positive whole numbers, such as 50 or 100,50. Got '50,x'."},
    ),
    "both lengths": (
        {"iterations": "5", "epochs": "6"},
        dict.fromkeys(("iterations", "epochs"), "Give iterations or epochs, not both. Got 5 and 6."),
    ),
    "another optimizer's": (
        {"momentum": "0.5"},
        {"momentum": "momentum is not a setting of sgd, which has learning_rate."},
    ),
    "unknown field": ({"color": "red"}, {"": "color is no field of a recipe."}),
    "no text": ({"seed": 5}, {"seed": "seed cannot be used. Got '5'."}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_stands_at_its_field(case: str) -> None:
    values, errors = REFUSED[case]
    answer = filled(values)
    assert answer.recipe is None
    assert dict(answer.errors) == errors


def test_hostile_values_are_refused() -> None:
    for value in ("9" * 5_000, "x" * 2_000, ["50"], None, {"a": 1}, "1e999", "\0", "٣" * 3):
        for name in ("hidden", "dataset", "init", "seed", "learning_rate", "dtype"):
            answer = filled({name: value})
            assert answer.recipe is None or isinstance(value, str), (name, value)
            assert all(len(text) < 2_500 for text in answer.errors.values())


def test_help_is_in_the_language_that_is_spoken(marked: Callable[[str], Any], tmp_path: Path) -> None:
    assert all(one["help"].startswith("⟦") for one in form(Recipe()))
    for text in filled({"seed": "two", "color": "red"}).errors.values():
        assert text.count("⟦") == 1
