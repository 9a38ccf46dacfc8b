"""A copy of a learner's namespace, to run a piece of their program in: their objects stay as they are."""

from __future__ import annotations

import ast
import builtins
import copy
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from zerokara.own_training.program import Program

LARGE = 4_000_000
"""Elements from which an array is not copied but shared, and may not be written to: no parameters are so many."""

MUTED = ("matplotlib", "IPython", "tqdm", "tensorboardX", "wandb", "logging")
"""Packages that show something, which a copy must not."""


class CannotWatch(Exception):
    """Why a piece of a program cannot be run again; nobody is told."""


class Mute:
    """Stands for a module that shows something: whatever is asked of it does nothing."""

    def __getattr__(self, name: str) -> Mute:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and not kwargs and hasattr(args[0], "__iter__") else self

    def __getitem__(self, key: Any) -> Mute:
        return self

    def __iter__(self) -> Iterator[Mute]:
        return iter((self, self))

    def __enter__(self) -> Mute:
        return self

    def __exit__(self, *args: object) -> None:
        return None


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise CannotWatch


def copied(program: Program, definitions: Callable[[ast.stmt], CodeType | None]) -> dict[str, Any]:
    """A namespace with copies of what the program left behind, in which its functions and classes are defined anew.

    Args:
        definitions: compiles a function or class of the top level; None where it is to be left as it is.

    Raises CannotWatch where its definitions cannot be run again.
    """
    names = program.names
    memo: dict[int, Any] = {}
    seen: set[int] = set()
    kept = [array for value in names.values() for array in _large(value, seen)]
    for array in kept:
        memo[id(array)] = _shared(array)
    env: dict[str, Any] = {name: copy_ for name, value in names.items() if (copy_ := _copy(value, memo)) is not None}
    env["__builtins__"] = {**vars(builtins), "open": _refuse, "input": _refuse, "exit": _refuse, "quit": _refuse}
    env["__name__"] = names.get("__name__", "__main__")
    _define(program, env, definitions)
    _reclass(memo, names, env)
    return env


def _copy(value: Any, memo: dict[int, Any]) -> Any:
    if isinstance(value, ModuleType):
        return Mute() if value.__name__.split(".")[0] in MUTED else value
    if isinstance(value, FunctionType | type) or (callable(value) and type(value).__module__ == "builtins"):
        return value
    if type(value).__module__.split(".")[0] in MUTED:
        return Mute()
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        return None


def _large(value: Any, seen: set[int], depth: int = 3) -> Iterator[np.ndarray[Any, Any]]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        if value.size >= LARGE:
            yield value
    elif depth:
        for part in parts_of(value):
            yield from _large(part[1], seen, depth - 1)


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    """(key, part) of a dict, list or object with attributes; none of what has too many."""
    if isinstance(value, Mapping):
        found = list(value.items()) if len(value) < 500 else []
    elif isinstance(value, list | tuple):
        found = list(enumerate(value)) if len(value) < 500 else []
    elif isinstance(value, ModuleType | type | FunctionType) or not hasattr(value, "__dict__"):
        return []
    else:
        found = list(vars(value).items())
    return found


def _shared(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _define(program: Program, env: dict[str, Any], definitions: Callable[[ast.stmt], CodeType | None]) -> None:
    for statement in program.tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name in env:
            code = definitions(statement)
            if code is not None:
                try:
                    exec(code, env)
                except Exception as error:
                    raise CannotWatch from error


def _reclass(memo: dict[int, Any], names: Mapping[str, Any], env: dict[str, Any]) -> None:
    """Let copied objects be of the classes that were defined anew."""
    anew = {value: env[name] for name, value in names.items() if isinstance(value, type) and env.get(name) is not value}
    for value in list(memo.values()):
        kind = type(value)
        try:
            if kind in anew:
                value.__class__ = anew[kind]
        except TypeError as error:
            raise CannotWatch from error


SELDOM = 31
"""One of so many calls looks at the clock: an odd number, as every other event is the end of a call."""


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """What runs meanwhile is stopped at its next call of a function once the time is up. Raises CannotWatch then."""
    before, events = sys.getprofile(), itertools.count()

    def look(frame: FrameType, event: str, arg: Any) -> None:
        # To ask the clock takes longer than most calls do.
        if next(events) % SELDOM == 0 and time.thread_time() > deadline and not event.endswith("return"):
            sys.setprofile(before)
            raise CannotWatch

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)
