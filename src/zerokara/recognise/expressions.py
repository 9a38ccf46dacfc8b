"""Abstract interpretation of expressions: what an expression of a learner's code means, found without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType

from zerokara.recognise import guards
from zerokara.recognise.abstract_values import (
    Bound,
    Concrete,
    Items,
    Unknown,
    Value,
    as_abstract,
    class_of,
    combine,
    is_number,
    join,
    join_all,
)
from zerokara.recognise.arithmetic import Arithmetic
from zerokara.recognise.objects import Objects, Written
from zerokara.recognise.refusal import Refused, unknown
from zerokara.words import sentence

MOST_STEPS = 20_000


@dataclass
class Frame:
    """One call of a function: its names, and with what it has returned on the paths so far."""

    function: Concrete
    names: dict[str, Value]
    returned: list[tuple[Value, Written]] = field(default_factory=list)

    @property
    def code(self) -> CodeType:
        """The function's, which says what kind each name is."""
        return self.function.value.__code__  # type: ignore[no-any-return]


class Expressions:
    """Evaluates expressions over abstract values; one method for each class of syntax node, `_Name` for `ast.Name`.

    Raises Refused, here as in all of the interpretation, for what may do more than compute.
    """

    def __init__(self, objects: Objects, arithmetic: Arithmetic) -> None:
        self.objects, self.arithmetic = objects, arithmetic
        self.steps = 0

    def value(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an expression. Raises Refused for one that may do more than compute."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Refused(sentence("There is too much of it to walk through."))
        evaluate = getattr(self, f"_{type(node).__name__}", None)
        if evaluate is None:
            raise Refused(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
        outer, self.arithmetic.node = self.arithmetic.node, node
        result: Value = evaluate(node, frame)
        self.arithmetic.node = outer
        if isinstance(result, Unknown):
            raise Refused(sentence("Line {line} uses something that differs between branches.", line=node.lineno))
        return result

    # Names and parts of things

    def _Constant(self, node: ast.Constant, frame: Frame) -> Value:
        return Concrete(node.value)

    def _Name(self, node: ast.Name, frame: Frame) -> Value:
        name, code = node.id, frame.code
        if name in frame.names:
            return frame.names[name]
        if name in code.co_varnames or name in code.co_cellvars:
            raise Refused(sentence("{name} may have no value yet.", name=name))
        where = guards.cell if name in code.co_freevars else guards.global_name
        try:
            return self.objects.read(frame.function, where, name)
        except (KeyError, ValueError):
            raise Refused(sentence("There is no {name}.", name=name)) from None

    def _Attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        return self.attribute(self.value(node.value, frame), node.attr)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        if is_number(owner) and not isinstance(owner, Items):
            return self._attribute_of_numbers(owner, name)
        if isinstance(owner, Items) or (isinstance(owner, Concrete) and type(owner.value) in guards.CONTAINERS):
            return Bound(owner, name)
        if isinstance(owner, Concrete):
            return self.objects.attribute(owner, name)
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
        if isinstance(owner, Items):
            if not (
                isinstance(key, Concrete)
                and type(key.value) is int
                and -len(owner.elements) <= key.value < len(owner.elements)
            ):
                raise Refused(sentence("It takes a part of a tuple or list that is not known."))
            return owner.elements[key.value]
        if isinstance(owner, Concrete) and type(owner.value) is str:
            return self._letter(owner.value, key)
        if is_number(owner):
            return self.arithmetic.item(owner, key)
        if isinstance(owner, Concrete):
            return self.objects.item(owner, key)
        raise unknown(f"{class_of(owner)}[…]")

    def _letter(self, text: str, key: Value) -> Value:
        if not (isinstance(key, Concrete) and type(key.value) is int and -len(text) <= key.value < len(text)):
            raise Refused(sentence("It takes a part of a text that is not known."))
        return Concrete(text[key.value])

    def _Slice(self, node: ast.Slice, frame: Frame) -> Value:
        parts = [self.value(part, frame) if part else Concrete(None) for part in (node.lower, node.upper, node.step)]
        known = [part.value for part in parts if isinstance(part, Concrete) and type(part.value) in (int, type(None))]
        if len(known) == len(parts):
            return Concrete(slice(*known))
        return combine(list(map(as_abstract, parts)))

    def _Tuple(self, node: ast.Tuple | ast.List, frame: Frame) -> Value:
        elements: list[Value] = []
        for element in node.elts:
            elements += (
                self._starred(element, frame) if isinstance(element, ast.Starred) else [self.value(element, frame)]
            )
        return Items(tuple(elements))

    _List = _Tuple

    def _starred(self, node: ast.Starred, frame: Frame) -> tuple[Value, ...]:
        elements = self.objects.elements(self.value(node.value, frame))
        if elements is None:
            raise Refused(sentence("Line {line} unpacks what is not known.", line=node.lineno))
        return elements

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Value:
        return Concrete("".join(self._text(part, frame) for part in node.values))

    def _text(self, part: ast.expr, frame: Frame) -> str:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        plain = not isinstance(part, ast.FormattedValue) or (part.conversion == -1 and part.format_spec is None)
        value = self.value(inner, frame)
        if not (plain and isinstance(value, Concrete) and type(value.value) in (str, int)):
            raise Refused(sentence("It makes a text of numbers."))
        return str(value.value)

    # Operators

    def _BinOp(self, node: ast.BinOp, frame: Frame) -> Value:
        return self.arithmetic.binary(node.op, self.value(node.left, frame), self.value(node.right, frame))

    def _UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Value:
        return self.arithmetic.unary(node.op, self.value(node.operand, frame))

    def _Compare(self, node: ast.Compare, frame: Frame) -> Value:
        if len(node.ops) > 1:
            raise Refused(sentence("Line {line} chains comparisons.", line=node.lineno))
        return self.arithmetic.compare(
            node.ops[0], self.value(node.left, frame), self.value(node.comparators[0], frame)
        )

    def truth(self, value: Value, what: str) -> bool | None:
        """Whether something counts as true, for the `if`, `and`, … that asks; None where only the numbers can tell."""
        if isinstance(value, Concrete) and value.is_scalar:
            return bool(value.value)
        if isinstance(value, Items):
            return bool(value.elements)
        if not is_number(value):
            raise Refused(sentence("It asks whether an object of the class {kind} is true.", kind=class_of(value)))
        self.arithmetic.threshold(what, as_abstract(value))
        return None

    def _IfExp(self, node: ast.IfExp, frame: Frame) -> Value:
        condition = self.truth(self.value(node.test, frame), "if")
        return self.either(condition, lambda: self.value(node.body, frame), lambda: self.value(node.orelse, frame))

    def _BoolOp(self, node: ast.BoolOp, frame: Frame) -> Value:
        result = self.value(node.values[0], frame)
        for operand in node.values[1:]:
            # `and` goes on where the value before it is true, `or` where it is false. Where only numbers can tell,
            # either may be the result, and the operand may or may not have been evaluated.
            condition = self.truth(result, "and" if isinstance(node.op, ast.And) else "or")
            go_on = condition if isinstance(node.op, ast.And) or condition is None else not condition
            before = result
            result = self.either(go_on, lambda o=operand: self.value(o, frame), lambda b=before: b)  # type: ignore[misc]
        return result

    def either(self, condition: bool | None, first: Callable[[], Value], second: Callable[[], Value]) -> Value:
        """The value of one of two branches, or what is known after either."""
        if condition is not None:
            return first() if condition else second()
        before = dict(self.objects.written)  # each branch begins with what was written until here
        one, written = first(), self.objects.written
        self.objects.written = before
        other = second()
        self.objects.written = join_all(written, self.objects.written)
        return join(one, other)

    # Comprehensions

    def _ListComp(self, node: ast.ListComp | ast.GeneratorExp, frame: Frame) -> Value:
        if len(node.generators) > 1 or node.generators[0].is_async:
            raise Refused(sentence("Line {line} holds a comprehension that is not plain.", line=node.lineno))
        loop = node.generators[0]
        elements = self.objects.elements(self.value(loop.iter, frame))
        if elements is None:
            raise Refused(sentence("Line {line} goes through numbers one by one.", line=node.lineno))
        results: list[Value] = []
        for element in elements:
            inner = Frame(frame.function, dict(frame.names))
            self.assign(loop.target, element, inner)
            if all(self._passes(condition, inner) for condition in loop.ifs):
                results.append(self.value(node.elt, inner))
        return Items(tuple(results))

    def _passes(self, condition: ast.expr, frame: Frame) -> bool:
        passes = self.truth(self.value(condition, frame), "if")
        if passes is None:
            raise Refused(sentence("Line {line} keeps what only the numbers can tell.", line=condition.lineno))
        return passes

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Give a value to a name, to several, to an attribute, or to a part of an array."""
        match target:
            case ast.Name(id=name):
                frame.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self._unpack(targets, value, frame)
            case ast.Attribute(value=owner, attr=name):
                self.objects.write(self.value(owner, frame), name, value)
            case ast.Subscript(value=owner, slice=index):
                base = self.value(owner, frame)
                self.arithmetic.write_into(base, [self.value(index, frame), value])
            case _:
                raise Refused(sentence("Line {line} assigns in a way of its own.", line=target.lineno))

    def _unpack(self, targets: list[ast.expr], value: Value, frame: Frame) -> None:
        elements = self.objects.elements(value)
        if elements is None and is_number(value):  # rows of an array: how many there are shows when it runs
            elements = (self.item(value, Concrete(0)),) * len(targets)
        if elements is None or len(elements) != len(targets) or any(isinstance(t, ast.Starred) for t in targets):
            raise Refused(sentence("Line {line} unpacks what is not known.", line=targets[0].lineno))
        for target, element in zip(targets, elements, strict=True):
            self.assign(target, element, frame)
