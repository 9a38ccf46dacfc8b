"""What a loop over the elements of an array may call of NumPy's and Python's, and what kind of value comes back."""

from __future__ import annotations

import ast
import copy
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from zerokara.interpret.allowed import OPERATIONS
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.values import SHAPES, Defined, Kind, Value, binary, computed, constant, plain, tagged
from zerokara.words import sentence

Arguments = list[Value]
Keywords = dict[str, Value]
Rule = Callable[[Any, Arguments, Keywords, int], Value]

_FLOAT = (float, np.float64, "float", "float64", "d", "f8", np.dtype(np.float64), None)
_FLAGS = ("multi_index", "c_index", "readwrite", "readonly", "zerosize_ok", "refs_ok")


def refused(line: int) -> Refused:
    """The refusal of a call whose arguments are not those that a loop over elements needs."""
    return Refused(sentence("Line {line} calls a function in a way that is not known here.", line=line))


def _need(holds: bool, line: int) -> None:
    if not holds:
        raise refused(line)


def leaves(value: Value) -> Iterator[Value]:
    """The values in a container, and in those within it; else the value itself."""
    if value.kind is Kind.ITEMS:
        for item in value.raw.values() if type(value.raw) is dict else value.raw:
            yield from leaves(item)
    elif value.kind is Kind.GIVEN and not isinstance(value.raw, dict):
        for item in map(tagged, value.raw):
            yield from leaves(item)
    else:
        yield value


def _kinds(*values: Value) -> set[Kind]:
    return {leaf.kind for value in values for leaf in leaves(value)}


def _check_keywords(keywords: Keywords, line: int, *names: str) -> None:
    """dtype means float64 wherever it is given: in another class of numbers the loop would round."""
    for name, value in keywords.items():
        if name == "dtype":
            _check_dtype(value, line)
        else:
            _need(name in names and value.kind is Kind.CONSTANT, line)


def _check_dtype(value: Value, line: int) -> None:
    same = (value.raw is known or (type(value.raw) is type(known) and value.raw == known) for known in _FLOAT)
    if value.kind not in (Kind.OBJECT, Kind.CONSTANT) or not any(same):
        raise Refused(sentence("Line {line} computes in another class of numbers than float64.", line=line))


def _float_array(made: Any, line: int) -> Value:
    if type(made) is np.ndarray and made.dtype != np.float64:
        raise Refused(sentence("Line {line} computes in another class of numbers than float64.", line=line))
    return computed(made)


def _called(function: Any, arguments: Arguments, keywords: Keywords) -> Any:
    return function(*map(plain, arguments), **{name: plain(value) for name, value in keywords.items()})


def _made(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.zeros(x.shape)`: a new array of a shape."""
    sizes, dtype = arguments[:1], arguments[1:]
    _need(len(arguments) in (1, 2) and _kinds(*sizes) <= {Kind.EXTENT, Kind.CONSTANT}, line)
    if function in (np.eye, np.identity):  # of a fixed size, it could tell small arrays from large ones
        _need(_kinds(*arguments) == {Kind.EXTENT}, line)
    elif function in (np.full, np.full_like):
        _need(dtype[0].kind is Kind.CONSTANT and type(dtype[0].raw) is float, line)
    elif dtype:
        _check_dtype(dtype[0], line)
    _check_keywords(keywords, line)
    return _float_array(_called(function, arguments, keywords), line)


def _like(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.zeros_like(x)`, `np.array([…])`: a new array like what there is, or of its numbers."""
    _need(1 <= len(arguments) <= 2, line)
    of_numbers = function in (np.array, np.asarray)
    kinds = _kinds(arguments[0])
    _need(kinds <= {Kind.ARRAY, *({Kind.NUMBER, Kind.CONSTANT} if of_numbers else set())}, line)
    # A list of different constants could tell small arrays from large ones.
    constants = {(type(leaf.raw), repr(leaf.raw)) for leaf in leaves(arguments[0]) if leaf.kind is Kind.CONSTANT}
    _need(len(constants) <= 1 and {kind for kind, _ in constants} <= {float}, line)
    if len(arguments) == 2:
        _need(function is not np.copy, line)
        _check_dtype(arguments[1], line)
    _check_keywords(keywords, line, "copy")
    return _float_array(_called(function, arguments, keywords), line)


def _view(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.reshape(x, shape)`, `np.ravel(x)`."""
    _need(bool(arguments) and arguments[0].kind is Kind.ARRAY and not keywords, line)
    _need(_kinds(*arguments[1:]) <= {Kind.EXTENT, Kind.CONSTANT}, line)
    return computed(_called(function, arguments, keywords))


def _joined(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.concatenate([…])`."""
    _need(len(arguments) == 1 and _kinds(*arguments) == {Kind.ARRAY} and not keywords, line)
    return _float_array(_called(function, arguments, keywords), line)


def _extent(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.size(x)`, `np.shape(x)`, `np.ndim(x)`, `len(x)`, `np.prod(x.shape)`."""
    _need(len(arguments) == 1 and not keywords, line)
    argument = arguments[0]
    if function is len and argument.kind in (Kind.GIVEN, Kind.CONSTANT):
        return constant(len(argument.raw))
    if function is len and argument.kind is Kind.ITEMS:
        return Value(len(argument.raw), Kind.POSITION if argument.grown else Kind.CONSTANT)
    if function in (np.prod, math.prod):
        _need(_kinds(argument) == {Kind.EXTENT}, line)
        return Value(int(function(plain(argument))), Kind.EXTENT)
    _need(argument.kind is Kind.ARRAY, line)
    found = function(argument.raw)
    if type(found) is tuple:
        return shape_of(argument)
    return constant(found) if function is np.ndim else Value(found, Kind.EXTENT)


def shape_of(array: Value) -> Value:
    """`x.shape`."""
    return Value(tuple(Value(length, Kind.EXTENT) for length in array.raw.shape), Kind.ITEMS)


def positions(raw: Any) -> Value:
    """A number, or a tuple of numbers, that says which element's turn it is."""
    if type(raw) is tuple:
        return Value(tuple(map(positions, raw)), Kind.ITEMS)
    return Value(raw, Kind.POSITION)


def iterator(raw: Any, make: Callable[[Any], Value], *, fixed: bool = False) -> Value:
    """What a loop goes through: what comes out of a Python iterator, each made a value.

    Args:
        fixed: whether there is the same in it for arrays of all shapes.
    """
    return Value((raw, make), Kind.ITERATOR, grown=not fixed)


def _positions(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.ndindex(x.shape)`, `np.unravel_index(i, x.shape)`, `itertools.product(range(n), range(m))`, `divmod(i, n)`"""
    if function is itertools.product:
        _need(not keywords and all(value.kind is Kind.ITERATOR for value in arguments), line)
        sources = [(list(value.raw[0]), value.raw[1]) for value in arguments]
        turns = itertools.product(*([make(item) for item in items] for items, make in sources))
        return iterator(turns, lambda turn: Value(turn, Kind.ITEMS))
    if function is divmod:
        _need(len(arguments) == 2, line)
        parts = tuple(binary(op, arguments[0], arguments[1], line) for op in (ast.FloorDiv(), ast.Mod()))
        return Value(parts, Kind.ITEMS)
    _need(not keywords and _kinds(*arguments) <= {Kind.CONSTANT, *SHAPES}, line)
    raw = _called(function, arguments, keywords)
    return iterator(iter(raw), positions) if function is np.ndindex else positions(raw)


def _with_index(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`np.ndenumerate(x)`."""
    _need(len(arguments) == 1 and arguments[0].kind is Kind.ARRAY and not keywords, line)
    return iterator(
        iter(np.ndenumerate(arguments[0].raw)),
        lambda pair: Value((positions(pair[0]), computed(pair[1])), Kind.ITEMS),
    )


def _nditer(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    _need(bool(arguments) and arguments[0].kind is Kind.ARRAY, line)
    for value in (*arguments[1:], *keywords.values()):
        _need(all(leaf.raw in (*_FLAGS, "C", "K") for leaf in leaves(value)), line)
    return Value(_called(function, arguments, keywords), Kind.OBJECT)


def _range(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    kinds = {value.kind for value in arguments}
    _need(bool(kinds) and kinds <= {Kind.CONSTANT, *SHAPES} and not keywords, line)
    if kinds == {Kind.CONSTANT}:
        return iterator(iter(_called(range, arguments, {})), constant, fixed=True)
    _need(all(abs(value.raw) <= 1 for value in arguments if value.kind is Kind.CONSTANT), line)
    return iterator(iter(_called(function, arguments, {})), positions)


def elements(value: Value, line: int) -> Iterator[Value]:
    """What a `for` gives one by one."""
    if value.kind is Kind.ITERATOR:
        raw, make = value.raw
        return (make(item) for item in raw)
    if value.kind is Kind.ITEMS:
        items = map(constant, value.raw) if type(value.raw) is dict else iter(value.raw)
        return map(in_turn, items) if value.grown else items
    if value.kind is Kind.GIVEN:
        return map(tagged, value.raw)
    if value.kind is Kind.CONSTANT and type(value.raw) is str:
        return map(constant, value.raw)
    if value.kind is Kind.ARRAY or isinstance(value.raw, np.nditer | np.flatiter):
        return (_element(item, line) for item in value.raw)
    raise Refused(sentence("Line {line} loops over what is not known.", line=line))


def _element(item: Any, line: int) -> Value:
    _need(type(item) is not tuple, line)
    return computed(item)


def _numbered(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`enumerate(…)`: which turn it is depends on the shape, unless what it goes through is there anyway."""
    _need(len(arguments) == 1 and not keywords, line)
    fixed = is_fixed(arguments[0])
    number = constant if fixed else positions

    def pair(turn: tuple[int, Value]) -> Value:
        return Value((number(turn[0]), turn[1]), Kind.ITEMS)

    return iterator(enumerate(elements(arguments[0], line)), pair, fixed=fixed)


def is_fixed(value: Value) -> bool:
    """Whether how much it goes through is the same for arrays of all shapes."""
    return value.kind is Kind.GIVEN or (value.kind in (Kind.ITEMS, Kind.ITERATOR) and not value.grown)


def _zip(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    _need(bool(arguments) and not keywords, line)
    fixed = all(map(is_fixed, arguments))

    def turn(values: tuple[Value, ...]) -> Value:
        return Value(values if fixed else tuple(map(in_turn, values)), Kind.ITEMS)

    return iterator(zip(*(elements(value, line) for value in arguments), strict=False), turn, fixed=fixed)


def in_turn(value: Value) -> Value:
    """A value that was met in one of the turns of a loop: a constant there says whose turn it is."""
    if value.kind is Kind.CONSTANT:
        return Value(value.raw, Kind.POSITION)
    if value.kind is Kind.ITEMS and type(value.raw) is tuple:
        return Value(tuple(map(in_turn, value.raw)), Kind.ITEMS, value.grown)
    if value.kind is Kind.ITEMS and type(value.raw) is list:
        value.raw[:] = map(in_turn, value.raw)  # in place: it may have another name, too
    elif value.kind is Kind.ITEMS:
        value.raw.update({key: in_turn(item) for key, item in value.raw.items()})
    elif isinstance(value.raw, Defined):
        return Value(None, Kind.MIXED)  # a function of the turn before, which may know its constants
    return value


def _listed(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`list(…)`, `tuple(…)`."""
    _need(len(arguments) <= 1 and not keywords, line)
    items = function(elements(arguments[0], line)) if arguments else function()
    return Value(items, Kind.ITEMS, grown=bool(arguments) and not is_fixed(arguments[0]))


def _dict(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    made: dict[Any, Value] = {}
    for pair in elements(arguments[0], line) if arguments else ():
        _need(pair.kind is Kind.ITEMS and len(pair.raw) == 2 and pair.raw[0].kind is Kind.CONSTANT, line)
        made[pair.raw[0].raw] = pair.raw[1]
    return Value(made | keywords, Kind.ITEMS)


def _number(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    """`float(…)`, of a number or of an array that holds one."""
    _need(len(arguments) == 1 and not keywords and arguments[0].kind in (Kind.NUMBER, Kind.ARRAY), line)
    _need(np.ndim(arguments[0].raw) == 0, line)
    return Value(function(arguments[0].raw), Kind.NUMBER)


def _arithmetic(op: ast.operator) -> Rule:
    def rule(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
        _need(len(arguments) == 2 and not keywords, line)
        return binary(op, arguments[0], arguments[1], line)

    return rule


def _copied(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    _need(len(arguments) == 1 and arguments[0].kind in (Kind.ARRAY, Kind.NUMBER) and not keywords, line)
    return computed(function(arguments[0].raw))


def _is_instance(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    known = (Kind.ARRAY, Kind.CONSTANT, Kind.GIVEN)
    _need(len(arguments) == 2 and arguments[0].kind in known, line)
    return constant(isinstance(arguments[0].raw, plain(arguments[1])))


def _reversed(function: Any, arguments: Arguments, keywords: Keywords, line: int) -> Value:
    _need(len(arguments) == 1 and not keywords and is_fixed(arguments[0]), line)
    return Value(list(elements(arguments[0], line))[::-1], Kind.ITEMS)


RULES: list[tuple[Rule, tuple[Any, ...]]] = [
    (_made, (np.zeros, np.ones, np.empty, np.full, np.eye, np.identity)),
    (_like, (np.zeros_like, np.empty_like, np.ones_like, np.copy, np.array, np.asarray, np.ascontiguousarray)),
    (_view, (np.reshape, np.ravel)),
    (_joined, (np.concatenate, np.hstack)),
    (_extent, (np.size, np.shape, np.ndim, np.prod, math.prod, len)),
    (_positions, (np.ndindex, np.unravel_index, itertools.product, divmod)),
    (_with_index, (np.ndenumerate,)),
    (_nditer, (np.nditer,)),
    (_range, (range,)),
    (_numbered, (enumerate,)),
    (_zip, (zip,)),
    (_listed, (list, tuple)),
    (_dict, (dict, OrderedDict)),
    (_number, (float, np.float64)),
    (_arithmetic(ast.Add()), (np.add,)),
    (_arithmetic(ast.Sub()), (np.subtract,)),
    (_arithmetic(ast.Mult()), (np.multiply,)),
    (_arithmetic(ast.Div()), (np.divide,)),
    (_copied, (copy.copy, copy.deepcopy)),
    (_is_instance, (isinstance,)),
    (_reversed, (reversed,)),
]
_RULE_OF = {id(function): rule for rule, functions in RULES for function in functions}
_OF_CONSTANTS = (str, int, bool, pow, abs, round, min, max, sum, sorted, type, np.finfo, callable)
_NAMES_ONLY = (getattr, np.ndarray, object, Exception, ValueError, TypeError, np.generic, np.floating, np.newaxis)


@cache
def _known() -> frozenset[int]:
    return frozenset([*_RULE_OF, *OPERATIONS, *map(id, _OF_CONSTANTS), *map(id, _NAMES_ONLY)])


def is_known(raw: Any) -> bool:
    """Whether it is a function or a class of NumPy's or Python's that stands for itself."""
    return callable(raw) and id(raw) in _known()


@cache
def numpy_names() -> SimpleNamespace:
    """What a loop may know of NumPy."""
    known = {name: value for name in np.__all__ if is_known(value := getattr(np, name, None))}
    return SimpleNamespace(**known, pi=np.pi, e=np.e, newaxis=None)


def called(function: Any, arguments: Arguments, keywords: Keywords, name: str, line: int) -> Value:
    """The value of a call. Raises Refused for one that is not known."""
    kinds = {value.kind for value in (*arguments, *keywords.values())}
    if kinds == {Kind.CONSTANT} and function is not range and (id(function) in OPERATIONS or function in _OF_CONSTANTS):
        raw = _called(function, arguments, keywords)
        _need(type(raw) is not np.ndarray, line)
        return tagged(raw) if not isinstance(raw, np.finfo) else Value(raw, Kind.OBJECT)
    if function in (int, np.intp, np.int64) and len(arguments) == 1 and arguments[0].kind in SHAPES:
        return Value(function(arguments[0].raw), arguments[0].kind)
    rule = _RULE_OF.get(id(function))
    if rule is None:
        raise Refused(sentence("Line {line} calls {name}, and may do more than compute.", line=line, name=name))
    return rule(function, arguments, keywords, line)
