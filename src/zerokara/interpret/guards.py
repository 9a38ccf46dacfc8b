"""What a proof depends on: guards, checked again before the proof is used for another call.

Interpreting a function's code starts at the function itself and at x, and finds everything else by reading: a global
name, a cell of the closure, an attribute, an item of a dict. Each read becomes a guard, as in a tracing compiler: where
to read, and what must be found there. A later call, with another closure or another batch, is covered by the same proof
exactly if all guards hold: the same function, module or class, an instance of the same class, an equal number, another
plain array. A value is named by its number: 0 is the function, 1 is x, then one for each guard, in order.
"""

from __future__ import annotations

import functools
from abc import ABCMeta
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from types import CellType, FunctionType, MethodType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

MISSING = object()

MAPPINGS = (dict, OrderedDict, defaultdict)
CONTAINERS = (*MAPPINGS, list, tuple)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE

# `kind.__flags__` and the like would ask a metaclass, which may be the learner's.
_flags = type.__dict__["__flags__"].__get__
_name = type.__dict__["__name__"].__get__
_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__

FUNCTION, ARGUMENT = 0, 1
"""The values everything starts from: the function, and the array it is called with."""


class Guard(NamedTuple):
    """What `how` finds for `key` in value number `parent` must be as `expected`, as `check` understands it."""

    parent: int
    how: Callable[[Any, Any], Any]
    key: Any
    check: Callable[[Any, Any], bool]
    expected: Any


class Recorder:
    """Reads for one interpretation, and records a guard for each read; the same question is asked once."""

    def __init__(self, f: Any, x: Any) -> None:
        self.values: list[Any] = [f, x]
        self._guards: list[Guard] = []
        self._numbers: dict[tuple[int, Any, Any], int] = {}

    def read(self, parent: int, how: Callable[[Any, Any], Any], key: Any = None) -> int:
        """The number of what is found; the value is `values[number]`. Raises what `how` raises."""
        # 1, 1.0 and True are one key of this dict; for `how` they need not be.
        question = (parent, how, (type(key), key))
        if question not in self._numbers:
            value = how(self.values[parent], key)
            self._guards.append(Guard(parent, how, key, *_expectation(value)))
            self.values.append(value)
            self._numbers[question] = len(self.values) - 1
        return self._numbers[question]

    def guards(self, with_argument: bool) -> Guards:
        """What is needed to check again, without holding on to this call's arrays and networks.

        Args:
            with_argument: whether the function uses the x it is called with.
        """
        # An x that is not used may be any array, so it must not count among those that are one and the same.
        first = ARGUMENT if with_argument else ARGUMENT + 1
        return Guards(tuple(self._guards), first, tuple(_identities(self.values, first)))


class Guards(NamedTuple):
    """The guards of one interpretation, and which of the arrays among its values were one and the same.

    Attributes:
        first: the number of the first value whose identity matters.
        identities: (number, number of the first value that is this very object), for all that may be written to:
            arrays, dicts, lists, cells of closures, and instances without a dict.
    """

    all: tuple[Guard, ...]
    first: int
    identities: tuple[tuple[int, int], ...]

    def check(self, f: Any, x: Any) -> list[Any] | None:
        """The values as they are now, for a function with the same code; None if a guard does not hold."""
        values = [f, x]
        try:
            for parent, how, key, check, expected in self.all:
                value = how(values[parent], key)
                if not check(value, expected):
                    return None
                values.append(value)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError):
            return None
        # Equal one by one is not enough: two layers whose weights have become one array are another function of it.
        return values if tuple(_identities(values, self.first)) == self.identities else None


def _identities(values: list[Any], start: int) -> Iterator[tuple[int, int]]:
    """For all that may be written to, the number of the first value that is this very object."""
    first: dict[int, int] = {}
    for number in range(start, len(values)):
        value = values[number]
        if type(value) in WRITABLE:
            yield number, first.setdefault(id(value.value if type(value) is Itself else value), number)


class Itself:
    """An instance without a dict, as the place where its attributes are kept."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


WRITABLE = (np.ndarray, dict, list, CellType, Itself)


def is_plain_array(value: Any) -> bool:
    """An array of numbers, of exactly that class: a subclass may do anything when it is added."""
    return type(value) is np.ndarray and value.dtype.kind in "fiub"


def is_scalar(value: Any) -> bool:
    """A number, a string or None, of exactly these classes."""
    kind = type(value)
    if kind in (bool, int, float, str, type(None)):
        return True
    return issubclass(kind, np.generic) and not is_made_in_python(kind) and value.dtype.kind in "fiub"


def is_made_in_python(kind: type) -> bool:
    """Whether a class comes from a `class` statement, so that its methods can be anything."""
    return bool(_flags(kind) & _HEAP_TYPE)


def is_ordinary(value: Any) -> bool:
    """Whether a value is an instance of a class with a dict, and the class itself is a plain one."""
    kind = type(value)
    return kind is SimpleNamespace or (_is_plain_class(kind) and kind.__dictoffset__ != 0)


def has_slots(value: Any) -> bool:
    """Whether a value is an instance of a plain class without a dict, such as a named tuple."""
    kind = type(value)
    return _is_plain_class(kind) and kind.__dictoffset__ == 0


def is_class(value: Any) -> bool:
    """Whether a value is a class from a `class` statement, without a metaclass of the learner's."""
    return type(value) in (type, ABCMeta) and is_made_in_python(value)


def _is_plain_class(kind: type) -> bool:
    return type(kind) in (type, ABCMeta) and not issubclass(kind, type) and is_made_in_python(kind)


def inherits(kind: type, parent: int) -> bool:
    """Whether the class with this id is a class itself, or one that it inherits from."""
    return any(id(found) == parent for found in _mro(kind))


def is_subclass(kind: type, parent: type) -> bool:
    """`issubclass`, without asking a metaclass."""
    return inherits(kind, id(parent))


def class_name(kind: type) -> str:
    """The name of a class, without asking a metaclass of the learner's."""
    return str(_name(kind))


def _expectation(value: Any) -> tuple[Callable[[Any, Any], bool], Any]:
    """(check, expected) of a guard: what "the same again" means for a value."""
    kind = type(value)
    if kind is FunctionType:
        return _same_code, value.__code__
    if is_plain_array(value):
        return _plain_array, None
    if is_scalar(value):
        return _equal, value
    if kind is Keys:
        return _equal_keys, value
    if kind in (*CONTAINERS, MethodType, CellType, SimpleNamespace, functools.partial) or (
        is_made_in_python(kind) and not issubclass(kind, type)
    ):
        return _same_type, kind
    return _identical, value


def is_told_apart(value: Any) -> bool:
    """Whether a guard notices that there is another object in its place."""
    return type(value) in WRITABLE or _expectation(value)[0] is _identical


def _same_code(value: Any, code: Any) -> bool:
    # Each call of `loss_of` makes another lambda of one code; its cells and defaults have guards of their own.
    return type(value) is FunctionType and value.__code__ is code


def _plain_array(value: Any, _: Any) -> bool:
    return is_plain_array(value)


def _equal(value: Any, expected: Any) -> bool:
    # Not ==, which takes -0.0 for 0.0 although 1 / x differs, and nan for another number than itself.
    return type(value) is type(expected) and repr(value) == repr(expected)


def _equal_keys(value: Any, expected: Any) -> bool:
    return len(value) == len(expected) and all(map(_equal, value, expected))


def _identical(value: Any, expected: Any) -> bool:
    return value is expected


def _same_type(value: Any, kind: type) -> bool:
    return type(value) is kind


# How to read. None of these can run a learner's code: they go past properties, `__getattr__` and metaclasses.


def method_function(method: Any, key: None) -> Any:
    return method.__func__


def method_self(method: Any, key: None) -> Any:
    return method.__self__


def evaluation_form(evaluation: Any, key: None) -> Keys:
    """How many arguments there are, which keywords, and where x stands."""
    return Keys((len(evaluation.arguments), *evaluation.keywords, evaluation.place))


def evaluation_function(evaluation: Any, key: None) -> Any:
    return evaluation.function


def evaluation_argument(evaluation: Any, place: int) -> Any:
    return evaluation.arguments[place]


def evaluation_keyword(evaluation: Any, name: str) -> Any:
    return evaluation.keywords[name]


def cell(function: Any, name: str) -> Any:
    return function.__closure__[function.__code__.co_freevars.index(name)].cell_contents


def global_name(function: Any, name: str) -> Any:
    # A subclass of dict, which exec takes as globals, may answer differently each time.
    names, builtins = function.__globals__, function.__builtins__
    if type(names) is not dict or type(builtins) is not dict:
        raise KeyError(name)
    return names[name] if name in names else builtins[name]


def default(function: Any, position: int) -> Any:
    return function.__defaults__[position]


def defaults_count(function: Any, key: None) -> int:
    return len(function.__defaults__ or ())


def keyword_default(function: Any, name: str) -> Any:
    return (function.__kwdefaults__ or {}).get(name, MISSING)


def module_name(module: Any, name: str) -> Any:
    return vars(module)[name]


def own_dict(instance: Any, key: None) -> Any:
    return object.__getattribute__(instance, "__dict__")


def own_attribute(instance: Any, name: str) -> Any:
    return dict.get(object.__getattribute__(instance, "__dict__"), name, MISSING)


def class_attribute(instance: Any, name: str) -> Any:
    """What the instance's class says about a name; no descriptor is asked."""
    return in_class(type(instance), name)


def in_class(kind: type, name: str) -> Any:
    return _first_in(_mro(kind), name)


def after_class(instance: Any, key: tuple[type, str]) -> Any:
    """What the classes after this one, in the order of the instance's, say about a name."""
    order = _mro(type(instance))
    return _first_in(order[next(i for i, kind in enumerate(order) if kind is key[0]) + 1 :], key[1])


def _first_in(kinds: tuple[type, ...], name: str) -> Any:
    for kind in kinds:
        if name in (names := _class_dict(kind)):
            return names[name]
    return MISSING


def own_class_attribute(kind: type, name: str) -> Any:
    return _class_dict(kind).get(name, MISSING)


def static_function(descriptor: Any, key: None) -> Any:
    return descriptor.__func__


def property_getter(descriptor: Any, key: None) -> Any:
    return descriptor.fget


def field(instance: Any, name: str) -> Any:
    """What a slot, or a field of a named tuple, holds; their descriptors are Python's own."""
    try:
        return in_class(type(instance), name).__get__(instance, type(instance))
    except (AttributeError, TypeError):
        return MISSING


def itself(instance: Any, key: None) -> Itself:
    return Itself(instance)


def kind(value: Any, key: None) -> type:
    return type(value)


def partial_function(partial: Any, key: None) -> Any:
    return partial.func


def partial_form(partial: Any, key: None) -> Keys:
    """How many arguments it has, and which keywords."""
    return Keys((len(partial.args), *partial.keywords))


def partial_argument(partial: Any, position: int) -> Any:
    return partial.args[position]


def partial_keyword(partial: Any, name: str) -> Any:
    return partial.keywords[name]


def names_around(holder: Any, key: None) -> Any:
    """The dict of all names of a function's module, or of a module."""
    return holder.__globals__ if type(holder) is FunctionType else vars(holder)


def cell_itself(function: Any, name: str) -> CellType:
    return function.__closure__[function.__code__.co_freevars.index(name)]  # type: ignore[no-any-return]


class Keys(tuple[Any, ...]):
    """The keys of a dict, in its order. All of them must be plain, and the same again."""

    __slots__ = ()


def keys(mapping: Any, key: None) -> Keys:
    return Keys(mapping)


def mapping_item(mapping: Any, key: Any) -> Any:
    return dict.__getitem__(mapping, key)


def length(sequence: Any, key: None) -> int:
    return int.__index__(tuple.__len__(sequence) if isinstance(sequence, tuple) else len(sequence))


def sequence_item(sequence: Any, position: int) -> Any:
    # A named tuple's class may have a `__getitem__` of its own.
    return tuple.__getitem__(sequence, position) if isinstance(sequence, tuple) else sequence[position]
