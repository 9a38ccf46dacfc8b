"""The handwritten digits that come with scikit-learn: 1,797 pictures of 8×8, always at hand.

They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998,
https://archive.ics.uci.edu/dataset/80), CC BY 4.0. Importing scikit-learn takes more than a second, so its file is
found without importing it.
"""

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zerokara.data.checksum import content_checksum
from zerokara.data.dataset import Dataset, Split
from zerokara.errors import DataError
from zerokara.words import sentence, to_install

FULL = 16
SAMPLES, SIDE, CLASSES = 1797, 8, 10
SPLIT_SEED = 0
TEST_SHARE = 0.2


def load_digits() -> Dataset:
    """The bundled digits: 1,438 for training and 359 for testing, pixels 0 to 16.

    Raises:
        DataError: scikit-learn's file is missing or damaged.
    """
    path = digits_file()
    pixels, t = _read(path)
    testing = _test_rows(t)
    train, test = (Split(np.ascontiguousarray(pixels[rows]), t[rows], FULL) for rows in (~testing, testing))
    return Dataset(
        name="digits",
        train=train,
        test=test,
        class_names=tuple("0123456789"),
        image_shape=(SIDE, SIDE),
        checksum=content_checksum(train, test, (SIDE, SIDE)),
        source=str(path),
    )


def digits_file() -> Path:
    """Where scikit-learn keeps the digits.

    Raises:
        DataError: scikit-learn is not installed, or came without them.
    """
    package = find_spec("sklearn")
    folders = [] if package is None else list(package.submodule_search_locations or [])
    for folder in folders:
        path = Path(folder, "datasets", "data", "digits.csv.gz")
        if path.is_file():
            return path
    raise DataError(
        sentence(
            "The bundled digits come with scikit-learn, which is not installed whole. Try: {install}",
            install=to_install("scikit-learn"),
        ),
        "data-missing",
    )


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """All samples in the order of the file: (1797, 64) pixels and (1797,) labels."""
    table = _table(path)
    if table.shape != (SAMPLES, SIDE * SIDE + 1) or table[:, :-1].max() > FULL or table[:, -1].max() >= CLASSES:
        raise DataError(
            sentence(
                "{path} is damaged (its numbers are not those of the digits). Reinstall it: {install}",
                path=path,
                install=_reinstall(),
            ),
            "data-damaged",
        )
    return np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])


def _table(path: Path) -> NDArray[np.uint8]:
    try:
        lines = gzip.decompress(path.read_bytes()).split()
        return np.array([np.fromstring(line, dtype=np.uint8, sep=",") for line in lines])
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(
            sentence(
                "{path} is damaged ({reason}). Reinstall it: {install}",
                path=path,
                reason=error,
                install=_reinstall(),
            ),
            "data-damaged",
        ) from error


def _reinstall() -> str:
    return to_install("--force-reinstall", "scikit-learn")


def _test_rows(t: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) which samples are for testing: the same fifth of every class each time."""
    generator = np.random.Generator(np.random.PCG64(SPLIT_SEED))
    testing = np.zeros(len(t), dtype=bool)
    for label in range(CLASSES):
        members = np.flatnonzero(t == label)
        order = np.argsort(generator.random(len(members)), kind="stable")
        testing[members[order[: round(len(members) * TEST_SHARE)]]] = True
    return testing
