"""Which gradient belongs to which parameter: by names, shapes and order."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from zerokara.own_gradients.subject import Array, Arrays

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
        alike = [entry for entry in given if entry[0] and belongs(entry[0], name)]
        fitting = [entry for entry in alike if fits(entry[1].shape, params[name].shape)] or alike
        if fitting:
            found[name] = fitting[0][1]
            given = [entry for entry in given if entry is not fitting[0]]
    missing = [name for name in params if name not in found]
    unnamed = [entry for entry in given if not found or not _is_named(entry[0])]
    return found | _by_shape([value for _, value in unnamed], {name: params[name] for name in missing})


def _by_shape(given: list[Array], params: Mapping[str, Array]) -> Arrays:
    """Those that no name tells: in order where all fit so; else each to the first parameter of its shape."""
    in_order = dict(zip(params, given, strict=False)) if len(given) == len(params) else {}
    if all(fits(value.shape, params[name].shape) for name, value in in_order.items()) and in_order:
        return in_order
    found: Arrays = {}
    for value in given:
        free = [name for name in params if name not in found and fits(value.shape, params[name].shape)]
        if free:
            found[free[0]] = value
    return in_order | found if found else found


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


MARKS = ("grads", "gradients", "gradient", "grad", "nabla", "delta", "dloss", "dl", "dj", "∇", "∂", "d", "g")
"""What people put before or behind a parameter's name for its gradient."""
WORDS = {"weights": "w", "weight": "w", "ws": "w", "biases": "b", "bias": "b", "bs": "b"}


@lru_cache(maxsize=4096)
def belongs(gradient: str, parameter: str) -> bool:
    """Whether a gradient of this name is that of a parameter, by the marks that people put on it.

    >>> [belongs(name, "W1") for name in ("dW1", "grad_W1", "W1_grad", "W1", "dW2")]
    [True, True, True, True, False]
    >>> belongs("weight_grads[0]", "weights[0]"), belongs("nabla_b[1]", "biases[1]")
    (True, True)
    """
    wanted = _core(parameter)
    return bool(wanted) and (_core(gradient) == wanted or wanted in _unmarked(gradient))


def _core(name: str) -> str:
    words = re.findall(r"[^\W\d_]+|\d+", name)
    return "".join(WORDS.get(word.lower(), word.lower()) for word in words)


def _unmarked(name: str) -> set[str]:
    """What a name may be without its mark."""
    words = [word.lower() for word in re.findall(r"[^\W\d_]+|\d+", name)]
    found = {"".join(WORDS.get(w, w) for w in words if w not in MARKS)}
    for i, word in enumerate(words):
        for mark in MARKS:
            rest = word.removeprefix(mark) if word.startswith(mark) else word.removesuffix(mark)
            if rest not in ("", word):
                found.add("".join(WORDS.get(w, w) for w in [*words[:i], rest, *words[i + 1 :]]))
    return found


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
