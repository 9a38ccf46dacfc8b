"""Test samples of a data set, as a page is shown them: by number, at random, or those that the network misreads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.errors import UsageError
from zerokara.lab.messages import Message
from zerokara.lab.questions import whole_number
from zerokara.lab.subject import Subject
from zerokara.metrics import Answers
from zerokara.runs.answering import answers_of
from zerokara.words import sentence

MOST = 24
"""Misread samples that are shown."""
LOOKED_AT = 1_000
"""Samples that say what values there are, where no stored value means 1.0."""


def sample_of(subject: Subject, message: Message) -> Message:
    """One test sample; see `zerokara.lab.drawing`."""
    number, test = sample_number(subject, message), subject.dataset.test
    label = int(test.t[number])
    fields = {
        "number": number,
        "last": len(test) - 1,
        "label": subject.described.class_names[label],
        "range": values_of(test),
    }
    return Message("sample", fields, {"pixels": pictures(subject, np.array([number]))[0]})


def sample_number(subject: Subject, message: Message) -> int:
    """The number of the test sample that a message asks for by `which`."""
    which, last = message.fields.get("which"), len(subject.dataset.test) - 1
    if which == "random":
        return int(np.random.default_rng().integers(last + 1))
    if which == "misread":
        after = whole_number("after", message.fields.get("after", -1), -1, last)
        return _misread_after(_answers(subject), after)
    return whole_number("number", which, 0, last)


def _misread_after(answers: Answers, after: int) -> int:
    wrong = np.flatnonzero(~answers.right)
    if not len(wrong):
        raise UsageError(sentence("The network reads every test sample rightly."))
    later = wrong[wrong > after]
    return int(later[0] if len(later) else wrong[0])


def misread(subject: Subject, message: Message) -> Message:
    """The test samples that the network misreads most confidently; see `zerokara.lab.drawing`."""
    answers, names = _answers(subject), subject.described.class_names
    shown = answers.confidently_wrong[:MOST]
    samples = [
        {
            "number": int(i),
            "label": names[answers.labels[i]],
            "answer": names[answers.answers[i]],
            "certainty": f"{answers.probabilities[i].max():.1%}",
        }
        for i in shown
    ]
    fields = {
        "iteration": subject.iteration,
        "wrong": int((~answers.right).sum()),
        "samples": samples,
        "range": values_of(subject.dataset.test),
    }
    return Message("misread", fields, {"pictures": pictures(subject, shown)})


def _answers(subject: Subject) -> Answers:
    """To all test samples, by the engine that trains."""
    return answers_of(subject.network.copy(), subject.dataset.test, subject.engine)


def pictures(subject: Subject, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, height, width) test samples, as the network gets them."""
    shape = subject.described.image_shape
    rows: NDArray[Any] = subject.dataset.test.rows(numbers)
    return rows.reshape(len(numbers), *shape)


def values_of(split: Split) -> tuple[float, float]:
    """What is black and what is white: 0 and 1, or what there is, where pixels are values."""
    some = split.pixels[:LOOKED_AT]
    some = some[np.isfinite(some)]
    if split.full is not None or not some.size or some.min() == some.max():
        return 0.0, 1.0
    return float(some.min()), float(some.max())
