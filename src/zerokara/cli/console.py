"""What a person sees while a network trains: a heading, a forecast, a table, and a bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from zerokara.progress import duration
from zerokara.runs.files import describe
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.run import FINISHED, Run
from zerokara.runs.untrusted import command
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Started
from zerokara.training.history import Evaluation
from zerokara.words import sentence

if TYPE_CHECKING:
    from rich.progress import Progress

TABLE_LINES = 20
TABLE_HEAD = f"{'iteration':>9} {'epoch':>8} {'mean loss':>9} {'training accuracy':>18} {'test accuracy':>14}"
"""The mean is that of the mini-batches since the evaluation before."""

MEASURED_SECONDS = 0.1
"""The forecast is made when so much time has gone into updates, or at the first evaluation after the start."""


class ConsoleReporter:
    """A listener that prints; on a terminal it keeps a bar below the table."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: Progress | None = None
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
        images = {"train": len(data.train), "test": len(data.test), "source": data.source}
        self._print(sentence("data: {train:,} training and {test:,} test images ({source})", **images))
        text = "{n:,} updates ({epochs:.4g} epochs) on the {engine} engine"
        self._print(sentence(text, n=trainer.iterations, epochs=epochs, engine=trainer.engine.name))
        if trainer.iteration:
            self._print(sentence("going on after update {n:,}", n=trainer.iteration))

    def result(self, run: Run) -> None:
        """Where the run lies and how it ended."""
        speed = run.iterations / run.history.seconds if run.history.seconds else 0
        ended = "done: " if run.state == FINISHED else "{state} after "
        text, time = ended + "{n:,} updates in {time} ({speed:,.0f} per second)", duration(run.history.seconds)
        self._print(sentence(text, state=run.state, n=run.iterations, time=time, speed=speed))
        if run.remark:
            self._print(run.remark_in_words())
        self._print(sentence("kept in {path}", path=run.path))
        if run.stopped:
            self._print(sentence("go on with: {command}", command=command("resume", run.path)))

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
            self.bar = _bar(self.stream, event)
            self.bar.start()

    def _forecast(self) -> None:
        """Once: how long it will take, and the table's head, and the lines that waited for them."""
        if self.forecast_made:
            return
        self.forecast_made = True
        updates = self.started.total - self.started.first
        seconds = updates * self.update_seconds / max(self.updates, 1)
        seconds += self.started.evaluations * self.evaluation_seconds / max(self.evaluations, 1)
        text = "forecast: {time}, from the first {updates:,} updates and {evaluations} evaluation(s)"
        self._print(sentence(text, time=duration(seconds), updates=self.updates, evaluations=self.evaluations))
        self._print(f"\n{TABLE_HEAD}")
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
            speed = self.updates / max(self.update_seconds, 1e-9)
            self.bar.update(self.bar.task_ids[0], completed=event.iteration, loss=float(event.losses[-1]), speed=speed)

    def _print(self, text: str) -> None:
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self.stream, flush=True)


def table_line(e: Evaluation) -> str:
    """The line below `TABLE_HEAD` for an evaluation."""
    return f"{e.iteration:>9,} {e.epoch:>8.2f} {e.loss:>9.4f} {e.train_accuracy:>18.4f} {e.test_accuracy:>14.4f}"


def _bar(stream: TextIO, event: Started) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]:,.0f} updates/s  loss {task.fields[loss]:.4f}  left"),
        TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )
    bar.add_task("training", total=event.total, completed=event.first, speed=0.0, loss=float("nan"))
    return bar


def download_progress(stream: TextIO) -> Callable[[str, int, int | None], None]:
    """Says on `stream` how far a download is: on a terminal in place, elsewhere once per file."""
    named: set[str] = set()

    def show(name: str, done: int, total: int | None) -> None:
        size = f" of {total / 1e6:.1f}" if total else ""
        if stream.isatty():
            end = "\n" if done == total else ""
            print(f"\r\033[Kfetching {name}: {done / 1e6:.1f}{size} MB", end=end, file=stream, flush=True)
        elif name not in named:
            named.add(name)
            print(f"fetching {name}{size and f' ({size[4:]} MB)'}", file=stream, flush=True)

    return show
