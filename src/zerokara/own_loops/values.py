"""What a number may depend on, while a loop is read: nothing but shapes may decide what is done.

A loop that is proven for small arrays is proven for large ones, and for all numbers, if it cannot tell them apart. So
each value has a kind, and kinds say what may be done with it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np

from zerokara.interpret.folding import COMPARISONS, OPERATORS
from zerokara.interpret.guards import is_scalar
from zerokara.interpret.refusal import Refused
from zerokara.words import sentence


class Kind(Enum):
    """What a value depends on."""

    CONSTANT = auto()  # nothing: the same number, text or class in every call that the guards allow
    EXTENT = auto()  # how large an array is, along one axis or more
    BOUND = auto()  # the same, and one or two more or less
    POSITION = auto()  # which element's turn it is
    MIXED = auto()  # both, in a way that only an index may use
    NUMBER = auto()  # an element of an array, or a value of the function that is differentiated
    ARRAY = auto()
    ITEMS = auto()  # a list, tuple or dict that the code has made, of values
    GIVEN = auto()  # one that was there before
    ITERATOR = auto()  # what a loop goes through: pairs of a Python iterator and what to make of an item
    METHOD = auto()  # an owner and a name
    OBJECT = auto()  # a function, a module, an object with attributes, or what may only be handed on


SHAPES = (Kind.EXTENT, Kind.BOUND, Kind.POSITION, Kind.MIXED)
LARGEST = 2
"""The largest whole number that may meet sizes and positions: another could tell a large array from a small one."""


class Extent(int):
    """A whole number that stands in for a length of an axis, as it was given beside the array."""


class Defined:
    """A function that the loop's own code defines."""


@dataclass(eq=False)
class Value:
    """A value and its kind; `grown` for a list whose length depends on the shape of an array."""

    raw: Any
    kind: Kind
    grown: bool = False


def constant(raw: Any) -> Value:
    """A value that the code itself states."""
    return Value(raw, Kind.CONSTANT)


def tagged(raw: Any) -> Value:
    """What was read from outside of the loop, or from an array."""
    if type(raw) is np.ndarray:
        return Value(raw, Kind.ARRAY)
    if type(raw) is Extent:
        return Value(int(raw), Kind.EXTENT)
    if is_scalar(raw) or isinstance(raw, np.dtype):
        return Value(raw, Kind.CONSTANT)
    return Value(raw, Kind.GIVEN if isinstance(raw, dict | list | tuple) else Kind.OBJECT)


def computed(raw: Any) -> Value:
    """What was computed from numbers: an array, or one number."""
    return Value(raw, Kind.ARRAY if type(raw) is np.ndarray else Kind.NUMBER)


def plain(value: Value) -> Any:
    """The value as Python has it, without kinds."""
    if value.kind is Kind.ITEMS:
        if type(value.raw) is dict:
            return {key: plain(item) for key, item in value.raw.items()}
        return type(value.raw)(plain(item) for item in value.raw)
    if value.kind in (Kind.METHOD, Kind.ITERATOR):
        raise Refused(sentence("Its loop hands on what goes through numbers one by one."))
    return value.raw


_IN_PLACE: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
}


def binary(op: ast.operator, a: Value, b: Value, line: int, *, in_place: bool = False) -> Value:
    """`a op b`, or `a op= b`. Raises Refused for what depends on numbers in another way than by + - * /."""
    kinds = {a.kind, b.kind}
    if kinds == {Kind.CONSTANT}:
        return _of_constants(op, a, b, line)
    if kinds <= {Kind.CONSTANT, Kind.NUMBER, Kind.ARRAY} and type(op) in _IN_PLACE and _are_numbers(a, b):
        function = (_IN_PLACE if in_place and a.kind is Kind.ARRAY else OPERATORS)[type(op)]
        return computed(function(a.raw, b.raw))
    if kinds <= {Kind.CONSTANT, *SHAPES}:
        return Value(OPERATORS[type(op)](a.raw, b.raw), _kind_of_shapes(op, a, b, line))
    if type(op) is ast.Mult and a.kind is Kind.ITEMS and type(a.raw) is list and b.kind in (Kind.CONSTANT, Kind.EXTENT):
        return Value(a.raw * b.raw, Kind.ITEMS, grown=a.grown or b.kind is Kind.EXTENT)
    if type(op) is ast.Add and kinds == {Kind.ITEMS} and type(a.raw) is type(b.raw) is not dict:
        return Value(a.raw + b.raw, Kind.ITEMS, grown=a.grown or b.grown)
    raise Refused(sentence("Line {line} computes in a way that is not known here.", line=line))


def _of_constants(op: ast.operator, a: Value, b: Value, line: int) -> Value:
    if type(op) not in OPERATORS:
        raise Refused(sentence("Line {line} computes in a way that is not known here.", line=line))
    return constant(OPERATORS[type(op)](a.raw, b.raw))


def _are_numbers(*values: Value) -> bool:
    return all(value.kind is not Kind.CONSTANT or is_number(value.raw) for value in values)


def is_number(raw: Any) -> bool:
    """Whether it is a real number."""
    return isinstance(raw, int | float | np.number) and not isinstance(raw, complex | bool)


def is_small(value: Value) -> bool:
    """Whether a constant may meet sizes and positions."""
    return type(value.raw) is int and abs(value.raw) <= LARGEST


def _kind_of_shapes(op: ast.operator, a: Value, b: Value, line: int) -> Kind:
    """The kind of `a op b` for sizes, positions and small whole numbers."""
    kinds = (a.kind, b.kind)
    small = next((value for value in (a, b) if value.kind is Kind.CONSTANT), None)
    if small is not None and not is_small(small):
        raise Refused(sentence("Line {line} computes with sizes and {number!r:.20}.", line=line, number=small.raw))
    match op:
        case ast.Add() | ast.Sub() if small is not None and Kind.POSITION in kinds:
            return Kind.POSITION
        case ast.Add() | ast.Sub() if small is not None and Kind.EXTENT in kinds:
            return Kind.BOUND
        case ast.Add() | ast.Sub():
            return Kind.MIXED
        case ast.Mult() if kinds == (Kind.EXTENT, Kind.EXTENT):
            return Kind.EXTENT
        case ast.Mult() if small is not None or set(kinds) == {Kind.EXTENT, Kind.POSITION}:
            return Kind.MIXED
        case ast.FloorDiv() | ast.Mod() if b.kind is Kind.EXTENT:
            return Kind.BOUND if a.kind is Kind.EXTENT else a.kind
    raise Refused(sentence("Line {line} computes with sizes and positions in a way of its own.", line=line))


def compared(op: ast.cmpop, a: Value, b: Value, line: int) -> Value:
    """`a op b`. Raises Refused where numbers decide, or sizes by more than where a loop ends."""
    if isinstance(op, ast.Is | ast.IsNot):
        if not (a.raw is None or b.raw is None):
            raise Refused(sentence("Line {line} asks whether two objects are the same.", line=line))
        return constant((a.raw is b.raw) == isinstance(op, ast.Is))
    kinds = {a.kind, b.kind}
    if kinds == {Kind.CONSTANT} and type(op) in COMPARISONS:
        return constant(COMPARISONS[type(op)](a.raw, b.raw))
    if isinstance(op, ast.In | ast.NotIn) and a.kind is Kind.CONSTANT:
        return constant(_is_among(a, b, line) == isinstance(op, ast.In))
    small = [value for value in (a, b) if value.kind is Kind.CONSTANT]
    if type(op) in COMPARISONS and all(map(is_small, small)):
        result = COMPARISONS[type(op)](a.raw, b.raw)
        if Kind.POSITION in kinds and kinds <= {Kind.POSITION, Kind.EXTENT, Kind.BOUND, Kind.CONSTANT}:
            return Value(result, Kind.POSITION)
        # Small arrays stand in for large ones, but an axis of length 1 has one of length 1.
        if kinds == {Kind.EXTENT, Kind.CONSTANT} and small[0].raw in (0, 1):
            return constant(result)
    raise Refused(sentence("What line {line} does depends on the size of numbers, or of arrays.", line=line))


def _is_among(a: Value, b: Value, line: int) -> bool:
    if b.kind is Kind.CONSTANT and type(a.raw) is type(b.raw) is str:
        return a.raw in b.raw
    if b.kind is Kind.GIVEN and type(b.raw) is dict:
        return a.raw in b.raw
    items = b.raw if b.kind is Kind.ITEMS else map(tagged, b.raw) if b.kind is Kind.GIVEN else ()
    if b.kind is Kind.ITEMS and type(b.raw) is dict:
        return a.raw in b.raw
    found = list(items)
    if not found or any(item.kind is not Kind.CONSTANT for item in found):
        raise Refused(sentence("What line {line} does depends on the size of numbers, or of arrays.", line=line))
    return a.raw in [item.raw for item in found]


def truth(value: Value, line: int) -> bool:
    """Whether a condition holds; it may depend on which element's turn it is, but on no number."""
    if value.kind in (Kind.CONSTANT, Kind.POSITION) or (value.kind is Kind.GIVEN) or _is_listed(value):
        return bool(value.raw)
    raise Refused(sentence("What line {line} does depends on the size of numbers, or of arrays.", line=line))


def _is_listed(value: Value) -> bool:
    return value.kind is Kind.ITEMS and not value.grown
