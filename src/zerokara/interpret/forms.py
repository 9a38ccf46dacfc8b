"""Shapes and classes of numbers that are not computed: NumPy itself is asked, with an array of zeros in their place.

So a proof holds for the shapes that were met only, and a plan is for these (see `plan.signature_of`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.abstract_values import Abstract, Concrete, Form, Items, Value, as_abstract
from zerokara.interpret.interpreted_code import is_from_elsewhere

MOST_ELEMENTS = 2**20
"""Beyond, asking would take longer than it is worth."""

_BY_NUMBERS = ("nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract")
"""How many elements there are in what these return depends on the numbers."""


def form_of_call(function: Callable[..., Any] | str, arguments: list[Value], keywords: dict[str, Value]) -> Form | None:
    """Of what a function, or by name a method of the first argument, returns; None where it is not known."""
    name = function if isinstance(function, str) else getattr(function, "__name__", "")
    if name in _BY_NUMBERS or (name == "where" and len(arguments) < 3) or "ddof" in keywords:
        return None
    if function in (float, int, bool):  # of an array with axes NumPy warns
        return Form((), np.dtype(function))
    try:
        given = [_stand_in(value) for value in arguments]
        named = {keyword: _stand_in(value) for keyword, value in keywords.items()}
        if isinstance(function, str):
            return _asked(getattr(given[0], function), given[1:], named)
        return _asked(function, given, named)
    except Exception as error:  # of whatever kind: the learner's call will raise it, too
        if is_from_elsewhere(error):
            raise
        return None


def form_of_item(base: Value, key: Value) -> Form | None:
    """Of `base[key]`; None where it is not known."""
    try:
        index = _stand_in(key)
        parts = index if type(index) is tuple else (index,)
        if any(isinstance(part, np.ndarray) and part.dtype == bool for part in parts):
            return None
        return _asked(_stand_in(base).__getitem__, [index], {})
    except Exception as error:
        if is_from_elsewhere(error):
            raise
        return None


def form_of_product(left: Form | None, right: Form | None) -> Form | None:
    """Of a matrix product of arrays with one or two axes."""
    if left is None or right is None or not (left.shape and right.shape) or max(len(left.shape), len(right.shape)) > 2:
        return None
    if left.shape[-1] != right.shape[0]:
        return None
    return Form((*left.shape[:-1], *right.shape[1:]), np.result_type(left.dtype, right.dtype))


class _Unknown(Exception):
    """There is nothing that could stand for this value."""


def _stand_in(value: Value) -> Any:
    if isinstance(value, Items):
        return tuple(map(_stand_in, value.elements))
    if isinstance(value, Concrete) and not value.is_array:
        return value.value
    form = as_abstract(value).form if isinstance(value, Abstract | Concrete) else None
    if form is None:
        raise _Unknown
    return _zeros(form)


@lru_cache(maxsize=256)
def _zeros(form: Form) -> NDArray[Any]:
    """All of them one zero, that nobody can write to."""
    zero = np.zeros((), form.dtype)
    if not 0 < np.prod(form.shape, dtype=float) <= MOST_ELEMENTS:  # NumPy warns of the mean of nothing
        raise _Unknown
    return np.broadcast_to(zero, form.shape)


def _asked(function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> Form:
    with np.errstate(all="ignore"):
        found = np.asarray(function(*arguments, **keywords))
    if found.dtype.kind not in "fiub" or found.size > MOST_ELEMENTS:
        raise _Unknown
    return Form(found.shape, found.dtype)


def as_numbers(form: Form, what: str) -> Value | None:
    """What an attribute of an array says about its shape, as numbers that are known; None for another attribute."""
    if what == "shape":
        return Items(tuple(map(Concrete, form.shape)))
    if what in ("ndim", "size"):
        return Concrete(len(form.shape) if what == "ndim" else int(np.prod(form.shape, dtype=int)))
    return None
