"""Four IDX files → a data set: training images and labels, test images and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.checksum import checksum_of
from zerokara.data.dataset import PIXEL_TYPES, Dataset, Split
from zerokara.data.idx import Content
from zerokara.errors import DataError
from zerokara.words import sentence

MOST_CLASSES = 10_000
"""Labels beyond this are taken for a mistake: a network would need that many outputs."""


@dataclass(frozen=True)
class NamedContent:
    """The content of an IDX file, and what errors call the file."""

    name: str
    content: Content

    @property
    def array(self) -> NDArray[Any]:
        return self.content.array


def dataset_from_idx(
    name: str,
    files: Sequence[NamedContent],
    source: str,
    class_names: tuple[str, ...] | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> Dataset:
    """Put four files together.

    Args:
        name, source: as in `Dataset`.
        files: training images, training labels, test images, test labels.
        class_names: None: the numbers from 0 to the largest training label.
        image_shape: the shape that images must have; None: that of the training images.

    Raises:
        DataError: the files do not fit together; it names the file, what it holds and what was expected.
    """
    train_images, train_labels, test_images, test_labels = files
    names = _numbers(train_labels) if class_names is None else class_names
    shape = train_images.array.shape[1:] if image_shape is None else image_shape
    return Dataset(
        name=name,
        train=_split(train_images, train_labels, shape, len(names)),
        test=_split(test_images, test_labels, shape, len(names)),
        class_names=names,
        image_shape=shape,
        checksum=checksum_of(file.content.crc32 for file in files),
        source=source,
    )


def _split(images: NamedContent, labels: NamedContent, shape: tuple[int, ...], classes: int) -> Split:
    _check_images(images, shape)
    _check_labels(labels, classes)
    if len(images.array) != len(labels.array):
        raise DataError(
            sentence(
                "{labels} holds {t:,} labels, but {images} holds {n:,} images. Expected one label for each image.",
                labels=labels.name,
                t=len(labels.array),
                images=images.name,
                n=len(images.array),
            ),
            "wrong-shape",
        )
    pixels = images.array.reshape(len(images.array), -1)
    return Split(pixels, labels.array, full=255 if pixels.dtype == np.uint8 else None)


def _check_images(images: NamedContent, shape: tuple[int, ...]) -> None:
    array = images.array
    if array.ndim < 2 or array.size == 0 or array.dtype not in PIXEL_TYPES:
        raise DataError(
            sentence(
                "{name} must hold images: an array (images, height, width) of one of {types}. "
                "Got shape {shape} of {dtype}.",
                name=images.name,
                types=", ".join(PIXEL_TYPES),
                shape=array.shape,
                dtype=array.dtype,
            ),
            "wrong-shape",
        )
    if array.shape[1:] != shape:
        raise DataError(
            sentence(
                "{name} holds images of shape {got}. Expected {expected}.",
                name=images.name,
                got=array.shape[1:],
                expected=shape,
            ),
            "wrong-shape",
        )
    if array.dtype.kind == "f" and not (array.min() >= 0 and array.max() <= 1):
        raise DataError(
            sentence(
                "{name} holds values from {low:g} to {high:g}. Expected 0 to 1 for pixels that are not bytes.",
                name=images.name,
                low=array.min(),
                high=array.max(),
            ),
            "wrong-value",
        )


def _check_labels(labels: NamedContent, classes: int) -> None:
    array = _label_array(labels)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise DataError(
            sentence(
                "{name} holds the label {got}. Expected labels from 0 to {last}.",
                name=labels.name,
                got=low if low < 0 else high,
                last=classes - 1,
            ),
            "wrong-value",
        )


def _label_array(labels: NamedContent) -> NDArray[Any]:
    array = labels.array
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise DataError(
            sentence(
                "{name} must hold labels: one dimension of whole numbers. Got shape {shape} of {dtype}.",
                name=labels.name,
                shape=array.shape,
                dtype=array.dtype,
            ),
            "wrong-shape",
        )
    return array


def _numbers(labels: NamedContent) -> tuple[str, ...]:
    """Class names "0", "1", … for labels that nobody named."""
    classes = int(_label_array(labels).max()) + 1
    if not 2 <= classes <= MOST_CLASSES:
        raise DataError(
            sentence(
                "{name} has {got} as its largest label. Expected at least two classes, and {most:,} at the most.",
                name=labels.name,
                got=classes - 1,
                most=MOST_CLASSES,
            ),
            "wrong-value",
        )
    return tuple(map(str, range(classes)))
