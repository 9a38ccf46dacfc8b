"""The data that a training was given: pixels that are not scaled, and test samples among the training samples."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.findings import Finding
from zerokara.own_training.left_behind import TEST, TRAIN, course_of
from zerokara.own_training.program import Program
from zerokara.own_training.steps import Watched
from zerokara.sources.data_flow import last_name
from zerokara.words import sentence, translatable

Array = NDArray[Any]

SCALES = re.compile(
    r"/=?\s*\(?(25[56]|x\.max|np\.max|X\.max)|normalize\s*=\s*True|normaliz\w*\(|Scaler|\.std\(|np\.std|standard"
)
WELL = 0.93
"""An accuracy that unscaled pixels have not kept anybody from."""

UNSCALED = translatable(
    "The network is given pixels from {least:g} up to {most:g}. It learns from values between 0 and 1."
)
SCALE = translatable("Write load_mnist(normalize=True), or x_train / 255 and the same for x_test.")


def unscaled(program: Program, seen: Watched) -> Iterator[Finding]:
    """Pixels from 0 to 255 as inputs."""
    if not seen.first.batch or SCALES.search(program.text):
        return
    x = seen.first.batch[0]
    course = course_of(program, seen)
    if course is not None and len(course.accuracies) and course.accuracies[-1] >= WELL:
        return
    whole = x.ndim >= 2 and x.size > 0 and x.min() >= 0 and 100 < x.max() <= 255 and bool(np.all(x == np.floor(x)))
    if whole:
        yield Finding(
            cause="unscaled-inputs",
            text=sentence(UNSCALED, least=x.min(), most=x.max()),
            remedy=sentence(SCALE),
            evidence={"smallest": float(x.min()), "largest": float(x.max())},
            **program.place(_loading(program)),
        )


def _loading(program: Program) -> ast.AST:
    """Where the data are loaded; the program itself where that is not seen."""
    calls = [node for node in program.nodes if isinstance(node, ast.Call) and last_name(node.func) == "load_mnist"]
    return calls[0] if calls else program.tree


IN_BOTH = translatable(
    "{share:.0%} of the samples of {test} are in {train} too: the network has learnt what it is tested with."
)
APART = translatable("Train with the training samples only.")


def test_in_training(program: Program) -> Iterator[Finding]:
    """Test samples that are in the training data as well, found pixel by pixel."""
    arrays = {name: value for name, value in program.names.items() if isinstance(value, np.ndarray) and value.ndim >= 2}
    train = next(((n, a) for n, a in arrays.items() if TRAIN.match(n)), None)
    test = next(((n, a) for n, a in arrays.items() if TEST.match(n)), None)
    if train is None or test is None or train[1].shape[1:] != test[1].shape[1:] or len(test[1]) < 20:
        return
    rows = np.linspace(0, len(test[1]) - 1, min(200, len(test[1])), dtype=int)
    share = _share_in(train[1].reshape(len(train[1]), -1), test[1][rows].reshape(len(rows), -1))
    if share > 0.5:
        assigned = [statement for name, _, statement in program.assignments() if name == train[0]]
        yield Finding(
            cause="test-data-in-training",
            text=sentence(IN_BOTH, share=share, test=test[0], train=train[0]),
            remedy=sentence(APART),
            evidence={"share": share},
            **program.place(assigned[-1] if assigned else _loading(program)),
        )


def _share_in(train: Array, test: Array) -> float:
    """How many of some rows are among many others."""
    columns = np.linspace(0, train.shape[1] - 1, min(97, train.shape[1]), dtype=int)
    marks = {row.tobytes() for row in np.ascontiguousarray(train[:, columns])}
    alike = [row for row in test if np.ascontiguousarray(row[columns]).tobytes() in marks]
    some = alike[:20]  # looked at in full
    found = sum(bool((train == row).all(axis=1).any()) for row in some)
    return found / max(1, len(some)) * len(alike) / len(test)
