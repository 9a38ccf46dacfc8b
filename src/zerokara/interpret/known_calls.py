"""Calls whose result is known from what is known of their arguments."""

from __future__ import annotations

import ast
import builtins
import functools
import math
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Abstract, Concrete, Entries, Fresh, Items, Partial, Value, is_number
from zerokara.interpret.allowed import Kind, Operation
from zerokara.interpret.comprehensions import Comprehensions
from zerokara.interpret.containers import kept, known_key, known_set
from zerokara.interpret.guards import MISSING
from zerokara.interpret.refusal import Refused
from zerokara.interpret.texts import as_text
from zerokara.words import sentence

MOST_TURNS = 10_000
_FOLDED = {
    *(id(getattr(builtins, name)) for name in ("abs", "max", "min", "int", "float", "bool", "round", "pow", "divmod")),
    *(id(getattr(math, name)) for name in ("exp", "log", "log2", "log10", "log1p", "expm1", "sqrt", "tanh", "pow")),
    *(id(getattr(math, name)) for name in ("floor", "ceil", "prod")),
}
"""Functions that are simply called where all arguments are known."""


def folded(function: Any, arguments: list[Value], keywords: dict[str, Value]) -> Concrete | None:
    """The result of a small function of known numbers; None for anything else."""
    if id(function) not in _FOLDED or keywords or not arguments:
        return None
    known = [argument.value for argument in arguments if isinstance(argument, Concrete)]
    if len(known) != len(arguments) or not all(type(value) in (int, float, bool) for value in known):
        return None
    try:
        return Concrete(function(*known))
    except (ArithmeticError, ValueError, TypeError):
        return None


def known_range(arguments: list[Value]) -> Items:
    """`range(…)` of known numbers."""
    bounds = [bound.value for bound in arguments if isinstance(bound, Concrete) and type(bound.value) in (int, bool)]
    if len(bounds) != len(arguments) or not 1 <= len(bounds) <= 3 or (len(bounds) == 3 and not bounds[2]):
        raise Refused(sentence("It counts to a number that is not known."))
    if len(range(*bounds)) > MOST_TURNS:
        raise Refused(sentence("There is too much of it to walk through."))
    return Items(tuple(map(Concrete, range(*bounds))))


def sequence(function: Any, lists: list[tuple[Value, ...]], rest: list[Value], strict: Concrete | None) -> Items:
    """What list, tuple, reversed, zip or enumerate makes of what is known element by element."""
    if function is zip:
        if strict is not None and strict.value and len(set(map(len, lists))) > 1:
            raise Refused(sentence("It goes through lists of several lengths."))
        return Items(tuple(map(Items, zip(*lists, strict=False))))
    if len(lists) > 1:
        raise Refused(sentence("{name} is given more than numbers.", name=function.__name__))
    elements = lists[0] if lists else ()
    if function is enumerate:
        start = rest[0] if rest else Concrete(0)
        if not isinstance(start, Concrete) or type(start.value) is not int:
            raise Refused(sentence("It counts to a number that is not known."))
        return Items(tuple(Items((Concrete(i), element)) for i, element in enumerate(elements, start.value)))
    return Items(elements[::-1] if function is reversed else elements)


Special = Callable[[Comprehensions, list[Value], dict[str, Value]], Value]


def _none(keywords: dict[str, Value], name: str) -> None:
    if keywords:
        raise Refused(sentence("{name} is given {keyword}.", name=name, keyword=min(keywords)))


def _isinstance(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    _none(keywords, "isinstance")
    value, kinds = arguments
    return _any(
        [_is_instance(calls, value, kind) for kind in (kinds.elements if isinstance(kinds, Items) else (kinds,))]
    )


def _any(found: list[bool | None]) -> Value:
    """Whether one is true; None stands for what shapes decide."""
    if True in found:
        return Concrete(True)
    return Abstract(about_shape=True) if None in found else Concrete(False)


_CLASS = vars(object)["__class__"]


def _is_instance(calls: Comprehensions, value: Value, kind: Value) -> bool | None:
    if not isinstance(kind, Concrete) or type(kind.value) is not type:
        raise Refused(sentence("It asks for the class of something that is not known."))
    if isinstance(value, Concrete):
        if not (is_number(value) or type(value.value) in guards.CONTAINERS or guards.is_ordinary(value.value)):
            raise Refused(sentence("It asks for the class of something that is not known."))
        shown = calls.objects.read(value, guards.class_attribute, "__class__").value if value.origin >= 0 else _CLASS
        if shown is not _CLASS:
            raise Refused(sentence("It asks for the class of something that is not known."))
        return guards.is_subclass(type(value.value), kind.value)
    if isinstance(value, Fresh):
        return guards.is_subclass(value.kind, kind.value)
    if isinstance(value, Items):
        return guards.is_subclass(tuple, kind.value)
    if isinstance(value, Abstract):  # an array, or a number, or something else that is none of the learner's classes
        return False if guards.is_made_in_python(kind.value) else None
    raise Refused(sentence("It asks for the class of something that is not known."))


def _type(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    (value,) = arguments
    if not isinstance(value, Concrete) or not guards.is_ordinary(value.value):
        raise Refused(sentence("It asks for the class of something that is not known."))
    return calls.objects.read(value, guards.kind)


def _getattr(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    owner, name, *default = arguments
    if not isinstance(name, Concrete) or type(name.value) is not str:
        raise Refused(sentence("It asks for an attribute whose name is not known."))
    if default and not _has_attribute(calls, owner, name.value):
        return default[0]
    return calls.attribute(owner, name.value)


def _hasattr(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    owner, name = arguments
    if not isinstance(name, Concrete) or type(name.value) is not str:
        raise Refused(sentence("It asks for an attribute whose name is not known."))
    return Concrete(_has_attribute(calls, owner, name.value))


def _has_attribute(calls: Comprehensions, owner: Value, name: str) -> bool:
    if not isinstance(owner, Concrete) or not guards.is_ordinary(owner.value):
        raise Refused(sentence("It asks whether something has {name}.", name=name))
    found = [calls.objects.read(owner, guards.class_attribute, "__getattr__").value]
    if found[0] is not MISSING or calls.objects.state_of(owner, name) is not None:
        raise Refused(sentence("It asks whether something has {name}.", name=name))
    calls.objects.note_read(owner, name)
    of_class = calls.objects.read(owner, guards.class_attribute, name).value
    if type(of_class) is not FunctionType and guards.class_attribute(of_class, "__get__") is not MISSING:
        raise Refused(sentence("It asks whether something has {name}.", name=name))  # a property may raise
    return of_class is not MISSING or calls.objects.read(owner, guards.own_attribute, name).value is not MISSING


def _str(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    _none(keywords, "str")
    return as_text(calls.objects.plain(arguments[0])) if arguments else Concrete("")


def _dict(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    made: dict[Any, Value] = {}
    for argument in arguments:
        if (isinstance(argument, Fresh) and argument.kind is dict) or _is_mapping(argument):
            entries = calls.objects.entries(argument)
            made |= dict(zip(entries.keys, entries.values, strict=True))
        else:
            for pair in calls.elements(argument) or ():
                key, value = calls.elements(pair) or (None, None)
                if key is None or value is None:
                    raise Refused(sentence("It makes a dict with keys that are not known."))
                made[known_key(key)] = kept(value)
    made |= {name: kept(value) for name, value in keywords.items()}
    return calls.objects.make(dict, Entries(tuple(made), tuple(made.values())))


def _is_mapping(value: Value) -> bool:
    return isinstance(value, Concrete) and type(value.value) in guards.MAPPINGS


def _set(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    elements = calls.elements(arguments[0]) if arguments else ()
    if elements is None:
        raise Refused(sentence("{name} goes through numbers one by one.", name="set"))
    return known_set(elements, calls.line)


def _sorted(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    elements = calls.elements(arguments[0])
    reverse = keywords.pop("reverse", Concrete(False))
    _none(keywords, "sorted")
    if elements is None or not isinstance(reverse, Concrete) or not reverse.is_scalar:
        raise Refused(sentence("{name} goes through numbers one by one.", name="sorted"))
    # Of pairs, as a dict's items are, the first decides, unless two are equal.
    firsts = [
        element.elements[0] if isinstance(element, Items) and element.elements else element for element in elements
    ]
    keys = [first.value for first in firsts if isinstance(first, Concrete) and type(first.value) in (str, int)]
    if len(keys) != len(elements) or len({type(key) for key in keys}) > 1 or len(set(keys)) != len(keys):
        raise Refused(sentence("It sorts what is not known."))
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=bool(reverse.value))
    return calls.objects.make(list, Items(tuple(elements[place] for place in order)))


def _all_of(
    calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value], wanted: bool, name: str
) -> Value:
    elements = calls.elements(arguments[0])
    if elements is None:
        raise Refused(sentence("{name} goes through numbers one by one.", name=name))
    found = [calls.truth(element, name) for element in elements]
    if (not wanted) in found:
        return Concrete(not wanted)
    return Abstract(about_shape=True) if None in found else Concrete(wanted)


def _sum(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    total = keywords.pop("start", arguments[1] if len(arguments) > 1 else Concrete(0))
    _none(keywords, "sum")
    for element in calls.elements(arguments[0]) or ():
        total = calls.binary(ast.Add(), total, element)
    return total


def _partial(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    function, *rest = arguments
    return Partial(function, tuple(map(kept, rest)), tuple((name, kept(value)) for name, value in keywords.items()))


def _finfo(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    (kind,) = arguments
    if isinstance(kind, Concrete) and (kind.value is float or kind.value is np.float64):
        return Concrete(np.finfo(float))
    raise Refused(sentence("{name} is given more than numbers.", name="finfo"))


def _einsum(calls: Comprehensions, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    """Sums of products: of two matrices the product, of one its transpose or a sum."""
    _none(keywords, "einsum")
    form, *operands = map(calls.objects.plain, arguments)
    text = form.value.replace(" ", "") if isinstance(form, Concrete) and type(form.value) is str else ""
    if re.fullmatch(r"(\w)(\w),\2(\w)->\1\3", text) and len(set(text)) == 6:
        return calls.arithmetic.apply("matmul", Operation(Kind.PRODUCT, 2), operands, {}, np.matmul)
    inputs, _, output = text.partition("->")
    if len(operands) == 1 and sorted(inputs) == sorted(output) and len(set(inputs)) == len(inputs):
        return calls.arithmetic.apply("einsum", Operation(Kind.VIEW, 1), operands, {})
    # Of one array also a diagonal can be asked for, which is a part of its memory.
    if "->" not in text or "." in text or (len(operands) == 1 and len(set(inputs)) != len(inputs)):
        raise Refused(sentence("{name} is given more than numbers.", name="einsum"))
    return calls.arithmetic.apply("einsum", Operation(Kind.NEW, 9), operands, {})


SPECIAL: dict[int, Special] = {
    id(isinstance): _isinstance,
    id(type): _type,
    id(getattr): _getattr,
    id(hasattr): _hasattr,
    id(str): _str,
    id(dict): _dict,
    id(set): _set,
    id(frozenset): _set,
    id(sorted): _sorted,
    id(sum): _sum,
    id(all): lambda calls, arguments, keywords: _all_of(calls, arguments, keywords, True, "all"),
    id(any): lambda calls, arguments, keywords: _all_of(calls, arguments, keywords, False, "any"),
    id(functools.partial): _partial,
    id(np.finfo): _finfo,
    id(np.einsum): _einsum,
}
"""By identity, as in `allowed`."""
