"""Several runs as a page or a table shows them beside each other, each by a name of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zerokara.data.dataset import Dataset
from zerokara.findings import Findings
from zerokara.report.reported import Reported
from zerokara.runs.opening import open_run
from zerokara.runs.reporting import reported
from zerokara.runs.script_reporting import script_reported
from zerokara.runs.scripts import read_script_facts
from zerokara.runs.untrusted import is_script


def side_by_side(folders: Sequence[Path], data_dir: str | os.PathLike[str] | None = None) -> list[Reported]:
    """The runs in these folders, or what scripts left, told apart by their names, without asking the doctor.

    Data are read once. Raises as `open_run` does.
    """
    data: dict[tuple[str, str], Dataset] = {}
    read: list[Reported] = []
    for folder, name in zip(folders, told_apart(folders), strict=True):
        if is_script(folder):
            facts = read_script_facts(folder)
            key = (facts.dataset, facts.checksum)
            one = script_reported(folder, data_dir, loaded=data.get(key))
        else:
            run = open_run(folder)
            key = (run.recipe.dataset, run.checksum)
            one = reported(replace(run, loaded=data.get(key)), findings=Findings(), data_dir=data_dir)
        if one.dataset is not None:
            data[key] = one.dataset
        read.append(replace(one, name=name))
    return read


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
