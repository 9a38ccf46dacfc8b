"""`%zerokara lab`: what the cells of a notebook train, as its learner watches it, below the cell with that line.

The magic comes with `import zerokara.book`. In IPython outside of a notebook, a page of this process shows the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerokara.errors import ZerokaraError, unknown_name
from zerokara.findings import Findings
from zerokara.runner.looks import looks
from zerokara.say import say
from zerokara.words import translatable

if TYPE_CHECKING:
    from zerokara.lab.own import OwnLab
    from zerokara.runner.checkup import Text

logger = logging.getLogger(__name__)

MAGIC = "zerokara"
ONE_OF = translatable("%zerokara is followed by one of: {names}. Got {got!r}.")


class CellsLab:
    """A lab of what a shell's cells train, from `%zerokara lab` to `%zerokara lab off`.

    Args:
        sources: the cells so far.

    Raises UsageError where a package that shows it is missing.
    """

    def __init__(self, sources: Sequence[Text]) -> None:
        # Most of zerokara, which other notebooks need not wait for.
        from zerokara.lab.notebook import below_cell, in_notebook, on_page
        from zerokara.lab.own import OwnLab

        self.lab: OwnLab = OwnLab(_notebook(), sources, notebook=True)
        self._stop: Callable[[], None]
        if in_notebook():
            from IPython.display import display

            widget, self._stop = below_cell(self.lab)
            display(widget)  # type: ignore[no-untyped-call]
        else:
            _, self._stop = on_page(self.lab)
        looks.open(self.lab)

    def begins(self, sources: Sequence[Text]) -> None:
        """A cell is about to run; it is the last of these."""
        self.lab.begin(sources)
        looks.open(self.lab)

    def look(self, names: dict[str, Any]) -> None:
        """A cell has run. What is run from now on, to look for mistakes, is not the learner's training."""
        looks.last(names)
        looks.close()

    def ends(self, sources: Sequence[Text], found: Findings, error: BaseException | None) -> None:
        """All is known about a cell that has run, the last of these."""
        self.lab.begin(sources)
        self.lab.end(found, int(error is not None), error)

    def close(self) -> None:
        """End it; what it shows says so."""
        looks.close()
        self._stop()
        self.lab.close()


def _notebook() -> Path:
    """The notebook's file, as Jupyter names it to its kernels; elsewhere the name that IPython gives to its cells."""
    session = os.environ.get("JPY_SESSION_NAME", "")
    return Path(session if session.endswith(".ipynb") else "In")


class Magic:
    """`%zerokara` in one shell.

    Args:
        sources: tells the cells so far.

    Attributes:
        lab: the one that is open.
    """

    def __init__(self, shell: Any, sources: Callable[[], Sequence[Text]]) -> None:
        self.shell, self._sources = shell, sources
        self.lab: CellsLab | None = None

    def begin(self) -> None:
        """Let cells use it from now on, and loops in them be looked at: they may be defined before the lab is open."""
        looks.wanted = True
        self.shell.register_magic_function(self, magic_name=MAGIC)

    def end(self) -> None:
        """Take it away."""
        self._close()
        looks.wanted = False
        if self.shell.magics_manager.magics["line"].get(MAGIC) is self:
            del self.shell.magics_manager.magics["line"][MAGIC]

    def __call__(self, line: str) -> None:
        """What stands behind `%zerokara` in a cell is done, or a sentence says what could be."""
        known = {"lab": self._open, "lab off": self._close}
        words = " ".join(line.split())
        try:
            if words not in known:
                raise unknown_name("", words, known, ONE_OF)
            known[words]()
        except ZerokaraError as error:
            say(str(error))

    def _open(self) -> None:
        self._close()
        self.lab = CellsLab(self._sources())

    def _close(self) -> None:
        if self.lab is not None:
            self.lab.close()
            self.lab = None
