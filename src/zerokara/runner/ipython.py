"""Running cells in IPython, with magics, `!command` and displayed values.

It comes with the extra `notebook`. Scripts and notes whose cells are plain Python do not need it.
"""

from __future__ import annotations
import __future__

import atexit
import functools
import linecache
import operator
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from zerokara.errors import ZerokaraError
from zerokara.runner import gallery
from zerokara.runner.own_loops import quotient_parts_of, with_questions
from zerokara.say import say
from zerokara.sources.cells import Cell
from zerokara.sources.notebook import NEEDED
from zerokara.words import in_english, sentence, to_install

cell_numbers: dict[str, int] = {}
"""The number of each cell that was run, by what a traceback calls it."""

running: Any = None
"""The shell that `zerokara run` has made; None at other times."""

files_run: list[str] = []
"""The files that `%run` has run since this list was emptied."""


def look_through(shell: Any) -> None:
    """Let the code of a shell's cells ask at its numerical gradients from now on; doing it twice is doing it once."""
    kind = type(shell.compile)
    if not hasattr(kind, "without_questions"):
        # The shell keeps its compiler, which has the flags of the cells so far; it only gets another class.
        with suppress(TypeError):  # of a compiler that is not written in Python
            shell.compile.__class__ = _asking(kind)
    for module in filter(None, map(sys.modules.get, _FILE_RUNNERS)):
        vars(module)["compile"] = _compile_file


def look_away(shell: Any) -> None:
    """Compile its cells as they are, from now on."""
    shell.compile.__class__ = getattr(type(shell.compile), "without_questions", type(shell.compile))
    for module in filter(None, map(sys.modules.get, _FILE_RUNNERS)):
        vars(module).pop("compile", None)


_FILE_RUNNERS = ("IPython.core.interactiveshell", "IPython.utils.py3compat")
"""Where `%run FILE` calls `compile`, in a later or an earlier IPython."""


def _compile_file(source: Any, filename: Any, mode: str, *options: Any, **named: Any) -> Any:
    """Python's `compile`, for a file that `%run` runs."""
    if options or named or not isinstance(source, str | bytes):
        return compile(source, filename, mode, *options, **named)
    files_run.append(str(filename))
    # Python's own takes over what the code that calls it has imported from __future__.
    flags = sys._getframe(1).f_code.co_flags & _FUTURE
    return with_questions(compile(source, filename, mode, flags, dont_inherit=True), source, flags=flags)


_FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


def _asking(kind: Any) -> Any:
    """A class of compilers whose code asks."""

    class AskingCompiler(kind):  # type: ignore[misc]
        without_questions = kind

        def ast_parse(self, *given: Any, **named: Any) -> Any:
            tree = super().ast_parse(*given, **named)
            _parts(self).update(quotient_parts_of(tree))  # a cell's statements are compiled one by one
            return tree

        def __call__(self, source: Any, *given: Any, **named: Any) -> Any:
            code = super().__call__(source, *given, **named)
            return with_questions(code, source, _parts(self), self.flags)

    return AskingCompiler


def _parts(compiler: Any) -> set[str]:
    """The functions of all cells so far that compute a difference quotient."""
    parts: set[str] = vars(compiler).setdefault("_quotient_parts", set())
    return parts


def cell_name(path: Path, number: int) -> str:
    """What a traceback calls a cell of a notebook: English, as all of a traceback."""
    return in_english("{file}, cell {number}", file=path.name, number=number)


class Shell:
    """One IPython shell that cells are run in, one after the other."""

    def __init__(self, shell: Any, path: Path) -> None:
        self.shell, self.path = shell, path
        self.cell = Cell(0, "")
        look_through(shell)
        shell.compile.get_code_name = self._code_name
        shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None  # the runner reports errors
        shell.ask_exit = _exit
        self._change_folder = shell.find_line_magic("cd")
        shell.register_magic_function(self._cd, magic_name="cd")
        self._matplotlib, self._pylab = shell.find_line_magic("matplotlib"), shell.find_line_magic("pylab")
        shell.register_magic_function(self._use_matplotlib, magic_name="matplotlib")
        shell.register_magic_function(self._use_pylab, magic_name="pylab")
        shell.register_magic_function(self._show_no_lab, magic_name="zerokara")

    def _code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """What a traceback calls the cell."""
        name = cell_name(self.path, self.cell.number)
        cell_numbers[name] = self.cell.number
        linecache.cache[name] = (len(raw_code), None, raw_code.splitlines(keepends=True), name)
        return name

    def _cd(self, line: str) -> None:
        """%cd; a folder that does not exist is reported and passed over."""
        folder = os.path.expanduser(" ".join(shlex.split(line)))
        if folder and not folder.startswith("-") and not os.path.isdir(folder):
            say(
                sentence(
                    "%cd {folder}: there is no such folder. Passed over; the working folder is still {here}.",
                    folder=folder,
                    here=os.getcwd(),
                )
            )
        else:
            self._change_folder(line)

    def _use_matplotlib(self, line: str) -> Any:
        """%matplotlib; what only a notebook in a browser can do, such as inline, is passed over."""
        return None if _is_for_browsers(line) else self._matplotlib(line)

    def _use_pylab(self, line: str) -> Any:
        """%pylab: Matplotlib's and NumPy's names too."""
        if not _is_for_browsers(line):
            return self._pylab(line)
        from IPython.core.pylabtools import import_pylab

        import_pylab(self.shell.user_ns, import_all="--no-import-all" not in line)  # type: ignore[no-untyped-call]
        return None

    def _show_no_lab(self, line: str) -> None:
        """%zerokara, which a kernel has: here, an option of the command does the same."""
        say(sentence("%zerokara {line}: passed over. zerokara run --lab shows what is trained here.", line=line))

    def run(self, cell: Cell) -> None:
        """Run a cell; raises what it raises."""
        self.cell = cell
        result = self.shell.run_cell(cell.source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            raise error


def _is_for_browsers(line: str) -> bool:
    """Whether a magic asks for pictures that only a notebook in a browser can show, or any are saved instead."""
    backends = ("inline", "notebook", "widget", "ipympl", "nbagg")
    return gallery.current is not None or any(word in backends for word in line.split())


def _exit() -> None:
    """`exit()` in a cell ends the run."""
    raise SystemExit


def check_ipython(path: Path) -> None:
    """Raises ZerokaraError where IPython is missing."""
    try:
        import IPython  # noqa: F401
    except ImportError:
        raise ZerokaraError(
            sentence(
                "{path} needs IPython, for a notebook or for lines such as %cd and !ls; it is not installed. "
                "{install} brings it.",
                path=path,
                install=to_install(*NEEDED),
            ),
            "missing-package",
        ) from None


@contextmanager
def shell(main: ModuleType, path: Path) -> Iterator[Shell]:
    """A shell whose names are those of `main`. It writes no history and leaves nothing behind."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    global running
    with tempfile.TemporaryDirectory(prefix="zerokara-") as folder:
        config = Config(
            {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "NoColor", "xmode": "Plain"}}
        )
        made = InteractiveShell.instance(config=config, ipython_dir=folder, user_module=main, user_ns=main.__dict__)
        running = made
        try:
            yield Shell(made, path)
        finally:
            running = None
            atexit.unregister(made.atexit_operations)  # it would look for the folder that is about to go
            made.restore_sys_module_state()  # type: ignore[no-untyped-call]
            InteractiveShell.clear_instance()
