"""The files that a run leaves for people and programs, the ones that matter most first."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zerokara.nn.network import Network
from zerokara.runs.folder import epochs_csv, json_file, losses_csv
from zerokara.runs.run import Run
from zerokara.runs.verify import recorded_recipe
from zerokara.runs.weights import WEIGHTS, weights_file
from zerokara.training.recipe import Recipe

File = tuple[str, bytes | str]


def run_files(run: Run) -> Iterator[File]:
    """Weights, losses and accuracies, and the recipe again, which somebody may have removed or edited meanwhile."""
    origin = {"recipe": recorded_recipe(run.recipe), "data": run.checksum, "iteration": run.iterations}
    yield WEIGHTS, weights_file(run.network, origin)
    yield "losses.csv", losses_csv(run.history)
    yield "epochs.csv", epochs_csv(run.history)
    yield "recipe.toml", run.recipe.to_toml()


def pictures(run: Run, impatient: Callable[[], bool]) -> Iterator[File]:
    """The curves, drawn one by one; no more of them once somebody is impatient."""
    if impatient():
        return
    from zerokara.report.figures import accuracy_figure, loss_figure, png

    title = describe(run.recipe, run.network)
    for name, figure in (("loss.png", loss_figure), ("accuracy.png", accuracy_figure)):
        if not impatient():
            yield name, png(figure(run.history, title))


def run_json(run: Run, facts: Mapping[str, Any]) -> str:
    """run.json: the final figures, and when, where and with what they came to be, of the facts in its checkpoints."""
    data = run.dataset
    return json_file(
        {
            **run.figures,
            "state": run.state,
            "began": facts["began"],
            "ended": now(),
            "data": {"checksum": data.checksum, "train": len(data.train), "test": len(data.test)},
            "versions": {name: facts[name] for name in ("zerokara", "numpy")} | {"python": platform.python_version()},
            "machine": {"system": sys.platform, "processor": facts["level"], "threads": facts["threads"]},
            "forced": facts["forced"],
        }
    )


def now() -> str:
    """The time of day here, such as 2026-01-31T23:59:00+0100."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def describe(recipe: Recipe, network: Network) -> str:
    """What is trained, in one line."""
    sizes = "-".join(map(str, network.sizes))
    optimizer = recipe.make_optimizer()
    return (
        f"{os.path.basename(recipe.dataset)}: {sizes}, {recipe.activation}, {recipe.loss} by {recipe.gradient}, "
        f"{optimizer.name} {optimizer.learning_rate:g}, batches of {recipe.batch_size}, "
        f"{recipe.dtype}, seed {recipe.seed}"
    )
