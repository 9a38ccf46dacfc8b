"""A learner's functions are called, on copies of their objects, while their training goes on: nothing is left of it.

All of this happens in the learner's thread, between two lines of their own. What the calls print goes nowhere; random
states, warnings, the names of their modules and the attributes of their classes are afterwards what they were.
"""

from __future__ import annotations

import copy
import io
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_gradients.isolation import TimeUp, time_limit, without_files
from zerokara.own_gradients.parameters import is_object
from zerokara.sources.instrumentation import Note

SHARED = 10_000
"""Elements from which an array is not copied but shared, and may not be written to meanwhile."""
SECONDS = 1.0
"""That a call may take."""
MOST_PARTS = 2_000
"""Of a list, dict or set that is put back as it was."""


class CannotCall(Exception):
    """Why something of a learner's was not computed; for developers."""


@contextmanager
def unseen(*spaces: dict[str, Any]) -> Iterator[None]:
    """What runs meanwhile shows nothing and leaves nothing behind.

    `warnings.catch_warnings` would have every warning shown once more that Python shows once only; so a filter is put
    before all others, and taken away again.

    Args:
        spaces: names that calls may give other values: of modules, and of classes.
    """
    silence: Any = ("ignore", None, Warning, None, 0)
    states = np.random.get_state(), random.getstate()
    warnings.filters.insert(0, silence)  # type: ignore[attr-defined]  # a list
    try:
        with ExitStack() as nothing, np.errstate(all="ignore"):
            for space in spaces:
                nothing.enter_context(_put_back(space))
                nothing.enter_context(_notes_kept(space))
            nothing.enter_context(redirect_stdout(io.StringIO()))
            nothing.enter_context(redirect_stderr(io.StringIO()))
            nothing.enter_context(without_files())
            yield
    finally:
        if silence in warnings.filters:
            warnings.filters.remove(silence)  # type: ignore[attr-defined]
        np.random.set_state(states[0])
        random.setstate(states[1])


@contextmanager
def _put_back(space: dict[str, Any]) -> Iterator[None]:
    """Names, and the small lists, dicts and sets under them, are afterwards as before."""
    before = dict(space)
    contents = [(value, value.copy()) for value in before.values() if _may_grow(value)]
    try:
        yield
    finally:
        for name in [name for name in space if name not in before]:
            del space[name]
        for name, value in before.items():
            if space.get(name) is not value:
                space[name] = value
        for value, kept in contents:
            _refill(value, kept)


@contextmanager
def _notes_kept(space: Mapping[str, Any]) -> Iterator[None]:
    """What functions have noted that they were called with last is the learner's own call, not one of ours."""
    before = [(note, list(note)) for note in _notes_in(space)]
    try:
        yield
    finally:
        for note, values in before:
            note[:] = values


def _notes_in(space: Mapping[str, Any]) -> Iterator[Note]:
    for value in space.values():
        functions = list(vars(value).values()) if isinstance(value, type) else [value]
        for function in functions:
            function = getattr(function, "__func__", function)
            if isinstance(function, FunctionType):
                found = (getattr(constant, "__self__", None) for constant in function.__code__.co_consts)
                yield from (note for note in found if isinstance(note, Note))


def _may_grow(value: Any) -> bool:
    return type(value) in (list, dict, set) and len(value) <= MOST_PARTS


def _refill(value: Any, kept: Any) -> None:
    parts = (value.values(), kept.values()) if isinstance(value, dict) else (value, kept)
    if len(value) == len(kept) and all(a is b for a, b in zip(*parts, strict=True)):
        return
    value.clear()
    (value.extend if isinstance(value, list) else value.update)(kept)


def spaces_of(owner: Any, function: Any = None) -> list[dict[str, Any]]:
    """The names of the modules where the methods of an object, or a function, are defined."""
    modules = {type(owner).__module__, getattr(function, "__module__", None)}
    parts = getattr(owner, "__dict__", {}) if is_object(owner) else {}
    for part in list(parts.values())[:MOST_PARTS]:
        inner = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
        modules |= {type(one).__module__ for one in inner[:MOST_PARTS] if is_object(one)}
    found = [sys.modules[name].__dict__ for name in modules if isinstance(name, str) and name in sys.modules]
    if isinstance(function, FunctionType):
        found.append(function.__globals__)
    return list({id(space): space for space in found if not _is_library(space)}.values())


def _is_library(space: Mapping[str, Any]) -> bool:
    return str(space.get("__name__", "")).split(".")[0] in ("builtins", "numpy", "zerokara")


@contextmanager
def classes_as_before(owner: Any) -> Iterator[None]:
    """The attributes of an object's classes are afterwards as before, such as a counter of calls."""
    kinds = [kind for kind in type(owner).__mro__ if kind.__module__ not in ("builtins", "numpy")]
    before = [(kind, dict(vars(kind))) for kind in kinds]
    try:
        yield
    finally:
        for kind, attributes in before:
            for name, value in list(vars(kind).items()):
                if name not in attributes:
                    delattr(kind, name)
                elif value is not attributes[name]:
                    setattr(kind, name, attributes[name])


def twin(owner: Any, alone: Mapping[int, NDArray[Any]] | None = None) -> Any:
    """A copy of an object or a dict, all that it has included; large arrays are shared and read-only.

    Args:
        alone: arrays that the copy is to have to itself, by the identity of those that they stand for.

    Raises CannotCall where it cannot be copied.
    """
    memo: dict[int, Any] = dict(alone or {})
    keep: list[Any] = []
    _share_large(owner, memo, keep, 0)
    try:
        return copy.deepcopy(owner, memo)
    except Exception as error:
        raise CannotCall from error


def _share_large(value: Any, memo: dict[int, Any], keep: list[Any], depth: int) -> None:
    if id(value) in memo or depth > 4:
        return
    if isinstance(value, np.ndarray):
        if value.size >= SHARED and value.dtype != object:
            view = value.view()
            view.flags.writeable = False
            memo[id(value)] = view
        return
    keep.append(value)
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, list | tuple):
        parts = list(value) if len(value) <= MOST_PARTS else []
    else:
        parts = list(getattr(value, "__dict__", {}).values()) if is_object(value) else []
    for part in parts[:MOST_PARTS]:
        if isinstance(part, np.ndarray | dict | list | tuple) or is_object(part):
            _share_large(part, memo, keep, depth + 1)


def answer_of(call: Callable[..., Any], *given: Any, limited: bool = True) -> NDArray[np.float64]:
    """What a call gives, as numbers. Raises CannotCall.

    Args:
        limited: whether the call is stopped when it takes too long: it may be of something that has never been called.
    """
    began = time.perf_counter()
    try:
        if limited:
            with time_limit(2 * SECONDS, SECONDS):
                answer = call(*given)
        else:
            answer = call(*given)
        return np.array(answer, np.float64)
    except (Exception, SystemExit, TimeUp) as error:
        raise CannotCall(f"{type(error).__name__} after {time.perf_counter() - began:.3f} s") from error
