"""Every peer, side by side in one run, each in a process of its own; `make bench`.

    python benchmarks/compare.py            print the tables
    python benchmarks/compare.py --write    also write benchmarks/RESULTS.md and docs/benchmark.png
    python benchmarks/compare.py --tiny     a few updates of everything, to see that it works; figures mean nothing

Peers take turns, so that a change in the machine's speed meets all of them; ratios are taken within a turn.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import tables
from peers import PEERS

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Failed:
    """A script that could not run, and the last line it said."""

    reason: str


def run_json(script: str, *arguments: str) -> Any:
    """What a script of this folder prints as JSON, or why it did not."""
    done = subprocess.run([sys.executable, script, *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        return Failed((done.stderr.strip().splitlines() or ["no word"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def seconds_of(*command: str) -> float | Failed:
    """How long a whole process takes."""
    began = perf_counter()
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    seconds = perf_counter() - began
    return Failed((done.stderr.strip().splitlines() or ["no word"])[-1]) if done.returncode else seconds


def train_all(turns: int, iterations: int) -> dict[str, list[Any]]:
    """Name → what each turn measured."""
    results: dict[str, list[Any]] = {name: [] for name in (*PEERS, "roofline")}
    for turn in range(turns):
        for name in results:
            print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr, flush=True)
            results[name].append(run_json("peers.py", name, str(iterations)))
    return results


def whole_processes(turns: int, iterations: int) -> dict[str, list[Any]]:
    """Whole processes, from nothing to a trained network on disk, and smaller ones."""
    python = sys.executable
    out = f"/tmp/zerokara-bench-{datetime.now(UTC):%H%M%S}"
    train = (python, "-m", "zerokara", "train", "--quiet", "--no-plots", "--out", out)
    commands = {
        "zerokara train mnist --quiet --no-plots": (*train, "mnist", "--iterations", str(iterations)),
        "the smallest PyTorch script": (python, "smallest_torch.py"),
        "zerokara train digits --quiet --no-plots": (*train, "digits"),
        "python -c 'import zerokara'": (python, "-c", "import zerokara"),
        "python -c 'import numpy'": (python, "-c", "import numpy"),
        "python -c 'import torch'": (python, "-c", "import torch"),
        "load MNIST, cached": (python, "-c", "import zerokara; zerokara.load('mnist')"),
    }
    results: dict[str, list[Any]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            results[name].append(seconds_of(*command))
    return results


def machine() -> str:
    """The processor's name and number of cores, and the versions that matter."""
    import numpy as np

    from zerokara.engine.compiled import usable_cores

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{processor}, {usable_cores()} cores, {platform.system()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    turns, iterations = (1, 20) if options.tiny else (options.turns, 10_000)
    trained = train_all(turns, iterations)
    text = tables.document(
        command=" ".join(["python", "benchmarks/compare.py", *sys.argv[1:]]),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        training=tables.training(trained, iterations),
        whole=tables.whole(whole_processes(turns, iterations)),
        numerical=tables.numerical(run_json("numerical.py", *(["40"] if options.tiny else []))),
        growth=tables.growth(run_json("growth.py", *(["tiny"] if options.tiny else []))),
    )
    print(text)
    if options.write:
        (HERE / "RESULTS.md").write_text(text)
        tables.picture(trained, HERE.parent / "docs" / "benchmark.png")


if __name__ == "__main__":
    main()
