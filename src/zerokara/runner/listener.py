"""What `import zerokara.book` says in Jupyter and IPython, below the cell that it is about.

A hint below a traceback, what was supplied, remarks on the cells so far, and what was found about a training. It is all
said once, and again where the cell that it was said below is run again: that took it off the screen. Whatever fails
here is logged, and nobody is bothered with it.
"""

from __future__ import annotations

import ast
import functools
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from zerokara.findings import Finding, Findings
from zerokara.runner import checkup, finder, ipython, recognised
from zerokara.runner.cells_lab import Magic
from zerokara.runner.hints import hints_for, hints_in_cell, new_beside
from zerokara.runner.noted_calls import noted_calls, own_nodes
from zerokara.runner.remarks import remarks_in
from zerokara.say import say
from zerokara.sources.data_flow import last_name
from zerokara.sources.magics import syntax_tree
from zerokara.words import sentence

logger = logging.getLogger(__name__)

LONG = 1.0
"""Seconds from which on a cell is taken for a training, whatever it looks like."""

_NOT_RUN_HERE = re.compile(r"\s*%%(?!time|timeit|capture|prun)\w")
"""A cell in another language, or one that is only written somewhere."""

_TRAINS = re.compile(r"grad|backprop|learn|fit|train(?!_test)", re.IGNORECASE)
_GOING_ON = ("append", "update", "step")


class _Key(NamedTuple):
    """By which a finding is known again: the numbers in it change each time, and a cell has another number."""

    cause: str
    parameter: str | None
    line: str


@dataclass(frozen=True)
class _Piece:
    """Source that was run: a cell, or a file by `%run`.

    Attributes:
        path: what a finding calls it, such as In[3]; file: what tracebacks do.
        tree: each of its nodes knows its cell; empty for what is no Python.
    """

    path: Path
    file: Path
    text: str
    number: int | None
    tree: ast.Module

    @classmethod
    def of(cls, path: Path, file: Path, text: str, number: int | None) -> _Piece:
        """The piece with its tree."""
        tree = syntax_tree(text) or ast.Module([], [])
        for node in ast.walk(tree):
            node.cell = path.name  # type: ignore[attr-defined]
        return cls(path, file, text, number, tree)

    @property
    def skipped(self) -> int:
        """How many lines of a cell are empty before its first one: IPython leaves them out and does not count them."""
        lines = self.text.splitlines() if self.number is not None else []
        return next((i for i, line in enumerate(lines) if line.strip()), 0)

    @property
    def compiled(self) -> str:
        """The text as tracebacks and functions count its lines."""
        return "".join(self.text.splitlines(keepends=True)[self.skipped :])


@dataclass(eq=False)
class Listener:
    """Hears what one shell runs.

    Attributes:
        pieces: what was run so far, by the cell's identity; of a cell that was run again, what it is now.
        depth: how many cells are being run: `%%capture` runs one inside another.
        error: what the last traceback in this cell was about; magics show some, too. hints: what was said below them.
        told: each thing that was said, with the cell that it was said below.
        remarked: the causes that remarks were about; none of them is a finding, too.
        found: what the latest training was found to have.
        number: of the cell that was run last.
    """

    shell: Any
    pieces: dict[str, _Piece] = field(default_factory=dict)
    told: dict[Any, str] = field(default_factory=dict)
    remarked: set[str] = field(default_factory=set)
    found: Findings = field(default_factory=Findings)
    number: int = 0
    error: BaseException | None = None
    hints: list[str] = field(default_factory=list)
    depth: int = 0
    began: float = 0.0
    hears: bool = False
    before: Any = None
    magic: Magic = field(init=False)

    def start(self) -> None:
        """Listen from now on; doing it twice is doing it once."""
        if self.hears:
            return
        self.hears, self.began, self.depth = True, time.monotonic(), 0
        self.shell.events.register("pre_run_cell", self._begins)
        self.shell.events.register("post_run_cell", self._ends)
        self.magic = Magic(self.shell, self._cells)
        self.magic.begin()
        self.before = vars(self.shell).get("showtraceback")
        self.shell.showtraceback = _with_hints(self, self.shell.showtraceback)

    def stop(self) -> None:
        """Say nothing any more, and leave the shell as it was."""
        self.hears = False
        self.magic.end()
        for event, heard in (("pre_run_cell", self._begins), ("post_run_cell", self._ends)):
            with suppress(ValueError):
                self.shell.events.unregister(event, heard)
        if getattr(vars(self.shell).get("showtraceback"), "listener", None) is self:  # else somebody stands around it
            del self.shell.showtraceback
            if self.before is not None:
                self.shell.showtraceback = self.before

    def _begins(self, info: Any = None) -> None:
        self.depth += 1
        if self.depth == 1:
            self.began, self.error = time.monotonic(), None
            self.hints.clear()
            ipython.files_run.clear()
            noted_calls.forget()
            if (lab := self.magic.lab) is not None:
                _safely(lambda: lab.begins([*self._cells(), *_about_to_run(info, self.number + 1)]))

    def _ends(self, result: Any) -> None:
        self.depth = max(self.depth - 1, 0)
        if self.depth == 0 and result is not None:
            if (lab := self.magic.lab) is not None:
                _safely(lambda: lab.look(self.shell.user_ns))
            _safely(lambda: self._hear(result, time.monotonic() - self.began))
            if lab is not None:
                _safely(lambda: lab.ends(self._cells(), self._found_in_cells(), self.error))
            noted_calls.forget()
            self.error = None  # its traceback leads to all that was there

    def _hear(self, result: Any, seconds: float) -> None:
        cell = getattr(result.info, "cell_id", None) or f"In[{result.execution_count}]"
        if names := [name for name in finder.supplied() if ("supplied", name) not in self.told]:
            self.told |= {("supplied", name): cell for name in names}
            say(sentence("zerokara supplied {names}.", names=", ".join(names)))
        if not result.info.store_history:
            return
        self.number = number = result.execution_count
        if not _NOT_RUN_HERE.match(result.info.raw_cell):
            file = next((name for name, count in cells_of(self.shell).items() if count == number), f"In[{number}]")
            self._keep(cell, _named(number), Path(file), result.info.raw_cell, number)
        for file in ipython.files_run:
            with suppress(OSError, ValueError):
                self._keep(file, Path(file), Path(file), Path(file).read_text(encoding="utf-8"), None)
        if not isinstance(self.error, KeyboardInterrupt):
            self._look(cell, seconds)

    def _keep(self, key: str, *piece: Any) -> None:
        self.pieces.pop(key, None)  # it comes last now
        self.pieces[key] = _Piece.of(*piece)

    def _look(self, cell: str, seconds: float) -> None:
        piece = self.pieces.get(cell)
        looks_so = piece is not None and trains(piece.tree)
        called = any(_TRAINS.search(note.plain.co_name) for note in noted_calls.filled)
        if not (looks_so or called or ipython.files_run or seconds > LONG):
            return
        found = self.found = self._found()
        for remark in self._new(cell, self._remarks(found), lambda text: text):
            say(remark)
        keys = {self._key(finding) for finding in found}
        # What was mended and is done again is told again.
        self.told = {thing: where for thing, where in self.told.items() if type(thing) is not _Key or thing in keys}
        if new := new_beside(self.hints, self._new(cell, found, self._key)):
            show(self.shell, new)

    def _cells(self) -> list[checkup.Text]:
        """What was run so far, by the names that findings call it."""
        return [checkup.Text(piece.path, piece.text, 1, piece.number) for piece in self.pieces.values()]

    def _found_in_cells(self) -> Findings:
        """What was found, but for what is about a cell that has been run again."""
        paths = {piece.path for piece in self.pieces.values()}
        return Findings(finding for finding in self.found if finding.file is None or finding.file in paths)

    def _found(self) -> Findings:
        sources = [checkup.Text(piece.file, piece.compiled, 1, piece.number) for piece in self.pieces.values()]
        told = checkup.found_in(self.shell.user_ns, sources, self.error)
        return Findings(self._placed(finding) for finding in told if finding.cause not in self.remarked)

    def _placed(self, finding: Finding) -> Finding:
        """The same, with the cell where a traceback has a file that is not there, and the line as it stands there."""
        number = cells_of(self.shell).get(str(finding.file))
        if number is None:
            return finding
        line = None if finding.line is None else finding.line + self._skipped(number)
        return replace(finding, file=_named(number), line=line)

    def _skipped(self, number: int) -> int:
        return next((piece.skipped for piece in self.pieces.values() if piece.number == number), 0)

    def _remarks(self, found: Findings) -> Iterator[str]:
        tree = ast.Module([statement for piece in self.pieces.values() for statement in piece.tree.body], [])
        for remark in remarks_in(tree, self.shell.user_ns, found):
            if remark.cause:
                self.remarked.add(remark.cause)
            yield f"{remark.place}: {remark.text}"
        for file, line, text in recognised.mistakes():
            number = cells_of(self.shell).get(file)
            if number is not None:
                file, line = str(_named(number)), line + self._skipped(number)
            yield f"{Path(file).name}:{line}: {text}"

    def _new(self, cell: str, things: Any, key: Callable[[Any], Any]) -> list[Any]:
        """Those of the things that were not said, or were said below this very cell."""
        new = [thing for thing in things if self.told.get(key(thing), cell) == cell]
        self.told |= {key(thing): cell for thing in new}
        return new

    def _key(self, finding: Finding) -> _Key:
        texts = {piece.path: piece.text.splitlines() for piece in self.pieces.values()}
        lines = texts.get(finding.file, []) if finding.file else []
        line = lines[finding.line - 1].strip() if finding.line and finding.line <= len(lines) else ""
        return _Key(finding.cause, finding.parameter, line)


def _with_hints(listener: Listener, show_traceback: Callable[..., Any]) -> Callable[..., Any]:
    """Shows the traceback as ever, and a hint below it."""

    @functools.wraps(show_traceback)
    def showtraceback(*given: Any, **named: Any) -> Any:
        triple = given[0] if given else named.get("exc_tuple")
        error = triple[1] if triple else sys.exc_info()[1]
        listener.error = error
        shown = show_traceback(*given, **named)
        if listener.hears and isinstance(error, Exception):
            _safely(lambda: listener.hints.extend(_hinted(error, listener.shell)))
        return shown

    showtraceback.listener = listener  # type: ignore[attr-defined]
    return showtraceback


def _named(number: int) -> Path:
    """What a finding calls a cell."""
    return Path(f"In[{number}]")


def _about_to_run(info: Any, number: int) -> list[checkup.Text]:
    """The cell that a shell is going to run, if it counts it. Some count before they tell of it, and some after."""
    if info is None or not info.store_history:
        return []
    return [checkup.Text(_named(number), info.raw_cell, 1, number)]


def _hinted(error: Exception, shell: Any) -> list[str]:
    trace, own = error.__traceback__, []
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "__main__":
            own.append(trace.tb_frame)
        trace = trace.tb_next
    names = own[0].f_globals if own else shell.user_ns
    path = Path(own[0].f_code.co_filename if own else "cell")
    hints = (hints_for if path.is_file() else hints_in_cell)(error, path, [], names)  # `%run` has a file
    for hint in hints:
        say(hint)
    return hints


def _safely(work: Callable[[], None]) -> None:
    try:
        work()
    except KeyboardInterrupt:  # the cell itself has ended
        pass
    except BaseException:
        logger.info("listening to IPython failed", exc_info=True)


def cells_of(shell: Any) -> dict[str, int]:
    """The number of each cell, by what tracebacks call it."""
    numbers: dict[str, int] = getattr(shell.compile, "_filename_map", {})
    return numbers


def trains(tree: ast.AST) -> bool:
    """Whether a cell looks like a training: a loop that updates or appends, or a call of something named so."""
    nodes = list(own_nodes(tree))
    loops = [node for node in nodes if isinstance(node, ast.For | ast.While)]
    return any(map(_is_training, nodes)) or any(_goes_on(part) for loop in loops for part in own_nodes(loop))


def _is_training(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _TRAINS.search(last_name(node.func)) is not None


def _goes_on(part: ast.AST) -> bool:
    return isinstance(part, ast.AugAssign) or (isinstance(part, ast.Call) and last_name(part.func) in _GOING_ON)


def show(shell: Any, found: Findings) -> None:
    """Findings in a notebook as HTML, in a terminal as text."""
    if not hasattr(shell, "kernel"):
        say(str(found))
        return
    from IPython.display import display

    display({"text/plain": str(found), "text/html": found._repr_html_()}, raw=True)  # type: ignore[no-untyped-call]


_listeners: list[Listener] = []


def listen(shell: Any) -> None:
    """Listen to this shell from now on."""
    listener = next((one for one in _listeners if one.shell is shell), None)
    if listener is None:
        listener = Listener(shell)
        _listeners.append(listener)
    listener.start()


def stop_listening(shell: Any) -> None:
    """Say nothing any more in this shell."""
    for listener in [one for one in _listeners if one.shell is shell]:
        listener.stop()
        _listeners.remove(listener)
