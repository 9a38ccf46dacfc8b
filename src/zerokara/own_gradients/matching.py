"""Which gradient belongs to which parameter: by names, shapes and order."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.own_gradients.subject import Array, Arrays

_MARKS = r"(?:nabla|grads?|gradients?|delta|dl?|∂l?|g|∇)"
Named = list[tuple[str, Any]]


def matched(result: Any, params: Mapping[str, Array], names: Sequence[str] = ()) -> Arrays:
    """The gradients in what a function returned, by the names of parameters.

    Args:
        result: a dict, a tuple, a list, or several in one another.
        names: what the function calls the parts of a tuple that it returns.
    """
    given = list(_leaves(result, "", names))
    found: Arrays = {}
    for name in params:
        alike = [entry for entry in given if belongs(entry[0], name) and _fits_or_names(entry, name)]
        fitting = [entry for entry in alike if fits(entry[1].shape, params[name].shape)] or alike
        if fitting:
            found[name] = fitting[0][1]
            given = [entry for entry in given if entry is not fitting[0]]
    missing = [name for name in params if name not in found]
    return found | _by_shape(given, {name: params[name] for name in missing})


def _fits_or_names(entry: tuple[str, Any], name: str) -> bool:
    return entry[0] != ""


def _by_shape(given: Named, params: Mapping[str, Array]) -> Arrays:
    """Those that no name tells: each goes to the first parameter of its shape that is free."""
    found: Arrays = {}
    unnamed = [entry for entry in given if not _is_named(entry[0])]
    if len(unnamed) == len(params):
        in_order = list(zip(params, (value for _, value in unnamed), strict=True))
        if all(fits(value.shape, params[name].shape) for name, value in in_order):
            return dict(in_order)
    for _, value in unnamed:
        free = [name for name in params if name not in found and fits(value.shape, params[name].shape)]
        if free:
            found[free[0]] = value
    if len(unnamed) == len(params) and len(found) < len(params) and found:
        for (_, value), name in zip(unnamed, params, strict=True):
            found.setdefault(name, value)
    return found


def _is_named(name: str) -> bool:
    return bool(re.search(r"[^\W\d]", name)) and not name.startswith("[")


def _leaves(thing: Any, name: str, names: Sequence[str] = ()) -> Iterator[tuple[str, Array]]:
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _leaves(value, f"{name}[{key!r}]" if not isinstance(key, str) else key)
    elif isinstance(thing, list | tuple):
        named = len(names) == len(thing)
        for i, value in enumerate(thing):
            yield from _leaves(value, names[i] if named else f"{name}[{i}]")
    elif isinstance(thing, np.ndarray | np.generic | float | int) and not isinstance(thing, bool):
        array = np.asarray(thing)
        if array.dtype.kind in "fiu":
            yield name, array


def fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a gradient of this shape can be that of a parameter: axes of one do not count."""
    return [n for n in shape if n != 1] == [n for n in wanted if n != 1]


def belongs(gradient: str, parameter: str) -> bool:
    """Whether a gradient of this name is that of a parameter, by the marks that people put on it: dW1, grad_W1, W1."""
    wanted = _core(parameter)
    core = _core(gradient)
    return bool(wanted) and (core == wanted or core in _with_marks(wanted))


def _core(name: str) -> str:
    return re.sub(r"[_\s.\[\]'\"()]", "", name).lower()


def _with_marks(name: str) -> set[str]:
    marks = ("d", "grad", "grads", "gradient", "nabla", "delta", "g", "dl", "∂", "∂l", "∇", "dld", "dj", "dloss")
    return {f"{mark}{name}" for mark in marks} | {f"{name}{mark}" for mark in marks}


def names_returned(function: Callable[..., Any]) -> tuple[str, ...]:
    """What a function calls the parts of the tuple that it returns last; () where it does not say."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if not returns or not isinstance(value := returns[-1].value, ast.Tuple | ast.List):
        return ()
    if not all(isinstance(part, ast.Name | ast.Attribute | ast.Subscript) for part in value.elts):
        return ()
    return tuple(ast.unparse(part).removeprefix("self.") for part in value.elts)
