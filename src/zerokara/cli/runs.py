"""`zerokara runs`: list them, show one, draw it, remove some."""

from __future__ import annotations

import json as json_module
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cli.console import TABLE_HEAD, TABLE_LINES, table_line
from zerokara.cli.options import run_folder
from zerokara.errors import UsageError, unknown_name
from zerokara.progress import duration
from zerokara.runs.files import describe, pictures
from zerokara.runs.folder import RunFolder
from zerokara.runs.listing import STATES, Line, lines
from zerokara.runs.opening import open_run, open_with_remarks
from zerokara.runs.removal import check_removable, remove
from zerokara.runs.run import STOPPED, UNFINISHED
from zerokara.runs.untrusted import checked_folder, command
from zerokara.words import sentence

Out = Annotated[Path, Parameter(help="Where the run folders are.")]
COLUMNS = [field.name for field in fields(Line)]


def list_(
    *,
    out: Out = Path("runs"),
    sort: str = "name",
    reverse: Annotated[bool, Parameter(negative="")] = False,
    state: str | None = None,
    dataset: str | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """A table of the runs, broken ones too.

    Args:
        sort: the column to sort by, such as test_accuracy or began; what is not known comes last.
        reverse: The other way round.
        state: only runs in this state, such as unfinished.
        dataset: only runs on this data set.
        json: One JSON array on standard output.
    """
    if sort not in COLUMNS:
        raise unknown_name("sort", sort, COLUMNS)
    if state not in (None, *STATES):
        raise unknown_name("state", state, STATES)
    if out.exists() and not out.is_dir():
        raise UsageError(sentence("--out must be the folder that run folders are in. {out} is no folder.", out=out))
    chosen = [line for line in lines(out) if state in (None, line.state) and dataset in (None, line.dataset)]
    known = [line for line in chosen if getattr(line, sort) is not None]
    known.sort(key=lambda line: getattr(line, sort), reverse=reverse)
    chosen = known + [line for line in chosen if getattr(line, sort) is None]
    if json:
        print(json_module.dumps([line.to_json() for line in chosen], ensure_ascii=False))
        return
    if not chosen:
        print(sentence("No runs in {out}.", out=out))
        return
    width = max(len(printable(line.name)) for line in chosen)
    print(
        f"{'name':<{width}}  {'state':<13} {'updates':>9} {'test accuracy':>13} {'time':>9}  {'optimizer':<9} dataset"
    )
    for line in chosen:
        print(_row(line, width))


def show(run: Path, *, out: Out = Path("runs")) -> None:
    """Print what a run is and how it went.

    Args:
        run: the run's folder, or its name as `zerokara runs list` prints it.
    """
    path = run_folder(run, out)
    opened, results = open_with_remarks(path)
    history = opened.history
    print(printable(describe(opened.recipe, opened.network)))
    text = "{state} after {n:,} updates in {time} on the {engine} engine"
    time = duration(history.seconds)
    print(sentence(text, state=opened.state, n=opened.iterations, time=time, engine=opened.engine))
    if opened.remark:
        print(opened.remark_in_words())
    print()
    print(TABLE_HEAD)
    every = max(1, -(-len(history.evaluations) // TABLE_LINES))
    for i, e in enumerate(history.evaluations):
        if i % every == 0 or e is history.last:
            print(table_line(e))
    for remark in (*results.notes, *results.remarks):
        print(f"\n{printable(remark.text)}")
    if opened.state in (STOPPED, UNFINISHED):
        print(sentence("\ngo on with: {command}", command=command("resume", path)))


def draw(run: Path, *, out: Out = Path("runs")) -> None:
    """Draw a run's loss.png and accuracy.png anew, also while it is being trained.

    Args:
        run: the run's folder, or its name as `zerokara runs list` prints it.
    """
    path = checked_folder(run_folder(run, out))
    folder = RunFolder(path)
    opened = open_run(path)
    folder.check_in_place()
    files = list(pictures(opened, lambda: False))
    folder.write_all(files)
    for name, _ in files:
        print(sentence("picture: {path}", path=folder.where() / name))


def rm(*runs: str, out: Out = Path("runs"), yes: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Remove runs, after asking.

    Args:
        runs: names of folders in --out.
        yes: Do not ask.
    """
    if not runs:
        raise UsageError(sentence("Say which runs to remove, by their names. Nothing was removed."))
    folders = [check_removable(out, name) for name in runs]
    if not (yes or _agreed(folders)):
        print(sentence("Nothing was removed."))
        return 1
    for folder in folders:
        left, path = remove(folder), printable(str(folder))
        text = "removed the run in {path}, but left what zerokara did not write: {left}" if left else "removed {path}"
        print(sentence(text, path=path, left=printable(", ".join(left))))
    return 0


def printable(text: str) -> str:
    """A text that cannot play tricks with a terminal, which names of folders may try."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _agreed(folders: list[Path]) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(sentence("Nobody is there to be asked. Nothing was removed; say --yes."))
    names = ", ".join(printable(str(folder)) for folder in folders)
    try:
        return input(sentence("Remove {names} for good? [y/N] ", names=names)).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _row(line: Line, width: int) -> str:
    accuracy = "" if line.test_accuracy is None else f"{line.test_accuracy:.4f}"
    updates = "" if line.updates is None else f"{line.updates:,}"
    seconds = "" if line.seconds is None else duration(line.seconds)
    optimizer, told = line.optimizer or "", line.in_words()
    of = told if line.problem else " ".join(filter(None, (line.dataset, told and f"({told})")))
    row = f"{printable(line.name):<{width}}  {line.state:<13} {updates:>9} {accuracy:>13} {seconds:>9}  {optimizer:<9} "
    return (row + printable(of)).rstrip()
