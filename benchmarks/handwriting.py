"""Are people's own digits read as well as the photo lets them be? Prints, and with --write keeps, a table of families.

python benchmarks/handwriting.py                 300 digits of each family, spread over MNIST's 10,000 for testing
python benchmarks/handwriting.py --each 40       fewer
python benchmarks/handwriting.py --sheet OUT.png a picture of the errors, for looking at
python benchmarks/handwriting.py --write         into benchmarks/HANDWRITING.md

A photo's twin is the same warped digit in MNIST's box without the photo: what the network could read at best. All
pictures are made by tests/handwriting/photos.py; no real photo is among them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "handwriting"))

import photos  # type: ignore[import-not-found]

from zerokara.data import Dataset, load
from zerokara.data.description import DataDescription
from zerokara.handwriting.preparing import prepare_picture
from zerokara.nn.network import Network
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

HEADING = "# Reading one's own digit"
SEED = 15

AGAINST_TWIN = {
    # family: points that may be lost, at most and at best
    **dict.fromkeys(photos.FAMILIES, (1.5, 0.5)),
    **dict.fromkeys(("vignette and cast edge", "blue ink", "all at once"), (3.0, 1.0)),
    **dict.fromkeys(("finger", "table edge and finger"), (4.0, 1.5)),
    "×10, bicubic, moved, either polarity": (0.5, 0.2),
}
SHARES = {
    # what: the least share, and the share that is aimed at
    "MNIST given back within one grey level": (0.999, 1.0),
    "MNIST ×10, nearest, given back": (0.99, 1.0),
    "pen strokes of 6 to 32 px": (0.70, 0.74),
    "scikit-learn's digits": (0.78, 0.82),
    "doubts about empty paper": (0.85, 0.97),
    "doubts about two digits": (0.90, 0.97),
    "doubts about a cut digit": (0.75, 0.90),
    "doubts about faint ink": (0.65, 0.90),
}


DOUBTS: dict[str, tuple[set[str], Callable[..., Any]]] = {
    # what: the reasons that are right, and how to make a picture of two digits with a generator
    "doubts about empty paper": (
        {"no-ink", "faint", "cut", "two-digits"},
        lambda digits, generator: photos.empty(generator),
    ),
    "doubts about two digits": ({"two-digits"}, lambda digits, generator: photos.two(*digits, generator)),
    "doubts about a cut digit": ({"cut", "no-ink"}, lambda digits, generator: photos.cut(digits[0], generator)),
    "doubts about faint ink": ({"faint", "no-ink"}, lambda digits, generator: photos.faint(digits[0], generator)),
}


@dataclass
class Reader:
    """A trained network with the data it was trained on."""

    network: Network
    dataset: Dataset

    @property
    def described(self) -> DataDescription:
        """What is known of the data."""
        return DataDescription.of(self.dataset)

    def answer(self, rows: NDArray[np.float32]) -> int:
        """The likeliest class of the surest row."""
        probabilities = self.network.probabilities(rows)
        return int(probabilities[probabilities.max(axis=1).argmax()].argmax())

    @classmethod
    def of(cls, dataset: str) -> Reader:
        """A network as `zerokara train` makes it: 784-50-10 for MNIST."""
        trainer = build_trainer(Recipe(dataset=dataset), load(dataset))
        trainer.run()
        return cls(trainer.network, trainer.dataset)


@dataclass
class Row:
    """A line of the table: how often the twin and the picture were read rightly, of how many, and the doubts."""

    name: str
    n: int
    right: float
    twin: float | None = None
    doubted: float | None = None
    errors: list[NDArray[np.uint8]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Against must and aim."""
        if self.twin is not None:
            must, aim = AGAINST_TWIN[self.name]
            lost = 100 * (self.twin - self.right)
            return "aim" if lost <= aim + 1e-9 else "must" if lost <= must + 1e-9 else "**missed**"
        least, aimed = SHARES[self.name]
        return "aim" if self.right >= aimed else "must" if self.right >= least else "**missed**"

    def __str__(self) -> str:
        twin, difference, limits = "", "", ""
        if self.twin is not None:
            twin, difference = f"{self.twin:.3f}", f"{100 * (self.right - self.twin):+.1f}"
            limits = "−{:g} / −{:g}".format(*AGAINST_TWIN[self.name])
        else:
            limits = "{:g} / {:g}".format(*SHARES[self.name])
        doubted = "" if self.doubted is None else f"{self.doubted:.3f}"
        cells = (self.name, f"{self.n:,}", twin, f"{self.right:.3f}", difference, limits, self.verdict, doubted)
        return f"| {' | '.join(cells)} |"


def compared(name: str, make: Callable[..., Any], reader: Reader, rows: NDArray[np.int64]) -> Row:
    """Pictures of a family against their twins."""
    split = reader.dataset.test
    described = reader.described
    right = twin = doubted = 0
    errors = []
    for index in rows:
        photo = make(split.pixels[index].reshape(28, 28), generator=np.random.default_rng([SEED, int(index)]))
        prepared = prepare_picture(photo.picture, described)
        answer, best = reader.answer(prepared.inputs), reader.answer(photo.twin.reshape(1, -1))
        right += answer == split.t[index]
        twin += best == split.t[index]
        doubted += bool(prepared.doubts)
        if best == split.t[index] != answer:
            errors.append(beside(photo, prepared.inputs))
    n = len(rows)
    return Row(name, n, right / n, twin / n, doubted / n, errors)


def beside(photo: Any, inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The photo, its twin and what the network saw."""
    tile = Image.new("L", (320, 150), 128)
    tile.paste(Image.fromarray(photo.picture).convert("L").resize((200, 150)), (0, 0))
    for number, pixels in enumerate((photo.twin, *inputs)):
        small = Image.fromarray((np.reshape(pixels, (28, 28)) * 255).astype(np.uint8)).resize((56, 56))
        tile.paste(small, (202 + 58 * (number % 2), 58 * (number // 2)))
    return np.asarray(tile)


def given_back(reader: Reader, rows: NDArray[np.int64], times: int) -> float:
    """The share of MNIST's own digits that come back within one grey level."""
    back = 0
    for index in rows:
        digit = reader.dataset.test.pixels[index].reshape(28, 28)
        prepared = prepare_picture(np.kron(digit, np.ones((times, times), np.uint8)), reader.described)
        back += float(np.abs(prepared.inputs[0] * 255 - digit.ravel()).max()) <= 1.01
    return back / len(rows)


def strokes(reader: Reader, rows: NDArray[np.int64]) -> float:
    """The share of digits drawn with a pen that are read."""
    right = 0
    for index in rows:
        label = int(index) % 10
        drawn = photos.drawn(label, np.random.default_rng([SEED, int(index)]))
        right += reader.answer(prepare_picture(drawn.picture, reader.described).inputs) == label
    return right / len(rows)


def scikit_learns(reader: Reader, n: int) -> float:
    """The share of the bundled digits, which others wrote, that a network trained on MNIST reads."""
    split = load("digits").train
    rows = np.linspace(0, len(split) - 1, n).astype(int)
    pictures = (split.pixels[index].reshape(8, 8) for index in rows)
    answers = [reader.answer(prepare_picture(picture, reader.described).inputs) for picture in pictures]
    return float(np.mean(answers == split.t[rows]))


def doubted(reader: Reader, rows: NDArray[np.int64], codes: set[str], make: Callable[..., Any]) -> float:
    """The share of pictures that are doubted for such a reason."""
    pixels = reader.dataset.test.pixels
    found = 0
    for index in rows:
        generator = np.random.default_rng([SEED, int(index)])
        digits = [pixels[one].reshape(28, 28) for one in (index, (7 * index + 13) % len(pixels))]
        picture = make(digits, generator).picture
        found += bool(codes & {doubt.code for doubt in prepare_picture(picture, reader.described).doubts})
    return found / len(rows)


@cache
def reader_of_digits() -> Reader:
    """A network as `zerokara train mnist` makes it, 784-50-10; processes that are forked later have it."""
    return Reader.of("mnist")


def measured(name: str, each: int) -> Row:
    """A line of the table."""
    reader, rows = reader_of_digits(), spread(each)
    if name == "MNIST given back within one grey level":
        return Row(name, 10_000, given_back(reader, np.arange(10_000), 1))
    if name == "MNIST ×10, nearest, given back":
        return Row(name, 3 * each, given_back(reader, spread(3 * each), 10))
    if name == "pen strokes of 6 to 32 px":
        return Row(name, each, strokes(reader, rows))
    if name == "scikit-learn's digits":
        return Row(name, 2 * each, scikit_learns(reader, 2 * each))
    if name in DOUBTS:
        return Row(name, each, doubted(reader, rows, *DOUBTS[name]))
    if name in photos.FAMILIES:
        return compared(name, partial(photos.photo_of, shot=photos.FAMILIES[name]), reader, rows)
    return compared(name, photos.moved, reader, rows)


def spread(each: int) -> NDArray[np.int64]:
    """So many of the 10,000 digits, from the first to the last."""
    return np.linspace(0, 9999, each).astype(np.int64)


def large_jpeg(reader: Reader) -> str:
    """How long a photo of 12 megapixels takes."""
    photo = photos.photo_of(
        reader.dataset.test.pixels[0].reshape(28, 28), photos.FAMILIES["ruled"], np.random.default_rng(SEED)
    )
    walls, works = [], []
    with TemporaryDirectory() as folder:
        path = Path(folder, "large.jpg")
        Image.fromarray(photo.picture).resize((4032, 3024)).save(path, quality=90)
        for _ in range(9):
            wall, work = perf_counter(), process_time()
            prepare_picture(path, reader.described)
            walls.append(perf_counter() - wall)
            works.append(process_time() - work)
    return (
        f"A JPEG of 12 megapixels is prepared in {min(walls):.2f} s at best, {median(walls):.2f} s in the median of 9 "
        f"({median(works):.2f} s of CPU; must 0.5 s, aim 0.25 s)."
    )


def main() -> None:
    """Measure, print, and keep what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    reader = reader_of_digits()
    test = reader.dataset.test
    lines = [
        "| family | digits | twin | read | difference | must / aim | reached | doubted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print(*lines, sep="\n", flush=True)
    errors: list[NDArray[np.uint8]] = []
    with ProcessPoolExecutor(options.jobs, get_context("fork")) as pool:
        for row in pool.map(measured, (*SHARES, *AGAINST_TWIN), repeat(options.each)):
            print(row, flush=True)
            lines.append(str(row))
            errors += row.errors
    accuracy = reader.network.accuracy(test.x, test.t)
    lines += ["", f"The network, 784-50-10, reads MNIST's test digits at {accuracy:.4f}. {large_jpeg(reader)}"]
    print(*lines[-2:], sep="\n")
    if options.sheet:
        errors += [np.zeros((150, 320), np.uint8)] * (-len(errors) % 4 or 4 * (not errors))
        sheet = [np.concatenate(errors[start : start + 4], axis=1) for start in range(0, len(errors), 4)]
        Image.fromarray(np.concatenate(sheet)).save(options.sheet)
    if options.write:
        write("\n".join(lines), options.each)


def write(table: str, each: int) -> None:
    """Make HANDWRITING.md anew: compare.py makes all of RESULTS.md."""
    how = (
        f"`python benchmarks/handwriting.py --each {each} --write`. No real photo could be tried: a program made all "
        "pictures from MNIST's test digits (`tests/handwriting/photos.py`). A twin is the same warped digit in MNIST's "
        f"box without the photo. One digit of {each} is {100 / each:.1f} points."
    )
    Path(__file__).with_name("HANDWRITING.md").write_text(f"{HEADING}\n\n{how}\n\n{table}\n")


if __name__ == "__main__":
    main()
