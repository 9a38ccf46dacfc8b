"""How a run came to be, and how it stands: the typed records that a checkpoint carries as JSON.

That JSON has a format number. What an older zerokara wrote is brought up one format at a time by `MIGRATIONS`; what a
later one wrote is refused in words, because nobody can know what it means. A new field of a recipe needs no new format:
it is in `ADDED_LATER`, and a run without it was made with what is now its default.

    format 2    the fields of a provenance beside those of a checkpoint; a recipe may lack its data set
    format 3    {"format": 3, "provenance": {…}, "state": …, "iteration": …, …}
    format 4    the provenance also describes the data: {"described": {"class_names": […], "image_shape": […], …}}
    format 5    what was changed while it trained: {"changes": [{"iteration": …, "field": …, "value": …}, …]};
                in the provenance, where it went on from: {"parent": {"run": …, "iteration": …}}
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from zerokara.data.description import DataDescription
from zerokara.data.entries import ENTRIES
from zerokara.errors import RunError, UsageError
from zerokara.runs.machine import Environment
from zerokara.runs.run import STATES
from zerokara.runs.untrusted import damaged, impossible
from zerokara.training.changes import MOST_CHANGES, Change, Parent
from zerokara.training.history import Undecided
from zerokara.training.recipe import ADDED_LATER, Recipe
from zerokara.version import VERSION
from zerokara.words import sentence, translatable

FORMAT = 5
MOST_UNITS = 2**31
MOST_FORCED = 50
"""Differences that were forced, in a record: the latest ones."""

JsonObject = dict[str, Any]
"""A JSON object."""

State = str
Digest = str


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 1000 and value.isprintable()


def _are_undecided(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in ("training", "test")
        and isinstance(pair, list)
        and len(pair) == 2
        and all(map(_is_count, pair))
        and pair[0] <= pair[1]
        for name, pair in value.items()
    )


def _are_changes(value: Any) -> bool:
    """Whether these are changes as a training makes them: in order, one of a setting between the same two updates."""
    if not isinstance(value, list) or len(value) > MOST_CHANGES:
        return False
    try:
        changes = [Change(**entry) for entry in value]
    except (TypeError, UsageError):
        return False
    iterations = [change.iteration for change in changes]
    return iterations == sorted(iterations) and len({(c.iteration, c.field) for c in changes}) == len(changes)


def _is_parent(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"run", "iteration"}
        and _is_count(value["iteration"])
        and _is_line(value["run"])
        and value["run"] == plain_name(value["run"])
    )


def plain_name(name: str) -> str:
    """A folder's name as a record keeps it: one line, which leads to no other folder, whatever the name was.

    >>> plain_name("mnist-001"), plain_name("../..")
    ('mnist-001', '..\ufffd..')
    """
    kept = "".join(c if c.isprintable() and c not in "/\\" else "\ufffd" for c in name)
    return "\ufffd" if kept in ("", ".", "..") else kept


HOLDS: dict[str, Callable[[Any], bool]] = {
    "str": _is_line,
    "int": _is_count,
    "bool": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and math.isfinite(value) and value >= 0,
    "list[str]": lambda value: isinstance(value, list) and all(map(_is_line, value)),
    "list[int]": lambda value: isinstance(value, list) and all(_is_count(n) and 0 < n < MOST_UNITS for n in value),
    "JsonObject": lambda value: isinstance(value, dict),
    "Provenance": lambda value: isinstance(value, dict),
    "DataDescription | None": lambda value: value is None or isinstance(value, dict),
    "list[Change]": _are_changes,
    "Parent | None": lambda value: value is None or _is_parent(value),
    "State": STATES.__contains__,
    "Digest": lambda value: isinstance(value, str) and re.fullmatch("sha256:[0-9a-f]{64}", value) is not None,
    "Undecided": _are_undecided,
}
"""The type of a record's field, as it is written below → what a value must be where anybody may have written it."""


@dataclass(frozen=True)
class Provenance:
    """What decides a run's numbers, and stays the same while it trains.

    Attributes:
        zerokara, numpy, level: versions and processor level; see `zerokara.runs.machine.Environment`.
        engine: the engine's name.
        threads: of the matrix library; 0 where nothing is known about it.
        data: checksum of the data set.
        recipe: `recorded_recipe`.
        began: when the run did.
        keep_going: whether it goes on with numbers that are not finite.
        forced: differences of version or processor that its user accepted, in English whatever the language.
        customized: `Recipe.customized`: which names of the recipe stood for somebody's own.
        described: what the data stand for; None where an older zerokara trained.
        parent: the run that it goes on from; None where it began with its first update.
    """

    zerokara: str
    numpy: str
    level: str
    engine: str
    threads: int
    data: str
    recipe: JsonObject
    began: str
    keep_going: bool
    forced: list[str]
    customized: list[str]
    described: DataDescription | None = None
    parent: Parent | None = None

    @property
    def environment(self) -> Environment:
        """What equal bits depend on besides the rest."""
        return Environment(self.zerokara, self.numpy, self.level)

    def continuing(self, before: Provenance, forced: list[str]) -> Self:
        """This one, of going on with a run here and now, with what stays as it was when that began."""
        all_forced = [*before.forced, *forced][-MOST_FORCED:]
        described = before.described or self.described
        return replace(
            self,
            began=before.began,
            threads=before.threads,
            forced=all_forced,
            described=described,
            parent=before.parent,
        )

    def branching(self, before: Provenance, name: str, iteration: int) -> Self:
        """This one, of going on here and now from an earlier update of the run in a folder of that name.

        What its first updates were computed with was what that run was computed with.
        """
        return replace(
            self, threads=before.threads, forced=list(before.forced), parent=Parent(plain_name(name), iteration)
        )

    def origin(self) -> JsonObject:
        """What a run in Python knows of it: the same as run.json, and whether it keeps going."""
        return {**self.reported(), "keep_going": self.keep_going}

    def reported(self) -> JsonObject:
        """What run.json says of it: objects within an object."""
        return {
            "engine": self.engine,
            "began": self.began,
            "data": {"checksum": self.data},
            "versions": {"zerokara": self.zerokara, "numpy": self.numpy},
            "machine": {"processor": self.level, "threads": self.threads},
            "forced": list(self.forced),
        }


@dataclass(frozen=True)
class CheckpointFacts:
    """What a checkpoint says of itself beside its arrays.

    Attributes:
        state: how the run stood when it was written; one of `zerokara.runs.run.STATES`.
        iteration: updates done.
        evaluations: how many there have been.
        sizes: units of each layer, inputs first.
        seconds: spent in updates and evaluations.
        undecided: samples without a finite score at its latest evaluation; see `History`.
        changes: those that were made by then.
        digest: see `zerokara.runs.digest`; "" until it is written.
    """

    provenance: Provenance
    state: State
    iteration: int
    evaluations: int
    sizes: list[int]
    seconds: float
    undecided: Undecided = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    digest: Digest = ""

    def to_json(self) -> JsonObject:
        """The facts as a file has them, without the digest: that is made of the file."""
        return {"format": FORMAT, **{name: value for name, value in asdict(self).items() if name != "digest"}}

    @classmethod
    def from_json(cls, path: Path, facts: JsonObject) -> Self:
        """The facts in a file that anybody may have written, in any format since 2; RunError says what is wrong."""
        facts = _current(path, facts)
        _check_fields(path, facts, cls)
        _check_fields(path, facts["provenance"], Provenance)
        parent = facts["provenance"]["parent"]
        came = {
            **facts["provenance"],
            "described": _description(path, facts),
            "parent": None if parent is None else Parent(**parent),
        }
        undecided = {name: (count, total) for name, (count, total) in facts["undecided"].items()}
        changes = [Change(**entry) for entry in facts["changes"]]
        if any(change.iteration > facts["iteration"] for change in changes):
            raise impossible(path, "changes")
        if parent is not None and parent["iteration"] > facts["iteration"]:
            raise impossible(path, "parent")
        return cls(**{**facts, "provenance": Provenance(**came), "undecided": undecided, "changes": changes})


def _description(path: Path, facts: JsonObject) -> DataDescription | None:
    """What the file says of its data."""
    found = facts["provenance"]["described"]
    try:
        return None if found is None else DataDescription.from_json(found)
    except ValueError:
        raise impossible(path, "described") from None


def _from_2(facts: JsonObject) -> JsonObject:
    within = [f.name for f in fields(Provenance) if f.name not in ("described", "parent")]
    provenance = {"customized": [], **{name: facts[name] for name in within if name in facts}}
    others = {name: value for name, value in facts.items() if name not in within}
    return {"undecided": {}, **others, "provenance": provenance}


def _from_3(facts: JsonObject) -> JsonObject:
    came = facts.get("provenance")
    return {**facts, "provenance": {**came, "described": None}} if isinstance(came, dict) else facts


def _from_4(facts: JsonObject) -> JsonObject:
    came = facts.get("provenance")
    return {**facts, "changes": [], "provenance": {**came, "parent": None}} if isinstance(came, dict) else facts


MIGRATIONS: dict[int, Callable[[JsonObject], JsonObject]] = {2: _from_2, 3: _from_3, 4: _from_4}
"""Format → the facts of the next one."""


def _current(path: Path, facts: JsonObject) -> JsonObject:
    """The same facts as this format has them, without its number."""
    number = facts.get("format")
    if not isinstance(number, int) or not _is_count(number):
        raise impossible(path, "format")
    if number != FORMAT and number not in MIGRATIONS:
        raise _other_format(path, number)
    rest = {name: value for name, value in facts.items() if name != "format"}
    for older in range(number, FORMAT):
        rest = MIGRATIONS[older](rest)
    return rest


NEWER_FORMAT = translatable(
    "{path} was written by a newer zerokara, in format {got}; this one reads formats {oldest} to {known}. "
    "Install that one."
)
OLDER_FORMAT = translatable(
    "{path} was written by an older zerokara, in format {got}; this one reads formats {oldest} to {known}. "
    "Install that one."
)


def _other_format(path: Path, number: int) -> RunError:
    facts = {"path": path, "got": number, "oldest": min(MIGRATIONS), "known": FORMAT}
    if number > FORMAT:
        return RunError(sentence(NEWER_FORMAT, **facts), "run-newer")
    return RunError(sentence(OLDER_FORMAT, **facts))


def _check_fields(path: Path, facts: JsonObject, record: type[CheckpointFacts] | type[Provenance]) -> None:
    for f in fields(record):
        if f.name not in facts or not HOLDS[str(f.type)](facts[f.name]):
            raise impossible(path, f.name)
    if len(facts) != len(fields(record)):
        raise damaged(path, sentence("The facts in the file's header are not those of format {known}.", known=FORMAT))


def recorded_recipe(recipe: Recipe) -> JsonObject:
    """What a file records of the recipe that its numbers were made with, as JSON has it.

    `samples` is recorded where it is given, so that other files stay as they were before there was such a field.
    """
    recorded = {**recipe.fingerprint(), "dataset": recipe.dataset}
    return {name: value for name, value in recorded.items() if name != "samples" or value is not None}


THEIRS_MISSING = translatable(
    "{path} was trained with its author's own {name}={value!r}, and here that is zerokara's. Put the author's into its "
    "table before the run is opened."
)
THEIRS_IN_PLACE_OF_OURS = translatable(
    "{path} was trained with zerokara's {name}={value!r}, and here somebody has put another under that name. Take that "
    "away before the run is opened."
)


def refuse_others(path: Path, came: Provenance, recipe: Recipe) -> None:
    """Raise RunError where a name of the recipe does not stand for what it stood for when the run was trained.

    With somebody's own activation under "relu" the weights are worth nothing to zerokara's, and the other way round.
    """
    now = recipe.customized()
    for name in ("activation", "loss", "optimizer"):
        if (name in came.customized) != (name in now):
            text = THEIRS_MISSING if name in came.customized else THEIRS_IN_PLACE_OF_OURS
            text = sentence(text, path=path, name=name, value=getattr(recipe, name))
            raise RunError(text, "run-customized")


def differing_field(path: Path, recorded: Mapping[str, Any], recipe: Recipe) -> tuple[str, Any, Any] | None:
    """The first field in which a recipe recorded in `path` is not this one, lengths aside: its name, then and now.

    A folder of one's own data may have been moved, and has a checksum; and files of before did not record the name.
    Raises RunError where the record has a field that this version does not know, and so cannot compute.
    """
    now = {**ADDED_LATER, **recorded_recipe(recipe)}
    if unknown := sorted(set(recorded) - set(now)):
        reason = sentence(
            "The file's recipe has {name!r:.80}, which version {version} does not know: a later one wrote it. Install "
            "that.",
            name=unknown[0],
            version=VERSION,
        )
        raise damaged(path, reason, "run-newer")
    then = {"dataset": recipe.dataset, **ADDED_LATER, **recorded}
    if str(then["dataset"]) not in ENTRIES and recipe.dataset not in ENTRIES:
        now.pop("dataset")
    return next(((name, then.get(name), now[name]) for name in now if then.get(name) != now[name]), None)
