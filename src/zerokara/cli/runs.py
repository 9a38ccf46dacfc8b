"""`zerokara runs`: list them, show one, draw it, remove some."""

from __future__ import annotations

import json as json_module
import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cells import left, printable, widest
from zerokara.cli.console import TABLE, TABLE_LINES, ended, table_line
from zerokara.cli.options import run_folder
from zerokara.cli.picture import write_picture
from zerokara.cli.table import Column, Table
from zerokara.errors import UsageError, unknown_name
from zerokara.progress import duration
from zerokara.report.changes import CHANGES, HEADS, left_out, parent_in_words, rows
from zerokara.runs.files import describe, pictures
from zerokara.runs.folder import RunFolder
from zerokara.runs.listing import STATES, STATES_IN_WORDS, Line, lines
from zerokara.runs.opening import open_run, open_with_remarks
from zerokara.runs.removal import check_removable, remove
from zerokara.runs.run import STOPPED, UNFINISHED, Run
from zerokara.runs.script_reporting import what_is_missing
from zerokara.runs.scripts import ScriptRun, read_script, script_pictures
from zerokara.runs.side_by_side import told_apart
from zerokara.runs.untrusted import checked_folder, command, is_script
from zerokara.training.history import History
from zerokara.words import sentence, translatable

Out = Annotated[Path, Parameter(help=translatable("Where the run folders are."))]
RunName = Annotated[
    Path, Parameter(help=translatable("The run's folder, or its name as zerokara runs list prints it."))
]
COLUMNS = [field.name for field in fields(Line)]


def list_(
    *,
    out: Out = Path("runs"),
    sort: Annotated[
        str,
        Parameter(help=translatable("The column of --json to sort by; what is not known comes last.")),
    ] = "name",
    reverse: Annotated[bool, Parameter(negative="", help=translatable("The other way round."))] = False,
    state: Annotated[str | None, Parameter(help=translatable("Only runs in this state."))] = None,
    dataset: Annotated[str | None, Parameter(help=translatable("Only runs on this data set."))] = None,
    json: Annotated[bool, Parameter(negative="", help=translatable("One JSON array on standard output."))] = False,
) -> None:
    """A table of the runs, broken ones too."""
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
    table = Table(
        [
            # Translators: of the folder of a run.
            Column(translatable("name"), widest([printable(line.name) for line in chosen]), left),
            Column(translatable("state"), widest([sentence(text) for text in STATES_IN_WORDS.values()]), left),
            Column(translatable("updates"), 8),
            Column(translatable("test accuracy")),
            # Translators: how long a run took.
            Column(translatable("time"), 8),
            Column(translatable("optimizer"), 9, left),
            Column(translatable("dataset"), side=left),
        ],
        gap=2,
    )
    print(table.head())
    for line in chosen:
        print(table.line(_values(line)))


def show(run: RunName, *, out: Out = Path("runs")) -> None:
    """Print what a run is and how it went."""
    path = checked_folder(run_folder(run, out))
    if is_script(path):
        _show_script(path)
        return
    opened, results = open_with_remarks(path)
    history = opened.history
    print(printable(describe(opened.recipe, opened.network)))
    print(ended(opened))
    print(sentence("engine: {name}", name=opened.engine))
    if opened.remark:
        print(opened.remark_in_words())
    _print_changes(opened)
    _print_table(history)
    for remark in (*results.notes, *results.remarks):
        print(f"\n{printable(remark.text)}")
    if opened.state in (STOPPED, UNFINISHED):
        print()
        print(sentence("go on with: {command}", command=command("resume", path)))


def _show_script(path: Path) -> None:
    """Print what a script left behind: its file, how many losses, every parameter, and the table of accuracies."""
    script = read_script(path)
    facts, history = script.facts, script.history
    told = sentence(
        "left behind by {file} in {time}; losses: {losses:,}, accuracies: {accuracies:,}",
        file=facts.file,
        losses=facts.losses,
        accuracies=facts.evaluations,
        time=duration(facts.seconds),
    )
    print(printable(told))
    for text in what_is_missing(script):
        print(text)
    for name, array in script.params.items():
        print(printable(f"{name} {array.shape} {array.dtype}"))
    if history.evaluations:
        _print_table(history)
    if script.findings:
        print()
        for line in str(script.findings).splitlines():
            print(printable(line))


def _print_changes(run: Run) -> None:
    if run.parent is not None:
        print(printable(parent_in_words(run.parent)))
    if run.changes:
        print()
        print(sentence(CHANGES))
        shown = rows(run.changes)
        table = Table(
            [Column(head, widest(of), left) for head, of in zip(HEADS, zip(*shown, strict=True), strict=True)], 2
        )
        for line in filter(None, (table.head(), *map(table.line, shown), left_out(run.changes))):
            print(line)


def _print_table(history: History) -> None:
    print(f"\n{TABLE.head()}")
    every = max(1, -(-len(history.evaluations) // TABLE_LINES))
    for i, e in enumerate(history.evaluations):
        if i % every == 0 or e is history.last:
            print(table_line(e))


def draw(*runs: RunName, out: Out = Path("runs")) -> None:
    """Draw a run's loss.png and accuracy.png anew, also while it is being trained; several into new pictures here."""
    if not runs:
        raise UsageError(sentence("Say which run to draw, or which runs to draw into one picture."), "missing-argument")
    if len(runs) > 1:
        _draw_together([run_folder(run, out) for run in runs])
        return
    path = checked_folder(run_folder(runs[0], out))
    folder = RunFolder(path)
    opened = read_script(path) if is_script(path) else open_run(path)
    folder.check_in_place()
    files = list(script_pictures(opened) if isinstance(opened, ScriptRun) else pictures(opened, lambda: False))
    folder.write_all(files)
    for name, _ in files:
        print(sentence("picture: {path}", path=folder.where() / name))


def _draw_together(paths: list[Path]) -> None:
    """The curves of several runs, overlaid."""
    from zerokara.report.figures import accuracies_figure, losses_figure, png

    histories = [read_script(path).history if is_script(path) else open_run(path).history for path in paths]
    names = told_apart(paths)
    write_picture(png(losses_figure(histories, names)), None, "losses")
    write_picture(png(accuracies_figure(histories, names)), None, "accuracies")


def rm(
    *runs: Annotated[str, Parameter(help=translatable("Names of folders in --out."))],
    out: Out = Path("runs"),
    yes: Annotated[bool, Parameter(negative="", help=translatable("Do not ask."))] = False,
) -> int:
    """Remove runs, after asking."""
    if not runs:
        text = sentence("Say which runs to remove, by their names. Nothing was removed.")
        raise UsageError(text, "missing-argument")
    folders = [check_removable(out, name) for name in runs]
    if not (yes or _agreed(folders)):
        print(sentence("Nothing was removed."))
        return 1
    for folder in folders:
        kept, path = remove(folder), printable(str(folder))
        if kept:
            names = printable(", ".join(kept))
            text = sentence(
                "removed the run in {path}, but left what zerokara did not write: {left}", path=path, left=names
            )
            print(text)
        else:
            print(sentence("removed {path}", path=path))
    return 0


def _agreed(folders: list[Path]) -> bool:
    if not sys.stdin.isatty():
        text = sentence("Nobody is there to be asked. Nothing was removed; say --yes.")
        raise UsageError(text, "missing-argument")
    names = ", ".join(printable(str(folder)) for folder in folders)
    question = sentence("Remove {names} for good? [y/N]", names=names)
    try:
        return input(f"{question} ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _values(line: Line) -> list[str]:
    """What the table has of a run."""
    told, of = line.in_words(), line.dataset or ""
    return [
        printable(line.name),
        sentence(STATES_IN_WORDS[line.state]),
        "" if line.updates is None else f"{line.updates:,}",
        "" if line.test_accuracy is None else f"{line.test_accuracy:.4f}",
        "" if line.seconds is None else duration(line.seconds),
        line.optimizer or "",
        printable(told if line.problem else f"{of} ({told})" if told else of),
    ]
