"""What hidden layers, outputs and errors of learners' networks can be, each beside its derivative.

Hidden layers take the formulas of `zerokara.nn.formulas`, with the numbers that are usual. An output y is made of the
scores z (n, classes), and an error is what is summed over samples and classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from zerokara.nn.activations import sigmoid
from zerokara.nn.formulas import Formula, activation_formula
from zerokara.nn.functions import softmax, softmax_backward
from zerokara.own_gradients.subject import Array

GELU = (math.sqrt(2 / math.pi), 0.044715)
LEAKS = (0.01, 0.1, 0.2, 0.05, 0.3, 0.001, 0.02, 0.5)

ACTIVATIONS = (
    Formula("sigmoid"),
    Formula("relu"),
    Formula("tanh"),
    *(Formula("leaky-relu", (leak,)) for leak in LEAKS),
    Formula("identity"),
    Formula("elu", (1.0,)),
    Formula("swish", (1.0,)),
    Formula("softplus"),
    Formula("gelu", GELU),
    Formula("gelu-exact"),
    Formula("capped-relu", (6.0,)),
    Formula("swish", (1.702,)),
    Formula("arctan"),
    Formula("softsign"),
    Formula("relu-squared"),
    Formula("square"),
    Formula("sine"),
    Formula("selu"),
    Formula("hard-sigmoid"),
    Formula("hard-tanh"),
    Formula("gaussian"),
)
"""What is tried in a hidden layer, the likelier first."""


SELU = (1.0507009873554805, 1.6732632423543772)
"""λ and α (Klambauer et al., arXiv:1706.02515)."""

_MORE: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "arctan": np.arctan,
        "softsign": lambda z: z / (1 + np.abs(z)),
        "relu-squared": lambda z: np.maximum(z, 0.0) ** 2,
        "square": np.square,
        "sine": np.sin,
        "selu": lambda z: SELU[0] * np.where(z > 0, z, SELU[1] * np.expm1(np.minimum(z, 0.0))),
        "hard-sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0.0, 1.0),
        "hard-tanh": lambda z: np.clip(z, -1.0, 1.0),
        "gaussian": lambda z: np.exp(-(z**2)),
    }
)
"""Activations that learners write, and that no engine knows."""


def activated(formula: Formula, z: Array) -> Array:
    """f(z)."""
    if formula.name in _MORE:
        return _MORE[formula.name](z)
    return activation_formula(formula).value(z, *formula.parameters)


def slope(formula: Formula, z: Array) -> Array:
    """f′(z)."""
    return _SLOPES[formula.name](np.asarray(z, np.float64), *formula.parameters)


def _sigmoid_slope(z: Array) -> Array:
    y = sigmoid(z)
    slopes: Array = y * (1 - y)
    return slopes


def _swish_slope(z: Array, beta: float) -> Array:
    s = sigmoid(beta * z)
    slopes: Array = s + beta * z * s * (1 - s)
    return slopes


def _gelu_slope(z: Array, rate: float, cube: float) -> Array:
    s = sigmoid(2 * rate * (z + cube * z**3))
    slopes: Array = s + z * s * (1 - s) * 2 * rate * (1 + 3 * cube * z**2)
    return slopes


def _exact_gelu_slope(z: Array) -> Array:
    normal = 0.5 * np.vectorize(math.erfc, otypes=[float])(-z * math.sqrt(0.5))
    slopes: Array = normal + z * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return slopes


_SLOPES: Mapping[str, Callable[..., Array]] = MappingProxyType(
    {
        "identity": np.ones_like,
        "sigmoid": _sigmoid_slope,
        "relu": lambda z: (z > 0) * 1.0,
        "tanh": lambda z: 1 - np.tanh(z) ** 2,
        "leaky-relu": lambda z, leak: np.where(z > 0, 1.0, leak),
        "capped-relu": lambda z, cap: ((z > 0) & (z < cap)) * 1.0,
        "softplus": sigmoid,
        "gelu": _gelu_slope,
        "gelu-exact": _exact_gelu_slope,
        "swish": _swish_slope,
        "arctan": lambda z: 1 / (1 + z**2),
        "softsign": lambda z: 1 / (1 + np.abs(z)) ** 2,
        "relu-squared": lambda z: 2 * np.maximum(z, 0.0),
        "square": lambda z: 2 * z,
        "sine": np.cos,
        "selu": lambda z: SELU[0] * np.where(z > 0, 1.0, SELU[1] * np.exp(np.minimum(z, 0.0))),
        "hard-sigmoid": lambda z: 0.2 * (np.abs(z) < 2.5),
        "hard-tanh": lambda z: (np.abs(z) < 1) * 1.0,
        "gaussian": lambda z: -2 * z * np.exp(-(z**2)),
        "elu": lambda z, alpha: np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0))),
    }
)


class Output(NamedTuple):
    """How y is made of scores z, and ∂L/∂z of z, y and e = ∂L/∂y."""

    value: Callable[[Array], Array]
    backward: Callable[[Array, Array, Array], Array]


def softmax_over(axis: int | None, z: Array) -> Array:
    """exp z / Σ exp z along an axis, or over all of it."""
    e: Array = np.exp(z - z.max())
    e /= e.sum(axis=axis, keepdims=True)
    return e


def softmax_over_backward(axis: int | None, y: Array, e: Array) -> Array:
    """From ∂L/∂y to ∂L/∂z of `softmax_over`."""
    dz: Array = y * (e - (e * y).sum(axis=axis, keepdims=True))
    return dz


def _shifted_softmax(axis: int | None, z: Array) -> Array:
    """`softmax_over` of scores from which the largest of each sample was taken off, where that is not harmless."""
    return softmax_over(axis, z - z.max(axis=1, keepdims=True))


def _shifted_softmax_backward(axis: int | None, z: Array, y: Array, e: Array) -> Array:
    dz = softmax_over_backward(axis, y, e)
    largest = np.arange(z.shape[1]) == z.argmax(axis=1)[:, np.newaxis]
    dz -= largest * dz.sum(axis=1, keepdims=True)
    return dz


OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {
        "softmax": Output(softmax, lambda z, y, e: softmax_backward(y, e)),
        "sigmoid": Output(sigmoid, lambda z, y, e: e * y * (1 - y)),
        "identity": Output(np.array, lambda z, y, e: e),
        "tanh": Output(np.tanh, lambda z, y, e: e * (1 - y**2)),
        "relu": Output(lambda z: np.maximum(z, 0.0), lambda z, y, e: e * (z > 0)),
        "softmax-over-batch": Output(
            lambda z: softmax_over(None, z), lambda z, y, e: softmax_over_backward(None, y, e)
        ),
        "softmax-over-samples": Output(lambda z: softmax_over(0, z), lambda z, y, e: softmax_over_backward(0, y, e)),
        "softmax-over-batch-of-rows": Output(
            lambda z: _shifted_softmax(None, z), lambda z, y, e: _shifted_softmax_backward(None, z, y, e)
        ),
        "softmax-over-samples-of-rows": Output(
            lambda z: _shifted_softmax(0, z), lambda z, y, e: _shifted_softmax_backward(0, z, y, e)
        ),
        "softmax-of-softmax": Output(
            lambda z: softmax(softmax(z)), lambda z, y, e: softmax_backward(softmax(z), softmax_backward(y, e))
        ),
        "softmax-of-sigmoid": Output(
            lambda z: softmax(sigmoid(z)), lambda z, y, e: _sigmoid_slope(z) * softmax_backward(y, e)
        ),
        "softmax-of-relu": Output(
            lambda z: softmax(np.maximum(z, 0.0)), lambda z, y, e: (z > 0) * softmax_backward(y, e)
        ),
    }
)


class Error(NamedTuple):
    """Terms of y and t, and their derivatives by y, with what is added to y before its logarithm."""

    terms: Callable[[Array, Array, float], Array]
    derivative: Callable[[Array, Array, float], Array]
    takes_logarithm: bool = True


ERRORS: Mapping[str, Error] = MappingProxyType(
    {
        "cross-entropy": Error(
            lambda y, t, d: np.where(t == 0, 0.0, -t * np.log(y + d)),
            lambda y, t, d: np.where(t == 0, 0.0, -t / (y + d)),
        ),
        "squared": Error(lambda y, t, d: 0.5 * (y - t) ** 2, lambda y, t, d: y - t, False),
        "binary": Error(
            lambda y, t, d: -t * np.log(y + d) - (1 - t) * np.log(1 - y + d),
            lambda y, t, d: -t / (y + d) + (1 - t) / (1 - y + d),
        ),
        "absolute": Error(lambda y, t, d: np.abs(y - t), lambda y, t, d: np.sign(y - t), False),
    }
)

SHIFTS = (0.0, 1e-7, 1e-8, 1e-6, 1e-5, 1e-9, 1e-10, 1e-12, 1e-4, 1e-3)
"""What learners add to y before its logarithm."""
