"""What must be known of a data set to use a network that was trained on it, also where its files are gone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from zerokara.cells import printable
from zerokara.data.dataset import Dataset
from zerokara.data.entries import ENTRIES

MOST_CLASSES = 100_000
LONGEST_NAME = 1_000
LOOKED_AT = 1_000
"""Training pictures whose edges say what the background is."""


@dataclass(frozen=True)
class DataDescription:
    """What the inputs and outputs of a network stand for.

    Attributes:
        class_names: what label 0, 1, … stands for.
        image_shape: of one sample's picture; its product is the number of inputs.
        full: the stored value that means 1.0; None: pixels are values.
        background: what the edges of the training pictures mostly are, where 1.0 is `full`: 0.0 for MNIST's black;
            None where samples are no pictures.
    """

    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    full: float | None
    background: float | None

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """That of a data set. Letters that cannot be printed are replaced, as a name of a folder may have some."""
        return cls(
            tuple(printable(name)[:LONGEST_NAME] for name in dataset.class_names),
            tuple(map(int, dataset.image_shape)),
            None if dataset.train.full is None else float(dataset.train.full),
            _background(dataset),
        )

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The description in a file that anybody may have written. Raises ValueError where it cannot be one."""
        if not isinstance(value, Mapping) or set(value) != set(cls.__dataclass_fields__):
            raise ValueError
        names, shape, full, background = (value[name] for name in cls.__dataclass_fields__)
        if not isinstance(names, list) or len(names) > MOST_CLASSES or not all(map(_is_name, names)):
            raise ValueError
        if not isinstance(shape, list) or not 1 <= len(shape) <= 4 or not all(map(_is_size, shape)):
            raise ValueError
        if full is not None and not (_is_finite(full) and full > 0):
            raise ValueError
        if background is not None and not _is_finite(background):
            raise ValueError
        return cls(tuple(names), tuple(shape), full, background)

    def fits(self, sizes: list[int] | tuple[int, ...]) -> bool:
        """Whether a network with so many units in each layer may have been trained on such data."""
        return (math.prod(self.image_shape), len(self.class_names)) == (sizes[0], sizes[-1])


def description_by_name(dataset: str, sizes: list[int] | tuple[int, ...]) -> DataDescription:
    """What is known of the data of a run that does not say: a catalogue's entry, or else only how many of each."""
    entry = ENTRIES.get(dataset)
    if entry is not None:
        return DataDescription(entry.class_names, entry.image_shape, 16.0 if entry.bundled else 255.0, 0.0)
    return DataDescription(tuple(map(str, range(sizes[-1]))), (sizes[0],), None, None)


def _background(dataset: Dataset) -> float | None:
    """The median of the pictures' edges."""
    if len(dataset.image_shape) != 2:
        return None
    split = dataset.train
    pictures = split.pixels[:LOOKED_AT].reshape(-1, *dataset.image_shape)
    edges = [pictures[:, [0, -1], :].ravel(), pictures[:, :, [0, -1]].ravel()]
    median = float(np.median(np.concatenate(edges))) / (split.full or 1.0)
    return median if math.isfinite(median) else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
