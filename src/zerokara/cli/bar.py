"""The bar below the table while a network trains: how far it is, how fast, its loss, and how long it still takes."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from zerokara.progress import duration
from zerokara.words import sentence

WIDEST = 40
"""Cells of the bar itself; it shrinks where there is no room."""
ROOMY = 80
"""Cells of a terminal that has room for how many updates are done; a narrower one is shown per cent."""


class Bar:
    """A bar on a terminal, which fits into 60 cells in every language and is never broken into two lines."""

    def __init__(self, stream: TextIO, first: int, total: int) -> None:
        console = Console(file=stream)
        whole = Column(no_wrap=True)
        per_cent = TextColumn("{task.percentage:>3.0f}%", markup=False)
        count = MofNCompleteColumn(table_column=whole) if console.width >= ROOMY else per_cent
        self._shown = Progress(
            BarColumn(bar_width=None, table_column=Column(max_width=WIDEST)),
            count,
            TextColumn("{task.description}", markup=False),
            _TimeLeft(table_column=whole),
            console=console,
            transient=True,
        )
        self._task = self._shown.add_task("", total=total, completed=first)
        self._shown.start()

    def advance(self, done: int, speed: float, loss: float) -> None:
        """So many updates are done, at so many per second, and this was the last loss."""
        text = sentence("{speed:,.0f} updates/s, loss {loss:#.4g}", speed=speed, loss=loss)
        self._shown.update(self._task, completed=done, description=text)

    def draw(self) -> None:
        """Draw it now; it is drawn ten times a second by itself."""
        self._shown.refresh()

    def print(self, text: str) -> None:
        """Print lines above the bar."""
        self._shown.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """Take it away."""
        self._shown.stop()


class _TimeLeft(ProgressColumn):
    """How long it still takes, as soon as that can be told."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text("" if left is None else sentence("{time} left", time=duration(left)))
