"""What a name claims, held against the witness: each claim has a consequence that plain arithmetic can deny."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .planted import Network, batch, central_differences, drawn

SAME = 1e-5


@dataclass(frozen=True)
class Facts:
    """Of one network with one mistake, on one batch: its gradient, the right one, and its parameters, layer by layer.

    Attributes:
        got: a None is a gradient that is not there.
        again: the gradient when it is asked for once more.
        weights, biases: places of each layer's in the lists, from the first layer to the last.
    """

    got: Sequence[Any]
    again: Sequence[Any]
    right: Sequence[Any]
    params: Sequence[Any]
    weights: Sequence[int]
    biases: Sequence[int]
    changed: bool

    def is_right(self, place: int) -> bool:
        return _close(self.got[place], self.right[place])

    @property
    def wrong(self) -> list[int]:
        return [place for place in range(len(self.right)) if not self.is_right(place)]

    @property
    def top_is_right(self) -> bool:
        return self.is_right(self.weights[-1])


def facts_of(network: Network) -> Facts:
    """Computed by the witness alone."""
    drawn(network, seed=9)
    x, t = batch(rows=11, seed=4)
    params = [np.array(array) for array in network.arrays()]
    right = central_differences(network, x, t)
    given = x.copy(), t.copy()
    with np.errstate(all="ignore"):
        got = [None if g is None else np.array(g) for g in network.gradient(*given)]
        after = [np.array(array) for array in network.arrays()]
        again = [None if g is None else np.array(g) for g in network.gradient(x.copy(), t.copy())]
    changed = not (np.array_equal(given[0], x) and np.array_equal(given[1], t))
    changed |= any(not np.array_equal(a, b) for a, b in zip(params, after, strict=True))
    order = range(len(params))
    weights = [place for place in order if min(np.shape(params[place])) > 1 and np.ndim(params[place]) == 2]
    return Facts(got, again, right, params, weights, [place for place in order if place not in weights], changed)


def _close(got: Any, right: Any, within: float = SAME) -> bool:
    if got is None or np.shape(got) != np.shape(right):
        return False
    return bool(np.max(np.abs(got - right)) <= within * np.max(np.abs(right)))


def _multiple(got: Any, of: Any) -> float | None:
    """The factor between two arrays, where there is one."""
    if got is None or np.size(got) != np.size(of) or not np.any(of):
        return None
    mine, theirs = np.ravel(got).astype(float), np.ravel(of)
    factor = float(mine @ theirs / (theirs @ theirs))
    return factor if _close(mine, factor * theirs) and factor else None


def _scaled(facts: Facts, fits: Callable[[float], bool]) -> bool:
    factors = [_multiple(facts.got[place], facts.right[place]) for place in facts.wrong]
    return any(factor is not None and fits(factor) for factor in factors)


def _is_missing(facts: Facts) -> bool:
    """Whether there is nothing, nothing but zeros, or nothing that fits."""
    wrong = [(facts.got[place], facts.right[place]) for place in facts.wrong]
    return any(got is None or not np.any(got) or np.size(got) != np.size(right) for got, right in wrong)


def _is_parameter(facts: Facts) -> bool:
    return any(_multiple(facts.got[place], param) is not None for place in facts.wrong for param in facts.params)


def _decays(facts: Facts) -> bool:
    rests = [
        (facts.got[i] - facts.right[i], facts.params[i])
        for i in facts.wrong
        if np.shape(facts.got[i]) == np.shape(facts.right[i])
    ]
    return any(_multiple(rest, param) is not None for rest, param in rests)


def _turned(facts: Facts) -> bool:
    same = [
        np.size(facts.got[i]) == np.size(facts.right[i])
        and _close(np.sort(np.ravel(facts.got[i])), np.sort(np.ravel(facts.right[i])))
        for i in facts.wrong
        if facts.got[i] is not None
    ]
    return any(same) or facts.top_is_right


def _is_rounded(facts: Facts) -> bool:
    """Whether something wrong is near the right values, as a short type holds them."""
    given = [(facts.got[place], facts.right[place]) for place in facts.wrong if facts.got[place] is not None]
    return any(
        np.shape(got) == np.shape(right)
        and got.dtype != float
        and np.max(np.abs(got - right)) <= 1e-2 + (got.dtype.kind in "iu")
        for got, right in given
    )


def _another_each_time(facts: Facts) -> bool:
    return any(
        not np.array_equal(a, b, equal_nan=True) for a, b in zip(facts.got, facts.again, strict=True) if a is not None
    )


CONSEQUENCES: dict[str, Callable[[Facts], bool]] = {
    "sign": lambda facts: _scaled(facts, lambda factor: factor < 0),
    "constant-factor": lambda facts: _scaled(facts, lambda factor: factor > 0),
    "batch-factor": lambda facts: _scaled(facts, lambda factor: factor != 0),
    "activation-derivative": lambda facts: facts.top_is_right,
    "bias-sum": lambda facts: any(place in facts.biases for place in facts.wrong),
    "missing-gradient": _is_missing,
    "gradient-is-parameter": _is_parameter,
    "decay-not-in-loss": _decays,
    "transposed": _turned,
    "dtype": _is_rounded,
    "random-gradient": _another_each_time,
    "accumulates": _another_each_time,
    "changed-in-place": lambda facts: facts.changed,
    "updated-too-early": lambda facts: facts.changed,
    "softmax-over-batch": lambda facts: not facts.top_is_right,
    "softmax-axis": lambda facts: not facts.top_is_right,
    "softmax-derivative": lambda facts: not facts.top_is_right,
    "loss-mismatch": lambda facts: not facts.top_is_right,
}
"""What must hold of a gradient with one mistake of that name."""


def contradicted(cause: str, style: str, facts: Facts) -> bool:
    """Whether a name cannot be right."""
    if cause == "activation-derivative" and style == "cells":
        return False  # its outputs have an activation too
    return cause in CONSEQUENCES and not CONSEQUENCES[cause](facts)
