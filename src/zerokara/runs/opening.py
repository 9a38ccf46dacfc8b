"""`zerokara.open_run`: a run as it lies in its folder."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from zerokara.data.description import description_by_name
from zerokara.errors import RunError
from zerokara.runs.layout import RECIPE
from zerokara.runs.reading import read_summary
from zerokara.runs.reporting import in_notebook
from zerokara.runs.results import Results, passed_over_for_an_older_one, read_all
from zerokara.runs.run import Run
from zerokara.runs.store import newest_by
from zerokara.runs.untrusted import checked_folder, read_recipe
from zerokara.training.build import network_of_sizes
from zerokara.training.changes import value_after
from zerokara.words import sentence


def open_run(path: str | os.PathLike[str]) -> Run:
    """A run as it lies in its folder, after its newest undamaged checkpoint: recipe, history and network.

    Nothing is written, and a run that is still being trained can be opened too. A warning says when the newest
    checkpoint is damaged and the one before is taken, and when run.json, recipe.toml or a CSV file contradicts it.
    Raises RunError for what is not the folder of a run, and where weights.safetensors is damaged; UsageError for what
    is no path.
    """
    run, results = open_with_remarks(path)
    if results.remarks:
        told = sentence("Not everything in {path} is as its run wrote it.", path=path)
        warnings.warn("\n".join([told, *(remark.text for remark in results.remarks)]), stacklevel=2)
    return run


def was_changed(recipe: Path) -> bool:
    """Whether a recipe file, or the folder that it is in, is that of a run that was changed while it trained."""
    folder = recipe if recipe.is_dir() else recipe.parent
    if not recipe.is_dir() and recipe.name != RECIPE:
        return False
    try:
        return bool(newest_by(read_summary, folder, read_recipe(folder))[0].facts.changes)
    except (RunError, OSError):
        return False


def open_with_remarks(path: str | os.PathLike[str]) -> tuple[Run, Results]:
    """What `open_run` does, with what is to be said about the folder's files instead of warnings."""
    folder = checked_folder(path)
    recipe = read_recipe(folder)
    checkpoint, passed_over, results = read_all(folder, recipe)
    results.remarks.extend(map(passed_over_for_an_older_one, passed_over))
    network = network_of_sizes(recipe, checkpoint.facts.sizes)
    network.params = checkpoint.params
    network.weight_decay = value_after(checkpoint.facts.changes, "weight_decay", recipe.weight_decay)
    came = checkpoint.provenance
    described = came.described or description_by_name(recipe.dataset, checkpoint.facts.sizes)
    state = checkpoint.state
    run = Run(
        folder,
        recipe,
        network,
        checkpoint.history,
        came.engine,
        state,
        came.data,
        described,
        origin=came.origin(),
        told=in_notebook,
        changes=tuple(checkpoint.facts.changes),
        parent=came.parent,
    )
    return run, results
