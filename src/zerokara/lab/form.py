"""The recipe as a form: its fields, what stands in them as text, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from dataclasses import Field as DataclassField
from typing import Any, get_type_hints

from zerokara.data.entries import ENTRIES
from zerokara.errors import Code, UsageError, ZerokaraError
from zerokara.nn.initializers import INITIALIZERS
from zerokara.runs.untrusted import command
from zerokara.training.recipe import SETTINGS, Recipe
from zerokara.words import sentence

LONGEST = 1_000
"""Characters of what stands in a field."""
SUGGESTED: Mapping[str, Collection[str]] = {"dataset": ENTRIES, "init": INITIALIZERS}
"""Names that a field takes besides others."""


@dataclass(frozen=True)
class Filled:
    """What a form says.

    Attributes:
        recipe: complete; None where something is wrong with it.
        errors: sentences by the field where each stands; by "" what is wrong with no one field.
    """

    recipe: Recipe | None
    errors: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, per_epoch: int | None = None) -> dict[str, Any]:
        """What the page is told; `per_epoch`: updates in an epoch, where the data are at hand."""
        recipe = self.recipe and self.recipe.resolved()
        updates = None
        if recipe is not None and (recipe.iterations or per_epoch):
            updates = recipe.total(per_epoch or 0)
        return {
            "toml": recipe.to_toml() if recipe else "",
            "command": command_of(self.recipe) if self.recipe else "",
            "errors": dict(self.errors),
            "updates": updates,
        }


class RefusedRecipe(UsageError):
    """A form that is no recipe: sentences by the field where each stands."""

    code: Code = "wrong-recipe"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("\n".join(dict.fromkeys(errors.values())))
        self.errors = errors


def form(recipe: Recipe) -> list[dict[str, Any]]:
    """Every field of a recipe with what stands in it, in their order; texts in the language that is spoken."""
    return [
        {
            "name": f.name,
            "table": f.metadata["table"],
            "help": sentence(f.metadata["help"]),
            "kind": _kind(f),
            "choices": list(SUGGESTED.get(f.name, f.metadata["names"])),
            "value": as_text(getattr(recipe, f.name)),
            "default": as_text(f.default),
            "resolved": as_text(getattr(recipe.resolved(), f.name)),
            "option": _option(f.name),
        }
        for f in fields(Recipe)
    ]


def as_text(value: Any) -> str:
    """A value as it stands in a field or on a command line: 100,50 for (100, 50); empty for None."""
    if value is None or value is MISSING:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def filled(values: Mapping[str, Any]) -> Filled:
    """The recipe of what stands in some fields, all others empty; an empty one has its default."""
    known = {f.name: f for f in fields(Recipe)}
    errors: dict[str, str] = {}
    given: dict[str, Any] = {}
    for name, text in values.items():
        if name not in known:
            errors[""] = sentence("{name:.40} is no field of a recipe.", name=name)
            continue
        try:
            value = _value(known[name], text)
            if value is not None and value != known[name].default:
                _check_alone(name, value)
                given[name] = value
        except ZerokaraError as error:
            errors[name] = str(error)
    if errors:
        return Filled(None, errors)
    try:
        return Filled(Recipe(**given))
    except ZerokaraError as error:
        return Filled(None, dict.fromkeys(_culprits(given, str(error)), str(error)))


def command_of(recipe: Recipe) -> str:
    """The command that trains by this recipe; only what differs from the defaults is said."""
    words: list[str] = []
    for f in fields(Recipe):
        value = getattr(recipe, f.name)
        if value is None or value == f.default:
            continue
        text = as_text(value)
        if f.name == "dataset":
            words.append(f"./{text}" if text.startswith("-") else text)
        else:
            words += [_option(f.name), text]
    return command("train", *words)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _kind(f: DataclassField[Any]) -> str:
    """How a field is filled in: a name of several, sizes, a whole number, a number, or any text."""
    if f.metadata["names"] and f.metadata["rule"] is None:
        return "choice"
    if isinstance(f.default, tuple):
        return "sizes"
    kind = get_type_hints(Recipe)[f.name]
    if kind in (int, int | None):
        return "whole"
    return "number" if kind in (float, float | None) else "text"


def _value(f: DataclassField[Any], text: Any) -> Any:
    """The value that stands in a field; None where it is empty. Raises UsageError for what is none."""
    if not isinstance(text, str) or len(text) > LONGEST:
        got = str(text)[:40]
        raise UsageError(sentence("{name} cannot be used. Got {got!r}.", name=f.name, got=got), "wrong-value")
    text = text.strip()
    kind = _kind(f)
    if not text:
        return None
    try:
        if kind == "whole":
            return int(text)
        if kind == "number":
            return float(text)
        if kind == "sizes":
            return tuple(int(part) for part in text.split(","))
        if f.name == "init" and text not in INITIALIZERS:
            return float(text)
    except ValueError:
        return _as_it_is(f, text)
    return text


def _as_it_is(f: DataclassField[Any], text: str) -> Any:
    """A text where a number is expected, for the field's own sentence to refuse."""
    return (text,) if _kind(f) == "sizes" else text


def _check_alone(name: str, value: Any) -> None:
    """Raise UsageError for a value that the field takes in no recipe; settings depend on the optimizer."""
    if name in SETTINGS:
        rule = Recipe.__dataclass_fields__[name].metadata["rule"]
        if not rule.holds(value):
            raise UsageError(sentence(rule.refusal, name=name, got=value), "wrong-value")
    elif name != "optimizer":
        Recipe(**{name: value})


def _culprits(given: Mapping[str, Any], text: str) -> list[str]:
    """The fields without which that sentence would not be said; "" where there is none."""

    def without(name: str) -> str:
        try:
            Recipe(**{other: value for other, value in given.items() if other != name})
        except ZerokaraError as error:
            return str(error)
        return ""

    return [name for name in given if without(name) != text] or [""]
