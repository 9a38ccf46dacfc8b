"""What every layer makes of an input, and what the network answers when some of its hidden units are switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.functions import softmax
from zerokara.nn.layers import Affine
from zerokara.nn.network import Network

Array = NDArray[Any]
Off = Mapping[int, Sequence[int]]
"""Layer, from 1 → its units that are switched off."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What every layer of a network made of its input, in the network's dtype.

    Attributes:
        inputs: of each affine layer, (n, fan_in): the network's, then the activity of each hidden layer.
        sums: x W + b of each affine layer, (n, fan_out); the last are the scores.
    """

    inputs: tuple[Array, ...]
    sums: tuple[Array, ...]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """(n, classes) softmax of the scores, in double precision, as `Run.predict` gives them."""
        return softmax(np.asarray(self.sums[-1], np.float64))


def traced(network: Network, x: Array, off: Off) -> Trace:
    """Send x (n, features) through copies of the layers; the activation of a unit that is switched off is set to 0."""
    inputs, sums = [x], []
    for layer in map(copy, network.layers):
        x = layer.forward(x)
        if isinstance(layer, Affine):
            sums.append(x)
        else:
            x = _without(x, off.get(len(sums), ()))
            inputs.append(x)
    return Trace(tuple(inputs), tuple(sums))


def _without(activity: Array, units: Sequence[int]) -> Array:
    if not units:
        return activity
    activity = activity.copy()  # the layer may have kept it
    activity[:, list(units)] = 0
    return activity
