"""Abstract interpretation of operators, comparisons, conditions and texts."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from zerokara.interpret.abstract_values import (
    Abstract,
    Concrete,
    Fresh,
    Items,
    Text,
    Value,
    as_abstract,
    class_of,
    is_number,
    join,
    join_all,
)
from zerokara.interpret.expressions import MOST_ROWS, NOTHING, Expressions
from zerokara.interpret.guards import MAPPINGS
from zerokara.interpret.refusal import Refused
from zerokara.interpret.scopes import Frame
from zerokara.interpret.texts import formatted, is_showable, percent
from zerokara.words import sentence


class Operators(Expressions):
    """Evaluates what is put together from values, and decides what counts as true."""

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame) -> Value:
        texts = [self._text(part, frame) for part in node.values]
        return Text() if None in texts else Concrete("".join(text for text in texts if text is not None))

    def _text(self, part: ast.expr, frame: Frame) -> str | None:
        """A part of a text; None where numbers decide."""
        if not isinstance(part, ast.FormattedValue):
            return self._known_text(self.value(part, frame))
        value = self.numbers(part.value, frame)
        spec = "" if part.format_spec is None else self._known_text(self.value(part.format_spec, frame))
        if not is_showable(value) or (spec is None):
            raise Refused(sentence("It makes a text of numbers."))
        return formatted(value, part.conversion, spec)

    def _known_text(self, value: Value) -> str | None:
        return value.value if isinstance(value, Concrete) and type(value.value) is str else None

    def _BinOp(self, node: ast.BinOp, frame: Frame) -> Value:
        return self.binary(node.op, self.value(node.left, frame), self.value(node.right, frame))

    def binary(self, op: ast.operator, left: Value, right: Value) -> Value:
        """`left + right` and the like."""
        if isinstance(op, ast.Mod) and isinstance(left, Concrete) and type(left.value) is str:
            return percent(left.value, self.objects.plain(right))
        if isinstance(left, Text) or isinstance(right, Text):
            return Text()
        if isinstance(left, Fresh) and isinstance(op, ast.Add | ast.Mult):
            made = self._longer(op, left, right)
            if made is not None:
                return made
        return self.arithmetic.binary(op, self.objects.plain(left), self.objects.plain(right))

    def _longer(self, op: ast.operator, left: Fresh, right: Value) -> Value | None:
        """`[…] + […]` or `[…] * 2`: another list."""
        if isinstance(op, ast.Add) and isinstance(right, Fresh) and {left.kind, right.kind} == {list}:
            return self.objects.make(list, Items(self.objects.content(left).elements + self._all(right)))
        if isinstance(op, ast.Mult) and left.kind is list and isinstance(right, Concrete) and type(right.value) is int:
            elements = self._all(left)
            if len(elements) * right.value > MOST_ROWS:
                raise Refused(sentence("There is too much of it to walk through."))
            return self.objects.make(list, Items(elements * right.value))
        return None

    def _all(self, made: Fresh) -> tuple[Value, ...]:
        elements: tuple[Value, ...] = self.objects.content(made).elements
        return elements

    def _UnaryOp(self, node: ast.UnaryOp, frame: Frame) -> Value:
        value = self.value(node.operand, frame)
        if isinstance(node.op, ast.Not) and not is_number(value):
            condition = self.truth(value, "not")
            return NOTHING if condition is None else Concrete(not condition)
        return self.arithmetic.unary(node.op, self.objects.plain(value))

    def _Compare(self, node: ast.Compare, frame: Frame) -> Value:
        left = self.value(node.left, frame)
        right = self.value(node.comparators[0], frame)
        result = self.compare(node.ops[0], left, right)
        for op, comparator in zip(node.ops[1:], node.comparators[1:], strict=True):
            # `a < b < c` is `a < b and b < c`: c is not looked at where a < b decides.
            sides = [right]

            def compare(op: ast.cmpop = op, comparator: ast.expr = comparator, sides: list[Value] = sides) -> Value:
                sides.append(self.value(comparator, frame))
                return self.compare(op, *sides)

            before = result
            result = self.either(frame, self.truth(result, "and"), compare, lambda b=before: b)  # type: ignore[misc]
            right = sides[-1]
        return result

    def compare(self, op: ast.cmpop, left: Value, right: Value) -> Value:
        """`left < right` and the like."""
        if isinstance(op, ast.In | ast.NotIn):
            return Concrete(self._is_in(left, right) == isinstance(op, ast.In))
        if isinstance(op, ast.Is | ast.IsNot):
            return self._identity(isinstance(op, ast.Is), left, right)
        if isinstance(op, ast.Eq | ast.NotEq) and isinstance(left, Fresh | Items) and isinstance(right, Fresh | Items):
            return self._equality(isinstance(op, ast.Eq), left, right)
        return self.arithmetic.compare(op, self.objects.plain(left), self.objects.plain(right))

    def _equality(self, wanted: bool, left: Value, right: Value) -> Value:
        """Of two tuples of known numbers, as of shapes; of others it asks for more than is known."""
        sides = [self.objects.plain(left), self.objects.plain(right)]
        elements = [e for side in sides if isinstance(side, Items) for e in side.elements]
        if not all(isinstance(e, Concrete) and type(e.value) in (int, str) for e in elements):
            raise Refused(sentence("It compares lists or tuples."))
        one, other = ([e.value for e in side.elements] for side in sides)  # type: ignore[union-attr]
        same_class = isinstance(left, Items) == isinstance(right, Items)
        return Concrete((same_class and one == other) == wanted)

    def _is_in(self, left: Value, right: Value) -> bool:
        if isinstance(left, Concrete) and left.is_scalar:
            if isinstance(right, Concrete) and type(right.value) in MAPPINGS:
                return self.objects.has_key(right, left)
            if isinstance(right, Concrete) and {type(left.value), type(right.value)} == {str}:
                return left.value in right.value
            if isinstance(right, Concrete) and type(right.value) is frozenset:
                return left.value in right.value
            elements = None if is_number(right) and not isinstance(right, Items) else self.objects.elements(right)
            if elements is not None and all(isinstance(e, Concrete) and e.is_scalar for e in elements):
                return left.value in [e.value for e in elements if isinstance(e, Concrete)]
        raise Refused(sentence("It asks whether something is in something else."))

    def _identity(self, wanted: bool, left: Value, right: Value) -> Value:
        """`a is None`, or `is True`; of numbers only the branches before it tell whether they are None."""
        singles = [side for side in (left, right) if isinstance(side, Concrete) and _is_single(side.value)]
        if not singles:
            raise Refused(sentence("It asks whether two objects are one."))
        if isinstance(left, Concrete) and isinstance(right, Concrete):
            return Concrete((left.value is right.value) == wanted)
        other = right if singles[0] is left else left
        return NOTHING if isinstance(other, Abstract) else Concrete(not wanted)

    def truth(self, value: Value, what: str) -> bool | None:
        """Whether something counts as true, for the `if`, `and`, … that asks; None where only the numbers can tell."""
        if isinstance(value, Concrete) and value.is_scalar:
            return bool(value.value)
        length = self.objects.length(value)
        if length is not None:
            return length > 0
        if not is_number(value):
            raise Refused(sentence("It asks whether an object of the class {kind} is true.", kind=class_of(value)))
        self.arithmetic.threshold(what, as_abstract(value))
        return None

    def _IfExp(self, node: ast.IfExp, frame: Frame) -> Value:
        condition = self.truth(self.value(node.test, frame), "if")
        return self.either(
            frame, condition, lambda: self.value(node.body, frame), lambda: self.value(node.orelse, frame)
        )

    def _BoolOp(self, node: ast.BoolOp, frame: Frame) -> Value:
        result = self.value(node.values[0], frame)
        for operand in node.values[1:]:
            # `and` goes on where the value before it is true, `or` where it is false. Where only numbers can tell,
            # either may be the result, and the operand may or may not have been evaluated.
            condition = self.truth(result, "and" if isinstance(node.op, ast.And) else "or")
            go_on = condition if isinstance(node.op, ast.And) or condition is None else not condition
            before = result
            result = self.either(frame, go_on, lambda o=operand: self.value(o, frame), lambda b=before: b)  # type: ignore[misc]
        return result

    def either(
        self, frame: Frame, condition: bool | None, first: Callable[[], Value], second: Callable[[], Value]
    ) -> Value:
        """The value of one of two branches, or what is known after either."""
        if condition is not None:
            return first() if condition else second()
        # Each branch begins with what was written until here, and with the names: `:=` may change them.
        scope = frame.scope
        names, before = dict(scope.names), dict(self.objects.written)
        one, after = first(), (scope.names, self.objects.written)
        scope.names, self.objects.written = names, before
        other = second()
        scope.names = join_all(after[0], scope.names)
        self.objects.written = join_all(after[1], self.objects.written)
        return join(one, other)


def _is_single(value: Any) -> bool:
    return value is None or value is True or value is False
