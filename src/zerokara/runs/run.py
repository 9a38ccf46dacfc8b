"""A run in Python: recipe, network, history and data of a training, just done or read from its folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from zerokara.data import Dataset, load
from zerokara.data.description import DataDescription
from zerokara.errors import DataError, RunError, UsageError
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.report.classification import ClassificationReport
from zerokara.runs import in_lab
from zerokara.runs.answering import answers_of
from zerokara.training.changes import Change, Parent
from zerokara.training.history import Evaluation, History, Undecided, undecided_in_words
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer
from zerokara.words import in_english, sentence, translatable

if TYPE_CHECKING:
    from zerokara.handwriting.prediction import Prediction

FINISHED, STOPPED, DIVERGED, UNFINISHED = STATES = ("finished", "stopped", "diverged", "unfinished")
STATES_IN_WORDS = {
    # Translators: how a run stands, in a table
    FINISHED: translatable("finished"),
    # Translators: how a run stands, in a table: somebody stopped it, and it can be resumed
    STOPPED: translatable("stopped"),
    # Translators: how a run stands, in a table: its numbers became infinite or NaN
    DIVERGED: translatable("diverged"),
    # Translators: how a run stands, in a table: being trained, or its process was killed
    UNFINISHED: translatable("unfinished"),
}
"""For `sentence`; programs and files are given the states themselves."""
LABELS = {
    "run": translatable("folder"),
    "dataset": translatable("data set"),
    "iterations": translatable("updates"),
    "train_accuracy": translatable("training accuracy"),
    "test_accuracy": translatable("test accuracy"),
    "loss": translatable("loss"),
    # Translators: how long it was trained
    "seconds": translatable("seconds"),
    "engine": translatable("engine"),
    "seed": translatable("seed"),
    "remark": translatable("remark"),
    "changes": translatable("changed while it trained"),
    # Translators: the run from an earlier update of which this one goes on, and that update
    "parent": translatable("goes on from"),
    # Translators: how a run stands
    "state": translatable("state"),
    "network": translatable("network"),
}
"""What a notebook calls a run's figures."""


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A trained network and everything about how it came to be.

    Attributes:
        path: the folder that keeps it.
        recipe: complete, as in recipe.toml.
        network: as trained.
        history: losses and evaluations.
        engine: name of the engine that computed it.
        state: "finished"; "stopped" by a signal or a program; "diverged", ended by numbers that were not finite; or
            "unfinished": still being trained, or killed.
        checksum: of the data it was trained on.
        described: what those data stand for, known without their files.
        origin: when, and with what versions and processor, it came to be, as run.json has it; empty: not known.
        told: what shows it in a notebook; None: a table of its figures.
        changes: of settings while it trained, such as `Change(500, "learning_rate", 0.01)`, by their iterations.
        parent: the run from an earlier update of which it goes on, and that update; None: it began at its beginning.
    """

    path: Path
    recipe: Recipe
    network: Network
    history: History
    engine: str
    state: str
    checksum: str
    described: DataDescription
    loaded: Dataset | None = field(default=None, repr=False)
    origin: Mapping[str, Any] = field(default_factory=dict)
    told: Callable[[Run], str] | None = None
    changes: tuple[Change, ...] = ()
    parent: Parent | None = None

    @property
    def iterations(self) -> int:
        """Updates done."""
        return len(self.history.losses)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before its end, and can be gone on with."""
        return self.state == STOPPED

    @cached_property
    def dataset(self) -> Dataset:
        """The data it was trained on, loaded when first asked for; errors as in `same_data`."""
        return self.loaded or same_data(self.recipe, self.checksum)

    @overload
    def predict(self, picture: list[Any] | tuple[Any, ...]) -> list[Prediction]: ...
    @overload
    def predict(self, picture: Any) -> Any: ...
    def predict(self, picture: Any) -> Any:
        """What the network takes a picture for, prepared as its training pictures were; their files are not needed.

        Args:
            picture: a path, a Pillow image, or an array of pixels (height, width) or (height, width, 3), of any size;
                or a list of these, or a folder with pictures.

        Returns:
            A `Prediction`: answer, probabilities, doubts, what the network saw. A list of them for a list or a folder.

        Raises:
            UsageError: it is no picture, or the network was not trained on pictures.
            DataError: a file cannot be read as a picture.
            OSError: a file cannot be opened.
            ZerokaraError: the network's numbers are not finite.
        """
        from zerokara.handwriting.predicting import each_of, file_of, predicted
        from zerokara.handwriting.preparing import prepare_picture

        several = each_of(picture)
        if several is not None:
            return [self.predict(one) for one in several]
        prepared = prepare_picture(picture, self.described, self.recipe.dataset)
        return predicted(prepared, self._probabilities, self.described.class_names, file_of(picture))

    def _probabilities(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return softmax(np.asarray(self.network.predict(x), np.float64))

    @property
    def remark(self) -> str:
        """What its accuracy does not say, such as "10,000 of 10,000 test images have no finite score"; mostly "".

        For programs and files, so in English whatever the language; `remark_in_words` is for people.
        """
        recorded = recorded_remark(self.history.undecided)
        return recorded or ("" if self._is_finite() else in_english("its weights are not finite"))

    def remark_in_words(self) -> str:
        """The same as a whole sentence in the language that is spoken."""
        told = undecided_in_words(self.history.undecided)
        return told or ("" if self._is_finite() else sentence("Its weights are not finite."))

    def _is_finite(self) -> bool:
        return all(bool(np.isfinite(array).all()) for array in self.network.params.values())

    @property
    def figures(self) -> dict[str, Any]:
        """The final figures, as `--json` prints them; numbers that are not finite as None."""
        last = self.history.evaluations[-1] if self.history.evaluations else None
        run = {"run": str(self.path), "dataset": self.recipe.dataset}
        measured = final_figures(self.iterations, last, self.history.seconds)
        remark = {"remark": self.remark} if self.remark else {}
        came = told_of_changes(self.changes, self.parent)
        return {**run, **measured, "engine": self.engine, "seed": self.recipe.seed, **remark, **came}

    def evaluate(
        self, dataset: Dataset | str | os.PathLike[str] | None = None, *, data_dir: str | os.PathLike[str] | None = None
    ) -> ClassificationReport:
        """How well the network answers to the test part of its data, or of others with as many features and classes.

        Args:
            dataset: data in memory, a name, or a folder; None: the data of the run.
            data_dir: where to look for data first.

        Raises UsageError for data of another shape; for data that are not there as `zerokara.load` and `same_data` do.
        """
        asked = self._data_to_ask(dataset, data_dir)
        self._check_shape(asked)
        own = asked.checksum == self.checksum
        return ClassificationReport(
            run=self.path.name,
            dataset=asked.name,
            checksum=asked.checksum,
            trained=os.path.basename(self.recipe.dataset),
            own=own,
            class_names=DataDescription.of(asked).class_names,
            answer_names=self.described.class_names,
            answers=answers_of(self.network, asked.test, self.engine),
        )

    def lab(self) -> in_lab.OpenedLab:
        """Show it in the lab: its curves, its weights, what it makes of a drawing; and go on from any of its updates.

        It is there at once, as with `zerokara.open_lab`: below a notebook's cell, elsewhere on a page. One that was
        stopped can be gone on with in its folder; all else that is trained there goes into folders beside it.

        Raises RunError for a folder that is damaged, gone, or not as this run was; DataError where its data are not
        here; EngineError where its engine is not; UsageError where the package for it is missing.
        """
        assert in_lab.open_in_lab is not None, "the package root puts it there"
        return in_lab.open_in_lab(self)

    def _data_to_ask(
        self, dataset: Dataset | str | os.PathLike[str] | None, data_dir: str | os.PathLike[str] | None
    ) -> Dataset:
        if dataset is None:
            return self.loaded or same_data(self.recipe, self.checksum, data_dir)
        return dataset if isinstance(dataset, Dataset) else load(dataset, data_dir=data_dir)

    def _check_shape(self, dataset: Dataset) -> None:
        got = (dataset.test.pixels.shape[1], len(dataset.class_names))
        expected = (self.network.sizes[0], self.network.sizes[-1])
        if got != expected:
            raise UsageError(
                sentence(
                    "{name} has {features} features and {classes} classes, but the network of {run} takes "
                    "{inputs} and knows {outputs}. Nothing was computed. Choose data of the same shape.",
                    name=dataset.name,
                    features=got[0],
                    classes=got[1],
                    run=self.path,
                    inputs=expected[0],
                    outputs=expected[1],
                ),
                "wrong-shape",
            )

    def __repr__(self) -> str:
        accuracy = self.figures["test_accuracy"]
        known = "" if accuracy is None else in_english(", test accuracy {accuracy:.4f}", accuracy=accuracy)
        remark = self.remark and in_english(", but {remark}", remark=self.remark)
        done = in_english("{state} after {n:,} updates", state=self.state, n=self.iterations)
        return f"<Run {self.path}: {done}{known}{remark}>"

    def _repr_html_(self) -> str:
        if self.told is not None:
            return self.told(self)
        remark = {"remark": self.remark_in_words()} if self.remark else {}
        state = sentence(STATES_IN_WORDS[self.state])
        parent = {} if self.parent is None else {"parent": f"{self.parent.run}: {self.parent.iteration:,}"}
        changes = {"changes": len(self.changes)} if self.changes else {}
        told = {**remark, **changes, **parent, "state": state, "network": repr(self.network)[1:-1]}
        facts = {**self.figures, **told}
        return f"<table>{''.join(_row(sentence(LABELS[name]), value) for name, value in facts.items())}</table>"


def _row(label: str, value: object) -> str:
    return f"<tr><th style='text-align:left'>{escape(label)}</th><td>{escape(str(value))}</td></tr>"


def recorded_remark(undecided: Undecided) -> str:
    """What run.json says of samples without a finite score, the same in every language; "" if there are none."""
    if not undecided:
        return ""
    name, (count, total) = list(undecided.items())[-1]
    return in_english("{count:,} of {total:,} {name} images have no finite score", count=count, total=total, name=name)


def final_figures(iterations: int, last: Evaluation | None, seconds: float) -> dict[str, Any]:
    """What a run had come to, by name; numbers that are not finite as None. `last`: its latest evaluation, if any."""
    figures: dict[str, Any] = finite(
        {
            "iterations": iterations,
            "train_accuracy": last and last.train_accuracy,
            "test_accuracy": last and last.test_accuracy,
            "loss": last and last.loss,
            "seconds": round(seconds, 6),
        }
    )
    return figures


def told_of_changes(changes: Sequence[Change], parent: Parent | None) -> dict[str, Any]:
    """What run.json says of them, by name; nothing of a run that was not touched."""
    told = {"changes": [asdict(change) for change in changes], "parent": None if parent is None else asdict(parent)}
    return {name: value for name, value in told.items() if value}


def finite(value: Any) -> Any:
    """The same value with NaN and infinities as None, which JSON has no words for."""
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def state_of(trainer: Trainer) -> str:
    """How a trainer's run stands."""
    if trainer.divergence is not None:
        return DIVERGED
    if trainer.finished:
        return FINISHED
    return STOPPED if trainer.stop[0] else UNFINISHED


def same_data(recipe: Recipe, checksum: str, data_dir: str | os.PathLike[str] | None = None, **options: Any) -> Dataset:
    """Load the data that a run was trained on, as many training samples as its recipe uses.

    Raises:
        DataError: they are not there, or are damaged.
        RunError: they are not the same any more.
    """
    try:
        dataset = load(recipe.dataset, data_dir=data_dir, **options)
    except ValueError as error:  # a folder that is gone
        raise DataError(str(error), "data-missing") from error
    if dataset.checksum != checksum:
        raise RunError(
            sentence(
                "{name} is not the data that this run was trained on: its checksum is {got}, that of the run "
                "{expected}. Nothing was changed. Put the old data back, or start a new run.",
                name=recipe.dataset,
                got=dataset.checksum,
                expected=checksum,
            ),
            "data",
        )
    return recipe.data_from(dataset)
