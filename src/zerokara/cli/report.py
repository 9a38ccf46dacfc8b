"""`zerokara report`: the page of a run, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from zerokara.cli.options import OTHER, DataDir, run_folder
from zerokara.cli.picture import write_where_free
from zerokara.errors import UsageError
from zerokara.report.page import page
from zerokara.report.reported import Reported
from zerokara.runs.folder import RunFolder
from zerokara.runs.layout import REPORT
from zerokara.runs.script_reporting import reported_of
from zerokara.runs.side_by_side import side_by_side
from zerokara.runs.untrusted import checked_folder
from zerokara.words import sentence, translatable


def html_file(type_: Any, tokens: Any) -> Path:
    """A path whose name says what will be in the file. Raises UsageError for another."""
    path = Path(tokens[0].value)
    if path.suffix.lower() not in (".html", ".htm"):
        text = sentence("{name} must end in .html. Got {path}.", name=tokens[0].keyword, path=path)
        raise UsageError(text, "wrong-value")
    return path


def report(
    *runs: Annotated[
        Path, Parameter(help=translatable("The run's folder, such as runs/mnist-001, or the name of one in runs."))
    ],
    out: Annotated[
        Path | None,
        Parameter(
            group=OTHER,
            converter=html_file,
            help=translatable("The file to write; by default report.html in the run's folder, or here for several."),
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Show a run, or several side by side, as a page for a browser."""
    if not runs:
        raise UsageError(sentence("Say which runs to show, by their folders. Nothing was written."), "missing-argument")
    folders = [checked_folder(run_folder(run)) for run in runs]
    if len(folders) == 1 and out is None:
        path = _write_into(folders[0], data_dir)
    else:
        path = write_where_free(_page(_read(folders, data_dir)), out, "report", ".html")
    print(sentence("page: {path}", path=path))


def _read(folders: Sequence[Path], data_dir: Path | None) -> Sequence[Reported]:
    """One run with what the doctor says of it, or several to be compared."""
    if len(folders) == 1:
        return [reported_of(folders[0], data_dir)]
    return side_by_side(folders, data_dir)


def _page(trainings: Sequence[Reported]) -> bytes:
    return page(trainings).encode()


def _write_into(path: Path, data_dir: Path | None) -> Path:
    """Write the page of a run into its folder, also while it is being trained."""
    folder = RunFolder(path)
    content = _page(_read([path], data_dir))
    folder.check_in_place()
    folder.write(REPORT, content)
    return folder.where() / REPORT
