"""Reading a loop's code: expressions, on stand-ins, with what each value may depend on."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.own_loops import library
from zerokara.own_loops.library import positions, shape_of
from zerokara.own_loops.stand_ins import ObjectStandIn, World
from zerokara.own_loops.values import (
    SHAPES,
    Defined,
    Kind,
    Value,
    binary,
    compared,
    computed,
    constant,
    is_small,
    plain,
    tagged,
    truth,
)
from zerokara.words import sentence


@dataclass(eq=False)
class Frame:
    """The names of one call.

    Attributes:
        function: the number of the function whose file's names it sees.
        outer: the frame in which a nested function was defined.
    """

    function: int
    names: dict[str, Value] = field(default_factory=dict)
    outer: Frame | None = None

    def count(self, names: set[str]) -> None:
        """The whole numbers among these names, which a loop writes to, count its turns."""
        for name in names & set(self.names):
            value = self.names[name]
            if value.kind is Kind.CONSTANT and type(value.raw) is int:
                self.names[name] = Value(value.raw, Kind.POSITION)

    def next_turn(self, before: dict[str, Value]) -> None:
        """What a turn has made of constants depends on how many turns there were."""
        for name, value in self.names.items():
            old = before.get(name)
            if value is not old and not (old and _is_same(old, value)):
                self.names[name] = library.in_turn(value)


def _is_same(a: Value, b: Value) -> bool:
    return a.kind is b.kind is Kind.CONSTANT and type(a.raw) is type(b.raw) and repr(a.raw) == repr(b.raw)


@dataclass(eq=False)
class Nested(Defined):
    """A function that the loop's own code defines."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame
    defaults: dict[str, Value]


class Expressions:
    """Evaluates expressions. Calls are evaluated by `Calls`, and `Loop` assigns.

    Attributes:
        turning: how many loops it is in that turn as often as an array is large.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.turning = 0

    def kept(self, value: Value) -> Value:
        """A value that is there in the next turn, too: what is another number each turn says whose turn it is."""
        return library.in_turn(value) if self.turning else value

    def value(self, node: ast.expr, frame: Frame) -> Value:
        """What an expression gives. Raises Refused for one that is not known."""
        method: Callable[[Any, Frame], Value] | None = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            raise Refused(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
        return method(node, frame)

    def _Constant(self, node: ast.Constant, frame: Frame) -> Value:
        return constant(node.value)

    def _Name(self, node: ast.Name, frame: Frame) -> Value:
        inner: Frame | None = frame
        while inner is not None:
            if node.id in inner.names:
                return inner.names[node.id]
            inner = inner.outer
        reader = self.world.reader
        if node.id in reader.plain(frame.function).__code__.co_freevars:
            return tagged(self.world.mirror(reader.cell(frame.function, node.id)))
        number = reader.global_name(frame.function, node.id)
        return tagged(self.world.mirror(number))

    def _BinOp(self, node: ast.BinOp, frame: Frame) -> Value:
        left = self.value(node.left, frame)
        if isinstance(node.op, ast.Mod) and left.kind is Kind.CONSTANT and type(left.raw) is str:
            return self._text(left.raw.__mod__, self.value(node.right, frame), node.lineno)
        return binary(node.op, left, self.value(node.right, frame), node.lineno)

    def _text(self, make: Callable[[Any], Any], value: Value, line: int) -> Value:
        """A name for something, such as 'W1'."""
        if any(leaf.kind is not Kind.CONSTANT for leaf in (value.raw if value.kind is Kind.ITEMS else [value])):
            raise Refused(sentence("Line {line} makes a text of numbers.", line=line))
        return constant(make(plain(value)))

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Value:
        parts = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                if part.format_spec is not None or part.conversion != -1:
                    raise Refused(sentence("Line {line} makes a text of numbers.", line=node.lineno))
                parts.append(self._text(format, self.value(part.value, frame), node.lineno).raw)
            else:
                parts.append(self.value(part, frame).raw)
        return constant("".join(parts))

    def _UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Value:
        value = self.value(node.operand, frame)
        if isinstance(node.op, ast.Not):
            return constant(not truth(value, node.lineno))
        if isinstance(node.op, ast.USub | ast.UAdd) and value.kind in (Kind.CONSTANT, Kind.NUMBER, Kind.ARRAY, *SHAPES):
            kind = Kind.MIXED if value.kind in SHAPES else value.kind
            return Value(-value.raw if isinstance(node.op, ast.USub) else +value.raw, kind)
        raise Refused(sentence("Line {line} computes in a way that is not known here.", line=node.lineno))

    def _BoolOp(self, node: ast.BoolOp, frame: Frame) -> Value:
        stops_at = isinstance(node.op, ast.Or)
        for part in node.values:
            value = self.value(part, frame)
            if truth(value, node.lineno) == stops_at:
                return value
        return value

    def _Compare(self, node: ast.Compare, frame: Frame) -> Value:
        left, result = self.value(node.left, frame), constant(True)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, frame)
            result = compared(op, left, right, node.lineno)
            if not result.raw:
                return result
            left = right
        return result

    def _IfExp(self, node: ast.IfExp, frame: Frame) -> Value:
        holds = truth(self.value(node.test, frame), node.lineno)
        return self.value(node.body if holds else node.orelse, frame)

    def _Tuple(self, node: ast.Tuple | ast.List, frame: Frame) -> Value:
        items: list[Value] = []
        for part in node.elts:
            if isinstance(part, ast.Starred):
                items += library.elements(self.value(part.value, frame), node.lineno)
            else:
                items.append(self.value(part, frame))
        return Value(tuple(items) if isinstance(node, ast.Tuple) else items, Kind.ITEMS)

    def _List(self, node: ast.List, frame: Frame) -> Value:
        return self._Tuple(node, frame)

    def _Dict(self, node: ast.Dict, frame: Frame) -> Value:
        made: dict[Any, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                raise Refused(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
            made[self._key(self.value(key, frame), node.lineno)] = self.value(item, frame)
        return Value(made, Kind.ITEMS)

    def _key(self, key: Value, line: int) -> Any:
        if key.kind is not Kind.CONSTANT:
            raise Refused(sentence("Line {line} computes a key or a position in a list.", line=line))
        return key.raw

    def _Lambda(self, node: ast.Lambda, frame: Frame) -> Value:
        return Value(Nested(node, frame, self.defaults(node.args, frame)), Kind.OBJECT)

    def defaults(self, arguments: ast.arguments, frame: Frame) -> dict[str, Value]:
        """The values that parameters of a nested function have by default."""
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
        pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
        return {parameter.arg: self.value(default, frame) for parameter, default in pairs}

    # Comprehensions, at once: nothing that is let in here holds a generator for later

    def _ListComp(self, node: ast.ListComp | ast.GeneratorExp, frame: Frame) -> Value:
        items, grown = self._comprehended(node, lambda inner: self.value(node.elt, inner), frame)
        return Value(items, Kind.ITEMS, grown=grown)

    def _GeneratorExp(self, node: ast.GeneratorExp, frame: Frame) -> Value:
        return self._ListComp(node, frame)

    def _DictComp(self, node: ast.DictComp, frame: Frame) -> Value:
        def pair(inner: Frame) -> tuple[Any, Value]:
            return self._key(self.value(node.key, inner), node.lineno), self.value(node.value, inner)

        return Value(dict(self._comprehended(node, pair, frame)[0]), Kind.ITEMS)

    def _comprehended(self, node: Any, make: Callable[[Frame], Any], frame: Frame) -> tuple[list[Any], bool]:
        inner = Frame(frame.function, {}, frame)
        made: list[Any] = []
        grown = False

        def turn(generators: list[ast.comprehension]) -> None:
            nonlocal grown
            if not generators:
                made.append(make(inner))
                return
            source = self.value(generators[0].iter, inner)
            fixed = library.is_fixed(source)
            grown |= not fixed
            self.turning += not fixed
            for item in library.elements(source, node.lineno):
                self.assign(generators[0].target, item, inner)
                if all(truth(self.value(test, inner), node.lineno) for test in generators[0].ifs):
                    turn(generators[1:])
            self.turning -= not fixed

        turn(node.generators)
        return made, grown

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        raise NotImplementedError

    # Attributes

    def _Attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        owner, name = self.value(node.value, frame), node.attr
        if isinstance(owner.raw, ObjectStandIn):
            number = self.world.number_of(owner.raw)
            assert number is not None
            return tagged(self.world.attribute(number, name))
        if owner.raw is library.numpy_names():
            if not hasattr(owner.raw, name):
                text = f"np.{name}"
                raise Refused(
                    sentence("Line {line} calls {name}, and may do more than compute.", line=node.lineno, name=text)
                )
            return tagged(getattr(owner.raw, name))
        found = self._of_array(owner, name) if owner.kind is Kind.ARRAY else None
        if isinstance(owner.raw, np.nditer):
            found = self._of_nditer(owner.raw, name)
        if isinstance(owner.raw, np.finfo) and name in ("eps", "tiny", "resolution"):
            found = constant(getattr(owner.raw, name))
        return found or Value((owner, name), Kind.METHOD)

    def _of_array(self, owner: Value, name: str) -> Value | None:
        array = owner.raw
        match name:
            case "shape":
                return shape_of(owner)
            case "size":
                return Value(array.size, Kind.EXTENT)
            case "ndim":
                return constant(array.ndim)
            case "dtype":
                return constant(array.dtype)
            case "flat":
                return Value(array.flat, Kind.OBJECT)
            case "T":
                return computed(array.T)
        return None

    def _of_nditer(self, turn: np.nditer, name: str) -> Value | None:
        match name:
            case "finished":
                return Value(turn.finished, Kind.POSITION)
            case "multi_index" | "index":
                return positions(getattr(turn, name))
        return None

    # Items

    def _Subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        owner = self.value(node.value, frame)
        return self.item(owner, self.value(node.slice, frame), node.lineno)

    def _Slice(self, node: ast.Slice, frame: Frame) -> Value:
        bounds = [self.value(part, frame) if part else constant(None) for part in (node.lower, node.upper, node.step)]
        for bound in bounds:
            small = bound.kind is Kind.CONSTANT and (bound.raw is None or is_small(bound))
            if not (bound.kind in SHAPES or small):
                raise Refused(sentence("Line {line} takes a part of an array.", line=node.lineno))
        return Value(slice(*(bound.raw for bound in bounds)), Kind.POSITION)

    def item(self, owner: Value, key: Value, line: int) -> Value:
        """`owner[key]`."""
        if owner.kind is Kind.ARRAY or isinstance(owner.raw, np.flatiter):
            found = owner.raw[self.index(key, line)]
            return computed(found)
        if isinstance(owner.raw, np.nditer) and key.raw == 0:
            return computed(owner.raw[0])
        if owner.kind is Kind.GIVEN and key.kind is Kind.CONSTANT:
            return tagged(owner.raw[key.raw])
        if owner.kind is Kind.ITEMS and (key.kind is Kind.CONSTANT or (key.kind in SHAPES and owner.grown)):
            found = owner.raw[key.raw]
            found = found if isinstance(found, Value) else Value(found, Kind.ITEMS)
            return Value(found.raw, Kind.POSITION) if key.kind in SHAPES and found.kind is Kind.CONSTANT else found
        raise Refused(sentence("Line {line} looks something up in a way that is not known here.", line=line))

    def index(self, key: Value, line: int) -> Any:
        """An index of an array: whole numbers and slices, not other arrays, and nothing computed from numbers."""
        parts = list(key.raw) if key.kind is Kind.ITEMS and type(key.raw) is tuple else [key]
        for part in parts:
            known = part.kind in SHAPES or (part.kind is Kind.CONSTANT and (part.raw is None or is_small(part)))
            if part.kind is Kind.ITEMS and type(part.raw) is tuple:
                self.index(part, line)
            elif not known and part.raw is not Ellipsis:
                raise Refused(sentence("Line {line} takes elements that depend on numbers.", line=line))
        return plain(key)
