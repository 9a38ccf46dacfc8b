"""Which runs there are: one line each, from what is quick to read, whatever state they are in."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import RunError
from zerokara.runs.checkpoint import Summary
from zerokara.runs.layout import CHECKPOINTS, RECIPE, RUN_JSON, WEIGHTS
from zerokara.runs.lock import is_locked
from zerokara.runs.results import look_at
from zerokara.runs.run import STATES as RUN_STATES
from zerokara.runs.untrusted import NothingBegun, read_recipe
from zerokara.training.history import undecided_in_words
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

TRAINING, BROKEN, EMPTY = "training", "broken", "nothing begun"
STATES = (*RUN_STATES, TRAINING, BROKEN, EMPTY)


@dataclass(frozen=True)
class Line:
    """What a table says about one run. What is not known is None.

    Attributes:
        name: the folder's name.
        state: "finished", "stopped", "diverged"; "training" now; "unfinished": killed; "nothing begun"; "broken".
        dataset, optimizer, seed: of its recipe.
        updates, test_accuracy, loss, seconds, began: of its newest checkpoint, whatever run.json says.
        problem: why it is broken.
        remark: images without a finite score, files that contradict the checkpoint or have no digest.
    """

    name: str
    state: str
    dataset: str | None = None
    optimizer: str | None = None
    seed: int | None = None
    updates: int | None = None
    test_accuracy: float | None = None
    loss: float | None = None
    seconds: float | None = None
    began: str | None = None
    problem: str | None = None
    remark: str | None = None


def lines(out: Path) -> list[Line]:
    """A line for every folder in `out` that is a run's or looks like a broken one's, by name; links are left out."""
    if not out.is_dir():
        return []
    with os.scandir(out) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    return [line for name in folders if (line := line_of(out / name)) is not None]


def line_of(folder: Path) -> Line | None:
    """The line of one folder; None where it is no run's."""
    recipe = None
    try:
        recipe = read_recipe(folder)
        checkpoint, passed_over, results = look_at(folder, recipe)
    except NothingBegun:
        left = os.path.lexists(folder / WEIGHTS)
        remark = sentence("Its checkpoints are gone; only its results are left.") if left else None
        return Line(folder.name, EMPTY, **_of(recipe), remark=remark)
    except OSError as error:
        return Line(folder.name, BROKEN, problem=error.strerror or str(error))
    except RunError as error:
        return Line(folder.name, BROKEN, **_of(recipe), problem=str(error)) if _looks_like_a_run(folder) else None
    last = checkpoint.last
    return Line(
        name=folder.name,
        state=TRAINING if is_locked(folder) else results.state,
        **_of(recipe),
        updates=checkpoint.iteration,
        test_accuracy=None if last is None else _number(last.test_accuracy),
        loss=None if last is None else _number(last.loss),
        seconds=float(checkpoint.facts.seconds),
        began=checkpoint.provenance.began[:24] or None,
        remark=" ".join(_remarks(checkpoint, [*passed_over, *results.remarks, *results.notes])) or None,
    )


def _of(recipe: Recipe | None) -> dict[str, Any]:
    return {} if recipe is None else {name: getattr(recipe, name) for name in ("dataset", "optimizer", "seed")}


def _remarks(checkpoint: Summary, others: list[str]) -> list[str]:
    undecided = undecided_in_words(checkpoint.facts.undecided)
    return [sentence("{remark}.", remark=undecided), *others] if undecided else others


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _looks_like_a_run(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in (RECIPE, RUN_JSON, CHECKPOINTS))
