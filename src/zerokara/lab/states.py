"""A state of the lab as TOML: what is trained, after which update, with which changes, and what one was looking at.

It begins with a recipe's tables, so `zerokara lab --recipe FILE` takes it too, and goes on with its own:

    [network]  [data]  [training]       as in a recipe
    [state]
    tab = "probe"                       the tab that is shown: train, draw, probe or step
    update = 600                        the training stands after so many updates; 0: nothing has been learned yet
    pace = 200                          (seldom) how fast to go there, in updates per second; without it: at full speed
    running = true                      (seldom) the training goes on from there, at that pace, instead of being paused
    [[state.changes]]                   settings that were changed on the way, in order: one table for each
    iteration = 300
    field = "learning_rate"
    value = 0.5
    [train]  [draw]  [probe]  [step]    what is chosen in these tabs, each only as far as it is not as at first:
                                        whole numbers, numbers, texts, true or false, lists and tables of these

Whoever opens it on the same engine has the same weights, bit for bit. It may be a stranger's: what does not fit is
refused with a sentence, and nothing is read but the data set, which must be one of the catalogue or the lab's own.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from zerokara.errors import UsageError, ZerokaraError, unknown_name
from zerokara.lab import asked
from zerokara.training.changes import MOST_CHANGES, Change
from zerokara.training.recipe import Recipe, recipe_values
from zerokara.words import paragraph, sentence, translatable

TABS = ("train", "draw", "probe", "step")
OF_A_RECIPE = ("network", "data", "training")
OF_STATE = ("tab", "update", "pace", "running", "changes")
MOST_TEXT = 900_000
"""Characters; ten thousand changes have some 700,000."""
MOST_DOTS = 100
"""In a key, or a piece of a value."""
MOST_WEIGHTS = 5_000_000
MOST_BATCH = 100_000
MOST_ENTRIES, DEEPEST, LONGEST_TEXT = 2_000, 4, 8_000
"""Of what is chosen in a tab."""
DEEPEST_TABLE = 12
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
A_TABLE = translatable("{file}: a state of the lab has the tables {names}. Got {got}.")
A_KEY = translatable("{file}: a field of [state] must be one of {names}. Got {got!r:.60}.")
WRONG = translatable("{file}: {place} cannot be used. Got {got!r:.60}.")


@dataclass(frozen=True)
class State:
    """A state of the lab; see above.

    Attributes:
        recipe: as it was written: defaults that depend on others need not be filled in.
        fields: what is chosen in the tabs, by their names.
    """

    recipe: Recipe
    update: int = 0
    changes: tuple[Change, ...] = ()
    tab: str = "train"
    pace: float | None = None
    running: bool = False
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The text, tables and keys always in the same order."""
        import tomli_w

        state: dict[str, Any] = {"tab": self.tab, "update": self.update}
        if self.pace is not None:
            state["pace"] = self.pace
        if self.running:
            state["running"] = True
        if self.changes:
            state["changes"] = [vars(change) for change in self.changes]
        chosen = {tab: dict(self.fields[tab]) for tab in TABS if self.fields.get(tab)}
        return self.recipe.to_toml() + "\n" + tomli_w.dumps({"state": state, **chosen})

    @classmethod
    def of_toml(cls, text: str, file: Path) -> Self:
        """The state that a text describes; `file` is named in errors.

        Raises UsageError that names file and place of what is wrong.
        """
        if len(text) > MOST_TEXT:
            raise UsageError(
                sentence("{file} has more than {most:,} characters.", file=file, most=MOST_TEXT), "wrong-value"
            )
        tables = tables_of(text, file)
        recipe = _recipe({name: tables.pop(name) for name in OF_A_RECIPE if name in tables}, file)
        for name, table in tables.items():
            if name not in ("state", *TABS):
                known = [f"[{known}]" for known in (*OF_A_RECIPE, "state", *TABS)]
                raise unknown_name("table", f"[{name:.40}]", known, A_TABLE, file=file)
            if not isinstance(table, dict):
                raise _wrong(file, name, table)
        chosen = {tab: checked_fields(tables[tab], tab, file) for tab in TABS if tab in tables}
        return cls(recipe, **_of_state(tables.get("state", {}), file), fields=chosen)


def tables_of(text: str, file: Path) -> dict[str, Any]:
    """A TOML file that may be a stranger's. Raises UsageError for what is none, or nested so deeply that nothing is."""
    nested = paragraph(sentence("{path} cannot be used.", path=file), sentence("The file is nested too deeply."))
    if _has_long_keys(text):
        raise UsageError(nested, "wrong-value")
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            sentence("{file} cannot be read: {reason}.", file=file, reason=error), "wrong-value"
        ) from error
    level: list[Any] = [tables]
    for _ in range(DEEPEST_TABLE):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
    if level:
        raise UsageError(nested, "wrong-value")
    return tables


def _has_long_keys(text: str) -> bool:
    """Whether there may be keys of very many parts, a.a.a.…: `tomllib` takes seconds for one of 20,000."""
    pieces = (piece for line in text.splitlines() for piece in re.split(r"[=,\[\]{}]", line))
    return any(piece.count(".") > MOST_DOTS for piece in pieces)


def is_state(text: str) -> bool:
    """Whether a text has tables of a state besides those of a recipe."""
    try:
        return not _has_long_keys(text) and not {"state", *TABS}.isdisjoint(tomllib.loads(text))
    except (ValueError, RecursionError):
        return False


def _recipe(tables: Mapping[str, Any], file: Path) -> Recipe:
    """Raises UsageError for what no recipe is, and for networks of sizes that nobody looks at in a lab."""
    values = recipe_values(tables, file)
    try:
        recipe = Recipe(**values)
    except UsageError as error:
        raise UsageError(paragraph(sentence("{path} cannot be used.", path=file), str(error)), error.code) from error
    weights = sum(a * b for a, b in pairwise((1_000, *recipe.hidden, 100)))
    if weights > MOST_WEIGHTS or recipe.batch_size > MOST_BATCH:
        raise UsageError(
            sentence(
                "{file}: this network, or its batches, are larger than a state of the lab may have them.", file=file
            ),
            "wrong-value",
        )
    return recipe


def _of_state(table: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The fields of [state], checked."""
    for name in table:
        if name not in OF_STATE:
            raise unknown_name("field", name, OF_STATE, A_KEY, file=file)
    update, tab = table.get("update", 0), table.get("tab", TABS[0])
    pace, running = table.get("pace"), table.get("running", False)
    if not isinstance(update, int) or isinstance(update, bool) or not 0 <= update <= asked.MOST:
        raise _wrong(file, "state.update", update)
    if tab not in TABS:
        raise _wrong(file, "state.tab", tab)
    if pace is not None and (not isinstance(pace, int | float) or isinstance(pace, bool) or not 0.01 <= pace <= 1e6):
        raise _wrong(file, "state.pace", pace)
    if not isinstance(running, bool):
        raise _wrong(file, "state.running", running)
    changes = _changes(table.get("changes", []), update, file)
    return {"update": update, "tab": tab, "pace": pace, "running": running, "changes": changes}


def _changes(listed: Any, update: int, file: Path) -> tuple[Change, ...]:
    """Those of [[state.changes]]: in order, and none after the update."""
    if not isinstance(listed, list) or len(listed) > MOST_CHANGES:
        raise _wrong(file, "state.changes", listed)
    changes: list[Change] = []
    for number, one in enumerate(listed, 1):
        place = f"state.changes {number}"
        if not isinstance(one, dict) or set(one) != {"iteration", "field", "value"}:
            raise _wrong(file, place, one)
        try:
            change = Change(**one)
        except ZerokaraError as error:
            raise UsageError(paragraph(str(_wrong(file, place, one)), str(error)), "wrong-value") from error
        if change.iteration > update or (changes and change.iteration < changes[-1].iteration):
            raise UsageError(
                sentence(
                    "{file}: {place} is at update {iteration:,}. Changes must be in the order of their updates, and "
                    "none after update {update:,} of the state.",
                    file=file,
                    place=place,
                    iteration=change.iteration,
                    update=update,
                ),
                "wrong-value",
            )
        changes.append(change)
    return tuple(changes)


def checked_fields(table: Any, tab: str, file: Path) -> dict[str, Any]:
    """What is chosen in a tab, without what is null. Raises UsageError for what a state does not keep."""
    count = 0

    def checked(value: Any, place: str, depth: int) -> Any:
        nonlocal count
        count += 1
        if count > MOST_ENTRIES or depth > DEEPEST:
            raise _wrong(file, place, value)
        match value:
            case dict():
                if not all(isinstance(name, str) and NAME.fullmatch(name) for name in value):
                    raise _wrong(file, place, value)
                kept = {name: one for name, one in value.items() if one is not None}
                return {name: checked(one, f"{place}.{name}", depth + 1) for name, one in kept.items()}
            case list():
                return [checked(one, place, depth + 1) for one in value]
            case str() if len(value) <= LONGEST_TEXT:
                return value
            case bool():
                return value
            case int() if abs(value) <= asked.MOST:
                return value
            case float() if math.isfinite(value):
                return value
        raise _wrong(file, place, value)

    found = checked(table, tab, 0)
    if not isinstance(found, dict):
        raise _wrong(file, tab, table)
    return found


def _wrong(file: Path, place: str, got: object) -> UsageError:
    return UsageError(sentence(WRONG, file=file, place=place, got=got), "wrong-value")
