"""What views look at: a training, be it zerokara's own or that of a learner's script, and what can be asked of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from zerokara.data import Dataset
from zerokara.data.dataset import Split
from zerokara.data.description import DataDescription
from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations, Judgement
from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject

MOST_NAMES, LONGEST_NAME = 500, 40
"""Of classes, that a page is told."""
Fields = Mapping[str, Any]
Command = Callable[[Fields], Message | None]
"""What somebody who steers has it do; None: it is done, and there is nothing to say."""
Question = Callable[[Fields], Message]


@dataclass(frozen=True, eq=False)
class Glance:
    """How a training stands at one moment; copies that stay as they are.

    Attributes:
        fields: of a frame, as JSON has them.
        iteration: updates that W1 has had; version: another number where it is another.
        W1: (features, units), None where nobody knows.
        image_shape: of a sample.
        judgement: of the test part `test`; None where there is none.
    """

    fields: dict[str, Any]
    iteration: int
    version: int
    W1: NDArray[Any] | None
    image_shape: tuple[int, ...]
    judgement: Judgement | None = None
    test: Split | None = None


class Source(ABC):
    """What the frames of one training are made of. Two that are equal go on with the same curves.

    Attributes:
        serial: another number when another training begins or one goes back.
        curve, evaluations: that others feed.
    """

    serial: int
    curve: Curve
    evaluations: Evaluations

    @abstractmethod
    def glance(self) -> Glance:
        """How it stands now, or stood a moment ago."""


class Greeting(NamedTuple):
    """What a view is greeted with.

    Attributes:
        key: see `Shown.key`; fields: of the `hello`, besides those of a frame.
        source: of the frame that goes with it, and of the next ones.
    """

    key: object
    fields: dict[str, Any]
    source: Source


def told_of_data(dataset: Dataset, described: DataDescription, note: str = "") -> dict[str, Any]:
    """What a greeting says of data."""
    about = {
        "name": dataset.name,
        "classes": len(dataset.class_names),
        "image_shape": list(dataset.image_shape),
        "samples": [len(dataset.train), len(dataset.test)],
        "note": note,
    }
    names = [name[:LONGEST_NAME] for name in described.class_names[:MOST_NAMES]]
    return {"dataset": about, "class_names": names, "image_shape": list(dataset.image_shape)}


class Shown(ABC):
    """What a view needs of what it shows. Any thread may ask.

    Attributes:
        problem: why the latest thing that somebody wanted failed, for people; "" mostly.
        commands: what changes it, by the type of the message; only who steers may. Empty where nobody can steer.
        questions: what any view may ask about it, besides what is asked about its network.
    """

    problem: str = ""
    commands: Mapping[str, Command]
    questions: Mapping[str, Question]

    @property
    @abstractmethod
    def key(self) -> object:
        """Another object where views are to be greeted anew, as with another data set."""

    @abstractmethod
    def greeting(self) -> Greeting:
        """What a view is told at first."""

    @abstractmethod
    def source(self) -> Source:
        """What frames are made of now."""

    @abstractmethod
    def stands(self) -> Any:
        """All that a frame depends on, but for numbers that change with these; to be compared."""

    @abstractmethod
    def tabs(self) -> tuple[str, ...]:
        """Names of the tabs that can be shown by now."""

    @abstractmethod
    def subject(self) -> Subject:
        """The network as it is now, or was a moment ago; copies that nobody else has.

        Raises UsageError where there is none that can be asked.
        """

    @property
    @abstractmethod
    def furthest(self) -> int:
        """The latest update that one can go to."""
