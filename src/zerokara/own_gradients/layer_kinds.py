"""What a layer computes, found by numbers, and the gradients that follow from it in closed form.

A kind is believed where its formula gives what `forward` gives. What has no kind has its gradients by differences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from zerokara.own_gradients.layer_call import KINK, STEP, LayerCall, differences
from zerokara.own_gradients.matching import fits
from zerokara.own_gradients.roles import plain
from zerokara.own_gradients.subject import Array

INPUT = "x"
"""Stands for the input among the parameters."""

UNKNOWN = "unknown-difference"

EPSILONS = (1e-7, 1e-6, 1e-5, 1e-8, 1e-12, 1e-4, 1e-3, 0.0)
"""That people add to a variance; the textbook has 10e-7."""

SAME = 1e-9
"""Of an output that a formula gives, beside its size."""

Right = dict[str, tuple[Array, str]]


@dataclass(frozen=True)
class Quantity:
    """One gradient of a layer.

    Attributes:
        parameter: its parameter, or `INPUT`.
        got: what backward says; None where it says nothing.
        right: by the closed form or by differences; NaN where it cannot be told.
        formula: the right one as code; "" where there is no closed form.
        size: below which a difference is rounding, beside `tolerance`.
        cause, equal_to: the mistake, where one is proven, and the formula that `got` equals.
        shares: of a layer that normalizes, how much of its three ways is in `got`: direct, by variance, by mean.
    """

    parameter: str
    got: Array | None
    right: Array
    formula: str
    size: float
    tolerance: float
    cause: str = UNKNOWN
    equal_to: str = ""
    shares: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """As people write it: dx, dW."""
        return f"d{self.parameter}"

    @property
    def difference(self) -> float:
        """The largest, where it can be told; inf where shapes differ or nothing was found."""
        if self.got is None or not _same_shape(self.got, self.right):
            return float("inf")
        apart = np.abs(self.got.reshape(self.right.shape) - self.right)
        return float(np.nanmax(apart)) if np.any(np.isfinite(self.right)) else 0.0

    def has_right_shape(self) -> bool:
        """Whether there is something of the shape of the parameter."""
        return self.got is not None and _same_shape(self.got, self.right)

    def is_right(self) -> bool:
        """Whether it is the right one, as far as that can be told."""
        return self.difference <= self.tolerance * self.size

    def equals(self, other: Array) -> bool:
        """Whether backward says just this, where that is not all zeros or unknown."""
        if self.got is None or not _same_shape(self.got, other):
            return False
        known = np.isfinite(other)
        mine, theirs = self.got.reshape(other.shape)[known], other[known]
        largest = float(np.max(np.abs(theirs), initial=0.0))
        if largest <= self.tolerance * self.size or not np.all(np.isfinite(mine)):
            return False
        return bool(np.max(np.abs(mine - theirs)) <= self.tolerance * largest)

    def unnamed(self) -> Quantity:
        """The same without a cause."""
        return replace(self, cause=UNKNOWN, equal_to="", shares=())


def _same_shape(got: Array, right: Array) -> bool:
    return got.size == right.size and fits(got.shape, right.shape)


NAMED_SO = re.compile(r"(w|b|weights?|bias(es)?|gamma|beta|kernels?|filters?)\d*")
"""What is called so wants a gradient, when others of the layer have one."""


def quantities(call: LayerCall) -> list[Quantity]:
    """The gradients by x and by every parameter that has one, or should."""
    right, _ = kind_of(call)
    found = []
    if call.dx is not None or not call.grads:  # the first layer of a network needs none
        found.append(_quantity(call, INPUT, call.dx, *right.get(INPUT, _measured(call, INPUT))))
    for name in call.params:
        last = plain(re.split(r"[.\[\]'\"]+", name.strip("'\"]"))[-1])
        if name in call.grads or (call.grads and NAMED_SO.fullmatch(last)):
            found.append(_quantity(call, name, call.grads.get(name), *right.get(name, _measured(call, name))))
    return found


def _measured(call: LayerCall, name: str) -> tuple[Array, str]:
    return differences(call, call.x if name == INPUT else call.params[name]), ""


def _quantity(call: LayerCall, name: str, got: Array | None, right: Array, formula: str) -> Quantity:
    largest = float(np.nanmax(np.abs(right))) if np.any(np.isfinite(right)) else 0.0
    floor = 1e-3 * float(np.mean(np.abs(call.u)) * np.mean(np.abs(call.y)))
    return Quantity(name, got, right, formula, max(largest, floor), call.tolerance)


def kind_of(call: LayerCall) -> tuple[Right, str]:
    """The right gradients of a known kind, with their formulas, and what the kind is called; ({}, "") of others."""
    for name, kind in KINDS.items():
        right = kind(call)
        if right is not None:
            return right, name
    return {}, ""


def _is_output(call: LayerCall, y: Array) -> bool:
    return y.shape == call.y.shape and bool(np.max(np.abs(y - call.y)) <= SAME * (1 + np.max(np.abs(call.y))))


def slope(forward: Callable[[Array], Array], x: Array) -> Array:
    """f′ of each element of x, where an output depends on its own element alone; NaN where f bends."""
    values = {k: forward(x + k * STEP) for k in (-2, -1, 1, 2)}
    near, far = (values[1] - values[-1]) / (2 * STEP), (values[2] - values[-2]) / (4 * STEP)
    bends = np.abs(near - far) > KINK * (1 + np.abs(near) + np.abs(far))
    return np.where(bends, np.nan, (4 * near - far) / 3)


def _elementwise(call: LayerCall) -> Right | None:
    """dx = u·f′(x)."""
    if call.y.shape != call.x.shape or call.short:
        return None
    generator = np.random.default_rng(0)
    for _ in range(3):
        moved = generator.random(call.x.shape) < 0.5
        if np.any((call.forward(np.where(moved, call.x + 0.5, call.x)) != call.y) & ~moved):
            return None
    return {INPUT: (call.u * slope(call.forward, call.x), "")}


def softmax_axes(call: LayerCall) -> int | None:
    """The axis along which y is softmax(x)."""
    for axis in range(call.x.ndim - 1, -1, -1):
        e = np.exp(call.x - call.x.max(axis=axis, keepdims=True))
        if _is_output(call, e / e.sum(axis=axis, keepdims=True)):
            return axis
    return None


def _softmax(call: LayerCall) -> Right | None:
    """dx = y·(u - Σ u·y)."""
    axis = softmax_axes(call) if call.y.shape == call.x.shape and not call.params else None
    if axis is None:
        return None
    y, u = call.y, call.u
    formula = f"y * (dout - np.sum(dout * y, axis={axis}, keepdims=True))"
    return {INPUT: (y * (u - np.sum(u * y, axis=axis, keepdims=True)), formula)}


@dataclass(frozen=True)
class Affine:
    """y = x·W + b: names of W and b, W as (inputs, outputs), and whether it is kept turned."""

    W: str
    b: str | None
    matrix: Array
    turned: bool

    def as_kept(self, matrix: Array) -> Array:
        """(inputs, outputs) as the layer keeps it."""
        return matrix.T if self.turned else matrix


def affine_of(call: LayerCall) -> Affine | None:
    """Its parts, where the layer is affine."""
    if call.y.ndim != 2 or len(call.params) > 2:
        return None
    x = call.x.reshape(len(call.x), -1)
    for name, array in call.params.items():
        others = [other for other in call.params if other != name]
        bias = call.params[others[0]] if others else np.zeros(1)
        for turned in (False, True):
            matrix = array.T if turned else array
            right = matrix.shape == (x.shape[1], call.y.shape[1]) and bias.size in (1, call.y.shape[1])
            if right and _is_output(call, x @ matrix + bias.reshape(-1)):
                return Affine(name, others[0] if others else None, matrix, turned)
    return None


def _affine(call: LayerCall) -> Right | None:
    parts = affine_of(call)
    if parts is None:
        return None
    W, x = parts.W, call.x.reshape(len(call.x), -1)
    right = {
        INPUT: ((call.u @ parts.matrix.T).reshape(call.x.shape), f"np.dot(dout, {W}{'' if parts.turned else '.T'})")
    }
    right[W] = (parts.as_kept(x.T @ call.u), "np.dot(dout.T, x)" if parts.turned else "np.dot(x.T, dout)")
    if parts.b is not None:
        bias = call.params[parts.b]
        if bias.size == call.y.shape[1]:
            right[parts.b] = (call.u.sum(axis=0).reshape(bias.shape), "np.sum(dout, axis=0)")
    return right


@dataclass(frozen=True)
class Normalization:
    """y = γ·(x - μ)/s + β: names of γ and β, the normalized x, s, γ of the shape of x, and the axes of μ."""

    gamma: str | None
    beta: str | None
    normal: Array
    s: Array
    scale: Array
    axes: tuple[int, ...]

    def ways(self, g: Array) -> tuple[Array, Array, Array]:
        """The three ways of ∂L/∂x: direct, through the variance, through the mean; g is ∂L/∂normal."""
        variance = -self.normal * np.mean(g * self.normal, axis=self.axes, keepdims=True) / self.s
        mean = -np.mean(g, axis=self.axes, keepdims=True) / self.s * np.ones_like(g)
        return g / self.s, variance, mean


def normalization_of(call: LayerCall) -> Normalization | None:
    """Its parts, where the layer normalizes over the batch or over each sample."""
    if call.y.shape != call.x.shape or call.x.ndim < 2 or len(call.params) > 2:
        return None
    for axes in ((0,), (0, 2, 3)) if call.x.ndim == 4 else ((0,), (1,)):
        mean, variance = call.x.mean(axis=axes, keepdims=True), call.x.var(axis=axes, keepdims=True)
        for epsilon in EPSILONS:
            s = np.sqrt(variance + epsilon)
            if (found := _scaled(call, (call.x - mean) / s, s, axes)) is not None:
                return found
    return None


def _scaled(call: LayerCall, normal: Array, s: Array, axes: tuple[int, ...]) -> Normalization | None:
    if not call.params:
        return Normalization(None, None, normal, s, np.ones_like(normal), axes) if _is_output(call, normal) else None
    for first, second in permutations([*call.params, None], 2):
        gamma = _spread(call, first, 1.0)
        beta = _spread(call, second, 0.0)
        used = {first, second} - {None} == set(call.params)
        if used and gamma is not None and beta is not None and _is_output(call, gamma * normal + beta):
            return Normalization(first, second, normal, s, gamma, axes)
    return None


def _spread(call: LayerCall, name: str | None, otherwise: float) -> Array | None:
    """A parameter in the shape of x: as NumPy does it, or one for each channel."""
    value: Any = otherwise if name is None else call.params[name]
    for shaped in (value, np.reshape(value, (-1, 1, 1)) if call.x.ndim == 4 else value):
        try:
            return np.array(np.broadcast_to(shaped, call.x.shape))
        except ValueError:
            flat = np.reshape(shaped, -1)
            if flat.size == call.x[0].size:
                return np.array(np.broadcast_to(flat.reshape(call.x.shape[1:]), call.x.shape))
    return None


def _normalization(call: LayerCall) -> Right | None:
    parts = normalization_of(call)
    if parts is None:
        return None
    right = {INPUT: (sum(parts.ways(call.u * parts.scale), np.zeros_like(call.x)), "")}
    for name, product in ((parts.gamma, call.u * parts.normal), (parts.beta, call.u)):
        if name is not None:
            right[name] = (_summed(product, call.params[name]), "")
    return right


def _summed(product: Array, parameter: Array) -> Array:
    """Over all that a parameter was spread over."""
    if product.ndim == 4 and parameter.size == product.shape[1]:
        summed: Array = product.sum(axis=(0, 2, 3))
    elif parameter.size == product[0].size:
        summed = product.sum(axis=0)
    else:
        summed = np.full(parameter.shape, product.sum())
    return summed.reshape(parameter.shape)


KINDS: dict[str, Callable[[LayerCall], Right | None]] = {
    "softmax": _softmax,
    "affine": _affine,
    "elementwise": _elementwise,
    "normalization": _normalization,
}
"""The kinds that have a closed form."""


def bias_axis(call: LayerCall, right: Array) -> int | None:
    """The axis of u over which a parameter's gradient is not summed, where it is a bias: the rest of u summed."""
    for axis in range(call.u.ndim):
        rest = tuple(i for i in range(call.u.ndim) if i != axis)
        known = np.isfinite(right).ravel()
        if right.size == call.u.shape[axis] and np.allclose(
            call.u.sum(axis=rest)[known], right.ravel()[known], atol=1e-7
        ):
            return axis
    return None
