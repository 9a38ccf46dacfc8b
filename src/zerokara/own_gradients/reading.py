"""From an object or the names of a file of a learner's to networks that can be checked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from zerokara.errors import UsageError
from zerokara.own_gradients.calling import Calls, Code, Exited, Function, NoLoss, Unreadable, Way
from zerokara.own_gradients.construction import Data, guesses
from zerokara.own_gradients.descent import called_one_by_one
from zerokara.own_gradients.gradient_reader import GradientReader
from zerokara.own_gradients.isolation import raised
from zerokara.own_gradients.keeping import Snapshot, everything_in
from zerokara.own_gradients.layouts import Layout, labels_as, layouts
from zerokara.own_gradients.matching import fits, names_returned
from zerokara.own_gradients.parameters import arrays_in, is_object, with_effect
from zerokara.own_gradients.repeating import SameDraws
from zerokara.own_gradients.roles import named_for, required, role_of, roles_in
from zerokara.own_gradients.slopes import noise_of, slope_of
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.words import sentence

MOST_FUNCTIONS = 300
SLOW, FEW = 0.02, 3
"""Seconds of a loss from which parameters are looked for with so many rows only."""


def subjects_of(obj: Any, x: Array, t: Array, *, chosen: bool = True) -> list[Subject]:
    """The networks that an object is, or holds: usually one.

    Args:
        obj: an instance of a learner's class, or a dict of a file's functions and parameters.
        x: (n, features); t: (n,) class indices, or (n, classes).
        chosen: whether x and t have the form that the code takes; else other forms are tried first.

    Raises UsageError where there is nothing to check.
    """
    failures: list[Failure] = []
    for code in code_of(obj, Data("", x, t, _classes(t))):
        for way in _ways(code):
            tried = (_tried(code, way, layout, x, t, failures) for layout in layouts(x, chosen))
            subject = _best(subject for subject in tried if subject is not None)
            if subject is not None:
                return [subject]
    raise _nothing(_title(obj), failures)


NO_GRADIENT = 2


class Failure(NamedTuple):
    """Why a way did not go: 0 the loss raised, 1 it is no loss, 2 there is no gradient, 3 the gradient raised."""

    stage: int
    error: Exception


class Unchecked(UsageError):
    """Something has a loss and a gradient, and cannot be checked; with the stage of its `Failure`."""

    def __init__(self, text: str, stage: int) -> None:
        super().__init__(text)
        self.stage = stage


def _nothing(name: str, failures: list[Failure]) -> UsageError:
    """What is said where no way went: why the likeliest of those that went furthest did not."""
    if failures and (failure := max(failures, key=lambda one: one.stage)).stage != NO_GRADIENT:
        error = failure.error
        cause = error.__cause__ if isinstance(error, Exited) and error.__cause__ else error
        return Unchecked(str(error) if isinstance(error, NoLoss) else raised(cause), failure.stage)
    return UsageError(
        sentence(
            "{name} has nothing to check. Expected parameters (arrays in a dict or in attributes), a loss such as "
            "loss(x, t), and a gradient such as gradient(x, t) or backward().",
            name=name,
        )
    )


def _title(obj: Any) -> str:
    """What people call an object."""
    if isinstance(obj, dict):
        return str(obj.get("__name__", "dict"))
    return obj.__name__ if isinstance(obj, ModuleType) else type(obj).__name__


def _best(subjects: Iterable[Subject]) -> Subject | None:
    """The first whose gradients have the shapes of their parameters; else the first.

    Where only single samples give those shapes, the code must be seen to be called for single samples: a bias gradient
    that is not summed would have the right shape, too.
    """
    first: Subject | None = None
    for subject in subjects:
        reader = subject.gradient
        assert isinstance(reader, GradientReader)
        single = reader.calls.layout.one_by_one
        if reader.fits and (first is None or not single or called_one_by_one(subject.functions)):
            return subject
        first = first or subject
    return first


def code_of(obj: Any, data: Data) -> Iterator[Code]:
    """The functions and parameters of an object, a module, or a dict of names; several where parameters may be several.

    Args:
        data: says what sizes parameters have that a function of the learner's makes.
    """
    if isinstance(obj, ModuleType):
        obj = vars(obj)
    if isinstance(obj, dict):
        yield from _code_of_names(obj, data)
        return
    methods = {name: getattr(obj, name) for name in dir(type(obj)) if _is_method(type(obj), name)}
    beside: dict[str, Function] = {}
    for method in methods.values():
        names = getattr(method, "__globals__", {})
        beside |= {name: value for name, value in names.items() if isinstance(value, FunctionType)}
    yield Code(type(obj).__name__, methods, obj, beside=beside)


def _code_of_names(names: dict[str, Any], data: Data) -> Iterator[Code]:
    """Functions, and their parameters: names beside them, arguments, or what another function makes."""
    functions = {name: value for name, value in names.items() if isinstance(value, FunctionType)}
    wanted = [f for purpose in ("loss", "gradient", "update") for f in _named(purpose, functions)]
    needed = {role for f in wanted for role in roles_in(f).values()}
    title = _title(names)
    if "params" not in needed:
        arguments = {p.name: names.get(p.name) for f in wanted for p in required(f)}
        given = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
        yield Code(title, functions, _living(names, functions), given)
    ours = [value for name, value in names.items() if role_of(name) == "params" and isinstance(value, dict | list)]
    for params in [*ours, *_made_parameters(functions, data)]:
        given = params if isinstance(params, dict) and "params" not in needed else {"params": params}
        yield Code(title, functions, params, given)


def _living(names: dict[str, Any], functions: Mapping[str, Function]) -> dict[str, Any]:
    """The dict in which the functions themselves look names up, and put others: a copy of it would not be changed."""
    own = next((f.__globals__ for f in functions.values()), names)
    return own if any(own.get(name) is value for name, value in names.items() if not callable(value)) else names


def _named(purpose: str, functions: Mapping[str, Function]) -> list[Function]:
    return [functions[name] for name in named_for(purpose, functions)]


def _made_parameters(functions: Mapping[str, Function], data: Data) -> Iterator[Any]:
    """What a function such as init_params returns; a tuple as a dict of the names that it has there."""
    for function in _named("parameters", functions):
        for values, named in guesses(function, data, []):
            try:
                made = function(*values, **named)
            except (Exception, SystemExit):
                continue
            names = names_returned(function)
            if isinstance(made, tuple) and len(names) == len(made):
                yield dict(zip(names, made, strict=True))
            elif isinstance(made, dict | list | tuple):
                yield made


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


def _ways(code: Code) -> Iterator[Way]:
    outputs = code.named("output")
    losses = [*code.named("loss"), *(f for f in outputs if "t" in roles_in(f).values())]
    losses += [code.beside[name] for name in named_for("loss", code.beside)] if not losses else []
    first = outputs[0] if outputs else None
    for loss in losses:
        for gradient in code.named("gradient"):
            yield Way(loss, gradient, first, updates=False)
        yield Way(loss, loss, first, updates=False)
        for update in code.named("update"):
            yield Way(loss, update, first, updates=True)


def _tried(code: Code, way: Way, layout: Layout, x: Array, t: Array, failures: list[Failure]) -> Subject | None:
    """The subject where this way goes with this layout: a finite loss, and a gradient of a weight matrix."""
    labels = labels_as(t, layout.labels, _classes(t))
    if labels is None:
        return None
    snapshot = Snapshot([code.holder, code.given])
    try:
        with np.errstate(all="ignore"):
            subject = _read(code, Calls(code, way, layout), x, labels)
        if subject is None:
            failures.append(Failure(NO_GRADIENT, ValueError()))
        return subject
    except Unreadable:
        return None
    except Exception as error:
        failures.append(Failure(_stage(error), error))
        return None
    finally:
        snapshot.restore()


def _stage(error: Exception) -> int:
    if isinstance(error, NoLoss):
        return 1
    return getattr(error, "stage", 0)


def _classes(t: Array) -> int:
    return max(10, int(t.max()) + 1) if t.ndim == 1 else t.shape[1]


def _read(code: Code, calls: Calls, x: Array, t: Array) -> Subject | None:
    began = time.process_time()
    calls.loss(x.copy(), t.copy())
    rows = len(x) if time.process_time() - began < SLOW else FEW
    same_draws = SameDraws(lambda: calls.loss(x[:rows].copy(), t[:rows].copy()), (code.holder, code.given))

    def loss() -> float:
        return float(same_draws(calls.loss, x[:rows].copy(), t[:rows].copy()))

    if not np.isfinite(value := loss()):
        raise NoLoss(sentence("The loss is {loss}, so there are no slopes to compare with.", loss=value))
    places = with_effect([place for place in arrays_in(code.holder) if not _is_data(place.value, x)], loss)
    reader = GradientReader(calls, places)
    try:
        gradient = reader(x[:rows].copy(), t[:rows].copy())
    except Exception as error:
        error.stage = 3  # type: ignore[attr-defined]
        raise
    if not any(fits(array.shape, reader.params[name].shape) and array.size > 1 for name, array in gradient.items()):
        return None
    reader.keep_only(name for name in reader.params if name in gradient or _is_alike(name, gradient))
    reader.fits = all(
        name in gradient and fits(gradient[name].shape, array.shape) for name, array in reader.params.items()
    )
    if calls.way.updates and reader.rate is None:
        reader.rate = _fitted_rate(reader, loss, gradient)
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
        rate=reader.rate if calls.way.updates else None,
        state=(code.holder, code.given),
    )


def _fitted_rate(reader: GradientReader, loss: Callable[[], float], change: Arrays) -> float | None:
    """The rate with which an update that does not say it is one of gradient descent; None where none is."""
    name = list(reader.params)[-1]
    param, start = reader.params[name], reader.params[name].copy()
    direction = np.random.default_rng(3).choice([-1.0, 1.0], param.shape)

    def moved(h: float) -> float:
        param[...] = start + h * direction
        return loss()

    slope = slope_of(moved, noise_of(moved))
    param[...] = start
    rate = float((change[name] * direction).sum()) / slope.value if slope.value else 0.0
    return rate if 0 < rate < np.inf else None


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
