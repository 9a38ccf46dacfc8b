"""`zerokara train`: its options are the fields of `Recipe`, and where to write and what to print."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from zerokara.cli.options import OTHER, DataDir, EngineName, RecipeFile, Threads, recipe_of, with_recipe_options
from zerokara.cli.screen import Screen, download_progress
from zerokara.errors import INTERRUPTED, UsageError
from zerokara.runs.assemble import Assembly, Diverged, Run, assemble, open_run, with_whole_path
from zerokara.runs.folder import RunFolder
from zerokara.runs.interrupt import Interrupted
from zerokara.runs.keeper import newest
from zerokara.runs.lock import Busy, is_locked
from zerokara.runs.reading import NothingBegun, read_recipe
from zerokara.runs.resume import Finished, check_same_recipe, reopen
from zerokara.runs.tensorboard import event_files, writer_class
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

SECONDS_BETWEEN_LOOKS = 0.1
"""At a run that another process is training."""


@with_recipe_options("data", "network", "training", positional="dataset")
def train(
    *,
    recipe: RecipeFile = None,
    engine: EngineName = "auto",
    threads: Threads = None,
    data_dir: DataDir = None,
    out: Annotated[Path, Parameter(group=OTHER, help="Where run folders are made.")] = Path("runs"),
    name: Annotated[str | None, Parameter(group=OTHER, help="The run folder's name; by default a number.")] = None,
    resume_or_start: Annotated[
        bool, Parameter(group=OTHER, negative="", help="Go on with the run of that --name if there is one.")
    ] = False,
    keep_going: Annotated[
        bool, Parameter(group=OTHER, negative="", help="Go on when losses or weights are no longer finite.")
    ] = False,
    tensorboard: Annotated[
        bool, Parameter(group=OTHER, negative="", help="Write event files for TensorBoard.")
    ] = False,
    no_plots: Annotated[bool, Parameter(group=OTHER, negative="", help="Draw no pictures.")] = False,
    json: Annotated[bool, Parameter(group=OTHER, negative="", help="One JSON object on standard output.")] = False,
    quiet: Annotated[bool, Parameter(group=OTHER, negative="", help="Print nothing but errors.")] = False,
    **options: Any,
) -> int:
    """Without options: the two-layer network of the textbook, on MNIST, for 10,000 updates."""
    if tensorboard:
        writer_class()
    stream = sys.stderr if json else sys.stdout
    screen = None if quiet else Screen(stream)
    chosen = recipe_of(recipe, options)
    settings: dict[str, Any] = {
        "threads": threads,
        "data_dir": data_dir,
        "keep_going": keep_going,
        "listeners": [] if screen is None else [screen],
        "progress": None if quiet else download_progress(sys.stderr),
    }
    output: dict[str, Any] = {"plots": not no_plots, "json": json, "tensorboard": tensorboard}
    if not resume_or_start:
        assembly = assemble(chosen, engine=engine, **settings)
        return conduct(assembly, RunFolder.create(out, name, assembly.recipe.dataset), screen, **output)

    def resume_or_begin() -> int:
        begun = _begun(chosen, out, name)
        if begun is not None:
            return go_on(begun, screen, settings | _length(chosen), output, finished=0)
        assembly = assemble(chosen, engine=engine, **settings)
        folder = RunFolder.create(out, name, assembly.recipe.dataset, empty=True)
        return conduct(assembly, folder, screen, **output)

    return _when_free(resume_or_begin, out / (name or ""), say=not quiet)


def _when_free(attempt: Callable[[], int], path: Path, *, say: bool) -> int:
    """What an attempt returns, tried again whenever another process is no longer training the same run."""
    while True:
        try:
            return attempt()
        except Busy:
            if say:
                text = "zerokara: {path} is being trained by another process. Waiting for it; Ctrl-C ends the waiting."
                print(sentence(text, path=path), file=sys.stderr, flush=True)
                say = False
        time.sleep(SECONDS_BETWEEN_LOOKS)
        while is_locked(path):
            time.sleep(SECONDS_BETWEEN_LOOKS)


def go_on(
    path: Path, screen: Screen | None, settings: dict[str, Any], output: dict[str, Any], *, finished: int = 1
) -> int:
    """Go on with a run; `finished` is the exit status where there is nothing left to do."""
    try:
        reopened = reopen(path, **settings)
    except Finished as error:
        if finished:
            raise
        print(f"zerokara: {error}", file=sys.stderr)
        return _report(open_run(path), screen, output["json"])
    for note in reopened.notes:
        print(f"zerokara: {note}", file=sys.stderr)
    return conduct(reopened.assembly, reopened.folder, screen, **output)


def conduct(
    assembly: Assembly, folder: RunFolder, screen: Screen | None, *, plots: bool, json: bool, tensorboard: bool = False
) -> int:
    """Train, show and keep it; the exit status."""
    if screen is not None:
        screen.heading(assembly)
    status = 0
    try:
        with event_files(assembly.trainer, folder.where, wanted=tensorboard):
            run = assembly.run_into(folder, plots=plots)
    except Interrupted as interrupted:
        run, status = interrupted.run, INTERRUPTED
    except Diverged as diverged:
        if screen is not None:
            screen.result(diverged.run)
        raise
    finally:
        if screen is not None:
            screen.close()
    _report(run, screen, json)
    return status


def _report(run: Run, screen: Screen | None, json: bool) -> int:
    if screen is not None:
        screen.result(run)
    if json:
        print(json_module.dumps(_figures(run), ensure_ascii=False))
    return 0


def _begun(recipe: Recipe, out: Path, name: str | None) -> Path | None:
    """The folder of the run of that name, if it holds something to go on with."""
    if name is None:
        raise UsageError("--resume-or-start needs --name, to find the run again. Nothing was trained.")
    path = out / name
    if not path.is_dir():
        return None
    try:
        check_same_recipe(path, with_whole_path(recipe.completed()))
        newest(path, read_recipe(path))
    except NothingBegun:
        return None
    return path


def _length(recipe: Recipe) -> dict[str, int | None]:
    complete = recipe.completed()
    return {"iterations": complete.iterations, "epochs": complete.epochs}


def _figures(run: Run) -> dict[str, Any]:
    """The run's final figures, and `seconds_process`: from the start of this process until now."""
    figures: dict[str, Any] = {}
    for key, value in run.figures.items():
        figures[key] = value
        if key == "seconds":
            figures["seconds_process"] = round(_seconds_of_process(), 3)
    return figures


def _seconds_of_process() -> float:
    """Seconds since this process was started, where /proc tells; elsewhere the processor time it has used."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()
