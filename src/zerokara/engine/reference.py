"""The reference engine: NumPy, composed of nn. Short and obvious; the definition that others are tested against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.engine.contract import Optimizer
from zerokara.nn.functions import decided
from zerokara.nn.network import Network, central_differences

ROWS_AT_ONCE = 1_000
"""Samples predicted together: few enough that their activations stay in the processor's cache."""


class ReferenceEngine:
    """See `zerokara.engine.contract.Engine`. It computes in the calling thread; `threads` is there for the contract."""

    name = "reference"

    def __init__(self, threads: int | None = None) -> None:
        del threads  # NumPy's matrix library has a number of its own

    def advance(
        self,
        network: Network,
        optimizer: Optimizer,
        split: Split,
        batches: NDArray[np.int64],
        *,
        gradient: str = "backprop",
        stop: NDArray[np.uint8],
    ) -> NDArray[np.float64]:
        losses: list[float] = []
        for batch in batches:
            if stop[0]:
                break
            x, t = split.rows(batch, network.dtype), split.t[batch]
            loss, grads = network.loss_and_gradient(x, t)
            if gradient == "numerical":
                grads = self.numerical_gradient(network, x, t, stop=stop)
                if stop[0]:
                    break
            optimizer.update(network.params, grads)
            losses.append(loss)
        return np.array(losses)

    def predict(self, network: Network, split: Split) -> NDArray[Any]:
        parts = [split.part(start, start + ROWS_AT_ONCE) for start in range(0, len(split), ROWS_AT_ONCE)]
        return np.concatenate([network.predict(part.x) for part in parts])

    def classify(self, network: Network, split: Split) -> NDArray[np.int64]:
        return decided(self.predict(network, split))

    def numerical_gradient(
        self,
        network: Network,
        x: NDArray[Any],
        t: NDArray[Any],
        *,
        h: float = 1e-4,
        only: str | None = None,
        stop: NDArray[np.uint8] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        return central_differences(network, x, t, h=h, only=only, stop=stop)
