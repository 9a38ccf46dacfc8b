"""Photos of digits against their clean twins: what a network sees must be the same digit."""

from dataclasses import replace
from functools import partial

import numpy as np
import photos
import pytest

from zerokara.data import load
from zerokara.data.description import DataDescription
from zerokara.handwriting.preparing import prepare_picture
from zerokara.nn.network import Network
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe


def difference(photo: photos.Photo, described: DataDescription) -> float:
    """The mean distance from the twin; 0.19 of MNIST is ink."""
    return float(np.abs(prepare_picture(photo.picture, described).inputs[0] - photo.twin.ravel()).mean())


@pytest.mark.parametrize("family", photos.FAMILIES)
def test_each_family_gives_the_twin_back(family: str, five: np.ndarray, mnist: DataDescription) -> None:
    digit = (prepare_picture(five, mnist).inputs[0].reshape(28, 28) * 255).astype(np.uint8)
    shot = photos.FAMILIES[family]
    if shot.shape[0] > 240:
        small = 2 if family == "small" else 1
        shot = replace(shot, shape=(240, 320), size=(shot.size[0] * small, shot.size[1] * small))
    photo = photos.photo_of(digit, shot, np.random.default_rng(4))
    assert difference(photo, mnist) < 0.03


# All families at the sizes and in the numbers that matter; the limits are those that must be kept.

MOST_LOST = {
    "vignette and cast edge": 3.0,
    "blue ink": 3.0,
    "all at once": 3.0,
    "finger": 4,
    "table edge and finger": 4,
}


@pytest.fixture(scope="module")
def network() -> Network:
    trainer = build_trainer(Recipe(iterations=5000), load("mnist"))
    trainer.run()
    return trainer.network


def rate(network: Network, described: DataDescription, make: object, n: int) -> tuple[float, float]:
    """Which shares of pictures and of twins are read rightly."""
    test = load("mnist").test
    right = []
    for index in np.linspace(0, 9999, n).astype(int):
        photo = make(test.pixels[index].reshape(28, 28), generator=np.random.default_rng([8, int(index)]))
        rows = prepare_picture(photo.picture, described).inputs
        probabilities = network.probabilities(np.concatenate([rows, photo.twin.reshape(1, -1)]))
        read = probabilities[probabilities[:-1].max(axis=1).argmax()].argmax()
        right.append((read == test.t[index], probabilities[-1].argmax() == test.t[index]))
    return tuple(np.mean(right, axis=0))


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("family", photos.FAMILIES)
def test_a_photo_is_read_nearly_as_well_as_its_twin(family: str, network: Network, mnist: DataDescription) -> None:
    """8 of each: more than one lost by the photo alone would be far over what may be lost."""
    read, twin = rate(network, mnist, partial(photos.photo_of, shot=photos.FAMILIES[family]), 8)
    assert 100 * (twin - read) <= MOST_LOST.get(family, 1.5) + 100 / 8


@pytest.mark.slow
@pytest.mark.mnist
def test_an_enlarged_digit_is_read_as_the_digit(network: Network, mnist: DataDescription) -> None:
    read, twin = rate(network, mnist, photos.moved, 300)
    assert 100 * (twin - read) <= 0.5


@pytest.mark.slow
@pytest.mark.mnist
def test_all_digits_come_back_from_their_own_picture(mnist: DataDescription) -> None:
    pixels = load("mnist").test.pixels
    worst = [np.abs(prepare_picture(row.reshape(28, 28), mnist).inputs[0] * 255 - row).max() for row in pixels]
    assert np.mean(np.array(worst) <= 1) >= 0.999


@pytest.mark.mnist
@pytest.mark.parametrize("times", [1, 10])
@pytest.mark.parametrize("invert", [False, True])
def test_digits_come_back(times: int, invert: bool, mnist: DataDescription) -> None:
    """Also where they are enlarged, and black on white."""
    pixels = load("mnist").test.pixels[::1000]
    for row in pixels:
        picture = np.kron(row.reshape(28, 28), np.ones((times, times), np.uint8))
        prepared = prepare_picture(255 - picture if invert else picture, mnist)
        assert np.abs(prepared.inputs[0] * 255 - row).max() <= 1.01


@pytest.mark.slow
@pytest.mark.mnist
def test_strokes_and_the_digits_of_others(network: Network, mnist: DataDescription) -> None:
    drawn = [photos.drawn(n % 10, np.random.default_rng([8, n])).picture for n in range(200)]
    answers = [network.predict(prepare_picture(one, mnist).inputs[:1]).argmax() for one in drawn]
    assert np.mean(np.array(answers) == np.arange(200) % 10) >= 0.70
    split = load("digits").test
    answers = [network.predict(prepare_picture(one.reshape(8, 8), mnist).inputs).argmax() for one in split.pixels]
    assert np.mean(np.array(answers) == split.t) >= 0.78
