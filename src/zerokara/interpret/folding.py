"""Numbers and texts that the code computes from others that are known already: `1 - 1e-7`, `np.sqrt(2 / np.pi)`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.interpret.abstract_values import Concrete, Value
from zerokara.interpret.allowed import Kind
from zerokara.interpret.interpreted_code import is_from_elsewhere

OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NUMBERS = {int, float, bool, np.float64}


def folded(function: Any, left: Value, right: Value) -> Concrete | None:
    """The result for two small numbers or two strings that are known already."""
    if function is None or not (isinstance(left, Concrete) and isinstance(right, Concrete)):
        return None
    kinds = {type(left.value), type(right.value)}
    if kinds == {str} and (function is operator.add or function in COMPARISONS.values()):
        return Concrete(function(left.value, right.value))
    if not kinds <= _NUMBERS:  # text times a number may be large, and others' operators are others' code
        return None
    if function is operator.pow and (abs(right.value) > 64 or abs(left.value) > 2**32):
        return None
    return _computed(function, [left.value, right.value])


def folded_call(
    function: Callable[..., Any] | None, kind: Kind, arguments: list[Value], keywords: dict[str, Value]
) -> Concrete | None:
    """`np.sqrt(2 / np.pi)` and the like."""
    if function is None or kind is not Kind.NEW or keywords or not arguments:
        return None
    if not all(isinstance(value, Concrete) and type(value.value) in _NUMBERS for value in arguments):
        return None
    return _computed(function, [value.value for value in arguments])  # type: ignore[union-attr]


def _computed(function: Callable[..., Any], numbers: list[Any]) -> Concrete | None:
    """None where that raises, or would warn: which the learner's own call shall do."""
    try:
        with np.errstate(all="raise"):
            result = function(*numbers)
    except Exception as error:
        if is_from_elsewhere(error):
            raise
        return None
    return Concrete(result) if type(result) in _NUMBERS else None
