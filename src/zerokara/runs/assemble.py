"""The one place that puts recipe, data, network, engine, trainer and listeners together."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.data import Dataset, load
from zerokara.data.catalog import Progress
from zerokara.data.entries import ENTRIES
from zerokara.engine import choose_engine
from zerokara.errors import RunError, UsageError
from zerokara.finalization import working
from zerokara.nn.network import Network
from zerokara.runs.files import describe, now, pictures, run_files, run_json
from zerokara.runs.folder import ROOM_FOR_REPORTS, FolderLost, RunFolder
from zerokara.runs.interrupt import Interrupted, Signals, stop_on_signals
from zerokara.runs.keeper import Keeper, prepare
from zerokara.runs.machine import blas_threads, limited_to, surroundings
from zerokara.runs.reading import check_folder, command, read_recipe
from zerokara.runs.rescue import Rescued, rescue
from zerokara.runs.results import Results, read_whole
from zerokara.runs.run import DIVERGED, UNFINISHED, Run, state_of
from zerokara.runs.verify import recorded_recipe
from zerokara.training.batches import WEIGHTS, generator
from zerokara.training.events import Listener
from zerokara.training.recipe import Recipe, overridden
from zerokara.training.trainer import Trainer
from zerokara.words import sentence

__all__ = ["Assembly", "Diverged", "Run", "assemble", "build_network", "describe", "open_run", "train"]


class Diverged(RunError):
    """A run ended because its numbers were no longer finite; what it was before that is in `run`, and on disk."""

    def __init__(self, run: Run, text: str) -> None:
        super().__init__(text)
        self.run = run


@working()
def train(
    dataset: str | Path | None = None,
    *,
    recipe: Recipe | None = None,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | Path | None = None,
    out: str | Path = "runs",
    name: str | None = None,
    plots: bool = True,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
    **options: Any,
) -> Run:
    """Train a network and keep the run on disk: `zerokara train` as a function.

    Args:
        dataset: "mnist" (the default), "fashion-mnist", "kmnist", "digits", or a folder of your own.
        recipe: where fields come from that are neither `dataset` nor in `options`.
        engine: "auto", "compiled" or "reference"; threads: how many the compiled one uses, by default all it may.
        data_dir: where to look for data first.
        out: the folder that run folders are made in; name: the run folder's name, by default a number.
        plots: whether to draw loss.png and accuracy.png.
        keep_going: whether to go on when losses or weights are no longer finite.
        listeners: called with every event (`zerokara.training.events`).
        **options: the fields of `zerokara.Recipe`, such as hidden=50 or learning_rate=0.1.

    Raises UsageError for values that cannot be used, DataError for data, RunError for the folder and, as `Diverged`,
    for numbers that are no longer finite. Ctrl-C stops after the update being done, writes what there is, and raises
    `Interrupted`, a KeyboardInterrupt with the run.
    """
    if not isinstance(recipe, Recipe | None):
        raise UsageError(sentence("recipe must be a zerokara.Recipe. Got {got!r:.80}.", got=recipe))
    given = options if dataset is None else {"dataset": dataset, **options}
    recipe = overridden({} if recipe is None else asdict(recipe), given)
    assembly = assemble(
        recipe, engine=engine, threads=threads, data_dir=data_dir, keep_going=keep_going, listeners=listeners
    )
    folder = RunFolder.create(Path(out), name, recipe.dataset)
    return assembly.run_into(folder, plots=plots)


def open_run(path: str | Path) -> Run:
    """A run as it lies in its folder, after its newest whole checkpoint: recipe, history and network.

    Nothing is written, and a run that is still being trained can be opened too. A warning says when the newest
    checkpoint is damaged and the one before is taken, and when run.json, recipe.toml or a CSV file contradicts it.
    Raises RunError for what is not the folder of a run, and where weights.safetensors is damaged.
    """
    run, results = open_with_remarks(path)
    if results.remarks:
        warnings.warn(sentence("{path}: {remarks}", path=path, remarks=" ".join(results.remarks)), stacklevel=2)
    return run


def open_with_remarks(path: str | Path) -> tuple[Run, Results]:
    """What `open_run` does, with what is to be said about the folder's files instead of warnings."""
    folder = Path(path)
    check_folder(folder)
    recipe = read_recipe(folder)
    checkpoint, passed_over, results = read_whole(folder, recipe)
    for reason in passed_over:
        results.remarks.append(sentence("{reason} The checkpoint before it is taken.", reason=reason))
    network = _network(recipe, checkpoint.sizes)
    network.params = checkpoint.params
    facts = checkpoint.facts
    return Run(folder, recipe, network, checkpoint.history, facts["engine"], facts["state"], facts["data"]), results


@dataclass(frozen=True)
class Assembly:
    """Everything a run needs, put together and ready to go.

    Attributes:
        facts: what its checkpoints record besides the state; see `zerokara.runs.keeper.Keeper`.
        whole: iterations of the checkpoints in the folder that are whole; none for a new run.
    """

    recipe: Recipe
    dataset: Dataset
    trainer: Trainer
    facts: dict[str, Any]
    whole: tuple[int, ...] = ()

    @working()
    def run_into(self, folder: RunFolder, *, plots: bool) -> Run:
        """Train, and keep the run in a folder that nobody else writes into meanwhile.

        Where the folder is renamed or moved meanwhile, the run follows it. Raises RunError where it cannot be kept,
        `Rescued` where the folder was removed and another one holds the run now, `Diverged` and `Interrupted` when it
        ended before its time.
        """
        if not self.whole:
            folder.check_space(ROOM_FOR_REPORTS + self._bytes())
        with folder.lock, stop_on_signals(self.trainer.stop) as signals:
            try:
                run = self._run_in(folder, plots, signals)
            except FolderLost as lost:
                raise self._rescued(folder, lost) from lost
        if run.state == DIVERGED:
            raise Diverged(run, self._divergence(run))
        if run.stopped:
            raise Interrupted(run)
        return run

    def _run_in(self, folder: RunFolder, plots: bool, signals: Signals) -> Run:
        keeper = self._train(folder)
        run = self._run(folder.directory.last_seen())
        self._write_files(folder, run, keeper)
        if plots:
            folder.write_all(pictures(run, lambda: signals.count > run.stopped))
        return replace(run, path=folder.where())

    def _train(self, folder: RunFolder) -> Keeper:
        trainer = self.trainer
        prepare(folder, fresh=not self.whole)
        folder.write("recipe.toml", self.recipe.to_toml())
        begun = replace(self._run(folder.directory.last_seen()), state=UNFINISHED)
        folder.write("run.json", run_json(begun, self.facts))
        keeper = Keeper(folder, trainer, self.facts, self.whole)
        trainer.listeners = [keeper, *trainer.listeners]
        with limited_to(self.facts["threads"]), _saved_if_it_fails(keeper):
            trainer.run()
        return keeper

    def _write_files(self, folder: RunFolder, run: Run, keeper: Keeper) -> None:
        """Weights and CSV, then run.json: what that calls finished has all its files."""
        try:
            folder.write_all(run_files(run))
            folder.write("run.json", run_json(run, self.facts))
        except FolderLost:
            raise
        except RunError as error:
            if keeper.intact() != run.iterations:
                raise FolderLost(str(error)) from error
            text = sentence(
                "{error}\nNothing that was trained is lost: make room, then write them with: {command}",
                error=error,
                command=command("resume", folder.where()),
            )
            raise RunError(text) from error

    def _rescued(self, folder: RunFolder, lost: FolderLost) -> Rescued:
        """What is in memory, in another folder: everything up to the last update that was done."""
        trainer = self.trainer
        trainer.stop[0] = 1

        def save(place: RunFolder) -> Run:
            place.write("recipe.toml", self.recipe.to_toml())
            Keeper(place, trainer, self.facts).save()
            return self._run(place.path)

        def write(place: RunFolder, run: Run) -> None:
            place.write_all(run_files(run))
            place.write("run.json", run_json(run, self.facts))

        return rescue(folder.directory.last_seen(), lost, trainer.iteration, save, write)

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
            loaded=self.dataset,
        )

    def _bytes(self) -> int:
        """What three checkpoints, weights and CSV may come to at the most."""
        weights = sum(p.nbytes for p in self.trainer.network.params.values())
        slots = len(self.trainer.optimizer.state)
        return weights * (4 + 3 * slots) + 56 * self.trainer.iterations

    def _divergence(self, run: Run) -> str:
        at = self.trainer.divergence
        assert at is not None
        return sentence(
            "Update {iteration:,} made {what}, so the run ended there; the weights before it are kept in {path}. Try a "
            "smaller --learning-rate (it was {rate:g}), --init he or xavier, or another loss; --keep-going trains on "
            "anyway.",
            iteration=at.iteration + 1,
            what=sentence("weights that are not finite") if at.has_loss else sentence("a loss of {loss}", loss=at.loss),
            path=run.path,
            rate=self.trainer.optimizer.settings["learning_rate"],
        )


def assemble(
    recipe: Recipe,
    *,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | Path | None = None,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
    progress: Progress | None = None,
) -> Assembly:
    """Load the data and build network, optimizer, batches, engine and trainer from a recipe."""
    recipe = recipe.completed()
    dataset = load(recipe.dataset, data_dir=data_dir, progress=progress)
    return put_together(
        with_whole_path(recipe), dataset, engine=engine, threads=threads, keep_going=keep_going, listeners=listeners
    )


def put_together(
    recipe: Recipe,
    dataset: Dataset,
    *,
    engine: str,
    threads: int | None = None,
    keep_going: bool = False,
    listeners: Sequence[Listener] = (),
) -> Assembly:
    """What `assemble` does, with a complete recipe and data that are loaded."""
    batches = recipe.make_batches(len(dataset.train))
    network = build_network(recipe, dataset)
    density = (
        dataset.train.density if recipe.gradient == "backprop" else 0.0
    )  # differences are always compiled if possible
    optimizer = recipe.make_optimizer()
    optimizer.prepare(network.params)
    trainer = Trainer(
        network=network,
        optimizer=optimizer,
        dataset=dataset,
        batches=batches,
        engine=choose_engine(engine, network, recipe.batch_size, optimizer=optimizer, threads=threads, density=density),
        iterations=recipe.total(batches.per_epoch),
        evaluate_every=recipe.evaluate_every or batches.per_epoch,
        gradient=recipe.gradient,
        listeners=listeners,
        keep_going=keep_going,
    )
    facts = {
        **surroundings(trainer.engine),
        "engine": trainer.engine.name,
        "threads": blas_threads(),
        "data": dataset.checksum,
        "recipe": recorded_recipe(recipe),
        "began": now(),
        "keep_going": keep_going,
        "forced": [],
    }
    return Assembly(recipe, dataset, trainer, facts)


def build_network(recipe: Recipe, dataset: Dataset) -> Network:
    """The network that a complete recipe describes, for these data, with its initial weights."""
    return _network(recipe, [dataset.train.pixels.shape[1], *recipe.hidden, len(dataset.class_names)])


def with_whole_path(recipe: Recipe) -> Recipe:
    """The same recipe, with the whole path of a folder of one's own, so that a run finds its data from anywhere."""
    if recipe.dataset in ENTRIES:
        return recipe
    return replace(recipe, dataset=os.path.abspath(os.path.expanduser(recipe.dataset)))


@np.errstate(over="ignore")  # weights that begin infinite are the trainer's to name
def _network(recipe: Recipe, sizes: Sequence[int]) -> Network:
    return Network(
        sizes,
        activation=recipe.activation,
        loss=recipe.loss,
        init=recipe.init,
        seed=generator(recipe.seed, WEIGHTS),
        dtype=recipe.dtype,
        weight_decay=recipe.weight_decay,
    )


@contextmanager
def _saved_if_it_fails(keeper: Keeper) -> Iterator[None]:
    """Keep what was done when a listener fails, such as one whose standard output is gone."""
    try:
        yield
    except RunError:  # it was the keeper that failed
        raise
    except BaseException:
        try:
            keeper.save_if_whole()
        except FolderLost:
            raise
        except RunError:
            pass
        raise
