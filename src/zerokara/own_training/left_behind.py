"""What a learner's script left behind of its training: losses, accuracies, data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_training.program import Program
from zerokara.own_training.records import MEASURED
from zerokara.own_training.roles import is_loss
from zerokara.own_training.steps import Watched

Array = NDArray[Any]


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes:
        losses: (updates,) of the batches.
        accuracies: between 0 and 1, in their order; empty where there are none.
        classes: how many there are.
    """

    losses: Array
    accuracies: Array
    classes: int

    @property
    def updates(self) -> int:
        return len(self.losses)

    @property
    def guessing(self) -> float:
        """The cross entropy of guessing."""
        return float(np.log(self.classes))

    @property
    def start(self) -> float:
        """The first losses, averaged."""
        return float(np.mean(self.losses[: max(1, min(5, self.updates // 10))]))

    @property
    def end(self) -> float:
        """The last tenth of the losses, averaged; not finite where one of them is not."""
        return float(np.mean(self.losses[-max(1, self.updates // 10) :]))

    @property
    def is_still(self) -> bool:
        """Whether the loss has neither fallen nor moved: the steps are too small to matter."""
        steady = np.isfinite(self.losses).all() and self.end > 0.97 * self.start
        return bool(steady and np.abs(self.losses - self.start).max() < 0.1 * self.start)

    @property
    def is_falling(self) -> bool:
        """Whether the loss went down quietly until the end: it was stopped early, and nothing is wrong with that."""
        last = self.losses[-max(5, self.updates // 10) :]
        half = self.losses[self.updates // 3 : self.updates // 2 + 1]
        return bool(np.isfinite(self.end) and last.std() < 0.08 * last.mean() and self.end < 0.97 * half.mean())

    @property
    def is_bad(self) -> bool:
        """The gate of the doctor's rules: not finite, or a loss, or an accuracy, that a healthy training leaves."""
        if not np.isfinite(self.end):
            return True
        return self.end > 0.27 * self.guessing and (not len(self.accuracies) or self.accuracies[-1] < 0.88)


def course_of(program: Program, seen: Watched) -> Course | None:
    """How it went, as far as lists of losses say; None where there are none."""
    found = list(series(program.names))
    losses = [values for name, values in found if is_loss(name.lower()) and len(values) >= 10]
    accuracies = [values for name, values in found if MEASURED.search(name) and _between_0_and_1(values)]
    classes = classes_of(seen)
    if not losses or classes is None:
        return None
    return Course(max(losses, key=len), accuracies[-1] if accuracies else np.zeros(0), classes)


def series(names: Mapping[str, Any]) -> Iterator[tuple[str, Array]]:
    """(name, values) of all lists of numbers, those in dicts too."""
    for name, value in names.items():
        if name.startswith("_"):
            continue
        own = type(value).__module__ == names.get("__name__", "__main__") and hasattr(value, "__dict__")
        parts = vars(value) if own else value if isinstance(value, dict) else {name: value}
        for key, part in parts.items():
            values = _numbers(part)
            if values is not None:
                yield str(key), values


def _numbers(value: Any) -> Array | None:
    if isinstance(value, list | tuple) and value and all(isinstance(one, int | float | np.number) for one in value):
        value = np.array(value)  # and no list else: one that holds itself has no end
    one_axis = isinstance(value, np.ndarray) and value.ndim == 1 and value.size > 0 and value.dtype.kind in "fiu"
    return value.astype(float) if one_axis else None


def _between_0_and_1(values: Array) -> bool:
    return bool(np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1)


def classes_of(seen: Watched) -> int | None:
    """How many classes the labels of a batch have; None where they are no labels."""
    if len(seen.first.batch) != 2:
        return None
    t = seen.first.batch[1]
    if t.ndim == 2 and t.shape[1] > 1:
        return int(t.shape[1])
    return int(t.max()) + 1 if t.size and t.dtype.kind in "iu" and t.max() >= 1 else None


TRAIN = re.compile(r"^(x|images?|data)_?(tr|train|training)$", re.IGNORECASE)
TEST = re.compile(r"^(x|images?|data)_?(te|test)$", re.IGNORECASE)
