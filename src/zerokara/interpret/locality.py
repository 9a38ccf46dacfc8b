"""Abstract interpretation of matrix products, and of what comes from each sample alone after one.

That is what the inputs a = x W + b of an activation are, and what is made of them element by element or row by row. See
`thresholds` for what it is needed for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zerokara.interpret.abstract_values import (
    ALONE,
    LOST,
    NEVER,
    Abstract,
    Concrete,
    Form,
    Items,
    Local,
    Value,
    as_abstract,
    combine,
    is_number,
    replace,
)
from zerokara.interpret.allowed import Kind
from zerokara.interpret.forms import form_of_product


class Locality:
    """What is known of x W + b, and of what comes from it.

    Attributes:
        epoch: how often something affine may have been written to; `affine` of older values says nothing any more.
        local_epoch: the same of numbers that are `local`.
        products: how many products there were so far; see `Local`.
        assumed: arrays of which one must be weights, for each product, or a bias, for what is added to one.
    """

    def __init__(self) -> None:
        self.epoch = self.local_epoch = self.products = 0
        self.assumed: set[frozenset[int]] = set()

    def is_affine(self, data: Abstract) -> bool:
        """Whether it is x W + b still: nothing affine was written to since."""
        return data.affine == self.epoch

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

    def local(self, value: Value) -> Local | None:
        """What is known of a value still."""
        local = value.local if isinstance(value, Abstract) else None
        return local if local is not None and local.epoch == self.local_epoch else None

    def local_of(
        self, form: Form | None, operands: list[Value], scaled: Callable[[float], float] | None = None
    ) -> Local | None:
        """Of what an operation makes of each element of the operands; `scaled` what it makes of a multiple of a."""
        found = [self.local(operand) for operand in operands if not _is_constant(operand)]
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
        local = self.local(arguments[0]) if arguments else None
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
        locals_ = [local for local in map(self.local, arguments) if local is not None]
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
        local = self.local(base)
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


_NAMES = (
    "exp,log,log2,log10,log1p,expm1,sqrt,square,tanh,negative,reciprocal,positive,exp2,add,subtract,multiply,divide,"
    "true_divide,power,float_power,logaddexp,where,abs,absolute,fabs,maximum,minimum,fmax,fmin,clip,erf,erfc,expit"
)
_ELEMENTWISE = frozenset(_NAMES.split(","))
"""Functions of each element by itself, with which what came from one sample still does."""

RETURN_SCALARS = _ELEMENTWISE - {"where"} | {"sum", "mean", "max", "min", "amax", "amin", "var", "std"}
"""Functions that return a number where others return an array without axes."""
