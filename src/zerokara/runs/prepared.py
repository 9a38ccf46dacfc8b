"""A run that is ready to be trained: everything that can be refused was, and no folder has been made yet."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from zerokara.data import Dataset, load
from zerokara.data.catalog import Progress
from zerokara.data.description import DataDescription
from zerokara.data.entries import ENTRIES
from zerokara.errors import Code, RunError
from zerokara.finalization import working
from zerokara.findings import Findings
from zerokara.runs.checkpointer import Checkpointer
from zerokara.runs.files import now, pictures, run_files, run_json
from zerokara.runs.folder import ROOM_FOR_REPORTS, FolderLost, RunFolder
from zerokara.runs.interrupt import Interrupted, Signals, stop_on_signals
from zerokara.runs.layout import RECIPE, RUN_JSON
from zerokara.runs.machine import blas_threads, environment, limited_to
from zerokara.runs.provenance import Provenance, recorded_recipe
from zerokara.runs.removal import remove_from
from zerokara.runs.reporting import in_notebook, report_file
from zerokara.runs.rescue import Rescued, rescue
from zerokara.runs.run import DIVERGED, UNFINISHED, Run, state_of
from zerokara.runs.store import CheckpointStore
from zerokara.runs.untrusted import command
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change
from zerokara.training.events import Listener
from zerokara.training.history import Divergence
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer
from zerokara.words import paragraph, sentence, translatable

logger = logging.getLogger(__name__)


NO_FINITE_LOSS = translatable("Update {iteration:,} made a loss of {loss}, so the run ended there.")
NO_FINITE_WEIGHTS = translatable("Update {iteration:,} made weights that are not finite, so the run ended there.")


class Diverged(RunError):
    """A run ended because its numbers were no longer finite; what it was before that is in `run`, and on disk.

    Args:
        happened: whole sentences: where it ended, and what is kept.
        advice: how to find out why; "" where that was told already.
    """

    code: Code = "diverged"

    def __init__(self, run: Run, happened: str, advice: str = "") -> None:
        super().__init__(paragraph(happened, advice))
        self.run, self.happened = run, happened


def prepare_run(
    recipe: Recipe,
    dataset: Dataset | None = None,
    *,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
    changes: Sequence[Change] = (),
    progress: Progress | None = None,
) -> PreparedRun:
    """Load the data, unless they are given, and build the trainer of a run and the record of how it comes to be.

    `progress` is told of downloads. `changes` are made on the way, and a checkpoint has those that were made by then.
    Errors and the other arguments are as in `zerokara.train`.
    """
    recipe = recipe.resolved()
    if dataset is None:
        dataset = load(recipe.dataset, data_dir=data_dir, progress=progress)
    logger.info("data %r, %s, checksum %s", dataset, dataset.source, dataset.checksum)
    recipe = with_absolute_path(recipe)
    trainer = build_trainer(
        recipe,
        dataset,
        engine=engine,
        threads=threads,
        keep_going=keep_going,
        listeners=listeners,
        changes=changes,
    )
    provenance = Provenance(
        *environment(trainer.engine),
        engine=trainer.engine.name,
        threads=blas_threads(),
        data=dataset.checksum,
        recipe=recorded_recipe(recipe),
        began=now(),
        keep_going=keep_going,
        forced=[],
        customized=recipe.customized(),
        described=DataDescription.of(trainer.dataset),
    )
    return PreparedRun(recipe, trainer.dataset, trainer, provenance)


def with_absolute_path(recipe: Recipe) -> Recipe:
    """The same recipe, with the absolute path of a folder of one's own, so that a run finds its data from anywhere."""
    if recipe.dataset in ENTRIES:
        return recipe
    return replace(recipe, dataset=os.path.abspath(os.path.expanduser(recipe.dataset)))


@dataclass(frozen=True)
class PreparedRun:
    """What `prepare_run` gives.

    Attributes:
        provenance: what its checkpoints record besides the state.
        intact: iterations of the checkpoints in its folder that are undamaged; none for a new run.
    """

    recipe: Recipe
    dataset: Dataset
    trainer: Trainer
    provenance: Provenance
    intact: tuple[int, ...] = ()

    @working()
    def run_into(
        self,
        folder: RunFolder,
        *,
        plots: bool,
        listeners: Sequence[Listener] = (),
        findings: Callable[[], Findings | None] = lambda: None,
        hurried: Callable[[], bool] = lambda: False,
    ) -> Run:
        """Train, and keep the run in a folder that nobody else writes into meanwhile.

        Where the folder is renamed or moved meanwhile, the run follows it. What fails before the first update leaves no
        folder. A stop that a program asked for gives back a run that says so, and that can be gone on with.

        Args:
            folder: a new one, or that of the run that goes on.
            plots: whether to draw the curves and write the page.
            listeners: those that need the folder, besides those of the trainer.
            findings: what whoever watched it has found by its end, for the page.
            hurried: whether it shall be over soon, so that what can be drawn later is left out.

        Raises RunError where it cannot be kept, `Rescued` where the folder was removed and another one holds the run
        now, `Diverged` when it ended before its time, `Interrupted` when a signal ended it.
        """
        if not self.intact:
            folder.check_space(ROOM_FOR_REPORTS + self._bytes())
        with folder.lock, stop_on_signals(self.trainer.stop) as signals:
            try:
                run = self._run_in(folder, listeners, signals, findings if plots else None, hurried)
            except FolderLost as lost:
                raise self._rescued(folder, lost) from lost
        if run.state == DIVERGED:
            raise Diverged(run, self._divergence(run), advice_for(run.path))
        if run.stopped and signals.count:
            raise Interrupted(run)
        return run

    def _run_in(
        self,
        folder: RunFolder,
        listeners: Sequence[Listener],
        signals: Signals,
        findings: Callable[[], Findings | None] | None,
        hurried: Callable[[], bool],
    ) -> Run:
        store = CheckpointStore(folder, self.intact)
        store.clear_unfinished(fresh=not self.intact)
        with self._nothing_left_of_nothing(folder):
            self._train(folder, store, listeners)
        run = self._run(folder.directory.last_seen())
        self._write_files(folder, run, store)
        if findings is not None:

            def impatient() -> bool:
                """The signal that stopped the run asked for no more than that; any other asks to be done soon."""
                return signals.count > run.stopped or hurried()

            folder.write_all(chain(pictures(run, impatient), report_file(run, impatient, findings)))
        return replace(run, path=folder.where())

    def _train(self, folder: RunFolder, store: CheckpointStore, listeners: Sequence[Listener]) -> None:
        folder.write(RECIPE, self.recipe.to_toml())
        begun = replace(self._run(folder.directory.last_seen()), state=UNFINISHED)
        folder.write(RUN_JSON, run_json(begun, self.provenance))
        checkpointer = Checkpointer(store, self.trainer, self.provenance)
        with limited_to(self.provenance.threads), _saved_if_it_fails(checkpointer):
            self.trainer.run(checkpointer, *listeners)

    @contextmanager
    def _nothing_left_of_nothing(self, folder: RunFolder) -> Iterator[None]:
        """Take a new run's folder back where its work is refused or fails before the first update: nothing is lost.

        Not where a file could not be written: what there is in the folder may tell its user why.
        """
        try:
            yield
        except RunError:
            raise
        except Exception:
            if not self.intact and not self.trainer.iteration:
                with suppress(RunError):
                    remove_from(folder.directory)
            raise

    def _write_files(self, folder: RunFolder, run: Run, store: CheckpointStore) -> None:
        """Weights and tables, then run.json: what that calls finished has all its files."""
        try:
            self._write_all(folder, run)
        except FolderLost:
            raise
        except RunError as error:
            if store.newest_in_place() != run.iterations:
                raise FolderLost(str(error)) from error
            text = sentence(
                "Nothing that was trained is lost: make room, then write the files with: {command}",
                command=command("resume", folder.where()),
            )
            raise RunError(f"{error}\n{text}", "run-not-written") from error

    def _write_all(self, folder: RunFolder, run: Run) -> None:
        folder.write_all(run_files(run))
        folder.write(RUN_JSON, run_json(run, self.provenance))

    def _rescued(self, folder: RunFolder, lost: FolderLost) -> Rescued:
        """What is in memory, in another folder: everything up to the last update that was done."""
        self.trainer.request_stop()

        def save(place: RunFolder) -> Run:
            place.write(RECIPE, self.recipe.to_toml())
            Checkpointer(CheckpointStore(place), self.trainer, self.provenance).save()
            return self._run(place.path)

        return rescue(folder.directory.last_seen(), lost, self.trainer.iteration, save, self._write_all)

    def _run(self, path: Path) -> Run:
        trainer = self.trainer
        return Run(
            path=path,
            recipe=self.recipe,
            network=trainer.network,
            history=trainer.history,
            engine=trainer.engine.name,
            state=state_of(trainer),
            checksum=self.dataset.checksum,
            described=self.provenance.described or DataDescription.of(self.dataset),
            loaded=self.dataset,
            origin=self.provenance.origin(),
            told=in_notebook,
            changes=trainer.made,
            parent=self.provenance.parent,
        )

    def _bytes(self) -> int:
        """What three checkpoints, weights and tables may come to at the most.

        Of an update's loss: 8 bytes in each checkpoint, and a line of losses.csv.
        """
        weights = sum(p.nbytes for p in self.trainer.network.params.values())
        slots = len(self.trainer.optimizer.state)
        return weights * (4 + 3 * slots) + 56 * self.trainer.iterations

    def _divergence(self, run: Run) -> str:
        at = self.trainer.divergence
        assert at is not None
        return paragraph(
            divergence_in_words(at),
            sentence("The weights before that update are kept in {path}.", path=run.path),
            sentence("--keep-going trains on anyway."),
        )


def divergence_in_words(at: Divergence) -> str:
    """Where a training left the finite numbers."""
    ended = NO_FINITE_WEIGHTS if at.has_loss else NO_FINITE_LOSS
    return sentence(ended, iteration=at.iteration + 1, loss=at.loss)


def advice_for(path: Path) -> str:
    """How to find out why the run in that folder does not learn, in the words of whoever says it."""
    return sentence("To find out what helps: {command}", command=command("doctor", path))


@contextmanager
def _saved_if_it_fails(checkpointer: Checkpointer) -> Iterator[None]:
    """Keep what was done when a listener fails, such as one whose standard output is gone."""
    try:
        yield
    except RunError:  # it was the checkpointer that failed
        raise
    except BaseException:
        try:
            checkpointer.save_between_updates()
        except FolderLost:
            raise
        except RunError:
            pass
        raise
