"""`zerokara resume`: go on with a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cli.options import (
    DataDir,
    Json,
    KeepGoing,
    NoPlots,
    Quiet,
    TensorBoard,
    Threads,
    flag,
    run_folder,
    whole_number,
)
from zerokara.cli.train import Output, go_on
from zerokara.runs.resume import reopen
from zerokara.words import translatable


def resume(
    run: Annotated[
        Path, Parameter(help=translatable("The run's folder, such as runs/mnist-001, or the name of one in runs."))
    ],
    *,
    iterations: Annotated[
        int | None,
        Parameter(converter=whole_number, help=translatable("Updates of the whole run, for a longer one than it was.")),
    ] = None,
    epochs: Annotated[
        int | None,
        Parameter(converter=whole_number, help=translatable("Epochs of the whole run, instead of updates.")),
    ] = None,
    force: Annotated[
        bool,
        flag(
            translatable(
                "Go on where versions or processor are not those that the run began with; the last digits may differ."
            )
        ),
    ] = False,
    keep_going: KeepGoing = False,
    threads: Threads = None,
    data_dir: DataDir = None,
    tensorboard: TensorBoard = False,
    no_plots: NoPlots = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Go on with a run, exactly where its newest checkpoint was made."""
    path = run_folder(run)
    output = Output.of(no_plots=no_plots, json=json, tensorboard=tensorboard, quiet=quiet)
    settings = output.settings(threads, data_dir, keep_going)
    again = partial(reopen, path, iterations=iterations, epochs=epochs, force=force, **settings)
    return go_on(path, again, output)
