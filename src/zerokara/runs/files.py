"""The files that a run leaves for people and programs, the ones that matter most first."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, astuple
from functools import partial
from typing import Any

from zerokara.nn.network import Network
from zerokara.runs.layout import ACCURACY_PICTURE, EPOCHS_CSV, LOSS_PICTURE, LOSSES_CSV, RECIPE, WEIGHTS
from zerokara.runs.provenance import Provenance, recorded_recipe
from zerokara.runs.run import Run, finite
from zerokara.runs.weights import weights_file
from zerokara.training.history import History
from zerokara.training.recipe import Recipe
from zerokara.words import sentence, translatable

File = tuple[str, bytes | str]


def run_files(run: Run) -> Iterator[File]:
    """Weights, losses and accuracies, and the recipe again, which somebody may have removed or edited meanwhile."""
    origin = {"recipe": recorded_recipe(run.recipe), "data": run.checksum, "iteration": run.iterations}
    if run.changes:  # by themselves a recipe and data would say of these weights what is not so
        origin["changes"] = [asdict(change) for change in run.changes]
    yield WEIGHTS, weights_file(run.network, origin)
    yield from ((name, table(run.history)) for name, table in TABLES.items())
    yield RECIPE, run.recipe.to_toml()


def pictures(run: Run, impatient: Callable[[], bool]) -> Iterator[File]:
    """The curves, drawn one by one; no more of them once somebody is impatient."""
    if impatient():
        return
    from zerokara.report.figures import accuracy_figure, loss_figure, png

    title = partial(describe, run.recipe, run.network)
    for name, figure in ((LOSS_PICTURE, loss_figure), (ACCURACY_PICTURE, accuracy_figure)):
        if not impatient():
            yield name, png(figure(run.history, title))


def run_json(run: Run, provenance: Provenance) -> str:
    """run.json: the final figures, and when, where and with what they came to be."""
    told, data = provenance.reported(), run.dataset
    return json_file(
        {
            **run.figures,
            **told,
            "state": run.state,
            "ended": now(),
            "data": {**told["data"], "train": len(data.train), "test": len(data.test)},
            "versions": {**told["versions"], "python": platform.python_version()},
            "machine": {"system": sys.platform, **told["machine"]},
        }
    )


def losses_csv(history: History) -> str:
    """iteration,loss with every digit that distinguishes a float64."""
    return "iteration,loss\n" + "".join(f"{i},{loss!r}\n" for i, loss in enumerate(history.losses.tolist()))


def epochs_csv(history: History) -> str:
    """One line per evaluation; see `zerokara.training.history.Evaluation`."""
    rows = [",".join(map(repr, astuple(e))) for e in history.evaluations]
    return "\n".join(["iteration,epoch,loss,train_accuracy,test_accuracy", *rows]) + "\n"


TABLES: dict[str, Callable[[History], str]] = {LOSSES_CSV: losses_csv, EPOCHS_CSV: epochs_csv}
"""Made of a history alone, so that a checkpoint can tell whether they are what was written."""


def json_file(facts: Mapping[str, Any]) -> str:
    """Facts as JSON, numbers that are not finite as null."""
    return json.dumps(finite(facts), indent=2, ensure_ascii=False) + "\n"


def now() -> str:
    """The time of day here, such as 2026-01-31T23:59:00+0100."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


# Translators: what is trained, such as "digits: 64-50-10, relu, cross-entropy by backprop, sgd 0.1, batches of 100, …"
DESCRIPTION = translatable(
    "{dataset}: {sizes}, {activation}, {loss} by {gradient}, {optimizer} {rate:g}, batches of {batch_size}, {dtype}, "
    "seed {seed}"
)


def describe(recipe: Recipe, network: Network, speak: Callable[..., str] = sentence) -> str:
    """What is trained, in one line. `speak`: `sentence`, `in_english`, or what else words a translatable text."""
    optimizer = recipe.make_optimizer()
    return speak(
        DESCRIPTION,
        dataset=os.path.basename(recipe.dataset),
        sizes="-".join(map(str, network.sizes)),
        activation=recipe.activation,
        loss=recipe.loss,
        gradient=recipe.gradient,
        optimizer=optimizer.name,
        rate=optimizer.learning_rate,
        batch_size=recipe.batch_size,
        dtype=recipe.dtype,
        seed=recipe.seed,
    )
