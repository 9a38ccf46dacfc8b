"""`zerokara compare`: runs side by side, only what differs, and whether their accuracies are really apart."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cells import left, printable, right, shortened, widest
from zerokara.cli.options import DataDir, Json, run_folder
from zerokara.cli.table import Column, Table
from zerokara.report.differences import ACCURACIES, ACCURACY_HEADS, Comparison
from zerokara.runs.side_by_side import compare as compared
from zerokara.words import sentence, translatable

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
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print what differs between runs, and by how much the others are righter than the first."""
    folders = [run_folder(run, out) for run in runs]
    comparison = compared(*folders, data_dir=data_dir)
    if json:
        print(json_module.dumps(comparison.to_json(), ensure_ascii=False))
        return
    for line in in_lines(comparison, [str(folder) for folder in folders]):
        print(printable(line))


def in_lines(comparison: Comparison, names: list[str]) -> Iterator[str]:
    """All of it for a terminal of 80 columns."""
    numbers = len(str(len(names)))
    for number, name in enumerate(names, start=1):
        yield f"{number:>{numbers}}  {name}"
    for number, text in comparison.on_each():
        yield f"{number:>{numbers}}: {text}"
    for part in (_differences(comparison), _accuracies(comparison), _disagreements(comparison)):
        if lines := list(part):
            yield from ["", *lines]


def _differences(comparison: Comparison) -> Iterator[str]:
    """A line for each, in as many tables below each other as the terminal's width asks for."""
    yield from comparison.on_twins()
    if not comparison.differences:
        return
    yield sentence("Only what differs:")
    labels = [shortened(row.label, VALUE_CELLS) for row in comparison.differences]
    texts = [[shortened(text, VALUE_CELLS) for text in row.texts()] for row in comparison.differences]
    numbers = map(str, range(1, len(comparison.trainings) + 1))
    columns = [list(column) for column in zip(numbers, *texts, strict=True)]
    indent = widest(labels)
    for block in _blocks(columns, COLUMNS - indent):
        yield ""
        for label, *cells in zip(["", *labels], *block, strict=True):
            placed = (right(cell, widest(column)) for cell, column in zip(cells, block, strict=True))
            yield "  ".join([left(label, indent), *placed])


def _blocks(columns: list[list[str]], room: int) -> Iterator[list[list[str]]]:
    """As many columns as have room beside each other, and so on."""
    block: list[list[str]] = []
    for column in columns:
        if block and sum(2 + widest(one) for one in [*block, column]) > room:
            yield block
            block = []
        block.append(column)
    yield block


def _accuracies(comparison: Comparison) -> Iterator[str]:
    """Accuracies with their intervals, and the differences to the first run, where the test images are the same."""
    rows = [[str(number), *cells] for number, cells in enumerate(comparison.accuracies(), start=1)]
    if not rows:
        return
    yield sentence(ACCURACIES)
    wide = [widest(column) for column in zip(*rows, strict=True)]
    table = Table([Column(head, cells) for head, cells in zip(ACCURACY_HEADS, wide, strict=True)], gap=2)
    yield from [table.head(), *map(table.line, rows), *comparison.on_accuracies()]


def _disagreements(comparison: Comparison) -> Iterator[str]:
    """How many test images get different answers, and the first of them."""
    if text := comparison.on_disagreements():
        yield text
    if len(found := comparison.disagreements):
        shown = ", ".join(map(str, found[:SHOWN]))
        yield sentence("By index, those first that divide the runs most: {indices}", indices=shown)
