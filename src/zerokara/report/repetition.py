"""The recipe with what differs from the default; data and versions; how to train the same again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from zerokara.data.entries import ENTRIES
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

if TYPE_CHECKING:
    from markupsafe import Markup

DECIDED_BY_OTHERS = ("dataset", "optimizer", "gradient")
"""Fields whose value decides the default of others; their own defaults are those of a recipe without them."""


def recipe(training: Reported) -> Markup | None:
    """Every field, and its default where that is another."""
    if not training.recipe:
        return None
    usual = defaults(training.recipe)
    lines = [
        (name, written(name, value), written(name, usual.get(name)), value != usual.get(name))
        for name, value in training.recipe.items()
        if value is not None or usual.get(name) is not None
    ]
    words = {
        # Translators: heads of a table of options.
        "name": sentence("option"),
        "value": sentence("value"),
        "default": sentence("default"),
        "caption": sentence("What differs from the default is marked, and the default stands beside it."),
    }
    return rendered("recipe.html", lines=lines, words=words)


def defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of each field what it is where nobody says, with this data set, this optimizer and this kind of gradient.

    >>> defaults({"dataset": "mnist", "optimizer": "adam", "gradient": "backprop"})["learning_rate"]
    0.001
    """
    plain = Recipe()
    given = {name: values[name] for name in DECIDED_BY_OTHERS if name in values}
    usual = Recipe(**given).resolved()
    return {name: getattr(plain if name in DECIDED_BY_OTHERS else usual, name) for name in Recipe.__dataclass_fields__}


def written(name: str, value: Any) -> str:
    """A value as it is typed; of a folder the name alone, for where it lies is nobody's business."""
    if value is None:
        return "–"
    if name == "dataset" and str(value) not in ENTRIES:
        return PurePath(str(value)).name
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def repetition(training: Reported) -> Markup | None:
    """Facts of data and machine, and the command that trains the same again."""
    if not training.facts and not training.repeat:
        return None
    return rendered(
        "repetition.html",
        facts=training.facts,
        repeat=training.repeat,
        words={
            # Translators: heads of a table of facts.
            "name": sentence("fact"),
            "value": sentence("value"),
            "caption": sentence("Where the figures of this page come from."),
            "again": sentence("The same again, to the last bit on such a machine:"),
        },
    )
