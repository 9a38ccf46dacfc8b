"""Where numbers decide, and which of these places are harmless.

A proof by numbers sees only what happens at the weights it tries. Something that starts to matter elsewhere, such as
`np.minimum(a, 6)` or `if loss > 3`, could hide from it. So every place where numbers decide is noted as a threshold,
and what depends on weights may have only these:

- 0 for a = x W + b, which half of all random a cross, and the choice between two multiples of one a;
- the maximum that softmax takes off;
- other numbers, as bounds of a, or of something that comes from each sample alone and is kept where it lies within
  them: these are noted as `limits`, for the network that is found must have them as well, or never come near.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from zerokara.recognise.abstract_values import (
    ALONE,
    LOST,
    NEVER,
    Abstract,
    Comparison,
    Concrete,
    Form,
    Items,
    Local,
    Value,
    as_abstract,
    combine,
    is_number,
)
from zerokara.recognise.allowed import Kind
from zerokara.recognise.forms import form_of_product

FIRST_BLANK = -2


class Threshold(NamedTuple):
    """A place where numbers decide, as code names it (`a // b`, `if`), and the arrays that these numbers come from."""

    what: str
    origins: frozenset[int]
    line: int | None = None


class Limit(NamedTuple):
    """A number at which something of a sample is cut off, or another formula begins.

    Attributes:
        what: as of a threshold; line: where.
        number: the bound.
        of_input: it is one of a = x W + b itself; else of some other number that comes from a.
        site: the place in the code, told apart from others on the same line.
        weights: W and b of that a, by the numbers of these arrays, and x, where it was read as well.
    """

    what: str
    line: int | None
    number: float
    of_input: bool
    site: int
    weights: frozenset[int] = frozenset()

    def renumbered(self, numbers: dict[int, int]) -> Limit:
        """The same with other numbers for its arrays."""
        return self._replace(weights=frozenset(numbers.get(number, number) for number in self.weights))


class Thresholds:
    """What is known of where numbers decide.

    Attributes:
        node: the expression that is being evaluated.
        thresholds: all but the harmless ones.
        limits: see `Limit`.
        epoch: how often something affine may have been written to; `affine` of older values says nothing any more.
        local_epoch: the same of numbers that are `local`.
        spilled: origins of numbers that were written into memory that came from elsewhere.
        blanks: of each array that was made anew, such as zeros, the origins of what was written into it. Whatever is
            made of it has its number, which is below those of arrays that were read, among its origins.
        assumed: arrays of which one must be weights, for each product, or a bias, for what is added to one.
    """

    def __init__(self) -> None:
        self.node: ast.AST | None = None
        self.thresholds: list[Threshold] = []
        self.limits: list[Limit] = []
        self.epoch = self.local_epoch = self.products = 0
        self.spilled: set[int] = set()
        self.blanks: dict[int, set[int]] = {}
        self.assumed: set[frozenset[int]] = set()
        self._waiting: list[tuple[Comparison, Limit, Threshold]] = []

    @property
    def line(self) -> int | None:
        """Of the expression that is being evaluated."""
        return getattr(self.node, "lineno", None)

    def is_affine(self, data: Abstract) -> bool:
        """Whether it is x W + b still: nothing affine was written to since."""
        return data.affine == self.epoch

    def threshold(self, what: str, data: Abstract) -> None:
        """Note that numbers decide here, unless shapes do."""
        if not data.about_shape:
            self.thresholds.append(Threshold(what, data.origins, self.line))

    def threshold_on(self, weights: set[int]) -> Threshold | None:
        """The first threshold that depends on one of these arrays."""
        for threshold in [*self.thresholds, *(threshold for _, _, threshold in self._waiting)]:
            if (self._reached(threshold.origins) | self.spilled) & weights:
                return threshold
        return None

    def _reached(self, origins: frozenset[int]) -> set[int]:
        """Origins, with those of what was written into blank arrays among them."""
        reached, left = set(origins), list(origins)
        while left:
            new = self.blanks.get(left.pop(), set()) - reached
            reached |= new
            left += new
        return reached

    def blank(self, data: Abstract) -> Abstract:
        """An array that was made anew."""
        number = FIRST_BLANK - len(self.blanks)
        self.blanks[number] = set()
        return replace(data, origins=data.origins | {number})

    def spill(self, base: Abstract, parts: list[Value]) -> None:
        """Numbers are written into `base`. Who else looks at that memory is not followed, but by its origins."""
        new = combine([as_abstract(part) for part in parts]).origins - base.origins
        blanks = [self.blanks[number] for number in base.origins if number in self.blanks]
        for blank in blanks or [self.spilled]:
            blank |= new

    # Products

    def product(self, left: Value, right: Value) -> Abstract:
        """A matrix product; with an array that was read it is x W, or W x."""
        one, other = as_abstract(left), as_abstract(right)
        form = form_of_product(one.form, other.form)
        result = combine([one, other]).computed(form=form)
        read = frozenset({one.read, other.read} - {NEVER})
        if not read:
            return result
        # Random W make x W of both signs, so that both sides of 0 are tried. Random x would not; so that one of the two
        # is a parameter is assumed here and checked once the network is known.
        self.assumed.add(read)
        return replace(result, affine=self.epoch, local=self._new_local(_axis_of(form, one, other), read))

    def _new_local(self, axis: int, weights: frozenset[int]) -> Local:
        self.products += 1
        return Local(self.products, self.local_epoch, axis, weights=weights)

    def shifted(self, both: Abstract, left: Value, right: Value) -> Abstract:
        """x W + b is affine; so is the x W that a bias as read is added to, and nothing else."""
        for product, bias in ((left, right), (right, left)):
            b = as_abstract(bias) if is_number(bias) else Abstract()
            if isinstance(product, Abstract) and self.is_affine(product) and b.read != NEVER and product.read == NEVER:
                self.assumed.add(frozenset([b.read]))
                local = product.local
                return replace(
                    both,
                    affine=self.epoch,
                    local=None if local is None else self._new_local(local.axis, local.weights | {b.read}),
                )
        return both

    # What comes from each sample alone

    def _local(self, value: Value) -> Local | None:
        local = value.local if isinstance(value, Abstract) else None
        return local if local is not None and local.epoch == self.local_epoch else None

    def local_of(
        self, form: Form | None, operands: list[Value], scaled: Callable[[float], float] | None = None
    ) -> Local | None:
        """Of what an operation makes of each element of the operands; `scaled` what it makes of a multiple of a."""
        found = [self._local(operand) for operand in operands if not _is_constant(operand)]
        if not found or None in found or form is None:
            return None
        first, *others = found
        assert first is not None
        if any(other is None or other.product != first.product for other in others):
            return None
        axes = {local.axis for local in found if local is not None}
        if len(axes) > 1:
            return None
        keeps = not others and scaled is not None and first.scale is not None
        return first._replace(scale=scaled(first.scale) if keeps else None)  # type: ignore[misc, arg-type]

    def local_of_call(
        self, name: str, kind: Kind, form: Form | None, arguments: list[Value], keywords: dict[str, Value]
    ) -> Local | None:
        """Of what a function of numbers returns."""
        if name in _ELEMENTWISE:
            result = self.local_of(form, [*arguments, *keywords.values()])
            if result is not None and kind in (Kind.KINK, Kind.CLIP) and name not in ("abs", "absolute", "fabs"):
                return self._clamped(result, arguments)
            return result
        local = self._local(arguments[0]) if arguments else None
        if local is None or form is None:
            return None
        if name in ("sum", "mean", "max", "min", "amax", "amin"):
            return self._reduced(local, as_abstract(arguments[0]), form, arguments[1:], keywords)
        if name in ("asarray", "asanyarray", "ascontiguousarray", "float64", "copy", "positive", "array"):
            return local
        if kind is Kind.VIEW and local.axis >= 0:
            return self._seen(local, as_abstract(arguments[0]), form)
        return None

    def _clamped(self, result: Local, arguments: list[Value]) -> Local:
        """Of a maximum, minimum or clip: where a lies between the bounds it is a still."""
        locals_ = [local for local in map(self._local, arguments) if local is not None]
        if len(locals_) == 1 and locals_[0].scale is not None:
            return result._replace(scale=locals_[0].scale, clamped=True)
        return result

    def _reduced(
        self, local: Local, base: Abstract, form: Form, arguments: list[Value], keywords: dict[str, Value]
    ) -> Local | None:
        if local.axis == ALONE:
            return local._replace(scale=None)
        axis = arguments[0] if arguments else keywords.get("axis")
        if not (isinstance(axis, Concrete) and type(axis.value) is int and base.form is not None and local.axis >= 0):
            return None
        gone = len(base.form.shape) - 1 - axis.value % len(base.form.shape)
        if gone == local.axis:
            return None
        kept = len(form.shape) == len(base.form.shape)
        return local._replace(scale=None, axis=local.axis if kept or gone > local.axis else local.axis - 1)

    def _seen(self, local: Local, base: Abstract, form: Form) -> Local | None:
        """Of a view with other axes: its samples are the first axis still, as they were before."""
        if base.form is None or not form.shape or local.axis != len(base.form.shape) - 1:
            return None
        return local._replace(axis=len(form.shape) - 1) if form.shape[0] == base.form.shape[0] else None

    def local_of_item(self, base: Abstract, index: Abstract, key: Value, form: Form | None) -> Local | None:
        """Of `base[key]`, for a key that says where, whatever the numbers of the base are."""
        local = self._local(base)
        if local is None:
            return None
        if index.local is not None or index.comparison is not None:
            return local._replace(axis=LOST)
        first = key.elements[0] if isinstance(key, Items) and key.elements else key
        if isinstance(first, Concrete) and type(first.value) is int and local.axis != LOST:
            on_samples = base.form is not None and local.axis == len(base.form.shape) - 1
            return local._replace(axis=ALONE if on_samples or local.axis == ALONE else LOST)
        if form is None or base.form is None or local.axis != len(base.form.shape) - 1 or not form.shape:
            return local._replace(axis=local.axis if local.axis == ALONE else LOST)
        return local._replace(axis=len(form.shape) - 1 if form.shape[0] == base.form.shape[0] else LOST)

    def written(self, base: Abstract, result: Abstract | None) -> None:
        """Numbers were written into `base`, or into what it is a view of."""
        if base.local is not None or base.shared:
            self.local_epoch += 1

    # Kinks

    def note(self, name: str, kind: Kind, arguments: list[Value], first: Abstract, data: Abstract) -> None:
        """Note the threshold in a function of numbers, if there is one."""
        # The maximum that softmax takes off changes nothing; another use of it shows in numbers, as any formula does.
        if kind is Kind.EXTREME and len(arguments) and self._crosses_zero(first):
            return
        if kind in (Kind.KINK, Kind.CHOICE) and self._is_known_kink(name, arguments):
            return
        if kind is Kind.CLIP and self._is_known_clip(name, arguments):
            return
        if name == "where" and len(arguments) == 3:
            self.show(*arguments)
        if kind is Kind.BLANK and not name.endswith(("_like", "full")):
            self.threshold(name, data)  # how long `arange` is depends on them
        if kind in (Kind.EXTREME, Kind.KINK, Kind.CHOICE, Kind.CLIP, Kind.CUT, Kind.CAST):
            self.threshold(name, data)

    def _is_known_kink(self, name: str, arguments: list[Value]) -> bool:
        if len(arguments) == 1:
            return isinstance(arguments[0], Abstract) and self._crosses_zero(arguments[0])
        one, other = arguments
        if is_plain_number(one):
            return self._is_bound(name, other, one)
        if is_plain_number(other):
            return self._is_bound(name, one, other)
        a, b = self._local(one), self._local(other)
        return (
            a is not None
            and b is not None
            and a[:3] == b[:3]
            and not (a.clamped or b.clamped or a.scale is None or b.scale is None)
        )

    def _is_known_clip(self, name: str, arguments: list[Value]) -> bool:
        value, *bounds = arguments
        given = [bound for bound in bounds if not (isinstance(bound, Concrete) and bound.value is None)]
        return bool(given) and all(is_plain_number(b) and self._is_bound(name, value, b) for b in given)

    def _is_bound(self, name: str, value: Value, bound: Value) -> bool:
        """Whether a bound of `value`, which is kept where it lies within, is harmless, or noted as a bound."""
        if not isinstance(value, Abstract):
            return False
        number, local = float(bound.value), self._local(value)  # type: ignore[union-attr]
        if number == 0 and self._crosses_zero(value):
            return True
        if math.isinf(number):
            return True
        if local is None:
            return False
        self.limits.append(self._limit(name, local, number))
        return True

    def _limit(self, what: str, local: Local, number: float) -> Limit:
        of_input = local.scale is not None
        return Limit(
            what, self.line, number / local.scale if local.scale else number, of_input, id(self.node), local.weights
        )

    def _crosses_zero(self, value: Abstract) -> bool:
        local = self._local(value)
        return self.is_affine(value) or (local is not None and local.scale is not None and not local.clamped)

    def compared(self, kind: ast.cmpop, left: Value, right: Value) -> Comparison | None:
        """What a comparison with a number says; None for a threshold that is not noted yet."""
        for value, bound in ((left, right), (right, left)):
            if not (is_plain_number(bound) and isinstance(value, Abstract)):
                continue
            number, local = float(bound.value), self._local(value)  # type: ignore[union-attr]
            if number == 0 and self._crosses_zero(value):
                return Comparison(value, number)
            if local is None or isinstance(kind, ast.Eq | ast.NotEq):
                return None
            comparison = Comparison(value, number)
            noted = self._limit(ast.unparse(ast.Compare(_A, [kind], [_B])), local, number)
            if noted.of_input:
                self.limits.append(noted)
            else:
                self._waiting.append((comparison, noted, Threshold(noted.what, value.origins, self.line)))
            return comparison
        return None

    def show(self, mask: Value, *branches: Value) -> None:
        """`where(y > c, y, c)`, or `y[y < c] = c`, keeps y on one side of c: so a jump there is at a bound of y."""
        comparison = mask.comparison if isinstance(mask, Abstract) else None
        if comparison is None or not any(branch is comparison.value for branch in branches):
            return
        if any(is_plain_number(b) and float(b.value) == comparison.number for b in branches):  # type: ignore[union-attr]
            self.limits += [noted for waiting, noted, _ in self._waiting if waiting is comparison]
            self._waiting = [waiting for waiting in self._waiting if waiting[0] is not comparison]


def _axis_of(form: Form | None, left: Abstract, right: Abstract) -> int:
    """Along which axis of a product the samples lie, for `Local`."""
    if form is None:
        return LOST
    if len(form.shape) == 1:
        return ALONE
    if right.read == NEVER:
        return 0  # W x, whose columns are samples
    # x W, if the right one is W; x Wᵀ and W xᵀ look alike where both were read.
    return 1 if left.read == NEVER or left.mapped is None or right.mapped is not None else LOST


def is_plain_number(value: Value) -> bool:
    """Whether a value is a number that is known."""
    return isinstance(value, Concrete) and type(value.value) in (int, float, np.float64)


def _is_constant(value: Value) -> bool:
    """Whether it is the same whatever x, t and the weights are."""
    return is_number(value) and as_abstract(value).about_shape


_A, _B = ast.Name("a"), ast.Name("b")
_ELEMENTWISE = frozenset(
    [
        "exp",
        "log",
        "log2",
        "log10",
        "log1p",
        "expm1",
        "sqrt",
        "square",
        "tanh",
        "negative",
        "reciprocal",
        "positive",
        "exp2",
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "power",
        "float_power",
        "logaddexp",
        "where",
        "abs",
        "absolute",
        "fabs",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "clip",
        "erf",
        "erfc",
        "expit",
    ]
)
"""Functions of each element by itself, with which what came from one sample still does."""

RETURN_SCALARS = _ELEMENTWISE - {"where"} | {"sum", "mean", "max", "min", "amax", "amin", "var", "std"}
"""Functions that return a number where others return an array without axes."""
