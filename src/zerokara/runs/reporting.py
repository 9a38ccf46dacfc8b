"""A run as its page shows it: what it recorded, what its network answers to the test part, what the doctor finds.

Nothing is trained again and nothing is fetched: where the data are not here, the page says so, and has the rest.
"""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data import ENTRIES, Dataset, whereabouts
from zerokara.errors import DataError, RunError
from zerokara.findings import Findings
from zerokara.report.reported import Reported
from zerokara.runs.answering import answers_of
from zerokara.runs.files import describe
from zerokara.runs.layout import REPORT
from zerokara.runs.run import DIVERGED, FINISHED, LABELS, Run, same_data
from zerokara.training.history import Divergence, undecided_in_words
from zerokara.words import in_english, sentence

logger = logging.getLogger(__name__)


def reported(
    run: Run,
    *,
    findings: Findings | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    load: bool = True,
) -> Reported:
    """The record that pages are made of.

    Args:
        run: from its folder, or just trained.
        findings: those of whoever watched it; None: they are drawn from its end, where its data are here.
        data_dir: where to look for its data first.
        load: whether to read the data from disk if they are not in memory.
    """
    dataset, missing = _data(run, data_dir, load)
    name = os.path.basename(os.path.abspath(run.path))
    answers = None if dataset is None else answers_of(run.network, dataset.test, run.engine)
    if findings is None and dataset is not None:
        findings = findings_of_end(run, dataset)
    return Reported(
        name=name,
        state=run.state,
        trained=describe(run.recipe, run.network),
        recipe=asdict(run.recipe.resolved()),
        changes=run.changes,
        parent=run.parent,
        origin=_origin(run),
        losses=run.history.losses,
        evaluations=tuple(run.history.evaluations),
        params=run.network.params,
        described=run.described,
        dataset=dataset,
        missing=tuple(filter(None, (missing, "" if answers else undecided_in_words(run.history.undecided)))),
        answers=answers,
        findings=findings,
        facts=_facts(run, dataset),
        repeat=repeat(run),
    )


def report_file(
    run: Run, impatient: Callable[[], bool], findings: Callable[[], Findings | None]
) -> Iterator[tuple[str, str]]:
    """The page of a run that just ended; none once somebody is impatient, or where it fails: the run is worth more."""
    if impatient():
        return
    from zerokara.report.page import page

    try:
        content = page([reported(run, findings=findings())])
    except Exception:
        logger.warning("the page of the run failed", exc_info=True)
        return
    yield REPORT, content


def in_notebook(run: Run) -> str:
    """The sections of its page, of data that are in memory already: showing a run must not take long."""
    from zerokara.report.page import fragment

    return fragment([reported(run, load=False)])


def findings_of_end(run: Run, dataset: Dataset) -> Findings:
    """What its history, its network at the end and its data say by themselves. Changes, which nobody tried, are left
    out."""
    from zerokara.doctor.rules import ILL, findings_of
    from zerokara.doctor.watching import with_whole_data

    evidence = _evidence(run, dataset)
    last = evidence.evaluations[-1] if evidence.evaluations else None
    ill = last is not None and last.train_accuracy < ILL
    if not ill and not findings_of(evidence, asked=False):
        return Findings()
    whole = with_whole_data(evidence, dataset)
    found = findings_of(whole, asked=False)
    if not found and ill and not whole.changes:  # of causes that only a trial could tell apart, the likeliest
        found = Findings(findings_of(whole, asked=True)[:1])
    return untried(found)


def untried(found: Findings) -> Findings:
    """The same without the changes of a recipe that nobody has tried."""
    return Findings(replace(f, change=None, remedy="" if f.change else f.remedy) for f in found)


def _evidence(run: Run, dataset: Dataset) -> Any:
    from zerokara.doctor.data_facts import facts_at_once
    from zerokara.doctor.evidence import Evidence, Setting
    from zerokara.doctor.probes import probe
    from zerokara.doctor.watching import chosen, probed_samples
    from zerokara.training.build import build_network

    recipe = run.recipe.resolved()
    setting, total = Setting.of(recipe, dataset), recipe.total(recipe.make_batches(len(dataset.train)).per_epoch)
    count = probed_samples(setting, total)
    samples, held = chosen(dataset.train, count, recipe.dtype), chosen(dataset.test, count // 2, recipe.dtype)
    looked = {0: build_network(recipe, dataset), run.iterations: run.network}
    return Evidence(
        setting=setting,
        recipe=recipe,
        changes=run.changes,
        total=total,
        iteration=run.iterations,
        losses=run.history.losses,
        evaluations=tuple(run.history.evaluations),
        probes=tuple(probe(network, samples, iteration, held=held) for iteration, network in looked.items()),
        data=facts_at_once(dataset, samples, held),
        divergence=_divergence(run, dataset) if run.state == DIVERGED else None,
        ended=run.state in (FINISHED, DIVERGED),
    )


@np.errstate(all="ignore")
def _divergence(run: Run, dataset: Dataset) -> Divergence:
    """Where it left the finite numbers: the loss of the batch that came next, which no file records."""
    rows = run.recipe.make_batches(len(dataset.train)).rows(run.iterations, run.iterations + 1)[0]
    train = dataset.train
    return Divergence(run.iterations, run.network.copy().loss(train.rows(rows, run.network.dtype), train.t[rows]))


def _data(run: Run, data_dir: str | os.PathLike[str] | None, load: bool) -> tuple[Dataset | None, str]:
    """Its data; or a sentence on why there are none. It names no folder: whoever gets the page need not know them."""
    held = run.loaded or vars(run).get("dataset")
    if held is not None:
        return held, ""
    if not load:
        return None, sentence(
            "What needs the data is left out here, because they are not in memory. The page has it: {command}",
            command=shlex.join(["zerokara", "report", os.path.basename(os.path.abspath(run.path))]),
        )
    if run.recipe.dataset in ENTRIES and not all(whereabouts(run.recipe.dataset, data_dir).values()):
        return None, data_are_gone()
    try:
        return run.dataset if data_dir is None else same_data(run.recipe, run.checksum, data_dir), ""
    except DataError as error:
        if error.code == "data-missing":
            return None, data_are_gone()
        return None, sentence(
            "The data that it was trained on cannot be read any more, so its network could not be asked, and no "
            "pictures can be shown."
        )
    except RunError:
        return None, sentence(
            "The data of that name are not those that it was trained on any more, so its network could not be asked, "
            "and no pictures can be shown."
        )


def data_are_gone() -> str:
    return sentence(
        "The data that it was trained on are not here, so its network could not be asked, and no pictures can be shown."
    )


def _origin(run: Run) -> dict[str, Any]:
    """What its numbers depend on beside the recipe, as `Reported.origin` has it."""
    versions, machine = run.origin.get("versions", {}), run.origin.get("machine", {})
    return {
        "checksum": run.checksum,
        "engine": run.engine,
        "zerokara": versions.get("zerokara"),
        "numpy": versions.get("numpy"),
        "level": machine.get("processor"),
        "threads": None if run.engine == "compiled" else machine.get("threads"),  # the matrix library's
    }


def _facts(run: Run, dataset: Dataset | None) -> dict[str, str]:
    """What is known of data, versions and machine."""
    came = run.origin
    versions, machine = came.get("versions", {}), came.get("machine", {})
    facts = {
        sentence(LABELS["dataset"]): Path(run.recipe.dataset).name,
        sentence("checksum of the data"): run.checksum,
        sentence("training images"): "" if dataset is None else f"{len(dataset.train):,}",
        sentence("test images"): "" if dataset is None else f"{len(dataset.test):,}",
        sentence(LABELS["engine"]): run.engine,
        in_english("zerokara"): versions.get("zerokara"),
        in_english("NumPy"): versions.get("numpy"),
        # Translators: the set of instructions that results were computed with, such as "x86_64, AVX512, core v4".
        sentence("processor level"): machine.get("processor"),
        # Translators: when a training began.
        sentence("begun"): came.get("began"),
        # Translators: how long updates and evaluations took.
        sentence("seconds of training"): f"{run.history.seconds:.1f}",
    }
    return {label: str(value) for label, value in facts.items() if value}


def repeat(run: Run) -> str:
    """The command that trains the same again, with all that is not the default; "" where none does, because something
    in it is somebody's own, or was changed while it trained."""
    from zerokara.doctor.trials import options_of
    from zerokara.report.repetition import defaults

    recipe = run.recipe.resolved()
    if recipe.customized() or run.changes:
        return ""
    values = asdict(recipe)
    usual = defaults(values)
    given = {name: value for name, value in values.items() if value is not None and value != usual[name]}
    given.pop("dataset", None)
    named = recipe.dataset if recipe.dataset in ENTRIES else f"./{Path(recipe.dataset).name}"
    words = ["zerokara", "train", named]
    words += ["--engine", run.engine] if run.engine != "compiled" else []
    words += ["--keep-going"] if run.origin.get("keep_going") else []
    return f"{shlex.join(words)} {options_of(given)}".rstrip()
