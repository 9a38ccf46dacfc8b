"""What is known of a value without computing it: an object that exists, numbers to be computed, or a few of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from zerokara.recognise.readings import class_name, is_plain_array, is_scalar
from zerokara.recognise.refusal import Refused
from zerokara.words import sentence

CONSTANT = -1
NEVER = -1


@dataclass(frozen=True, eq=False)
class Known:
    """An object that exists before the function is called, and the reading that found it (CONSTANT: none)."""

    value: Any
    reading: int = CONSTANT

    @property
    def is_scalar(self) -> bool:
        return is_scalar(self.value)

    @property
    def is_array(self) -> bool:
        return is_plain_array(self.value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Known):
            return NotImplemented
        if self.value is other.value:
            return True
        return self.is_scalar and type(self.value) is type(other.value) and repr(self.value) == repr(other.value)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Data:
    """Numbers, in an array or alone, that the function computes, or plain containers of such.

    Attributes:
        sources: readings of the arrays that it was computed from, or, of shapes, the arrays that have them.
        fresh: it shares no memory with anything that was there before the call, so it may be written to.
        about_shape: it depends on shapes and classes of arrays, not on the numbers in them.
        affine: it is x W + b, the input of an activation, as long as this is the epoch (see `Arithmetic`).
        shared: it may be a part of something affine, so that writing to it writes to that.
        may_be_list: writing to it may keep what is written itself, instead of its numbers.
        masked: how many numbers there are may depend on numbers.
    """

    sources: frozenset[int] = frozenset()
    fresh: bool = True
    about_shape: bool = False
    affine: int = NEVER
    shared: bool = False
    may_be_list: bool = False
    masked: bool = False

    @property
    def touches_affine(self) -> bool:
        return self.shared or self.affine != NEVER

    def computed(self, affine: int = NEVER) -> Data:
        """Numbers computed from these, in memory of their own."""
        return replace(self, fresh=True, affine=affine, shared=False)


@dataclass(frozen=True)
class Items:
    """A tuple or list whose elements are known one by one."""

    elements: tuple[Value, ...]


@dataclass(frozen=True)
class Bound:
    """Something to call with what stands before the dot: a function, or by name a method of numbers or dicts."""

    receiver: Value
    function: Known | str


@dataclass(frozen=True)
class Unusable:
    """What two ways through the code left differently; it must not be used."""


Value = Known | Data | Items | Bound | Unusable


def constant(value: Any) -> Known:
    return Known(value)


def is_number(value: Value) -> bool:
    """Whether a value can take part in arithmetic without running a learner's code."""
    if isinstance(value, Known):
        return value.is_scalar or value.is_array
    return isinstance(value, Data) or (isinstance(value, Items) and all(map(is_number, value.elements)))


def as_data(value: Value, what: str = "") -> Data:
    """A value as numbers. Raises Refused for what is none."""
    if isinstance(value, Data):
        return value
    if isinstance(value, Known) and value.is_scalar:
        return Data(about_shape=True)
    if isinstance(value, Known) and value.is_array:
        return Data(frozenset([value.reading]), fresh=False)
    if isinstance(value, Items):
        return together([as_data(element, what) for element in value.elements])
    raise Refused(sentence("{what} is no plain number or array", what=what or described(value)))


def together(parts: list[Data]) -> Data:
    """Numbers that may come from any of the parts."""
    shapes_only = all(part.about_shape for part in parts)
    return Data(
        sources=frozenset().union(*(part.sources for part in parts if shapes_only or not part.about_shape)),
        fresh=all(part.fresh for part in parts),
        about_shape=shapes_only,
        shared=any(part.touches_affine for part in parts),
        may_be_list=any(part.may_be_list for part in parts),
        masked=any(part.masked for part in parts),
    )


def joined(one: Value, other: Value) -> Value:
    """What is known of a value after either of two ways. Whose memory it has is not: nobody may write to it."""
    if one == other:
        return one
    if is_number(one) and is_number(other):
        a, b = as_data(one), as_data(other)
        return replace(together([a, b]), affine=min(a.affine, b.affine), fresh=False)
    return Unusable()


def described(value: Value) -> str:
    """A value in words, for a refusal. Classes are named, never shown: showing runs their code."""
    if isinstance(value, Known):
        return sentence("an object of the class {name}", name=class_name(type(value.value)))
    return sentence("what was computed")
