"""`dataset.mnist`: shapes, dtypes and fresh arrays; [9] of docs/BOOK.md."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.book import mnist
from zerokara.book.dataset.mnist import load_mnist

pytestmark = pytest.mark.mnist


def test_by_default() -> None:
    (x_train, t_train), (x_test, t_test) = load_mnist()
    assert (x_train.shape, x_test.shape) == ((60000, 784), (10000, 784))
    assert (x_train.dtype, t_train.dtype, t_test.dtype) == (np.float32, np.uint8, np.uint8)
    assert (x_train.min(), x_train.max()) == (0, 1)
    assert_array_equal(t_train[:5], [5, 0, 4, 1, 9])
    assert_array_equal(t_test[:3], [7, 2, 1])
    assert t_train.shape == (60000,)


def test_as_stored_as_images_with_one_hot_labels() -> None:
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False, flatten=False, one_hot_label=True)
    assert (x_train.shape, x_test.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert x_train.dtype == np.uint8
    assert x_train.max() == 255
    assert (t_train.shape, t_train.dtype) == ((60000, 10), np.float64)
    assert_array_equal(t_train.sum(axis=1), 1)
    assert_array_equal(t_test[0], np.eye(10)[7])


@pytest.mark.parametrize("normalize", [True, False])
def test_arrays_are_fresh(normalize: bool) -> None:
    (first, labels), _ = load_mnist(normalize=normalize)
    assert first.flags.writeable
    first[...] = 0
    labels[...] = 0
    (second, labels2), _ = load_mnist(normalize=normalize)
    assert second.max() > 0
    assert labels2.max() == 9


def test_top_level_name() -> None:
    assert mnist.load_mnist is load_mnist
