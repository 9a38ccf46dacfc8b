"""Kill runs at random moments and see that none is lost: `make soak`.

Every run is trained by processes that are killed (SIGKILL), terminated (SIGTERM) or interrupted (SIGINT) at random
moments: while Python starts, before the first checkpoint, in the middle of writing one, during the last files. After
every kill the newest checkpoint must be whole and no older than before; a run that is done must equal, byte for byte,
the same run that nobody disturbed. Runs go through every engine that is here, all optimizers, samplings and losses.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zerokara.engine.compiled import core
from zerokara.errors import RunError
from zerokara.runs.store import newest
from zerokara.runs.untrusted import NothingBegun, read_recipe

EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SHAPE = ["--batch-size", "20", "--hidden", "8", "--evaluate-every", "1100", "--no-plots", "--quiet"]
UPDATES = {"reference": "4000", "compiled": "60000"}
"""Some second of training."""

CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
import zerokara.runs.checkpointer as checkpointer
from zerokara.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
checkpointer.SECONDS_BETWEEN, checkpointer.SHARE = {between}, 1.0
sys.exit(main())
"""
"""Checkpoints come more often than every two seconds, so that many a kill strikes while one is written. While modules
are imported SIGINT just ends the process: a KeyboardInterrupt in the import of NumPy comes out as an ImportError."""


@dataclass
class Soak:
    """What has happened so far."""

    kills: Counter[str] = field(default_factory=Counter)
    landed: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    failures: list[str] = field(default_factory=list)


def recipes() -> Iterator[list[str]]:
    """Options of one run after the other, each engine and optimizer in turn."""
    engines = [engine for engine in UPDATES if engine != "compiled" or core() is not None]
    optimizers = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"]
    samplings = itertools.cycle(["replacement", "distinct", "epoch", "replacement", "epoch"])
    losses = itertools.cycle(["cross-entropy", "textbook", "squared"])
    for seed in itertools.count():
        for optimizer, engine in itertools.product(optimizers, engines):
            yield [
                "--iterations",
                UPDATES[engine],
                "--engine",
                engine,
                "--optimizer",
                optimizer,
                "--sampling",
                next(samplings),
                "--loss",
                next(losses),
                "--seed",
                str(seed),
            ]


def start(out: Path, name: str, options: list[str], between: float) -> subprocess.Popen[str]:
    """A process that trains the run, from wherever it stands."""
    words = ["train", "digits", "--out", str(out), "--name", name, "--resume-or-start", *SHAPE, *options]
    child = [sys.executable, "-c", CHILD.format(between=between), *words]
    return subprocess.Popen(child, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def undisturbed(out: Path, options: list[str]) -> float:
    """Train the run that the others are compared with; its seconds."""
    began = time.perf_counter()
    process = start(out, "whole", options, 2.0)
    _, err = process.communicate()
    if process.returncode:
        raise SystemExit(f"the undisturbed run failed: {err}")
    return time.perf_counter() - began


def disturbed(out: Path, options: list[str], seconds: float, soak: Soak, most: int, rng: random.Random) -> None:
    """Train one run with kills until it is done, or until there were `most` kills."""
    path, reached = out / "run", -1
    while True:
        process = start(out, "run", options, rng.choice([0.0, 0.003, 0.03]))
        if soak.kills.total() < most:
            kill(process, path, seconds, soak, rng)
        _, err = process.communicate()
        if process.returncode == 0:
            break
        starting = err.rstrip().endswith(
            "KeyboardInterrupt"
        )  # Python itself was starting, or ending: `main` catches it
        if not starting and process.returncode not in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 130):
            soak.failures.append(f"{options}: exit {process.returncode}: {err.strip()[-500:]}")
            return
        now = stands_at(path, soak)
        if now < reached:
            soak.failures.append(f"{options}: fell back from update {reached} to {now}")
        reached = now
    soak.runs += 1
    for name in EXACT:
        if (path / name).read_bytes() != (out / "whole" / name).read_bytes():
            soak.failures.append(f"{options}: {name} differs")


def kill(process: subprocess.Popen[str], path: Path, seconds: float, soak: Soak, rng: random.Random) -> None:
    """One signal at a random moment, sometimes a second one soon after."""
    time.sleep(rng.uniform(0, 1.1 * seconds))
    number = rng.choice(SIGNALS)
    if process.poll() is None:
        soak.kills[number.name] += 1
        process.send_signal(number)
        if rng.random() < 0.3 and number != signal.SIGKILL:
            time.sleep(rng.uniform(0, 0.02))
            if process.poll() is None:
                process.send_signal(rng.choice(SIGNALS))


def stands_at(path: Path, soak: Soak) -> int:
    """The update that the newest checkpoint holds; -1 where nothing had begun. A damaged one is a failure."""
    if not path.exists():
        soak.landed["before there was a folder"] += 1
        return -1
    try:
        checkpoint, passed_over = newest(path, read_recipe(path))
    except NothingBegun:
        soak.landed["before the first checkpoint"] += 1
        return -1
    except RunError as error:
        soak.failures.append(str(error))
        return -1
    soak.failures += map(str, passed_over)
    unfinished = any(path.rglob("*.part"))
    soak.landed["while a file was written" if unfinished else f"in state {checkpoint.state}"] += 1
    return checkpoint.iteration


def main() -> int:
    """Soak, and print what happened; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    soak, rng, began = Soak(), random.Random(arguments.seed), time.perf_counter()
    for options in recipes():
        if soak.kills.total() >= arguments.kills or soak.failures:
            break
        with tempfile.TemporaryDirectory(prefix="zerokara-soak-") as folder:
            seconds = undisturbed(Path(folder), options)
            disturbed(Path(folder), options, seconds, soak, arguments.kills, rng)
    print(f"{soak.kills.total()} kills {dict(soak.kills)} in {soak.runs} runs, {time.perf_counter() - began:.0f} s")
    print(f"they struck: {dict(soak.landed)}")
    for failure in soak.failures:
        print(f"LOST: {failure}")
    print(
        f"{len(soak.failures)} lost; every run that was completed equals the undisturbed one"
        if not soak.failures
        else ""
    )
    return 1 if soak.failures else 0


if __name__ == "__main__":
    sys.exit(main())
