"""How large weights, gradients and updates are, layer by layer."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.engine.contract import Engine
from zerokara.lab.snapshot import Snapshot
from zerokara.training.optimizers import Momentum, Optimizer

SAMPLES = 100
"""Of the batch that gradients are computed of; always the same ones, so that two moments can be compared."""


@np.errstate(all="ignore")  # a network that goes astray has numbers that are not finite
def layer_sizes(snapshot: Snapshot, engine: Engine, batch: Split) -> list[dict[str, Any]]:
    """The Euclidean norms √Σ w² of each layer's weights, of their gradient, and of the update it would make next.

    The engine computes them, which is many times as fast as NumPy, whose matrix library would take the threads of the
    training that goes on beside this.

    Args:
        batch: the samples that gradients are computed of.

    Returns:
        For each layer {name, weights, gradient, update}; name is that of the weights, such as "W1".
    """
    before = snapshot.network.params
    descent = Momentum(learning_rate=1.0, momentum=0.0)  # after one update v = -gradient, to the bit
    _updated(snapshot, descent, engine, batch)
    after = _updated(snapshot, deepcopy(snapshot.optimizer), engine, batch)
    return [
        {
            "name": name,
            "weights": _norm(before[name]),
            "gradient": _norm(descent.state["v"][name]),
            "update": _norm(after[name] - before[name]),
        }
        for name in before
        if name.startswith("W")
    ]


def fixed_batch(split: Split, rows: NDArray[np.int64]) -> Split:
    """The samples of these indices, at most a hundred, as a split of their own."""
    some = rows[:SAMPLES]
    return Split(np.ascontiguousarray(split.pixels[some]), split.t[some].astype(np.int64), split.full)


def _updated(snapshot: Snapshot, optimizer: Optimizer, engine: Engine, batch: Split) -> dict[str, NDArray[Any]]:
    """The weights after one update by this batch."""
    network = snapshot.network.copy()
    engine.advance(network, optimizer, batch, np.arange(len(batch))[np.newaxis], stop=np.zeros(1, np.uint8))
    return network.params


def _norm(array: NDArray[Any]) -> float:
    return math.sqrt(float(np.square(array, dtype=np.float64).sum()))
