"""Which runs there are: one line each, from what is quick to read, whatever state they are in; and removing one."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zerokara.errors import RunError, UsageError, sentence
from zerokara.runs.keeper import CHECKPOINTS, numbered
from zerokara.runs.lock import LOCK_FILE, Lock, is_locked
from zerokara.runs.reading import UNFINISHED as TEMPORARY
from zerokara.runs.reading import NothingBegun, read_json, read_recipe
from zerokara.runs.run import STATES as RUN_STATES
from zerokara.runs.run import UNFINISHED
from zerokara.runs.tensorboard import EVENTS

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
        updates: done, as far as a checkpoint tells.
        test_accuracy, loss: the latest ones written down; seconds: in training.
        began: when, as written down.
        problem: why it is broken.
        remark: what the accuracy does not say, such as that images have no finite score.
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
    try:
        recipe = read_recipe(folder)
        updates = max((iteration for iteration, _ in numbered(folder)), default=None)
        facts = _facts(folder)
    except NothingBegun:
        return Line(folder.name, EMPTY)
    except OSError as error:
        return Line(folder.name, BROKEN, problem=error.strerror or str(error))
    except RunError as error:
        return Line(folder.name, BROKEN, problem=str(error)) if _looks_like_a_run(folder) else None
    state = EMPTY if updates is None else _state(folder, facts)
    return Line(
        name=folder.name,
        state=state,
        dataset=recipe.dataset,
        optimizer=recipe.optimizer,
        seed=recipe.seed,
        updates=updates,
        test_accuracy=_number(facts, "test_accuracy"),
        loss=_number(facts, "loss"),
        seconds=_number(facts, "seconds"),
        began=str(facts.get("began", ""))[:24] or None,
        remark=str(facts.get("remark", ""))[:100] or None,
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
    with Lock(folder):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise RunError(
                sentence("{path} could not be removed: {reason}.", path=folder, reason=error.strerror or error)
            ) from error


def _facts(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / "run.json")
    except RunError:
        return {}


def _state(folder: Path, facts: dict[str, Any]) -> str:
    if is_locked(folder):
        return TRAINING
    return str(facts["state"]) if facts.get("state") in RUN_STATES else UNFINISHED


def _number(facts: dict[str, Any], name: str) -> float | None:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _is_ours(name: str) -> bool:
    return name in OURS or name in ("loss.png", "accuracy.png") or TEMPORARY.fullmatch(name) is not None


def _looks_like_a_run(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in ("recipe.toml", "run.json", CHECKPOINTS))
