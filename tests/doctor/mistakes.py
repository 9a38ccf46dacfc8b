"""Losses that learners write by mistake, and no activation, where a recipe may name them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from zerokara.nn.activations import ACTIVATIONS, Elementwise
from zerokara.nn.functions import LOSSES, Loss, cross_entropy, cross_entropy_grad, softmax


class Identity(Elementwise):
    """No activation."""

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, dout: Any) -> Any:
        return dout

    def derivative(self, a: Any) -> Any:
        return np.ones_like(a)


def _summed(scores: Any, targets: Any) -> Any:
    return cross_entropy(scores, targets) * len(scores)


def _summed_grad(scores: Any, targets: Any) -> Any:
    return cross_entropy_grad(scores, targets) * len(scores)


def _of_zero(scores: Any, targets: Any) -> Any:
    return -targets * np.log(softmax(scores))


def _of_zero_grad(scores: Any, targets: Any) -> Any:
    p = softmax(scores)
    upstream = -targets / p / len(scores)
    return p * (upstream - (upstream * p).sum(axis=1, keepdims=True))


def _of_raw_scores(scores: Any, targets: Any) -> Any:
    return -targets * np.log(scores)


def _of_raw_scores_grad(scores: Any, targets: Any) -> Any:
    return -targets / scores / len(scores)


@contextmanager
def customized() -> Iterator[None]:
    """Within, recipes may use "identity", and losses that learners write by mistake."""
    LOSSES["summed"] = Loss(_summed, _summed_grad)
    LOSSES["log-of-0"] = Loss(_of_zero, _of_zero_grad)
    LOSSES["log-of-scores"] = Loss(_of_raw_scores, _of_raw_scores_grad)
    ACTIVATIONS["identity"] = Identity
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        for name in ("summed", "log-of-0", "log-of-scores"):
            del LOSSES[name]
        del ACTIVATIONS["identity"]
