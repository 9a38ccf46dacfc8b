"""Runs a learner's file as it is: a script, a notebook, a Markdown text or a transcript."""

from __future__ import annotations

import ast
import linecache
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

import numpy as np

from zerokara import recognise
from zerokara.errors import INTERRUPTED, UsageError, ZerokaraError
from zerokara.findings import Findings
from zerokara.progress import duration
from zerokara.runner import checkup, finder, gallery, ipython, own_digit, recognised, start
from zerokara.runner.hints import hints_for, new_beside
from zerokara.runner.keeping import PLACE, keeper
from zerokara.runner.looks import OwnLab, looks
from zerokara.runner.main_module import as_main
from zerokara.runner.noted_calls import noted_calls
from zerokara.runner.own_loops import quotient_parts_of, with_questions
from zerokara.runner.prelude import supply
from zerokara.runner.remarks import remarks_on
from zerokara.runner.slow_loops import slow_loops
from zerokara.say import say
from zerokara.sources.cells import NOTEBOOKS, SCRIPTS, TEXTS, Cell, cells_of, chosen, decoded
from zerokara.words import in_english, language, paragraph, sentence


@dataclass(frozen=True)
class Options:
    """How to run a file.

    Attributes:
        cells: which cells, such as "1,3-5"; None for all.
        prelude: supply `np`, `plt`, `load_mnist` and `TwoLayerNet` to a file without imports.
        seed: seeds `random` and `np.random` before the first line; None for not at all.
        figures: the folder for pictures; None for the working folder.
        remarks: whether to say at the end what was noticed in the source, and found about the training.
        accelerate: "on" to compute the numerical gradients of networks that are recognised without the loop, "off", or
            "verify" to do both and compare.
        recognised: a JSON file that says of each function that was looked into whether it was recognised, and why not.
        findings: a JSON file for what was found about the training.
        keep: the name of the run that keeps what the file leaves behind; None for not at all.
        out: the folder that such runs are in.
        predict: a picture, or a folder of them, that the network is asked about at the end.
        lab: shows the training while it runs; None for none.

    Raises UsageError for a seed that NumPy's global generator does not take.
    """

    cells: str | None = None
    prelude: bool = False
    seed: int | None = None
    figures: Path | None = None
    remarks: bool = True
    accelerate: str = "on"
    recognised: Path | None = None
    findings: Path | None = None
    keep: str | None = None
    out: Path = PLACE
    predict: Path | None = None
    lab: OwnLab | None = None

    def __post_init__(self) -> None:
        if not (self.seed is None or (type(self.seed) is int and 0 <= self.seed < 2**32)):
            text = sentence(
                "--seed must be a whole number from 0 to {last}. Got {got!r}.", last=2**32 - 1, got=self.seed
            )
            raise UsageError(text, "wrong-value")
        if self.recognised is not None:
            recognised.check_path(self.recognised)
        if self.findings is not None:
            checkup.check_path(self.findings)
        if self.predict is not None:
            own_digit.check_picture(self.predict)


def run_file(file: str, args: list[str], options: Options) -> int:
    """Run a file as `python FILE ARGS` would, and say at the end what was supplied and what was noticed.

    Args:
        file: as the user wrote it; it becomes `sys.argv[0]`.
        args: what stands after it.

    Returns:
        The script's own exit status; 1 after an error, 130 after Ctrl-C.

    Raises UsageError, before anything is run, for a file that cannot be run or cells that are not there.
    """
    path = checked_path(file).absolute()
    options = replace(
        options,
        recognised=_absolute(options.recognised),
        findings=_absolute(options.findings),
        predict=_absolute(options.predict),
    )
    script = path.suffix.lower() in SCRIPTS
    all_cells, cells = cells_to_run(path, options.cells)
    language()  # its catalogue is read now, by Python's own gettext.py and not by one in the script's folder
    finder.uninstall()  # of an earlier run in this process: its modules may have been found in another folder
    start()
    if options.figures and not gallery.saves():
        say(sentence("--figures is not used: there is a display or an MPLBACKEND, so Matplotlib shows the figures."))
    folder = path.parent if path.suffix.lower() in NOTEBOOKS else None
    with (
        keeper(options.keep, options.out.absolute(), path) as kept,
        gallery.opened(options.figures or folder or Path.cwd(), path.stem),
        main_of(file, args, folder, cells) as main,
    ):
        _seed(options.seed)
        if options.prelude:
            supply(main, path.read_bytes().decode(errors="replace"))
        work = _script(path, main) if script else _cell_by_cell(path, cells, main)
        with recognise.mode(options.accelerate), looks.opened(options.lab):
            noted_calls.forget()
            end = _ended(work, path, all_cells, main)
            slow_loops.finish()
            looks.last(vars(main))
            if kept:
                kept.look(vars(main), checkup.sources_of(path, cells))
            found = _report(path, cells, main, options, end)
            looks.end(found, end.status, end.error)
            noted_calls.forget()
        if kept and not kept.write(found, end.error):
            return end.status or 1
    return end.status


def _absolute(path: Path | None) -> Path | None:
    """Where the user meant it to be: a file may go to another folder, and a notebook runs in its own."""
    return None if path is None else path.absolute()


def checked_path(file: str) -> Path:
    """The path of a file that can be run. Raises UsageError for another."""
    if not isinstance(file, str | os.PathLike) or not (path := Path(file)).is_file():
        raise UsageError(sentence("FILE must be a script, a notebook or a note. There is no file {file}.", file=file))
    if path.suffix.lower() not in (*SCRIPTS, *TEXTS, *NOTEBOOKS):
        raise UsageError(sentence("FILE must end in .py, .ipynb, .md or .txt. Got {file}.", file=file))
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(sentence("{file} cannot be read: {reason}.", file=file, reason=error.strerror)) from error
    return path


def cells_to_run(path: Path, choice: str | None) -> tuple[list[Cell], list[Cell]]:
    """All cells of a notebook or note, and those that were chosen; a script has none.

    Raises UsageError where there is nothing to choose from, or not what was chosen.
    """
    script = path.suffix.lower() in SCRIPTS
    if script and choice:
        raise UsageError(
            sentence("--cells chooses from the cells of a notebook or note. {path} is one script.", path=path)
        )
    cells = [] if script else cells_of(path)
    return cells, chosen(cells, choice) if choice else cells


@contextmanager
def main_of(file: str, args: list[str], folder: Path | None, cells: list[Cell]) -> Iterator[ModuleType]:
    """`__main__` for a file. Cells have no `__file__`, as in Jupyter, unless one of them asks for it."""
    with as_main(file, args, folder=folder) as main:
        if cells and not any("__file__" in cell.source for cell in cells):
            del main.__file__
        yield main


def _seed(seed: int | None) -> None:
    if seed is not None:
        random.seed(seed)
        np.random.seed(seed)


def _script(path: Path, main: ModuleType) -> Callable[[], None]:
    def work() -> None:
        source = _checked_source(path)
        code = compile(source, str(path), "exec", dont_inherit=True)
        exec(with_questions(code, source), main.__dict__)

    return work


def _checked_source(path: Path) -> bytes:
    """The bytes of a script. `compile` overlooks a wrong encoding inside comments; `python FILE` does not."""
    data = path.read_bytes()
    if not _decodes(data):
        try:
            compile(data, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            if "utf-8" in str(error).lower():  # Python's own words, unless it took half a letter for a backslash
                raise
        # It stands for Python's own words, which are English in every language; the hint below it is the user's.
        text = in_english(
            "Non-UTF-8 code, but no encoding is declared that fits; see https://peps.python.org/pep-0263/"
        )
        raise SyntaxError(text, (str(path), 1, None, None))
    return data


def _decodes(source: bytes) -> bool:
    try:
        decode_source(source)
    except (UnicodeDecodeError, SyntaxError):
        return False
    return True


def _cell_by_cell(path: Path, cells: list[Cell], main: ModuleType) -> Callable[[], None]:
    in_ipython = path.suffix.lower() in NOTEBOOKS or any(cell.needs_ipython for cell in cells)
    if in_ipython:
        ipython.check_ipython(path)

    def work() -> None:
        if in_ipython:
            with ipython.shell(main, path) as shell:
                _each(cells, shell.run)
        else:
            _prime_linecache(path)
            parts: set[str] = set()
            _each(cells, lambda cell: _run_plain(cell, path, main.__dict__, parts))

    return work


def _each(cells: list[Cell], run: Callable[[Cell], None]) -> None:
    for cell in cells:
        run(cell)
        gallery.show_open_figures()


def _run_plain(cell: Cell, path: Path, namespace: dict[str, Any], parts: set[str]) -> None:
    """Run a cell without IPython; the value of a last line that is an expression is shown.

    The source is moved down to its own lines, so that a traceback names the lines of the file.

    Args:
        parts: the functions of all cells so far that compute a difference quotient; those of this one are added.
    """
    name = str(path)
    # `single` prints the value of an expression, as a notebook does, but takes one statement only: the last.
    tree = ast.parse(cell.in_place, name)
    parts |= quotient_parts_of(tree)
    last = [tree.body.pop()] if isinstance(tree.body[-1], ast.Expr) else []
    exec(_compiled(tree, name, "exec", parts), namespace)
    for statement in last:
        exec(_compiled(ast.Interactive([statement]), name, "single", parts), namespace)


def _compiled(tree: ast.Module | ast.Interactive, name: str, mode: str, parts: set[str]) -> CodeType:
    code: CodeType = compile(tree, name, mode, dont_inherit=True)
    return with_questions(code, tree, parts)


def _prime_linecache(path: Path) -> None:
    """Let tracebacks show lines of a note in any encoding."""
    text = decoded(path)
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))


@dataclass(frozen=True)
class _End:
    """How a run ended.

    Attributes:
        status: the exit status.
        error: what it ended with, a KeyboardInterrupt for Ctrl-C.
        hints: what was said about the error.
    """

    status: int
    error: BaseException | None = None
    hints: tuple[str, ...] = ()


def _ended(work: Callable[[], None], path: Path, cells: list[Cell], main: ModuleType) -> _End:
    began = time.monotonic()
    try:
        work()
    except SystemExit as exit_:
        return _End(_exit_status(exit_.code))
    except KeyboardInterrupt as error:
        stopped = _stopped(_own_part(error.__traceback__, main), duration(time.monotonic() - began), path)
        text = paragraph(stopped, *getattr(error, "__notes__", []))  # the notes say how far a loop was
        say(f"\n{text}")  # below the ^C of a terminal
        return _End(INTERRUPTED, error)
    except BaseException as error:
        _show(error, main)
        hints = hints_for(error, path, cells, main.__dict__)
        for hint in hints:
            say(hint)
        return _End(1, error, tuple(hints))
    return _End(0)


def _exit_status(code: Any) -> int:
    """What Python makes of `sys.exit(code)`: anything but a number is printed, and the status is 1."""
    if code is None or isinstance(code, int):
        return int(code or 0)
    say(str(code))
    return 1


def _stopped(trace: TracebackType | None, time: str, path: Path) -> str:
    if trace is None:
        return sentence("Stopped by Ctrl-C after {time}.", time=time)
    line, file = trace.tb_lineno, trace.tb_frame.f_code.co_filename
    if cell := ipython.cell_numbers.get(file):
        return sentence(
            "Stopped by Ctrl-C after {time} in line {line} of cell {cell} of {name}.",
            time=time,
            line=line,
            cell=cell,
            name=path.name,
        )
    return sentence(
        "Stopped by Ctrl-C after {time} in line {line} of {name}.", time=time, line=line, name=Path(file).name
    )


def _show(error: BaseException, main: ModuleType) -> None:
    """Print the traceback from the learner's first line on: what called it is ours, not theirs."""
    sys.stdout.flush()
    trace = _own_part(error.__traceback__, main)
    if isinstance(error, ZerokaraError):
        trace = _without_our_insides(trace)
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(error.with_traceback(trace))  # unlike Python's own hook, it finds the lines of cells
    else:
        sys.excepthook(type(error), error.with_traceback(trace), trace)


def _without_our_insides(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without zerokara's frames: what it refuses is said by its sentence, not by its insides."""
    if trace is None:
        return None
    rest = _without_our_insides(trace.tb_next)
    if str(trace.tb_frame.f_globals.get("__name__")).startswith("zerokara."):
        return rest
    return TracebackType(rest, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def _own_part(trace: TracebackType | None, main: ModuleType) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_globals is not main.__dict__:
        trace = trace.tb_next
    return trace


def _report(path: Path, cells: list[Cell], main: ModuleType, options: Options, end: _End) -> Findings:
    """Say what was supplied and noticed; what was found about the training."""
    names = finder.supplied()
    if names:
        say(sentence("zerokara supplied {names}.", names=", ".join(names)))
    stopped = isinstance(end.error, KeyboardInterrupt)
    found = Findings()
    noted = noted_calls.values() if options.predict else []  # before they are let go
    if not stopped and (options.remarks or options.findings or options.keep or options.lab):
        found = checkup.found_in(vars(main), checkup.sources_of(path, cells), end.error)
    if options.remarks:
        for remark in remarks_on(path, cells, vars(main), found):
            say(remark)
        for file, line, remark in recognised.mistakes():
            say(f"{Path(file).name}:{line}: {remark}")
        if told := new_beside(end.hints, found):
            say(str(told))
    if options.recognised:
        recognised.write(options.recognised)
    if options.findings and stopped:
        say(sentence("What was stopped is not looked into: {path} was not written.", path=options.findings))
    elif options.findings:
        checkup.write(options.findings, found)
    if options.predict:  # last: their code may take its time, and be stopped
        for text in own_digit.answers(options.predict, vars(main), noted):
            say(text)
    return found
