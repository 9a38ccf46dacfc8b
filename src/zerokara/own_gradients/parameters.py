"""Where a learner keeps parameters: a dict, attributes, lists, layer objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_gradients.keeping import attributes_of

Array = NDArray[Any]

DEEPEST = 6
MOST_PLACES = 2000
LARGEST = 4_000_000


@dataclass(frozen=True)
class Place:
    """Where an array can be reached, however often it is replaced there.

    Attributes:
        name: as people write it: "W1", "layers[0].W", "Affine1.W".
        path: the same with what stands before a key: "params['W1']", "layers['Affine1'].W".
        holder: the object, dict or list that has it.
        key: the name of the attribute, or the key or index.
    """

    name: str
    path: str
    holder: Any
    key: Any

    @property
    def value(self) -> Any:
        """What is there now; None where nothing is."""
        try:
            return self.holder[self.key] if _is_container(self.holder) else getattr(self.holder, self.key, None)
        except (KeyError, IndexError):
            return None

    def put(self, value: Any) -> None:
        """Have another object there."""
        if _is_container(self.holder):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


def places_in(holder: Any, prefix: str = "") -> list[Place]:
    """Every number and array that can be reached from an object, dict or list; the plainest name of each first."""
    found: list[Place] = []
    _collect(holder, (prefix, prefix), found, set(), 0)
    return found


def arrays_in(holder: Any, prefix: str = "") -> list[Place]:
    """Those of the places where arrays of numbers are, one for each array."""
    seen: set[int] = set()
    arrays = []
    for place in sorted(places_in(holder, prefix), key=_rank):
        value = place.value
        if is_numeric(value) and id(value) not in seen:
            seen.add(id(value))
            arrays.append(place)
    return arrays


def is_numeric(value: Any) -> bool:
    """Whether it is an array of real numbers, not too large for a network here."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and 0 < value.size <= LARGEST


def _rank(place: Place) -> int:
    """`params["W1"]` before `layers[0].W`, before the rest: the array is the same."""
    return 0 if re.fullmatch(r"\w+", place.name) and isinstance(place.holder, dict) else 1


def _collect(thing: Any, names: tuple[str, str], found: list[Place], seen: set[int], depth: int) -> None:
    if depth > DEEPEST or id(thing) in seen or len(found) > MOST_PLACES:
        return
    seen.add(id(thing))
    for key, value, name, path in _entries(thing, *names):
        if isinstance(value, np.ndarray | float | int | np.generic) and not isinstance(value, bool):
            found.append(Place(name, path, thing, key))
        elif _is_container(value) or is_object(value):
            _collect(value, (name, path), found, seen, depth + 1)


def _entries(thing: Any, prefix: str, path: str) -> Iterator[tuple[Any, Any, str, str]]:
    if isinstance(thing, Mapping):
        # params["W1"] is "W1", and layers["Affine1"] is "Affine1": keys tell enough
        for key, value in list(thing.items()):
            if isinstance(key, str) and key.startswith("__"):
                continue
            inside = f"{path}[{key!r}]" if path else str(key)
            yield key, value, str(key) if isinstance(key, str) else f"{prefix}[{key!r}]", inside
    elif isinstance(thing, list | tuple):
        for index, value in enumerate(thing):
            yield index, value, f"{prefix}[{index}]", f"{path}[{index}]"
    else:
        for key, value in list(attributes_of(thing).items()):
            yield key, value, f"{prefix}.{key}" if prefix else key, f"{path}.{key}" if path else key


def _is_container(thing: Any) -> bool:
    return isinstance(thing, dict | list | tuple)


def is_object(thing: Any) -> bool:
    """Whether it may be a layer or a network: an object of a class that is neither Python's nor NumPy's."""
    if isinstance(thing, type | ModuleType | FunctionType | BuiltinFunctionType | MethodType | np.ndarray | np.generic):
        return False
    module = type(thing).__module__.split(".")[0]
    return module not in ("builtins", "numpy", "collections", "random", "threading", "matplotlib") and hasattr(
        thing, "__dict__"
    )


def with_effect(places: list[Place], loss: Callable[[], float]) -> list[Place]:
    """Those whose array the loss depends on, at its own values or at random ones; each is moved, and put back."""
    before = loss()
    own = {id(place.value) for place in places if _matters(place.value, loss, before)}
    kept = [(place.value, place.value.copy()) for place in places if place.value.flags.writeable]
    generator = np.random.default_rng(5)
    try:
        for array, _ in kept:
            if array.dtype.kind == "f":
                array[...] = generator.normal(0, 1 / np.sqrt(max(array.shape, default=1)), array.shape)
        random = _with_effect_at_random(places, loss)
    finally:
        for array, values in kept:
            array[...] = values
    return [place for place in places if id(place.value) in own | random]


def _with_effect_at_random(places: list[Place], loss: Callable[[], float]) -> set[int]:
    try:
        before = loss()
    except Exception:
        return set()
    return {id(place.value) for place in places if np.isfinite(before) and _matters(place.value, loss, before)}


def _matters(array: Array, loss: Callable[[], float], before: float) -> bool:
    if not array.flags.writeable:
        return False
    kept = array.copy()
    try:
        uneven = 1 + np.arange(array.size).reshape(array.shape) % 7  # softmax does not feel what all its inputs share
        step = uneven * (0.01 + 0.1 * np.abs(array)) if array.dtype.kind == "f" else uneven
        array += step.astype(array.dtype)
        moved = loss()
    except Exception:
        return False
    finally:
        array[...] = kept
    return bool(moved != before)
