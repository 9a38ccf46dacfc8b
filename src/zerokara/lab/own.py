"""A learner's own training, shown while it goes on: what their script or notebook trains, read from its names.

    lab = OwnLab(Path("train.py"))
    LabServer(lab)                      # or lab.connect(send), as with `Lab`
    lab.look(names)                     # in the learner's thread, now and then while it trains
    lab.end(findings, status, error)    # once it has ended

In a notebook, `lab.begin(cells)` says before each cell what is run by then, and `end` after each that it has ended.

Whatever touches a learner's object is done in `look`, in their thread, and what it finds is copied there. Everybody
else reads those copies. Nothing can be steered.
"""

from __future__ import annotations

import _thread
import logging
from collections.abc import Iterable, Mapping
from importlib.util import decode_source
from pathlib import Path
from threading import Lock
from typing import Any

from zerokara.cells import printable
from zerokara.data import Dataset
from zerokara.data.description import DataDescription
from zerokara.errors import INTERRUPTED, UsageError
from zerokara.findings import Findings
from zerokara.lab import own_data
from zerokara.lab.own_reading import Reader, Seen
from zerokara.lab.own_source import NOTHING, Measured, OwnSource, network_of
from zerokara.lab.own_texts import INSTEAD
from zerokara.lab.shown import Glance, Greeting, told_of_data
from zerokara.lab.subject import Subject
from zerokara.lab.texts import texts
from zerokara.lab.view import Viewable
from zerokara.own_training.program import Program, SourceText
from zerokara.training.recipe import Recipe
from zerokara.words import sentence, translatable

logger = logging.getLogger(__name__)

RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
MOST_LINES, LONGEST_LINE = 3_000, 500
"""Of a script, that a page is told; a greeting has a quarter of a megabyte."""
MOST_LETTERS = 120_000

# Translators: this and the next ones say how a learner's script or the cell of their notebook stands
STARTED = translatable("No training has been seen yet.")
LOSSES = translatable("Training. Losses recorded: {n:,}.")
TURNS = translatable("Training. Turns of its loop that were looked at: {n:,}.")
ENDED = translatable("It has ended. What is shown stays as it was then.")
WAS_STOPPED = translatable("It was stopped. What is shown stays as it was then.")
# Translators: {kind} is the name of an error of Python's, such as ValueError
BROKE_OFF = translatable("It ended with an error: {kind}. What is shown stays as it was then.")
EXITED = translatable("It ended with exit status {status}. What is shown stays as it was then.")


class OwnLab(Viewable):
    """A learner's training and those who watch it.

    Args:
        file: the script, as messages and findings name it.
        sources: its text, or its cells; None: what the file holds now.
        notebook: whether these are cells of a kernel, and more may come.

    Attributes:
        reader: reads their names; used by their thread alone, but for its curves.
    """

    def __init__(
        self, file: Path, sources: Iterable[SourceText | tuple[Any, ...]] | None = None, *, notebook: bool = False
    ) -> None:
        super().__init__()
        self.commands, self.questions = {}, {}
        self.file = file
        self.texts = _texts_of(file) if sources is None else _texts(sources)
        self._version, self._notebook = 0, notebook
        self.reader = Reader(Program(self.texts, {}))
        self._seen = Seen()
        self._looked = False
        self._dataset: Dataset | None = None
        self._dataset_number = 0
        self._described: tuple[Dataset | None, DataDescription | None] = None, None
        self._measured = Measured()
        self._state, self._problem = RUNNING, ""
        self._findings: list[dict[str, Any]] = []
        self._key: tuple[Any, ...] = ()
        self._lock = Lock()

    # By the learner's thread

    def begin(self, sources: Iterable[SourceText | tuple[Any, ...]]) -> None:
        """A cell is about to run, the last of these. What was found about the cells before stays until it has ended."""
        texts = _texts(sources)
        if texts != self.texts:
            self.reader.lists.program = Program(texts, {})
        with self._lock:
            self._version += texts != self.texts
            self.texts, self._state = texts, RUNNING
        self.notify()

    def look(self, names: Mapping[str, Any], *, last: bool = False) -> None:
        """Copy what is to be shown; between two updates, in the thread that trains.

        Args:
            names: those of the function that trains over those of its module. Nothing of it is kept.
            last: whether the training has ended.
        """
        seen = self.reader.look(names, last=last)
        dataset = self._dataset
        if seen.proven is not None and seen.parts and seen.number != self._dataset_number:
            sizes = seen.proven.layout.sizes
            dataset = own_data.dataset_of(seen.parts, sizes[0], sizes[-1])
            _thread.start_new_thread(self._recognise, (dataset, seen))  # not in a learner's `threading.enumerate()`
        with self._lock:
            self._seen, self._looked = seen, True
            self._dataset, self._dataset_number = dataset, seen.number
        self.notify()

    def end(self, findings: Findings | None = None, status: int = 0, error: BaseException | None = None) -> None:
        """Their script, or cell, has ended; what is shown stays.

        Args:
            findings: what was found about the training.
            status: exit status: 0, 1 after an error, 130 after Ctrl-C.
            error: what it ended with.
        """
        state, problem = FINISHED, ""
        if status == INTERRUPTED or isinstance(error, KeyboardInterrupt):
            state = STOPPED
        elif error is not None and not isinstance(error, SystemExit):
            state, problem = FAILED, sentence(BROKE_OFF, kind=type(error).__name__)
        elif status:
            state, problem = FAILED, sentence(EXITED, status=status)
        told = [self._told_of(finding) for finding in findings or ()]
        with self._lock:
            self._state, self._problem, self._findings = state, problem, told
        self.notify()

    # By any thread

    @property
    def key(self) -> tuple[Any, ...]:
        """Views are greeted anew where other tabs can be shown, or the data are others."""
        with self._lock:
            key = self._tabs(), id(self._dataset), self._seen.proven, self._version
            if key != self._key:
                self._key = key
            return self._key

    def greeting(self) -> Greeting:
        """The script, and what is known of its network and data."""
        key = self.key
        with self._lock:
            seen, dataset, tabs = self._seen, self._dataset, self._tabs()
        told: dict[str, Any] = {
            "tabs": list(tabs),
            "texts": texts(INSTEAD),
            "engine": "",
            "sizes": list(seen.proven.layout.sizes) if seen.proven is not None else [],
            "form": [],
            "recipe": None,
            "script": self._script(),
            **self._data(seen, dataset),
        }
        return Greeting(key, told, self.source())

    def source(self) -> OwnSource:
        """The lists that are followed now."""
        lists = self.reader.lists
        return OwnSource(lists.serial, lists.curve, lists.evaluations, self.glance)

    def stands(self) -> Any:
        """What a frame depends on."""
        return self._seen, self._state, len(self._findings)

    def tabs(self) -> tuple[str, ...]:
        """Train, and those that the network can be asked for."""
        with self._lock:
            return self._tabs()

    def _tabs(self) -> tuple[str, ...]:
        seen = self._seen
        if self._dataset is None or not seen.parts:
            return ("train",)
        of_loss = ("probe", "step") if seen.measures else ()
        return ("train", *(("draw",) if seen.draws else ()), *of_loss)

    def subject(self) -> Subject:
        """The network as the last look saw it. Raises UsageError where it cannot be asked."""
        with self._lock:
            seen, dataset = self._seen, self._dataset
        if seen.params is None or seen.proven is None or dataset is None:
            raise UsageError(seen.unread or sentence(STARTED))
        network = network_of(seen)
        recipe = Recipe(
            dataset=dataset.name,
            hidden=network.sizes[1:-1],
            activation=network.activation,
            loss=network.loss_name,
            dtype=str(network.dtype),
            weight_decay=network.weight_decay,
            iterations=max(1, seen.iteration),
        ).resolved()
        # By NumPy, whose threads are left as they are: their number decides the last bits of the learner's numbers.
        return Subject(recipe, dataset, self._description(dataset), network, seen.iteration, "reference")

    @property
    def furthest(self) -> int:
        """There is no going back: where it stands."""
        return self._seen.iteration

    def glance(self) -> Glance:
        """How it stands now."""
        with self._lock:
            seen, dataset, state, findings = self._seen, self._dataset, self._state, self._findings
        latest = self.reader.lists.evaluations.latest
        fields = {
            **NOTHING,
            "state": state,
            "status": self._status(seen, state),
            "iteration": seen.iteration,
            "counts_losses": seen.counts_losses,
            "evaluation": latest and vars(latest),
            "layers": self._measured.sizes(seen, dataset, at_once=state != RUNNING),
            "script_findings": findings,
            "unread": seen.unread if self._looked and not self._waits else "",
        }
        judgement = self._measured.judgement(seen, dataset, at_once=state != RUNNING)
        shape = self._shape(seen, dataset)
        return Glance(
            fields, seen.iteration, seen.turn, seen.W1, shape, judgement, None if dataset is None else dataset.test
        )

    @property
    def _waits(self) -> bool:
        """Whether there is nothing yet of which cells to come may have more."""
        return self._notebook and self.reader.is_empty

    def close(self) -> None:
        """Leave the views."""
        for view in self.views:
            view.close()

    def _status(self, seen: Seen, state: str) -> str:
        if self._waits or not self._looked or (state == RUNNING and self.reader.is_empty):
            return sentence(STARTED)
        if state == STOPPED:
            return sentence(WAS_STOPPED)
        if state == FINISHED:
            return sentence(ENDED)
        if state == FAILED:
            return self._problem
        return sentence(LOSSES, n=seen.iteration) if seen.counts_losses else sentence(TURNS, n=seen.iteration)

    def _shape(self, seen: Seen, dataset: Dataset | None) -> tuple[int, ...]:
        if dataset is not None and seen.W1 is not None and len(seen.W1) == dataset.train.pixels.shape[1]:
            return dataset.image_shape
        return (28, 28) if seen.W1 is None or len(seen.W1) == 784 else (len(seen.W1),)

    def _data(self, seen: Seen, dataset: Dataset | None) -> dict[str, Any]:
        if dataset is not None and seen.parts:
            return told_of_data(dataset, self._description(dataset))
        shape = list(self._shape(seen, None))
        about = {"name": "", "classes": 0, "image_shape": shape, "samples": [0, 0], "note": ""}
        return {"dataset": about, "class_names": [], "image_shape": shape}

    def _description(self, dataset: Dataset) -> DataDescription:
        known, described = self._described
        if known is not dataset or described is None:
            described = DataDescription.of(dataset)
            self._described = dataset, described
        return described

    def _script(self) -> dict[str, Any]:
        """The text as it was run, in lines with their numbers; of a notebook, with that of their cell."""
        lines: list[dict[str, Any]] = []
        letters = 0
        for text in self.texts:
            for number, line in enumerate(text.text.splitlines(), start=text.line):
                shown = printable(line.expandtabs())[:LONGEST_LINE]
                letters += len(shown)
                if len(lines) < MOST_LINES and letters <= MOST_LETTERS:
                    lines.append({"number": number, "text": shown, "cell": text.cell})
        return {"name": printable(self.file.name), "lines": lines}

    def _told_of(self, finding: Any) -> dict[str, Any]:
        cell = next((text.cell for text in self.texts if text.path == finding.file and text.cell is not None), None)
        return {
            "line": finding.line,
            "cell": cell,
            "cause": finding.cause,
            "title": finding.heading,
            "text": finding.text,
            "remedy": finding.remedy,
        }

    def _recognise(self, dataset: Dataset, seen: Seen) -> None:
        """Look the samples up, beside the training, in the catalogue's data on this machine."""
        try:
            known = own_data.recognised(dataset, seen.parts)
        except Exception:
            logger.info("samples could not be looked up", exc_info=True)
            return
        with self._lock:
            if known is not dataset and self._dataset is dataset:
                self._dataset = known
        self.notify()


def _texts_of(file: Path) -> list[SourceText]:
    try:
        return [SourceText(file, decode_source(file.read_bytes()))]
    except (OSError, SyntaxError, ValueError):
        return []


def _texts(sources: Iterable[SourceText | tuple[Any, ...]]) -> list[SourceText]:
    return [SourceText(*_fields(one)) for one in sources]


def _fields(source: SourceText | tuple[Any, ...]) -> tuple[Any, ...]:
    return source if isinstance(source, tuple) else tuple(vars(source).values())
