"""The boxes of MNIST and of the bundled digits, worked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.handwriting.box import centre_of_mass, centred, fitted, looks_boxed, mnist_box, uci_box


def test_area_averaging_by_hand() -> None:
    """3 pixels to 2: each is made of one and a half."""
    ink = np.repeat(np.array([[1.0, 0.0, 0.5]], np.float32).T, 3, axis=1)
    assert_allclose(fitted(ink, 2), [[1 / 1.5] * 2, [0.5 / 1.5] * 2], atol=1e-6)
    assert_allclose(fitted(ink[:, :1], 2), [[1 / 1.5**2], [0.5 / 1.5**2]], atol=1e-6)  # two thirds of a pixel wide


@pytest.mark.parametrize("shape", [(7, 3), (200, 41), (20, 20), (1, 1), (5, 900)])
def test_the_longer_side_fits_and_no_ink_is_lost(shape: tuple[int, int]) -> None:
    ink = np.random.default_rng(0).random(shape, dtype=np.float32)
    inner = fitted(ink, 20)
    assert max(inner.shape) == 20
    assert_allclose(inner.sum(), ink.sum() * (20 / max(shape)) ** 2, rtol=1e-4)


def test_the_centre_of_mass_goes_to_the_middle() -> None:
    inner = np.zeros((20, 12), np.float32)
    inner[0, 0] = 3  # centres: 0.5 and 19.5, 0.5 and 11.5
    inner[19, 11] = 1
    assert centre_of_mass(inner) == (5.25, 3.25)
    outer = centred(inner)
    assert outer[8, 11] == 3  # trunc(15 - 5.25), pushed in by one: 9 + 20 would be outside
    assert outer.sum() == 4
    inner[19, 11] = 3
    assert centred(inner)[5, 9] == 3  # trunc(15 - 10), trunc(15 - 6)


def test_levels_are_whole_and_a_level_from_white_stays() -> None:
    ink = np.full((20, 20), 254 / 255, np.float32)
    assert_allclose(mnist_box(ink).pixels.max() * 255, 254)
    assert_allclose(mnist_box(ink / 2).pixels.max() * 255, 255)
    assert mnist_box(np.zeros((3, 3), np.float32)).pixels.shape == (28, 28)
    assert not mnist_box(np.zeros((3, 3), np.float32)).pixels.any()


def test_blocks_of_a_bitmap_are_counted() -> None:
    """A bar of 32 by 8 in the middle fills two columns of blocks."""
    boxed = uci_box(np.ones((64, 16), np.float32)).pixels
    expected = np.zeros((8, 8))
    expected[:, 3:5] = 1
    assert_array_equal(boxed, expected)
    assert uci_box(np.ones((10, 90), np.float32)).pixels[:, [0, 7]].max() == 0


def test_what_is_in_the_box_already() -> None:
    boxed = mnist_box(np.ones((200, 100), np.float32)).pixels
    assert looks_boxed(boxed, mnist_box)
    assert not looks_boxed(np.roll(boxed, 2, axis=1), mnist_box)
    assert not looks_boxed(1 - boxed, mnist_box)
    assert not looks_boxed(np.zeros((28, 28), np.float32), mnist_box)
