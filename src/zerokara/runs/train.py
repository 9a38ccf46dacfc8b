"""`zerokara.train`: a recipe in keywords, a run in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Unpack, cast

from zerokara.errors import UsageError
from zerokara.finalization import working
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import prepare_run
from zerokara.runs.run import Run
from zerokara.training.events import Listener
from zerokara.training.recipe import Recipe, RecipeOptions, overridden
from zerokara.words import sentence, translatable

PATH = str | os.PathLike  # type: ignore[type-arg]
NO_RECIPE = translatable("{name} must be a zerokara.Recipe. Got {got!r:.80}.")
NO_PATH = translatable("{name} must be the path of a folder. Got {got!r:.80}.")
NO_BOOL = translatable("{name} must be True or False. Got {got!r:.80}.")


@working()
def train(
    dataset: str | os.PathLike[str] | None = None,
    *,
    recipe: Recipe | None = None,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "runs",
    name: str | None = None,
    plots: bool = True,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
    **options: Unpack[RecipeOptions],
) -> Run:
    """Train a network and keep the run on disk: `zerokara train` as a function.

    Args:
        dataset: "mnist" (the default), "fashion-mnist", "kmnist", "digits", or a folder of your own.
        recipe: where fields come from that are neither `dataset` nor in `options`.
        engine: "auto", "compiled" or "reference"; threads: how many the compiled one uses, by default all it may.
        data_dir: where to look for data first.
        out: the folder that run folders are made in; name: the run folder's name, by default a number.
        plots: whether to draw loss.png and accuracy.png.
        keep_going: whether to go on when losses or weights are no longer finite.
        listeners: functions that are called with every event (`zerokara.training.events`).
        **options: the fields of `zerokara.Recipe`, such as hidden=50 or learning_rate=0.1.

    Returns:
        The run: "finished", or "stopped" where a listener called `event.request_stop()`; `zerokara resume` goes on.

    Raises UsageError for values that cannot be used, DataError for data, EngineError where the engine cannot do this,
    RunError for the folder and, as `Diverged`, for numbers that are no longer finite. Ctrl-C stops after the update
    being done, writes what there is, and raises `Interrupted`, a KeyboardInterrupt with the run.
    """
    complete = checked_recipe(dataset, recipe, options, data_dir=data_dir, out=out)
    _check("plots", plots, bool, NO_BOOL)
    prepared = prepare_run(
        complete, engine=engine, threads=threads, data_dir=data_dir, keep_going=keep_going, listeners=listeners
    )
    folder = RunFolder.create(Path(out), name, complete.dataset)
    return prepared.run_into(folder, plots=plots)


def checked_recipe(dataset: Any, recipe: Any, options: RecipeOptions, *, data_dir: Any, out: Any) -> Recipe:
    """The recipe that the arguments of `train` describe, with both folders looked at; raises UsageError as it does."""
    _check("recipe", recipe, Recipe | None, NO_RECIPE)
    _check("data_dir", data_dir, PATH | None, NO_PATH)
    _check("out", out, PATH, NO_PATH)
    given: dict[str, Any] = {**options} if dataset is None else {"dataset": dataset, **options}
    return overridden({} if recipe is None else asdict(recipe), given)


def _check(name: str, value: object, kind: Any, refusal: str) -> None:
    """Raise UsageError with that sentence where a value is not of its kind."""
    usable = isinstance(value, kind)
    if usable and kind in (PATH, PATH | None) and value is not None:
        path = os.fspath(cast(PATH, value))
        usable = isinstance(path, str) and "\0" not in path
    if not usable:
        raise UsageError(sentence(refusal, name=name, got=value), "wrong-value")
