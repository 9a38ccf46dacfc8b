"""Which runs there are: one line each, from what is quick to read, whatever state they are in."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import RunError
from zerokara.runs.checkpoint import Summary
from zerokara.runs.layout import CHECKPOINTS, EVENTS, RECIPE, RUN_JSON, WEIGHTS
from zerokara.runs.lock import is_locked
from zerokara.runs.results import Remark, look_at, passed_over_for_an_older_one
from zerokara.runs.run import STATES as RUN_STATES
from zerokara.runs.run import STATES_IN_WORDS as RUN_STATES_IN_WORDS
from zerokara.runs.scripts import read_last_evaluation, read_script_facts
from zerokara.runs.untrusted import NothingBegun, is_script, read_recipe
from zerokara.training.changes import Parent
from zerokara.training.history import undecided_in_words
from zerokara.training.recipe import Recipe
from zerokara.words import paragraph, sentence, translatable

TRAINING, BROKEN, EMPTY, SCRIPT = "training", "broken", "nothing begun", "script"
STATES = (*RUN_STATES, TRAINING, BROKEN, EMPTY, SCRIPT)
STATES_IN_WORDS = {
    **RUN_STATES_IN_WORDS,
    # Translators: how a run stands, in a table: being trained at this moment
    TRAINING: translatable("training"),
    # Translators: how a run stands, in a table: its files cannot be used
    BROKEN: translatable("broken"),
    # Translators: how a run stands, in a table: it ended before its first update
    EMPTY: translatable("nothing begun"),
    # Translators: in a table where other runs are "finished" or "stopped": what a learner's script left behind
    SCRIPT: translatable("script"),
}
"""For `sentence`; programs are given the states themselves."""


@dataclass(frozen=True)
class Line:
    """What a table says about one run. What is not known, or not to be said, is None.

    Attributes:
        name: the folder's name.
        state: "finished", "stopped", "diverged"; "training" now; "unfinished": killed; "nothing begun"; "broken";
            "script": what a learner's own left behind.
        dataset, optimizer, seed: of its recipe.
        updates, test_accuracy, loss, seconds, began: of its newest checkpoint, whatever run.json says.
        changes: how often a setting was changed while it trained; parent: the run that it goes on from.
        problem: why it is broken.
        remark: images without a finite score; files that contradict the checkpoint, are damaged, or have no digest.
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
    changes: int | None = None
    parent: Parent | None = None
    problem: Remark | None = None
    remark: tuple[Remark, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """The same for programs, in every language: of problem and remarks their codes."""
        codes = None if self.remark is None else [remark.code for remark in self.remark]
        parent = None if self.parent is None else asdict(self.parent)
        return {**vars(self), "parent": parent, "problem": self.problem and self.problem.code, "remark": codes}

    def in_words(self) -> str:
        """What is wrong with it and what is to be remarked, in whole sentences; "" for most runs."""
        problem = [self.problem] if self.problem else []
        return paragraph(*(remark.text for remark in (*problem, *(self.remark or ()))))


def lines(out: Path) -> list[Line]:
    """A line for every folder in `out` that is a run's or looks like a broken one's, by name; links are left out."""
    if not out.is_dir():
        return []
    with os.scandir(out) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    return [line for name in folders if (line := line_of(out / name)) is not None]


def folders_of_runs(top: Path) -> Iterator[Path]:
    """Every folder at or below this one with two files of a run or more, by name; no link is followed.

    One alone does not make a run: a recipe may lie anywhere, and must not hide the runs below it.
    """
    for folder, below, files in os.walk(top):
        names = {*files, *below}
        if sum(name in names for name in (RECIPE, RUN_JSON, CHECKPOINTS, WEIGHTS)) > 1:
            yield Path(folder)
        below[:] = sorted(name for name in below if name not in (CHECKPOINTS, EVENTS))


def line_of(folder: Path) -> Line | None:
    """The line of one folder; None where it is no run's."""
    if is_script(folder):
        return _line_of_script(folder)
    recipe = None
    try:
        recipe = read_recipe(folder)
        checkpoint, passed_over, results = look_at(folder, recipe)
    except NothingBegun:
        return Line(folder.name, EMPTY, **_of(recipe), remark=_only_results_left(folder))
    except OSError as error:
        return Line(folder.name, BROKEN, problem=_not_listed(folder, error))
    except RunError as error:
        problem = Remark(error.code, str(error))
        return Line(folder.name, BROKEN, **_of(recipe), problem=problem) if _looks_like_a_run(folder) else None
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
        changes=len(checkpoint.facts.changes),
        parent=checkpoint.provenance.parent,
        remark=(
            *_undecided(checkpoint),
            *map(passed_over_for_an_older_one, passed_over),
            *results.remarks,
            *results.notes,
        )
        or None,
    )


def _line_of_script(folder: Path) -> Line:
    """The line of what a script left behind; all that a run of a recipe has besides is not known."""
    try:
        facts = read_script_facts(folder)
        last = read_last_evaluation(folder, facts)
    except RunError as error:
        return Line(folder.name, BROKEN, problem=Remark(error.code, str(error)))
    return Line(
        name=folder.name,
        state=SCRIPT,
        dataset=facts.dataset or None,
        updates=facts.losses or None,
        test_accuracy=None if last is None else _number(last.test_accuracy),
        loss=None if last is None else _number(last.loss),
        seconds=float(facts.seconds),
        began=facts.began[:24] or None,
    )


def _of(recipe: Recipe | None) -> dict[str, Any]:
    return {} if recipe is None else {name: getattr(recipe, name) for name in ("dataset", "optimizer", "seed")}


def _undecided(checkpoint: Summary) -> list[Remark]:
    undecided = undecided_in_words(checkpoint.facts.undecided)
    return [Remark("no-finite-score", undecided)] if undecided else []


def _only_results_left(folder: Path) -> tuple[Remark] | None:
    if not os.path.lexists(folder / WEIGHTS):
        return None
    return (Remark("only-results-left", sentence("Its checkpoints are gone; only its results are left.")),)


def _not_listed(folder: Path, error: OSError) -> Remark:
    text = sentence("{path} cannot be read: {reason}.", path=folder, reason=error.strerror or error)
    return Remark("file-error", text)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _looks_like_a_run(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in (RECIPE, RUN_JSON, CHECKPOINTS))
