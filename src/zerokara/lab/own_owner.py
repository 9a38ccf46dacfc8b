"""Whose network it is: the object, dict or names of a learner's that have its parameters, and what computes with it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.own_calls import classes_as_before, spaces_of, twin, unseen
from zerokara.lab.own_lists import Names, Path, of_object, reached
from zerokara.own_gradients.parameters import is_object
from zerokara.own_gradients.roles import named_for, required, role_of
from zerokara.own_training.kept import ALONE, has_matrix, params_of
from zerokara.own_training.program import Program
from zerokara.own_training.training_loops import GRADIENT
from zerokara.sources.data_flow import last_name

Array = NDArray[Any]
Loss = Callable[[Any, Any], Any]
MOST_OWNERS = 20
FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "flax", "sklearn", "chainer", "mxnet", "cupy", "dezero")


@dataclass(frozen=True)
class Owner:
    """Where a network is. Nothing of the learner's is kept: what is there is looked up each time.

    Attributes:
        path: of the object or dict that has the parameters; empty where they are names by themselves.
    """

    path: Path

    @property
    def name(self) -> str:
        """As people write it; empty for names by themselves."""
        return ".".join(self.path)

    def params(self, names: Names) -> dict[str, Array]:
        """The learner's own arrays, by the names that they have there; empty where they are gone."""
        if not self.path:
            return {n: v for n, v in names.items() if ALONE.search(n) and isinstance(v, np.ndarray)}
        found = params_of(reached(names, self.path))
        return {str(name): array for name, array in found.items()}

    @contextmanager
    def computing(self, names: Names, *, alone: bool) -> Iterator[Computing]:
        """What computes with a copy of the network, while nobody sees it; `alone`: its parameters may be changed.

        Raises CannotCall where it cannot be copied.
        """
        owner = reached(names, self.path) if self.path else None
        params = self.params(names)
        if is_object(owner):
            with unseen(*spaces_of(owner)), classes_as_before(owner):
                copy = twin(owner, {id(array): array.copy() for array in params.values()} if alone else None)
                yield Computing(params_of(copy), *_methods_of(copy))
            return
        copies = {name: array.copy() if alone else _read_only(array) for name, array in params.items()}
        functions = {n: value for n, value in names.items() if isinstance(value, FunctionType)}
        spaces = {id(f.__globals__): f.__globals__ for f in functions.values()}
        with unseen(*spaces.values()):
            yield Computing(copies, *_functions_for(self.path, copies, functions))


@dataclass(frozen=True)
class Computing:
    """A copy of a network at work.

    Attributes:
        params: its arrays.
        predict: answers to samples; losses: of samples and targets, by name. None and empty where nothing does.
    """

    params: Mapping[str, Array]
    predict: Callable[[Any], Any] | None
    losses: Mapping[str, Loss]


def given_in(program: Program) -> frozenset[str]:
    """The names that a program gives to functions that compute an output or a loss: parameters are among them."""
    calls = [node for node in program.nodes if isinstance(node, ast.Call)]
    called = {last_name(call.func) for call in calls}
    asking = {name for purpose in ("output", "loss") for name in named_for(purpose, called)}
    given = (argument for call in calls if last_name(call.func) in asking for argument in call.args)
    return frozenset(argument.id for argument in given if isinstance(argument, ast.Name))


def owners_in(names: Names, given: frozenset[str] = frozenset()) -> list[Owner]:
    """Everything that may be a network, the likeliest first: those under a name by itself before those inside others.

    Args:
        given: what `given_in` says; a dict of another name may have sums or means of gradients.
    """
    found: dict[frozenset[int], Owner] = {}
    for path, value in list(_candidates(names, given)):
        params = _params(value)
        if params and len(found) < MOST_OWNERS:
            found.setdefault(frozenset(map(id, params.values())), Owner(path))
    # a layer that has a name is no network beside the one that it is a part of
    whole = [owner for arrays, owner in found.items() if not any(arrays < others for others in found)]
    alone = Owner(())
    if not whole and has_matrix(alone.params(names)):
        whole.append(alone)
    return whole


def _params(value: Any) -> dict[str, Array]:
    try:
        return params_of(value)
    except Exception:  # a learner's values may do anything when they are looked at
        return {}


def _candidates(names: Names, given: frozenset[str]) -> Iterator[tuple[Path, Any]]:
    """Values, the last first, dicts after objects, and those that no function is given last. Then what is inside."""
    named = [(name, v) for name, v in reversed(list(names.items())) if not name.startswith("_") and _may_own(name, v)]
    named.sort(key=lambda one: isinstance(one[1], dict) * (1 + (one[0] not in given)))
    yield from (((name,), value) for name, value in named)
    for name, value in named:
        for key, part in list(of_object(value).items()):
            if _may_own(key, part) and not isinstance(part, dict):
                yield (name, key), part


def _may_own(name: str, value: Any) -> bool:
    return not GRADIENT.search(name) and (isinstance(value, dict) or is_object(value))


def framework_of(names: Names) -> str:
    """The library that made a network in there which is no NumPy; "" where there is none."""
    for value in list(names.values()):
        kinds = [kind.__module__.partition(".")[0] for kind in type(value).__mro__]
        found = next((kind for kind in kinds if kind in FRAMEWORKS), "")
        if found and (hasattr(value, "parameters") or hasattr(value, "weights") or hasattr(value, "fit")):
            return found
    return ""


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _methods_of(copy: Any) -> tuple[Callable[[Any], Any] | None, dict[str, Loss]]:
    names = [name for name in dir(type(copy)) if callable(getattr(type(copy), name, None))]
    outputs = [method for name in [*named_for("output", names), "__call__"] if (method := _taking(copy, name, 1))]
    found = ((name, _taking(copy, name, 2)) for name in named_for("loss", names))
    return next(iter(outputs), None), {name: method for name, method in found if method is not None}


def _taking(copy: Any, name: str, count: int) -> Callable[..., Any] | None:
    """A method that needs so many arguments."""
    method = getattr(copy, name, None) if hasattr(type(copy), name) else None
    return method if callable(method) and len(required(method)) == count else None


def _functions_for(
    path: Path, copies: Mapping[str, Array], functions: Mapping[str, FunctionType]
) -> tuple[Callable[[Any], Any] | None, dict[str, Loss]]:
    """Functions that are given the parameters, or that find them under their names."""
    own: dict[str, Any] = {path[0]: dict(copies)} if path else dict(copies)
    outputs = [made for name in named_for("output", functions) if (made := _with(functions[name], own, 1))]
    found = ((name, _with(functions[name], own, 2)) for name in named_for("loss", functions))
    return next(iter(outputs), None), {name: made for name, made in found if made is not None}


def _with(function: FunctionType, own: Mapping[str, Any], count: int) -> Callable[..., Any] | None:
    """A function of so many arguments: one of theirs that reads names, or one that is given the parameters, too."""
    anew, needed = among(function, own), [role_of(argument.name) for argument in required(function)]
    if len(needed) == count and "params" not in needed:
        return anew if anew is not function else None
    if len(own) != 1 or len(needed) != count + 1:
        return None
    at = needed.index("params") if needed.count("params") == 1 else 0
    (params,) = own.values()
    return lambda *given: anew(*given[:at], params, *given[at:])


def among(function: FunctionType, own: Mapping[str, Any]) -> FunctionType:
    """The same function where some names stand for others; itself where none of them is among its names."""
    theirs = function.__globals__
    if not own.keys() & theirs.keys():
        return function
    space = dict(theirs)
    for name, value in theirs.items():
        if isinstance(value, FunctionType) and value.__globals__ is theirs:
            space[name] = _anew(value, space)
    space.update(own)
    return _anew(function, space)


def _anew(function: FunctionType, space: dict[str, Any]) -> FunctionType:
    made = FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made
