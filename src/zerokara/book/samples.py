"""`zerokara book init`: the files that the textbook's scripts open by relative path, made here.

Weights trained on MNIST, and test pictures drawn by formulas; nothing is taken from the textbook.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import RunError, UsageError
from zerokara.files import replace_file
from zerokara.words import sentence

SIDE = 256
"""Pixels along each side of a picture."""


def init_folder(folder: Path) -> Iterator[str]:
    """Write the files that are not there yet; yields a sentence on each.

    Raises UsageError where there is a file in the folder's place, RunError where a file cannot be written, DataError
    where MNIST, which the weights are trained on, cannot be had.
    """
    if folder.exists() and not folder.is_dir():
        text = sentence("FOLDER must be a folder. {folder} is none; nothing was written.", folder=folder)
        raise UsageError(text, "wrong-value")
    for name, make in FILES.items():
        path = folder / name
        if path.exists():
            yield sentence("{path} is there already; it was kept.", path=path)
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, [make()])
        except OSError as error:
            text = sentence(
                "{path} could not be written: {reason}. Make room, or choose another FOLDER, then run this again.",
                path=path,
                reason=error.strerror or error,
            )
            raise RunError(text, "file-error") from error
        yield sentence("{path} written.", path=path)


@cache
def _weights() -> bytes:
    """The weights of chapter 3's network, 784-50-100-10 with sigmoid, as a pickled dict of float32 arrays."""
    return pickle.dumps(trained_weights())


def trained_weights(epochs: int = 5) -> dict[str, NDArray[np.float32]]:
    """W1 (784, 50), b1, W2 (50, 100), b2, W3 (100, 10), b3, after some epochs of Adam on MNIST; always the same."""
    from zerokara.data import load
    from zerokara.nn import Network
    from zerokara.training.optimizers import Adam

    train = load("mnist").train
    network = Network([784, 50, 100, 10], activation="sigmoid", init="xavier", dtype=np.float32)
    optimizer, rng = Adam(), np.random.default_rng(0)
    for _ in range(epochs):
        for batch in rng.permutation(len(train.t)).reshape(-1, 100):
            optimizer.update(network.params, network.gradient(train.x[batch], train.t[batch]))
    return {name: np.array(value) for name, value in network.params.items()}


def _color() -> bytes:
    return _png(drawing())


def _gray() -> bytes:
    return _png((drawing() @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return file.getvalue()


def drawing() -> NDArray[np.uint8]:
    """A test picture (SIDE, SIDE, 3): a sky, a sun, two hills, and stripes fine enough to show what a filter does."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    picture = np.stack([0.9 - 0.5 * y, 0.5 + 0.2 * y, 0.4 + 0.5 * y], axis=-1)
    picture[(x - 0.68) ** 2 + (y - 0.3) ** 2 < 0.018] = (1.0, 0.85, 0.3)
    picture[y > 0.62 + 0.1 * np.sin(5 * x)] = (0.25, 0.45, 0.3)
    picture[y > 0.75 + 0.08 * np.cos(7 * x + 1)] = (0.15, 0.3, 0.25)
    picture[(abs(x - 0.25) < 0.12) & (abs(y - 0.7) < 0.14) & (np.sin(90 * x) > 0)] = (0.95, 0.95, 0.9)
    return (255 * picture).round().astype(np.uint8)


FILES: dict[str, Callable[[], bytes]] = {
    "sample_weight.pkl": _weights,
    "ch03/sample_weight.pkl": _weights,
    "dataset/lena.png": _color,
    "dataset/lena_gray.png": _gray,
}
"""What is written, by its path in the folder. Scripts of chapter 3 lie beside their weights; the pictures' names are
those that scripts of chapters 1 and 7 open, whatever they show."""
