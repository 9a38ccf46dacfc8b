"""Abstract interpretation of arithmetic: operators, NumPy's functions, and the thresholds among them.

A proof by numbers sees only what happens at the weights it tries. Something that starts to matter elsewhere, such as
`np.minimum(a, 6)` or `if loss > 3`, could hide from it. So every place where numbers decide is noted as a threshold,
and what depends on weights may have only these: 0 on the inputs of an activation (which half of all random inputs
cross), and the maximum that softmax takes off.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from zerokara.recognise.abstract_values import NEVER, Abstract, Concrete, Items, Value, as_abstract, combine, is_number
from zerokara.recognise.allowed import KEYWORDS, MAY_SHARE, Kind, Operation, is_dtype, is_float_dtype
from zerokara.recognise.refusal import Refused
from zerokara.words import sentence


class Threshold(NamedTuple):
    """A place where numbers decide, as code names it (`a // b`, `if`), and the arrays that these numbers come from."""

    what: str
    origins: frozenset[int]


@dataclass
class Arithmetic:
    """The numbers of one interpretation.

    Attributes:
        thresholds: all but the harmless ones.
        clip_bounds: of clips of the inputs of an activation.
        epoch: how often something affine may have been written to; `affine` of older values says nothing any more.
        spilled: origins of numbers that were written into memory that came from elsewhere.
        assumed: origins of the arrays that something affine was multiplied by or moved by: weights and biases, then.
    """

    def __post_init__(self) -> None:
        self.thresholds: list[Threshold] = []
        self.clip_bounds: list[float] = []
        self.epoch = 0
        self.spilled: set[int] = set()
        self.assumed: set[int] = set()

    def is_affine(self, data: Abstract) -> bool:
        """Whether it is x W + b still: nothing affine was written to since."""
        return data.affine == self.epoch

    def threshold(self, what: str, data: Abstract) -> None:
        """Note that numbers decide here, unless shapes do."""
        if not data.about_shape:
            self.thresholds.append(Threshold(what, data.origins))

    def threshold_on(self, weights: set[int]) -> str | None:
        """The first threshold that depends on one of these arrays."""
        for what, origins in self.thresholds:
            if (origins | self.spilled) & weights:
                return what
        return None

    # Operators

    def binary(self, kind: ast.operator, left: Value, right: Value) -> Value:
        """`left + right` and the like."""
        folded = _folded(_OPERATORS.get(type(kind)), left, right)
        if folded is not None:
            return folded
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(kind, ast.Add):
            return Items(left.elements + right.elements)
        both = combine([_array_like(left), _array_like(right)]).computed()
        if isinstance(left, Items) or isinstance(right, Items):
            if not all(map(_is_scalar, _elements(left) + _elements(right))):
                raise Refused(sentence("It computes with a list of arrays."))
            both = replace(both, about_shape=False, may_be_list=True)
        if isinstance(kind, ast.FloorDiv | ast.Mod | ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr | ast.BitXor):
            self.threshold(ast.unparse(ast.BinOp(_A, kind, _B)), both)
        elif isinstance(kind, ast.MatMult):
            return replace(both, affine=self._product(right))
        elif isinstance(kind, ast.Add):
            return replace(both, affine=max(self._shifted(left, right), self._shifted(right, left)))
        return both

    def _product(self, right: Value) -> int:
        if not (isinstance(right, Concrete) and right.is_array):
            return NEVER
        # Random W make x W of both signs, so that both sides of 0 are tried. Random x would not; so that right is a
        # parameter is assumed here and checked once the network is known.
        self.assumed.add(right.origin)
        return self.epoch

    def _shifted(self, product: Value, bias: Value) -> int:
        """x W + b is affine; so is the x W that a bias as read is added to, and nothing else."""
        is_product = isinstance(product, Abstract) and self.is_affine(product)
        if not (is_product and isinstance(bias, Concrete) and bias.is_array):
            return NEVER
        self.assumed.add(bias.origin)
        return self.epoch

    def unary(self, kind: ast.unaryop, value: Value) -> Value:
        """`-value`, `not value` and the like."""
        if isinstance(kind, ast.Not):
            return self._not(value)
        if isinstance(kind, ast.USub) and isinstance(value, Concrete) and type(value.value) in (int, float):
            return Concrete(-value.value)
        data = _array_like(value)
        return data.computed(affine=data.affine)

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
        folded = _folded(_COMPARISONS.get(type(kind)), left, right)
        if folded is not None:
            return folded
        if type(kind) not in _COMPARISONS:
            raise Refused(sentence("It asks whether something is in something else."))
        both = combine([_array_like(left), _array_like(right)]).computed()
        if not (self._zero_and_affine(left, right) or self._zero_and_affine(right, left)):
            self.threshold(ast.unparse(ast.Compare(_A, [kind], [_B])), both)
        return both

    def _zero_and_affine(self, zero: Value, value: Value) -> bool:
        return is_zero(zero) and isinstance(value, Abstract) and self.is_affine(value)

    # Functions and methods of numbers

    def apply(self, name: str, operation: Operation, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """The result of a function of numbers, or of a method whose object is the first argument."""
        kind, most = operation
        self._check_arguments(name, arguments, keywords, most)
        numbers = [_array_like(value) for value in arguments if not _is_dtype(value)]
        all_of_them = combine(numbers) if numbers else Abstract(about_shape=True)
        if any(
            not is_float_dtype(v.value)
            for v in [*arguments, *keywords.values()]
            if isinstance(v, Concrete) and _is_dtype(v)
        ):
            self.threshold(name, all_of_them)
        first = numbers[0] if numbers else all_of_them
        if kind is Kind.SHAPE:
            return self.shape_of(all_of_them)
        # Even zeros are no longer about shapes: something may be written into them.
        result = replace(all_of_them, about_shape=False)
        if kind is Kind.VIEW:
            return replace(result, affine=first.affine)
        if kind is Kind.PRODUCT:
            return result.computed(affine=self._product(arguments[1]) if len(arguments) == 2 else NEVER)
        self._note(name, kind, arguments, first, all_of_them)
        if kind in MAY_SHARE:
            return result
        copies = kind is Kind.NEW and name in ("copy", "array", "negative", "positive")
        return result.computed(affine=first.affine if copies else NEVER)

    def _check_arguments(self, name: str, arguments: list[Value], keywords: dict[str, Value], most: int) -> None:
        if len(arguments) > most:
            raise Refused(sentence("{name} is given more than numbers.", name=name))
        for keyword, value in keywords.items():
            harmless = _is_dtype(value) or (is_number(value) and as_abstract(value).about_shape)
            if keyword not in KEYWORDS or not harmless:
                raise Refused(sentence("{name} is given {keyword}.", name=name, keyword=keyword))

    def _note(self, name: str, kind: Kind, arguments: list[Value], first: Abstract, data: Abstract) -> None:
        # The maximum that softmax takes off changes nothing; another use of it shows in numbers, as any formula does.
        if kind is Kind.EXTREME and len(arguments) and self.is_affine(first):
            return
        if kind in (Kind.KINK, Kind.CHOICE) and self._is_harmless_kink(arguments):
            return
        if kind is Kind.CLIP and self._is_clip_of_inputs(arguments):
            return
        if kind is Kind.BLANK and not name.endswith("_like"):
            self.threshold(name, data)  # how long `arange` is depends on them
        if kind in (Kind.EXTREME, Kind.KINK, Kind.CHOICE, Kind.CLIP, Kind.CUT, Kind.CAST):
            self.threshold(name, data)

    def _is_harmless_kink(self, arguments: list[Value]) -> bool:
        if len(arguments) == 1:
            return isinstance(arguments[0], Abstract) and self.is_affine(arguments[0])
        one, other = arguments
        return self._zero_and_affine(one, other) or self._zero_and_affine(other, one)

    def _is_clip_of_inputs(self, arguments: list[Value]) -> bool:
        """A clip that keeps exp from overflowing: harmless as long as no input comes near its bounds."""
        value, *bounds = arguments
        numbers = [bound.value for bound in bounds if isinstance(bound, Concrete) and type(bound.value) in (int, float)]
        if not isinstance(value, Abstract) or not self.is_affine(value) or len(numbers) != 2 or len(bounds) != 2:
            return False
        self.clip_bounds += [abs(float(number)) for number in numbers]
        return True

    def cast(self, data: Abstract, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """`data.astype(dtype)`; to anything but float64 it rounds."""
        kinds = [*arguments, *keywords.values()]
        if len(kinds) != 1 or not set(keywords) <= {"dtype"} or not _is_dtype(kinds[0]):
            raise Refused(sentence("astype is given more than a class of numbers."))
        if not is_float_dtype(kinds[0].value):  # type: ignore[union-attr]
            self.threshold("astype", data)
        return data.computed(affine=data.affine)

    def shape_of(self, data: Abstract) -> Abstract:
        """What depends on the shape of numbers: which may depend on the numbers, where a mask chose them."""
        if data.masked:
            self.threshold("shape", data)
            return data.computed()
        return Abstract(data.origins, about_shape=True)

    # Writing

    def write_into(self, base: Value, parts: list[Value], result: Abstract | None = None) -> None:
        """`base[...] = part` or `base += part`. Raises Refused where that would be seen after the call."""
        if not isinstance(base, Abstract) or not base.fresh:
            raise Refused(sentence("It writes into an array."))
        if base.may_be_list and not all(map(_is_scalar, parts)):
            raise Refused(sentence("It puts something into a list."))
        # Who else looks at that memory is not followed: numbers written into it may turn up in any threshold. And a
        # part of an a = x W + b that is written to moves a itself, so that nothing from before is affine any more;
        # unless what is written is x W + b again, as `a += b` does.
        self.spilled |= combine([as_abstract(part) for part in parts]).origins - base.origins
        if base.touches_affine and not (result is not None and self.is_affine(result)):
            self.epoch += 1


def _is_scalar(value: Value) -> bool:
    return isinstance(value, Concrete) and value.is_scalar


def _elements(value: Value) -> tuple[Value, ...]:
    return value.elements if isinstance(value, Items) else ()


def is_zero(value: Value) -> bool:
    """Whether a value is known to be the number 0."""
    return isinstance(value, Concrete) and type(value.value) in (int, float) and value.value == 0


def _is_dtype(value: Value) -> bool:
    return isinstance(value, Concrete) and is_dtype(value.value)


def _array_like(value: Value) -> Abstract:
    if isinstance(value, Concrete) and type(value.value) is str:
        raise Refused(sentence("It computes with text."))
    return as_abstract(value)


_A, _B = ast.Name("a"), ast.Name("b")
_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _folded(function: Any, left: Value, right: Value) -> Concrete | None:
    """The result for two small numbers or two strings that are known already."""
    if function is None or not (isinstance(left, Concrete) and isinstance(right, Concrete)):
        return None
    kinds = {type(left.value), type(right.value)}
    if kinds == {str} and (function is operator.add or function in _COMPARISONS.values()):
        return Concrete(function(left.value, right.value))
    if not kinds <= {int, float, bool}:  # text times a number may be large, and others' operators are others' code
        return None
    try:
        return Concrete(function(left.value, right.value))
    except ArithmeticError:
        return None


def _identity(kind: ast.cmpop, left: Value, right: Value) -> Value:
    """`a is None`, and nothing more."""
    if not (isinstance(right, Concrete) and right.value is None and isinstance(left, Concrete)):
        raise Refused(sentence("It asks whether two objects are one."))
    return Concrete((left.value is None) == isinstance(kind, ast.Is))
