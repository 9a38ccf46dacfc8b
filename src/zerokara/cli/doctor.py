"""`zerokara doctor`: why a run does not learn, with what heals it."""

from __future__ import annotations

import json as json_module
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import Parameter

from zerokara.cells import printable
from zerokara.cli.options import DataDir, Json, Threads, run_folder
from zerokara.doctor.trials import options_of
from zerokara.doctor.ways import Change
from zerokara.findings import Findings
from zerokara.report.changes import NOT_IN_RECIPE
from zerokara.runs.diagnosis import Diagnosis, diagnosis_of
from zerokara.runs.opening import open_run
from zerokara.runs.run import STOPPED, UNFINISHED
from zerokara.runs.untrusted import command
from zerokara.training.events import Advanced, Event, Started
from zerokara.words import plural, sentence, translatable

SILENT_SECONDS = 1.0
SECONDS_BETWEEN_LOOKS = 0.2


def doctor(
    run: Annotated[
        Path, Parameter(help=translatable("The run's folder, such as runs/mnist-001, or the name of one in runs."))
    ],
    *,
    threads: Threads = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Ask why a run does not learn, and try what heals it."""
    opened = open_run(run_folder(run))
    progress = Progress(sys.stderr)
    try:
        diagnosis = diagnosis_of(opened, data_dir=data_dir, threads=threads, onlooker=progress)
    finally:
        progress.close()
    if json:
        print(json_module.dumps(diagnosis.findings.to_json(), ensure_ascii=False))
        return
    if opened.state in (STOPPED, UNFINISHED):
        done = {"n": opened.iterations, "total": diagnosis.updates}
        print(sentence("The run had done {n:,} of {total:,} updates; here it was trained to its end.", **done))
        print()
    print(in_words(diagnosis, opened.path))
    if opened.changes and any(finding.change for finding in diagnosis.findings):
        print(printable(sentence(NOT_IN_RECIPE, run=opened.path)))


def in_words(diagnosis: Diagnosis, path: Path) -> str:
    """What was found in the run of that folder, with the command that makes the change; or that nothing was."""
    if diagnosis.findings:
        return "\n\n".join([str(diagnosis.findings), *_commands(diagnosis.findings, path)])
    facts = {"path": path, "accuracy": diagnosis.accuracy or 0.0}
    if not diagnosis.ill:
        return sentence(
            "Nothing was found that would keep {path} from learning: its test accuracy is {accuracy:.4f}.", **facts
        )
    return plural(
        "{path} learns badly: its test accuracy is {accuracy:.4f}. No cause was found. {n} change was tried and did "
        "not help.",
        "{path} learns badly: its test accuracy is {accuracy:.4f}. No cause was found. {n} changes were tried; none "
        "helped.",
        n=max(0, diagnosis.outcome.trainings - 1),
        **facts,
    )


def _commands(findings: Findings, path: Path) -> Iterator[str]:
    """How to train with the first change; nothing where a recipe can heal nothing."""
    for finding in [finding for finding in findings if finding.change][:1]:
        typed = f"{command('train', '--recipe', path)} {options_of(finding.change or {})}"
        yield sentence("train with the change: {command}", command=typed)


class Progress:
    """Tells on a terminal, or in a line for each training elsewhere, what is being trained; silent for a second."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.terminal = stream, stream.isatty()
        self.next_look = time.monotonic() + SILENT_SECONDS
        self.told = self.text = ""
        self.total = 1

    def begins(self, change: Change | None) -> None:
        """See `zerokara.runs.diagnosis.Onlooker`."""
        if options := options_of(change or {}):
            self.training(sentence("trying {options}", options=options))
        else:
            self.training(sentence("training the run again"))

    def training(self, text: str, *, silent_seconds: float = 0.0) -> None:
        """What is being trained from now on, in words; nothing is told of it for so many seconds."""
        self.text = text
        self.next_look = max(self.next_look, time.monotonic() + silent_seconds)

    def __call__(self, event: Event) -> None:
        """Of the training that began last."""
        if isinstance(event, Started):
            self.total = event.total
        if isinstance(event, Advanced) and time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS
            self._tell(event.iteration / self.total)

    def close(self) -> None:
        """Leave the line to others."""
        if self.terminal and self.told:
            print("\r\033[K", end="", file=self.stream, flush=True)

    def _tell(self, done: float) -> None:
        if self.terminal:
            print(f"\r\033[K\033[?7l{self.text} {done:.0%}\033[?7h", end="", file=self.stream, flush=True)
        elif self.text != self.told:
            print(self.text, file=self.stream, flush=True)
        self.told = self.text
