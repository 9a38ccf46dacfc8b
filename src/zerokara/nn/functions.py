"""Softmax and the losses, each beside its derivative. To add a loss is to add it here.

Shapes: scores o, the input of softmax, and targets t are (n, classes); every loss L is the mean over the n samples.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.words import sentence

Array = NDArray[Any]

TEXTBOOK_EPSILON = 1e-7
"""What the textbook adds inside the logarithm of its cross entropy (chapter 4.2.2)."""


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
    """From ∂L/∂p to ∂L/∂o, for p = softmax(o): p (dp - Σ dp p)."""
    do: Array = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    return do


def cross_entropy(scores: Array, targets: Array) -> Array:
    """-t log softmax(o), the terms of the loss; by log-sum-exp, so no probability is ever rounded to 0.

    See Goodfellow, Bengio, Courville, *Deep Learning*, 6.2.2.3. The textbook takes probabilities: `textbook_loss`.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    terms: Array = targets * (log_sum - shifted)
    return terms


def cross_entropy_grad(scores: Array, targets: Array) -> Array:
    """∂L/∂o = (softmax(o) Σt - t) / n; for targets that sum to 1, the textbook's (y - t) / n (appendix A)."""
    do: Array = (softmax(scores) * targets.sum(axis=1, keepdims=True) - targets) / len(scores)
    return do


def textbook_loss(scores: Array, targets: Array) -> Array:
    """-t log(softmax(o) + 1e-7), the terms of `cross_entropy_error` of the textbook (chapter 4.2.4)."""
    terms: Array = -(targets * np.log(softmax(scores) + TEXTBOOK_EPSILON))
    return terms


def textbook_loss_grad(scores: Array, targets: Array) -> Array:
    """The exact ∂L/∂o of `textbook_loss`. The textbook itself leaves the 1e-7 out of its derivative."""
    p = softmax(scores)
    return softmax_backward(p, -targets / (p + TEXTBOOK_EPSILON) / len(scores))


def squared_loss(scores: Array, targets: Array) -> Array:
    """½ (softmax(o) - t)², the terms of the sum of squared errors (textbook, chapter 4.2.1)."""
    terms: Array = 0.5 * (softmax(scores) - targets) ** 2
    return terms


def squared_loss_grad(scores: Array, targets: Array) -> Array:
    """The exact ∂L/∂o of `squared_loss`."""
    p = softmax(scores)
    return softmax_backward(p, (p - targets) / len(scores))


class Loss(NamedTuple):
    """A loss of scores o (n, classes) and targets t (n, classes): the mean over the samples of a sum over the classes.

    Attributes:
        terms: from o and t to what is summed, (n, classes).
        gradient: from o and t to ∂L/∂o, (n, classes), the 1/n of the mean included.
        class_weights: from p = softmax(o) and |t| to c, (n, classes), such that |∂φ/∂oₖ| of a sample's loss φ is at
            most cₖ (1 - pₖ) + pₖ (Σc - cₖ), terms that change with p only. For `zerokara.nn.check`, which measures
            instead what a loss without them does.
    """

    terms: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array], Array]
    class_weights: Callable[[Array, Array], Array] | None = None

    def value(self, scores: Array, targets: Array) -> float:
        """L, the mean over the samples. Raises UsageError where `terms` has another shape than the scores.

        >>> LOSSES["squared"].value(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
        0.25
        """
        terms = self.terms(scores, targets)
        if np.shape(terms) != scores.shape:
            raise UsageError(
                sentence(
                    "A loss's terms must have the shape of its scores, {expected}. Got {got}.",
                    expected=scores.shape,
                    got=np.shape(terms),
                ),
                "wrong-shape",
            )
        return float(terms.sum() / len(scores))


LOSSES: dict[str, Loss] = {
    "cross-entropy": Loss(cross_entropy, cross_entropy_grad, lambda p, t: t),
    "textbook": Loss(textbook_loss, textbook_loss_grad, lambda p, t: t * p / (p + TEXTBOOK_EPSILON)),
    "squared": Loss(squared_loss, squared_loss_grad, lambda p, t: p * (np.abs(p - t) + p)),
}
"""What a network may minimise, by name. Looked up when a network is made: whoever adds one can use its name at once."""

STANDARD_LOSSES: Mapping[str, Loss] = MappingProxyType(dict(LOSSES))
"""Zerokara\'s own, whatever stands under their names in `LOSSES` later; `is_standard` compares with these."""


def loss_named(name: str) -> Loss:
    """The loss of that name. Raises UsageError for one that is not in `LOSSES`, or no `Loss`."""
    if not isinstance(name, str) or name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    if not isinstance(LOSSES[name], Loss):
        raise UsageError(
            sentence(
                "The loss {name!r} must be a Loss(terms, gradient). Got {got!r:.80}.", name=name, got=LOSSES[name]
            ),
            "wrong-value",
        )
    return LOSSES[name]
