"""Which preparation a picture gets, and what is doubted."""

from dataclasses import replace

import numpy as np
import photos
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from zerokara.data.description import DataDescription
from zerokara.errors import UsageError
from zerokara.handwriting.prepared import Prepared
from zerokara.handwriting.preparing import prepare_picture

OWN = DataDescription(("cat", "dog"), (20, 30), 255.0, 1.0)


def codes(prepared: Prepared) -> set[str]:
    return {doubt.code for doubt in prepared.doubts}


def test_a_drawing_in_mnists_box(five: np.ndarray, mnist: DataDescription) -> None:
    prepared = prepare_picture(five, mnist)
    pixels = prepared.inputs.reshape(28, 28)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) == 19
    middle = (pixels.sum(axis=1) @ (np.arange(28) + 0.5), pixels.sum(axis=0) @ (np.arange(28) + 0.5)) / pixels.sum()
    assert np.all((middle > 14) & (middle <= 15))
    assert pixels.max() == 1
    assert (prepared.inputs.dtype, prepared.image_shape, codes(prepared)) == (np.float32, (28, 28), set())


def test_polarity_place_and_size_do_not_matter(five: np.ndarray, mnist: DataDescription) -> None:
    expected = prepare_picture(five, mnist).inputs
    for picture in (255 - five, np.pad(five, [(0, 200), (90, 0)], constant_values=255), five / 255):
        assert_allclose(prepare_picture(picture, mnist).inputs, expected, atol=1.01 / 255)
    half = np.asarray(Image.fromarray(five).resize((200, 200), Image.Resampling.BOX))
    assert np.abs(prepare_picture(half, mnist).inputs - expected).mean() < 0.02


def test_a_frame_is_left_out(five: np.ndarray, mnist: DataDescription) -> None:
    framed = np.pad(np.pad(five, 8, constant_values=0), 8, constant_values=255)
    assert_allclose(prepare_picture(framed, mnist).inputs, prepare_picture(five, mnist).inputs, atol=1.01 / 255)


@pytest.mark.parametrize("shape", [(784,), (1, 784), (28, 28), (1, 28, 28), (1, 1, 28, 28)])
def test_a_sample_of_mnist_stays_as_it_is(shape: tuple[int, ...], five: np.ndarray, mnist: DataDescription) -> None:
    sample = prepare_picture(five, mnist).inputs
    assert_array_equal(prepare_picture(sample.reshape(shape), mnist).inputs, sample)


def test_the_bundled_digits_are_counted_in_blocks(five: np.ndarray, bundled: DataDescription) -> None:
    prepared = prepare_picture(five, bundled)
    counts = prepared.inputs * 16
    assert_array_equal(counts, np.round(counts))
    assert (prepared.image_shape, prepared.inputs.shape) == ((8, 8), (1, 64))
    ink = five[:, five.min(axis=0) < 128][five.min(axis=1) < 128] < 128  # cut to its box
    assert counts.sum() == pytest.approx(ink.sum() * (32 / max(ink.shape)) ** 2, rel=0.03)
    assert prepared.inputs.reshape(8, 8)[[0, -1]].any(axis=1).all()  # from top to bottom
    assert_array_equal(prepare_picture(prepared.inputs[0] * 16, bundled).inputs, prepared.inputs)


def test_own_pictures_keep_their_aspect_on_their_background() -> None:
    picture = np.zeros((40, 40), np.uint8)
    picture[:20] = 255
    pixels = prepare_picture(picture, OWN).inputs.reshape(20, 30)
    assert_array_equal(pixels[:, :5], np.ones((20, 5)))
    assert_array_equal(pixels[:, 25:], np.ones((20, 5)))
    assert_allclose(pixels[:, 15], [1] * 10 + [0] * 10)


def test_an_own_picture_of_the_right_size_stays_and_another_polarity_is_turned() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    assert_array_equal(prepare_picture(picture, OWN).inputs[0], picture.ravel() / np.float32(255))
    dark = np.zeros((20, 30), np.uint8)
    dark[8:12, 10:20] = 200
    assert_allclose(prepare_picture(dark, OWN).inputs[0], 1 - dark.ravel() / 255, atol=1e-6)
    assert_allclose(prepare_picture(dark, replace(OWN, background=0.0)).inputs[0], dark.ravel() / 255, atol=1e-6)


@pytest.mark.parametrize("dataset", ["fashion-mnist", "kmnist"])
def test_other_sets_of_the_family_are_not_centred_by_mass(dataset: str, mnist: DataDescription) -> None:
    """Also where their files lie in a folder of one's own and have no class names."""
    shoe = np.zeros((28, 28), np.uint8)
    shoe[20:27, 2:20] = 180
    assert_array_equal(prepare_picture(shoe, mnist, dataset).inputs[0], shoe.ravel() / np.float32(255))


@pytest.mark.parametrize("shape", [(64,), (32, 32, 3)])
def test_samples_that_are_no_gray_pictures(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="are no gray pictures"):
        prepare_picture(np.zeros((28, 28)), DataDescription(("a", "b"), shape, None, None), "table")


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((1, 1)), np.zeros((300, 400)), np.ones((300, 400)), np.zeros(784), np.arange(10_000)[None] % 256,
        np.arange(10_000)[:, None] % 256, np.tile(np.linspace(0, 1, 500), (400, 1)),
        np.eye(1, 90_000).reshape(300, 300),
        np.random.default_rng(0).random((300, 400)), np.random.default_rng(0).random((3, 400)),
    ],
)  # fmt: skip
def test_no_ink(picture: np.ndarray, mnist: DataDescription) -> None:
    prepared = prepare_picture(picture, mnist)
    assert codes(prepared) == {"no-ink"}
    assert not prepared.inputs.any()
    assert prepared.inputs.shape == (1, 784)


def test_two_digits_in_a_drawing(five: np.ndarray, mnist: DataDescription) -> None:
    two = np.concatenate([five, photos.drawn(2, np.random.default_rng(1)).picture], axis=1)
    assert codes(prepare_picture(two, mnist)) == {"two-digits"}


def test_doubts_about_photos(five: np.ndarray, mnist: DataDescription) -> None:
    digit = (prepare_picture(five, mnist).inputs[0].reshape(28, 28) * 255).astype(np.uint8)
    generator = np.random.default_rng(2)
    assert codes(prepare_picture(photos.two(digit, digit, generator).picture, mnist)) == {"two-digits"}
    assert codes(prepare_picture(photos.cut(digit, generator).picture, mnist)) == {"cut"}
    assert codes(prepare_picture(photos.faint(digit, generator).picture, mnist)) & {"faint", "no-ink"}
    assert codes(prepare_picture(photos.empty(generator).picture, mnist)) == {"no-ink"}


def test_every_stage_is_a_picture_with_a_label(five: np.ndarray, mnist: DataDescription) -> None:
    photo = photos.photo_of(
        (prepare_picture(five, mnist).inputs[0].reshape(28, 28) * 255).astype(np.uint8),
        photos.FAMILIES["ruled"],
        np.random.default_rng(0),
    )
    stages = prepare_picture(photo.picture, mnist).stages
    assert len(stages) == 6
    assert len({stage.label for stage in stages}) == 6
    assert all(stage.picture.dtype == np.uint8 and stage.picture.ndim == 2 for stage in stages)
    assert stages[0].picture.shape == photo.picture.shape[:2]


def test_labels_and_doubts_are_translated(five, mnist, marked) -> None:  # type: ignore[no-untyped-def]
    both = np.concatenate([five, five], axis=1)
    prepared = [prepare_picture(picture, mnist) for picture in (both, np.zeros((300, 300)), five)]
    texts = [stage.label for one in prepared for stage in one.stages]
    texts += [doubt.text for one in prepared for doubt in one.doubts]
    assert [marked(text) for text in texts] == [""] * len(texts)
