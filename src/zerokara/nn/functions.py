"""Activations, softmax and losses, each beside its derivative.

Shapes: scores, the input of softmax, and targets are (n, classes); every loss is the mean over the n samples.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import unknown_name

Array = NDArray[Any]

TEXTBOOK_EPSILON = 1e-7
"""What the textbook adds inside the logarithm of its cross entropy (chapter 4.2.2)."""


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise, without overflow for any x.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, small) / (1 + small)
    return y


def sigmoid_grad(y: Array) -> Array:
    """The derivative of sigmoid, from its value y = sigmoid(x): y (1 - y)."""
    grad: Array = y * (1 - y)
    return grad


def relu(x: Array) -> Array:
    """max(0, x), elementwise."""
    return np.maximum(0, x)


def relu_grad(x: Array) -> Array:
    """The derivative of relu at x: 1 where x > 0, else 0."""
    return (x > 0).astype(x.dtype)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent, elementwise."""
    return np.tanh(x)


def tanh_grad(y: Array) -> Array:
    """The derivative of tanh, from its value y = tanh(x): 1 - y²."""
    return 1 - y * y


def softmax(scores: Array) -> Array:
    """exp(o) / Σ exp(o) along the last axis; shifting a row by a constant changes nothing, so its maximum is taken off.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    e: Array = np.exp(scores - scores.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def decided(scores: Array) -> NDArray[np.int64]:
    """The class of each row's largest score, (n,), and -1 where that is not finite: NaN counts as larger than all.

    >>> decided(np.array([[0.0, 2.0], [np.nan, 1.0], [np.inf, 0.0], [-np.inf, 0.0]]))
    array([ 1, -1, -1,  1])
    """
    return np.where(np.isfinite(scores.max(axis=1)), scores.argmax(axis=1), -1)


def softmax_backward(p: Array, dp: Array) -> Array:
    """From dL/dp to dL/do, for p = softmax(o): p (dp - Σ dp p)."""
    do: Array = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    return do


def cross_entropy(scores: Array, targets: Array) -> float:
    """-Σ t log softmax(o), mean over the batch; by log-sum-exp, so no probability is ever rounded to 0.

    See Goodfellow, Bengio, Courville, *Deep Learning*, 6.2.2.3. The textbook takes probabilities: `textbook_loss`.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float((targets * (log_sum - shifted)).sum() / len(scores))


def cross_entropy_grad(scores: Array, targets: Array) -> Array:
    """dL/do = (softmax(o) Σt - t) / n; for targets that sum to 1, the textbook's (y - t) / n (appendix A)."""
    do: Array = (softmax(scores) * targets.sum(axis=1, keepdims=True) - targets) / len(scores)
    return do


def textbook_loss(scores: Array, targets: Array) -> float:
    """-Σ t log(softmax(o) + 1e-7), mean over the batch: `cross_entropy_error` of the textbook (chapter 4.2.4)."""
    return float(-(targets * np.log(softmax(scores) + TEXTBOOK_EPSILON)).sum() / len(scores))


def textbook_loss_grad(scores: Array, targets: Array) -> Array:
    """The exact derivative of `textbook_loss`. The textbook itself leaves the 1e-7 out of its derivative."""
    p = softmax(scores)
    return softmax_backward(p, -targets / (p + TEXTBOOK_EPSILON) / len(scores))


def squared_loss(scores: Array, targets: Array) -> float:
    """½ Σ (softmax(o) - t)², mean over the batch (textbook, chapter 4.2.1)."""
    return float(0.5 * ((softmax(scores) - targets) ** 2).sum() / len(scores))


def squared_loss_grad(scores: Array, targets: Array) -> Array:
    """The exact derivative of `squared_loss` with respect to the scores."""
    p = softmax(scores)
    return softmax_backward(p, (p - targets) / len(scores))


class Loss(NamedTuple):
    """A loss of scores (n, classes) and targets (n, classes), and its derivative with respect to the scores."""

    value: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Array]


LOSSES = {
    "cross-entropy": Loss(cross_entropy, cross_entropy_grad),
    "textbook": Loss(textbook_loss, textbook_loss_grad),
    "squared": Loss(squared_loss, squared_loss_grad),
}


def loss_named(name: str) -> Loss:
    """The loss of that name. Raises UsageError for one that is not in `LOSSES`."""
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]
