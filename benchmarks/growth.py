"""How the time of one update grows with hidden size, batch size, depth and threads, for both engines; prints JSON."""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import numpy as np

import zerokara
from zerokara.engine import choose_engine
from zerokara.engine.compiled import usable_cores
from zerokara.training.optimizers import SGD

HIDDEN = (10, 50, 200, 1000, 4096)
BATCH = (1, 10, 100, 1000)
DEEPER = ((50, 50), (100, 50), (200, 200, 200))


def cases(tiny: bool) -> list[tuple[tuple[int, ...], int]]:
    """Hidden sizes × batch sizes, then deeper networks with batches of 100."""
    grid: list[tuple[tuple[int, ...], int]] = [((hidden,), batch) for hidden in HIDDEN for batch in BATCH]
    grid += [(hidden, 100) for hidden in DEEPER]
    return grid[:2] if tiny else grid


def seconds_per_update(
    engine: str, dataset: zerokara.Dataset, hidden: tuple[int, ...], batch: int, threads: int = 0
) -> float:
    """The median of nine chunks of about 20 ms each."""
    network = zerokara.Network([784, *hidden, 10], init=0.01, seed=0, dtype=np.float32)
    computing = choose_engine(engine, network, batch, threads=threads or None)
    rows = np.random.default_rng(0).integers(len(dataset.train), size=(4096, batch))
    stop, optimizer = np.zeros(1, np.uint8), SGD(0.01)
    count = 1
    times: list[float] = []
    while len(times) < 9:
        began = perf_counter()
        computing.advance(network, optimizer, dataset.train, rows[:count], stop=stop)
        seconds = perf_counter() - began
        if seconds < 0.02 and count < len(rows):
            count *= 2
        else:
            times.append(seconds / count)
    return float(np.median(times))


def main(tiny: str = "") -> None:
    dataset = zerokara.load("mnist")
    table: list[dict[str, Any]] = []
    for hidden, batch in cases(bool(tiny)):
        row: dict[str, Any] = {"hidden": hidden, "batch": batch}
        for engine in ("compiled", "reference", "auto"):
            row[engine] = seconds_per_update(engine, dataset, hidden, batch)
        table.append(row)
    threads = {n: seconds_per_update("compiled", dataset, (50,), 100, n) for n in range(1, usable_cores() + 1)}
    print(json.dumps({"growth": table, "threads": threads}))


if __name__ == "__main__":
    main(*sys.argv[1:])
