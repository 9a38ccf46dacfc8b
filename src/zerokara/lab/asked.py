"""What a page's message says, whoever sent it. Anything else is refused with a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence

MOST = 2**53
"""Whole numbers that JavaScript has."""


def whole(fields: Mapping[str, Any], name: str, least: int) -> int:
    """A whole number of at least `least`."""
    value = fields.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
        raise _refused(name, value)
    return value


def number(fields: Mapping[str, Any], name: str, low: float, high: float) -> float:
    """A finite number within these bounds."""
    value = fields.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise _refused(name, value)
    if not math.isfinite(value):
        raise _refused(name, value)
    return float(value)


def text(fields: Mapping[str, Any], name: str, names: Collection[str] = ()) -> str:
    """A text; one of these names, if any are given."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise _refused(name, value)
    if names and value not in names:
        raise unknown_name(name, value[:40], names)
    return value


def mapping(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise _refused(name, value)
    return value


def _refused(name: str, value: object) -> UsageError:
    return UsageError(sentence("{name} cannot be used. Got {got!r}.", name=name, got=str(value)[:40]), "wrong-value")
