"""`zerokara evaluate`: how well the network of a run answers, class by class, to its own test images or to others."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cells import left, printable, right, shortened, widest
from zerokara.cli.download import download_progress
from zerokara.cli.options import DataDir, Json, run_folder
from zerokara.cli.table import Column, Table
from zerokara.data import load
from zerokara.report.classification import CLASS_HEADS, CONFUSION, ClassificationReport
from zerokara.runs.opening import open_run
from zerokara.words import sentence, translatable

COLUMNS = 80
NAME, WIDE_NAME = 16, 28
"""At most so many cells has the name of a class, beside the matrix and in tables that have room."""
MIX_UPS = 10
"""So many are told where the whole matrix is too wide."""


def evaluate(
    run: Annotated[
        Path, Parameter(help=translatable("The run's folder, such as runs/mnist-001, or the name of one in runs."))
    ],
    dataset: Annotated[
        str | None,
        Parameter(help=translatable("Other data, by name or folder, whose test part is asked; by default the run's.")),
    ] = None,
    *,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print accuracy, precision, recall and the confusion matrix."""
    opened = open_run(run_folder(run))
    other = None if dataset is None else load(dataset, data_dir=data_dir, progress=download_progress(sys.stderr))
    report = replace(opened.evaluate(other, data_dir=data_dir), run=str(opened.path))
    if json:
        print(json_module.dumps(report.to_json(), ensure_ascii=False))
        return
    for line in in_lines(report):
        print(printable(line))


def in_lines(report: ClassificationReport) -> Iterator[str]:
    """All of it for a terminal of 80 columns."""
    yield report.heading()
    yield report.accuracy_in_words()
    yield from report.remarks()
    yield ""
    yield from _classes(report)
    yield ""
    matrix = list(_confusion(report))
    if widest(matrix) <= COLUMNS:
        yield from [sentence(CONFUSION), "", *matrix]
    else:
        yield from _mix_ups(report)


def _classes(report: ClassificationReport) -> Iterator[str]:
    names = [shortened(name, WIDE_NAME) for name in report.class_names]
    number, name, *figures = map(Column, CLASS_HEADS)
    numbered = [number._replace(cells=len(str(len(names)))), name._replace(cells=widest(names), side=left)]
    plain = report.has_plain_names
    table = Table([*(numbered[:1] if plain else numbered), *figures], gap=2)
    yield table.line([sentence(CLASS_HEADS[1]), *map(sentence, CLASS_HEADS[2:])]) if plain else table.head()
    for row, shown in zip(report.rows, names, strict=True):
        number_shown, *rest = row._replace(name=shown).cells()
        yield table.line([number_shown, *(rest[1:] if plain else rest)])


def _confusion(report: ClassificationReport) -> Iterator[str]:
    """A line of numbers of the answers, then one for each class."""
    rows = report.confusion.tolist()
    numbers = [str(k) for k in range(len(rows))]
    names = [right(number, len(numbers[-1])) for number in numbers]
    if not report.has_plain_names:
        names = [f"{number} {shortened(name, NAME)}" for number, name in zip(names, report.class_names, strict=True)]
    cells = widest([*numbers, *(str(count) for row in rows for count in row)]) + 1
    indent = widest(names)
    yield " " * indent + "".join(right(number, cells) for number in numbers)
    for name, row in zip(names, rows, strict=True):
        yield left(name, indent) + "".join(right(str(count), cells) for count in row)


def _mix_ups(report: ClassificationReport) -> Iterator[str]:
    if not report.mix_ups:
        return
    yield sentence("The most frequent wrong answers; --json has the whole confusion matrix:")
    table = Table(
        [
            Column(translatable("class"), WIDE_NAME, left),
            # Translators: head of a column: what the network answers to images of a class
            Column(translatable("answer"), WIDE_NAME, left),
            Column(translatable("images")),
        ],
        gap=2,
    )
    yield table.head()
    for label, answer, count in report.mix_ups[:MIX_UPS]:
        names = (report.class_names[label], report.answer_names[answer])
        yield table.line([*(shortened(name, WIDE_NAME) for name in names), f"{count:,}"])
