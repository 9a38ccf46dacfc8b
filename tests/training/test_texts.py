"""What this room tells a user: each text is one whole sentence, translated when it is shown; refusals have a code."""

import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

import pytest

from zerokara.data import load
from zerokara.errors import UsageError
from zerokara.training.batches import Batches
from zerokara.training.build import build_trainer
from zerokara.training.history import Evaluation, History, undecided_in_words
from zerokara.training.optimizers import OPTIMIZERS, SGD, Optimizer, optimizer_named
from zerokara.training.recipe import Recipe, parse_toml, read_toml
from zerokara.words import sentence

WHOLE = r"⟦[^⟦⟧]+⟧( ⟦[^⟦⟧]+⟧)*"
"""Sentences one after the other, with nothing beside them."""


@dataclass
class Bare(Optimizer):
    name: ClassVar[str] = "bare"

    def step(self, p, g):
        p -= self.learning_rate * g


def without_pandas():
    with patch.dict(sys.modules, {"pandas": None}):
        History().to_pandas()


def toml(text):
    return lambda: Recipe.from_values(parse_toml(text, Path("recipe.toml")))


REFUSALS = {
    "samples": (lambda: Batches(3, 10, "epoch", 0), "wrong-value"),
    "sampling": (lambda: Batches(3, 1, "epochs", 0), "unknown-name"),
    "keep_going": (lambda: build_trainer(Recipe(), load("digits"), keep_going=1), "wrong-value"),
    "listeners": (lambda: build_trainer(Recipe(), load("digits"), listeners=3), "wrong-value"),
    "pandas": (without_pandas, "missing-package"),
    "optimizer": (lambda: optimizer_named("adma"), "unknown-name"),
    "no optimizer": (lambda: optimizer_named("none"), "wrong-value"),
    "setting": (lambda: optimizer_named("adam", momentum=0.9), "unknown-name"),
    "no setting": (lambda: optimizer_named("bare"), "missing-argument"),
    "rate": (lambda: SGD(-1), "wrong-value"),
    "share": (lambda: optimizer_named("momentum", momentum=1), "wrong-value"),
    "integer": (lambda: Recipe(batch_size=0), "wrong-value"),
    "seed": (lambda: Recipe(seed=-1), "wrong-value"),
    "positive": (lambda: Recipe(learning_rate=0), "wrong-value"),
    "decay": (lambda: Recipe(weight_decay=-1), "wrong-value"),
    "momentum": (lambda: Recipe(optimizer="momentum", momentum=2), "wrong-value"),
    "hidden": (lambda: Recipe(hidden=(50, 0)), "wrong-value"),
    "no hidden": (lambda: Recipe(hidden=()), "wrong-value"),
    "dataset": (lambda: Recipe(dataset=""), "wrong-value"),
    "init": (lambda: Recipe(init="glorot"), "unknown-name"),
    "init number": (lambda: Recipe(init=-0.1), "wrong-value"),
    "activation": (lambda: Recipe(activation="rleu"), "unknown-name"),
    "no activation": (lambda: Recipe(activation=3), "wrong-value"),
    "two lengths": (lambda: Recipe(iterations=5, epochs=2), "wrong-recipe"),
    "precision": (lambda: Recipe(gradient="numerical", dtype="float32"), "wrong-recipe"),
    "field": (lambda: Recipe.from_values({"learnin_rate": 1}), "unknown-name"),
    "file": (lambda: read_toml(Path("no such file.toml")), "wrong-recipe"),
    "syntax": (toml("[network\n"), "wrong-recipe"),
    "table": (toml("[trainig]\n"), "wrong-recipe"),
    "field of a table": (toml("[training]\nlearnin_rate = 1\n"), "unknown-name"),
}


@pytest.mark.parametrize(("refused", "code"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_whole_sentences_with_a_code(refused, code, marked, monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "bare", Bare)
    monkeypatch.setitem(OPTIMIZERS, "none", None)
    with pytest.raises(UsageError, match=f"^{WHOLE}$") as refusal:
        refused()
    assert refusal.value.code == code


def test_a_field_of_a_file_is_named_with_the_file_and_its_table():
    with pytest.raises(
        UsageError, match=r"^recipe\.toml: a field of \[data\] must be one of dataset, samples\. Got 'seed'\.$"
    ):
        toml("[data]\nseed = 1\n")()


def test_no_layer_at_all_is_shown_as_it_was_given():
    with pytest.raises(UsageError, match=r"such as 50 or 100,50\. Got \(\)\.$"):
        Recipe(hidden=())


@pytest.mark.parametrize("field", fields(Recipe), ids=lambda field: field.name)
def test_help_is_translated_when_it_is_shown_and_repeats_no_label(field, marked):
    """The command line shows names and default beside it."""
    help = field.metadata["help"]
    assert re.fullmatch(WHOLE, sentence(help))
    assert help.endswith(".")
    assert "⟦" not in help
    for label in ("[default", "[choices", "One of"):
        assert label not in help
    if field.default is not None and field.metadata["rule"] is None:
        assert str(field.default) not in help


def test_the_head_of_a_history_in_a_notebook_is_words_and_all_else_numbers(marked):
    table = History(evaluations=[Evaluation(0, 0.0, 2.3, 0.1, 0.1)])._repr_html_()
    heads = re.findall("<th>(.*?)</th>", table)
    assert len(heads) == 5
    assert all(re.fullmatch(WHOLE, head) for head in heads)
    assert all(re.fullmatch(r"[\d.,]+", cell) for cell in re.findall("<td>(.*?)</td>", table))


@pytest.mark.parametrize(
    ("undecided", "told"),
    [
        ({}, ""),
        ({"test": (1, 359)}, "1 of 359 test images has no finite score."),
        ({"training": (2, 1438)}, "2 of 1,438 training images have no finite score."),
        ({"training": (1, 2), "test": (10_000, 10_000)}, "10,000 of 10,000 test images have no finite score."),
    ],
)
def test_images_without_a_score_are_told_in_a_sentence(undecided, told):
    assert undecided_in_words(undecided) == told


def test_images_without_a_score_are_told_in_the_language_that_is_spoken(marked):
    for name in ("training", "test"):
        assert re.fullmatch(WHOLE, undecided_in_words({name: (1, 2)}))
        assert re.fullmatch(WHOLE, undecided_in_words({name: (2, 2)}))
