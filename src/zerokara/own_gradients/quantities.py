"""The right quantities of a network as candidates for what should stand somewhere in a learner's code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zerokara.own_gradients.subject import Array, Truth


@dataclass(frozen=True, eq=False)
class Quantity:
    """One of them.

    Attributes:
        name: as a formula, with what learners name themselves in braces: "{a1}", "f′({z1})", "∂L/∂{z2}".
        value: float64, or bool for a mask; samples come first where `rows`.
        rows: whether its first axis is the samples.
        kind: "operand", "slope", "weights", "delta", "upstream", "gradient", "scalar" or "mask".
        layer: that it belongs to; 0 for none.
        scale: what it is a multiple by, where a learner divides later.
    """

    name: str
    value: Array
    rows: bool
    kind: str
    layer: int = 0
    scale: float = 1.0

    def variants(self) -> Iterator[Array]:
        """Forms in which code may have it: as it is, transposed, a vector as a row or column."""
        yield self.value
        if self.value.ndim == 2:
            yield self.value.T
        elif self.value.ndim == 1:
            yield self.value[None, :]
            yield self.value[:, None]


def quantities(truth: Truth) -> list[Quantity]:
    """All of a network, the plainest first."""
    found = [*_operands(truth), *_weights(truth), *_slopes(truth), *_last(truth)]
    for scale in scales(truth):
        found += _backward(truth, scale)
    return [*found, *_masks(truth), *_scalars(truth)]


def scales(truth: Truth) -> list[float]:
    """1, the batch's size, and what makes the last δ y − t: right where the code divides later."""
    found = [1.0, float(len(truth.a[0]))]
    error, last = truth.output - truth.targets, truth.delta[truth.depth]
    largest = np.unravel_index(np.argmax(np.abs(last)), last.shape)
    if last[largest]:
        ratio = float(error[largest] / last[largest])
        if np.allclose(last * ratio, error, rtol=1e-4, atol=1e-6 * np.abs(error).max()):
            found.append(ratio)
    return [scale for place, scale in enumerate(found) if not np.any(np.isclose(scale, found[:place]))]


def _operands(truth: Truth) -> Iterator[Quantity]:
    for layer in range(truth.depth + 1):
        name = f"{{a{layer}}}"
        if layer < truth.depth:
            yield Quantity(name, truth.a[layer], True, "operand", layer)
        if layer:
            yield Quantity(f"{{z{layer}}}", truth.z[layer], True, "operand", layer)
    yield Quantity("{y}", truth.output, True, "operand", truth.depth)
    yield Quantity("{t}", truth.targets, True, "operand", truth.depth)


def _weights(truth: Truth) -> Iterator[Quantity]:
    for layer in range(1, truth.depth + 1):
        yield Quantity(truth.names[f"W{layer}"], truth.W[layer], False, "weights", layer)
        if f"b{layer}" in truth.names:
            yield Quantity(truth.names[f"b{layer}"], np.ravel(truth.b[layer]), False, "weights", layer)


def _slopes(truth: Truth) -> Iterator[Quantity]:
    for layer, slope in truth.slope.items():
        yield Quantity(slope_name(truth, layer), slope, True, "slope", layer)


def slope_name(truth: Truth, layer: int) -> str:
    """The derivative of a hidden layer's activation as a formula."""
    a, z, slope = truth.a[layer], truth.z[layer], truth.slope[layer]
    for name, formula in (
        (f"{{a{layer}}} * (1 - {{a{layer}}})", a * (1 - a)),
        (f"(1 - {{a{layer}}}**2)", 1 - a**2),
        (f"({{z{layer}}} > 0)", (z > 0).astype(float)),
    ):
        if np.allclose(slope, formula, rtol=1e-6, atol=1e-9):
            return name
    return f"f′({{z{layer}}})"


def _last(truth: Truth) -> Iterator[Quantity]:
    """Of the output: y − t, and for an elementwise output its slope and what comes down to it."""
    depth = truth.depth
    y, z, last = truth.output, truth.z[depth], truth.delta[depth]
    yield Quantity("{y} - {t}", y - truth.targets, True, "operand", depth)
    yield Quantity("{t} - {y}", truth.targets - y, True, "operand", depth)
    with np.errstate(all="ignore"):
        for name, slope, output in (
            ("{y} * (1 - {y})", y * (1 - y), 1 / (1 + np.exp(-z))),
            ("(1 - {y}**2)", 1 - y**2, np.tanh(z)),
            ("({y} > 0)", (z > 0).astype(float), np.maximum(z, 0)),
        ):
            if np.allclose(y, output, rtol=1e-6, atol=1e-9):
                yield Quantity(name, slope, True, "slope", depth)
                upstream = np.where(slope != 0, last / slope, 0)
                for scale in (1.0, float(len(y))):
                    yield Quantity(_scaled("∂L/∂{y}", scale, truth), upstream * scale, True, "upstream", depth, scale)


def _backward(truth: Truth, scale: float) -> Iterator[Quantity]:
    for layer in range(truth.depth, 0, -1):
        delta = truth.delta[layer]
        yield Quantity(_scaled(f"∂L/∂{{z{layer}}}", scale, truth), delta * scale, True, "delta", layer, scale)
        if layer in truth.upstream:
            name = _scaled(f"∂L/∂{{a{layer}}}", scale, truth)
            yield Quantity(name, truth.upstream[layer] * scale, True, "upstream", layer, scale)
        products = truth.a[layer - 1][:, :, None] * delta[:, None, :]
        if layer in truth.transposed:
            products = products.transpose(0, 2, 1)
        key = truth.names[f"W{layer}"]
        right = _scaled(f"∂L/∂{key}", scale, truth)
        yield Quantity(right, products * scale, True, "gradient", layer, scale)
        yield Quantity(right, truth.gradient[key] * scale, False, "gradient", layer, scale)
        plain = products.sum(axis=0)
        if not np.allclose(plain, truth.gradient[key], rtol=1e-7, atol=1e-12):
            yield Quantity(right, plain * scale, False, "gradient", layer, scale)
        if f"b{layer}" in truth.names:
            key = truth.names[f"b{layer}"]
            value = np.asarray(truth.gradient[key]) * scale
            right = _scaled(f"∂L/∂{key}", scale, truth)
            yield Quantity(right, value, False, "gradient", layer, scale)
            if value.ndim != 1:
                yield Quantity(right, value.ravel(), False, "gradient", layer, scale)


def _scaled(name: str, scale: float, truth: Truth) -> str:
    if scale == 1:
        return name
    return f"N * {name}" if scale == len(truth.a[0]) else f"{scale:.6g} * {name}"


def _masks(truth: Truth) -> Iterator[Quantity]:
    for layer in range(1, truth.depth):
        yield Quantity(f"{{z{layer}}} <= 0", truth.z[layer] <= 0, True, "mask", layer)
        yield Quantity(f"{{z{layer}}} > 0", truth.z[layer] > 0, True, "mask", layer)


def _scalars(truth: Truth) -> Iterator[Quantity]:
    size, classes = truth.output.shape
    for name, value in (("N", size), ("1 / N", 1 / size), ("1", 1), ("0", 0), ("-1", -1), ("2", 2), ("0.5", 0.5)):
        yield Quantity(name, np.asarray(value), False, "scalar")
    yield Quantity("N * K", np.asarray(size * classes), False, "scalar")
    yield Quantity("1 / (N * K)", np.asarray(1 / (size * classes)), False, "scalar")
