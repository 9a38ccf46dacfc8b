"""What a person sees while a network trains: a heading, a forecast, a table, and a bar on a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TextIO

from zerokara.cli.table import Column, Table
from zerokara.progress import duration
from zerokara.runs.files import describe
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.run import DIVERGED, FINISHED, STOPPED, UNFINISHED, Run
from zerokara.runs.untrusted import command
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Started
from zerokara.training.history import Evaluation
from zerokara.words import plural, sentence, translatable

if TYPE_CHECKING:
    from zerokara.cli.bar import Bar

TABLE_LINES = 20
TABLE = Table(
    [
        Column(translatable("iteration"), 9),
        Column(translatable("epoch"), 8),
        # Translators: of the mini-batches since the evaluation before.
        Column(translatable("mean loss"), 9),
        Column(translatable("training accuracy"), 18),
        Column(translatable("test accuracy"), 14),
    ]
)

MEASURED_SECONDS = 0.1
"""The forecast is made when so much time has gone into updates, or at the first evaluation after the start."""


class ConsoleReporter:
    """A listener that prints; on a terminal it keeps a bar below the table."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: Bar | None = None
        self.waiting: list[str] = []
        self.updates = self.evaluations = 0
        self.update_seconds = self.evaluation_seconds = 0.0
        self.forecast_made = False
        self.started: Started

    def heading(self, prepared: PreparedRun) -> None:
        """What will be trained, before it starts."""
        trainer, data = prepared.trainer, prepared.dataset
        epochs = trainer.iterations / trainer.batches.per_epoch
        self._print(describe(prepared.recipe, trainer.network))
        images = sentence(
            "data: {train:,} training and {test:,} test images", train=len(data.train), test=len(data.test)
        )
        self._print(f"{images} ({data.source})")
        updates = plural(
            "{n:,} update ({epochs:.4g} epochs) on the {engine} engine",
            "{n:,} updates ({epochs:.4g} epochs) on the {engine} engine",
            n=trainer.iterations,
            epochs=epochs,
            engine=trainer.engine.name,
        )
        self._print(updates)
        if trainer.iteration:
            self._print(sentence("going on after update {n:,}", n=trainer.iteration))

    def result(self, run: Run) -> None:
        """Where the run lies and how it ended."""
        self._print(ended(run))
        if run.remark:
            self._print(run.remark_in_words())
        self._print(sentence("kept in {path}", path=run.path))
        if run.stopped:
            self._print(sentence("go on with: {command}", command=command("resume", run.path)))

    def remark(self, text: str) -> None:
        """Lines of somebody else, in their place among the table's; before its head where that is not printed yet."""
        self._print(text)

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._start(event)
            case Evaluated():
                self.evaluations += 1
                self.evaluation_seconds += event.seconds
                if self.evaluations > 1:
                    self._forecast()
                self._line(event.evaluation)
            case Advanced():
                self.updates += len(event.losses)
                self.update_seconds += event.seconds
                if self.update_seconds >= MEASURED_SECONDS:
                    self._forecast()
                self._advance(event)
            case Ended():
                self._forecast()
                self.close()

    def close(self) -> None:
        """Take the bar away; a second call does nothing."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _start(self, event: Started) -> None:
        self.started = event
        self.every = -(-event.evaluations // TABLE_LINES)
        if self.stream.isatty():
            from zerokara.cli.bar import Bar

            self.bar = Bar(self.stream, event.first, event.total)

    def _forecast(self) -> None:
        """Once: how long it will take, and the table's head, and the lines that waited for them."""
        if self.forecast_made:
            return
        self.forecast_made = True
        updates = self.started.total - self.started.first
        seconds = updates * self.update_seconds / max(self.updates, 1)
        seconds += self.started.evaluations * self.evaluation_seconds / max(self.evaluations, 1)
        forecast = plural(
            "forecast: {time}, from the first {updates:,} updates and {n} evaluation",
            "forecast: {time}, from the first {updates:,} updates and {n} evaluations",
            n=self.evaluations,
            time=duration(seconds),
            updates=self.updates,
        )
        self._print(f"{forecast}\n\n{TABLE.head()}")
        for line in self.waiting:
            self._print(line)

    def _line(self, e: Evaluation) -> None:
        if (self.evaluations - 1) % self.every and e.iteration != self.started.total:
            return
        if self.forecast_made:
            self._print(table_line(e))
        else:
            self.waiting.append(table_line(e))

    def _advance(self, event: Advanced) -> None:
        if self.bar is not None and len(event.losses):
            self.bar.advance(event.iteration, self.updates / max(self.update_seconds, 1e-9), float(event.losses[-1]))

    def _print(self, text: str) -> None:
        if self.bar is not None:
            self.bar.print(text)
        else:
            print(text, file=self.stream, flush=True)


def table_line(e: Evaluation) -> str:
    """The line of `TABLE` for an evaluation."""
    measured = (e.train_accuracy, e.test_accuracy)
    accuracies = ("-" if math.isnan(accuracy) else f"{accuracy:.4f}" for accuracy in measured)  # of a script
    return TABLE.line([f"{e.iteration:,}", f"{e.epoch:.2f}", f"{e.loss:.4f}", *accuracies])


def ended(run: Run) -> str:
    """How a run ended, after how many updates, and how fast it was."""
    n, seconds = run.iterations, run.history.seconds
    facts: dict[str, object] = {"time": duration(seconds), "speed": n / seconds if seconds else 0}
    if run.state == FINISHED:
        return plural(
            "finished after {n:,} update in {time} ({speed:,.0f} per second)",
            "finished after {n:,} updates in {time} ({speed:,.0f} per second)",
            n=n,
            **facts,
        )
    if run.state == STOPPED:
        return plural(
            "stopped after {n:,} update in {time} ({speed:,.0f} per second)",
            "stopped after {n:,} updates in {time} ({speed:,.0f} per second)",
            n=n,
            **facts,
        )
    if run.state == DIVERGED:
        return plural(
            "diverged after {n:,} update in {time} ({speed:,.0f} per second)",
            "diverged after {n:,} updates in {time} ({speed:,.0f} per second)",
            n=n,
            **facts,
        )
    assert run.state == UNFINISHED, run.state
    return plural(
        "unfinished after {n:,} update in {time} ({speed:,.0f} per second)",
        "unfinished after {n:,} updates in {time} ({speed:,.0f} per second)",
        n=n,
        **facts,
    )
