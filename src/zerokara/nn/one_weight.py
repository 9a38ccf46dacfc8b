"""One weight of a network: the loss along it, over it and another one, and the ReLUs that switch beside it.

The derivative by it is where the textbook begins (chapter 4.3). A weight that moves takes one unit of its layer with
it and nothing of what comes before, so that many values of it are tried at once; see `zerokara.nn.numerical`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.finalization import working
from zerokara.nn.arguments import is_integer
from zerokara.nn.network import Network
from zerokara.nn.numerical import ELEMENTS_AT_ONCE, ForwardPass
from zerokara.words import sentence

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weight:
    """A weight or a bias by its place: `network.params[name][index]`.

    Attributes:
        name: "W1", "b1", "W2", …
        index: (input, unit) of a weight, (unit,) of a bias.
    """

    name: str
    index: tuple[int, ...]

    @classmethod
    def of(cls, network: Network, name: Any, index: Any) -> Self:
        """The one that somebody asks for. Raises UsageError where there is none.

        >>> Weight.of(Network([784, 50, 10]), "W1", [405, 49])
        Weight(name='W1', index=(405, 49))
        """
        if not isinstance(name, str) or name not in network.params:
            raise unknown_name("parameter", name[:40] if isinstance(name, str) else name, network.params)
        shape = network.params[name].shape
        places = tuple(index) if isinstance(index, list | tuple) else ()
        if len(places) != len(shape) or not all(
            is_integer(at) and 0 <= at < size for at, size in zip(places, shape, strict=True)
        ):
            raise UsageError(
                sentence(
                    "The index of a weight in {name} must be {n} whole numbers below {shape}, counted from 0. "
                    "Got {got!r:.80}.",
                    name=name,
                    n=len(shape),
                    shape=shape,
                    got=index,
                ),
                "wrong-value",
            )
        return cls(name, places)

    @property
    def layer(self) -> int:
        """Of the affine layers, from 0."""
        return int(self.name[1:]) - 1

    @property
    def unit(self) -> int:
        """The one that it leads to."""
        return self.index[-1]

    @property
    def is_bias(self) -> bool:
        """Biases have no weight decay, and their input is always 1."""
        return len(self.index) == 1

    def value(self, network: Network) -> float:
        """What it is in a network."""
        return float(network.params[self.name][self.index])

    def inputs(self, passed: ForwardPass) -> Floats:
        """What it is multiplied by in each sample, (n,)."""
        if self.is_bias:
            return np.ones(passed.targets.shape[1])
        return np.asarray(passed.inputs[self.layer][self.index[0]], np.float64)

    def scores(self, passed: ForwardPass) -> Floats:
        """What its unit gets in each sample, before activation, (n,)."""
        return np.asarray(passed.scores[self.layer][self.unit], np.float64)

    def placed(self, network: Network, value: float) -> Network:
        """A copy of the network in which it has another value."""
        moved = network.copy()
        moved.params[self.name][self.index] = value
        return moved


@working()
def losses_along(network: Network, x: Array, t: Array, weight: Weight, values: Floats) -> Floats:
    """L where a weight has these values and all else stays, weight decay included; up to rounding.

    Args:
        network: in float64; it stays as it is.
        x, t: as for `Network.loss`.
        values: (m,).

    Returns:
        (m,), NaN or infinite where the loss is.
    """
    if not network.can_move_units:
        return losses_by_definition(network, x, t, weight, values)
    passed, before = network._forward_pass(x, t), weight.value(network)
    inputs = weight.inputs(passed)
    rows = np.flatnonzero(inputs)  # all others stay where they are
    losses_now = passed.losses(passed.scores[-1])
    sums = np.full(len(values), np.delete(losses_now, rows).sum())
    widest = max(map(len, passed.scores[weight.layer :]))
    at_once = max(1, ELEMENTS_AT_ONCE // (max(1, len(rows)) * widest))
    for start in range(0, len(values) if len(rows) else 0, at_once):
        part = values[start : start + at_once]
        shifts = np.outer(part - before, inputs[rows])
        moved = passed.samples(np.tile(rows, len(part)))
        losses = moved.losses_after(weight.layer, weight.unit, shifts.reshape(-1))
        sums[start : start + at_once] += losses.reshape(shifts.shape).sum(axis=1)
    decay = 0.0 if weight.is_bias else network.weight_decay
    penalties: Floats = network._penalty() + 0.5 * decay * (values - before) * (values + before)
    return sums / len(losses_now) + penalties


def losses_by_definition(network: Network, x: Array, t: Array, weight: Weight, values: Floats) -> Floats:
    """The same by evaluating the whole network at each value, (m,): to the last bit what the textbook's loop sees."""
    moved = network.copy()
    losses = np.empty(len(values))
    for at, value in enumerate(values.tolist()):
        moved.params[weight.name][weight.index] = value
        losses[at] = moved.loss(x, t)
    return losses


def losses_over(
    network: Network, x: Array, t: Array, weight: Weight, values: Floats, other: Weight, others: Floats
) -> Floats:
    """L where two weights have these values, (len(others), len(values)); all else as for `losses_along`."""
    return np.array(
        [losses_along(other.placed(network, value), x, t, weight, values) for value in others.tolist()]
    ).reshape(len(others), len(values))


def switches_along(network: Network, x: Array, t: Array, weight: Weight) -> Floats:
    """The values of a weight at which a ReLU of its own unit switches in one of the samples, sorted: kinks of the loss.

    None where the unit has no kink, or where what it computes is not known.
    """
    at = 2 * weight.layer + 1
    if not network.can_move_units or at >= len(network.layers) or not getattr(network.layers[at], "jump", 0.0):
        return np.empty(0)
    passed = network._forward_pass(x, t)
    inputs = weight.inputs(passed)
    rows = np.flatnonzero(inputs)
    switches = np.unique(weight.value(network) - weight.scores(passed)[rows] / inputs[rows])
    return switches[np.isfinite(switches)]


def switched(below: Network, above: Network, x: Array) -> int:
    """How many ReLUs are on in one of two networks and off in the other, each counted once for each sample."""
    return sum(int((one != other).sum()) for one, other in zip(_gates(below, x), _gates(above, x), strict=True))


@working()
def _gates(network: Network, x: Array) -> list[NDArray[np.bool_]]:
    """Which activations with a kink at 0 are on, (n, units) of each layer that has such."""
    gates, out = [], x
    for layer in network.copy().layers:
        if getattr(layer, "jump", 0.0):
            gates.append(out > 0)
        out = layer.forward(out.copy())
    return gates


def is_multiplied_by_nothing(network: Network, x: Array, t: Array, weight: Weight) -> bool:
    """Whether the samples cannot move with a weight: its input is 0 in all of them."""
    return network.can_move_units and not weight.inputs(network._forward_pass(x, t)).any()


def is_off(network: Network, x: Array, t: Array, weight: Weight) -> bool:
    """Whether the unit that a weight leads to is a ReLU which is off in all samples."""
    at = 2 * weight.layer + 1
    if not network.can_move_units or at >= len(network.layers) or getattr(network.layers[at], "jump", 0.0) != 1:
        return False
    return bool((weight.scores(network._forward_pass(x, t)) <= 0).all())
