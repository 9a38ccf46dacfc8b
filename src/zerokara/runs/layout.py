"""The files of a run: the one table that says what lies in its folder.

Recipe, tables and weights depend on recipe, seed, data and engine alone; times and machine are in run.json. A zerokara
to come may write more; `runs rm` leaves in place whatever is not in this table, and says so.
"""

from __future__ import annotations

import re
from typing import NamedTuple

RECIPE, RUN_JSON, LOSSES_CSV, EPOCHS_CSV = "recipe.toml", "run.json", "losses.csv", "epochs.csv"
WEIGHTS, LOSS_PICTURE, ACCURACY_PICTURE = "weights.safetensors", "loss.png", "accuracy.png"
REPORT = "report.html"
SCRIPT_JSON, PARAMS, FINDINGS = "script.json", "params.safetensors", "findings.json"
CHECKPOINTS, EVENTS, LOCK_FILE = "checkpoints", "tensorboard", "lock"

CHECKPOINT_NAME = re.compile(r"([0-9]{1,16})\.safetensors")
UNFINISHED_FILE = re.compile(r"\.[a-z0-9.]+\.[0-9a-f]{16}\.part")
"""The temporary file of a process that was killed while it wrote."""


class RunFile(NamedTuple):
    """What may lie in a run's folder, every bit of it zerokara's to remove.

    Attributes:
        writer: the module that writes it.
        checked: whether it is held against the newest checkpoint when a run is listed or opened.
        inside: what the files in it are called; None: it is a file itself.
        of_script: whether only what a script left behind has it.
    """

    writer: str
    checked: bool = False
    inside: re.Pattern[str] | None = None
    of_script: bool = False


LAYOUT: dict[str, RunFile] = {
    RECIPE: RunFile("zerokara.runs.prepared", checked=True),  # what was asked for, complete
    RUN_JSON: RunFile("zerokara.runs.files", checked=True),  # versions, machine, checksum of the data, final figures
    LOSSES_CSV: RunFile("zerokara.runs.files", checked=True),  # loss of the mini-batch before each update
    EPOCHS_CSV: RunFile("zerokara.runs.files", checked=True),  # one line per evaluation
    WEIGHTS: RunFile("zerokara.runs.weights", checked=True),  # W1, b1, W2, … as trained
    LOSS_PICTURE: RunFile("zerokara.report.figures"),
    ACCURACY_PICTURE: RunFile("zerokara.report.figures"),
    REPORT: RunFile("zerokara.runs.reporting"),  # all of it as a page, in the language of whoever trained
    SCRIPT_JSON: RunFile(
        "zerokara.runs.scripts", of_script=True
    ),  # what `zerokara run --keep` kept of a learner's script
    PARAMS: RunFile("zerokara.runs.scripts", of_script=True),  # its parameters, by the names that they had
    FINDINGS: RunFile("zerokara.runs.scripts", of_script=True),  # what was found about its training
    CHECKPOINTS: RunFile("zerokara.runs.store", inside=CHECKPOINT_NAME),  # the newest two states to go on from
    EVENTS: RunFile("zerokara.runs.tensorboard", inside=re.compile(r"events\.out\.tfevents\..*")),
    LOCK_FILE: RunFile("zerokara.runs.lock"),  # empty; says who writes here
}


def is_ours(name: str) -> bool:
    """Whether zerokara writes something of this name into a run's folder."""
    return name in LAYOUT or UNFINISHED_FILE.fullmatch(name) is not None


def is_ours_in(folder: str, name: str) -> bool:
    """Whether zerokara writes a file of this name into a folder of the table."""
    pattern = LAYOUT[folder].inside
    of_table = pattern is not None and pattern.fullmatch(name) is not None
    return of_table or UNFINISHED_FILE.fullmatch(name) is not None
