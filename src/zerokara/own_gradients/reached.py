"""Which functions of a learner's their gradient may call."""

from __future__ import annotations

import builtins
import site
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from zerokara.own_gradients.keeping import parts_of

MOST = 500
"""Functions; a network has a few dozen."""


def functions_reached(functions: Iterable[FunctionType], state: Iterable[Any] = ()) -> tuple[FunctionType, ...]:
    """These and what they call by a name of their file, and the methods of the objects that they work on.

    Only a learner's own: neither Python's, nor what was installed, nor zerokara's.
    """
    found: dict[FunctionType, None] = {}
    waiting = [*functions, *_methods_of_objects(state)]
    while waiting and len(found) < MOST:
        function = waiting.pop(0)
        if function not in found and is_own(function.__code__.co_filename):
            found[function] = None
            waiting += _named_in(function)
    return tuple(found)


def names_called(functions: Iterable[FunctionType], state: Iterable[Any] = ()) -> set[str]:
    """The names of these functions, and all names in them and in what they call."""
    by_name: dict[str, list[CodeType]] = {}
    for function in functions_reached(functions, state):
        by_name.setdefault(function.__name__, []).append(function.__code__)
    found: set[str] = set()
    waiting = [function.__name__ for function in functions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [inner for code in by_name.get(name, ()) for inner in _names(code)]
    return found


@cache
def is_own(filename: str) -> bool:
    """Whether a file is a learner's."""
    path = Path(filename)
    return not any(folder in path.parents for folder in _others())


@cache
def _others() -> tuple[Path, ...]:
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *site.getsitepackages()]
    return (*map(Path, paths), Path(__file__).parents[1])


def _named_in(function: FunctionType) -> Iterator[FunctionType]:
    names = set(_names(function.__code__))
    for name in sorted(names):
        value = function.__globals__.get(name)
        if value is not None and name not in vars(builtins):
            yield from _functions_of(value)
    for cell in function.__closure__ or ():
        try:
            yield from _functions_of(cell.cell_contents)
        except ValueError:  # not filled yet
            continue


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _functions_of(value: Any) -> Iterator[FunctionType]:
    value = getattr(value, "__func__", value)
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, type):
        for kind in value.__mro__:
            yield from (f for entry in vars(kind).values() if isinstance(f := _plain(entry), FunctionType))


def _plain(entry: Any) -> Any:
    """The function in a static or class method, or in a property."""
    return getattr(entry, "fget", None) or getattr(entry, "__func__", entry)


def _methods_of_objects(state: Iterable[Any]) -> Iterator[FunctionType]:
    waiting, seen, kinds = list(state), set[int](), set[type]()
    while waiting and len(seen) < MOST:
        thing = waiting.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            yield thing
        kind = type(thing)
        if kind not in kinds and kind.__module__ not in ("builtins", "numpy"):
            kinds.add(kind)
            yield from _functions_of(kind)
        if hasattr(thing, "__dict__") or isinstance(thing, dict | list | tuple):
            waiting += parts_of(thing)
