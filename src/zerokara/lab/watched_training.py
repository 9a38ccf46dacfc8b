"""One training that is watched: what it does, where it lies on disk, and how it stands.

It trains in a thread of its own, into an ordinary run folder that is made when it begins. What others read of it are
copies (`snapshots`, `curve`, `evaluations`), and what they want of it they leave with its `conductor`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from zerokara.engine.choosing import ENGINES
from zerokara.engine.contract import Engine
from zerokara.errors import UsageError, ZerokaraError
from zerokara.lab.conductor import Conductor
from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations, Judgement
from zerokara.lab.layer_sizes import fixed_batch, layer_sizes
from zerokara.lab.moments import Moments
from zerokara.lab.remarks import Remarks
from zerokara.lab.snapshot import Snapshot, Snapshots
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import Diverged, PreparedRun, advice_for, divergence_in_words, prepare_run
from zerokara.runs.rescue import Rescued
from zerokara.runs.run import Run
from zerokara.training.changes import MOST_CHANGES, Change, in_order
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Listener
from zerokara.words import paragraph, sentence, translatable

logger = logging.getLogger(__name__)

UNTRAINED, RUNNING, PAUSED, RETURNING, FINISHED, STOPPED, DIVERGED, FAILED = STATES = (
    *("untrained", "running", "paused", "returning"),
    *("finished", "stopped", "diverged", "failed"),
)
"""Of a training that is watched; returning: an earlier update is being computed again."""
ALL_OVER = translatable("This training has ended. Go back to an earlier update, or start a new one.")
SNAPSHOT_SECONDS = 0.2
"""How long to wait for a copy of a network that is being trained."""
ENDED = (FINISHED, STOPPED, DIVERGED, FAILED)


class WatchedTraining:
    """A training, and all that is known of it.

    Args:
        prepared: to be trained; its trainer may stand after some updates already.
        serial: another one for each training.
        told: called whenever it pauses or ends.
        before: the one that it goes on from after an earlier update; all that was known by then is known here too.
        reopened: the folder of a run that was stopped, to go on in it; None: it gets one of its own.

    Attributes:
        parent: the run that it goes on from, and after which update; None where it began by itself.
        folder: that of its run, once there is one; run: what came of it.
        problem: sentences on why it ended before its time.
        is_writing: whether all updates are done, and its files are being written.
        is_hurried: whether its pictures are to be left out, as somebody waits for its end.
        returning: the iteration that somebody goes back to while this is still shown.
        batch: the samples that its layers are measured with, always the same.
        is_for_a_state: whether it was begun to show a state of the lab, so that nobody minds its end.
    """

    def __init__(
        self,
        prepared: PreparedRun,
        serial: int,
        told: Callable[[], None],
        *,
        before: WatchedTraining | None = None,
        reopened: RunFolder | None = None,
    ) -> None:
        self.prepared, self.serial, self._reopened = prepared, serial, reopened
        self.parent = prepared.provenance.parent
        trainer = prepared.trainer
        self.total, self.per_epoch = trainer.iterations, trainer.batches.per_epoch
        self.curve, self.evaluations = Curve(trainer.iterations), Evaluations()
        self.snapshots = Snapshots(trainer)
        self.moments: Moments = Moments(trainer, () if before is None else before.moments.up_to(trainer.iteration))
        self.conductor = Conductor(trainer, self._between_chunks, told)
        self.remarks: Remarks = Remarks(prepared) if before is None else before.remarks.by(trainer.iteration, prepared)
        self.changes: tuple[Change, ...] = trainer.made
        self.folder: Path | None = None
        self.run: Run | None = None
        self.ended, self.problem = "", ""
        self.is_writing = self.is_hurried = self.is_for_a_state = False
        self.returning: int | None = None
        self.thread: Thread | None = None
        self._told = told
        self._answered: tuple[int, Any, Snapshot] | None = None
        self._judgement: Judgement | None = None
        self._sizes: tuple[Snapshot, list[dict[str, Any]]] | None = None
        # of batches of its own: those of the trainer remember an epoch, and are its thread's
        batches = prepared.recipe.make_batches(len(prepared.dataset.train))
        self.batch = fixed_batch(prepared.dataset.train, batches.rows(0, 1)[0])
        self._reading = Lock()
        if before is not None:
            self.conductor.rate, self.is_for_a_state = before.conductor.rate, before.is_for_a_state
            self._take_over()

    @classmethod
    def of_run(cls, run: Run, prepared: PreparedRun, serial: int, told: Callable[[], None]) -> WatchedTraining:
        """One that has ended; the trainer of `prepared` is where it was left."""
        first = prepare_run(prepared.recipe, prepared.dataset, engine=prepared.provenance.engine).trainer.moment()
        training = cls(prepared, serial, told)
        training.moments = Moments(prepared.trainer, [first])
        training.folder, training.run = run.path, run
        training.ended = run.state if run.state in ENDED else STOPPED
        if run.state == DIVERGED:
            training.problem = sentence("This run ended because its numbers were no longer finite.")
        training._take_over()
        return training

    def _take_over(self) -> None:
        """Show what the trainer has behind it."""
        trainer = self.prepared.trainer
        self.curve.feed(trainer.history.losses.copy())
        for evaluation in trainer.history.evaluations:
            self.evaluations.feed(evaluation)
        snapshot = self.snapshots.latest
        classes = self._engine().classify(snapshot.network, self.prepared.dataset.test)
        self._answered = trainer.iteration, classes, snapshot

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.returning is not None:
            return RETURNING
        if self.ended:
            return self.ended
        if self.thread is None:
            return PAUSED if self.parent is not None or self.conductor.iteration else UNTRAINED
        return PAUSED if self.conductor.paused else RUNNING

    def is_busy(self) -> bool:
        """Whether its thread is there, to take snapshots."""
        return self.thread is not None and not self.ended

    def begin(self, out: Path, *, plots: bool) -> None:
        """Start to train, into a folder in `out` unless there is one. Raises RunError where none can be made."""
        folder = self._reopened or RunFolder.create(out, None, self.prepared.recipe.dataset)
        self.folder = folder.path
        self.thread = Thread(target=self._train, args=[folder, plots], name="zerokara-lab-training", daemon=True)
        self.thread.start()

    def join(self) -> None:
        """Wait until it has ended, and its files are written."""
        if self.thread is not None:
            self.thread.join()

    def wait_until_it_rests(self, given_up: Callable[[], bool]) -> None:
        """Until nothing is trained: it is paused, or has ended. Whoever waits may give up."""
        while self.is_busy() and not (self.conductor.at_rest or given_up()):
            time.sleep(0.01)

    @property
    def name(self) -> str:
        """That of its folder, or of its data set where there is none."""
        return self.prepared.recipe.dataset if self.folder is None else self.folder.name

    def snapshot(self) -> Snapshot:
        """The network as it is now, or was a moment ago."""
        if self.thread is None or self.ended:
            return self.snapshots.latest
        return self.snapshots.want(SNAPSHOT_SECONDS, self.conductor.wake)

    def change(self, field: str, value: float) -> None:
        """Change a setting before the next update. Raises UsageError where it is not to be had, or not that value."""
        trainer = self.prepared.trainer
        if self.ended:
            raise UsageError(sentence(ALL_OVER), "run-finished")
        in_order([Change(self.conductor.iteration, field, value)], trainer.optimizer)
        if len(self.changes) >= MOST_CHANGES:
            raise UsageError(
                sentence("A training takes at most {most:,} changes. Nothing was changed.", most=MOST_CHANGES)
            )
        if self.thread is not None:
            self.conductor.change(field, value)
        else:
            trainer.change(field, value)
            self.changes = trainer.made
            self.snapshots.serve(always=True)

    def judgement(self) -> Judgement | None:
        """What the latest evaluation says of the test pictures; None before there is one."""
        with self._reading:
            answered = self._answered
            if answered is not None and (self._judgement is None or self._judgement.iteration != answered[0]):
                iteration, classes, snapshot = answered
                split = self.prepared.dataset.test
                self._judgement = Judgement.of(iteration, classes, snapshot.network, split, self._engine())
            return self._judgement

    def layer_sizes(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """How large weights, gradients and updates are there."""
        with self._reading:
            if self._sizes is None or self._sizes[0] is not snapshot:
                self._sizes = snapshot, layer_sizes(snapshot, self._engine(), self.batch)
            return self._sizes[1]

    def _engine(self) -> Engine:
        """One of the same kind for a single thread beside the one that trains."""
        return ENGINES[self.prepared.trainer.engine.name](1)

    def _train(self, folder: RunFolder, plots: bool) -> None:
        listeners: list[Listener] = [self._record, self.moments, self.conductor]
        if self.prepared.trainer.iteration == 0:
            listeners.insert(1, self.remarks)
        try:
            run = self.prepared.run_into(
                folder,
                plots=plots,
                listeners=listeners,
                findings=self.remarks.found,
                hurried=lambda: self.is_hurried,
            )
            self.run, self.folder = run, run.path
            self._end(FINISHED if run.state == FINISHED else STOPPED)
        except Diverged as error:
            self.run, self.folder = error.run, error.run.path
            at = self.prepared.trainer.divergence
            assert at is not None, "it diverged"
            advice = sentence("Go back to an earlier update, or start again with a smaller learning rate.")
            self._end(DIVERGED, paragraph(divergence_in_words(at), advice, advice_for(error.run.path)))
        except Rescued as error:
            self.run, self.folder = error.run, error.run.path
            self._end(FAILED, str(error))
        except ZerokaraError as error:
            self._fail(folder, str(error))
        except BaseException as error:  # whatever it is, who looks on is told
            logger.exception("the training failed")
            self._fail(folder, sentence("Training failed: {reason!r:.200}.", reason=error))

    def _fail(self, folder: RunFolder, problem: str) -> None:
        if not folder.path.exists():
            self.folder = None  # nothing had begun, so none is left
        self._end(FAILED, problem)

    def _end(self, state: str, problem: str = "") -> None:
        self.snapshots.serve(always=True)
        self.problem, self.ended = problem, state
        self._told()

    def _between_chunks(self) -> None:
        self.changes = self.prepared.trainer.made
        self.snapshots.serve()

    def _record(self, event: Event) -> None:
        match event:
            case Advanced():
                self.curve.feed(event.losses)
            case Evaluated():
                trainer = self.prepared.trainer
                self._answered = event.evaluation.iteration, event.test_classes, Snapshot.of(trainer)
                self.evaluations.feed(event.evaluation)
            case Ended():
                self.snapshots.serve(always=True)
                self.is_writing = True
                self._told()
