"""Data of known difficulty, and data with a known fault."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from zerokara.data.dataset import Dataset, Split

SIDE = 28


def hard(seed: int, overlap: float = 1.0, samples: int = 12_000) -> Dataset:
    """Pictures of about Fashion-MNIST's difficulty: dense, of ten classes in pairs that look alike.

    Each class has three smooth patterns; a picture is one of them, bent along twelve smooth directions that all classes
    share, with noise. The larger `overlap`, the harder.
    """
    rng = np.random.default_rng(seed)
    kinds = _smooth(rng, 5, 3.0)[:, None] + 0.55 * _smooth(rng, 10, 2.5).reshape(5, 2, -1)
    patterns = kinds.reshape(10, 1, -1) + 0.5 * _smooth(rng, 30, 2.5).reshape(10, 3, -1)
    bends = _smooth(rng, 12, 3.0)
    t = rng.integers(10, size=samples + 2_000)
    pictures = patterns[t, rng.integers(3, size=len(t))] + overlap * rng.normal(size=(len(t), 12)) @ bends
    pictures += 0.3 * rng.normal(size=pictures.shape)
    pixels = (np.clip(0.35 + 0.2 * pictures, 0, 1) * 255).astype(np.uint8)
    parts = (slice(2_000, None), slice(2_000))
    train, test = (Split(np.ascontiguousarray(pixels[part]), t[part], 255) for part in parts)
    return Dataset(
        name="made-up",
        train=train,
        test=test,
        class_names=tuple("abcdefghij"),
        image_shape=(SIDE, SIDE),
        checksum="0" * 16,
        source="made up",
    )


def _smooth(rng: np.random.Generator, count: int, width: float) -> np.ndarray:
    """(count, 784) noise without what is finer than `width` pixels, of standard deviation 1."""
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    kept = np.exp(-0.5 * (2 * np.pi * frequencies * width) ** 2)
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(count, SIDE, SIDE))) * kept).real
    flat = noise.reshape(count, -1)
    return (flat - flat.mean(axis=1, keepdims=True)) / flat.std(axis=1, keepdims=True)


Change = Callable[[Dataset, np.random.Generator], Dataset]


def with_train(dataset: Dataset, *, pixels: np.ndarray | None = None, t: np.ndarray | None = None) -> Dataset:
    """The same data with others in the training part."""
    train = dataset.train
    new = Split(train.pixels if pixels is None else pixels, train.t if t is None else t, train.full)
    return replace(dataset, train=new)


def rows(dataset: Dataset, chosen: np.ndarray) -> Dataset:
    """Only some training samples."""
    train = dataset.train
    return replace(dataset, train=Split(np.ascontiguousarray(train.pixels[chosen]), train.t[chosen], train.full))


def as_values(dataset: Dataset) -> Dataset:
    """The same pixels, each taken for its value: 0 to 255 instead of 0 to 1."""
    return replace(dataset, **{name: Split(s.pixels.astype(np.float32), s.t, None) for name, s in _parts(dataset)})


def as_floats(dataset: Dataset) -> Dataset:
    """The same values as floating-point numbers, which may also be NaN."""
    return replace(dataset, **{name: Split(s.x.copy(), s.t, None) for name, s in _parts(dataset)})


def _parts(dataset: Dataset) -> list[tuple[str, Split]]:
    return [("train", dataset.train), ("test", dataset.test)]


def shuffled(share: float, also_test: bool = False) -> Change:
    """A share of labels is drawn anew."""

    def change(dataset: Dataset, rng: np.random.Generator) -> Dataset:
        classes = len(dataset.class_names)
        parts = {}
        for name, split in _parts(dataset):
            t, wrong = split.t.copy(), rng.random(len(split)) < share
            t[wrong] = rng.integers(classes, size=wrong.sum())
            parts[name] = Split(split.pixels, t, split.full) if name == "train" or also_test else split
        return replace(dataset, **parts)

    return change


def off_by_one(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """Each training label is that of the next class."""
    return with_train(dataset, t=(dataset.train.t + 1) % len(dataset.class_names))


def displaced(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """Each training label is that of the next picture, as after a lost row."""
    return with_train(dataset, t=np.roll(dataset.train.t, 1))


def with_nan(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """One value of three pictures is NaN."""
    dataset = as_floats(dataset)
    pixels = dataset.train.pixels.copy()
    pixels[rng.choice(len(pixels), 3, replace=False), 100 % pixels.shape[1]] = np.nan
    return with_train(dataset, pixels=pixels)


def mostly_one(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """99 of 100 training samples are of class 1."""
    t = dataset.train.t
    ones, others = np.flatnonzero(t == 1), np.flatnonzero(t != 1)
    return rows(dataset, np.concatenate([ones, rng.choice(others, max(9, len(ones) // 99), replace=False)]))


def one_label(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """All training labels are 3."""
    return with_train(dataset, t=np.full_like(dataset.train.t, 3))


def class_left_out(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """No training sample is of class 4."""
    return rows(dataset, np.flatnonzero(dataset.train.t != 4))


def few(samples: int) -> Change:
    """Only so many training samples."""
    return lambda dataset, rng: rows(dataset, rng.choice(len(dataset.train), samples, replace=False))


def leaked(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """A third of the test part stands in the training part too."""
    train, test = dataset.train, dataset.test
    count = min(len(test) // 3, len(train))
    pixels, t = train.pixels.copy(), train.t.copy()
    pixels[:count], t[:count] = test.pixels[:count], test.t[:count]
    return with_train(dataset, pixels=pixels, t=t)
