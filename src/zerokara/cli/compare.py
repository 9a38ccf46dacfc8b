"""`zerokara compare`: runs side by side, only what differs, and whether their accuracies are really apart."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cells import left, right, shortened, widest
from zerokara.cli.options import Json, run_folder
from zerokara.cli.table import Column, Table
from zerokara.errors import UsageError
from zerokara.findings import Findings
from zerokara.metrics import Interval
from zerokara.report.differences import Comparison, Paired
from zerokara.report.reported import Reported
from zerokara.runs.naming import told_apart
from zerokara.runs.opening import open_run
from zerokara.runs.reporting import reported
from zerokara.words import plural, sentence, translatable

COLUMNS = 80
VALUE_CELLS = 24
"""At most so wide is a value; --json has all of it."""
SHOWN = 10
"""So many pictures on which runs disagree are named."""


def compare(
    *runs: Annotated[
        Path, Parameter(help=translatable("Two or more runs: folders, or names as zerokara runs list prints them."))
    ],
    out: Annotated[Path, Parameter(help=translatable("Where the run folders are."))] = Path("runs"),
    json: Json = False,
) -> None:
    """Print what differs between runs, and by how much the others are righter than the first."""
    if len(runs) < 2:
        text = sentence("Say which runs to compare: two or more. Got {n}.", n=len(runs))
        raise UsageError(text, "missing-argument")
    folders = [run_folder(run, out) for run in runs]
    names = told_apart(folders)
    trainings = (replace(reported(open_run(folder), findings=Findings()), name=name) for folder, name in zip(folders, names, strict=True))
    comparison = Comparison(tuple(trainings))
    if json:
        print(json_module.dumps(comparison.to_json(), ensure_ascii=False))
        return
    for line in in_lines(comparison, [str(folder) for folder in folders]):
        print(line)


def in_lines(comparison: Comparison, names: list[str]) -> Iterator[str]:
    """All of it for a terminal of 80 columns."""
    numbers = len(str(len(names)))
    for number, name in enumerate(names, start=1):
        yield f"{number:>{numbers}}  {name}"
    for number, training in enumerate(comparison.trainings, start=1):
        for text in training.missing:
            yield f"{number:>{numbers}}: {text}"
    yield ""
    yield from twins_in_words(comparison)
    yield from _differences(comparison)
    yield from _accuracies(comparison)
    yield from _disagreements(comparison)


def twins_in_words(comparison: Comparison) -> Iterator[str]:
    """A sentence for each group of identical runs."""
    for group in comparison.twins:
        numbers = ", ".join(str(k + 1) for k in group)
        yield sentence("Runs {numbers} are identical: recipe, data, versions, engine and weights.", numbers=numbers)


def _differences(comparison: Comparison) -> Iterator[str]:
    """A line for each, in as many tables below each other as the terminal's width asks for."""
    if comparison.identical:
        return
    yield sentence("Only what differs:")
    head = [str(number) for number in range(1, len(comparison.trainings) + 1)]
    rows = [(row.label, [shortened(text, VALUE_CELLS) for text in row.texts()]) for row in comparison.differences]
    labels = [shortened(label, VALUE_CELLS) for label, _ in rows]
    indent = widest(labels)
    columns = [[number, *(texts[k] for _, texts in rows)] for k, number in enumerate(head)]
    for block in _blocks(columns, COLUMNS - indent):
        yield ""
        for label, *cells in zip(["", *labels], *block, strict=True):
            yield left(label, indent) + "".join(
                f"  {right(cell, widest(of))}" for cell, of in zip(cells, block, strict=True)
            )


def _blocks(columns: list[list[str]], room: int) -> Iterator[list[list[str]]]:
    """As many columns as have room beside each other, and so on."""
    block: list[list[str]] = []
    for column in columns:
        if block and sum(2 + widest(one) for one in [*block, column]) > room:
            yield block
            block = []
        block.append(column)
    yield block


ACCURACY_HEADS = (
    # Translators: head of a column of the numbers of runs; so the next ones are heads of columns
    translatable("run"),
    translatable("accuracy"),
    translatable("95 % interval"),
    # Translators: the accuracy of a run minus that of run 1
    translatable("minus run 1"),
    translatable("95 % interval"),
    # Translators: on how many test images this run is right and run 1 is wrong
    translatable("gained"),
    # Translators: on how many test images this run is wrong and run 1 is right
    translatable("lost"),
)


def _accuracies(comparison: Comparison) -> Iterator[str]:
    """Accuracies with their intervals, and the differences to the first run, where the test images are the same."""
    if all(training.answers is None for training in comparison.trainings):
        return
    yield ""
    yield sentence("Accuracy on the test images, and images gained and lost against run 1:")
    numbers = map(str, range(1, len(comparison.trainings) + 1))
    pairs = zip(numbers, comparison.trainings, (None, *comparison.paired), strict=True)
    rows = [[number, *_accuracy(training), *_against_first(paired)] for number, training, paired in pairs]
    cells = [widest(column) for column in zip(*rows, strict=True)]
    table = Table([Column(head, wide) for head, wide in zip(ACCURACY_HEADS, cells, strict=True)], gap=2)
    yield from [table.head(), *map(table.line, rows)]
    for number in comparison.apart:
        yield sentence("Run {number} has other test images than run 1, so they cannot be paired.", number=number + 1)
    if any(paired and paired.difference.low <= 0 <= paired.difference.high for paired in comparison.paired):
        yield sentence("Where an interval holds 0, these test images cannot tell which run is better.")


def _accuracy(training: Reported) -> list[str]:
    if training.answers is None:
        return ["-", ""]
    return [f"{training.answers.accuracy.value:.4f}", _interval(training.answers.accuracy)]


def _against_first(paired: Paired | None) -> list[str]:
    if paired is None:
        return ["", "", "", ""]
    difference = paired.difference
    return [f"{difference.value:+.4f}", _interval(difference, "+"), f"{paired.gained:,}", f"{paired.lost:,}"]


def _interval(interval: Interval, sign: str = "") -> str:
    return f"[{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"


def _disagreements(comparison: Comparison) -> Iterator[str]:
    """How many test images get different answers, and the first of them."""
    found = comparison.disagreements
    first = comparison.trainings[0].answers
    if not comparison.together or first is None:
        return
    yield ""
    yield plural(
        "{n:,} of {total:,} test images gets different answers.",
        "{n:,} of {total:,} test images get different answers.",
        n=len(found),
        total=len(first),
    )
    if len(found):
        shown = ", ".join(map(str, found[:SHOWN]))
        yield sentence("By index, the furthest apart first: {indices}", indices=shown)
