"""What the tests of pictures share: the program that makes them, and what is known of data."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for photos

import numpy as np
import photos
import pytest

from zerokara.data.description import DataDescription

TEN = tuple("0123456789")


@pytest.fixture(scope="session")
def mnist() -> DataDescription:
    return DataDescription(TEN, (28, 28), 255.0, 0.0)


@pytest.fixture(scope="session")
def bundled() -> DataDescription:
    return DataDescription(TEN, (8, 8), 16.0, 0.0)


@pytest.fixture(scope="session")
def five() -> np.ndarray:
    """A 5 as a person draws it: (400, 400) uint8, black on white."""
    return photos.drawn(5, np.random.default_rng(3)).picture
