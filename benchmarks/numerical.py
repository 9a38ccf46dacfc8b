"""The full numerical gradient of 784-50-10 for a batch of 100, by every way we know; prints JSON.

The plain loop is the definition. PyTorch's best is a batch of forward passes: `vmap` over perturbed first-layer
weights; it is timed on some of the weights and scaled to all of them, which is said in the table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from environment import start_untuned
from workload import SIZES

import zerokara
from zerokara.engine import choose_engine
from zerokara.nn.numerical import numerical_gradient

H = 1e-4


def fastest(do: Callable[[], Any], repeats: int) -> float:
    """The median of some repeats, in seconds, after one warm-up."""
    do()
    times = []
    for _ in range(repeats):
        began = perf_counter()
        do()
        times.append(perf_counter() - began)
    return float(np.median(times))


def main(weights_of_loop: str = "4000", without: str = "") -> None:
    dataset = zerokara.load("mnist")
    x, t = dataset.train.x[:100].astype(np.float64), dataset.train.t[:100]
    network = zerokara.Network(SIZES, activation="sigmoid", seed=0)
    rows: dict[str, dict[str, Any]] = {}
    for name in ("compiled", "reference"):
        try:
            engine = choose_engine(name, network, 100)
        except zerokara.ZerokaraError as error:
            rows[f"zerokara {name}"] = {"missing": str(error)}
            continue
        rows[f"zerokara {name}"] = {"seconds": fastest(partial(engine.numerical_gradient, network, x, t), 21)}
    rows["plain loop (the definition)"] = _loop(network, x, t, int(weights_of_loop))
    rows["PyTorch, vmap over weights"] = {"missing": without} if without else _torch(network, x, t)
    print(json.dumps(rows))


def _loop(network: zerokara.Network, x: Any, t: Any, count: int) -> dict[str, Any]:
    """Two losses per weight, on the first `count` weights of W1, scaled to all 39,760."""
    total = sum(p.size for p in network.params.values())
    part = network.params["W1"].reshape(-1)[:count]
    began = perf_counter()
    numerical_gradient(lambda _: network.loss(x, t), part, h=H)
    return {"seconds": (perf_counter() - began) * total / count, "scaled_from": count}


def _torch(network: zerokara.Network, x: Any, t: Any, count: int = 512, at_once: int = 64) -> dict[str, Any]:
    try:
        import torch
    except ImportError:
        return {"missing": "pip install torch"}
    W1, b1, W2, b2 = (torch.from_numpy(p.copy()) for p in network.params.values())
    data, labels = torch.from_numpy(x), torch.from_numpy(t.astype(np.int64))

    def loss(index: Any, step: float) -> Any:
        moved = W1 + step * (torch.arange(W1.numel()) == index).reshape(W1.shape)
        scores = torch.sigmoid(data @ moved + b1) @ W2 + b2
        return torch.nn.functional.cross_entropy(scores, labels)

    difference = torch.vmap(lambda index: (loss(index, H) - loss(index, -H)) / (2 * H))
    difference(torch.arange(at_once))
    began = perf_counter()
    for start in range(0, count, at_once):
        difference(torch.arange(start, start + at_once))
    total = sum(p.size for p in network.params.values())
    return {"seconds": (perf_counter() - began) * total / count, "scaled_from": count}


if __name__ == "__main__":
    start_untuned()
    main(*sys.argv[1:])
