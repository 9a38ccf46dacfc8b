"""A learner's functions are called, on copies of their objects, while their training goes on: nothing is left of it.

All of this happens in the learner's thread, between two lines of their own. What the calls print goes nowhere; random
states, warnings, the names of their modules and the attributes of their classes are afterwards what they were.
"""

from __future__ import annotations

import builtins
import copy
import io
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_gradients.isolation import TimeUp, time_limit
from zerokara.own_gradients.keeping import attributes_of
from zerokara.own_gradients.parameters import is_object
from zerokara.sources.instrumentation import Note
from zerokara.words import in_english

SHARED = 10_000
"""Elements from which an array is not copied but shared, and may not be written to meanwhile."""
SECONDS = 1.0
"""That a call may take."""
MOST_COPIED = 100_000
"""Parts of all lists, dicts and objects of a network together."""
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
            nothing.enter_context(_alone())
            yield
    finally:
        if silence in warnings.filters:
            warnings.filters.remove(silence)  # type: ignore[attr-defined]
        np.random.set_state(states[0])
        random.setstate(states[1])


class _Unheard:
    """A stream that takes what one thread writes, and hands on what others do."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        """How much was written."""
        if threading.get_ident() == self._thread:
            return len(text)
        written: int = self._stream.write(text)
        return written

    def writelines(self, lines: Any) -> None:
        """All of them."""
        for line in lines:
            self.write(line)

    def hear(self) -> None:
        """Hand on everything from now on: somebody may have kept it."""
        self._thread = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _alone() -> Iterator[None]:
    """What this thread prints goes nowhere meanwhile, and it writes no file; other threads do as ever."""
    out, errors, opened, at_keyboard = sys.stdout, sys.stderr, builtins.open, sys.stdin
    thread = threading.get_ident()

    def reading(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() == thread and set(mode) & set("wax+"):
            raise PermissionError(in_english("nothing is written while a network is asked: {file}", file=file))
        return opened(file, mode, *args, **kwargs)

    unheard = _Unheard(out), _Unheard(errors)
    sys.stdout, sys.stderr = unheard
    builtins.open = io.open = reading
    sys.stdin = io.StringIO()
    try:
        yield
    finally:
        sys.stdout, sys.stderr, sys.stdin = out, errors, at_keyboard
        builtins.open = io.open = opened
        for stream in unheard:
            stream.hear()


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
        for function in map(_plain_function, vars(value).values() if isinstance(value, type) else [value]):
            if function is not None:
                found = (getattr(constant, "__self__", None) for constant in function.__code__.co_consts)
                yield from (note for note in found if isinstance(note, Note))


def _plain_function(value: Any) -> FunctionType | None:
    """The function that a value is, or a static or class method; nothing is asked of what is something else."""
    value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    return value if isinstance(value, FunctionType) else None


def _may_grow(value: Any) -> bool:
    return type(value) in (list, dict, set) and len(value) <= MOST_PARTS


def _refill(value: Any, kept: Any) -> None:
    parts = (value.values(), kept.values()) if isinstance(value, dict) else (value, kept)
    if len(value) == len(kept) and all(a is b for a, b in zip(*parts, strict=True)):
        return
    value.clear()
    (value.extend if isinstance(value, list) else value.update)(kept)


def spaces_of(owner: Any) -> list[dict[str, Any]]:
    """The names that the methods of an object, and of the objects in it, may give other values: of their modules."""
    kinds = {kind for one in (owner, *_objects_in(owner)) for kind in type(one).__mro__ if kind is not object}
    functions = (_plain_function(value) for kind in kinds for value in vars(kind).values())
    found = {id(f.__globals__): f.__globals__ for f in functions if f is not None}
    return [space for space in found.values() if not _is_library(space)]


def _objects_in(owner: Any) -> Iterator[Any]:
    """The attributes that are objects, and such in lists and dicts: layers."""
    for part in list(attributes_of(owner).values())[:MOST_PARTS]:
        inner = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
        yield from (one for one in inner[:MOST_PARTS] if is_object(one))


def _is_library(space: Mapping[str, Any]) -> bool:
    return str(space.get("__name__", "")).split(".")[0] in (*sys.stdlib_module_names, "numpy", "zerokara")


@contextmanager
def classes_as_before(owner: Any) -> Iterator[None]:
    """The attributes of an object's classes are afterwards as before, such as a counter of calls."""
    kinds = {kind for one in (owner, *_objects_in(owner)) for kind in type(one).__mro__ if kind is not object}
    before = [(kind, dict(vars(kind))) for kind in kinds if kind.__module__.split(".")[0] not in ("numpy", "zerokara")]
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
    for array in _large_arrays(owner):
        if id(array) not in memo:
            memo[id(array)] = array.view()
            memo[id(array)].flags.writeable = False
    try:
        return copy.deepcopy(owner, memo)
    except Exception as error:
        raise CannotCall from error


def _large_arrays(owner: Any) -> Iterator[NDArray[Any]]:
    """Those that can be reached from an object. Raises CannotCall where there is too much beside them."""
    waiting, seen, parts = [owner], set[int](), 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, np.ndarray):
            if value.size >= SHARED and value.dtype != object:
                yield value
            continue
        inside = list(value.values()) if isinstance(value, dict) else value
        inside = list(attributes_of(value).values()) if is_object(value) else inside
        if not isinstance(inside, list | tuple) or id(value) in seen:
            continue
        seen.add(id(value))
        parts += len(inside)
        if parts > MOST_COPIED:
            raise CannotCall  # more than can be copied while a training waits
        if not isinstance(next(iter(inside), None), int | float):  # a list of numbers
            waiting += [part for part in inside if not isinstance(part, int | float | str)]


def called(call: Callable[..., Any], *given: Any, limited: bool = True) -> Any:
    """What a call gives. Raises CannotCall.

    Args:
        limited: whether the call is stopped when it takes too long: it may be of something that has never been called.
    """
    try:
        with time_limit(2 * SECONDS, SECONDS) if limited else nullcontext():
            return call(*given)
    except (Exception, SystemExit, TimeUp) as error:
        raise CannotCall from error


def numbers(answer: Any) -> NDArray[np.float64]:
    """An answer as an array. Raises CannotCall where it is none."""
    try:
        return np.array(answer, np.float64)
    except Exception as error:
        raise CannotCall from error
