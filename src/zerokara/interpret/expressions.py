"""Abstract interpretation of expressions: what an expression of a learner's code means, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import (
    Abstract,
    Bound,
    Concrete,
    Entries,
    Fresh,
    Items,
    Super,
    Text,
    Unknown,
    Value,
    as_abstract,
    class_of,
    combine,
    is_number,
)
from zerokara.interpret.arithmetic import Arithmetic
from zerokara.interpret.containers import kept, known_key, known_set
from zerokara.interpret.effects import DRAWS, draws
from zerokara.interpret.guards import CONTAINERS
from zerokara.interpret.objects import Getter, Objects
from zerokara.interpret.refusal import Refused, RefusedAt, unknown
from zerokara.interpret.scopes import Frame, place_of
from zerokara.words import sentence

MOST_STEPS = 200_000
MOST_ROWS = 1_000
NOTHING = Abstract(about_shape=True)
FINFO = np.finfo


class Expressions:
    """Evaluates expressions over abstract values; one method for each class of syntax node, `_Name` for `ast.Name`.

    Raises Refused, here as in all of the interpretation, for what may do more than compute.
    """

    def __init__(self, objects: Objects, arithmetic: Arithmetic) -> None:
        self.objects, self.arithmetic = objects, arithmetic
        self.steps = 0
        self.line = 0
        self._methods: dict[type, Callable[..., Any]] = {}

    def call(self, callee: Value, arguments: list[Value], keywords: dict[str, Value], name: str) -> Value:
        """`callee(*arguments, **keywords)`; `name` is what the code calls it."""
        raise NotImplementedError

    def value(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an expression. Raises Refused for one that may do more than compute."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Refused(sentence("There is too much of it to walk through."))
        outer, self.arithmetic.node = self.arithmetic.node, node
        result: Value = self.method_for(node)(node, frame)
        self.arithmetic.node = outer
        if isinstance(result, Unknown):
            raise RefusedAt(sentence("Line {line} uses something that differs between branches.", line=node.lineno))
        return result

    def method_for(self, node: ast.expr | ast.stmt) -> Callable[..., Any]:
        """The method for such a node."""
        kind = type(node)
        if kind not in self._methods:
            method = getattr(self, f"_{kind.__name__}", None)
            if method is None:
                raise RefusedAt(
                    sentence("Line {line} holds something that only running it can tell.", line=node.lineno)
                )
            self._methods[kind] = method
        return self._methods[kind]

    def numbers(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an operand: a list counts as what is in it now."""
        return self.objects.plain(self.value(node, frame))

    # Names and parts of things

    def _Constant(self, node: ast.Constant, frame: Frame) -> Value:
        return Concrete(node.value)

    def _Name(self, node: ast.Name, frame: Frame) -> Value:
        return self.named(node.id, frame)

    def named(self, name: str, frame: Frame) -> Value:
        """What a name means in a scope, or in those around it."""
        if name in frame.names:
            return frame.names[name]
        if frame.is_comprehension and frame.outer is not None:
            return self.named(name, frame.outer)
        if frame.owns(name):
            raise Refused(sentence("{name} may have no value yet.", name=name))
        if name in frame.code.co_freevars and frame.outer is not None:
            return self._around(name, frame.outer)
        where = guards.cell if name in frame.code.co_freevars else guards.global_name
        try:
            found = self.objects.read(frame.function, where, name)
        except (KeyError, ValueError):
            raise Refused(sentence("There is no {name}.", name=name)) from None
        self.objects.first_read.add(place_of(name, frame))
        return found

    def _around(self, name: str, frame: Frame) -> Value:
        if frame.has_ended:
            raise Refused(sentence("It calls a function whose {name} differs between branches.", name=name))
        return self.named(name, frame)

    def _NamedExpr(self, node: ast.NamedExpr, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        self.assign(node.target, value, frame.scope)
        return value

    def _Attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        owner = self.value(node.value, frame)
        if isinstance(owner, Concrete) and draws(owner.value):
            raise RefusedAt(sentence(DRAWS, line=node.lineno))
        return self.attribute(owner, node.attr)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        if isinstance(owner, Fresh | Items | Text):
            return Bound(owner, name)
        if is_number(owner):
            return self._attribute_of_numbers(owner, name)
        if isinstance(owner, Concrete) and type(owner.value) in CONTAINERS:
            return Bound(owner, name)
        if isinstance(owner, Concrete) and type(owner.value) is FINFO and name in ("eps", "tiny", "max", "min"):
            return Concrete(getattr(owner.value, name))
        if isinstance(owner, Concrete | Super):
            found = self.objects.attribute(owner, name)
            if isinstance(found, Getter):
                of = owner.owner if isinstance(owner, Super) else owner
                return self.call(Bound(of, _function(found, name)), [], {}, name)
            return found
        raise unknown(f"{class_of(owner)}.{name}")

    def _attribute_of_numbers(self, owner: Value, name: str) -> Value:
        if name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes"):
            return self.arithmetic.shape_of(as_abstract(owner), name)
        if name == "T":
            return self.arithmetic.transpose(owner)
        return Bound(owner, name)

    def _Subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        return self.item(self.value(node.value, frame), self.value(node.slice, frame))

    def item(self, owner: Value, key: Value) -> Value:
        """`owner[key]`."""
        if isinstance(owner, Concrete) and type(owner.value) is str:
            return self._letters(owner.value, key)
        if is_number(owner) and not isinstance(owner, Items):
            return self.arithmetic.item(owner, self._index(key))
        return self.objects.item(owner, key)

    def _index(self, key: Value) -> Value:
        """An index as numbers. A list picks rows, and not, as a tuple does, one axis after another."""
        if isinstance(key, Items):
            return Items(tuple(map(self._index, key.elements)))
        return as_abstract(self.objects.plain(key)) if isinstance(key, Fresh) else key

    def _letters(self, text: str, key: Value) -> Value:
        if isinstance(key, Concrete) and type(key.value) in (int, slice):
            letters = self.objects.item(Items(tuple(map(Concrete, text))), key)
            known = letters.elements if isinstance(letters, Items) else (letters,)
            return Concrete("".join(letter.value for letter in known if isinstance(letter, Concrete)))
        raise Refused(sentence("It takes a part of a text that is not known."))

    def _Slice(self, node: ast.Slice, frame: Frame) -> Value:
        parts = [self.value(part, frame) if part else Concrete(None) for part in (node.lower, node.upper, node.step)]
        known = [part.value for part in parts if isinstance(part, Concrete) and type(part.value) in (int, type(None))]
        if len(known) == len(parts):
            return Concrete(slice(*known))
        return combine(list(map(as_abstract, parts)))

    def _Tuple(self, node: ast.Tuple | ast.List | ast.Set, frame: Frame) -> Items:
        elements: list[Value] = []
        for element in node.elts:
            elements += (
                self.starred(element, frame) if isinstance(element, ast.Starred) else [kept(self.value(element, frame))]
            )
        return Items(tuple(elements))

    def _List(self, node: ast.List, frame: Frame) -> Value:
        return self.objects.make(list, self._Tuple(node, frame))

    def _Set(self, node: ast.Set, frame: Frame) -> Value:
        return known_set(self._Tuple(node, frame).elements, node.lineno)

    def _Dict(self, node: ast.Dict, frame: Frame) -> Value:
        made: dict[Any, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                entries = self.objects.entries(self.value(value, frame))
                made |= dict(zip(entries.keys, entries.values, strict=True))
            else:
                name = known_key(self.value(key, frame))
                made[name] = kept(self.value(value, frame))
        return self.objects.make(dict, Entries(tuple(made), tuple(made.values())))

    def starred(self, node: ast.Starred, frame: Frame) -> tuple[Value, ...]:
        """The elements of `*node`."""
        elements = self.elements(self.value(node.value, frame))
        if elements is None:
            raise RefusedAt(sentence("Line {line} unpacks what is not known.", line=node.lineno))
        return elements

    def elements(self, value: Value) -> tuple[Value, ...] | None:
        """The elements of what a loop goes through, where it is known how many there are."""
        shape = shape_of(value)
        if shape is not None:
            if not shape or shape[0] > MOST_ROWS:
                return None
            return tuple(self.item(value, Concrete(i)) for i in range(shape[0]))
        return self.objects.elements(value)

    # Assignments

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Give a value to a name, to several, to an attribute, or to a part of an array."""
        match target:
            case ast.Name(id=name) if frame.owns(name):
                frame.names[name] = kept(value)
            case ast.Name(id=name):
                raise RefusedAt(
                    sentence("Line {line} writes to {name}, which is not its own.", line=target.lineno, name=name)
                )
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self._unpack(targets, value, frame)
            case ast.Attribute(value=owner, attr=name):
                self.objects.write(self.value(owner, frame), name, value)
            case ast.Subscript(value=owner, slice=index):
                self.put(self.value(owner, frame), self.value(index, frame), value)
            case _:
                raise RefusedAt(sentence("Line {line} assigns in a way of its own.", line=target.lineno))

    def put(self, owner: Value, key: Value, value: Value) -> None:
        """`owner[key] = value`."""
        raise NotImplementedError

    def _unpack(self, targets: list[ast.expr], value: Value, frame: Frame) -> None:
        elements = self.elements(value)
        if elements is None and is_number(value):  # rows of an array: how many there are shows when it runs
            elements = (self.item(value, Concrete(0)),) * len(targets)
        stars = [i for i, target in enumerate(targets) if isinstance(target, ast.Starred)]
        if elements is not None and stars and len(elements) >= len(targets) - 1:
            first, rest = stars[0], len(targets) - stars[0] - 1
            middle = self.objects.make(list, Items(elements[first : len(elements) - rest]))
            elements = (*elements[:first], middle, *elements[len(elements) - rest :])
        if elements is None or len(elements) != len(targets):
            raise RefusedAt(sentence("Line {line} unpacks what is not known.", line=targets[0].lineno))
        for target, element in zip(targets, elements, strict=True):
            self.assign(target.value if isinstance(target, ast.Starred) else target, element, frame)


def shape_of(value: Value) -> tuple[int, ...] | None:
    """The shape of an array, where it is known. A plan is for arrays of these shapes only (see `plan.Signature`)."""
    if not isinstance(value, Abstract | Concrete) or not is_number(value):
        return None
    form = as_abstract(value).form
    return None if form is None else form.shape


def _function(getter: Getter, name: str) -> Concrete:
    if isinstance(getter.function, Concrete) and type(getter.function.value) is FunctionType:
        return getter.function
    raise Refused(sentence("{name} is a property.", name=name))
