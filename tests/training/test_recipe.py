"""The recipe: what each field takes and refuses, the sentence it refuses with, and TOML there and back."""

import re
import tomllib
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy as np
import pytest

from zerokara.errors import UsageError
from zerokara.nn.activations import ACTIVATIONS
from zerokara.nn.functions import LOSSES
from zerokara.runs.provenance import recorded_recipe
from zerokara.training.batches import SAMPLINGS
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import DTYPES, GRADIENTS, Recipe, read_toml

POSITIVE_INTEGER = "must be a positive whole number"
NUMBER = "must be a positive number"
SHARE = "must be at least 0 and less than 1"
NOT_POSITIVE_INTEGERS = [0, -1, 1.0, 2.5, "3", True, float("nan"), [1]]
NOT_POSITIVE = [0, 0.0, -0.1, float("nan"), float("inf"), "0.1", True, [0.1]]
NOT_A_SHARE = [-0.1, 1, 1.5, float("nan"), "0.9", False]

# field: (options it needs beside it, legal values, illegal values, the sentence about those)
RULES = {
    "dataset": ({}, ["mnist", "./my pictures", Path("here")], ["", 1, None, ["digits"]], "must be the name of a data"),
    "samples": ({}, [1, 300, np.int64(7), None], NOT_POSITIVE_INTEGERS, POSITIVE_INTEGER),
    "hidden": (
        {}, [50, (100, 50), [1], np.int64(3)], [(), 0, -5, 1.5, "50", (50, 0), (50, "x"), True, None],
        "must be one or more positive whole numbers, such as 50 or 100,50",
    ),
    "activation": ({}, ["relu", "sigmoid", "tanh"], ["rleu", "", None, ["relu"]], "must be one of relu, sigmoid, tanh"),
    "init": (
        {}, ["auto", "he", "xavier", 0, 0.01, 3, np.float32(0.5)], ["glorot", "0.01", -0.1, float("nan"), None, True],
        "must be a standard deviation of 0 or more, or one of auto, he, xavier",
    ),
    "loss": ({}, ["cross-entropy", "textbook", "squared"], ["mse", None, 2], "must be one of cross-entropy, "),
    "dtype": ({}, [*DTYPES, None], ["float16", "double", 32], "must be one of float32, float64"),
    "gradient": ({}, GRADIENTS, ["numeric", None, 0], "must be one of backprop, numerical"),
    "optimizer": ({}, OPTIMIZERS, ["adm", None, 0], "must be one of sgd, momentum, "),
    "learning_rate": ({}, [0.1, 5, 1e-9, np.float64(0.1), None], NOT_POSITIVE, NUMBER),
    "momentum": ({"optimizer": "nesterov"}, [0, 0.5, 0.999, None], NOT_A_SHARE, SHARE),
    "decay": ({"optimizer": "rmsprop"}, [0, 0.5, None], NOT_A_SHARE, SHARE),
    "beta1": ({"optimizer": "adam"}, [0, 0.5, None], NOT_A_SHARE, SHARE),
    "beta2": ({"optimizer": "adam"}, [0, 0.5, None], NOT_A_SHARE, SHARE),
    "weight_decay": ({}, [0.001, 1, 0, np.float32(0.5)], [-0.1, float("nan"), float("inf"), "0.1", True, None],
                     "must be 0 or a positive number"),
    "batch_size": ({}, [1, 100, np.int32(7)], [*NOT_POSITIVE_INTEGERS, None], POSITIVE_INTEGER),
    "iterations": ({}, [1, 10_000, None], NOT_POSITIVE_INTEGERS, POSITIVE_INTEGER),
    "epochs": ({}, [1, 17, None], NOT_POSITIVE_INTEGERS, POSITIVE_INTEGER),
    "sampling": ({}, SAMPLINGS, ["epochs", None, 3], "must be one of replacement, distinct, epoch"),
    "evaluate_every": ({}, [1, 600, None], NOT_POSITIVE_INTEGERS, POSITIVE_INTEGER),
    "seed": ({}, [0, 2**63 - 1, np.uint8(3)], [-1, 2**63, 0.5, "0", True, None], "must be a whole number from 0 to 2"),
}  # fmt: skip


def test_every_field_has_rules_here():
    assert list(RULES) == [f.name for f in fields(Recipe)]


LEGAL = [(name, value) for name, (_, legal, _, _) in RULES.items() for value in legal]
ILLEGAL = [(name, value) for name, (_, _, illegal, _) in RULES.items() for value in illegal]


@pytest.mark.parametrize(("name", "value"), LEGAL, ids=str)
def test_legal_values_are_kept_and_survive_toml(name, value, tmp_path):
    recipe = Recipe(**{**RULES[name][0], name: value})
    recorded = getattr(recipe, name)
    assert recorded in (value, (value,), str(value)) or recorded == tuple(np.atleast_1d(value))
    assert Recipe.from_values(read_toml(written(tmp_path, recipe.to_toml()))) == recipe


@pytest.mark.parametrize(("name", "value"), ILLEGAL, ids=str)
def test_illegal_values_are_refused_with_the_field_the_rule_and_the_value(name, value):
    with pytest.raises(UsageError, match=f"^{name} {RULES[name][3]}") as refusal:
        Recipe(**{**RULES[name][0], name: value})
    shown = ",".join(map(repr, value)) if name == "hidden" and isinstance(value, tuple) else str(value)
    assert re.search(rf"Got .*{re.escape(shown)}", str(refusal.value))
    assert "\n" not in str(refusal.value)


def test_equal_recipes_are_written_alike():
    """However their numbers were typed: the file of a run depends on nothing else."""
    plain = Recipe(hidden=50, init=1.0, learning_rate=1.0, batch_size=10, seed=3)
    clothed = Recipe(
        hidden=[np.int64(50)], init=1, learning_rate=np.float64(1), batch_size=np.int32(10), seed=np.uint8(3)
    )
    assert plain == clothed
    assert plain.to_toml() == clothed.to_toml()
    assert plain.resolved().to_toml() == clothed.resolved().to_toml()


def test_a_recipe_cannot_be_changed_but_replaced():
    recipe = Recipe()
    with pytest.raises(FrozenInstanceError):
        recipe.seed = 1  # type: ignore[misc]
    assert replace(recipe, seed=1).seed == 1
    with pytest.raises(UsageError, match="seed must be"):
        replace(recipe, seed=-1)


# What depends on more than one field


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 5, "epochs": 2}, r"Give iterations or epochs, not both\. Got 5 and 2\."),
        (
            {"gradient": "numerical", "dtype": "float32"},
            r"gradient numerical needs dtype float64: in float32 .* rounding",
        ),
        ({"momentum": 0.9}, r"momentum is not a setting of sgd, which has learning_rate\."),
        (
            {"optimizer": "adam", "decay": 0.9},
            r"decay is not a setting of adam, which has learning_rate, beta1, beta2\.",
        ),
    ],
)
def test_fields_that_do_not_go_together(options, words):
    with pytest.raises(UsageError, match=words):
        Recipe(**options)


def test_a_name_that_is_no_field():
    with pytest.raises(
        UsageError, match=r"field must be one of dataset, .*Got 'learnin_rate'. Did you mean learning_rate\?"
    ):
        Recipe.from_values({"learnin_rate": 0.1})


@pytest.mark.parametrize(
    ("options", "filled"),
    [
        ({}, {"iterations": 10_000, "epochs": None, "learning_rate": 0.1, "momentum": None, "dtype": "float32"}),
        ({"dataset": "fashion-mnist"}, {"iterations": 10_000, "epochs": None}),
        ({"dataset": "digits"}, {"iterations": None, "epochs": 100}),
        ({"dataset": "my/folder"}, {"iterations": None, "epochs": 100}),
        ({"epochs": 3}, {"iterations": None, "epochs": 3}),
        ({"dataset": "digits", "iterations": 3}, {"iterations": 3, "epochs": None}),
        ({"gradient": "numerical"}, {"dtype": "float64"}),
        ({"dtype": "float64"}, {"dtype": "float64", "gradient": "backprop"}),
        ({"optimizer": "momentum"}, {"learning_rate": 0.01, "momentum": 0.9}),
        ({"optimizer": "adam", "beta1": 0.5}, {"learning_rate": 0.001, "beta1": 0.5, "beta2": 0.999, "decay": None}),
        ({"optimizer": "rmsprop", "learning_rate": 0.5}, {"learning_rate": 0.5, "decay": 0.9}),
    ],
)
def test_resolved_fills_in_what_depends_on_other_fields(options, filled):
    resolved = Recipe(**options).resolved()
    assert {name: getattr(resolved, name) for name in filled} == filled
    assert resolved.resolved() == resolved
    for name, value in options.items():
        assert getattr(resolved, name) == value


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resolved_recipe_makes_the_same_optimizer_and_survives_toml(optimizer, tmp_path):
    recipe = Recipe(optimizer=optimizer, hidden=(100, 50), init=0.1, evaluate_every=7)
    resolved = recipe.resolved()
    assert resolved.make_optimizer() == recipe.make_optimizer()
    assert Recipe.from_values(read_toml(written(tmp_path, resolved.to_toml()))) == resolved


NO_PART_OF_IT = ("dataset", "iterations", "epochs")
"""Fields that a run may go on with after they have changed: a longer run begins with the same updates, and data have a
checksum of their own."""


@pytest.mark.parametrize("name", RULES)
def test_every_field_is_in_the_fingerprint_or_listed_as_not(name):
    beside, legal, _, _ = RULES[name]
    prints = [Recipe(**{**beside, name: value}).resolved().fingerprint() for value in list(legal)[:2]]
    assert (name not in prints[0]) == (name in NO_PART_OF_IT)
    assert (prints[0] == prints[1]) == (name in NO_PART_OF_IT)


def test_without_weight_decay_a_recipe_is_recorded_as_before_there_was_one(tmp_path):
    assert "weight_decay" not in Recipe().to_toml()
    assert read_toml(written(tmp_path, Recipe(weight_decay=0.25).to_toml()))["weight_decay"] == 0.25


def test_without_samples_neither_files_nor_checkpoints_speak_of_them():
    assert "samples" not in Recipe(hidden=3).resolved().to_toml() + str(recorded_recipe(Recipe(hidden=3).resolved()))
    assert tomllib.loads(Recipe(samples=300).to_toml())["data"] == {"dataset": "mnist", "samples": 300}
    assert recorded_recipe(Recipe(samples=300))["samples"] == 300


def test_names_are_looked_up_when_they_are_used(monkeypatch):
    for table, field in ((ACTIVATIONS, "activation"), (LOSSES, "loss"), (OPTIMIZERS, "optimizer")):
        with pytest.raises(UsageError, match=f"{field} must be one of .*Got 'mine'"):
            Recipe(**{field: "mine"})
        monkeypatch.setitem(table, "mine", next(iter(table.values())))
        assert getattr(Recipe(**{field: "mine"}), field) == "mine"


def test_total_counts_updates():
    assert Recipe(epochs=3).total(per_epoch=469) == 1407
    assert Recipe(iterations=1000).total(per_epoch=469) == 1000
    assert Recipe().resolved().total(per_epoch=600) == 10_000


def test_make_batches():
    batches = Recipe(batch_size=7, sampling="epoch", seed=5).make_batches(20)
    assert (batches.samples, batches.batch_size, batches.sampling, batches.seed) == (20, 7, "epoch", 5)


# TOML


def written(folder, text):
    path = folder / "recipe.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_file_word_for_word():
    assert Recipe(dataset="digits", hidden=(100, 50), seed=7).resolved().to_toml() == (
        "[network]\n"
        "hidden = [\n    100,\n    50,\n]\n"
        'activation = "relu"\n'
        'init = "auto"\n'
        'loss = "cross-entropy"\n'
        'dtype = "float32"\n'
        "\n"
        "[data]\n"
        'dataset = "digits"\n'
        "\n"
        "[training]\n"
        'gradient = "backprop"\n'
        'optimizer = "sgd"\n'
        "learning_rate = 0.1\n"
        "batch_size = 100\n"
        "epochs = 100\n"
        'sampling = "replacement"\n'
        "seed = 7\n"
    )


@pytest.mark.parametrize("name", ['a "quoted" name', "back\\slash", "手書き数字", "tab\there"])
def test_names_of_folders_survive(name, tmp_path):
    assert read_toml(written(tmp_path, Recipe(dataset=name).to_toml()))["dataset"] == name


def test_a_part_of_a_recipe_is_enough(tmp_path):
    assert read_toml(written(tmp_path, "[network]\nhidden = 20\n")) == {"hidden": 20}
    assert read_toml(written(tmp_path, "")) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[network\n", r"recipe\.toml cannot be read as a recipe: .*line 1"),
        (b"\xff\xfe", r"recipe\.toml cannot be read as a recipe: .*utf-8"),
        (b"[network]\nhidden = 1\nhidden = 2\n", r"recipe\.toml cannot be read as a recipe: "),
        (b"[trainig]\n", r"recipe\.toml has 'trainig'; a recipe has the tables \[network\], \[data\] and \[training\]"),
        (b"seed = 1\n", r"recipe\.toml has 'seed'; a recipe has the tables"),
        (b"data = 1\n", r"recipe\.toml has 'data'; a recipe has the tables"),
        (
            b"[training]\nlearning_rat = 1\n",
            r"a field of \[training\] must be .*Got 'learning_rat'\. Did you mean learning_rate\?",
        ),
        (
            b"[network]\nseed = 1\n",
            r"a field of \[network\] must be one of hidden, activation, init, loss, dtype\. Got 'seed'",
        ),
        (b"[network.hidden]\nx = 1\n", None),
        (b"[network]\nhidden = " + b"[" * 20_000, r"recipe\.toml cannot be read as a recipe: "),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text, words, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=words or "hidden must be"):
        Recipe.from_values(read_toml(path))


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read as a recipe"):
            read_toml(path)


def test_a_file_with_a_number_that_python_does_not_read(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("[training]\nlearning_rate = 1" + 5000 * "0" + "\n")
    with pytest.raises(UsageError, match=r"recipe\.toml cannot be read as a recipe: "):
        read_toml(path)
