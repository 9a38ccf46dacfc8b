"""What is found about a learner's own training once it has run, for people and for programs.

`own_training` looks; here is what it is given, and that nothing of looking is left behind.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import decode_source
from pathlib import Path
from typing import Any, NamedTuple

from zerokara.errors import UsageError
from zerokara.files import replace_file
from zerokara.findings import Findings
from zerokara.runner import gallery
from zerokara.runner.ipython import cell_name
from zerokara.runner.noted_calls import noted_calls
from zerokara.say import say
from zerokara.sources.cells import NOTEBOOKS, Cell
from zerokara.words import sentence

logger = logging.getLogger(__name__)

SECONDS = 2.0
"""That nobody minds after a training."""

_MAY_LEARN = re.compile(r"\b(?:for|while)\b|grad|back|loss|train|fit|learn", re.IGNORECASE)
"""What a source has in it that there is something to look at in; never wrong about a no."""


class Text(NamedTuple):
    """A piece of a learner's source, as `own_training.SourceText`; that takes most of zerokara to import.

    Attributes:
        file: what tracebacks call it.
        line: where it starts; 1 for a cell of a notebook.
        cell: its number; None for a script.
    """

    file: Path
    text: str
    line: int = 1
    cell: int | None = None


def sources_of(path: Path, cells: Sequence[Cell]) -> list[Text]:
    """The source of a script, or of the cells that were run."""
    if cells:
        return [Text(_file_of(path, cell), cell.source, cell.line, cell.number) for cell in cells]
    try:
        return [Text(path, decode_source(path.read_bytes()))]
    except (OSError, SyntaxError, ValueError):  # a script may remove itself, or be none
        return []


def _file_of(path: Path, cell: Cell) -> Path:
    """Where a traceback says that a cell stands: in a notebook, whose lines are each cell's own, in the cell."""
    return Path(cell_name(path, cell.number)) if path.suffix.lower() in NOTEBOOKS else path


def found_in(names: Mapping[str, Any], sources: Sequence[Text], error: BaseException | None = None) -> Findings:
    """What would keep a training from learning; nothing where all is well, or where looking fails.

    Args:
        names: those that the run left behind. Neither they nor what they stand for change.
        error: what the run ended with.
    """
    if not (noted_calls.filled or any(_MAY_LEARN.search(source.text) for source in sources)):
        return Findings()
    try:
        # Most of zerokara, which other scripts need not wait for.
        from zerokara.own_training import Memory, SourceText, diagnosed

        texts = [SourceText(*source) for source in sources]
        memory = Memory(calls=noted_calls.calls(), error=error)
        with nothing_left_behind():
            return diagnosed(learners_names(names), sources=texts, memory=memory, seconds=SECONDS)
    except KeyboardInterrupt:  # enough of it; the run itself has ended well
        return Findings()
    except BaseException:  # what the learner's own code may raise, SystemExit too
        logger.info("looking into a training failed", exc_info=True)
        return Findings()
    finally:
        noted_calls.forget()


_IPYTHONS = re.compile(r"_{1,3}|_i{1,3}|_i?\d+|_[dio]h|In|Out|get_ipython|exit|quit")


def learners_names(names: Mapping[str, Any]) -> dict[str, Any]:
    """The names without those that IPython gives to cells and their results."""
    cells = "get_ipython" in names
    return {name: value for name, value in names.items() if not (cells and _IPYTHONS.fullmatch(name))}


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """What the learner's code may do meanwhile is undone: handlers for the end, figures, another folder."""
    folder, kept_gallery, register = os.getcwd(), gallery.current, atexit.register
    figures = getattr(sys.modules.get("matplotlib._pylab_helpers"), "Gcf", None)
    open_figures = getattr(figures, "figs", None)
    gallery.current, atexit.register = None, lambda function, *_, **__: function  # type: ignore[assignment]
    if figures is not None:
        figures.figs = OrderedDict()
    try:
        yield
    finally:
        gallery.current, atexit.register = kept_gallery, register
        if figures is not None:
            figures.figs = open_figures
        os.chdir(folder)


def check_path(path: Path) -> None:
    """Raises UsageError where no file can be written: a run of hours shall not end with that."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(
            sentence("--findings needs a file in a folder that is there. Got {path}. Nothing was run.", path=path),
            "wrong-value",
        )


def write(path: Path, found: Findings) -> None:
    """Write {"findings": […]}. A disk that is full is told of."""
    try:
        replace_file(path, [json.dumps(found.to_json(), indent=2, ensure_ascii=False).encode() + b"\n"])
    except OSError as error:
        say(sentence("{path} cannot be written: {reason}.", path=path, reason=error.strerror))
