"""A data set in memory: pixels as they were stored, and what they mean.

Pixels stay as stored (one byte each for MNIST: 47 MB instead of 188 MB of floats); `full` is the stored value
that means 1.0. Every way to turn pixels into numbers, `Split.x` and `Split.rows`, gives the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from zerokara.errors import DataError, UsageError
from zerokara.words import in_english, sentence, translatable

PIXEL_TYPES = ("uint8", "float32", "float64")

EMPTY = {
    "train": translatable("The training part of {name} has no samples."),
    "test": translatable("The test part of {name} has no samples."),
}
OTHER_FEATURES = {
    "train": translatable(
        "The training samples of {name} have {got} features. Expected {expected}, as images are {shape}."
    ),
    "test": translatable("The test samples of {name} have {got} features. Expected {expected}, as images are {shape}."),
}
OTHER_LABELS = {
    "train": translatable("The training labels of {name} must lie in 0 to {last}. Got {got}."),
    "test": translatable("The test labels of {name} must lie in 0 to {last}. Got {got}."),
}
"""What may be wrong with either part."""


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Samples with their labels: the training part or the test part of a data set.

    Attributes:
        pixels: (n, features) uint8, float32 or float64, C-contiguous, as stored.
        t: (n,) integer labels.
        full: the stored value that means 1.0 (255 for a byte, 16 for the bundled digits); None: pixels are values.

    Raises:
        DataError: when pixels and labels do not fit together.

    >>> split = Split(np.array([[0, 51], [255, 102]], dtype=np.uint8), np.array([3, 1]), full=255)
    >>> split
    <Split: 2 samples of 2 features, uint8, 255 means 1.0>
    >>> split.x
    array([[0. , 0.2],
           [1. , 0.4]], dtype=float32)
    """

    pixels: NDArray[Any]
    t: NDArray[np.integer[Any]]
    full: float | None

    def __post_init__(self) -> None:
        _check_pixels(self.pixels, self.full)
        _check_labels(self.t, len(self.pixels))

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        n, features = self.pixels.shape
        meaning = "as values" if self.full is None else f"{self.full:g} means 1.0"
        text = "<Split: {n:,} samples of {features} features, {dtype}, {meaning}>"
        return in_english(text, n=n, features=features, dtype=self.pixels.dtype, meaning=meaning)

    @cached_property
    def x(self) -> NDArray[np.float32]:
        """(n, features) float32 in [0, 1]: all samples, computed once and kept; read-only, so copy it to change it."""
        x = self._values(self.pixels)
        x.flags.writeable = False
        return x

    def rows(self, indices: NDArray[np.integer[Any]], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """The `x` of some samples in `dtype`, bit for bit `x[indices].astype(dtype)`, without making all of `x`.

        Args:
            indices: (m,) sample numbers.
            dtype: a floating type; values are rounded to float32 first, as in `x`.

        Returns:
            (m, features) a fresh array.
        """
        return self._values(self.pixels.take(indices, axis=0)).astype(dtype, copy=False)

    @cached_property
    def density(self) -> float:
        """The share of pixels that are not 0, among the first thousand samples: 0.19 for MNIST."""
        first = self.pixels[:1000]
        return np.count_nonzero(first) / max(first.size, 1)

    def part(self, start: int, stop: int) -> Split:
        """Samples `start` to `stop` (not included), sharing this split's memory."""
        return Split(self.pixels[start:stop], self.t[start:stop], self.full)

    def _values(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        if self.full is None:
            return pixels.astype(np.float32)
        values: NDArray[np.float32] = np.divide(pixels, np.float32(self.full), dtype=np.float32)
        return values

    def counts(self, classes: int) -> NDArray[np.int64]:
        """(classes,) how many samples each class has."""
        return np.bincount(self.t, minlength=classes)

    def examples(self, classes: int, each: int) -> list[NDArray[np.int64]]:
        """For every class the indices of its first samples, at most `each` of them."""
        return [np.flatnonzero(self.t == label)[:each] for label in range(classes)]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named data set: a training part, a test part, and what its labels and pixels stand for.

    Attributes:
        name: the name in the catalogue, or the folder's name.
        train, test: the two parts, with the same features.
        class_names: what label 0, 1, … stands for.
        image_shape: the shape of one sample's picture; its product is the number of features.
        checksum: 16 hexadecimal digits that depend on nothing but pixels and labels (see `zerokara.data.checksum`).
        source: the folders or the file that it was read from, or the address that it was fetched from.
        whole: where `train` has only the first of its samples, the data set with all of them: whose checksum it is.

    Raises:
        DataError: when the parts do not fit together, or a label has no class name.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    checksum: str
    source: str
    whole: Dataset | None = None

    def __post_init__(self) -> None:
        for part, split in (("train", self.train), ("test", self.test)):
            self._check_part(part, split)

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.image_shape))
        return in_english(
            "<Dataset {name}: {train:,} training and {test:,} test images of {shape}, {classes} classes>",
            name=self.name,
            train=len(self.train),
            test=len(self.test),
            shape=shape,
            classes=len(self.class_names),
        )

    def with_first(self, samples: int | None) -> Dataset:
        """The same with so many training samples, the first ones; None: with all. One that was cut can be asked too.

        Raises:
            UsageError: there are not so many.
        """
        whole = self.whole or self
        if samples is None or samples == len(whole.train):
            return whole
        if samples > len(whole.train):
            text = sentence(
                "samples must be at most the {most} training samples of {name}. Got {got}.",
                most=len(whole.train),
                name=self.name,
                got=samples,
            )
            raise UsageError(text, "wrong-value")
        return replace(whole, train=whole.train.part(0, samples), whole=whole)

    def _check_part(self, part: str, split: Split) -> None:
        features = int(np.prod(self.image_shape))
        if split.pixels.shape[1] != features:
            raise DataError(
                sentence(
                    OTHER_FEATURES[part],
                    name=self.name,
                    got=split.pixels.shape[1],
                    expected=features,
                    shape=self.image_shape,
                ),
                "wrong-shape",
            )
        if len(split) == 0:
            raise DataError(sentence(EMPTY[part], name=self.name), "data-missing")
        low, high = int(split.t.min()), int(split.t.max())
        if low < 0 or high >= len(self.class_names):
            raise DataError(
                sentence(
                    OTHER_LABELS[part],
                    name=self.name,
                    last=len(self.class_names) - 1,
                    got=low if low < 0 else high,
                ),
                "wrong-value",
            )


def _check_pixels(pixels: NDArray[Any], full: float | None) -> None:
    if pixels.ndim != 2 or pixels.dtype not in PIXEL_TYPES or not pixels.flags.c_contiguous:
        raise DataError(
            sentence(
                "Pixels must be a C-contiguous (samples, features) array of one of {types}. "
                "Got shape {shape} of {dtype}.",
                types=", ".join(PIXEL_TYPES),
                shape=pixels.shape,
                dtype=pixels.dtype,
            ),
            "wrong-shape",
        )
    if full is not None and not full > 0:
        raise DataError(
            sentence("The pixel value that means 1.0 must be positive. Got {full}.", full=full), "wrong-value"
        )


def _check_labels(t: NDArray[Any], samples: int) -> None:
    if t.ndim != 1 or t.dtype.kind not in "iu":
        raise DataError(
            sentence(
                "Labels must be a (samples,) array of integers. Got shape {shape} of {dtype}.",
                shape=t.shape,
                dtype=t.dtype,
            ),
            "wrong-shape",
        )
    if len(t) != samples:
        raise DataError(
            sentence("There must be one label for each image. Got {t} labels and {n} images.", t=len(t), n=samples),
            "wrong-shape",
        )
