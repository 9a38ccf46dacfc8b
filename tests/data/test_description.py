"""What a run knows of its data without their files."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from zerokara.data import load
from zerokara.data.dataset import Dataset, Split
from zerokara.data.description import DataDescription, description_by_name


def test_bundled_digits_are_described_as_their_entry_is() -> None:
    described = DataDescription.of(load("digits"))
    assert described == DataDescription(tuple("0123456789"), (8, 8), 16.0, 0.0)
    assert description_by_name("digits", (64, 5, 10)) == described
    assert described.fits([64, 50, 10])
    assert not described.fits([64, 50, 9])
    assert DataDescription.from_json(json.loads(json.dumps(asdict(described)))) == described


def test_dark_ink_on_paper_has_a_light_background() -> None:
    pixels = np.full((3, 12), 240, np.uint8)
    pixels[:, 5] = 10
    part = Split(pixels, np.array([0, 1, 1]), full=255)
    data = Dataset("mine", part, part, ("a\nb", "\udcff"), (3, 4), "0", "here")
    described = DataDescription.of(data)
    assert described.background == pytest.approx(240 / 255)
    assert described.class_names == ("a\ufffdb", "\ufffd")
    assert DataDescription.of(replace(data, image_shape=(12,))).background is None


def test_of_unknown_data_only_the_numbers_are_known() -> None:
    assert description_by_name("/gone", (12, 3)) == DataDescription(("0", "1", "2"), (12,), None, None)
