"""The files of a run: the one table that says what lies in its folder.

Recipe, tables and weights depend on recipe, seed, data and engine alone; times and machine are in run.json. A zerokara
to come may write more; `runs rm` leaves in place whatever is not in this table, and says so.
"""

from __future__ import annotations

import re
from typing import NamedTuple

RECIPE, RUN_JSON, LOSSES, EPOCHS = "recipe.toml", "run.json", "losses.csv", "epochs.csv"
WEIGHTS, LOSS_PICTURE, ACCURACY_PICTURE = "weights.safetensors", "loss.png", "accuracy.png"
CHECKPOINTS, EVENTS, LOCK_FILE = "checkpoints", "tensorboard", "lock"

CHECKPOINT_NAME = re.compile(r"([0-9]{1,16})\.safetensors")
UNFINISHED_FILE = re.compile(r"\.[a-z0-9.]+\.[0-9a-f]{16}\.part")
"""The temporary file of a process that was killed while it wrote."""


class Entry(NamedTuple):
    """What may lie in a run's folder, every bit of it zerokara's to remove.

    Attributes:
        what: in a few words.
        writer: the module that writes it.
        checked: whether it is held against the newest checkpoint when a run is listed or opened.
        inside: what the files in it are called; None: it is a file itself.
    """

    what: str
    writer: str
    checked: bool = False
    inside: re.Pattern[str] | None = None


LAYOUT: dict[str, Entry] = {
    RECIPE: Entry("what was asked for, complete", "zerokara.runs.prepared", checked=True),
    RUN_JSON: Entry("versions, machine, checksum of the data, times, final figures", "zerokara.runs.files", True),
    LOSSES: Entry("iteration, loss of the mini-batch before that update", "zerokara.runs.files", checked=True),
    EPOCHS: Entry("one line per evaluation", "zerokara.runs.files", checked=True),
    WEIGHTS: Entry("W1, b1, W2, … as trained", "zerokara.runs.weights", checked=True),
    LOSS_PICTURE: Entry("the losses, drawn", "zerokara.report.figures"),
    ACCURACY_PICTURE: Entry("the accuracies, drawn", "zerokara.report.figures"),
    CHECKPOINTS: Entry("the newest two states to go on from", "zerokara.runs.store", inside=CHECKPOINT_NAME),
    EVENTS: Entry("event files", "zerokara.runs.tensorboard", inside=re.compile(r"events\.out\.tfevents\..*")),
    LOCK_FILE: Entry("empty; says who writes here", "zerokara.runs.lock"),
}


def is_ours(name: str, within: str | None = None) -> bool:
    """Whether zerokara writes something of this name into a run's folder, or into the folder `within` it."""
    pattern = LAYOUT[within].inside if within is not None else None
    known = name in LAYOUT if pattern is None else pattern.fullmatch(name) is not None
    return known or UNFINISHED_FILE.fullmatch(name) is not None
