"""Which activations and losses a function may have, by what stands in its code: the numbers choose among these.

A number of a formula, such as the slope of a leak, is one that the code computes with, or one that is usual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from zerokara.interpret.clues import Clues
from zerokara.nn.formulas import Formula
from zerokara.nn.functions import TEXTBOOK_EPSILON

_KINKS = frozenset(
    ["compare", "maximum", "minimum", "fmax", "fmin", "max", "min", "abs", "absolute", "fabs", "where", "clip"]
)
_EXPONENTIALS = frozenset(["exp", "exp2", "expm1", "tanh", "expit", "logaddexp", "softmax", "power", "Pow"])
_LOGARITHMS = frozenset(["log", "log1p", "log2", "log10", "logaddexp", "xlogy", "log_softmax", "logsumexp"])

_LARGEST_DELTA = 0.1
_GELU = (math.sqrt(2 / math.pi), 0.044715)


def activations(clues: Clues, last: int) -> Iterator[Formula]:
    """The activations that are tried, the likelier first.

    Args:
        last: the number of the last weights, whose scores have bounds of their own.
    """
    has_kinks, has_exp = bool(clues.operations & _KINKS), bool(clues.operations & _EXPONENTIALS)
    hidden = [limit.number for limit in clues.limits if limit.of_input and last not in limit.weights]
    ends = sorted({number for number in hidden if 0 < number < math.inf})
    if has_kinks:
        # Before ReLU itself: weights at which none is beyond the end say nothing.
        yield from (Formula("capped-relu", (end,)) for end in ends)
    yield Formula("sigmoid")
    if has_kinks:
        yield Formula("relu")
    yield Formula("tanh")
    yield Formula("identity")
    if has_kinks:
        # |a| is the leak of slope -1.
        slopes = [c for c in clues.constants if c not in (0, 1)]
        yield from (Formula("leaky-relu", (slope,)) for slope in dict.fromkeys([*slopes, *(-s for s in slopes), -1.0]))
    if not has_exp and not clues.operations & {"erf", "erfc"}:
        return
    if "tanh" in clues.operations:
        yield from _gelus(clues)
    if clues.operations & _LOGARITHMS:
        yield Formula("softplus")
    yield from (Formula("swish", (beta,)) for beta in dict.fromkeys([1.0, *_positive(clues)]))
    if has_kinks:
        yield from (Formula("elu", (alpha,)) for alpha in dict.fromkeys([1.0, *_positive(clues)]))
    if clues.operations & {"erf", "erfc"}:
        yield Formula("gelu-exact")
    if "tanh" not in clues.operations:
        yield from _gelus(clues)


def _positive(clues: Clues) -> list[float]:
    return [c for c in clues.constants if c > 0]


def _gelus(clues: Clues) -> Iterator[Formula]:
    rates = dict.fromkeys([_GELU[0], *(c for c in clues.constants if 0.5 < c < 2)])
    cubes = dict.fromkeys([_GELU[1], *(c for c in clues.constants if 0 < c < 0.2)])
    yield from (Formula("gelu", (rate, cube)) for cube in cubes for rate in rates)


def losses(clues: Clues) -> Iterator[Formula]:
    """The losses that are tried, the likelier first."""
    has_exp, has_log = bool(clues.operations & _EXPONENTIALS), bool(clues.operations & _LOGARITHMS)
    deltas = dict.fromkeys([*(c for c in clues.constants if 0 < c <= _LARGEST_DELTA), TEXTBOOK_EPSILON])
    ranges = list(_ranges(clues))
    if has_exp and has_log:
        yield from (Formula("clipped-cross-entropy", both) for both in ranges)
        yield from (Formula("textbook", (delta,)) for delta in deltas)
        yield Formula("cross-entropy")
    if has_exp:
        yield Formula("squared")
        yield Formula("sigmoid-squared")
    yield Formula("identity-squared")
    if has_exp and has_log:
        for name in ("binary", "sigmoid-cross-entropy"):
            clipped = {"binary": "binary-clipped"}.get(name, "sigmoid-clipped-cross-entropy")
            yield from (Formula(clipped, both) for both in ranges)
            yield from (Formula(name, (delta,)) for delta in (*deltas, 0.0))


def _ranges(clues: Clues) -> Iterator[tuple[float, float]]:
    """The bounds between which probabilities may be kept."""
    bounds = {limit.number for limit in clues.limits if not limit.of_input}
    for lo in sorted(bound for bound in bounds if 0 < bound < 0.5):
        yield from ((lo, hi) for hi in sorted(bound for bound in bounds if 0.5 < bound < 1))
        yield lo, 1.0
