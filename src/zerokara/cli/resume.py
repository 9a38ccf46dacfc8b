"""`zerokara resume`: go on with a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cli.options import DataDir, Threads, run_folder, whole_number
from zerokara.cli.train import Output, go_on
from zerokara.runs.resume import reopen

Flag = Parameter(negative="")
Length = Annotated[int | None, Parameter(converter=whole_number)]


def resume(
    run: Path,
    *,
    iterations: Length = None,
    epochs: Length = None,
    force: Annotated[bool, Flag] = False,
    keep_going: Annotated[bool, Flag] = False,
    threads: Threads = None,
    data_dir: DataDir = None,
    tensorboard: Annotated[bool, Flag] = False,
    no_plots: Annotated[bool, Flag] = False,
    json: Annotated[bool, Flag] = False,
    quiet: Annotated[bool, Flag] = False,
) -> int:
    """Go on with a run, exactly where its newest checkpoint was made.

    Args:
        run: the run's folder, such as runs/mnist-001, or the name of one in runs.
        iterations: updates of the whole run, for a longer one than it was.
        epochs: the same, in epochs.
        force: Go on where versions or processor are not those that the run began with; the last digits may differ.
        keep_going: Go on when losses or weights are no longer finite.
        tensorboard: Write event files for TensorBoard.
        no_plots: Draw no pictures.
        json: One JSON object on standard output.
        quiet: Print nothing but errors.
    """
    path = run_folder(run)
    output = Output.of(no_plots=no_plots, json=json, tensorboard=tensorboard, quiet=quiet)
    settings = output.settings(threads, data_dir, keep_going)
    again = partial(reopen, path, iterations=iterations, epochs=epochs, force=force, **settings)
    return go_on(path, again, output)
