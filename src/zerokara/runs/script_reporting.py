"""What a learner's script left behind, as its page and a comparison show it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zerokara.data import Dataset, load, whereabouts
from zerokara.data.description import description_by_name
from zerokara.errors import DataError
from zerokara.metrics import Answers
from zerokara.own_training.kept import network_with
from zerokara.report.reported import Reported
from zerokara.runs.answering import answers_of
from zerokara.runs.opening import open_run
from zerokara.runs.reporting import data_are_gone, reported
from zerokara.runs.run import LABELS
from zerokara.runs.scripts import ScriptRun, read_script
from zerokara.runs.untrusted import is_script
from zerokara.words import in_english, plural, sentence


def reported_of(folder: Path, data_dir: str | os.PathLike[str] | None = None) -> Reported:
    """The record of what lies in a folder, a run or what a script left behind. Raises RunError for anything else."""
    if is_script(folder):
        return script_reported(folder, data_dir)
    return reported(open_run(folder), data_dir=data_dir)


def script_reported(
    folder: Path, data_dir: str | os.PathLike[str] | None = None, *, loaded: Dataset | None = None
) -> Reported:
    """The record of what a script left behind; its network is asked anew where network and data are known.

    Args:
        data_dir: where to look for its data first. Nothing is fetched.
        loaded: them, where they are in memory already.

    Raises RunError for a folder that is damaged.
    """
    script = read_script(folder)
    facts = script.facts
    dataset = loaded or _dataset(script, data_dir)
    return Reported(
        name=script.name,
        kind="script",
        trained=facts.file,
        origin={"checksum": facts.checksum or None, "zerokara": facts.zerokara, "numpy": facts.numpy},
        losses=script.history.losses,
        evaluations=tuple(script.history.evaluations),
        params=script.params,
        described=description_by_name(facts.dataset, facts.sizes) if facts.dataset and facts.sizes else None,
        dataset=dataset,
        missing=(*what_is_missing(script), *([data_are_gone()] if facts.dataset and dataset is None else [])),
        answers=_answers(script, dataset),
        findings=script.findings if facts.looked_into else None,
        facts=_facts(script),
    )


def _dataset(script: ScriptRun, data_dir: str | os.PathLike[str] | None) -> Dataset | None:
    name = script.facts.dataset
    if not name or not all(whereabouts(name, data_dir).values()):
        return None
    try:
        dataset = load(name, data_dir=data_dir)
    except DataError:
        return None
    return dataset if dataset.checksum == script.facts.checksum else None


@np.errstate(all="ignore")
def _answers(script: ScriptRun, dataset: Dataset | None) -> Answers | None:
    """Those of the network with its parameters, whose first weights are made to fit inputs from 0 to 1."""
    facts = script.facts
    if dataset is None or not facts.sizes:
        return None
    first = {"W1": script.params["W1"].astype(np.float64) * facts.scale}
    return answers_of(network_with({**script.params, **first}, facts.sizes, facts.activation), dataset.test)


def what_is_missing(script: ScriptRun) -> Iterator[str]:
    """What is not known of it, as whole sentences."""
    facts = script.facts
    if facts.error == "KeyboardInterrupt":
        yield sentence("The program was stopped by Ctrl-C.")
    elif facts.error:
        yield sentence("The program ended with {error}.", error=facts.error)
    if facts.spread:
        yield sentence(
            "Nothing says after how many updates its accuracies were measured: they are shown at equal distances."
        )
    if facts.counted:
        yield sentence("Nothing says how many updates an epoch has: each accuracy is shown as if it ended one.")
    if facts.others:
        yield plural(
            "It left the parameters of {n} more network. Those of the network that it used last are kept.",
            "It left the parameters of {n:,} more networks. Those of the network that it used last are kept.",
            n=facts.others,
        )
    if script.params and not facts.sizes:
        yield sentence("Its network is none that zerokara knows, so it could not be asked.")
    elif script.params and not facts.dataset:
        yield sentence(
            "Its data are none that zerokara knows, or were split anew, so its network could not be asked, and no "
            "pictures can be shown."
        )


def _facts(script: ScriptRun) -> dict[str, str]:
    facts = script.facts
    told = {
        # Translators: the name of the file that a learner has written and run.
        sentence("program"): facts.file,
        sentence("checksum of the program"): facts.digest,
        sentence(LABELS["dataset"]): facts.dataset,
        sentence("checksum of the data"): facts.checksum,
        in_english("zerokara"): facts.zerokara,
        in_english("NumPy"): facts.numpy,
        in_english("Python"): facts.python,
        # Translators: when a training began.
        sentence("begun"): facts.began,
        # Translators: how long a learner's program ran.
        sentence("seconds of running"): f"{facts.seconds:.1f}",
    }
    return {label: value for label, value in told.items() if value}
