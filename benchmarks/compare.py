"""Every peer, side by side in one run, each in a process of its own; `make bench`.

    python benchmarks/compare.py                  print the tables
    python benchmarks/compare.py --write          also write benchmarks/RESULTS.md and docs/benchmark.png
    python benchmarks/compare.py --tiny           a few updates of everything, to see that it works; figures say nothing
    python benchmarks/compare.py --without torch  leave PyTorch out, and say so in the tables

Peers take turns, so that a change in the machine's speed meets all of them; ratios are taken within a turn. Nothing is
measured unless all that was asked for is here, and nothing is written unless all of it was measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import tables
from environment import start_untuned
from peers import PEERS

from zerokara.data import whereabouts
from zerokara.errors import DataError, UsageError, ZerokaraError
from zerokara.files import replace_file
from zerokara.words import sentence, to_install

HERE = Path(__file__).parent
PACKAGES = {"torch": "torch", "jax": "jax", "sklearn": "scikit-learn"}
"""Modules of peers, and the packages that bring them."""


@dataclass(frozen=True)
class Failed:
    """A script that could not run, and the last line it said."""

    reason: str


@dataclass(frozen=True)
class LeftOut:
    """What was not asked for."""

    reason: str


def check_all_is_here(without: Collection[str]) -> Path:
    """The folder of MNIST. Raises ZerokaraError where something that is to be measured is not here."""
    missing = [name for module, name in PACKAGES.items() if module not in without and not _is_installed(module)]
    if missing:
        raise UsageError(
            sentence(
                "Not installed: {missing}. Nothing was measured or written. Install with: {install}. "
                "Or leave some out: --without {modules}",
                missing=", ".join(missing),
                install=to_install(*missing),
                modules=" ".join(module for module, name in PACKAGES.items() if name in missing),
            )
        )
    files = whereabouts("mnist")
    if not all(files.values()):
        raise DataError(
            sentence(
                "MNIST is not here: {names} are missing. Nothing was measured or written. Get it with: {command}. "
                "Or set ZEROKARA_DATA to a folder that has it.",
                names=", ".join(name for name, path in files.items() if path is None),
                command="zerokara data fetch mnist",
            )
        )
    return next(path for path in files.values() if path).parent


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


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


def left_out(what: str, without: Collection[str]) -> LeftOut | None:
    """Whether something that a table names is of a package that was not asked for."""
    words = {"torch": "torch", "jax": "jax", "sklearn": "scikit-learn"}
    for module in without:
        if words[module] in what.lower():
            return LeftOut(sentence("left out (--without {module})", module=module))
    return None


def train_all(turns: int, iterations: int, without: Collection[str]) -> dict[str, list[Any]]:
    """Name → what each turn measured."""
    results: dict[str, list[Any]] = {name: [] for name in (*PEERS, "roofline")}
    for turn in range(turns):
        for name in results:
            print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr, flush=True)
            results[name].append(left_out(name, without) or run_json("peers.py", name, str(iterations)))
    return results


def whole_processes(turns: int, iterations: int, without: Collection[str]) -> dict[str, list[Any]]:
    """Whole processes, from nothing to a trained network on disk, and smaller ones."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as out:
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
        for turn in range(turns):
            for name, command in commands.items():
                print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr, flush=True)
                results[name].append(left_out(name, without) or seconds_of(*command))
    return results


def failures(*results: Any) -> Iterator[str]:
    """What was to be measured and was not."""
    for result in results:
        if isinstance(result, Failed):
            yield result.reason
        elif isinstance(result, dict):
            for name, entry in result.items():
                yield from (f"{name}: {run.reason}" for run in (entry if isinstance(entry, list) else [entry])[:1]
                            if isinstance(run, Failed))  # fmt: skip


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


def measure(turns: int, iterations: int, tiny: bool, without: Collection[str]) -> tuple[str, bytes, list[str]]:
    """The page, the picture, and what could not be measured."""
    trained, whole = train_all(turns, iterations, without), whole_processes(turns, iterations, without)
    absent = left_out("torch", without)
    numerical = run_json("numerical.py", "40" if tiny else "4000", absent.reason if absent else "")
    growth = run_json("growth.py", *(["tiny"] if tiny else []))
    problems = list(failures(trained, whole, numerical, growth))
    if problems:
        return "", b"", problems
    text = tables.document(
        without=f" Left out: {', '.join(without)}." if without else "",
        command=" ".join(["python", "benchmarks/compare.py", *sys.argv[1:]]),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        training=tables.training(trained, iterations),
        whole=tables.whole(whole),
        numerical=tables.numerical(numerical),
        growth=tables.growth(growth),
    )
    return text, tables.picture(trained), problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--without", nargs="+", choices=PACKAGES, default=[])
    parser.add_argument(
        "--to", type=Path, default=HERE.parent, help="the folder with benchmarks/ and docs/ to write to"
    )
    options = parser.parse_args()
    try:
        os.environ["ZEROKARA_DATA"] = str(check_all_is_here(options.without))
    except ZerokaraError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return error.exit_status
    turns, iterations = (1, 20) if options.tiny else (options.turns, 10_000)
    text, picture, problems = measure(turns, iterations, options.tiny, options.without)
    for problem in problems:
        print(f"compare.py: not measured: {problem}. Nothing was written.", file=sys.stderr)
    if problems:
        return 1
    print(text)
    if options.write:
        replace_file(options.to / "benchmarks" / "RESULTS.md", [text.encode()])
        replace_file(options.to / "docs" / "benchmark.png", [picture])
    return 0


if __name__ == "__main__":
    start_untuned()
    sys.exit(main())
