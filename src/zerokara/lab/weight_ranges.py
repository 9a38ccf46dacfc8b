"""How far around a weight to look: far enough to see the loss change, and the way that it went while training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.subject import Subject
from zerokara.nn.network import Network
from zerokara.nn.one_weight import Weight, losses_along

Array = NDArray[Any]
Floats = NDArray[np.float64]

RANGES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Halves of the widths that are tried."""
FLAT = 1.0
"""Where the loss changes nowhere."""
VISIBLE = 0.1
"""By how much of itself the loss must change somewhere."""
ROOM = 1.1
WAY = 1.6
"""How much wider than the way of two weights a map of them is."""
SHORTEST_WAY = 1e-3
MOST_PLACES = 500


@np.errstate(all="ignore")
def adaptive_range(network: Network, x: Array, t: Array, weight: Weight) -> float:
    """Half the width at which the loss changes visibly along a weight, at most 10; network: in float64."""
    value, tried = weight.value(network), np.array(RANGES)
    losses = losses_along(network, x, t, weight, np.concatenate([[value], value - tried, value + tried]))
    changes = np.abs(losses[1:] - losses[0]).reshape(2, -1).max(axis=0)
    enough = np.flatnonzero(changes > VISIBLE * abs(losses[0]))
    if len(enough):
        return float(tried[enough[0]])
    return FLAT if (changes == 0).all() else float(tried[-1])


def range_of_map(network: Network, x: Array, t: Array, path: Floats, weight: Weight, other: Weight) -> float:
    """Half the width of a map that shows the way of two weights; where they went none, what changes visibly."""
    way = float(np.abs(path[:, :2] - path[-1, :2]).max())
    if way > SHORTEST_WAY:
        return WAY * way
    return max(adaptive_range(network, x, t, one) for one in (weight, other))


def around(value: float, half: float, points: int) -> Floats:
    """An odd number of values around one, itself exactly in the middle."""
    steps = np.arange(points) - points // 2
    return value + half * steps / (points // 2)


def path_of(subject: Subject, weight: Weight, other: Weight) -> Floats:
    """What two weights were while training, where it was kept, and are now: (m, 3), both and the iteration."""
    moments = [moment for moment in subject.moments if moment.iteration < subject.iteration]
    kept = moments[:: max(1, -(-len(moments) // MOST_PLACES))]
    earlier = [
        [*(float(moment.params[at.name][at.index]) for at in (weight, other)), moment.iteration] for moment in kept
    ]
    now = [weight.value(subject.network), other.value(subject.network), subject.iteration]
    return np.array([*earlier, now], np.float64)
