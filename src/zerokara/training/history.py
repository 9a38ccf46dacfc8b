"""What a run measured: the loss of every update, and accuracies now and then."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError
from zerokara.words import plural, sentence, to_install

if TYPE_CHECKING:
    import pandas

SHOWN = 20
"""Lines of a table in a notebook."""

Undecided = dict[str, tuple[int, int]]
"""How many samples have no finite largest score, and of how many: {"test": (10_000, 10_000)}; empty if none."""


def undecided_in_words(undecided: Undecided) -> str:
    """Such as "10,000 of 10,000 test images have no finite score.", of the last of them; "" if there are none.

    A whole sentence in the language that is spoken, so for people only: files and comparisons take the numbers.
    """
    if not undecided:
        return ""
    name, (n, total) = list(undecided.items())[-1]
    if name == "test":
        return plural(
            "{n:,} of {total:,} test images has no finite score.",
            "{n:,} of {total:,} test images have no finite score.",
            n=n,
            total=total,
        )
    assert name == "training"
    return plural(
        "{n:,} of {total:,} training images has no finite score.",
        "{n:,} of {total:,} training images have no finite score.",
        n=n,
        total=total,
    )


@dataclass(frozen=True)
class Evaluation:
    """One look at the whole training and test data.

    Attributes:
        iteration: updates done before it.
        epoch: that many updates as epochs, such as 1.5.
        loss: mean of the mini-batch losses since the evaluation before; at iteration 0 the loss of the first batch.
            With a weight decay λ, the penalty ½ λ Σ W² is part of each of them: it is what is minimised.
        train_accuracy, test_accuracy: share of samples classified correctly, 0 to 1.
    """

    iteration: int
    epoch: float
    loss: float
    train_accuracy: float
    test_accuracy: float


@dataclass(frozen=True)
class Divergence:
    """Where training left the finite numbers.

    Attributes:
        iteration: updates done before the one that went wrong, all of them finite.
        loss: of the mini-batch of that update; finite if only the weights after it were not.
    """

    iteration: int
    loss: float

    @property
    def has_loss(self) -> bool:
        """Whether that loss itself was finite."""
        return bool(np.isfinite(self.loss))


@dataclass
class History:
    """The records of a run, in the order they were made.

    Attributes:
        chunks: (m,) float64 each: the losses of m mini-batches, each before its update, as the engine returned them,
            a penalty on the weights included.
        evaluations: see `Evaluation`.
        seconds: time spent in updates and evaluations.
        undecided: at the latest evaluation; these samples count as wrong.

    >>> evaluations = [Evaluation(0, 0.0, 2.3, 0.1, 0.1), Evaluation(2, 1.0, 2.25, 0.4, 0.3)]
    >>> history = History([np.array([2.3, 2.2])], evaluations)
    >>> history.losses
    array([2.3, 2.2])
    >>> history.test_accuracy
    array([0.1, 0.3])
    """

    chunks: list[NDArray[np.float64]] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    seconds: float = 0.0
    undecided: Undecided = field(default_factory=dict)

    @property
    def losses(self) -> NDArray[np.float64]:
        """(iterations,) the loss of mini-batch i before update i."""
        if len(self.chunks) > 1:
            self.chunks = [np.concatenate(self.chunks)]
        return self.chunks[0] if self.chunks else np.zeros(0)

    @property
    def last(self) -> Evaluation:
        """The latest evaluation."""
        return self.evaluations[-1]

    @property
    def iterations(self) -> NDArray[np.int64]:
        """(evaluations,) updates done before each evaluation."""
        return np.array([e.iteration for e in self.evaluations], np.int64)

    @property
    def epochs(self) -> NDArray[np.float64]:
        """(evaluations,) the same as epochs."""
        return np.array([e.epoch for e in self.evaluations], np.float64)

    @property
    def train_accuracy(self) -> NDArray[np.float64]:
        """(evaluations,) share of training samples classified correctly."""
        return np.array([e.train_accuracy for e in self.evaluations], np.float64)

    @property
    def test_accuracy(self) -> NDArray[np.float64]:
        """(evaluations,) share of test samples classified correctly."""
        return np.array([e.test_accuracy for e in self.evaluations], np.float64)

    def to_pandas(self) -> pandas.DataFrame:
        """A row per evaluation, indexed by iteration; `pandas.Series(history.losses)` has the losses.

        Raises UsageError where pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError as error:
            install = to_install("pandas")
            raise UsageError(
                sentence("to_pandas needs pandas. Try: {install}", install=install), "missing-package"
            ) from error
        columns = list(Evaluation.__dataclass_fields__)
        return pandas.DataFrame([asdict(e) for e in self.evaluations], columns=columns).set_index("iteration")

    def _repr_html_(self) -> str:
        """The evaluations as a table, at most about twenty of them."""
        every = max(1, -(-len(self.evaluations) // SHOWN))
        shown = [e for i, e in enumerate(self.evaluations) if i % every == 0 or e is self.last]
        head = _row("th", _head())
        rows = [_row("td", [f"{e.iteration:,}", f"{e.epoch:.2f}", *_digits(e)]) for e in shown]
        return f"<table>{head}{''.join(rows)}</table>"


def _head() -> list[str]:
    return [
        # Translators: this and the next are heads of a table of measurements
        sentence("iteration"),
        sentence("epoch"),
        sentence("mean loss"),
        sentence("training accuracy"),
        sentence("test accuracy"),
    ]


def _digits(e: Evaluation) -> list[str]:
    return [f"{value:.4f}" for value in (e.loss, e.train_accuracy, e.test_accuracy)]


def _row(kind: str, cells: list[Any]) -> str:
    return "<tr>" + "".join(f"<{kind}>{cell}</{kind}>" for cell in cells) + "</tr>"
