"""Going on with a run that lies in a folder, so that in the end nobody can tell that it had been interrupted."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

from zerokara.data.catalog import Progress
from zerokara.errors import Code, RunError, UsageError
from zerokara.runs.checkpoint import Checkpoint
from zerokara.runs.folder import RunFolder
from zerokara.runs.machine import Environment
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.results import check_results, passed_over_for_an_older_one
from zerokara.runs.run import DIVERGED, FINISHED, same_data
from zerokara.runs.store import newest
from zerokara.runs.untrusted import checked_folder, command, read_recipe
from zerokara.training.events import Listener
from zerokara.training.recipe import LENGTHS, Recipe
from zerokara.words import in_english, paragraph, plural, sentence, translatable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reopened:
    """A run that is ready to go on.

    Attributes:
        prepared, folder: `prepared.run_into(folder, …)` goes on; the folder is locked until then.
        notes: what its user should know: damaged checkpoints passed over, differences that were forced.
    """

    prepared: PreparedRun
    folder: RunFolder
    notes: tuple[str, ...]


CHANGED = {
    "zerokara": translatable("zerokara was {then} and is {now} here."),
    "numpy": translatable("NumPy was {then} and is {now} here."),
    "level": translatable("The processor level was {then} and is {now} here."),
}
"""What is said of each field of `Environment`."""


class Difference(NamedTuple):
    """What exactness depends on and is not as it was: a field of `Environment`, then and now."""

    name: str
    then: str
    now: str

    def in_words(self) -> str:
        """A sentence for people."""
        return sentence(CHANGED[self.name], then=self.then, now=self.now)

    def recorded(self, iteration: int) -> str:
        """What checkpoints and run.json say, in every language, of going on all the same after that update."""
        return in_english(
            "{name} was {then} and is {now} here, from update {iteration}", **self._asdict(), iteration=iteration
        )


class Finished(RunError):
    """There is nothing to resume: the run is finished."""

    code: Code = "run-finished"


def reopen(
    path: str | os.PathLike[str],
    *,
    iterations: int | None = None,
    epochs: int | None = None,
    force: bool = False,
    keep_going: bool = False,
    threads: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    listeners: Sequence[Listener] = (),
    progress: Progress | None = None,
) -> Reopened:
    """Read a run from its folder and prepare it to go on where its newest undamaged checkpoint was made.

    Args:
        path: the run's folder.
        iterations, epochs: how long the run shall be in all, instead of what its recipe says; at most one of them.
        force: whether to go on where versions or processor differ, so that equal bits are not promised.
        keep_going: whether to go on when losses or weights are no longer finite.
        threads, data_dir, listeners, progress: as in `zerokara.train`.

    Raises:
        Finished: it has all its updates, and its files.
        NothingBegun: there is no checkpoint in it.
        RunError: it is not a run, is damaged, is being trained, diverged, or cannot go on exactly.
        DataError, EngineError: its data or its engine are not here.
        UsageError: for lengths that cannot be used, and what is no path.
    """
    folder = RunFolder(checked_folder(path))
    recipe = read_recipe(folder.path)
    newest(folder.path, recipe)  # a folder that is no run's is refused before a lock is put into it
    folder.lock.take()
    try:
        checkpoint, passed_over = newest(folder.path, recipe)
        _refuse_diverged(folder.path, checkpoint, keep_going)
        before = checkpoint.provenance
        prepared = prepare_run(
            _of_length(recipe, iterations, epochs),
            same_data(recipe, before.data, data_dir, progress=progress),
            engine=before.engine,
            threads=threads,
            keep_going=keep_going or before.keep_going,
            listeners=listeners,
        )
        _refuse_length(folder.path, recipe, checkpoint, prepared)
        differences = differences_of(before.environment, prepared.provenance.environment)
        if differences and not force:
            raise _inexact(folder.path, differences)
        prepared = _continuing(checkpoint, prepared, differences)
        folder.check_in_place()
    except BaseException:
        folder.lock.release()
        raise
    logger.info("going on from %s, after update %d", checkpoint.path, checkpoint.iteration)
    notes = [passed_over_for_an_older_one(error).text for error in passed_over]
    may_differ = sentence("The result may differ in its last digits.")
    notes += [paragraph(difference.in_words(), may_differ) for difference in differences]
    return Reopened(prepared, folder, tuple(notes))


def check_same_recipe(path: Path, wanted: Recipe) -> None:
    """Raise UsageError where the run in `path` was begun with another recipe than this resolved one, lengths aside."""
    recorded = read_recipe(path)
    for field in fields(Recipe):
        then, now = getattr(recorded, field.name), getattr(wanted, field.name)
        if then != now and field.name not in LENGTHS:
            raise UsageError(
                sentence(
                    "{path} was begun with {name} {then!r}. Got {now!r}; nothing was changed. Choose another --name.",
                    path=path,
                    name=field.name,
                    then=then,
                    now=now,
                ),
                "wrong-recipe",
            )


def _of_length(recipe: Recipe, iterations: int | None, epochs: int | None) -> Recipe:
    if iterations is None and epochs is None:
        return recipe
    return replace(recipe, iterations=iterations, epochs=epochs)


def _continuing(checkpoint: Checkpoint, prepared: PreparedRun, differences: list[Difference]) -> PreparedRun:
    """The same, its trainer where the checkpoint was made, with the provenance that the run began with."""
    checkpoint.restore(prepared.trainer)
    forced = [difference.recorded(checkpoint.iteration) for difference in differences]
    provenance = prepared.provenance.continuing(checkpoint.provenance, forced)
    return replace(prepared, provenance=provenance, intact=(checkpoint.iteration,))


def differences_of(then: Environment, now: Environment) -> list[Difference]:
    """The fields of `Environment` in which two are not alike."""
    pairs = zip(Environment._fields, then, now, strict=True)
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def _inexact(path: Path, differences: list[Difference]) -> RunError:
    anyway = command("resume", path, "--force")
    return RunError(
        paragraph(
            sentence("{path} cannot go on exactly.", path=path),
            *(difference.in_words() for difference in differences),
            sentence("Nothing was changed. Go on anyway with: {command}", command=anyway),
        )
    )


def _refuse_diverged(path: Path, checkpoint: Checkpoint, keep_going: bool) -> None:
    if checkpoint.state == DIVERGED and not keep_going:
        raise RunError(
            sentence(
                "{path} ended because update {iteration:,} gave numbers that are not finite, and would again. Start a "
                "new run with another recipe, or go on anyway with: {command}",
                path=path,
                command=command("resume", path, "--keep-going"),
                iteration=checkpoint.iteration + 1,
            ),
            "diverged",
        )


def _refuse_length(path: Path, recipe: Recipe, checkpoint: Checkpoint, prepared: PreparedRun) -> None:
    """Raise where there is nothing left to do, or where less is asked for than was done."""
    done, total = checkpoint.iteration, prepared.trainer.iterations
    if list(prepared.trainer.network.sizes) != checkpoint.facts.sizes:
        raise RunError(
            sentence(
                "{path} cannot go on: its data now give a network of {now}, not of {then}.",
                path=path,
                now=prepared.trainer.network.sizes,
                then=checkpoint.facts.sizes,
            ),
            "data",
        )
    if done > total:
        raise UsageError(
            plural(
                "{path} has {n} update already. Got {total:,}; expected more. Nothing was changed.",
                "{path} has {n:,} updates already. Got {total:,}; expected more. Nothing was changed.",
                n=done,
                path=path,
                total=total,
            ),
            "wrong-value",
        )
    if done == total and checkpoint.state == FINISHED and _has_its_files(path, recipe, checkpoint):
        raise Finished(
            plural(
                "{path} is finished, with {n} update. For more: {command}",
                "{path} is finished, with {n:,} updates. For more: {command}",
                n=done,
                path=path,
                command=command("resume", path, "--iterations", 2 * done),
            )
        )


def _has_its_files(path: Path, recipe: Recipe, checkpoint: Checkpoint) -> bool:
    """Whether the process that finished the run lived to write its files, and they are still what it wrote."""
    try:
        results = check_results(path, recipe, checkpoint)
    except RunError:
        return False
    return results.written and not results.remarks
