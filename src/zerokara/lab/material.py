"""The data that a lab begins with: those of the recipe if they are at hand, else digits. Nothing is fetched unasked."""

from __future__ import annotations

import os
from dataclasses import replace

from zerokara.data import Dataset
from zerokara.data.entries import ENTRIES
from zerokara.data.loading import load_at_hand
from zerokara.errors import DataError
from zerokara.runs.untrusted import command
from zerokara.training.recipe import Recipe
from zerokara.words import paragraph, sentence

Folder = str | os.PathLike[str]
INSTEAD = "digits"


def material(recipe: Recipe, data_dir: Folder | None) -> tuple[Recipe, Dataset, str]:
    """A recipe with its data; where those of the catalogue cannot be had, that of digits, and sentences on why.

    Raises as `loaded` does where data of one's own cannot be read.
    """
    try:
        return recipe, loaded(recipe.dataset, data_dir), ""
    except DataError as error:
        if recipe.dataset not in ENTRIES:
            raise
        instead = sentence("Small digits, which are always at hand, are shown instead of {name}.", name=recipe.dataset)
        note = paragraph(instead, str(error))
    return replace(recipe, dataset=INSTEAD), loaded(INSTEAD, data_dir), note


def loaded(name: str, data_dir: Folder | None) -> Dataset:
    """A data set that is on this computer. Raises DataError where it is not, with the command that gets it."""
    dataset = load_at_hand(name, data_dir=data_dir)
    if dataset is None:
        raise DataError(
            sentence(
                "{name} is not on this computer. To get it: {command}",
                name=name,
                command=command("data", "fetch", name),
            ),
            "data-missing",
        )
    return dataset
