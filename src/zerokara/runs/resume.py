"""Going on with a run that lies in a folder, so that in the end nobody can tell that it had been interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from zerokara.data.catalog import Progress
from zerokara.errors import RunError, UsageError
from zerokara.runs.assemble import Assembly, put_together
from zerokara.runs.checkpoint import Checkpoint
from zerokara.runs.folder import RunFolder
from zerokara.runs.keeper import newest
from zerokara.runs.reading import check_folder, command, read_recipe
from zerokara.runs.results import check_results
from zerokara.runs.run import DIVERGED, FINISHED, same_data
from zerokara.training.events import Listener
from zerokara.training.recipe import LENGTHS, Recipe
from zerokara.words import sentence


@dataclass(frozen=True)
class Reopened:
    """A run that is ready to go on.

    Attributes:
        assembly, folder: `assembly.run_into(folder, …)` goes on; the folder is locked until then.
        notes: what its user should know: damaged checkpoints passed over, differences that were forced.
    """

    assembly: Assembly
    folder: RunFolder
    notes: tuple[str, ...]


class Finished(RunError):
    """There is nothing to resume: the run is finished."""


def reopen(
    path: str | Path,
    *,
    iterations: int | None = None,
    epochs: int | None = None,
    force: bool = False,
    keep_going: bool = False,
    threads: int | None = None,
    data_dir: str | Path | None = None,
    listeners: Sequence[Listener] = (),
    progress: Progress | None = None,
) -> Reopened:
    """Read a run from its folder and put everything together where its newest whole checkpoint was made.

    Args:
        path: the run's folder.
        iterations, epochs: how long the whole run shall be instead of what its recipe says; at most one of them.
        force: whether to go on where versions or processor differ, so that equal bits are not promised.
        keep_going: whether to go on when losses or weights are no longer finite.
        threads, data_dir, listeners, progress: as in `zerokara.train`.

    Raises:
        Finished: it has all its updates, and its files.
        NothingBegun: there is no checkpoint in it.
        RunError: it is not a run, is damaged, is being trained, diverged, or cannot go on exactly.
        DataError, EngineError: its data or its engine are not here.
        UsageError: for lengths that cannot be used.
    """
    check_folder(Path(path))
    folder = RunFolder(Path(path))
    recipe = read_recipe(folder.path)
    newest(folder.path, recipe)  # a folder that is no run's is refused before a lock is put into it
    folder.lock.take()
    try:
        checkpoint, passed_over = newest(folder.path, recipe)
        _refuse_diverged(folder.path, checkpoint, keep_going)
        dataset = same_data(recipe, checkpoint.facts["data"], data_dir, progress=progress)
        assembly = put_together(
            _of_length(recipe, iterations, epochs),
            dataset,
            engine=checkpoint.facts["engine"],
            threads=threads,
            keep_going=keep_going or checkpoint.facts["keep_going"],
            listeners=listeners,
        )
        _refuse_length(folder.path, recipe, checkpoint, assembly)
        differences = _differences(checkpoint.facts, assembly.facts)
        if differences and not force:
            raise _inexact(folder.path, differences)
        assembly = _where(checkpoint, assembly, differences)
        folder.check_in_place()
    except BaseException:
        folder.lock.release()
        raise
    notes = [sentence("{reason} The checkpoint before it is taken.", reason=reason) for reason in passed_over]
    notes += [sentence("{what}: the result may differ in its last digits.", what=what) for what in differences]
    return Reopened(assembly, folder, tuple(notes))


def check_same_recipe(path: Path, wanted: Recipe) -> None:
    """Raise UsageError where the run in `path` was begun with another recipe than this complete one, lengths aside."""
    kept = read_recipe(path)
    for field in fields(Recipe):
        then, now = getattr(kept, field.name), getattr(wanted, field.name)
        if then != now and field.name not in LENGTHS:
            raise UsageError(
                sentence(
                    "{path} was begun with {name} {then!r}. Got {now!r}; nothing was changed. Choose another --name.",
                    path=path,
                    name=field.name,
                    then=then,
                    now=now,
                )
            )


def _of_length(recipe: Recipe, iterations: int | None, epochs: int | None) -> Recipe:
    if iterations is None and epochs is None:
        return recipe
    return replace(recipe, iterations=iterations, epochs=epochs)


def _where(checkpoint: Checkpoint, assembly: Assembly, differences: list[str]) -> Assembly:
    """The assembly, its trainer where the checkpoint was made, with the facts that the run began with."""
    checkpoint.restore(assembly.trainer)
    kept = {name: checkpoint.facts[name] for name in ("began", "threads")}
    forced = checkpoint.facts["forced"] + [f"{what}, from update {checkpoint.iteration}" for what in differences]
    return replace(assembly, facts={**assembly.facts, **kept, "forced": forced[-50:]}, whole=(checkpoint.iteration,))


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What exactness depends on and is not as it was, in words."""
    words = {"zerokara": "zerokara", "numpy": "NumPy", "level": "processor level"}
    return [
        sentence("{what} was {then} and is {now} here", what=words[name], then=then[name], now=now[name])
        for name in words
        if then[name] != now[name]
    ]


def _inexact(path: Path, differences: list[str]) -> RunError:
    return RunError(
        sentence(
            "{path} cannot go on exactly: {differences}. Nothing was changed. Go on anyway with: {command}",
            path=path,
            command=command("resume", path, "--force"),
            differences="; ".join(differences),
        )
    )


def _refuse_diverged(path: Path, checkpoint: Checkpoint, keep_going: bool) -> None:
    if checkpoint.facts["state"] == DIVERGED and not keep_going:
        raise RunError(
            sentence(
                "{path} ended because update {iteration:,} gave numbers that are not finite, and would again. Start a "
                "new run with another recipe, or go on anyway with: {command}",
                path=path,
                command=command("resume", path, "--keep-going"),
                iteration=checkpoint.iteration + 1,
            )
        )


def _refuse_length(path: Path, recipe: Recipe, checkpoint: Checkpoint, assembly: Assembly) -> None:
    """Raise where there is nothing left to do, or where less is asked for than was done."""
    done, total = checkpoint.iteration, assembly.trainer.iterations
    if list(assembly.trainer.network.sizes) != checkpoint.sizes:
        raise RunError(
            sentence(
                "{path} cannot go on: its data now give a network of {now}, not of {then}.",
                path=path,
                now=assembly.trainer.network.sizes,
                then=checkpoint.sizes,
            )
        )
    if done > total:
        raise UsageError(
            sentence(
                "{path} has {done:,} updates already. Got {total:,}; expected more. Nothing was changed.",
                path=path,
                done=done,
                total=total,
            )
        )
    if done == total and checkpoint.facts["state"] == FINISHED and _has_its_files(path, recipe, checkpoint):
        raise Finished(
            sentence(
                "{path} is finished, with {done:,} updates. For more: {command}",
                path=path,
                done=done,
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
