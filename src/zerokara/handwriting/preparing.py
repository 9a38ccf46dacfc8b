"""A person's picture → the input of a network, by what it was trained on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from zerokara.data.description import DataDescription
from zerokara.errors import UsageError
from zerokara.handwriting.box import mnist_box
from zerokara.handwriting.choosing import choose
from zerokara.handwriting.doubts import doubt
from zerokara.handwriting.opening import open_picture
from zerokara.handwriting.paper import closed_paper, contrast_to, ink_is_light, noise_of, smooth_paper
from zerokara.handwriting.prepared import Prepared
from zerokara.words import sentence

if TYPE_CHECKING:
    from PIL.Image import Image


def prepare_picture(
    picture: str | os.PathLike[str] | Image | Any, described: DataDescription, dataset: str = "mnist"
) -> Prepared:
    """A picture as a network gets it that was trained on such data.

    Args:
        picture: as `zerokara.handwriting.opening.open_picture` takes it.
        described: what is known of the data.
        dataset: their name.

    Raises:
        UsageError: samples of such data are no pictures, or the array is none.
        DataError: the file cannot be read as a picture.
    """
    if len(described.image_shape) != 2:
        raise UsageError(sentence("This network was not trained on pictures."), "wrong-value")
    gray = open_picture(picture)
    if ink_is_light(gray):
        gray = 1 - gray
    rows = []
    for paper in (closed_paper, smooth_paper):
        contrast = contrast_to(gray, paper(gray))
        chosen = choose(contrast, noise_of(contrast))
        if chosen is None:
            continue
        part = chosen.box.of(contrast)
        ink = part > 0.5 * np.percentile(contrast[chosen.mask], 85)
        rows.append(mnist_box(ink.astype(np.float32))[1].ravel())
    if not rows:
        return Prepared(np.zeros((1, 784), np.float32), (28, 28), (), (doubt("no-ink"),))
    return Prepared(np.array(rows, np.float32), (28, 28))
