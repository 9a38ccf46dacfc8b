"""log(p + 1e-7): the loss that learners write, and whose right gradient they take to be that of log p.

The factor p / (p + 1e-7) between the two is left out in the textbook. So a gradient is right that is that of either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType

import numpy as np

from zerokara.own_gradients.subject import Array, Subject

GUARDS = (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-6, 1e-5, 1e-4, 1e-3, 1e-16, 1e-20)
Loss = Callable[[Array, Array], float]


@dataclass(frozen=True)
class Unguarded:
    """A loss with log p for log(p + ε), and how much of a gradient ε takes away at most: ε / p of a label."""

    loss: Loss
    effect: float


def without_guard(subject: Subject, loss: Loss, scores: Callable[[Array], Array]) -> Unguarded | None:
    """The loss without ε, where log(p + ε) is known to be its form; None where it is not.

    The form is proven by what is left when the sum of log(p + ε) is taken off: it must not depend on the batch.
    """
    if subject.scores is None:
        return None
    x, t = subject.x, subject.t
    if len(x) == 1:  # one sample has no halves to compare
        x, t = np.concatenate([x, x / 2]), np.concatenate([t, t])
    half = len(x) // 2
    try:
        batches = [(x, t), (x[:half], t[:half]), (x[half:], t[half:])]
        losses = [loss(*batch) for batch in batches]
        outputs = [scores(one) for one, _ in batches]
    except Exception:
        return None
    for form in _forms(outputs[0], t):
        for guard in GUARDS:
            rests = [
                value - form(output, labels, guard)
                for value, output, (_, labels) in zip(losses, outputs, batches, strict=True)
            ]
            if np.ptp(rests) <= 1e-13 * max(1.0, *map(abs, losses)):
                return Unguarded(_unguarded(loss, scores, form, guard), _effect(form, outputs[0], t, guard))
    return None


Form = Callable[[Array, Array, float], float]


def _effect(form: Form, output: Array, t: Array, guard: float) -> float:
    """ε / p for the least probable label: log(p + ε) - log p is as much, and hardly less where it is large."""
    rows = [(output[i : i + 1], t[i : i + 1]) for i in range(len(t))]
    return max(abs(form(*row, guard) - form(*row, 0.0)) for row in rows)


def may_be_guarded(functions: Iterable[FunctionType]) -> bool:
    """Whether one of these functions has a constant such as 1e-7."""
    constants = (constant for function in functions for constant in function.__code__.co_consts)
    return any(isinstance(constant, float) and 0 < abs(constant) <= 1e-3 for constant in constants)


def _unguarded(loss: Loss, scores: Callable[[Array], Array], form: Form, guard: float) -> Loss:
    def plain(x: Array, t: Array) -> float:
        output = scores(x)
        return loss(x, t) - form(output, t, guard) + form(output, t, 0.0)

    return plain


def _forms(output: Array, t: Array) -> Iterator[Form]:
    """Sums of logarithms that people write, for outputs (n, classes): softmax or probabilities, mean or sum."""
    if output.ndim != 2:
        return
    targets = t if t.ndim == 2 else None
    if targets is not None and targets.shape != output.shape:
        return
    if targets is None and (t.dtype.kind not in "iu" or t.max() >= output.shape[1]):
        return
    is_probable = bool(((output >= 0) & (output <= 1)).all())
    for softmaxed in (False, True) if is_probable else (True,):
        for both in (False, True):
            for scale in (lambda n, k: n, lambda n, k: 1, lambda n, k: n * k):
                yield _form(softmaxed, both, scale)


def _form(softmaxed: bool, both: bool, scale: Callable[[int, int], int]) -> Form:
    def summed(output: Array, t: Array, guard: float) -> float:
        p = output
        if softmaxed:
            p = np.exp(output - output.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
        targets = t if t.ndim == 2 else np.eye(p.shape[1])[t]
        total = _weighted_log(targets, p + guard)
        if both:
            total += _weighted_log(1 - targets, 1 - p + guard)
        return -total / scale(*p.shape)

    return summed


def _weighted_log(weights: Array, p: Array) -> float:
    return float((weights[weights != 0] * np.log(p[weights != 0])).sum())
