"""The recipe that a file and options describe together."""

from pathlib import Path

import pytest

from zerokara.cli.options import recipe_of
from zerokara.training.recipe import Recipe

FILE = '[network]\nhidden = [7, 5]\n[data]\ndataset = "digits"\n[training]\nlearning_rate = 0.5\niterations = 90\n'
IN_FILE = {"dataset": "digits", "hidden": (7, 5), "learning_rate": 0.5, "iterations": 90}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({}, {}),
        ({"learning_rate": 0.25, "seed": 3}, {"learning_rate": 0.25, "seed": 3}),
        ({"hidden": (9,), "learning_rate": None}, {"hidden": (9,)}),
        ({"iterations": 10}, {"iterations": 10}),
        ({"epochs": 2}, {"epochs": 2, "iterations": None}),  # one length replaces the other
    ],
)
def test_an_option_wins_over_the_file(given: dict[str, object], changed: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(FILE)
    assert recipe_of(file, given) == Recipe(**IN_FILE | changed)  # type: ignore[arg-type]


def test_options_alone() -> None:
    assert recipe_of(None, {"hidden": None, "seed": 5}) == Recipe(seed=5)
