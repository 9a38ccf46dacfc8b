"""How the time of one update grows with hidden size, batch size, depth and threads, for both engines; prints JSON.

python benchmarks/growth.py             the whole table, some two minutes
python benchmarks/growth.py tiny        two of its lines
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import numpy as np
from environment import matrix_libraries, start_untuned

import zerokara
from zerokara.engine import choose_engine
from zerokara.engine.compiled import CompiledEngine, usable_cores
from zerokara.engine.contract import Engine
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
    engines: dict[str, Engine], dataset: zerokara.Dataset, hidden: tuple[int, ...], batch: int
) -> dict[str, float]:
    """For each engine the median of nine chunks of about 20 ms.

    They take turns, so that all meet the machine in the same moods; but NumPy comes last, because the threads of its
    matrix library go on spinning for a while and would keep a core from the next.
    """
    rows = np.random.default_rng(0).integers(len(dataset.train), size=(4096, batch))
    stop = np.zeros(1, np.uint8)

    def chunk(engine: Engine, network: zerokara.Network, count: int) -> float:
        began = perf_counter()
        engine.advance(network, SGD(0.01), dataset.train, rows[:count], stop=stop)
        return perf_counter() - began

    def turns(some: list[str]) -> dict[str, float]:
        networks = {name: zerokara.Network([784, *hidden, 10], init=0.01, seed=0, dtype=np.float32) for name in some}
        counts = dict.fromkeys(some, 1)
        for name in some:
            while chunk(engines[name], networks[name], counts[name]) < 0.02 and counts[name] < len(rows):
                counts[name] *= 2
        rounds = [
            {name: chunk(engines[name], networks[name], counts[name]) / counts[name] for name in some} for _ in range(9)
        ]
        return {name: float(np.median([each[name] for each in rounds])) for name in some}

    numpy = [name for name, engine in engines.items() if engine.name == "reference"]
    return {**turns([name for name in engines if name not in numpy]), **turns(numpy)}


def main(tiny: str = "") -> None:
    dataset = zerokara.load("mnist")
    table: list[dict[str, Any]] = []
    for hidden, batch in cases(bool(tiny)):
        network = zerokara.Network([784, *hidden, 10], dtype=np.float32)
        engines = {name: choose_engine(name, network, batch) for name in ("compiled", "reference", "auto")}
        table.append({"hidden": hidden, "batch": batch, **seconds_per_update(engines, dataset, hidden, batch)})
    by_threads: dict[str, Engine] = {str(n): CompiledEngine(n) for n in range(1, usable_cores() + 1)}
    threads = seconds_per_update(by_threads, dataset, (50,), 100)
    print(json.dumps({"growth": table, "threads": threads, "matrix library": matrix_libraries()}))


if __name__ == "__main__":
    start_untuned()
    main(*sys.argv[1:])
