"""Abstract interpretation of arithmetic: operators and NumPy's functions.

Nothing is computed but shapes (see `forms`) and what is known already (see `folding`); but it is followed what the
numbers are made of, where they decide (see `thresholds`), and what they may be good for (see `clues`).
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.interpret.abstract_values import (
    NEVER,
    Abstract,
    Concrete,
    Form,
    Items,
    Value,
    as_abstract,
    combine,
    is_number,
    replace,
)
from zerokara.interpret.allowed import KEYWORDS, MAY_SHARE, Kind, Operation, is_dtype, is_float_dtype
from zerokara.interpret.clues import Gathered
from zerokara.interpret.folding import COMPARISONS, OPERATORS, folded, folded_call
from zerokara.interpret.forms import as_numbers, form_of_call, form_of_item
from zerokara.interpret.input_steps import mapped_by, mapped_step
from zerokara.interpret.locality import RETURN_SCALARS, is_plain_number
from zerokara.interpret.refusal import Refused
from zerokara.words import sentence


class Arithmetic(Gathered):
    """The numbers of one interpretation."""

    # Operators

    def binary(self, kind: ast.operator, left: Value, right: Value) -> Value:
        """`left + right` and the like."""
        function = OPERATORS.get(type(kind))
        known = folded(function, left, right)
        self.meet(type(kind).__name__, left, right, *([known] if known else []))
        if known is not None:
            return known
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(kind, ast.Add):
            return Items(left.elements + right.elements)
        if isinstance(kind, ast.MatMult):
            return self.multiplied(left, right)
        form = form_of_call(function, [left, right], {}) if function else None
        both = combine([_array_like(left), _array_like(right)]).computed(form=form)
        if isinstance(left, Items) or isinstance(right, Items):
            if not all(map(_is_scalar, _elements(left) + _elements(right))):
                raise Refused(sentence("It computes with a list of arrays."))
            both = replace(both, about_shape=False, may_be_list=True, is_scalar=False)
        if isinstance(kind, ast.FloorDiv | ast.Mod | ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr | ast.BitXor):
            self.threshold(ast.unparse(ast.BinOp(_A, kind, _B)), both)
        elif isinstance(kind, ast.Add):
            both = self.shifted(both, left, right)
        return self.traced(self._elementwise(both, kind, function, left, right), [left, right])

    def _elementwise(
        self, result: Abstract, kind: ast.operator, function: Callable[..., Any] | None, left: Value, right: Value
    ) -> Abstract:
        if result.local is None:
            result = replace(result, local=self.local_of(result.form, [left, right], _scale_of(kind, left, right)))
        if function is None or type(kind) not in (ast.Add, ast.Sub, ast.Mult, ast.Div):
            return result
        return replace(result, mapped=mapped_step(function, [left, right]))

    def unary(self, kind: ast.unaryop, value: Value) -> Value:
        """`-value`, `not value` and the like."""
        if isinstance(kind, ast.Not):
            return self._not(value)
        if isinstance(kind, ast.USub) and is_plain_number(value):
            return Concrete(-value.value)  # type: ignore[union-attr]
        data = _array_like(value)
        local = self.local_of(data.form, [value], _negative if isinstance(kind, ast.USub) else None)
        mapped = mapped_step(operator.neg, [value]) if isinstance(kind, ast.USub) else None
        result = replace(data.computed(affine=data.affine, form=data.form), local=local, mapped=mapped)
        return self.traced(result, [value])

    def _not(self, value: Value) -> Value:
        if isinstance(value, Concrete) and value.is_scalar:
            return Concrete(not value.value)
        data = as_abstract(value)
        self.threshold("not", data)
        return data.computed()

    def compare(self, kind: ast.cmpop, left: Value, right: Value) -> Value:
        """`left < right` and the like; a threshold, but for a = x W + b compared with 0."""
        if isinstance(kind, ast.Is | ast.IsNot):
            return _identity(kind, left, right)
        function = COMPARISONS.get(type(kind))
        known = folded(function, left, right)
        if known is not None:
            return known
        if function is None:
            raise Refused(sentence("It asks whether something is in something else."))
        self.meet("compare", left, right)
        form = form_of_call(function, [left, right], {})
        both = combine([_array_like(left), _array_like(right)]).computed(form=form)
        comparison = self.compared(kind, left, right)
        if comparison is None:
            self.threshold(ast.unparse(ast.Compare(_A, [kind], [_B])), both)
        local = self.local_of(form, [left, right])
        both = replace(both, local=local, comparison=comparison)
        return self.traced(both, [left, right])

    # Functions and methods of numbers

    def apply(
        self,
        name: str,
        operation: Operation,
        arguments: list[Value],
        keywords: dict[str, Value],
        function: Callable[..., Any] | None = None,
    ) -> Value:
        """The result of a function of numbers, or of a method, of that name, whose object is the first argument."""
        kind, most = operation
        self._check_arguments(name, arguments, keywords, most)
        numbers = [_array_like(value) for value in arguments if not _is_dtype(value)]
        known = folded_call(function, kind, arguments, keywords)
        self.meet(name, *arguments, *([known] if known else []))
        if known is not None:
            return known
        all_of_them = combine(numbers) if numbers else Abstract(about_shape=True)
        self._check_dtypes(name, [*arguments, *keywords.values()], all_of_them)
        first = numbers[0] if numbers else all_of_them
        if kind is Kind.SHAPE:
            return self.shape_of(all_of_them, name)
        if kind is Kind.PRODUCT and len(arguments) == 2:
            return self.multiplied(*arguments)
        form = form_of_call(function or name, arguments, keywords)
        # Even zeros are no longer about shapes: something may be written into them.
        result = replace(all_of_them, about_shape=False, form=form)
        if kind is Kind.VIEW:
            return self._view(result, name, function, first, arguments, keywords)
        self.note(name, kind, arguments, first, all_of_them)
        if kind is Kind.BLANK:
            result = self.blank(result)
        result = replace(result, local=self.local_of_call(name, kind, form, arguments, keywords))
        return self.traced(self._result(result, name, kind, form, function, first, arguments, keywords), arguments)

    def _result(
        self,
        result: Abstract,
        name: str,
        kind: Kind,
        form: Form | None,
        function: Callable[..., Any] | None,
        first: Abstract,
        arguments: list[Value],
        keywords: dict[str, Value],
    ) -> Abstract:
        if kind in MAY_SHARE:
            return replace(result, mapped=mapped_by(function or name, first, arguments, keywords))
        if kind is Kind.NEW and name in ("copy", "array", "negative", "positive"):
            mapped = mapped_by(function or name, first, arguments, keywords)
            return replace(result.computed(first.affine, form), local=result.local, mapped=mapped, is_scalar=False)
        mapped = mapped_step(function, arguments) if function in _UFUNCS and not keywords else None
        computed = result.computed(form=form)
        is_scalar = computed.is_scalar and name in RETURN_SCALARS
        return replace(computed, local=result.local, mapped=mapped, is_scalar=is_scalar)

    def _view(
        self,
        result: Abstract,
        name: str,
        function: Callable[..., Any] | None,
        first: Abstract,
        arguments: list[Value],
        keywords: dict[str, Value],
    ) -> Abstract:
        if name == "transpose" and len(arguments) == 1:
            return replace(self.transpose(first), fresh=result.fresh)
        mapped = mapped_by(function or name, first, arguments, keywords)
        local = self.local_of_call(name, Kind.VIEW, result.form, arguments, keywords)
        result = replace(result, affine=first.affine, read=first.read, mapped=mapped, local=local)
        return self.traced(result, arguments)

    def transpose(self, owner: Value) -> Abstract:
        """`owner.T`."""
        data = as_abstract(owner)
        if data.read != NEVER:
            self.transposed.add(data.read)
        local = data.local
        if local is not None and data.form is not None:
            if local.axis >= 0 and len(data.form.shape) == 2:
                local = local._replace(axis=1 - local.axis)
        elif local is not None:
            local = None
        form = data.form and Form(data.form.shape[::-1], data.form.dtype)
        return replace(data, form=form, local=local)

    def item(self, owner: Value, key: Value) -> Abstract:
        """`owner[key]` of numbers."""
        # A mask, `a[a > 0]`, is an index of numbers: how many elements it takes depends on them, too.
        base, index = as_abstract(owner), as_abstract(key)
        both = combine([base, index])
        masked = both.masked or not index.about_shape
        form = form_of_item(owner, key)
        is_row = isinstance(key, Concrete) and type(key.value) is int
        item = replace(
            both,
            fresh=base.fresh,
            shared=base.touches_affine or base.local is not None,
            masked=masked and form is None,
            form=form,
            mapped=base.mapped if is_row else None,
            local=self.local_of_item(base, index, key, form),
        )
        return self.traced(item, [owner])

    def _check_arguments(self, name: str, arguments: list[Value], keywords: dict[str, Value], most: int) -> None:
        if len(arguments) > most:
            raise Refused(sentence("{name} is given more than numbers.", name=name))
        for keyword, value in keywords.items():
            harmless = _is_dtype(value) or (is_number(value) and as_abstract(value).about_shape)
            if keyword not in KEYWORDS or not harmless:
                raise Refused(sentence("{name} is given {keyword}.", name=name, keyword=keyword))

    def _check_dtypes(self, name: str, values: list[Value], data: Abstract) -> None:
        if any(isinstance(v, Concrete) and _is_dtype(v) and not is_float_dtype(v.value) for v in values):
            self.threshold(name, data)

    def cast(self, data: Value, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """`data.astype(dtype)`; to anything but float64 it rounds."""
        kinds = [*arguments, *keywords.values()]
        if len(kinds) != 1 or not set(keywords) <= {"dtype"} or not _is_dtype(kinds[0]):
            raise Refused(sentence("astype is given more than a class of numbers."))
        numbers = as_abstract(data)
        if not is_float_dtype(kinds[0].value):  # type: ignore[union-attr]
            self.threshold("astype", numbers)
        form = form_of_call("astype", [data, kinds[0]], {})
        mapped = mapped_by("astype", numbers, [data, kinds[0]], {})
        cast = replace(numbers.computed(affine=numbers.affine, form=form), local=numbers.local, mapped=mapped)
        return self.traced(replace(cast, is_scalar=False), [data])

    def shape_of(self, data: Abstract, what: str = "") -> Value:
        """What depends on the shape of numbers: which may depend on the numbers, where a mask chose them."""
        known = as_numbers(data.form, what) if data.form is not None else None
        if known is not None:
            return known
        if data.masked:
            self.threshold("shape", data)
            return data.computed()
        return Abstract(data.origins, about_shape=True)

    def length_of(self, data: Abstract) -> Value:
        """`len(data)`."""
        if data.form is not None and data.form.shape:
            return Concrete(data.form.shape[0])
        return self.shape_of(data)

    # Writing

    def write_into(self, base: Value, parts: list[Value], result: Abstract | None = None) -> None:
        """`base[...] = part` or `base += part`. Raises Refused where that would be seen after the call."""
        if isinstance(base, Abstract) and base.is_scalar:
            return
        if not isinstance(base, Abstract) or not base.fresh:
            raise Refused(sentence("It writes into an array."))
        if base.may_be_list and not all(map(_is_scalar, parts)):
            raise Refused(sentence("It puts something into a list."))
        for part in parts:
            self.meet("write", part)
        if len(parts) == 2:
            self.show(parts[0], base, parts[1])
        self.spill(base, parts)
        # A part of an a = x W + b that is written to moves a itself, so that nothing from before is affine any more;
        # unless what is written is x W + b again, as `a += b` does.
        if base.touches_affine and not (result is not None and self.is_affine(result)):
            self.epoch += 1
        self.written(base, result)


def _is_scalar(value: Value) -> bool:
    return isinstance(value, Concrete) and value.is_scalar


def _elements(value: Value) -> tuple[Value, ...]:
    return value.elements if isinstance(value, Items) else ()


def _is_dtype(value: Value) -> bool:
    return isinstance(value, Concrete) and is_dtype(value.value)


def _array_like(value: Value) -> Abstract:
    if isinstance(value, Concrete) and type(value.value) is str:
        raise Refused(sentence("It computes with text."))
    return as_abstract(value)


def _scale_of(kind: ast.operator, left: Value, right: Value) -> Callable[[float], float] | None:
    """What a product or a quotient with a number makes of the scale of the other; see `Local`."""
    if isinstance(kind, ast.Mult):
        number = left if is_plain_number(left) else right
    elif isinstance(kind, ast.Div) and is_plain_number(right):
        number = right
    else:
        return None
    if not is_plain_number(number):
        return None
    factor = float(number.value)  # type: ignore[union-attr]
    if not math.isfinite(factor) or factor == 0:
        return None
    return (lambda scale: scale * factor) if isinstance(kind, ast.Mult) else (lambda scale: scale / factor)


def _negative(scale: float) -> float:
    return -scale


_A, _B = ast.Name("a"), ast.Name("b")
_UFUNCS = (np.add, np.subtract, np.multiply, np.divide)


def _identity(kind: ast.cmpop, left: Value, right: Value) -> Value:
    """`a is None`, and nothing more."""
    if not (isinstance(right, Concrete) and right.value is None and isinstance(left, Concrete)):
        raise Refused(sentence("It asks whether two objects are one."))
    return Concrete((left.value is None) == isinstance(kind, ast.Is))
