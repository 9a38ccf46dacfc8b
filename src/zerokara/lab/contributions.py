"""What spoke for and against one unit: its inputs times its weights, their sum, and what it hands on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.tracing import Trace
from zerokara.nn.network import Network

Array = NDArray[Any]

DIGITS = 4
"""Significant ones, of the greatest of some numbers that are printed together."""
MOST_RECEIVERS = 12
MOST_NAMED = 5
"""Hidden units that are named because they spoke most, for and against each."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """What one unit was told, and what it says.

    Attributes:
        weights: (fan_in,) its weights.
        contributions: (fan_in,) weights × inputs.
        bias, total: `total` is that of the network, the sum of the contributions and the bias.
        activity: what it hands on, 0 where it is switched off; None for an output, whose total is a score.
        outgoing: (units of the next layer,) the weights it hands that on by; none for an output.
    """

    weights: Array
    contributions: Array
    bias: float
    total: float
    activity: float | None
    outgoing: Array

    @property
    def handed_on(self) -> Array:
        """(units of the next layer,) activity × outgoing weights."""
        handed: Array = self.outgoing * self.outgoing.dtype.type(self.activity or 0)
        return handed

    def in_text(self) -> dict[str, str]:
        """The numbers, as they are printed: sum + bias = total to the last digit, where there are finite numbers."""
        total = float(self.contributions.sum(dtype=np.float64))
        texts = dict(zip(("sum", "bias", "total"), printed_sum(total, self.bias, self.total), strict=True))
        return texts if self.activity is None else {**texts, "activity": printed([self.activity])[0]}

    def strongest(self) -> tuple[list[int], list[int]]:
        """The inputs that spoke most for it, and those that spoke most against it, the strongest first."""
        order = np.argsort(-self.contributions, kind="stable")
        speaks_for = [int(i) for i in order[:MOST_NAMED] if self.contributions[i] > 0]
        against = [int(i) for i in order[::-1][:MOST_NAMED] if self.contributions[i] < 0]
        return speaks_for, against

    def receivers(self) -> list[int]:
        """The units of the next layer that are named: all in their order, or those it tells most."""
        if len(self.outgoing) <= MOST_RECEIVERS:
            return list(range(len(self.outgoing)))
        strongest: list[int] = np.argsort(-np.abs(self.outgoing), kind="stable")[:MOST_RECEIVERS].tolist()
        return strongest


def contributions(network: Network, trace: Trace, row: int, layer: int, unit: int) -> Contributions:
    """Those of a unit of affine layer `layer`, from 1, in a row of what was traced."""
    last = len(network.sizes) - 1
    weights = network.params[f"W{layer}"][:, unit]
    return Contributions(
        weights,
        weights * trace.inputs[layer - 1][row],
        float(network.params[f"b{layer}"][unit]),
        float(trace.sums[layer - 1][row, unit]),
        None if layer == last else float(trace.inputs[layer][row, unit]),
        weights[:0] if layer == last else network.params[f"W{layer + 1}"][unit],
    )


def printed(values: Sequence[float]) -> list[str]:
    """Numbers with as many decimals each: the greatest has about four digits.

    >>> printed([12.3456, -0.123, 0.0]), printed([1e-5]), printed([])
    (['12.35', '-0.12', '0.00'], ['0.00001000'], [])
    """
    decimals = _decimals(values)
    return [f"{value:.{DIGITS}g}" if decimals is None else f"{value:z.{decimals}f}" for value in values]


def printed_sum(first: float, second: float, total: float) -> tuple[str, str, str]:
    """Two numbers and their sum, each rounded, to as many decimals that they add up as printed: mostly four digits.

    >>> printed_sum(1.0004, 1.0004, 2.0008)
    ('1.0004', '1.0004', '2.0008')
    """
    numbers = (first, second, total)
    least = _decimals(numbers)
    texts = printed(numbers)
    for decimals in () if least is None else (least, least + 1, least + 2, max(least - 1, 0)):
        texts = [f"{number:z.{decimals}f}" for number in numbers]
        if Decimal(texts[0]) + Decimal(texts[1]) == Decimal(texts[2]):
            break
    return texts[0], texts[1], texts[2]


def _decimals(values: Sequence[float]) -> int | None:
    """How many the greatest of some numbers needs; None where decimals do not help."""
    greatest = max(map(abs, values), default=0.0)
    if not math.isfinite(greatest) or greatest >= 1e9:
        return None
    return min(max(DIGITS - 1 - math.floor(math.log10(greatest)), 0), 12) if greatest > 0 else 0
