"""How large weights, gradients and updates are, layer by layer."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.snapshot import Snapshot

SAMPLES = 100
"""Of the batch that gradients are computed of; always the same ones, so that two moments can be compared."""


@np.errstate(all="ignore")  # a network that goes astray has numbers that are not finite
def layer_sizes(snapshot: Snapshot, x: NDArray[Any], t: NDArray[Any]) -> list[dict[str, Any]]:
    """The Euclidean norms √Σ w² of each layer's weights, of their gradient, and of the update it would make next.

    Args:
        x: (n, features) samples; t: (n,) labels.

    Returns:
        For each layer {name, weights, gradient, update}; name is that of the weights, such as "W1".
    """
    network, optimizer = snapshot.network.copy(), deepcopy(snapshot.optimizer)
    _, gradients = network.loss_and_gradient(x, t)
    before = {name: array.copy() for name, array in network.params.items()}
    optimizer.update(network.params, gradients)
    return [
        {
            "name": name,
            "weights": _norm(before[name]),
            "gradient": _norm(gradients[name]),
            "update": _norm(network.params[name] - before[name]),
        }
        for name in network.params
        if name.startswith("W")
    ]


def _norm(array: NDArray[Any]) -> float:
    return float(np.linalg.norm(array.astype(np.float64, copy=False)))
