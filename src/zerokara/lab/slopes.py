"""Both slopes of the loss by one weight: the central difference, evaluated as the textbook's loop does, and backprop's.

Nothing here is a formula for an error: the loss is evaluated at w + h and w - h, in the network's own precision, and
whatever is rounded on the way is rounded here too (textbook, chapter 4.3.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.network import Network
from zerokara.nn.numerical import evaluated_beside
from zerokara.nn.one_weight import Weight, switched

Array = NDArray[Any]

STEPS = (1.0, *(float(f"{digit}e-{power}") for power in range(1, 13) for digit in (5, 2, 1)))
"""What h may be: 1, 0.5, 0.2, 0.1, … down to 1e-12."""

NOISE = 32.0
"""How many ε of a loss its rounding is taken to be at most, as in `zerokara.nn.check`."""


@dataclass(frozen=True)
class Slopes:
    """A weight w, the two points beside it, and both slopes; numbers as the network's precision has them.

    Attributes:
        h: the step.
        below_at, at, above_at: w - h, w and w + h.
        below, loss, above: the loss at these.
        numerical: (above - below) / 2h.
        backprop: by backpropagation.
        epsilon: of the precision.
    """

    h: float
    below_at: float
    at: float
    above_at: float
    below: float
    loss: float
    above: float
    numerical: float
    backprop: float
    epsilon: float

    @property
    def error(self) -> float:
        """|numerical - backprop|."""
        return abs(self.numerical - self.backprop)

    @property
    def is_finite(self) -> bool:
        """Whether all of it can be shown."""
        return all(map(math.isfinite, (self.below, self.loss, self.above, self.numerical, self.backprop)))

    @property
    def noise(self) -> float:
        """How much of the error rounding may account for: that of both losses, and that of w ± h."""
        size = NOISE * max(abs(self.below), abs(self.above)) + abs(self.backprop * self.at)
        return self.epsilon * size / self.h


@np.errstate(all="ignore")  # what is not finite is told
def slopes(network: Network, x: Array, t: Array, weight: Weight, h: float) -> Slopes:
    """Both slopes by a weight of the network where it is; the network is as before afterwards.

    Args:
        network: in the precision that it is to be done in.
        x, t: as for `Network.loss`; h: positive.
    """
    array, index = network.params[weight.name], weight.index
    above, below = evaluated_beside(lambda _: network.loss(x, t), array, index, h)
    backprop = network.gradient(x, t)[weight.name][index]
    return Slopes(
        h=h,
        below_at=float(array[index] - h),
        at=weight.value(network),
        above_at=float(array[index] + h),
        below=below,
        loss=network.loss(x, t),
        above=above,
        numerical=_quotient(network, above, below, h),
        backprop=float(backprop),
        epsilon=float(np.finfo(network.dtype).eps),
    )


def outlasts_rounding(network: Network, x: Array, t: Array, weight: Weight, found: Slopes) -> bool:
    """Whether most of an error has another cause, though it is no more than what rounding may do.

    In float32 float64 says so. In float64 four times the step does, where rounding cannot do that much any more: the
    error there is sixteen times as large if it is that of a bend (it grows with h²).
    """
    if not found.error <= found.noise:
        return False
    if network.dtype != np.float64:
        return slopes(network.copy("float64"), x.astype(np.float64), t, weight, found.h).error > found.error / 2
    wide = slopes(network, x, t, weight, 4 * found.h)
    return wide.error > wide.noise and found.error / 2 < wide.error / 16 < 2 * found.error


@np.errstate(all="ignore")
def errors(network: Network, x: Array, t: Array, weight: Weight, steps: Sequence[float]) -> NDArray[np.float64]:
    """|numerical - backprop| for several h: (m, 2), h and the error."""
    array, index = network.params[weight.name], weight.index
    backprop = float(network.gradient(x, t)[weight.name][index])
    found = []
    for h in steps:
        above, below = evaluated_beside(lambda _: network.loss(x, t), array, index, h)
        found.append((h, abs(_quotient(network, above, below, h) - backprop)))
    return np.array(found).reshape(-1, 2)


@np.errstate(all="ignore")
def kinks_between(network: Network, x: Array, weight: Weight, h: float) -> int:
    """How many ReLUs, each counted once for each sample, switch from w - h to w + h."""
    value = network.params[weight.name][weight.index]
    return switched(weight.placed(network, value - h), weight.placed(network, value + h), x)


def _quotient(network: Network, above: float, below: float, h: float) -> float:
    """The difference quotient as an array of the network's precision keeps it."""
    return float(network.dtype.type((above - below) / (2 * h)))
