"""The lab where no page can be shown: one table in the terminal, kept up to date while a network trains."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from zerokara.cli.console import ConsoleReporter
from zerokara.cli.failure import tell
from zerokara.cli.train import Output, conduct
from zerokara.lab.material import material
from zerokara.progress import duration
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import prepare_run
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Started
from zerokara.training.recipe import Recipe
from zerokara.words import sentence, translatable

REFRESHED_PER_SECOND = 4
ITERATION, LOSS = translatable("iteration"), translatable("loss")
TRAINING, TEST = translatable("training accuracy"), translatable("test accuracy")
SPEED, LEFT = translatable("updates per second"), translatable("time left")
HEADS = (ITERATION, LOSS, TRAINING, TEST, SPEED, LEFT)
"""The lines of the table, in their order."""


class LiveReporter(ConsoleReporter):
    """A listener that keeps a table up to date on a terminal; elsewhere it prints lines, as `zerokara train` does."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.live: Live | None = None
        self.shown: dict[str, str] = {}
        """A translatable head of `HEADS` → its value."""

    def __call__(self, event: Event) -> None:
        if not self.stream.isatty():
            super().__call__(event)
            return
        match event:
            case Started():
                self.started = event
                self.live = Live(console=Console(file=self.stream), refresh_per_second=REFRESHED_PER_SECOND)
                self.live.start()
            case Advanced():
                self.updates += len(event.losses)
                self.update_seconds += event.seconds
                self._advanced(event)
            case Evaluated():
                self._evaluated(event)
            case Ended():
                self.close()
        if self.live is not None:
            self.live.update(self.table())

    def close(self) -> None:
        """Leave the table as it is last; a second call does nothing."""
        super().close()
        if self.live is not None:
            self.live.update(self.table(), refresh=True)
            self.live.stop()
            self.live = None

    def table(self) -> Table:
        """What is known by now."""
        table = Table.grid(Column(), Column(justify="right"), padding=(0, 2))
        for head in HEADS:
            if head in self.shown:
                table.add_row(Text(sentence(head)), Text(self.shown[head]))
        return table

    def _advanced(self, event: Advanced) -> None:
        speed = self.updates / max(self.update_seconds, 1e-9)
        left = self.started.total - event.iteration
        self.shown[ITERATION] = f"{event.iteration:,} / {self.started.total:,}"
        if len(event.losses):
            self.shown[LOSS] = f"{float(event.losses[-1]):#.4g}"
        self.shown[SPEED] = f"{speed:,.0f}"
        self.shown[LEFT] = duration(left / speed) if speed else ""

    def _evaluated(self, event: Evaluated) -> None:
        measured = event.evaluation
        for head, accuracy in ((TRAINING, measured.train_accuracy), (TEST, measured.test_accuracy)):
            self.shown[head] = "-" if math.isnan(accuracy) else f"{accuracy:.4f}"


def train_in_terminal(
    recipe: Recipe, stream: TextIO, *, engine: str, threads: int | None, data_dir: Path | None, out: Path
) -> int:
    """Train and keep a run, as `zerokara train` does, and show it on a stream; the exit status."""
    recipe, dataset, note = material(recipe, data_dir)
    if note:
        tell(note)
    reporter = LiveReporter(stream)
    prepared = prepare_run(recipe, dataset, engine=engine, threads=threads, listeners=[reporter])
    output = Output(reporter, plots=True, json=False, tensorboard=False)
    return conduct(prepared, RunFolder.create(out, None, prepared.recipe.dataset), output)
