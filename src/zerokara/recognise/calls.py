"""Abstract interpretation of calls: a learner's function is entered, one of NumPy's or Python's is looked up."""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Callable
from types import FunctionType
from typing import Any

from zerokara.recognise import allowed, guards
from zerokara.recognise.abstract_values import Abstract, Bound, Concrete, Items, Value, as_abstract, class_of, is_number
from zerokara.recognise.allowed import Kind
from zerokara.recognise.expressions import Expressions, Frame
from zerokara.recognise.refusal import Refused
from zerokara.words import sentence

MOST_TURNS = 1_000
_RUN_AT_ONCE = (sum, list, tuple, max, min)


class Calls(Expressions):
    """Evaluates calls. `enter` interprets a function of the learner's; it is given by `Interpreter`."""

    def enter(self, function: Concrete, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def _Call(self, node: ast.Call, frame: Frame) -> Value:
        callee = self.value(node.func, frame)
        arguments: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                arguments += self._starred(argument, frame)
            elif isinstance(argument, ast.GeneratorExp):
                arguments.append(self._generated(callee, argument, node, frame))
            else:
                arguments.append(self.value(argument, frame))
        if any(keyword.arg is None for keyword in node.keywords):
            raise Refused(sentence("Line {line} passes arguments on that are not known.", line=node.lineno))
        keywords = {str(keyword.arg): self.value(keyword.value, frame) for keyword in node.keywords}
        return self.call(callee, arguments, keywords, ast.unparse(node.func))

    def _generated(self, callee: Value, argument: ast.GeneratorExp, node: ast.Call, frame: Frame) -> Value:
        """A generator that the call runs to its end at once; elsewhere it would run later, or never."""
        at_once = isinstance(callee, Concrete) and any(callee.value is function for function in _RUN_AT_ONCE)
        if not at_once or len(node.args) + len(node.keywords) > 1:
            raise Refused(sentence("Line {line} holds a generator.", line=node.lineno))
        return self._ListComp(argument, frame)

    def call(self, callee: Value, arguments: list[Value], keywords: dict[str, Value], name: str) -> Value:
        """`callee(*arguments, **keywords)`; `name` is what the code calls it."""
        if isinstance(callee, Bound):
            return self._call_bound(callee, arguments, keywords)
        if not isinstance(callee, Concrete):
            raise Refused(sentence("It calls {name}, which is not known.", name=name))
        if type(callee.value) is FunctionType and allowed.operation(callee.value) is None:
            return self.enter(callee, arguments, keywords)
        operation = allowed.operation(callee.value)
        if operation is None:
            return self._call_instance(callee, arguments, keywords, name)
        if operation.kind is Kind.SEQUENCE or callee.value is len:
            return self._sequence(callee.value, arguments, keywords)
        return self.arithmetic.apply(callee.value.__name__, operation, arguments, keywords, callee.value)

    def _call_instance(self, callee: Concrete, arguments: list[Value], keywords: dict[str, Value], name: str) -> Value:
        if callee.value is str and len(arguments) == 1 and not keywords:
            return self._as_text(arguments[0])
        ordinary = guards.is_ordinary(callee.value)
        method = self.objects.read(callee, guards.class_attribute, "__call__") if ordinary else None
        if method is None or type(method.value) is not FunctionType:
            raise _unknown(name)
        return self.enter(method, [callee, *arguments], keywords)

    def _as_text(self, value: Value) -> Value:
        if not (isinstance(value, Concrete) and type(value.value) in (str, int)):
            raise Refused(sentence("It makes a text of numbers."))
        return Concrete(str(value.value))

    def _call_bound(self, callee: Bound, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        owner, function = callee.receiver, callee.function
        if isinstance(function, Concrete):
            return self.enter(function, [owner, *arguments], keywords)
        if isinstance(owner, Concrete) and type(owner.value) in (dict, OrderedDict):
            return self._ask_dict(owner, function, arguments, keywords)
        if not is_number(owner) or isinstance(owner, Items):
            raise _unknown(f"{class_of(owner)}.{function}")
        if isinstance(owner, Concrete) and type(owner.value) is str:
            return self._ask_text(owner.value, function, arguments, keywords)
        if function == "astype":
            return self.arithmetic.cast(owner, arguments, keywords)
        if function not in allowed.METHODS:
            raise _unknown(f"{class_of(owner)}.{function}")
        kind, most = allowed.METHODS[function]
        operation = allowed.Operation(kind, most + 1)
        return self.arithmetic.apply(function, operation, [owner, *arguments], keywords)

    def _ask_dict(self, owner: Concrete, name: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        if name in ("keys", "values", "items") and not arguments and not keywords:
            return self.objects.view(owner, name)
        if name == "get" and len(arguments) == 1 and not keywords:
            return self.objects.item(owner, arguments[0])
        raise _unknown(f"{class_of(owner)}.{name}")

    def _ask_text(self, text: str, name: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        if name not in ("lower", "upper", "strip", "startswith", "endswith") or keywords:
            raise _unknown(f"{str.__name__}.{name}")
        given: list[Any] = [argument.value for argument in arguments if isinstance(argument, Concrete)]
        if len(given) != len(arguments) or not all(type(value) is str for value in given):
            raise _unknown(f"{str.__name__}.{name}")
        return Concrete(getattr(text, name)(*given))

    def _sequence(self, function: Any, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """range, len, zip, enumerate, reversed, list and tuple, of what is known element by element."""
        if keywords:
            raise Refused(sentence("{name} is given {keyword}.", name=function.__name__, keyword=min(keywords)))
        if function is range:
            return _range(arguments)
        if function is len and len(arguments) == 1 and self._is_array(arguments[0]):
            return self.arithmetic.length_of(as_abstract(arguments[0]))
        lists = [self.objects.elements(argument) for argument in arguments]
        if not lists or None in lists:
            raise Refused(sentence("{name} goes through numbers one by one.", name=function.__name__))
        known: list[tuple[Value, ...]] = [elements for elements in lists if elements is not None]
        return _SEQUENCES[function](known)

    def _is_array(self, value: Value) -> bool:
        return isinstance(value, Abstract) or (isinstance(value, Concrete) and value.is_array)


def _unknown(name: str) -> Refused:
    return Refused(sentence("It calls {name}, and nothing is known of that.", name=name))


def _range(arguments: list[Value]) -> Items:
    bounds = [bound.value for bound in arguments if isinstance(bound, Concrete) and type(bound.value) is int]
    if len(bounds) != len(arguments) or not 1 <= len(bounds) <= 3 or len(range(*bounds)) > MOST_TURNS:
        raise Refused(sentence("It counts to a number that is not known."))
    return Items(tuple(map(Concrete, range(*bounds))))


_SEQUENCES: dict[Any, Callable[[list[tuple[Value, ...]]], Value]] = {
    len: lambda lists: Concrete(len(lists[0])),
    list: lambda lists: Items(lists[0]),
    tuple: lambda lists: Items(lists[0]),
    reversed: lambda lists: Items(lists[0][::-1]),
    zip: lambda lists: Items(tuple(map(Items, zip(*lists, strict=False)))),
    enumerate: lambda lists: Items(tuple(Items((Concrete(i), element)) for i, element in enumerate(lists[0]))),
}
