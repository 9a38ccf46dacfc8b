"""The textbook's `common.functions`: activations, softmax and losses (chapters 3 and 4).

The star import brings `np` along: many scripts get NumPy only that way. Overflow passes as NumPy's own warning,
so `sigmoid` is the plain formula here and not the guarded one of `zerokara.nn`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn import activations
from zerokara.nn import functions as nn

__all__ = [
    "cross_entropy_error",
    "identity_function",
    "mean_squared_error",
    "np",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_loss",
    "step_function",
    "sum_squared_error",
]

Array = NDArray[Any]


def identity_function(x: Any) -> Any:
    """x itself: the output layer of a regression."""
    return x


def step_function(x: Any) -> Array:
    """1 where x > 0, else 0, as integers.

    >>> step_function(np.array([-1.0, 0.0, 2.0]))
    array([0, 0, 1])
    """
    return np.asarray(np.asarray(x) > 0, dtype=int)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise."""
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x: Any) -> Any:
    """The derivative of sigmoid at x (not at y = sigmoid(x), as in `zerokara.nn`)."""
    return activations.sigmoid_grad(sigmoid(x))


def relu(x: Any) -> Any:
    """max(0, x), elementwise; integers stay integers."""
    return activations.relu(x)


def relu_grad(x: Any) -> Array:
    """The derivative of relu at x: 1 where x > 0, else 0."""
    return activations.relu_grad(np.asarray(x))


def softmax(x: Any) -> Array:
    """exp(x) / Σ exp(x) along the last axis, for x (classes,) or (n, classes)."""
    return nn.softmax(np.asarray(x))


def sum_squared_error(y: Any, t: Any) -> Any:
    """½ Σ (y - t)², over all elements: no mean over a batch (chapter 4.2.1)."""
    return 0.5 * np.sum((y - t) ** 2)


mean_squared_error = sum_squared_error  # its name in older and translated printings


def cross_entropy_error(y: Array, t: Array) -> Any:
    """-log(y at the label + 1e-7), mean over the batch (chapter 4.2.4).

    Args:
        y: probabilities, (classes,) or (n, classes).
        t: class indices (n,), or as many numbers as y: then the largest of each row is the label, so that soft
            labels count as hard ones.

    >>> float(cross_entropy_error(np.array([0.25, 0.75]), np.array([0, 1])).round(4))
    0.2877
    """
    if y.ndim == 1:
        y, t = y.reshape(1, -1), t.reshape(1, -1)
    labels = as_labels(y, t)
    return -np.sum(np.log(y[np.arange(len(y)), labels] + nn.TEXTBOOK_EPSILON)) / len(y)


def as_labels(y: Array, t: Array) -> Array:
    """t as class indices (n,): its largest entry per row where it has as many numbers as y (n, classes)."""
    return t.argmax(axis=1) if t.size == y.size else t


def softmax_loss(X: Any, t: Array) -> Any:
    """The cross entropy of softmax(X)."""
    return cross_entropy_error(softmax(X), t)
