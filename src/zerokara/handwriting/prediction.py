"""What a network answers to a picture, for programs, terminals and notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.cells import printable
from zerokara.handwriting.bars import bar_lines, beside, page_of, picture_lines
from zerokara.handwriting.prepared import Doubt, Prepared, Stage
from zerokara.words import in_english, sentence

NO_INK = "no-ink"


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What a network answers to a picture.

    Attributes:
        file: where the picture came from; "" for one that was given in memory.
        answer: the index of the likeliest class, of the surest of the ways to read the picture.
        class_names: what the classes are called.
        probabilities: (classes,) float64 of that way.
        doubts: all of them, those of the answer included; none where there is nothing to doubt.
        prepared: what the network may have seen, and how it came to be.
        way: which row of `prepared.inputs` it did see.
    """

    file: str
    answer: int
    class_names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    doubts: tuple[Doubt, ...]
    prepared: Prepared
    way: int = 0

    @property
    def class_name(self) -> str:
        """What the answer is called."""
        return self.class_names[self.answer]

    @property
    def certainty(self) -> float:
        """The probability of the answer."""
        return float(self.probabilities[self.answer])

    @property
    def seen(self) -> NDArray[np.float32]:
        """The picture that the network saw, in the shape that it has: (28, 28) for digits of MNIST's kind."""
        picture: NDArray[np.float32] = self.prepared.inputs[self.way].reshape(self.prepared.image_shape)
        return picture

    @property
    def steps(self) -> tuple[Stage, ...]:
        """From the picture to what the network saw, also where that is not the likeliest way to read it."""
        if self.way == 0:
            return self.prepared.stages
        pixels = np.rint(np.clip(self.seen, 0, 1) * 255).astype(np.uint8)
        return (*self.prepared.stages, Stage(sentence("Input, by the other way to read the paper"), pixels))

    @property
    def is_empty(self) -> bool:
        """Whether there was no ink, so that the answer is about nothing: people are not shown it."""
        return any(doubt.code == NO_INK for doubt in self.doubts)

    @property
    def heading(self) -> str:
        """The answer in a line, with its probability; where there is no ink, that."""
        if self.is_empty:
            empty = next(doubt.text for doubt in self.doubts if doubt.code == NO_INK)
            return f"{printable(self.file)}: {empty}" if self.file else empty
        facts = {"answer": printable(self.class_name), "share": self.certainty}
        if not self.file:
            # Translators: what a network takes a picture for, and its probability.
            return sentence("{answer}, {share:.1%}", **facts)
        # Translators: of a picture's file: what a network takes it for, and the probability.
        return sentence("{file}: {answer}, {share:.1%}", file=printable(self.file), **facts)

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints of a picture."""
        return {
            "file": self.file,
            "answer": self.answer,
            "class_name": self.class_name,
            "probabilities": self.probabilities.tolist(),
            "doubts": [{"code": doubt.code, "text": doubt.text} for doubt in self.doubts],
        }

    def __repr__(self) -> str:
        picture = printable(self.file) or in_english("a picture")
        doubts = ", ".join(doubt.code for doubt in self.doubts)
        told = doubts and in_english(", doubts: {doubts}", doubts=doubts)
        return f"<Prediction {picture}: {printable(self.class_name)}, {self.certainty:.1%}{told}>"

    def __str__(self) -> str:
        return self.in_text()

    def in_text(self, *, blocks: bool = True) -> str:
        """All of it in lines of at most 80 cells; `blocks`: whether there are block characters to draw with."""
        if self.is_empty:
            return self.heading
        picture = "\n".join(picture_lines(self.seen, blocks=blocks))
        bars = "\n".join(bar_lines(self.class_names, self.probabilities, blocks=blocks))
        return "\n".join([self.heading, *self._reasons_in_words(), "", beside(picture, bars)]).rstrip()

    @property
    def reasons(self) -> list[Doubt]:
        """The doubts, but for one that is the heading."""
        return [doubt for doubt in self.doubts if doubt.code != NO_INK]

    def _reasons_in_words(self) -> list[str]:
        return [doubt.text for doubt in self.reasons]

    def _repr_html_(self) -> str:
        if self.is_empty:
            return f"<strong>{escape(self.heading)}</strong>"
        return page_of(self.heading, self._reasons_in_words(), self.seen, self.class_names, self.probabilities)
