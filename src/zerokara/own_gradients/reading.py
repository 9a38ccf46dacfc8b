"""From an object, class or file of a learner's to networks that can be checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.own_gradients.keeping import Snapshot, everything_in
from zerokara.own_gradients.layouts import Layout, labels_as, layouts
from zerokara.own_gradients.matching import belongs, fits, matched, names_returned
from zerokara.own_gradients.parameters import Place, arrays_in, is_object, places_in, with_effect
from zerokara.own_gradients.repeating import SameDraws
from zerokara.own_gradients.roles import METHODS, named_for, plain, required, role_of, roles_in
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.words import sentence

RATE = 0.125
"""A learning rate to read a gradient off an update: a power of two, so that dividing by it rounds nothing."""

MOST_FUNCTIONS = 300

Function = Callable[..., Any]


class Unreadable(Exception):
    """A way of calling a learner's code that does not go."""


@dataclass
class Code:
    """What a learner wrote for one network.

    Attributes:
        name: of the class or file.
        functions: methods or functions by their names.
        holder: the object or dict in which parameters are looked for.
        given: arguments by role or name, such as "params", that functions are called with.
        beside: functions of the file beside a class, for a loss that is no method.
    """

    name: str
    functions: Mapping[str, Function]
    holder: Any
    given: dict[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Function] = field(default_factory=dict)
    file: Path | None = None

    def named(self, purpose: str) -> list[Function]:
        """Its functions for a purpose of `METHODS`, the likeliest first."""
        return [self.functions[name] for name in named_for(purpose, self.functions)]


def subjects_of(obj: Any, x: Array, t: Array, *, chosen: bool = True) -> list[Subject]:
    """The networks that an object is, or holds: usually one.

    Args:
        obj: an instance of a learner's class, or a dict of a file's functions and parameters.
        x: (n, features); t: (n,) class indices, or (n, classes).
        chosen: whether x and t have the form that the code takes; else other forms are tried first.

    Raises UsageError where there is nothing to check.
    """
    code = code_of(obj)
    for way in _ways(code):
        for layout in layouts(x, chosen):
            subject = _tried(code, way, layout, x, t)
            if subject is not None:
                return [subject]
    raise UsageError(
        sentence(
            "{name} has nothing to check. Expected parameters (arrays in a dict or in attributes), a loss such as "
            "loss(x, t), and a gradient such as gradient(x, t) or backward().",
            name=code.name,
        )
    )


def code_of(obj: Any) -> Code:
    """The functions and parameters of an object, or of a dict of names."""
    if isinstance(obj, dict):
        functions = {name: value for name, value in obj.items() if isinstance(value, FunctionType)}
        arrays = {name: value for name, value in obj.items() if not isinstance(value, FunctionType | type)}
        return Code(obj.get("__name__", "functions"), functions, arrays, {})
    methods = {name: getattr(obj, name) for name in dir(type(obj)) if _is_method(type(obj), name)}
    beside: dict[str, Function] = {}
    for method in methods.values():
        names = getattr(method, "__globals__", {})
        beside |= {name: value for name, value in names.items() if isinstance(value, FunctionType)}
    return Code(type(obj).__name__, methods, obj, beside=beside, file=None)


def _is_method(kind: type, name: str) -> bool:
    if name.startswith("__") and name != "__call__":
        return False
    return callable(getattr(kind, name, None)) and not isinstance(kind.__dict__.get(name), type)


def _file_of(functions: Iterable[Function]) -> Path | None:
    for function in functions:
        code = getattr(function, "__code__", None)
        if code is not None and Path(code.co_filename).is_file():
            return Path(code.co_filename)
    return None


@dataclass(frozen=True)
class Way:
    """One loss and one gradient of a learner's."""

    loss: Function
    gradient: Function
    output: Function | None
    updates: bool


def _ways(code: Code) -> Iterator[Way]:
    outputs = code.named("output")
    losses = [*code.named("loss"), *(f for f in outputs if "t" in roles_in(f).values())]
    losses += [code.beside[name] for name in named_for("loss", code.beside)] if not losses else []
    first = outputs[0] if outputs else None
    for loss in losses:
        for gradient in code.named("gradient"):
            yield Way(loss, gradient, first, updates=False)
        for update in code.named("update"):
            yield Way(loss, update, first, updates=True)
        yield Way(loss, loss, first, updates=False)


@dataclass
class Calls:
    """Calls of a way with a batch in one layout."""

    code: Code
    way: Way
    layout: Layout

    def loss(self, x: Array, t: Array) -> float:
        """The loss as a number: of the batch, or the mean of single samples."""
        return float(np.mean([self._loss(*one) for one in self.batches(x, t)]))

    def result(self, x: Array, t: Array) -> Any:
        """What the gradient's function returns for what is one batch to the code."""
        if _needs_forward(self.way):
            self._loss(x, t)
        values = self._values(x, t)
        if self.way.output is not None and {"output", "cache"} & set(roles_in(self.way.gradient).values()):
            values |= self._output(values)
        return self._call(self.way.gradient, values)

    def scores(self, x: Array) -> Array:
        """The output of the network for rows x, or an error of the learner's."""
        assert self.way.output is not None
        rows = [self._output(self._values(one, None))["output"] for one, _ in self.batches(x, np.zeros(len(x)))]
        if self.layout.one_by_one:
            return np.stack([np.ravel(row) for row in rows])
        return np.asarray(rows[0]).T if self.layout.rows == "columns" else np.asarray(rows[0])

    def batches(self, x: Array, t: Array) -> list[tuple[Array, Array]]:
        """What is one call each: the whole, or every sample."""
        pieces = [(x[i : i + 1], t[i : i + 1]) for i in range(len(x))] if self.layout.one_by_one else [(x, t)]
        return [(self.layout.x(one), self.layout.t(other)) for one, other in pieces]

    def _values(self, x: Array, t: Array | None) -> dict[str, Any]:
        n = 1 if self.layout.one_by_one else x.shape[1] if self.layout.rows == "columns" else len(x)
        values = {"x": x, "n": n, "once": 1, "training": True, "rate": RATE, "decay": 0.0, **self.code.given}
        return values if t is None else {**values, "t": t}

    def _loss(self, x: Array, t: Array) -> float:
        values, loss = self._values(x, t), self.way.loss
        roles = set(roles_in(loss, values).values())
        if self.way.output is not None and self.way.output is not loss and "x" not in roles:
            values |= self._output(values)
        return number_in(self._call(loss, values))

    def _output(self, values: dict[str, Any]) -> dict[str, Any]:
        assert self.way.output is not None
        out = self._call(self.way.output, values)
        if not isinstance(out, tuple):
            return {"output": out}
        cache = out[1] if len(out) == 2 else out[1:]
        return {"output": out[0], "cache": cache}

    def _call(self, function: Function, values: Mapping[str, Any]) -> Any:
        roles = roles_in(function, values)
        if lacking := [name for name, role in roles.items() if role not in values]:
            raise Unreadable(lacking[0])
        return function(**{name: values[role] for name, role in roles.items()})


def _needs_forward(way: Way) -> bool:
    """Whether people call the forward pass before: `backward` relies on it, `gradient(x, t)` does it itself."""
    if way.gradient is way.loss or way.updates:
        return False
    return "back" in plain(way.gradient.__name__) or "x" not in roles_in(way.gradient).values()


def number_in(result: Any) -> float:
    """The number that a loss returned, alone or first in a tuple. Raises Unreadable where there is none."""
    if isinstance(result, tuple) and result:
        result = result[0]
    array = np.asarray(result)
    if array.dtype.kind not in "fiu" or array.size != 1:
        raise Unreadable("loss")
    return float(array.reshape(()))


def _tried(code: Code, way: Way, layout: Layout, x: Array, t: Array) -> Subject | None:
    """The subject where this way goes with this layout: a finite loss, and a gradient of a weight matrix."""
    labels = labels_as(t, layout.labels, _classes(t))
    if labels is None:
        return None
    snapshot = Snapshot([code.holder, code.given])
    try:
        with np.errstate(all="ignore"):
            return _read(code, Calls(code, way, layout), x, labels)
    except Exception:
        return None
    finally:
        snapshot.restore()


def _classes(t: Array) -> int:
    return max(10, int(t.max()) + 1) if t.ndim == 1 else t.shape[1]


def _read(code: Code, calls: Calls, x: Array, t: Array) -> Subject | None:
    same_draws = SameDraws(lambda: calls.loss(x.copy(), t.copy()), (code.holder, code.given))

    def loss() -> float:
        return float(same_draws(calls.loss, x.copy(), t.copy()))

    if np.isnan(loss()):
        return None
    places = with_effect([place for place in arrays_in(code.holder) if not _is_data(place.value, x)], loss)
    reader = GradientReader(calls, places)
    gradient = reader(x.copy(), t.copy())
    if not any(fits(array.shape, reader.params[name].shape) and array.size > 1 for name, array in gradient.items()):
        return None
    reader.keep_only(name for name in reader.params if name in gradient or _is_alike(name, gradient))
    return Subject(
        name=code.name,
        params=reader.params,
        loss=calls.loss,
        gradient=reader,
        x=x,
        t=t,
        scores=calls.scores if calls.way.output is not None else None,
        functions=(functions := functions_of(calls.way, code.holder)),
        file=code.file or _file_of(functions),
        rate=reader.rate,
        state=(code.holder, code.given),
    )


def _is_alike(name: str, gradient: Arrays) -> bool:
    """Whether other parameters of such a name have gradients: then this one should, too."""
    return bool(re.fullmatch(r"(W|b|w|weights?|bias(es)?|gamma|beta|theta)_?\d*", name.split(".")[-1])) or any(
        _without_digits(name) == _without_digits(other) for other in gradient
    )


def _without_digits(name: str) -> str:
    return re.sub(r"\d+", "", name)


def _is_data(array: Array, x: Array) -> bool:
    return np.shares_memory(array, x) if array.size <= x.size else np.may_share_memory(array, x)


def functions_of(way: Way, holder: Any) -> tuple[FunctionType, ...]:
    """The functions behind a way, the gradient's first: those they call, and methods of the objects in the holder."""
    waiting: list[Any] = [getattr(f, "__func__", f) for f in (way.gradient, way.loss, way.output)]
    objects = [thing for thing in everything_in([holder]) if is_object(thing)]
    found: dict[FunctionType, None] = {}
    while waiting and len(found) < MOST_FUNCTIONS:
        function = waiting.pop(0)
        if not isinstance(function, FunctionType) or function in found:
            continue
        found[function] = None
        for name in function.__code__.co_names:
            waiting.append(function.__globals__.get(name))
            waiting += [getattr(type(thing), name, None) for thing in objects]
    return tuple(found)


class GradientReader:
    """Calls the gradient's function and finds the gradients: returned, left in attributes, or in an update."""

    def __init__(self, calls: Calls, places: list[Place]) -> None:
        self.calls = calls
        self.places = dict(_named_once(places))
        self.params: Arrays = {name: place.value for name, place in self.places.items()}
        self.rate: float | None = None
        self._names = names_returned(calls.way.gradient)

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget other parameters."""
        self.places = {name: self.places[name] for name in list(names)}
        self.params = {name: self.params[name] for name in self.places}

    def __call__(self, x: Array, t: Array) -> Arrays:
        """The gradients of a batch, or their mean over single samples; fresh arrays."""
        found = [self._one(*one) for one in self.calls.batches(x, t)]
        names = [name for name in self.params if all(name in part for part in found)]
        return {
            name: np.mean([part[name] for part in found], axis=0) if len(found) > 1 else found[0][name]
            for name in names
        }

    def _one(self, x: Array, t: Array) -> Arrays:
        if self.calls.way.updates:
            return self._read_off_update(x, t)
        result = self.calls.result(x, t)
        if isinstance(result, tuple) and self.calls.way.gradient is self.calls.way.loss:
            result = result[1:]
        returned = matched(result, self.params, self._names)
        left = self._left_behind() if len(returned) < len(self.params) else {}
        return {name: np.array(array) for name, array in {**returned, **left}.items()}

    def _left_behind(self) -> Arrays:
        """Gradients in attributes: `dW` beside `W`, `dW1` or `grads["W1"]` somewhere in the object."""
        ours = {id(array) for array in self.params.values()}
        everywhere = [place for place in places_in(self.calls.code.holder) if id(place.value) not in ours]
        found: Arrays = {}
        for name, place in self.places.items():
            near = [other for other in everywhere if _is_beside(other, place, self.params[name])]
            fitting = [other for other in near if fits(np.shape(other.value), self.params[name].shape)]
            if near:
                found[name] = np.asarray((fitting or near)[0].value)
        return found

    def _read_off_update(self, x: Array, t: Array) -> Arrays:
        snapshot = Snapshot([self.calls.code.holder, self.calls.code.given])
        before = {name: np.array(place.value, dtype=float) for name, place in self.places.items()}
        try:
            self.rate = self._rate()
            self.calls.result(x, t)
            after = {name: np.array(place.value, dtype=float) for name, place in self.places.items()}
        finally:
            snapshot.restore()
        return {name: (before[name] - after[name]) / (self.rate or 1.0) for name in before}

    def _rate(self) -> float | None:
        """The rate of the update: what we give, or an attribute; None where neither says it."""
        if "rate" in roles_in(self.calls.way.gradient).values():
            return RATE
        for place in places_in(self.calls.code.holder):
            if role_of(str(place.key)) == "rate" and isinstance(place.value, float | np.floating):
                return float(place.value)
        return None


def _named_once(places: list[Place]) -> Iterator[tuple[str, Place]]:
    taken: set[str] = set()
    for place in places:
        name = place.name if place.name not in taken else place.path
        taken.add(name)
        yield name, place


def _is_beside(other: Place, place: Place, param: Array) -> bool:
    if not isinstance(other.value, np.ndarray | np.generic) or np.ndim(other.value) == 0 != param.ndim:
        return False
    if other.holder is place.holder:
        return belongs(str(other.key), str(place.key)) and str(other.key) != str(place.key)
    marked = any(mark in plain(other.path) for mark in ("grad", "nabla", "delta", "d"))
    return marked and (belongs(other.path, place.path) or belongs(other.name, place.name))
