"""The textbook's `dataset.mnist`, over zerokara's own data: mirrors, checks and a cache instead of `mnist.pkl`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data import load

__all__ = ["load_mnist"]

Array = NDArray[Any]
Pair = tuple[Array, Array]


def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> tuple[Pair, Pair]:
    """(x_train, t_train), (x_test, t_test): 60,000 and 10,000 handwritten digits, in fresh arrays.

    Args:
        normalize: images as float32 from 0 to 1; otherwise as uint8 from 0 to 255.
        flatten: images (n, 784); otherwise (n, 1, 28, 28).
        one_hot_label: labels (n, 10) of float64; otherwise (n,) of uint8.

    Raises DataError where MNIST is not here and cannot be fetched.
    """
    mnist = load("mnist")
    return (
        (_images(mnist.train.pixels, normalize, flatten), _labels(mnist.train.t, one_hot_label)),
        (_images(mnist.test.pixels, normalize, flatten), _labels(mnist.test.t, one_hot_label)),
    )


def _images(pixels: Array, normalize: bool, flatten: bool) -> Array:
    images = np.divide(pixels, np.float32(255), dtype=np.float32) if normalize else pixels.astype(np.uint8)
    return images if flatten else images.reshape(-1, 1, 28, 28)


def _labels(t: Array, one_hot_label: bool) -> Array:
    return np.eye(10)[t] if one_hot_label else t.astype(np.uint8)
