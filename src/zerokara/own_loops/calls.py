"""Reading a loop's code: calls, of NumPy and Python, of its own functions, and of the one that is differentiated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.own_loops import library
from zerokara.own_loops.expressions import Expressions, Frame, Nested
from zerokara.own_loops.stand_ins import FunctionStandIn, ObjectStandIn
from zerokara.own_loops.values import SHAPES, Kind, Value, computed, constant, plain, tagged
from zerokara.words import sentence


class Calls(Expressions):
    """Evaluates calls. `enter`, which reads the body of a function, is given by `Loop`."""

    def enter(self, function: FunctionStandIn | Nested, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        raise NotImplementedError

    def _Call(self, node: ast.Call, frame: Frame) -> Value:
        callee = self.value(node.func, frame)
        arguments = list(self._arguments(node, frame))
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, frame)
            keywords |= {keyword.arg: value} if keyword.arg else self._unpacked(value, node.lineno)
        return self.call(callee, arguments, keywords, node)

    def _arguments(self, node: ast.Call, frame: Frame) -> Iterator[Value]:
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                yield from library.elements(self.value(argument.value, frame), node.lineno)
            else:
                yield self.value(argument, frame)

    def _unpacked(self, value: Value, line: int) -> dict[str, Value]:
        if type(value.raw) is dict and value.kind in (Kind.GIVEN, Kind.ITEMS):
            return {str(key): self.item(value, constant(key), line) for key in value.raw}
        raise Refused(sentence("Line {line} passes arguments on that are not known.", line=line))

    def call(self, callee: Value, arguments: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        """`callee(*arguments, **keywords)`."""
        raw, line = callee.raw, node.lineno
        if callee.kind is Kind.METHOD:
            return self._call_method(callee, arguments, keywords, node)
        if isinstance(raw, Nested):
            return self.enter(raw, arguments, keywords)
        if isinstance(raw, FunctionStandIn):
            if raw.is_part:
                own = [tagged(self.world.mirror(raw.receiver))] if raw.receiver is not None else []
                return self.enter(raw, [*own, *arguments], keywords)
            return self._evaluated(raw, arguments, keywords, line)
        if isinstance(raw, ObjectStandIn):
            return self._evaluated(raw, arguments, keywords, line)
        if raw is getattr and arguments and isinstance(arguments[0].raw, ObjectStandIn):
            return self._get_attribute(arguments, keywords, line)
        return library.called(raw, arguments, keywords, ast.unparse(node.func), line)

    def _get_attribute(self, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        if len(arguments) != 2 or keywords or arguments[1].kind is not Kind.CONSTANT:
            raise library.refused(line)
        number = self.world.number_of(arguments[0].raw)
        assert number is not None
        return tagged(self.world.attribute(number, arguments[1].raw))

    def _evaluated(self, function: Any, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        """A call of the function that is differentiated, or of what is taken for it."""
        for value in (*arguments, *keywords.values()):
            if value.kind in (Kind.METHOD, Kind.ITERATOR, *SHAPES) or isinstance(value.raw, Nested | np.flatiter):
                raise Refused(sentence("Line {line} hands on what is not known here.", line=line))
        given = {name: plain(value) for name, value in keywords.items()}
        return Value(function(*map(plain, arguments), **given), Kind.NUMBER)

    def _call_method(self, method: Value, arguments: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        (owner, name), line = method.raw, node.lineno
        if owner.kind is Kind.ARRAY:
            return self._array_method(owner, name, arguments, keywords, line)
        if owner.kind is Kind.NUMBER and name in ("item", "copy") and not arguments and not keywords:
            return Value(getattr(owner.raw, name)(), Kind.NUMBER)
        if isinstance(owner.raw, np.nditer) and name in ("iternext", "close") and not arguments:
            return Value(getattr(owner.raw, name)(), Kind.POSITION)
        if owner.kind in (Kind.ITEMS, Kind.GIVEN):
            if name == "append":
                return self._append(owner, arguments, keywords, node)
            return self._container_method(owner, name, arguments, line)
        if owner.kind is Kind.CONSTANT and type(owner.raw) is str and {v.kind for v in arguments} <= {Kind.CONSTANT}:
            return constant(getattr(owner.raw, name)(*map(plain, arguments)))
        raise self._unknown(node)

    def _unknown(self, node: ast.Call) -> Refused:
        name = ast.unparse(node.func)
        return Refused(sentence("Line {line} calls {name}, and may do more than compute.", line=node.lineno, name=name))

    def _array_method(
        self, owner: Value, name: str, arguments: list[Value], keywords: dict[str, Value], line: int
    ) -> Value:
        if name in ("reshape", "ravel"):
            return library.called(getattr(np, name), [owner, *_one_shape(arguments)], keywords, name, line)
        if name in ("copy", "flatten", "item") and not arguments and not keywords:
            if name == "item" and owner.raw.size != 1:
                raise library.refused(line)
            return computed(getattr(owner.raw, name)())
        if name == "astype" and len(arguments) == 1:
            return library.called(np.array, [owner, *arguments], keywords, name, line)
        if name == "fill" and len(arguments) == 1 and not keywords:
            owner.raw.fill(arguments[0].raw if arguments[0].kind in (Kind.CONSTANT, Kind.NUMBER) else _no(line))
            return constant(None)
        raise Refused(sentence("Line {line} calls {name}, and may do more than compute.", line=line, name=name))

    def _append(self, owner: Value, arguments: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        if owner.kind is not Kind.ITEMS or type(owner.raw) is not list or len(arguments) != 1 or keywords:
            raise self._unknown(node)
        owner.raw.append(self.kept(arguments[0]))
        owner.grown |= self.turning > 0
        return constant(None)

    def _container_method(self, owner: Value, name: str, arguments: list[Value], line: int) -> Value:
        given, raw = owner.kind is Kind.GIVEN, owner.raw
        if isinstance(raw, dict) and name in ("keys", "values", "items") and not arguments:
            items = [(constant(key), self.item(owner, constant(key), line)) for key in raw]
            which = {"keys": 0, "values": 1}.get(name)
            return Value([Value(i, Kind.ITEMS) if which is None else i[which] for i in items], Kind.ITEMS)
        if isinstance(raw, dict) and name == "get" and arguments and arguments[0].kind is Kind.CONSTANT:
            if arguments[0].raw in raw:
                return self.item(owner, arguments[0], line)
            return arguments[1] if len(arguments) > 1 else constant(None)
        if type(raw) is list and name == "copy" and not arguments:
            return Value(list(map(tagged, raw)) if given else list(raw), Kind.ITEMS, grown=owner.grown)
        raise Refused(sentence("Line {line} calls {name}, and may do more than compute.", line=line, name=name))


def _no(line: int) -> Any:
    raise library.refused(line)


def _one_shape(arguments: list[Value]) -> list[Value]:
    """`x.reshape(3, 4)` as `x.reshape((3, 4))`."""
    return arguments if len(arguments) < 2 else [Value(tuple(arguments), Kind.ITEMS)]
