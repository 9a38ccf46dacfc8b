"""The lab without any web: a training that can be watched and steered, and what is asked about it.

A view, be it a page or a notebook cell, connects with a function that sends, and hands over what it receives. It is
greeted, and then told of all that happens by frames. `zerokara.lab.view` says what it may ask.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any
from weakref import WeakSet

from zerokara.data import Dataset
from zerokara.data.description import DataDescription
from zerokara.errors import UsageError
from zerokara.lab.form import filled
from zerokara.lab.material import loaded, material
from zerokara.lab.subject import Subject
from zerokara.lab.view import Send, View
from zerokara.lab.watched_training import ENDED, UNTRAINED, WatchedTraining
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

SNAPSHOT_SECONDS = 0.2
"""How long to wait for a copy of a network that is being trained."""

_open: WeakSet[Lab] = WeakSet()


class Lab:
    """One training and those who watch it.

    Args:
        recipe: what to train first. Where its data are not on this computer, digits take their place.
        out: where run folders are made; data_dir: where to look for data first; engine, threads: what computes.

    Attributes:
        note: a sentence on data that are not there; "" where all is as asked for.
        training: what is shown.
    """

    def __init__(
        self,
        recipe: Recipe | None = None,
        *,
        out: str | os.PathLike[str] = "runs",
        data_dir: str | os.PathLike[str] | None = None,
        engine: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.out, self._data_dir, self._engine, self._threads = Path(out), data_dir, engine, threads
        self.lock = RLock()
        self.views: list[View] = []
        self.steering: View | None = None
        self._serial = 0
        self._earlier: list[WatchedTraining] = []
        recipe, self.dataset, self.note = material(recipe or Recipe(), data_dir)
        self.recipe = recipe
        self.described = DataDescription.of(self.dataset)
        self.training = self._watched(self._prepared(recipe, self.dataset))
        _open.add(self)

    def subject(self) -> Subject:
        """The network as it is now, or was a moment ago; copies that nobody else has."""
        training = self.training
        snapshot = training.snapshots.want(SNAPSHOT_SECONDS) if training.is_busy() else training.snapshots.latest
        prepared = training.prepared
        return Subject(
            prepared.recipe,
            prepared.dataset,
            self.described,
            snapshot.network.copy(),
            snapshot.iteration,
            prepared.trainer.engine.name,
            training.moments.all(),
        )

    def connect(self, send: Send, *, seconds_between_frames: float = 0.1, seconds_between_weights: float = 0.0) -> View:
        """A new view; it is greeted at once, and the first one steers."""
        view = View(self, send, seconds_between_frames, seconds_between_weights)
        with self.lock:
            self.views.append(view)
            self.steering = self.steering or view
        view.begin()
        self.tell()
        return view

    def left(self, view: View) -> None:
        """A view is gone. If it steered, the next one may."""
        with self.lock:
            if view in self.views:
                self.views.remove(view)
            if self.steering is view:
                self.steering = None
        self.tell()

    def tell(self) -> None:
        """Have all views look whether there is something new."""
        for view in list(self.views):
            view.wake()

    def start(self, values: Mapping[str, Any]) -> None:
        """Begin a new run with the recipe of a form; the one before ends. Raises ZerokaraError where that cannot be."""
        answer = filled(values)
        if answer.recipe is None:
            raise UsageError("\n".join(answer.errors.values()), "wrong-recipe")
        self.begin(answer.recipe)

    def begin(self, recipe: Recipe) -> None:
        """The same with a recipe."""
        with self.lock:
            if not (self.training.state == UNTRAINED and recipe.resolved() == self.recipe.resolved()):
                dataset = self.dataset
                if recipe.dataset != self.recipe.dataset:
                    dataset = loaded(recipe.dataset, self._data_dir)
                prepared = self._prepared(recipe, dataset)
                self._show(self._watched(prepared), recipe, dataset)
            self.training.begin(self.out)
        self.tell()

    def go_on(self) -> None:
        """See to it that there is a run that goes on. Raises UsageError where it has ended."""
        with self.lock:
            if self.training.state in ENDED:
                raise UsageError(
                    sentence("This training has ended. Go back to an earlier update, or start a new one."),
                    "run-finished",
                )
            if self.training.thread is None:
                self.training.conductor.pause()
                self.training.begin(self.out)

    def go(self) -> None:
        """Train on."""
        self.go_on()
        self.training.conductor.go()

    def pause(self) -> None:
        """Wait before the next chunk."""
        if self.training.is_busy():
            self.training.conductor.pause()

    def stop(self) -> None:
        """End the run; it can be gone on with another time."""
        self.training.conductor.stop()

    def change(self, field: str, value: float) -> None:
        """Change a setting from the next update on."""
        self.training.conductor.change(field, value)

    def rewind(self, iteration: int) -> None:
        """Go back to where the training was after so many updates."""
        raise UsageError(sentence("That update is not known any more."))

    def _show(self, training: WatchedTraining, recipe: Recipe, dataset: Dataset) -> None:
        before = self.training
        before.conductor.stop()
        self._earlier = [old for old in (*self._earlier, before) if old.thread is not None and old.thread.is_alive()]
        if dataset is not self.dataset:
            self.note = ""
            self.dataset, self.described = dataset, DataDescription.of(dataset)
        self.recipe, self.training = recipe, training

    def close(self) -> None:
        """End the training, wait until its files are written, and leave the views."""
        for view in list(self.views):
            view.close()
        for training in (*self._earlier, self.training):
            training.close()
        _open.discard(self)

    def _prepared(self, recipe: Recipe, dataset: Dataset) -> PreparedRun:
        return prepare_run(recipe, dataset, engine=self._engine, threads=self._threads)

    def _watched(self, prepared: PreparedRun) -> WatchedTraining:
        self._serial += 1
        return WatchedTraining(prepared, self._serial, self.tell)


@atexit.register
def _close_all() -> None:
    """Before Python ends: a thread that trains then would be cut off."""
    for lab in list(_open):
        lab.close()
