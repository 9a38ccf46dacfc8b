"""Which runs there are: one line each, from what is quick to read, whatever state they are in; and removing one."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import RunError, UsageError
from zerokara.runs.checkpoint import Summary
from zerokara.runs.directory import Directory
from zerokara.runs.keeper import CHECKPOINTS
from zerokara.runs.lock import LOCK_FILE, Lock, is_locked
from zerokara.runs.reading import UNFINISHED as TEMPORARY
from zerokara.runs.reading import NothingBegun, read_recipe
from zerokara.runs.results import look_at
from zerokara.runs.run import STATES as RUN_STATES
from zerokara.runs.tensorboard import EVENTS
from zerokara.runs.weights import WEIGHTS
from zerokara.training.history import undecided_in_words
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

TRAINING, BROKEN, EMPTY = "training", "broken", "nothing begun"
STATES = (*RUN_STATES, TRAINING, BROKEN, EMPTY)
OURS = {"recipe.toml", "run.json", "losses.csv", "epochs.csv", "weights.safetensors", LOCK_FILE, CHECKPOINTS, EVENTS}


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
        seconds=float(checkpoint.facts["seconds"]),
        began=checkpoint.facts["began"][:24] or None,
        remark=" ".join(_remarks(checkpoint, [*passed_over, *results.remarks, *results.notes])) or None,
    )


def check_removable(out: Path, name: str) -> Path:
    """The folder of a run in `out`, by its name or as OUT/NAME.

    Raises UsageError unless it is a real folder in `out`, no link, and RunError unless it is a run with nothing in it
    that zerokara did not write.
    """
    given = Path(name)
    inside = given.name == name or os.path.abspath(given.parent) == os.path.abspath(out)
    if given.name in ("", "..") or not inside:
        raise UsageError(
            sentence(
                "A run to remove must lie in {out}. Got {name}; nothing was removed. Say where with --out.",
                out=out,
                name=name,
            )
        )
    folder = out / given.name
    if folder.is_symlink() or not folder.is_dir():
        state = sentence("is a link") if folder.is_symlink() else sentence("is no folder")
        raise UsageError(sentence("{path} {state}; nothing was removed.", path=folder, state=state))
    if line_of(folder) is None:
        raise RunError(sentence("{path} is not the folder of a run; nothing was removed.", path=folder))
    foreign = [entry for entry in sorted(os.listdir(folder)) if not _is_ours(entry)]
    if foreign:
        raise RunError(
            sentence(
                "{path} also holds {foreign}, which zerokara did not write. Nothing was removed. Move it away first.",
                path=folder,
                foreign=", ".join(foreign[:3]),
            )
        )
    return folder


def remove(folder: Path) -> None:
    """Remove a run's folder, which `check_removable` gave. Raises RunError where somebody is training it."""
    with Lock(folder) as lock:
        try:
            _clear(lock.directory)
            path = lock.directory.where()
            if path is not None:
                path.rmdir()
        except OSError as error:
            raise RunError(
                sentence("{path} could not be removed: {reason}.", path=folder, reason=error.strerror or error)
            ) from error


def _clear(directory: Directory) -> None:
    """Remove everything from the folder that is locked, and from no other that took its name; the lock at last."""
    for name in sorted(directory.names(), key=LOCK_FILE.__eq__):
        if stat.S_ISDIR(directory.stat(name).st_mode):
            directory.remove_folder(name)
        else:
            directory.remove(name)


def _of(recipe: Recipe | None) -> dict[str, Any]:
    return {} if recipe is None else {name: getattr(recipe, name) for name in ("dataset", "optimizer", "seed")}


def _remarks(checkpoint: Summary, others: list[str]) -> list[str]:
    undecided = undecided_in_words(checkpoint.undecided)
    return [sentence("{remark}.", remark=undecided), *others] if undecided else others


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _is_ours(name: str) -> bool:
    return name in OURS or name in ("loss.png", "accuracy.png") or TEMPORARY.fullmatch(name) is not None


def _looks_like_a_run(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in ("recipe.toml", "run.json", CHECKPOINTS))
