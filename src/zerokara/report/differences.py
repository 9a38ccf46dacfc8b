"""Several trainings side by side: what differs, how far accuracies are apart, on which pictures they disagree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from zerokara.metrics import Answers, Interval, paired_difference
from zerokara.report.repetition import written
from zerokara.report.reported import Reported
from zerokara.report.summary import ended, not_there
from zerokara.training.changes import Change, Parent
from zerokara.words import in_english, plural, sentence, translatable

DIGEST_DIGITS = 12
CHANGES_NAMED = 3
"""Of each training in a table; --json has all of them."""
MOST_DIGITS = 1e6
"""From here on figures are written with an exponent."""

Group = Literal["recipe", "origin", "figures"]
"""What was asked for; what else numbers depend on: data, versions, engine; and what came out."""

LABELS = {
    # Translators: of a run: whether zerokara trained it, or somebody's own script
    "kind": translatable("kind of run"),
    "checksum": translatable("checksum of the data"),
    "engine": translatable("engine"),
    "changes": translatable("changed while it trained"),
    # Translators: the run from an earlier update of which this one goes on, and that update
    "parent": translatable("goes on from"),
    # Translators: which instructions the processor and the matrix library use
    "level": translatable("processor"),
    # Translators: of the matrix library
    "threads": translatable("threads"),
    "state": translatable("state"),
    "iterations": translatable("updates"),
    "loss": translatable("mean loss"),
    "train_accuracy": translatable("training accuracy"),
    "test_accuracy": translatable("test accuracy"),
    # Translators: the first digits of a number made of all weights, which differs where one weight does
    "weights": translatable("digest of the weights"),
}
"""What people call what is compared, where that is no field of a recipe and no package."""


ACCURACY_HEADS = (
    # Translators: head of a column of runs; so the next ones are heads of columns
    translatable("run"),
    translatable("accuracy"),
    translatable("95 % interval"),
    # Translators: the accuracy of a run minus that of run 1
    translatable("minus run 1"),
    translatable("95 % interval"),
    # Translators: on how many test images this run is right and run 1 is wrong
    translatable("gained"),
    # Translators: on how many test images this run is wrong and run 1 is right
    translatable("lost"),
)
ACCURACIES = translatable("Accuracy on the test images, and images gained and lost against run 1:")
STATES_IN_WORDS = {
    "finished": translatable("finished"),
    "stopped": translatable("stopped"),
    "diverged": translatable("diverged"),
    "unfinished": translatable("unfinished"),
}


class Difference(NamedTuple):
    """Something in which trainings differ.

    Attributes:
        group: where it is from.
        name: a field of the recipe, or a name for programs.
        values: of each training, None where it is not known.
    """

    group: Group
    name: str
    values: tuple[Any, ...]

    @property
    def label(self) -> str:
        """What people call it; the fields of a recipe have their names in every language."""
        return self.name if self.group == "recipe" or self.name not in LABELS else sentence(LABELS[self.name])

    def texts(self) -> list[str]:
        """The values as a table has them; "-" for what is not known."""
        if self.name == "changes":
            return list(_in_short(self.values))
        return [self._text(value) for value in self.values]

    def _text(self, value: Any) -> str:
        if value is None:
            return "-"
        if self.group == "figures" and isinstance(value, float):
            return f"{value:.4f}" if abs(value) < MOST_DIGITS else f"{value:.4g}"
        if self.name == "state":
            return sentence(STATES_IN_WORDS[value]) if value in STATES_IN_WORDS else str(value)
        if isinstance(value, Parent):
            return f"{value.run}: {value.iteration:,}"
        if self.name == "dataset":
            return os.path.basename(str(value))
        if isinstance(value, tuple | list):
            return ",".join(map(str, value))
        return f"{value:,}" if self.group == "figures" and isinstance(value, int) else str(value)


class Paired(NamedTuple):
    """The second of two trainings against the first, on the same test pictures.

    Attributes:
        difference: of their accuracies, with its 95 % interval.
        gained: pictures on which only the second is right; lost: on which only the first is.
    """

    difference: Interval
    gained: int
    lost: int


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two or more trainings side by side.

    Attributes:
        trainings: the first is what the others are compared with.
        shown: what shows them in a notebook.
    """

    trainings: tuple[Reported, ...]
    shown: Callable[[Sequence[Reported]], str] | None = None

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Only what differs: the recipe's fields, then what else their numbers depend on, then figures.

        What is not known of a training, such as the recipe of a script, differs from nothing.
        """
        compared = [_compared(training) for training in self.trainings]
        keys = dict.fromkeys((group, name) for group in GROUPS for values in compared for name in values[group])
        found = [Difference(*key, tuple(values[key[0]].get(key[1]) for values in compared)) for key in keys]
        return _without_explained([row for row in found if _differs(row, compared)], self.trainings)

    @property
    def identical(self) -> bool:
        """Whether nothing differs: one recipe, the same data, versions and engine, and the same weights to the bit."""
        return self.twins == [list(range(len(self.trainings)))]

    @cached_property
    def twins(self) -> list[list[int]]:
        """The numbers of those that are identical, where there are several of them."""
        groups: dict[str, list[int]] = {}
        for k, training in enumerate(self.trainings):
            groups.setdefault(_fingerprint(training), []).append(k)
        return [group for group in groups.values() if len(group) > 1]

    @cached_property
    def paired(self) -> tuple[Paired | None, ...]:
        """Of each but the first, against the first; None where they were not asked about the same test pictures."""
        first, *others = self.trainings
        return tuple(_paired(first, other) for other in others)

    @cached_property
    def together(self) -> tuple[int, ...]:
        """The first, and the others that were asked about the same test pictures; none where no other was."""
        others = tuple(k for k, paired in enumerate(self.paired, start=1) if paired is not None)
        return (0, *others) if others else ()

    def accuracies(self) -> list[list[str]]:
        """The cells of a table with `ACCURACY_HEADS`, but for the run; none where no network could be asked."""
        if all(training.answers is None for training in self.trainings):
            return []
        pairs = zip(self.trainings, (None, *self.paired), strict=True)
        return [[*_accuracy(training), *_against_first(paired)] for training, paired in pairs]

    def on_each(self) -> Iterator[tuple[int, str]]:
        """Numbers from 1, each with a sentence on how a run ended that did not finish, and on what there is not."""
        for number, training in enumerate(self.trainings, start=1):
            unusual = [] if training.state == "finished" else [ended(training)]
            yield from ((number, text) for text in (*unusual, *training.missing, *not_there(training)))

    def on_twins(self) -> Iterator[str]:
        """A sentence on each group of identical ones, by their numbers from 1, and where no difference is known."""
        for group in self.twins:
            numbers = ", ".join(str(k + 1) for k in group)
            yield sentence("Runs {numbers} are identical: recipe, data, versions, engine and weights.", numbers=numbers)
        if not self.differences and not self.identical:
            yield sentence("Nothing differs of what is known of all of them.")

    def on_accuracies(self) -> Iterator[str]:
        """Sentences on what their differences do not say."""
        if self.apart:
            yield plural(
                "Run {numbers} has other test images than run 1, so they cannot be paired.",
                "Runs {numbers} have other test images than run 1, so they cannot be paired.",
                n=len(self.apart),
                numbers=", ".join(str(k + 1) for k in self.apart),
            )
        if any(paired and paired.difference.low <= 0 <= paired.difference.high for paired in self.paired):
            yield sentence("Where an interval holds 0, these test images cannot tell which run is better.")

    def on_disagreements(self) -> str:
        """How many test images get different answers; "" where no two runs were asked about the same ones."""
        first = self.trainings[0].answers
        if not self.together or first is None:
            return ""
        return plural(
            "{n:,} of {total:,} test images gets different answers.",
            "{n:,} of {total:,} test images get different answers.",
            n=len(self.disagreements),
            total=len(first),
        )

    @property
    def apart(self) -> tuple[int, ...]:
        """Those that were asked about other test pictures than the first was."""
        asked = [k for k, training in enumerate(self.trainings) if training.answers is not None]
        return tuple(k for k in asked if 0 in asked and k and self.paired[k - 1] is None)

    @cached_property
    def disagreements(self) -> NDArray[np.int64]:
        """Indices of the test pictures to which those of `together` give different answers.

        Those come first that divide them most evenly into right and wrong, then those about which they are furthest
        apart: by the probabilities that they give to the label.
        """
        asked = [answers for k in self.together if (answers := self.trainings[k].answers) is not None]
        if not asked:
            return np.zeros(0, np.int64)
        given = np.array([one.answers for one in asked])
        differ: NDArray[np.int64] = np.flatnonzero((given != given[0]).any(axis=0))
        labels = asked[0].labels[differ]
        sure = np.nan_to_num([one.probabilities[differ, labels] for one in asked])
        right = np.sum([one.right[differ] for one in asked], axis=0)
        return differ[np.lexsort((-np.ptp(sure, axis=0), -np.minimum(right, len(asked) - right)))]

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints: what differs by group and name, accuracies, every picture on which they disagree."""
        first = self.trainings[0].answers
        differ: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
        for group, name, values in self.differences:
            differ[group][name] = _plain(values)
        return {
            "runs": [_facts(training) for training in self.trainings],
            "identical": self.identical,
            "differences": differ,
            "disagreements": [] if first is None else [self._disagreement(first, int(k)) for k in self.disagreements],
            "accuracy": [None if one.answers is None else one.answers.accuracy._asdict() for one in self.trainings],
            "difference_to_first": [None, *map(_paired_json, self.paired)],
        }

    def __repr__(self) -> str:
        names = ", ".join(training.name for training in self.trainings)
        return in_english("<Comparison of {names}: {n} differences>", names=names, n=len(self.differences))

    def _repr_html_(self) -> str | None:
        return None if self.shown is None else self.shown(self.trainings)

    def _disagreement(self, first: Answers, picture: int) -> dict[str, Any]:
        answers = [self._answer(k, picture) for k in range(len(self.trainings))]
        return {"index": picture, "label": int(first.labels[picture]), "answers": answers}

    def _answer(self, training: int, picture: int) -> int | None:
        """The class; None where there is no finite score, or the training was not asked about these pictures."""
        asked = self.trainings[training].answers if training in self.together else None
        answer = -1 if asked is None else int(asked.answers[picture])
        return None if answer < 0 else answer


GROUPS: tuple[Group, ...] = get_args(Group)


def digest_of(params: Mapping[str, NDArray[Any]]) -> str | None:
    """The first digits of the SHA-256 of all parameters, equal where all bits are; None where there are none."""
    if not params:
        return None
    made = sha256()
    for name, array in params.items():
        made.update(f"{name} {array.dtype} {array.shape}".encode())
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()[:DIGEST_DIGITS]


def _compared(training: Reported) -> dict[Group, dict[str, Any]]:
    """All that may differ, by group and name, in the order of a table."""
    last = training.evaluations[-1] if training.evaluations else None
    names = ("loss", "train_accuracy", "test_accuracy")
    measured = {name: None if last is None else float(getattr(last, name)) for name in names}
    done = {"state": training.state, "iterations": len(training.losses)}
    weights = {"weights": digest_of(training.params)}
    return {
        "recipe": dict(training.recipe),
        "origin": {"kind": training.kind, **_history_of(training), **training.origin},
        "figures": {**done, **measured, **weights},
    }


def _history_of(training: Reported) -> dict[str, Any]:
    """What was done to it; of a script nothing is known of that."""
    return {"changes": training.changes, "parent": training.parent} if training.kind == "run" else {}


def _in_short(lists: Sequence[Sequence[Change] | None]) -> Iterator[str]:
    """Of each training the first changes that not all of them had, each with the updates before it."""
    known = [made for made in lists if made is not None]
    common = next(
        (k for k, of_all in enumerate(zip(*known, strict=False)) if len(set(of_all)) > 1), min(map(len, known))
    )
    for made in lists:
        others = (made or ())[common:]
        told = [f"{change.iteration:,}: {change.field} {written(change.field, change.value)}" for change in others]
        shown = [*(["…"] if made and common else []), *told[:CHANGES_NAMED], *(["…"] if told[CHANGES_NAMED:] else [])]
        yield "; ".join(shown) or "-"


def _fingerprint(training: Reported) -> str:
    """All that may differ, as one text; data by their checksum, whatever they are called.

    Without the parent: what a run goes on from is also what recipe and changes give.
    """
    compared = _compared(training)
    compared["origin"].pop("parent", None)
    if training.origin.get("checksum") is not None:
        compared["recipe"].pop("dataset", None)
    return repr(compared)


def _differs(row: Difference, compared: Sequence[dict[Group, dict[str, Any]]]) -> bool:
    known = (repr(value) for value, of in zip(row.values, compared, strict=True) if row.name in of[row.group])
    return len(set(known)) > 1


def _without_explained(found: list[Difference], trainings: Sequence[Reported]) -> tuple[Difference, ...]:
    """Without a data set's names where its contents are the same, and digests of weights that had to differ."""
    checksums = {training.origin.get("checksum") for training in trainings}
    if len(checksums) == 1 and None not in checksums:
        found = [row for row in found if (row.group, row.name) != ("recipe", "dataset")]
    explained = any(row.group == "recipe" or row.name in ("kind", "changes", "checksum") for row in found)
    return tuple(row for row in found if not (explained and row.name == "weights"))


def _paired(first: Reported, second: Reported) -> Paired | None:
    if first.answers is None or second.answers is None or not _same_pictures(first, second):
        return None
    if not np.array_equal(first.answers.labels, second.answers.labels):
        return None
    a, b = first.answers.right, second.answers.right
    return Paired(paired_difference(a, b), int((~a & b).sum()), int((a & ~b).sum()))


def _same_pictures(first: Reported, second: Reported) -> bool:
    """Whether the test parts are those of the same data."""
    a, b = first.dataset, second.dataset
    return a is not None and b is not None and a.checksum == b.checksum


def _accuracy(training: Reported) -> list[str]:
    if training.answers is None:
        return ["-", ""]
    return [f"{training.answers.accuracy.value:.4f}", _interval(training.answers.accuracy)]


def _against_first(paired: Paired | None) -> list[str]:
    if paired is None:
        return ["", "", "", ""]
    difference = paired.difference
    return [f"{difference.value:+.4f}", _interval(difference, "+"), f"{paired.gained:,}", f"{paired.lost:,}"]


def _interval(interval: Interval, sign: str = "") -> str:
    return f"[{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"


def _facts(training: Reported) -> dict[str, Any]:
    groups = _compared(training)
    known: dict[str, Any] = {group: {name: _plain(value) for name, value in groups[group].items()} for group in GROUPS}
    return {"name": training.name, **known}


def _paired_json(paired: Paired | None) -> dict[str, Any] | None:
    return paired and {**paired.difference._asdict(), "gained": paired.gained, "lost": paired.lost}


def _plain(value: Any) -> Any:
    """The same value as JSON has it, numbers that are not finite as None."""
    if isinstance(value, tuple | list):
        return list(map(_plain, value))
    if isinstance(value, Change | Parent):
        return asdict(value)
    return None if isinstance(value, float) and not np.isfinite(value) else value
