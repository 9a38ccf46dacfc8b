"""Whole numbers that count the calls of a function: what each call adds, and what the loop would leave.

A count that nothing reads changes no gradient. But somebody may look at it afterwards, so it is set to what it would be
after as many calls as the loop's, and not after the few that a proof needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from zerokara.interpret import guards
from zerokara.interpret.guards import MISSING


class Slot(NamedTuple):
    """A way to keep a number. The first argument of each function is what keeps it, the second its name or key.

    Attributes:
        kind: the class of the number, as the code would read it.
        read: the number itself.
        own: the same, or MISSING where it would be found elsewhere, as a class's is by an instance.
        put, remove: change it.
        holder, holders: what tells whether another function reads the same; for which keys to ask that of a value.
    """

    kind: Callable[[Any, Any], type]
    read: Callable[[Any, Any], Any]
    own: Callable[[Any, Any], Any]
    put: Callable[[Any, Any, Any], None]
    remove: Callable[[Any, Any], None]
    holder: Callable[[Any, Any], Any] = guards.kind
    holders: Callable[[Any], Iterable[Any]] = lambda value: ()


class Counter(NamedTuple):
    """A number that each call of a function adds `step` to; `owner` is the number of the value that keeps it."""

    owner: int
    slot: Slot
    key: Any
    step: int


class Counts:
    """The counters of a function as they stand before it is called."""

    def __init__(self, counters: tuple[Counter, ...], values: list[Any]) -> None:
        """Look at them now, among the values that `Guards.check` found."""
        self._found = [
            (counter, owner, counter.slot.own(owner, counter.key), counter.slot.read(owner, counter.key))
            for counter, owner in ((counter, values[counter.owner]) for counter in counters)
        ]

    def leave(self, calls: int) -> None:
        """Set each to what it is after so many calls from where it stood."""
        for counter, owner, own, read in self._found:
            if calls or own is not MISSING:
                counter.slot.put(owner, counter.key, read + calls * counter.step)
            elif counter.slot.own(owner, counter.key) is not MISSING:
                counter.slot.remove(owner, counter.key)


@contextmanager
def counting(counters: tuple[Counter, ...], values: list[Any] | None, calls: int) -> Iterator[None]:
    """Whatever is called meanwhile, the counters stand in the end as after so many calls; or as before, on an error."""
    if not counters or values is None:
        yield
        return
    counts = Counts(counters, values)
    try:
        yield
    except BaseException:
        counts.leave(0)
        raise
    counts.leave(calls)


def _attribute(instance: Any, name: str) -> Any:
    own = guards.own_attribute(instance, name)
    return guards.class_attribute(instance, name) if own is MISSING else own


def attribute_kind(instance: Any, name: str) -> type:
    return type(_attribute(instance, name))


def class_kind(kind: type, name: str) -> type:
    return type(guards.own_class_attribute(kind, name))


def _global(function: Any, name: str) -> Any:
    return function.__globals__[name]


def global_kind(function: Any, name: str) -> type:
    return type(_global(function, name))


def cell_kind(function: Any, name: str) -> type:
    return type(guards.cell(function, name))


def item_kind(container: Any, key: Any) -> type:
    return type(container[key])


def _item(container: Any, key: Any) -> Any:
    return container[key]


def _set_cell(function: Any, name: str, number: int) -> None:
    guards.cell_itself(function, name).cell_contents = number


def _stays(owner: Any, key: Any) -> None:
    raise AssertionError("it was there before")


ATTRIBUTE = Slot(
    attribute_kind,
    _attribute,
    guards.own_attribute,
    lambda instance, name, number: dict.__setitem__(guards.own_dict(instance, None), name, number),
    lambda instance, name: dict.__delitem__(guards.own_dict(instance, None), name),
)
CLASS_ATTRIBUTE = Slot(
    class_kind, guards.own_class_attribute, guards.own_class_attribute, type.__setattr__, type.__delattr__
)
GLOBAL = Slot(
    global_kind,
    _global,
    _global,
    lambda function, name, number: dict.__setitem__(function.__globals__, name, number),
    _stays,
    guards.names_around,
    lambda value: (None,) if type(value) in (FunctionType, ModuleType) else (),
)
CELL = Slot(
    cell_kind,
    guards.cell,
    guards.cell,
    _set_cell,
    _stays,
    guards.cell_itself,
    lambda value: value.__code__.co_freevars if type(value) is FunctionType else (),
)
ITEM = Slot(item_kind, _item, _item, lambda container, key, number: container.__setitem__(key, number), _stays)
