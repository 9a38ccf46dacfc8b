"""Texts: keys that are put together, which are known, and messages of errors, which numbers may stand in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zerokara.interpret.abstract_values import Abstract, Concrete, Items, Text, Value
from zerokara.interpret.refusal import Refused
from zerokara.words import sentence

_KNOWN = (str, int, float, bool, type(None))
METHODS = frozenset(
    (
        *("lower", "upper", "strip", "lstrip", "rstrip", "replace", "split", "capitalize", "title", "zfill", "format"),
        *("startswith", "endswith", "isdigit", "isalpha", "find", "count", "join", "removeprefix", "removesuffix"),
    )
)


def is_showable(value: Value) -> bool:
    """Whether showing a value runs no code of a learner's."""
    if isinstance(value, Items):
        return all(map(is_showable, value.elements))
    return isinstance(value, Abstract | Text) or (isinstance(value, Concrete) and (value.is_scalar or value.is_array))


def formatted(value: Value, conversion: int, spec: str) -> str | None:
    """A value as in an f-string; None where only the numbers tell."""
    if not (isinstance(value, Concrete) and type(value.value) in _KNOWN):
        return None
    conversions: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}
    shown: Any = conversions[chr(conversion)](value.value) if conversion > 0 else value.value
    try:
        return format(shown, spec)
    except ValueError:
        return None


def percent(template: str, value: Value) -> Value:
    """`template % value`."""
    parts = value.elements if isinstance(value, Items) else (value,)
    if not all(map(is_showable, parts)):
        raise Refused(sentence("It makes a text of numbers."))
    known = [part.value for part in parts if isinstance(part, Concrete) and type(part.value) in _KNOWN]
    try:
        return Concrete(template % tuple(known)) if len(known) == len(parts) else Text()
    except (TypeError, ValueError) as error:
        raise Refused(sentence("It raises {error}.", error=type(error).__name__)) from None


def as_text(value: Value) -> Value:
    """`str(value)`."""
    if not is_showable(value):
        raise Refused(sentence("It makes a text of numbers."))
    known = formatted(value, ord("s"), "")
    return Text() if known is None else Concrete(known)


def ask_text(text: str, name: str, arguments: list[Any]) -> Value:
    """A method of a text that is known, with arguments that are. Raises Refused for another."""
    if name not in METHODS or not all(type(value) in (*_KNOWN, list, tuple) for value in arguments):
        called = f"str.{name}"
        raise Refused(sentence("It calls {name}, and nothing is known of that.", name=called))
    try:
        found = getattr(text, name)(*arguments)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise Refused(sentence("It raises {error}.", error=type(error).__name__)) from None
    return Items(tuple(map(Concrete, found))) if type(found) is list else Concrete(found)
