"""Rules of a lesson: what must have happened, what came, and the numbers in its texts.

A rule is a short text such as

    loss > 2 * first.loss
    abs(probe.at - start.probe.at) > 0.2
    draw.answer == draw.label and draw.probability < 0.5

Names are measures (`zerokara.lab.lesson_measures`): `loss` is the one of this step, `first.loss` that of an earlier
step called first, `start.loss` what it was when this step began to wait for the learner. There are numbers, texts in
quotes, + - * /, abs(…), < <= > >= == !=, `and`, `or`. Nothing else is, and nothing of it is run as Python.

What is not known, such as a loss that is no number, makes a comparison false, whichever it is.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Self

from zerokara.errors import UsageError
from zerokara.lab.exponents import short_exponents
from zerokara.words import sentence

Value = float | str | None
Values = Mapping[str, Value]
"""Measures by their names, such as loss, first.loss, start.probe.at."""

LONGEST = 300
FORMAT = re.compile(r",?(\.\d{1,2}[efg%])?")
EXACT = 1e15
"""What is as large is not printed digit by digit."""
UNKNOWN = "–"
"""Is printed for a value that there is not."""

COMPARISONS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ARITHMETIC: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Rule:
    """A rule, checked: nothing is in it but names, numbers, texts, arithmetic and comparisons.

    Attributes:
        text: as it was written.
        names: of the measures in it.
    """

    text: str
    names: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises UsageError for a text that is none."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body if len(text) <= LONGEST else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = None
        if tree is None or not _is_allowed(tree):
            raise UsageError(
                sentence("{rule:.80} is no rule. Expected one such as: {example}", rule=text, example="loss > 2.5"),
                "wrong-value",
            )
        return cls(text, frozenset(_names(tree)))

    def value(self, values: Values) -> Value | bool:
        """What it gives with these measures; None where one of them is not known, or none can be computed."""
        found = _evaluated(ast.parse(self.text.strip(), mode="eval").body, values)
        if isinstance(found, float) and not math.isfinite(found):
            return None
        return found  # type: ignore[no-any-return]  # an allowed expression gives nothing else

    def holds(self, values: Values) -> bool:
        """Whether it is so; not where a measure is not known."""
        return self.value(values) is True


@dataclass(frozen=True)
class Template:
    """A text with measures in it.

    Attributes:
        text: as it was written, such as "The loss is {loss:.3f}."
        names: of the measures in it.
    """

    text: str
    names: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises UsageError for braces that hold no rule, or a format that numbers do not have."""
        names: set[str] = set()
        for rule, format in _places(text):
            if not FORMAT.fullmatch(format):
                raise UsageError(
                    sentence(
                        "{place:.80} has a format that is not known here. Expected one such as {example}.",
                        place=f"{{{rule}:{format}}}",
                        example="{loss:.3f}",
                    ),
                    "wrong-value",
                )
            names |= Rule.of(rule).names
        return cls(text, frozenset(names))

    def filled(self, values: Values) -> str:
        """The text with the measures put in."""
        parts = []
        for literal, rule, format, _ in Formatter().parse(self.text):
            parts.append(literal)
            if rule is not None:
                parts.append(printed(Rule.of(rule).value(values), format or ""))
        return "".join(parts)


def printed(value: Value | bool, format: str) -> str:
    """A value as a text shows it.

    >>> printed(0.98765, ".1%"), printed("7", ".2f"), printed(None, ""), printed(600.0, ","), printed(1e-4, ".0e")
    ('98.8%', '7', '–', '600', '1e-4')
    """
    if value is None or isinstance(value, str):
        return value or UNKNOWN
    number = float(value)
    if number.is_integer() and abs(number) < EXACT and format in ("", ","):
        return f"{int(number):{format}}"
    if abs(number) >= EXACT and not format.endswith("%"):
        format = ""  # a training that broke: hundreds of digits say nothing
    return short_exponents(f"{number:{'.4g' if format in ('', ',') else format}}")


def _places(text: str) -> Iterator[tuple[str, str]]:
    """Each {rule:format} in a text. Raises UsageError for single braces."""
    try:
        found = list(Formatter().parse(text))
    except ValueError as error:
        raise UsageError(
            sentence(
                "A brace of {text:.80} has no other one. A brace itself is written twice: {left} {right}.",
                text=text,
                left="{{",
                right="}}",
            ),
            "wrong-value",
        ) from error
    for _, rule, format, conversion in found:
        if rule is not None:
            yield rule + ("" if conversion is None else f"!{conversion}"), format or ""


def _is_allowed(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return all(type(op) in COMPARISONS for op in node.ops) and _are_allowed(node.left, *node.comparators)
        case ast.BoolOp():
            return all(isinstance(part, ast.Compare | ast.BoolOp) for part in node.values) and _are_allowed(
                *node.values
            )
        case ast.BinOp():
            return type(node.op) in ARITHMETIC and _are_allowed(node.left, node.right)
        case ast.UnaryOp(op=ast.USub()):
            return _is_allowed(node.operand)
        case ast.Call(func=ast.Name(id="abs"), args=[of], keywords=[]):
            return _is_allowed(of)
        case ast.Constant(value=value):
            return isinstance(value, int | float | str) and not isinstance(value, bool)
    return _dotted(node) is not None


def _are_allowed(*nodes: ast.AST) -> bool:
    return all(map(_is_allowed, nodes))


def _dotted(node: ast.AST) -> str | None:
    """first.probe.loss, or None for what is no name."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute(value=before, attr=last):
            first = _dotted(before)
            return None if first is None else f"{first}.{last}"
    return None


def _names(node: ast.AST) -> Iterator[str]:
    name = _dotted(node)
    if name is not None:
        yield name
    elif isinstance(node, ast.Call):
        yield from _names(node.args[0])
    else:
        for child in ast.iter_child_nodes(node):
            yield from _names(child)


def _evaluated(node: ast.AST, values: Values) -> Any:
    """The value of an allowed expression; None where it has none."""
    match node:
        case ast.Compare():
            sides = [_evaluated(side, values) for side in (node.left, *node.comparators)]
            pairs = zip(sides, node.ops, sides[1:], strict=False)
            return all(_compared(COMPARISONS[type(op)], left, right) for left, op, right in pairs)
        case ast.BoolOp():
            combined = all if isinstance(node.op, ast.And) else any
            return combined([_evaluated(part, values) for part in node.values])
        case ast.BinOp():
            return _computed(ARITHMETIC[type(node.op)], *(_evaluated(side, values) for side in (node.left, node.right)))
        case ast.UnaryOp():
            return _computed(operator.sub, 0.0, _evaluated(node.operand, values))
        case ast.Call():
            return _computed(lambda value, _: abs(value), _evaluated(node.args[0], values), 0.0)
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=int() | float() as number):
            return float(number)
    return values.get(_dotted(node) or "")


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    alike = isinstance(left, str) == isinstance(right, str)
    return alike and not _is_unknown(left) and not _is_unknown(right) and compare(left, right)


def _is_unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _computed(compute: Callable[[float, float], float], left: Any, right: Any) -> float | None:
    if not all(isinstance(side, int | float) for side in (left, right)):
        return None
    try:
        return compute(float(left), float(right))
    except (ZeroDivisionError, OverflowError):
        return None
