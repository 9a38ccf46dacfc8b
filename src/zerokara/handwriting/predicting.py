"""A prepared picture and a network → its answer, and why to doubt it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.pictures import visible
from zerokara.errors import DataError, UsageError, ZerokaraError
from zerokara.handwriting.prediction import Prediction
from zerokara.handwriting.prepared import Doubt, Prepared
from zerokara.words import sentence

CERTAIN = 0.7
"""What is less certain is doubted: of MNIST's test digits 3 %, and 42 % of those are wrong (784-50-10, 0.97)."""

PHOTOS = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp")
SUFFIXES = (*PHOTOS, ".png", ".bmp", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".tif", ".tiff")
"""Of the files that are taken for pictures where a folder is given; a file that is named may be called anything."""

DIGITS = tuple("0123456789")


def predicted(
    prepared: Prepared,
    probabilities_of: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    class_names: Sequence[str],
    file: str = "",
) -> Prediction:
    """What a network answers: of several ways to read the picture, what it is surest of.

    Args:
        prepared: the picture, in each of these ways.
        probabilities_of: the network: x (ways, features) → (ways, classes).
        class_names: what the classes are called.
        file: where the picture came from.

    Raises ZerokaraError where the network gives no finite number in any way.
    """
    probabilities = probabilities_of(prepared.inputs)
    finite = np.isfinite(probabilities).all(axis=1)
    if not finite.any():
        raise ZerokaraError(
            sentence("What the network computes is not finite, so it has no answer. Was its training lost?"), "diverged"
        )
    certainty = np.where(finite, np.nan_to_num(probabilities).max(axis=1), -1.0)
    answers = probabilities.argmax(axis=1)
    way = int(certainty.argmax())
    other = next((int(answer) for answer in answers[finite] if answer != answers[way]), None)
    doubts = (*prepared.doubts, *_doubts(probabilities[way], class_names, other, prepared.doubts))
    return Prediction(file, int(answers[way]), tuple(class_names), probabilities[way], doubts, prepared, way)


def _doubts(
    probabilities: NDArray[np.float64], names: Sequence[str], other: int | None, before: Sequence[Doubt]
) -> Iterator[Doubt]:
    """Those of the answer; none where there was no ink, which says enough."""
    if any(doubt.code == "no-ink" for doubt in before):
        return
    first = int(probabilities.argmax())
    if other is not None and not any(doubt.code == "paper" for doubt in before):
        text = sentence(
            "The light on the paper can be read in two ways: the other one gives {answer}.", answer=names[other]
        )
        yield Doubt("paper", text)
    if probabilities[first] < CERTAIN:
        second = int(np.argsort(-probabilities, kind="stable")[1]) if len(names) > 1 else first
        text = sentence(
            "The network is not sure: next to {first} comes {second} with {share:.1%}.",
            first=names[first],
            second=names[second],
            share=float(probabilities[second]),
        )
        yield Doubt("uncertain", text)


def what_it_knows(class_names: Sequence[str]) -> str:
    """That a network has an answer to everything; for people, once."""
    if tuple(class_names) == DIGITS:
        return sentence("The network knows only digits: it takes a letter or a scribble for one, too.")
    return sentence("The network knows only its own classes: it takes any other picture for one of them, too.")


def each_of(picture: Any) -> list[Any] | None:
    """The single pictures of a list, a tuple or a folder; None for what is one picture.

    Raises:
        DataError: the folder has no pictures.
        OSError: it cannot be read.
    """
    if isinstance(picture, list | tuple):
        numbers = picture and isinstance(picture[0], list | tuple | int | float | np.number)
        return None if numbers else list(picture)
    if isinstance(picture, str | os.PathLike) and os.path.isdir(picture):
        return pictures_in(Path(picture))
    return None


def pictures_in(folder: Path) -> list[Path]:
    """The files of a folder that are called as pictures are, by name. Raises DataError where there is none."""
    found = [path for path in visible(folder) if path.suffix.lower() in SUFFIXES and path.is_file()]
    if not found:
        text = sentence(
            "There is no picture in the folder {folder}. Expected files that end in one of {suffixes}.",
            folder=folder,
            suffixes=", ".join(SUFFIXES),
        )
        raise DataError(text, "data-missing")
    return found


def file_of(picture: Any) -> str:
    """The path of a picture that is one; "" for a picture in memory. Raises UsageError for a path in bytes."""
    if isinstance(picture, bytes):
        text = sentence("A picture is a path, a Pillow image, or an array of its pixels. Got {got}.", got="bytes")
        raise UsageError(text, "wrong-value")
    return os.fspath(picture) if isinstance(picture, str | os.PathLike) else ""
