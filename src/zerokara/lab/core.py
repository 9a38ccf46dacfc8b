"""The lab without any web: a training that can be watched and steered, and what is asked about it.

A view, be it a page or a notebook cell, connects with a function that sends, and hands over what it receives. It is
greeted, and then told of all that happens by frames. `zerokara.lab.view` says what it may ask.
"""

from __future__ import annotations

import atexit
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from weakref import WeakSet

from zerokara.lab import lesson_messages
from zerokara.lab.commands import COMMANDS, QUESTIONS
from zerokara.lab.lesson_shelf import Shelf
from zerokara.lab.material import material
from zerokara.lab.session import Session
from zerokara.lab.watched_training import WatchedTraining
from zerokara.runs.prepared import prepare_run
from zerokara.runs.run import Run, same_data
from zerokara.runs.store import newest
from zerokara.runs.untrusted import read_recipe
from zerokara.training.recipe import Recipe

_open: WeakSet[Lab] = WeakSet()


class Lab(Session):
    """One training and those who watch it; see `Session` for what can be done.

    Args:
        recipe: what to train first. Where its data are not on this computer, digits take their place.
        out: where run folders are made; data_dir: where to look for data first; engine, threads: what computes.
        plots: whether to draw the pictures of a run, and its page, at its end.
        lessons: a folder with lessons besides zerokara's own.
    """

    def __init__(
        self,
        recipe: Recipe | None = None,
        *,
        out: str | os.PathLike[str] = "runs",
        data_dir: str | os.PathLike[str] | None = None,
        engine: str = "auto",
        threads: int | None = None,
        plots: bool = True,
        lessons: str | os.PathLike[str] | None = None,
    ) -> None:
        shelf = Shelf(None if lessons is None else Path(lessons))
        super().__init__(Path(out), data_dir, engine, threads, plots)
        self.shelf = shelf
        self._bind()
        self.recipe, self.dataset, self.note = material(recipe or Recipe(), data_dir)
        prepared = prepare_run(self.recipe, self.dataset, engine=engine, threads=threads)
        self.training = WatchedTraining(prepared, 1, self.notify)
        _open.add(self)

    @classmethod
    def of_run(
        cls,
        run: Run,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        plots: bool = True,
    ) -> Lab:
        """A lab that shows a run that is trained already, as its folder has it.

        All of it can be looked at, drawn for and probed. One that was stopped can be gone on with in its folder, as
        `zerokara resume` does. It can be gone back to any update of it, by training again in memory from the first one
        on, which is refused where this machine gives other numbers. Going on from there, and new runs, get folders
        beside it.

        Raises RunError for a folder that is damaged, gone, or not as the run was; DataError where its data are not
        here; EngineError where its engine is not.
        """
        recipe = read_recipe(run.path)
        checkpoint, _ = newest(run.path, recipe)
        dataset = run.loaded or same_data(recipe, checkpoint.provenance.data, data_dir)
        lab = cls.__new__(cls)
        Session.__init__(lab, run.path.parent, data_dir, checkpoint.provenance.engine, threads, plots)
        lab._bind()
        prepared = prepare_run(recipe, dataset, engine=checkpoint.provenance.engine, threads=threads)
        provenance = prepared.provenance.continuing(checkpoint.provenance, [])
        checkpoint.restore(prepared.trainer)
        lab.recipe, lab.dataset, lab.note = recipe, dataset, ""
        lab.training = WatchedTraining.of_run(run, replace(prepared, provenance=provenance), 1, lab.notify)
        _open.add(lab)
        return lab

    def _bind(self) -> None:
        """Let views ask and command this one."""
        lessons = {type: partial(lesson_messages.answered, self, type) for type in lesson_messages.ANSWERS}
        self.commands = {type: partial(do, self) for type, do in COMMANDS.items()}
        self.questions = {type: partial(answer, self) for type, answer in QUESTIONS.items()}
        for type, answer in lessons.items():
            (self.commands if type in lesson_messages.STEERING else self.questions)[type] = answer

    def close(self) -> None:
        """End the training, wait until its files are written, and leave the views."""
        for view in self.views:
            view.close()
        self.end()
        _open.discard(self)


@atexit.register
def _close_all() -> None:
    """Before Python ends: a thread that trains then would be cut off."""
    for lab in list(_open):
        lab.close()
