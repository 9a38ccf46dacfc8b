"""`zerokara run --keep NAME FILE`: what the file leaves behind becomes a run of kind "script".

The folder is made before the file is run, so that no script of hours ends with a name that cannot be used, and is taken
back where nothing came of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerokara.errors import RunError
from zerokara.findings import Findings
from zerokara.runner.checkup import Text, learners_names
from zerokara.runner.noted_calls import noted_calls
from zerokara.say import say
from zerokara.words import sentence

if TYPE_CHECKING:
    from zerokara.own_training.kept import Kept
    from zerokara.runs.folder import RunFolder

PLACE = Path("runs")


class Keeper:
    """Keeps what one run of a file leaves behind.

    Args:
        folder: new and empty.
        file: the learner's, as it is before it runs: it may write into itself, or remove itself.
    """

    def __init__(self, folder: RunFolder, file: Path) -> None:
        self.folder, self.file = folder, file
        self.digest = f"sha256:{sha256(file.read_bytes()).hexdigest()}"
        self.began, self.started = time.strftime("%Y-%m-%dT%H:%M:%S%z"), time.monotonic()
        self.seconds, self.written = 0.0, False
        self.kept: Kept | None = None
        self.of: dict[str, Any] = {}

    def look(self, names: Mapping[str, Any], sources: Sequence[Text]) -> None:
        """Note what the file has left behind, before anybody lets go of it."""
        from zerokara.own_training import Program, SourceText
        from zerokara.own_training.kept import kept_of
        from zerokara.own_training.known_data import known_data

        self.seconds = time.monotonic() - self.started
        calls, own = noted_calls.calls(), learners_names(names)
        self.kept = kept_of(Program([SourceText(*source) for source in sources], own), calls)
        known = known_data(own, calls, self.kept.sizes)
        if known is not None:
            self.of = {"dataset": known.dataset.name, "checksum": known.dataset.checksum, "scale": known.scale}

    def write(self, found: Findings, error: BaseException | None) -> bool:
        """Write it all and say where; whether there was anything and it could be written."""
        from zerokara.runs.scripts import write_script

        if not self.kept:
            text = sentence(
                "{file} left nothing to keep: neither a list of losses such as train_loss_list, nor one of accuracies, "
                "nor a network with parameters. {name} was not made.",
                file=self.file.name,
                name=self.folder.path.name,
            )
            say(text)
            return False
        told = {
            "file": "".join(letter if letter.isprintable() else "\ufffd" for letter in self.file.name),
            "digest": self.digest,
            "error": type(error).__name__ if error is not None else "",
            "began": self.began,
            "seconds": round(self.seconds, 6),
            **({"dataset": "", "checksum": "", "scale": 1.0} | self.of),
        }
        try:
            write_script(self.folder, self.kept, None if isinstance(error, KeyboardInterrupt) else found, told)
        except RunError as failed:
            say(str(failed))
            return False
        text = sentence(
            "{path} keeps what {file} left behind. Losses: {losses:,}. Accuracies: {accuracies:,}. Arrays of "
            "parameters: {params:,}.",
            path=self.folder.path,
            file=self.file.name,
            losses=len(self.kept.losses),
            accuracies=len(self.kept.evaluations),
            params=len(self.kept.params),
        )
        say(text)
        self.written = True
        return True


@contextmanager
def keeper(name: str | None, out: Path, file: Path) -> Iterator[Keeper | None]:
    """A keeper with a new folder; None without a name. The folder is taken back where nothing was written into it.

    Raises UsageError for a name that is no plain one, or exists; RunError where the folder cannot be made.
    """
    if name is None:
        yield None
        return
    from zerokara.runs.folder import RunFolder
    from zerokara.runs.removal import remove_from

    folder = RunFolder.create(out, name, "", option="--keep")
    made = Keeper(folder, file)
    try:
        yield made
    finally:
        if not made.written:
            with suppress(RunError):
                remove_from(folder.directory)
        folder.lock.release()
