"""The ways in which learners hand a batch over: rows or columns, one-hot or numbers, at once or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zerokara.own_gradients.subject import Array


@dataclass(frozen=True)
class Layout:
    """How a batch of rows is handed to a learner's function.

    Attributes:
        rows: "rows" (n, features); "columns" (features, n); "images" (n, 1, side, side); "vector" (features,), "column"
            (features, 1) and "row" (1, features) one sample at a time.
        labels: "as given", "one-hot" (n, classes), "numbers" (n,), or "one column" (n, 1).
    """

    rows: str
    labels: str

    @property
    def one_by_one(self) -> bool:
        """Whether the function takes one sample only."""
        return self.rows in ("vector", "column", "row")

    def x(self, x: Array) -> Array:
        """The batch, or one sample of it, as the code takes it; the very array where nothing is to be done."""
        if self.rows == "columns":
            return x.T
        if self.rows == "images":
            side = int(np.sqrt(x.shape[1]))
            return x.reshape(len(x), 1, side, side)
        if self.rows == "vector":
            return np.asarray(x[0])
        return x.reshape(-1, 1) if self.rows == "column" else x

    def t(self, t: Array) -> Array:
        """The labels beside it; they are in the form of `labels` already."""
        if self.rows == "columns":
            return t.T if t.ndim > 1 else t
        if self.rows == "vector":
            return np.asarray(t[0])
        return t.reshape(-1, 1) if self.rows == "column" and t.ndim > 1 else t


def labels_as(t: Array, form: str, classes: int) -> Array | None:
    """Labels in another form; None where they cannot be."""
    whole = t.dtype.kind in "iu" or bool((t == np.round(t)).all())
    if form == "as given":
        return t
    if form == "numbers":
        return t.argmax(axis=1) if t.ndim == 2 and t.shape[1] > 1 else None
    if t.ndim != 1 or not whole:
        return None
    if form == "one column":
        return t.reshape(-1, 1).astype(float)
    return np.eye(classes)[t.astype(int)] if classes > t.max() else None


def layouts(x: Array, given: bool) -> Iterator[Layout]:
    """Those worth trying, the commonest first.

    Args:
        given: whether somebody chose the form of x and t: then that comes first, and labels are tried as they are.
    """
    labels = ["as given", "one-hot", "numbers", "one column"]
    if not given:
        labels[:2] = "one-hot", "as given"
    rows = ["rows", "columns", "images", "vector", "column", "row"]
    if x.ndim != 2:
        rows = ["rows"]
    elif int(np.sqrt(x.shape[1])) ** 2 != x.shape[1]:
        rows.remove("images")
    for kind in rows:
        for form in labels:
            yield Layout(kind, form)
