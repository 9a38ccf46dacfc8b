"""How well a network answers to labelled samples, class by class: what `Run.evaluate` returns and a notebook shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.metrics import Answers, Interval
from zerokara.training.history import undecided_in_words
from zerokara.words import in_english, plural, sentence, translatable

SHOWN = 20
"""Classes of which a notebook shows the confusion matrix."""

ACCURACY = translatable("accuracy {accuracy:.4f}, 95 % interval [{low:.4f}, {high:.4f}]")
OTHER_DATA = translatable(
    "The network was trained on {trained}, and {dataset} are other data. Accuracy compares the numbers of the classes."
)
OTHER_CLASSES = translatable("Class {number} is {answer} in {trained}, and {label} in {dataset}.")
CLASS_HEADS = (
    # Translators: head of a column: the number of a class; so the next ones are heads of columns
    translatable("no."),
    translatable("class"),
    translatable("images"),
    # Translators: of the images that got this answer, the share that are of this class
    translatable("precision"),
    # Translators: of the images of this class, the share that got this answer
    translatable("recall"),
)
CONFUSION = translatable("Confusion matrix: images of each class (rows) by their answers (columns).")


class Row(NamedTuple):
    """How a class fared: precision and recall are NaN where there is nothing to divide by."""

    number: int
    name: str
    images: int
    precision: float
    recall: float

    def cells(self) -> list[str]:
        """What a table has of it."""
        figures = ("-" if math.isnan(figure) else f"{figure:.4f}" for figure in (self.precision, self.recall))
        return [str(self.number), self.name, f"{self.images:,}", *figures]


@dataclass(frozen=True, eq=False, repr=False)
class ClassificationReport:
    """What a network answers to the test part of a data set.

    Attributes:
        run: the name of the run.
        dataset: the name of the data set; `checksum`: of its contents.
        trained: the name of the one that the network was trained on.
        own: whether the two are the same data.
        class_names: what each label stands for in the data set.
        answer_names: what each answer of the network stands for.
        answers: to every image, with their labels; its metrics.
    """

    run: str
    dataset: str
    checksum: str
    trained: str
    own: bool
    class_names: tuple[str, ...]
    answer_names: tuple[str, ...]
    answers: Answers

    @property
    def accuracy(self) -> Interval:
        """The share of right answers, with its 95 % interval."""
        return self.answers.accuracy

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes) how many images of each class (rows) got each answer (columns)."""
        return self.answers.confusion

    @property
    def undecided(self) -> int:
        """Images without an answer: no finite score. They count as wrong, and are in no column of `confusion`."""
        return int((self.answers.answers < 0).sum())

    @property
    def has_plain_names(self) -> bool:
        """Whether classes are called by their numbers, as digits are."""
        return self.class_names == tuple(map(str, range(len(self.class_names))))

    @property
    def rows(self) -> list[Row]:
        """One for each class."""
        counts = np.bincount(self.answers.labels, minlength=len(self.class_names)).tolist()
        precision, recall = self.answers.precision.tolist(), self.answers.recall.tolist()
        numbers = range(len(self.class_names))
        return [Row(*row) for row in zip(numbers, self.class_names, counts, precision, recall, strict=True)]

    @property
    def mix_ups(self) -> list[tuple[int, int, int]]:
        """(class, answer, images) of each wrong answer to a class, the most frequent first."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong.ravel(), kind="stable")[: np.count_nonzero(wrong)]
        return [(int(k) // len(wrong), int(k) % len(wrong), int(wrong.flat[k])) for k in order]

    def heading(self) -> str:
        """What was asked about what."""
        return plural(
            "{run} on the test part of {dataset}, {n:,} image",
            "{run} on the test part of {dataset}, {n:,} images",
            n=len(self.answers),
            run=self.run,
            dataset=self.dataset,
        )

    def accuracy_in_words(self) -> str:
        """The accuracy and its interval."""
        value, low, high = self.accuracy
        return sentence(ACCURACY, accuracy=value, low=low, high=high)

    def remarks(self) -> Iterator[str]:
        """Whole sentences on what the figures do not say."""
        if not self.own:
            yield sentence(OTHER_DATA, trained=self.trained, dataset=self.dataset)
            yield from self._first_other_class()
        if self.undecided:
            yield undecided_in_words({"test": (self.undecided, len(self.answers))})

    def _first_other_class(self) -> Iterator[str]:
        for number, (answer, label) in enumerate(zip(self.answer_names, self.class_names, strict=True)):
            if answer != label:
                facts = {"number": number, "answer": answer, "label": label}
                yield sentence(OTHER_CLASSES, trained=self.trained, dataset=self.dataset, **facts)
                return

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints: every figure; those that are not known as None."""
        names = ("number", "name", "images", "precision", "recall")
        return {
            "run": self.run,
            "dataset": self.dataset,
            "checksum": self.checksum,
            "trained_on": self.trained,
            "own_data": self.own,
            "images": len(self.answers),
            "right": int(self.answers.right.sum()),
            "undecided": self.undecided,
            "accuracy": self.accuracy._asdict(),
            "classes": [dict(zip(names, map(_known, row), strict=True)) for row in self.rows],
            "confusion": self.confusion.tolist(),
        }

    def __repr__(self) -> str:
        return in_english(
            "<ClassificationReport: accuracy {accuracy:.4f} on {n:,} test images of {name}>",
            accuracy=self.accuracy.value,
            n=len(self.answers),
            name=self.dataset,
        )

    def _repr_html_(self) -> str:
        """Accuracy, classes and, where there are few, the confusion matrix."""
        told = [self.heading(), self.accuracy_in_words(), *self.remarks()]
        classes = _table([sentence(head) for head in CLASS_HEADS], [row.cells() for row in self.rows])
        return "".join(f"<p>{escape(text)}</p>" for text in told) + classes + self._confusion_html()

    def _confusion_html(self) -> str:
        if len(self.class_names) > SHOWN:
            return ""
        rows = [[name, *map(str, row)] for name, row in zip(self.class_names, self.confusion.tolist(), strict=True)]
        return f"<p>{escape(sentence(CONFUSION))}</p>{_table(['', *self.answer_names], rows)}"


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _table(head: list[str], rows: list[list[str]]) -> str:
    return f"<table>{_row('th', head)}{''.join(_row('td', row) for row in rows)}</table>"


def _row(kind: str, cells: list[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"
