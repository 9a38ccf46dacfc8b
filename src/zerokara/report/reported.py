"""A training as a page shows it, whoever tells of it: a run on disk, one in memory, or a learner's own script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset
from zerokara.data.description import DataDescription
from zerokara.findings import Findings
from zerokara.metrics import Answers
from zerokara.training.changes import Change, Parent
from zerokara.training.history import Evaluation


@dataclass(frozen=True, eq=False, kw_only=True)
class Reported:
    """Attributes:
    name: the run's, for headings; no path.
    kind: "run" of `zerokara train`, or "script", what a learner's own program left behind.
    state: one of `zerokara.runs.run.STATES`; "finished" for a script.
    trained: one line that says what was trained on what; for a script the name of its file.
    recipe: every field of a run's recipe with its value, defaults included; empty for a script.
    changes: what was changed while it trained.
    parent: the run that it goes on from; None where it began at its beginning.
    origin: what else its numbers depend on, by name: checksum (of the data), engine, zerokara, numpy, level, threads;
        of a script what is known.
    losses: (updates,) float64 of the mini-batch before each update.
    evaluations: in their order.
    params: W1, b1, W2, … as trained; empty where a script left none.
    described: what inputs and outputs stand for; None where a script's are not known.
    dataset: its data; None where they are gone or unknown.
    missing: whole sentences on what there is not, such as why there are no data.
    answers: of the network to the test part; None where it could not be asked.
    findings: the doctor's; None where it was not asked.
    facts: label → text, for "data, versions": engine, versions, processor level, checksum, when, how long.
    repeat: a command that trains the same again; "" for a script, and where no command does.
    """

    name: str
    kind: Literal["run", "script"] = "run"
    state: str = "finished"
    trained: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    parent: Parent | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    losses: NDArray[np.float64]
    evaluations: tuple[Evaluation, ...] = ()
    params: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    described: DataDescription | None = None
    dataset: Dataset | None = None
    missing: tuple[str, ...] = ()
    answers: Answers | None = None
    findings: Findings | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    repeat: str = ""
