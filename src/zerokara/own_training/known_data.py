"""Which of the catalogue's data sets a learner's samples are from, told by their pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.data import Dataset
from zerokara.data.dataset import Split
from zerokara.data.entries import ENTRIES
from zerokara.data.loading import load_at_hand
from zerokara.errors import ZerokaraError
from zerokara.own_training.left_behind import TEST, TRAIN
from zerokara.own_training.memory import Called
from zerokara.own_training.records import MEASURED

Array = NDArray[Any]

LOOKED_AT = 200
"""Samples of an array that are looked up."""


class KnownData(NamedTuple):
    """A data set, and what a learner's inputs are, divided by those from 0 to 1."""

    dataset: Dataset
    scale: float


def known_data(names: Mapping[str, Any], calls: Sequence[Called], sizes: Sequence[int]) -> KnownData | None:
    """The data set whose training part a program trained on and whose test part it did not; None where none is known.

    Only what is on this machine is looked into. Who has split the samples anew gets None: some of our test part would
    have been learnt by heart.

    Args:
        names, calls: what the program left behind, and called last.
        sizes: of its network; empty where they are not known.
    """
    for name, entry in ENTRIES.items():
        features = math.prod(entry.image_shape)
        samples = list(_samples_in(names, calls, features))
        if not samples or (sizes and (sizes[0], sizes[-1]) != (features, len(entry.class_names))):
            continue
        try:
            dataset = load_at_hand(name)
        except ZerokaraError:
            continue
        if dataset is not None and (scale := _scale(dataset, samples)) is not None:
            return KnownData(dataset, scale)
    return None


def _samples_in(names: Mapping[str, Any], calls: Sequence[Called], features: int) -> Iterator[tuple[bool, Array]]:
    """(whether they are test samples, (n, features) some of them) of what a program trained on and tested with."""
    named = [
        (TEST.match(name) is not None, value) for name, value in names.items() if TEST.match(name) or TRAIN.match(name)
    ]
    given = [(False, value) for call in calls if not MEASURED.search(call.name) for value in call.args]
    for is_test, value in (*named, *given):
        if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype.kind not in "fiu" or not len(value):
            continue
        if value.size == len(value) * features:
            rows = np.linspace(0, len(value) - 1, min(LOOKED_AT, len(value)), dtype=int)
            yield is_test, value[rows].reshape(len(rows), -1)


def _scale(dataset: Dataset, samples: Sequence[tuple[bool, Array]]) -> float | None:
    """What these samples are, divided by those from 0 to 1; None where one is not in the part that it should be in."""
    if all(is_test for is_test, _ in samples):
        return None
    full = dataset.train.full or 1.0
    scale = full if max(float(x.max()) for _, x in samples) > 1 else 1.0
    parts = {is_test: _rows_of(split) for is_test, split in ((False, dataset.train), (True, dataset.test))}
    for is_test, x in samples:
        values = np.asarray(x, np.float64) * (full / scale)
        stored = np.rint(values)
        if not (np.abs(values - stored).max() < 1e-3 and stored.min() >= 0 and stored.max() <= full):
            return None
        if not all(row.tobytes() in parts[is_test] for row in stored.astype(dataset.train.pixels.dtype)):
            return None
    return scale


def _rows_of(split: Split) -> set[bytes]:
    return {row.tobytes() for row in split.pixels}
