"""`zerokara train`: its options are the fields of `Recipe`, and where to write and what to print."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from cyclopts import Parameter

from zerokara.cells import printable
from zerokara.cli.console import ConsoleReporter
from zerokara.cli.download import download_progress
from zerokara.cli.failure import tell
from zerokara.cli.options import (
    OTHER,
    DataDir,
    EngineName,
    Json,
    KeepGoing,
    NoPlots,
    Quiet,
    RecipeFile,
    TensorBoard,
    Threads,
    flag,
    recipe_of,
    with_recipe_options,
)
from zerokara.data.catalog import Progress
from zerokara.errors import INTERRUPTED, UsageError
from zerokara.report.changes import NOT_IN_RECIPE
from zerokara.runs.folder import RunFolder
from zerokara.runs.interrupt import Interrupted
from zerokara.runs.lock import Busy, is_locked
from zerokara.runs.opening import open_run, was_changed
from zerokara.runs.prepared import Diverged, PreparedRun, prepare_run, with_absolute_path
from zerokara.runs.resume import Finished, Reopened, check_same_recipe, reopen
from zerokara.runs.run import Run
from zerokara.runs.store import newest
from zerokara.runs.tensorboard import event_files, writer_class
from zerokara.runs.untrusted import NothingBegun, read_recipe
from zerokara.training.events import Listener
from zerokara.training.recipe import Recipe
from zerokara.words import sentence, translatable

if TYPE_CHECKING:
    from zerokara.cli.attending import Attending

SECONDS_BETWEEN_LOOKS = 0.1
"""At a run that another process is training."""


class Settings(TypedDict):
    """What `prepare_run` and `reopen` both take."""

    threads: int | None
    data_dir: Path | None
    keep_going: bool
    listeners: Sequence[Listener]
    progress: Progress | None


@dataclass(frozen=True)
class Output:
    """What a command that trains shows and draws.

    Raises UsageError where event files are wanted and tensorboardX is not installed.
    """

    reporter: ConsoleReporter | None
    plots: bool
    json: bool
    tensorboard: bool

    @classmethod
    def of(cls, *, no_plots: bool, json: bool, tensorboard: bool, quiet: bool) -> Output:
        """That of these options."""
        if tensorboard:
            writer_class()
        reporter = None if quiet else ConsoleReporter(sys.stderr if json else sys.stdout)
        return cls(reporter, not no_plots, json, tensorboard)

    def settings(self, threads: int | None, data_dir: Path | None, keep_going: bool) -> Settings:
        """The settings with whoever listens."""
        listeners = () if self.reporter is None else (self.reporter,)
        progress = None if self.reporter is None else download_progress(sys.stderr)
        return Settings(
            threads=threads, data_dir=data_dir, keep_going=keep_going, listeners=listeners, progress=progress
        )

    def attending(self, prepared: PreparedRun) -> list[Attending]:
        """The doctor, of a training that somebody watches from its start."""
        if self.reporter is None or prepared.trainer.iteration:
            return []
        from zerokara.cli.attending import Attending  # nobody who is quiet pays for it

        return [Attending(prepared, self.reporter, trials=not self.json)]

    def report(self, run: Run) -> None:
        """Where the run lies and how it ended."""
        if self.reporter is not None:
            self.reporter.result(run)
        if self.json:
            print(json_module.dumps(_figures(run), ensure_ascii=False))


@with_recipe_options("data", "network", "training", positional="dataset")
def train(
    *,
    recipe: RecipeFile = None,
    engine: EngineName = "auto",
    threads: Threads = None,
    data_dir: DataDir = None,
    out: Annotated[Path, Parameter(group=OTHER, help=translatable("Where run folders are made."))] = Path("runs"),
    name: Annotated[
        str | None, Parameter(group=OTHER, help=translatable("The run folder's name; by default a number."))
    ] = None,
    resume_or_start: Annotated[bool, flag(translatable("Go on with the run of that --name if there is one."))] = False,
    keep_going: KeepGoing = False,
    tensorboard: TensorBoard = False,
    no_plots: NoPlots = False,
    json: Json = False,
    quiet: Quiet = False,
    **options: Any,
) -> int:
    """Without options: the two-layer network of the textbook, on MNIST, for 10,000 updates."""
    output = Output.of(no_plots=no_plots, json=json, tensorboard=tensorboard, quiet=quiet)
    chosen = recipe_of(recipe, options)
    if recipe is not None and not quiet and was_changed(recipe):
        tell(printable(sentence(NOT_IN_RECIPE, run=recipe)))
    settings = output.settings(threads, data_dir, keep_going)

    def begin(*, empty: bool = False) -> int:
        prepared = prepare_run(chosen, engine=engine, **settings)
        return conduct(prepared, RunFolder.create(out, name, prepared.recipe.dataset, empty=empty), output)

    def resume_or_begin() -> int:
        path, length = _begun(chosen, out, name), chosen.resolved()
        if path is None:
            return begin(empty=True)
        again = partial(reopen, path, iterations=length.iterations, epochs=length.epochs, **settings)
        return go_on(path, again, output, finished=0)

    return _when_free(resume_or_begin, out / (name or ""), say=not quiet) if resume_or_start else begin()


def _when_free(attempt: Callable[[], int], path: Path, *, say: bool) -> int:
    """What an attempt returns, tried again whenever another process is no longer training the same run."""
    while True:
        try:
            return attempt()
        except Busy:
            if say:
                text = sentence(
                    "{path} is being trained by another process. Waiting for it; Ctrl-C ends the waiting.", path=path
                )
                tell(text)
                say = False
        time.sleep(SECONDS_BETWEEN_LOOKS)
        while is_locked(path):
            time.sleep(SECONDS_BETWEEN_LOOKS)


def go_on(path: Path, reopened: Callable[[], Reopened], output: Output, *, finished: int = 1) -> int:
    """Go on with the run in `path`; `finished` is the exit status where there is nothing left to do."""
    try:
        ready = reopened()
    except Finished as error:
        if finished:
            raise
        tell(str(error))
        output.report(open_run(path))
        return 0
    for note in ready.notes:
        tell(note)
    return conduct(ready.prepared, ready.folder, output)


def conduct(prepared: PreparedRun, folder: RunFolder, output: Output) -> int:
    """Train, show and keep it; the exit status."""
    reporter, status = output.reporter, 0
    attending = output.attending(prepared)
    try:
        if reporter is not None:
            reporter.heading(prepared)
        with event_files(folder.where, wanted=output.tensorboard) as event_writers:
            run = prepared.run_into(
                folder,
                plots=output.plots,
                listeners=[*event_writers, *attending],
                findings=attending[0].found if attending else lambda: None,
            )
    except Interrupted as interrupted:
        run, status = interrupted.run, INTERRUPTED
    except Diverged as diverged:
        if reporter is not None:
            reporter.result(diverged.run)
        if any(doctor.conclude(diverged.run) for doctor in attending):
            raise Diverged(diverged.run, diverged.happened) from None
        raise
    finally:
        if reporter is not None:
            reporter.close()
        with suppress(OSError):
            folder.remove_empty()  # where Ctrl-C or a closed standard output came before training did
    output.report(run)
    if not status:
        for doctor in attending:
            doctor.conclude(run)
    return status


def _begun(recipe: Recipe, out: Path, name: str | None) -> Path | None:
    """The folder of the run of that name, if it holds something to go on with."""
    if name is None:
        text = sentence("--resume-or-start needs --name, to find the run again. Nothing was trained.")
        raise UsageError(text, "missing-argument")
    path = out / name
    if not path.is_dir():
        return None
    try:
        check_same_recipe(path, with_absolute_path(recipe.resolved()))
        newest(path, read_recipe(path))
    except NothingBegun:
        return None
    return path


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
