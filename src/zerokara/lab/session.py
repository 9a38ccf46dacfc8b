"""What a lab does, without anybody who looks on: one training after the other, and back to earlier updates."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from zerokara.data import Dataset
from zerokara.data.description import DataDescription
from zerokara.data.entries import ENTRIES
from zerokara.errors import UsageError, ZerokaraError
from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations
from zerokara.lab.form import filled, form
from zerokara.lab.going_back import GoingBack
from zerokara.lab.going_to import leads_to, refuse_beyond
from zerokara.lab.lesson_shelf import Shelf
from zerokara.lab.material import loaded, material
from zerokara.lab.shown import Greeting, told_of_data
from zerokara.lab.states import State
from zerokara.lab.subject import Subject
from zerokara.lab.training_source import TrainingSource
from zerokara.lab.view import Viewable
from zerokara.lab.watched_training import ALL_OVER, FAILED, RETURNING, STOPPED, UNTRAINED, WatchedTraining
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.resume import reopen
from zerokara.runs.untrusted import command
from zerokara.training.changes import Change
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

MOST_LEFT = 8
LONG_SECONDS = 120
"""Of training, after which somebody minds its end, though it was begun to show a state."""

logger = logging.getLogger(__name__)

TABS = ("train", "draw", "probe", "step")
"""That a page shows of a training of zerokara's own."""


class Session(Viewable):
    """One training that is shown, and what can be done with it. Any thread may do it.

    Args:
        out: where run folders are made; data_dir: where to look for data first; engine, threads: what computes.
        plots: whether to draw the pictures of a run, and its page, at its end.

    Attributes:
        recipe, dataset: of what is shown; note: a sentence on data that are not there, "" where all is as asked for.
        training: what is shown; while one looks at an earlier update, that.
        problem: why the latest going back failed, for people; "" mostly.
        shelf: where its lessons are.
        left: curves of the latest trainings that were begun for a state, by the names of their runs; they can be drawn
            over others before their files are written.
        opened_with: where the lab stood when it was opened, for a page to go there; None for the usual.
    """

    recipe: Recipe
    dataset: Dataset
    note: str
    training: WatchedTraining

    def __init__(
        self, out: Path, data_dir: str | os.PathLike[str] | None, engine: str, threads: int | None, plots: bool
    ) -> None:
        super().__init__()
        self.out, self._data_dir, self._engine, self._threads, self._plots = out, data_dir, engine, threads, plots
        self.lock = RLock()
        self._serial = 1
        self._origin: WatchedTraining | None = None
        self._returning: Return | None = None
        self._ending: list[WatchedTraining] = []
        self.problem = ""
        self.shelf = Shelf()
        self.left: dict[str, tuple[Curve, Evaluations]] = {}
        self.opened_with: dict[str, Any] | None = None

    @property
    def key(self) -> Recipe:
        """What is shown was begun with it."""
        return self.recipe

    def greeting(self) -> Greeting:
        """Of the training that is shown, and its data."""
        with self.lock:
            source, note, recipe = self.source(), self.note, self.recipe
        training = source.training
        dataset = training.prepared.dataset
        described = training.prepared.provenance.described or DataDescription.of(dataset)
        told = {
            "tabs": list(TABS),
            "engine": training.prepared.trainer.engine.name,
            "sizes": list(training.snapshots.latest.network.sizes),
            **told_of_data(dataset, described, note),
            "form": form(recipe),
            "recipe": filled({one["name"]: one["value"] for one in form(recipe)}).to_json(training.per_epoch),
            "where": self._where(),
        }
        return Greeting(recipe, told, source)

    def _where(self) -> dict[str, Any] | None:
        """Where the lab was opened, unless its training has gone on since."""
        opened, training = self.opened_with, self.training
        if opened is None or training.serial != opened["training"]:
            return None
        return opened if opened["running"] or training.conductor.iteration <= opened["iteration"] else None

    def source(self) -> TrainingSource:
        """The training that is shown."""
        training = self.training
        return TrainingSource(training, training.serial)

    def stands(self) -> Any:
        """How the training stands, and all that was asked of it."""
        training, conductor = self.training, self.training.conductor
        levers = (conductor.iteration, conductor.rate, conductor.until, conductor.goal, conductor.at_rest)
        known = (training.changes, training.evaluations.count, training.remarks.count)
        return (training.serial, training.state, training.returning, training.is_writing), levers, known

    def tabs(self) -> tuple[str, ...]:
        """All of them."""
        return TABS

    def subject(self) -> Subject:
        """The network as it is now, or was a moment ago; copies that nobody else has."""
        training = self.training
        snapshot, prepared = training.snapshot(), training.prepared
        return Subject(
            prepared.recipe,
            prepared.dataset,
            prepared.provenance.described or DataDescription.of(prepared.dataset),
            snapshot.network.copy(),
            snapshot.iteration,
            prepared.trainer.engine.name,
            training.moments.up_to(snapshot.iteration),
            snapshot.optimizer,
        )

    def start(self, recipe: Recipe) -> None:
        """Begin a new run; the one before ends. Raises ZerokaraError where that cannot be, and nothing is changed."""
        with self.lock:
            if self.training.state != UNTRAINED or recipe.resolved() != self.recipe.resolved():
                dataset, note = self.dataset, self.note
                if recipe.dataset != self.recipe.dataset:
                    dataset, note = loaded(recipe.dataset, self._data_dir), ""
                training = self._watched(self._prepared(recipe, dataset))
                training.conductor.rate = self.training.conductor.rate
                self._leave_behind()
                self.recipe, self.dataset, self.note = recipe, dataset, note
                self.training = training
            self.training.conductor.go()
            self.training.begin(self.out, plots=self._plots)
        self.notify()

    def show(self, state: State) -> WatchedTraining:
        """Have the training of a state go to its update, and be shown; what was trained before stops and is kept.

        Where the training that is shown can go on to there, or is there already, it does, and nothing else begins.
        Raises ZerokaraError for what cannot be trained here, and nothing is changed.
        """
        with self.lock:
            self._give_up_returning()
            recipe, dataset, note = self._of_state(state)
            training, is_new = self.training, not leads_to(self.training, recipe, state)
            if is_new:
                training = self._watched(self._prepared(recipe, dataset, state.changes))
            refuse_beyond(training, state)
            if is_new:
                training.conductor.rate = self.training.conductor.rate
                training.is_for_a_state = True
                self._leave_behind()
                self.recipe, self.dataset, self.note, self.training = recipe, dataset, note, training
            if state.running or training.conductor.iteration < state.update:
                training.conductor.go_to(state.update, state.pace, goes_on=state.running)
                if training.thread is None:
                    training.begin(self.out, plots=self._plots)
                    self._leave_origin()
        self.notify()
        return training

    def minded(self, state: State) -> WatchedTraining | None:
        """A training that somebody began for its own sake, and that would stop if that state were shown."""
        with self.lock:
            if leads_to(self.training, self._of_state(state)[0], state):
                return None
            others = filter(None, (self.training, self._origin))
            return next((one for one in others if one.is_busy() and _is_minded(one)), None)

    def go(self, *, until: int | None = None, goal: float | None = None) -> None:
        """Train on; pause again after `until` updates in all, or at a test accuracy of `goal`.

        From an earlier update that was gone back to, a new run goes on. Raises UsageError where training has ended,
        RunError where no folder can be made.
        """
        with self.lock:
            training = self.training
            self._refuse_while_returning()
            if training.ended in (STOPPED, FAILED) and training.folder is not None:
                training = self._reopened(training)
            if training.ended:
                raise UsageError(sentence(ALL_OVER), "run-finished")
            training.conductor.go(until=until, goal=goal)
            if training.thread is None:
                training.begin(self.out, plots=self._plots)
                self._leave_origin()
        self.notify()

    @property
    def furthest(self) -> int:
        """The latest update that `rewind` can go to."""
        return (self._origin or self.training).conductor.iteration

    def _reopened(self, stopped: WatchedTraining) -> WatchedTraining:
        """One that was stopped, ready to go on in its folder. Raises as `zerokara.runs.resume.reopen` does."""
        assert stopped.folder is not None, "it was trained"
        again = reopen(stopped.folder, threads=self._threads, data_dir=self._data_dir)
        self._serial += 1
        prepared, folder = again.prepared, again.folder
        self.training = WatchedTraining(prepared, self._serial, self.notify, before=stopped, reopened=folder)
        return self.training

    def change(self, field: str, value: float) -> None:
        """Change a setting before the next update. Raises UsageError where it is not to be had, or not that value."""
        with self.lock:
            self._refuse_while_returning()
            self.training.change(field, value)
        self.notify()

    def pause(self) -> None:
        """Wait before the next chunk."""
        with self.lock:
            if not self.training.is_busy():
                raise UsageError(sentence("Nothing is being trained."))
            self.training.conductor.pause()

    def stop(self) -> None:
        """End the run; it can be gone on with another time."""
        with self.lock:
            if not self.training.is_busy():
                raise UsageError(sentence("Nothing is being trained."))
            self.training.conductor.stop()

    def rewind(self, iteration: int) -> None:
        """Go back to where the training was after so many updates. It pauses, and what there is stays as it is.

        It is shown as soon as it has been computed, by a thread of its own; asked again meanwhile, that one gives up.
        Raises UsageError for an update that was not done.
        """
        with self.lock:
            origin = self._origin or self.training
            last = origin.conductor.iteration
            if iteration > last:
                text = sentence(
                    "Update {iteration:,} has not been done: the last one was {last:,}.", iteration=iteration, last=last
                )
                raise UsageError(text, "wrong-value")
            self._give_up_returning()
            self.problem = ""
            origin.conductor.pause()
            self._origin, self.training.returning = origin, iteration
            self._returning = Return(self, origin, iteration)
            self._returning.start()
        self.notify()

    def returned(self, back: Return, training: WatchedTraining | None, problem: str) -> None:
        """An earlier update, or the latest, is to be shown; None and why where that failed."""
        with self.lock:
            if self._returning is not back:
                return
            self._returning, self.training.returning = None, None
            if training is None:
                self.problem = problem
                if self._origin is self.training:
                    self._origin = None
            else:
                self._serial += 1
                training.serial = self._serial
                self.training = training
                if training is self._origin:
                    self._origin = None
        self.notify()

    def _refuse_while_returning(self) -> None:
        if self.training.state == RETURNING:
            raise UsageError(sentence("This cannot be done while an earlier update is gone back to."))

    def _give_up_returning(self) -> None:
        if self._returning is not None:
            self._returning.stop()
            self._returning, self.training.returning = None, None

    def _leave_origin(self) -> None:
        """What was gone back from ends where it is, now that another run goes on."""
        if self._origin is not None:
            self._end(self._origin)
            self._origin = None

    def _leave_behind(self) -> None:
        self._give_up_returning()
        self._end(self.training)
        self._leave_origin()

    def _end(self, training: WatchedTraining) -> None:
        if training.is_busy():
            training.conductor.stop()
            if training.is_for_a_state:
                training.is_hurried = True
                self.left = dict(
                    [*self.left.items(), (training.name, (training.curve, training.evaluations))][-MOST_LEFT:]
                )
            self._ending = [*(old for old in self._ending if old.is_busy()), training]

    def end(self) -> None:
        """End what is trained, and wait until its files are written; pictures are left out."""
        with self.lock:
            for training in filter(None, (self.training, self._origin, *self._ending)):
                training.is_hurried = True
            back = self._returning
            self._leave_behind()
            ending = list(self._ending)
        if back is not None:
            back.join()
        for training in ending:
            training.join()

    def _of_state(self, state: State) -> tuple[Recipe, Dataset, str]:
        """Its recipe and data, those of the lab where they are the same; digits for data that are not here."""
        recipe = state.recipe
        if recipe.dataset == self.recipe.dataset:
            dataset, note = self.dataset, self.note
        elif recipe.dataset in ENTRIES:
            recipe, dataset, note = material(recipe, self._data_dir)
        else:
            raise UsageError(
                sentence(
                    "This state is of data that have no name, but a place: {path}. Open the lab with them first: "
                    "{command}",
                    path=recipe.dataset,
                    command=command("lab", recipe.dataset),
                ),
                "wrong-value",
            )
        same = recipe.resolved() == self.recipe.resolved()
        return self.recipe if same else recipe, self.dataset if recipe.dataset == self.recipe.dataset else dataset, note

    def _prepared(self, recipe: Recipe, dataset: Dataset, changes: Sequence[Change] = ()) -> PreparedRun:
        prepared = prepare_run(recipe, dataset, engine=self._engine, threads=self._threads, changes=changes)
        prepared.trainer.apply_changes()  # those before the first update
        return prepared

    def _watched(self, prepared: PreparedRun) -> WatchedTraining:
        self._serial += 1
        return WatchedTraining(prepared, self._serial, self.notify)


def _is_minded(training: WatchedTraining) -> bool:
    return not training.is_for_a_state or training.prepared.trainer.history.seconds > LONG_SECONDS


class Return:
    """A thread in which a session goes back to an earlier update."""

    def __init__(self, session: Session, origin: WatchedTraining, iteration: int) -> None:
        self._session, self._origin, self._iteration = session, origin, iteration
        self._back: GoingBack | None = None
        self._stopped = False
        self._thread = Thread(target=self._run, name="zerokara-lab-return", daemon=True)
        self.start, self.join = self._thread.start, self._thread.join

    def stop(self) -> None:
        """Give up, soon."""
        self._stopped = True
        if self._back is not None:
            self._back.stop()

    def _run(self) -> None:
        training, problem = None, ""
        try:
            training = self._training()
        except ZerokaraError as error:
            problem = str(error)
        except Exception as error:
            logger.exception("going back failed")
            problem = sentence("Going back failed: {reason!r:.200}.", reason=error)
        self._session.returned(self, training, problem)

    def _training(self) -> WatchedTraining | None:
        origin, iteration = self._origin, self._iteration
        origin.wait_until_it_rests(lambda: self._stopped)
        if iteration == origin.conductor.iteration:
            return origin
        self._back = GoingBack(origin.prepared, origin.moments, iteration)
        if self._stopped:
            return None
        prepared = self._back.run(origin.name)
        return None if prepared is None else WatchedTraining(prepared, 0, self._session.notify, before=origin)
