"""A learner's functions with the value of every expression recorded, or another one handed in.

While a `with` lasts, the functions have code with sites (see `sites`): they are still the same functions, so it makes
no difference how they are called, and `super()` and closures work.
"""

from __future__ import annotations

import ast
import math
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from zerokara.own_gradients.sites import WHILE, Site, with_sites
from zerokara.own_gradients.subject import Array
from zerokara.sources.definitions import UnprovenSource

MOST_BYTES = 100_000_000
"""Of recorded values; what comes later is not recorded."""

_IN_PLACE: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "MatMult": operator.imatmul,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
    "BitAnd": operator.iand,
}
_FRESH: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
    "MatMult": operator.matmul,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
    "BitOr": operator.or_,
    "BitXor": operator.xor,
    "BitAnd": operator.and_,
}


class TooLate(BaseException):
    """The time that was allowed is over. No `except Exception` of a learner's catches it."""


@dataclass(frozen=True)
class Change:
    """What an `x op= e` is asked to do instead.

    Attributes:
        how: "fresh": `x = x op e`, so that no other name for the array sees it; "skip": nothing; "set": `x[...] = e`.
    """

    how: str


ASKED = Change("plain")
"""What a replacement of an `x op= e` gets for a value; returning it changes nothing."""

Replacement = Callable[[int, Any], Any]
"""(number of the evaluation, its value) → the value handed in. For an `x op= e`, a `Change` may be returned too."""


class Instrumented:
    """Functions whose expressions are sites.

    Args:
        functions: those whose source cannot be proven, or that are generators, stay as they are.

    Attributes:
        sites: all of them, by number.
    """

    def __init__(self, functions: Iterable[FunctionType]) -> None:
        self.sites: list[Site] = []
        self._on: dict[int, Callable[[int, Any], Any]] = {}
        self._change: Callable[[int, str, Any, Any], Any] = _changed
        on = self._on

        def hook(number: int, value: Any) -> Any:
            return on[number](number, value) if number in on else value

        self._hook = hook
        codes: dict[CodeType, CodeType] = {}
        self._functions: list[tuple[FunctionType, CodeType]] = []
        for function in functions:
            plain = function.__code__
            if plain not in codes:
                codes[plain] = self._instrumented(plain)
            if codes[plain] is not plain:
                self._functions.append((function, codes[plain]))

    def _instrumented(self, plain: CodeType) -> CodeType:
        try:
            code, sites = with_sites(plain, len(self.sites), self._hook, self._hook_change)
        except (UnprovenSource, SyntaxError, ValueError, RecursionError):
            return plain
        self.sites += sites
        return code

    def _hook_change(self, number: int, name: str, target: Any, value: Any) -> Any:
        return self._change(number, name, target, value)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While it lasts, the functions have their sites."""
        before = [(function, function.__code__) for function, _ in self._functions]
        try:
            for function, code in self._functions:
                function.__code__ = code
            yield
        finally:
            for function, plain in before:
                function.__code__ = plain

    @contextmanager
    def listening(self, listener: Callable[[int, Any], None], deadline: float = math.inf) -> Iterator[None]:
        """Every value is handed to the listener when it is evaluated. Of a change in place, what came of it."""

        def on(number: int, value: Any) -> Any:
            listener(number, value)
            return value

        def change(number: int, name: str, target: Any, value: Any) -> Any:
            result = _IN_PLACE[name](target, value)
            listener(number, result)
            return result

        with self._with(dict.fromkeys(range(len(self.sites)), on), change, deadline):
            yield

    @contextmanager
    def replacing(self, replacements: Mapping[int, Replacement], deadline: float = math.inf) -> Iterator[None]:
        """Sites have other values, from what is given for their numbers."""
        counts = dict.fromkeys(replacements, 0)

        def on(number: int, value: Any) -> Any:
            counts[number] += 1
            given = replacements[number](counts[number] - 1, value)
            if isinstance(self.sites[number].node, ast.stmt) and isinstance(value, np.ndarray):
                if given is not value:
                    _set(value, given)
                return value
            return given

        def change(number: int, name: str, target: Any, value: Any) -> Any:
            if number not in counts:
                return _IN_PLACE[name](target, value)
            counts[number] += 1
            asked = replacements[number](counts[number] - 1, ASKED)
            if isinstance(asked, Change):
                return _as_asked(asked.how, name, target, value)
            result = _IN_PLACE[name](target, value)
            if isinstance(result, np.ndarray) and result.shape == np.shape(asked):
                _set(result, asked)
                return result
            return asked

        with self._with(dict.fromkeys(replacements, on), change, deadline):
            yield

    @contextmanager
    def _with(self, on: Mapping[int, Any], change: Any, deadline: float) -> Iterator[None]:
        def in_time(number: int, value: Any) -> Any:
            if time.thread_time() > deadline:
                raise TooLate
            return value

        self._on.update(on)
        self._on[WHILE] = in_time
        self._change = change
        try:
            yield
        finally:
            self._on.clear()
            self._change = _changed


def _changed(number: int, name: str, target: Any, value: Any) -> Any:
    return _IN_PLACE[name](target, value)


def _as_asked(how: str, name: str, target: Any, value: Any) -> Any:
    if how == "fresh":
        return _FRESH[name](target, value)
    if how == "skip":
        return target
    if how == "set" and isinstance(target, np.ndarray):
        _set(target, value)
        return target
    return value if how == "set" else _IN_PLACE[name](target, value)


def _set(array: Array, value: Any) -> None:
    if array.shape == np.shape(value):
        np.copyto(array, value, casting="unsafe")
