"""Pictures of weights and samples, and that no message is larger than it may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.data import Dataset
from zerokara.data.dataset import Split
from zerokara.lab import material
from zerokara.lab.core import Lab
from zerokara.lab.messages import MOST_BYTES
from zerokara.lab.pictures import sample_pictures, weight_pictures
from zerokara.training.recipe import Recipe


def test_small_weights_are_shown_as_they_are() -> None:
    W1 = np.arange(6 * 120, dtype=np.float32).reshape(6, 120)
    pictures, step = weight_pictures(W1, (2, 3))
    assert (step, pictures.shape) == (1, (100, 2, 3))
    np.testing.assert_array_equal(pictures[7], W1[:, 7].reshape(2, 3))


@pytest.mark.parametrize(("shape", "units"), [((50, 70), 100), ((333, 97), 12), ((40_000,), 100), ((8, 8, 3), 5)])
def test_large_ones_are_means_of_blocks(shape: tuple[int, ...], units: int) -> None:
    W1 = np.random.default_rng(0).normal(size=(math.prod(shape), units)).astype(np.float32)
    pictures, step = weight_pictures(W1, shape)
    assert pictures.size <= 128_000
    plane = W1[:, 3].reshape(shape if len(shape) == 2 else (1, -1))
    corner = plane[-(plane.shape[0] % step or step) :, -(plane.shape[1] % step or step) :]
    np.testing.assert_allclose(pictures[3, -1, -1], corner.mean(), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(pictures[3, 0, 0], plane[:step, :step].mean(), rtol=1e-5, atol=1e-7)


def test_samples_are_shown_from_what_means_black_to_what_means_white() -> None:
    stored = Split(np.array([[0, 8, 16, 4], [16, 0, 0, 0]], np.uint8), np.array([0, 1]), 16)
    np.testing.assert_array_equal(sample_pictures(stored, [0], (2, 2)), [[[0, 128], [255, 64]]])
    values = Split(np.array([[-1.0, 0.0, 1.0, np.nan]]), np.array([0]), None)
    assert sample_pictures(values, [0], (4,)).dtype == np.uint8
    assert sample_pictures(stored, [], (2, 2)).shape == (0, 2, 2)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [3, 101])
def test_no_message_is_larger_than_a_megabyte(
    tmp_path: Path, watch: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, classes: int
) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (150, 96 * 96), dtype=np.uint8)
    split = Split(pixels, np.arange(150) % classes, 255)
    names = tuple("クラス" * 300 + str(i) for i in range(classes))
    large = Dataset("large", split, split, names, (96, 96), "0" * 16, "")
    monkeypatch.setattr(material, "load_at_hand", lambda name, data_dir: large)
    lab = Lab(Recipe(dataset="large", hidden=120, iterations=30, batch_size=5), out=tmp_path, plots=False)
    view = watch(lab)
    view.done("pace", mode="full")
    view.done("go")
    view.at("finished", 30)
    view.until(lambda facts: facts.get("judged") == 30)
    assert max(view.sizes) <= MOST_BYTES
    assert view.arrays["misread"].shape[0] == 24 or classes == 3
    assert ("confusion" in view.arrays) == (classes == 3)
    lab.close()
