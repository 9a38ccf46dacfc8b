"""`zerokara predict`: what a run's network takes your own pictures for."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from zerokara.cli.failure import failure_of, tell
from zerokara.cli.options import run_folder
from zerokara.cli.picture import check_place, png_file, write_file
from zerokara.errors import DataError, UsageError
from zerokara.handwriting.bars import has_blocks
from zerokara.handwriting.predicting import each_of, what_it_knows
from zerokara.handwriting.prediction import Prediction
from zerokara.runs.opening import open_run
from zerokara.runs.run import Run
from zerokara.words import sentence, translatable

MOST_DRAWN = 20
"""Pictures whose steps --show draws; a folder may have thousands."""


def predict(
    run: Annotated[
        Path, Parameter(help=translatable("The run's folder, or its name as zerokara runs list prints it."))
    ],
    /,
    *picture: Annotated[Path, Parameter(help=translatable("Photos, scans or drawings, or folders with some."))],
    show: Annotated[
        Path | None,
        Parameter(
            converter=png_file,
            help=translatable("The PNG file to draw each step in, from the picture to what the network sees."),
        ),
    ] = None,
    json: Annotated[
        bool, Parameter(negative="", help=translatable("One JSON object on a line for each picture."))
    ] = False,
) -> int:
    """Ask a run's network about your own pictures."""
    if not picture:
        text = sentence("{command} needs {name}. See {command} --help.", command="zerokara predict", name="PICTURE")
        raise UsageError(text, "missing-argument")
    if show is not None:
        check_place("--show", show)
    opened = open_run(run_folder(run))
    drawn: list[Prediction] = []
    answered, failed = 0, False
    for file, answer in _answers(opened, picture):
        if isinstance(answer, Prediction):
            answered += 1
            _print(answer, json)
            drawn += [answer] if show and len(drawn) < MOST_DRAWN else []
        else:
            failed = True
            _print_failure(file, answer, json)
    if answered and not json:
        print(what_it_knows(opened.described.class_names))
    if show is not None and drawn:
        _draw(drawn, show, answered, json)
    return 1 if failed else 0


def _answers(run: Run, pictures: Sequence[Path]) -> Iterator[tuple[Path, Prediction | Exception]]:
    """Each picture with its answer, or with why it has none: the others have theirs all the same."""
    for given in pictures:
        try:
            files = each_of(given) or [given]
        except (DataError, OSError) as error:
            yield given, error
            continue
        for file in files:
            try:
                yield file, run.predict(file)
            except (DataError, OSError, MemoryError) as error:
                yield file, error


def _print(answer: Prediction, as_json: bool) -> None:
    if as_json:
        print(json_module.dumps(answer.to_json(), ensure_ascii=False), flush=True)
    else:
        print(f"{answer.in_text(blocks=has_blocks(sys.stdout))}\n", flush=True)


def _print_failure(file: Path, error: Exception, as_json: bool) -> None:
    failure = failure_of(error)
    assert failure is not None
    tell(failure.text)
    if as_json:
        told = {"file": str(file), "error": failure.text, "code": failure.code}
        print(json_module.dumps(told, ensure_ascii=False), flush=True)


def _draw(answers: Sequence[Prediction], path: Path, total: int, quiet: bool) -> None:
    from zerokara.report.figures import png, steps_figure

    write_file(png(steps_figure(answers)), path)
    if not quiet:
        print(sentence("picture: {path}", path=path))
    if len(answers) < total:
        tell(sentence("{path} has the first {n} pictures of {total:,}.", path=path, n=len(answers), total=total))
