"""Sprites are read back with Pillow: sizes, places, what is transparent, what is blue and what is orange."""

import io

import numpy as np
import pytest
from PIL import Image

from zerokara.report.sprites import GAP, MOST_PIXELS, can_be_seen, ink_sprite, most_of, signed_sprite


def pixels(sprite):
    return np.asarray(Image.open(io.BytesIO(sprite.png)).convert("RGBA")).astype(int)


def tile(sprite, k):
    x, y = sprite.place(k)
    height, width = sprite.tile
    return pixels(sprite)[y : y + height, x : x + width]


def test_weights_are_blue_below_zero_and_orange_above_each_by_its_own_largest():
    weights = np.zeros((3, 4, 5))
    weights[1, 2, 3], weights[1, 0, 0], weights[2, 1, 1] = 7.0, -3.5, 1e-3
    sprite = signed_sprite(weights, columns=2)
    assert (sprite.height, sprite.width) == (2 * 4 + GAP, 2 * 5 + GAP) == pixels(sprite).shape[:2]
    assert not tile(sprite, 0)[..., 3].any()
    r, _, b, a = tile(sprite, 1)[2, 3]
    assert r > b
    assert a == 255
    r, _, b, a = tile(sprite, 1)[0, 0]
    assert b > r
    assert a == pytest.approx(127, abs=5)
    assert tile(sprite, 2)[1, 1, 3] == 255


def test_ink_is_darker_where_there_is_more():
    ramp = np.linspace(0, 1, 30).reshape(1, 5, 6)
    shown = tile(ink_sprite(ramp, 8), 0)
    assert np.abs(shown[..., 3] / 255 - ramp[0]).max() < 0.02
    assert shown[..., :3].max() < 30


def test_what_is_not_finite_does_no_harm():
    weights = np.array([[[np.nan, np.inf], [1.0, -1.0]]])
    assert tile(signed_sprite(weights, 1), 0)[..., 3].tolist() == [[0, 0], [255, 255]]


def test_large_pictures_are_reduced_by_means_and_few():
    picture = np.zeros((1, 200, 100))
    picture[:, :100] = 1.0
    sprite = ink_sprite(picture, 1)
    assert sprite.tile == (50, 25)
    assert tile(sprite, 0)[:, 0, 3].tolist() == [255] * 25 + [0] * 25
    assert most_of((28, 28)) * 28 * 28 <= MOST_PIXELS
    assert most_of((28, 28)) >= 100
    assert most_of((200, 100)) * 50 * 25 <= MOST_PIXELS


def test_only_pictures_of_one_colour_can_be_seen():
    assert can_be_seen((28, 28))
    assert not any(map(can_be_seen, [(784,), (28, 28, 3), (1, 784), (10_000, 10_000)]))


def test_fifty_pictures_of_noise_are_small():
    weights = np.random.default_rng(0).normal(size=(50, 28, 28))
    assert len(signed_sprite(weights, 10).png) < 36_000
