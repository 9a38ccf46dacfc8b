"""A person's picture → the input of a network, by what it was trained on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.description import DataDescription
from zerokara.errors import UsageError
from zerokara.handwriting import digit, own_picture
from zerokara.handwriting.box import SIDE, mnist_box, uci_box
from zerokara.handwriting.opening import PictureFile, numbers_of, shares_of_white
from zerokara.handwriting.prepared import Prepared
from zerokara.words import sentence

if TYPE_CHECKING:
    from PIL.Image import Image

NO_DIGITS = ("fashion-mnist", "kmnist")
"""Of MNIST's shape, but not centred by mass. (Their own files may lie in a folder, without class names.)"""

DIGITS = tuple("0123456789")


def prepare_picture(
    picture: str | os.PathLike[str] | PictureFile | Image | Any, described: DataDescription, dataset: str = "mnist"
) -> Prepared:
    """A picture as a network gets it that was trained on such data.

    Digits on black in 28×28 are put into MNIST's box, the bundled digits of 8×8 are counted as theirs were, and any
    other picture is scaled to the size of those that were trained on.

    Args:
        picture: a path, a file in memory, a Pillow image, or an array: (h, w), (h, w, 3), (h, w, 4), or one sample
            (features,), of bytes, of 0 to 1, or of 0 to 255.
        described: what is known of the data.
        dataset: their name.

    Raises:
        UsageError: samples of such data are no pictures, or the array is none.
        DataError: the file cannot be read as a picture.
        OSError: the file cannot be opened.
    """
    if len(described.image_shape) != 2:
        text = sentence(
            "Samples of {dataset} are no gray pictures, but of shape {shape}. No picture can be made one of them.",
            dataset=dataset,
            shape=described.image_shape,
        )
        raise UsageError(text, "wrong-shape")
    picture = _as_sample(picture, described)
    if described.class_names == DIGITS and dataset not in NO_DIGITS:
        if described.image_shape == (SIDE, SIDE) and (described.background or 0) < 0.1:
            return digit.prepare(picture, mnist_box)
        if described.image_shape == (8, 8) and described.full == 16:
            return digit.prepare(picture, uci_box)
    return own_picture.prepare(picture, described)


def _as_sample(picture: Any, described: DataDescription) -> Any:
    """An array that is one sample, in the shape of its picture and 0 to 1; anything else as it is."""
    from PIL import Image

    if isinstance(picture, str | os.PathLike | PictureFile | Image.Image):
        return picture
    array: NDArray[Any] = numbers_of(picture)
    shape = described.image_shape
    if array.size == np.prod(shape) and [side for side in array.shape if side > 1] in ([*shape], [array.size]):
        return shares_of_white(array.reshape(shape))
    return array
