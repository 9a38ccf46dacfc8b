"""Several runs as a page or a table shows them beside each other, each by a name of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from zerokara.data.dataset import Dataset
from zerokara.errors import UsageError
from zerokara.findings import Findings
from zerokara.report.differences import Comparison
from zerokara.report.reported import Reported
from zerokara.runs.opening import open_run
from zerokara.runs.reporting import reported
from zerokara.runs.run import Run
from zerokara.runs.script_reporting import script_reported
from zerokara.runs.scripts import read_script_facts
from zerokara.runs.untrusted import checked_folder, is_script
from zerokara.words import sentence, translatable

TOO_FEW = translatable("Say which runs to compare: two or more. Got {n}.")


def compare(*runs: Run | str | os.PathLike[str], data_dir: str | os.PathLike[str] | None = None) -> Comparison:
    """Two or more runs side by side: what differs, by how much the others are righter than the first, and where.

    Args:
        runs: runs in memory, or paths of their folders.
        data_dir: where to look for their data first.

    Returns:
        A comparison, which a notebook shows as the page does. Nothing is trained again or written.

    Raises UsageError for fewer than two, and as `open_run` does.
    """
    if len(runs) < 2:
        raise UsageError(sentence(TOO_FEW, n=len(runs)), "missing-argument")
    return Comparison(tuple(side_by_side(runs, data_dir)), shown=_in_notebook)


def _in_notebook(trainings: Sequence[Reported]) -> str:
    from zerokara.report.page import fragment

    return fragment(trainings)


def side_by_side(
    runs: Sequence[Run | str | os.PathLike[str]], data_dir: str | os.PathLike[str] | None = None
) -> list[Reported]:
    """Runs, or what scripts left in folders, told apart by their names, without asking the doctor.

    Data are read once. Raises as `open_run` does.
    """
    data: dict[tuple[str, str], Dataset] = {}
    names = told_apart([run.path if isinstance(run, Run) else checked_folder(run) for run in runs])
    read: list[Reported] = []
    for run, name in zip(runs, names, strict=True):
        one = _reported(run, data, data_dir)
        if one.dataset is not None:
            data[one.dataset.name, one.dataset.checksum] = one.dataset
        read.append(replace(one, name=name))
    return read


def _reported(
    run: Run | str | os.PathLike[str],
    data: Mapping[tuple[str, str], Dataset],
    data_dir: str | os.PathLike[str] | None,
) -> Reported:
    """One of them, with the data of an earlier one where those are its own."""
    if not isinstance(run, Run) and is_script(folder := Path(run)):
        facts = read_script_facts(folder)
        return script_reported(folder, data_dir, loaded=data.get((facts.dataset, facts.checksum)))
    opened = run if isinstance(run, Run) else open_run(run)
    loaded = opened.loaded or data.get((os.path.basename(opened.recipe.dataset), opened.checksum))
    return reported(replace(opened, loaded=loaded), findings=Findings(), data_dir=data_dir)


def told_apart(paths: Sequence[Path]) -> list[str]:
    """The name of each folder, with as many of those above it as it takes, but no home's; then with a number.

    >>> told_apart([Path("taro/runs/mnist-001"), Path("hanako/runs/mnist-001"), Path("runs/wide")])
    ['taro/runs/mnist-001', 'hanako/runs/mnist-001', 'wide']
    >>> told_apart([Path("runs/wide"), Path("runs/wide")])
    ['wide', 'wide (2)']
    """
    parts = [_parts(path) for path in paths]
    names = [_shortest(own, parts) for own in parts]
    before = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, before, strict=True)]


def _parts(path: Path) -> tuple[str, ...]:
    """The names on the way to a folder, but for those of the home that it lies in: whose that is stays unsaid."""
    whole, homes = path.resolve(), Path.home().parent
    if whole.is_relative_to(Path.home()):
        return whole.relative_to(Path.home()).parts
    if homes != homes.parent and whole.is_relative_to(homes):
        return whole.relative_to(homes).parts[1:]
    return whole.relative_to(whole.anchor).parts


def _shortest(own: tuple[str, ...], parts: Sequence[tuple[str, ...]]) -> str:
    others = [other for other in parts if other != own]
    depths = (n for n in range(1, len(own)) if all(other[-n:] != own[-n:] for other in others))
    return "/".join(own[-next(depths, len(own)) :])
