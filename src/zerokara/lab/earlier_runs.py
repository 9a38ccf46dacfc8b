"""Runs that lie in the folder of runs, to be looked at beside the one that is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from zerokara.errors import UsageError
from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations
from zerokara.lab.messages import Message
from zerokara.runs.listing import STATES_IN_WORDS, lines
from zerokara.runs.opening import open_with_remarks
from zerokara.runs.run import finite
from zerokara.words import sentence

MOST = 200
"""Runs in the list: the latest by their beginning."""


def earlier_runs(out: Path) -> list[dict[str, Any]]:
    """What there is to choose from, the latest first."""
    known = sorted((line for line in lines(out) if line.updates), key=lambda line: line.began or "", reverse=True)
    return [
        finite(
            {
                "name": line.name,
                "dataset": None if line.dataset is None else os.path.basename(line.dataset),
                "optimizer": line.optimizer,
                "updates": line.updates,
                "test_accuracy": line.test_accuracy,
                "began": line.began,
                "state": line.state,
                "state_in_words": sentence(STATES_IN_WORDS[line.state]),
            }
        )
        for line in known[:MOST]
    ]


def overlay(out: Path, name: str) -> Message:
    """The curves of one of them, thinned as those of a training that is watched.

    Raises UsageError for a name that is not in the list, RunError for a folder that cannot be read.
    """
    if name not in _folders(out):
        raise UsageError(sentence("There is no run {name!r:.80} in {out}.", name=name, out=out), "unknown-name")
    run, _ = open_with_remarks(out / name)
    curve, evaluations = Curve(len(run.history.losses)), Evaluations()
    curve.feed(run.history.losses)
    for evaluation in run.history.evaluations:
        evaluations.feed(evaluation)
    return curves(name, curve, evaluations)


def curves(name: str, curve: Curve, evaluations: Evaluations) -> Message:
    """The curves of a run, as `overlay` is answered."""
    piece, rows = curve.piece(), evaluations.rows()
    fields = {
        "run": name,
        "losses": {"offset": piece.offset, "width": piece.width, "updates": piece.updates},
        "evaluations": {"offset": rows.offset},
    }
    return Message("overlay", fields, {"losses": piece.losses, "smoothed": piece.smoothed, "evaluations": rows.values})


def _folders(out: Path) -> set[str]:
    if not out.is_dir():
        return set()
    with os.scandir(out) as entries:
        return {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
