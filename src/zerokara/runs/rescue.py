"""When a run's folder is gone: what is in memory goes into a new one beside it, NAME-rescued, over nothing there is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from zerokara.errors import RunError
from zerokara.runs.folder import RunFolder, make_first
from zerokara.runs.run import FINISHED, Run
from zerokara.runs.untrusted import command
from zerokara.words import sentence


class Rescued(RunError):
    """A run's folder was lost, and the run ended there; what was trained is in `run`, and in another folder."""

    def __init__(self, run: Run, text: str) -> None:
        super().__init__(text)
        self.run = run


def rescue(
    lost: Path,
    reason: object,
    iterations: int,
    save: Callable[[RunFolder], Run],
    write: Callable[[RunFolder, Run], None],
) -> Rescued:
    """Keep a run in a new folder: `save` what is needed to go on, then `write` the other files as far as possible.

    Raises RunError where no place can be found.
    """
    refused: list[str] = []
    # Beside the lost one its user looks first; the temporary folder may be on another disk, where that one is full.
    for place in (lost.parent, Path(tempfile.gettempdir())):
        folder = None
        try:
            place.mkdir(parents=True, exist_ok=True)
            folder = RunFolder(make_first(_names(place, lost.name)))
            with folder.lock:
                run = save(folder)
                return Rescued(run, _told(run, reason, _trouble(folder, run, write)))
        except (OSError, RunError) as error:
            refused.append(sentence("{place}: {reason}", place=place, reason=getattr(error, "strerror", None) or error))
            if folder is not None:
                shutil.rmtree(folder.path, ignore_errors=True)
    text = "{reason} It could be saved nowhere else, so its {n:,} updates are lost. {refused}"
    raise RunError(sentence(text, reason=reason, n=iterations, refused=" ".join(refused)))


def _trouble(folder: RunFolder, run: Run, write: Callable[[RunFolder, Run], None]) -> str:
    try:
        write(folder, run)
    except RunError as error:
        return str(error)
    return ""


def _names(place: Path, name: str) -> Iterator[Path]:
    yield place / f"{name}-rescued"
    yield from (place / f"{name}-rescued-{number}" for number in count(2))


def _told(run: Run, reason: object, trouble: str) -> str:
    text = "{reason} All that was trained, {n:,} updates, is saved in {path}."
    if run.state != FINISHED:
        text += " Training ended there."
    if trouble:
        text += " {trouble}"
    if trouble or run.state != FINISHED:
        text += " Go on with: {command}"
    facts = {"reason": reason, "path": run.path, "trouble": trouble, "command": command("resume", run.path)}
    return sentence(text, n=run.iterations, **facts)
