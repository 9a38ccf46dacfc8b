"""When a run's folder is gone: what is in memory goes into a new one beside it, NAME-rescued, over nothing there is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from zerokara.errors import Code, RunError
from zerokara.runs.folder import RunFolder, make_first
from zerokara.runs.run import FINISHED, Run
from zerokara.runs.untrusted import command
from zerokara.words import paragraph, plural, sentence


class Rescued(RunError):
    """A run's folder was lost, and the run ended there; what was trained is in `run`, and in another folder."""

    code: Code = "run-lost"

    def __init__(self, run: Run, text: str) -> None:
        super().__init__(text)
        self.run = run


def rescue(
    lost: Path,
    reason: RunError,
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
            refused.append(_refusal(place, error))
            if folder is not None:
                shutil.rmtree(folder.path, ignore_errors=True)
    text = plural(
        "The run could be saved nowhere else, so its {n} update is lost.",
        "The run could be saved nowhere else, so its {n:,} updates are lost.",
        n=iterations,
    )
    raise RunError(paragraph(str(reason), text, *refused), "run-lost")


def _refusal(place: Path, error: OSError | RunError) -> str:
    if isinstance(error, RunError):
        return paragraph(sentence("Nothing could be saved in {place}.", place=place), str(error))
    reason = error.strerror or error
    return sentence("Nothing could be saved in {place}: {reason}.", place=place, reason=reason)


def _trouble(folder: RunFolder, run: Run, write: Callable[[RunFolder, Run], None]) -> str:
    try:
        write(folder, run)
    except RunError as error:
        return str(error)
    return ""


def _names(place: Path, name: str) -> Iterator[Path]:
    yield place / f"{name}-rescued"
    yield from (place / f"{name}-rescued-{number}" for number in count(2))


def _told(run: Run, reason: RunError, trouble: str) -> str:
    saved = plural(
        "All that was trained, {n} update, is saved in {path}.",
        "All that was trained, {n:,} updates, is saved in {path}.",
        n=run.iterations,
        path=run.path,
    )
    ended = "" if run.state == FINISHED else sentence("Training ended there.")
    go_on = sentence("Go on with: {command}", command=command("resume", run.path)) if trouble or ended else ""
    return paragraph(str(reason), saved, ended, trouble, go_on)
