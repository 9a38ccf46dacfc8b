"""The confusion matrix, and how well each class is told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.metrics import Answers
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.words import plural, sentence

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_IN_A_MATRIX = 20
"""Classes; of more the pairs that were confused most are listed instead."""
MOST_PAIRS = 20
MOST_CLASSES = 60
"""Lines of the table of classes: those that are told worst."""
SHADES = 6
"""Of a cell: 0 has none."""


def confusion(training: Reported) -> Markup | None:
    """How many test samples of each class got each answer; precision and recall of each class."""
    from markupsafe import Markup

    answers = training.answers
    if answers is None or not len(answers):
        return None
    if not answers.confusion.any():
        return Markup("<p class='zk-note'>{}</p>").format(_undecided(answers))
    names = names_of(training, answers)
    small = len(names) <= MOST_IN_A_MATRIX
    return rendered(
        "confusion.html",
        matrix=_matrix(answers, names) if small else None,
        pairs=None if small else _pairs(answers, names),
        classes=_classes(answers, names),
        undecided=_undecided(answers),
        words={
            "label": sentence("class"),
            # Translators: head of the columns of a confusion matrix.
            "answer": sentence("what the network saw"),
            "matrix": sentence(
                "How many test pictures of each class (rows) the network saw as each class (columns). On the diagonal "
                "it is right."
            ),
            "pairs": sentence("The classes that were confused most often"),
            "number": sentence("number"),
            "samples": sentence("test pictures"),
            "precision": sentence("precision"),
            "recall": sentence("recall"),
            "classes": sentence(
                "Precision is the share of a class's answers that are right, recall the share of its pictures that "
                "were found."
            ),
            "worst": _worst(len(names)),
        },
    )


def names_of(training: Reported, answers: Answers) -> list[str]:
    """The names of the classes; their numbers where they are not known."""
    classes = answers.probabilities.shape[1]
    described = training.described
    if described is None or len(described.class_names) != classes:
        return [str(k) for k in range(classes)]
    return list(described.class_names)


def _matrix(answers: Answers, names: list[str]) -> dict[str, Any]:
    counts = answers.confusion
    shades = _shades(counts)
    numbered = any(len(name) > 2 for name in names)
    rows = [
        {
            "name": name,
            "number": str(k) if numbered else "",
            "cells": [(int(counts[k, j]), int(shades[k, j]), k == j) for j in range(len(names))],
        }
        for k, name in enumerate(names)
    ]
    heads = [(str(k) if numbered else name, name) for k, name in enumerate(names)]
    return {"heads": heads, "rows": rows}


def _shades(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(classes, classes) from 0 to `SHADES`: on the diagonal by the share of the class, elsewhere by the root of the
    number, so that single mistakes can be seen beside many."""
    diagonal = np.eye(len(counts), dtype=bool)
    wrong = np.where(diagonal, 0, counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    of_wrong = np.sqrt(wrong / max(int(wrong.max()), 1))
    shades: NDArray[np.int64] = np.ceil(SHADES * np.where(diagonal, shares, of_wrong)).astype(np.int64)
    return shades


def _pairs(answers: Answers, names: list[str]) -> list[tuple[str, str, int]]:
    """Label, answer and number of the confusions that were the most frequent."""
    wrong = answers.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    places = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [(names[i], names[j], int(wrong[i, j])) for i, j in places if wrong[i, j]]


def _classes(answers: Answers, names: list[str]) -> list[dict[str, Any]]:
    counts = np.bincount(answers.labels, minlength=len(names))
    precision, recall = answers.precision, answers.recall
    chosen = np.arange(len(names))
    if len(names) > MOST_CLASSES:
        chosen = np.argsort(np.nan_to_num(recall, nan=2.0), kind="stable")[:MOST_CLASSES]
    return [
        {"name": names[k], "samples": int(counts[k]), "shares": [_share(precision[k]), _share(recall[k])]}
        for k in chosen
    ]


def _share(value: float) -> str:
    """A share as a text; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _worst(classes: int) -> str:
    if classes <= MOST_CLASSES:
        return ""
    return sentence("The {shown} classes that were found worst, of {classes:,}.", shown=MOST_CLASSES, classes=classes)


def _undecided(answers: Answers) -> str:
    n = int((answers.answers < 0).sum())
    if not n:
        return ""
    return plural(
        "{n:,} of {total:,} test images has no finite score.",
        "{n:,} of {total:,} test images have no finite score.",
        n=n,
        total=len(answers),
    )
