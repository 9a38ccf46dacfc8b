"""What a learner's code may change while it is asked: objects, containers, arrays, random generators."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

MOST_OBJECTS = 20_000
LARGEST = 4_000_000
"""Elements of an array that is copied; a larger one is a data set, which no gradient should write to."""

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
_ATOMS = (str, bytes, int, float, complex, bool, type(None), type, ModuleType)
_FUNCTIONS = (FunctionType, BuiltinFunctionType, np.ufunc)


class Snapshot:
    """The state of everything that can be reached from some objects, to be put back.

    Objects and containers get their attributes and entries back, the very same ones; arrays get their values back in
    place. Also NumPy's and Python's own random state, and that of generators that were met.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        pairs = ((thing, _kept(thing)) for thing in everything_in(roots))
        self._undo = [(thing, kept) for thing, kept in pairs if kept is not None]
        self._numpy_state = np.random.get_state()
        self._python_state = random.getstate()

    def restore(self) -> None:
        """Put all of it back."""
        for thing, kept in self._undo:
            _put_back(thing, kept)
        np.random.set_state(self._numpy_state)
        random.setstate(self._python_state)


def everything_in(roots: Iterable[Any]) -> list[Any]:
    """The objects that can be reached from these, each once; not numbers, texts, classes and modules."""
    waiting, seen = list(roots), dict[int, Any]()
    while waiting and len(seen) < MOST_OBJECTS:
        thing = waiting.pop()
        if not isinstance(thing, _ATOMS) and id(thing) not in seen:
            seen[id(thing)] = thing
            waiting.extend(parts_of(thing))
    return list(seen.values())


def parts_of(thing: Any) -> Iterator[Any]:
    """What an object or container holds."""
    if isinstance(thing, dict):
        yield from (value for key, value in thing.items() if not (isinstance(key, str) and key.startswith("__")))
    elif isinstance(thing, list | tuple | set | frozenset | deque):
        yield from thing
    elif isinstance(thing, np.ndarray):
        if thing.dtype == object:
            yield from thing.ravel().tolist()
        elif isinstance(thing.base, np.ndarray):
            yield thing.base
    elif isinstance(thing, MethodType):
        yield thing.__self__
    elif isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or () if _filled(cell))
    elif not isinstance(thing, _ATOMS + _FUNCTIONS):
        yield from attributes_of(thing).values()


def attributes_of(thing: Any) -> dict[str, Any]:
    """An object's attributes, those in `__slots__` included; none of what Python and NumPy define."""
    if isinstance(thing, GENERATORS):
        return {}
    found = dict(getattr(thing, "__dict__", None) or {})
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found


def state_of(generator: Any) -> Any:
    """The state of a generator of random numbers, NumPy's or Python's."""
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def set_state(generator: Any, state: Any) -> None:
    """Have a generator go on from a state."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _kept(thing: Any) -> Any:
    if isinstance(thing, np.ndarray):
        return thing.copy() if thing.size <= LARGEST and thing.flags.writeable else None
    if isinstance(thing, dict | list | set | deque):
        return thing.copy()
    if isinstance(thing, GENERATORS):
        return state_of(thing)
    if isinstance(thing, (tuple, frozenset, MethodType, *_FUNCTIONS)):
        return None
    return attributes_of(thing) or ({} if hasattr(thing, "__dict__") else None)


def _put_back(thing: Any, kept: Any) -> None:
    if isinstance(thing, np.ndarray):
        if thing.shape == kept.shape and thing.dtype == kept.dtype:
            thing[...] = kept
    elif isinstance(thing, dict):
        _put_entries_back(thing, kept)
    elif isinstance(thing, set):
        thing.clear()
        thing.update(kept)
    elif isinstance(thing, list):
        thing[:] = kept
    elif isinstance(thing, deque):
        thing.clear()
        thing.extend(kept)
    elif isinstance(thing, GENERATORS):
        set_state(thing, kept)
    else:
        _put_attributes_back(thing, kept)


def _put_entries_back(thing: dict[Any, Any], kept: dict[Any, Any]) -> None:
    """Touches only what is another: the names of a module are in use meanwhile."""
    for key in [key for key in thing if key not in kept]:
        del thing[key]
    for key, value in kept.items():
        if key not in thing or thing[key] is not value:
            thing[key] = value


def _put_attributes_back(thing: Any, kept: dict[str, Any]) -> None:
    for name in set(attributes_of(thing)) - set(kept):
        object.__delattr__(thing, name)
    for name, value in kept.items():
        if getattr(thing, name, None) is not value:
            object.__setattr__(thing, name, value)
