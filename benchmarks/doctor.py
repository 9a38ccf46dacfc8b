"""Does the doctor name what is wrong with a training, and is it silent where nothing is? Prints a confusion table.

python benchmarks/doctor.py             all kinds of ill trainings × 3 seeds, and all healthy ones: some minutes
python benchmarks/doctor.py tiny        what takes seconds
python benchmarks/doctor.py default     healthy ones with as many updates as `zerokara train` does
python benchmarks/doctor.py random 60   so many trainings drawn at random, each without and with a fault
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "doctor"))

import drawn  # type: ignore[import-not-found]
import trainings  # type: ignore[import-not-found]

from zerokara.doctor.evidence import Evidence
from zerokara.doctor.learning import RULES
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import Watcher
from zerokara.training.build import build_trainer
from zerokara.training.recipe import Recipe

Ill = list[tuple[trainings.Case, int, Evidence]]


def first(evidence: Evidence, *, asked: bool = True, rules: tuple[object, ...] = RULES) -> str:
    """The first cause, or "-"."""
    found = findings_of(evidence, asked=asked, rules=rules)  # type: ignore[arg-type]
    return found[0].cause if found else "-"


def ill(tiny: bool) -> Iterator[tuple[trainings.Case, int, Evidence]]:
    """Every kind and seed, trained."""
    cases = trainings.SMALL if tiny else (*trainings.ILL, *trainings.SMALL)
    for case in cases:
        for seed in trainings.SEEDS[: 1 if tiny else None]:
            yield case, seed, case.evidence(seed)


def confusion(trained: Ill) -> None:
    """A line for each true cause: how often which cause was named first."""
    table: dict[str, Counter[str]] = {}
    for case, _, evidence in trained:
        table.setdefault(" or ".join(sorted(case.causes)), Counter())[first(evidence)] += 1
    print("true cause → named first")
    for cause, named in sorted(table.items()):
        print(f"  {cause}: {', '.join(f'{name} {count}' for name, count in named.most_common())}")


def shares(trained: Ill) -> None:
    """Noticed, right first, named by 30 % of the run; and what each rule gains."""
    n = len(trained)
    noticed = sum(first(evidence) != "-" for _, _, evidence in trained)
    soon = sum(first(trainings.as_of_30_percent(e), asked=False) in case.causes for case, _, e in trained)
    print(f"ill: {n}, noticed {noticed} ({noticed / n:.0%}), right first {right(trained)} ({right(trained) / n:.0%}), "
          f"right by 30 % of the run {soon} ({soon / n:.0%})")  # fmt: skip
    for case, seed, evidence in trained:
        if first(evidence) not in case.causes:
            print(f"  wrong: {case.name}, seed {seed}: {first(evidence)}")
    print("right first without a rule:")
    for rule in RULES:
        others = tuple(other for other in RULES if other is not rule)
        print(f"  {rule.__name__}: {right(trained, others) - right(trained):+d}")


def right(trained: Ill, rules: tuple[object, ...] = RULES) -> int:
    """How often the first cause is one that heals."""
    return sum(first(evidence, rules=rules) in case.causes for case, _, evidence in trained)


def silence(length: int | None, tiny: bool) -> None:
    """Healthy runs that hear something, at 30 % or at the end."""
    n = alarms = 0
    for name, recipe, data in trainings.healthy(length):
        if tiny and not name.startswith("digits"):
            continue
        evidence = trainings.watched(recipe, trainings.load(data))
        said = {first(evidence, asked=False), first(trainings.as_of_30_percent(evidence), asked=False)} - {"-"}
        n, alarms = n + 1, alarms + bool(said)
        if said:
            print(f"  alarm: {name}: {', '.join(said)}, test accuracy {evidence.evaluations[-1].test_accuracy:.3f}")
    print(f"healthy: {n}, alarms {alarms}")


def unseen(count: int) -> None:
    """Faults that were drawn at random, into trainings that were."""
    states: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for pair in drawn.pairs(range(count)):
        states[pair.state] += 1
        if pair.is_healthy:
            said["healthy"] += 1
            said["alarm"] += first(pair.healthy, asked=False) != "-"
        if pair.state == "ill":
            cause = first(pair.ill)
            said["noticed"] += cause != "-"
            said["right"] += cause in pair.causes
            if cause not in pair.causes:
                print(f"  wrong: {pair.fault}: {cause}, {pair.fields}")
        elif first(pair.ill, asked=False) != "-":
            print(f"  {pair.state}, and said: {pair.fault}: {first(pair.ill, asked=False)}, {pair.fields}")
    print(
        f"drawn: {said['healthy']} of {count} healthy, alarms {said['alarm']}; "
        f"with a fault: {states['harmless']} harmless, "
        f"{states['grey']} grey, {states['ill']} ill, of these noticed {said['noticed']}, right first {said['right']}"
    )


def cost(pairs: int) -> None:
    """What watching costs: the median over pairs of runs that take turns."""
    dataset = trainings.load("mnist")
    recipe = Recipe(iterations=3000)
    seconds = np.array(
        [(timed(recipe, dataset, watch=False), timed(recipe, dataset, watch=True)) for _ in range(pairs)]
    )
    plain, watched = np.median(seconds, axis=0)
    more = np.median(seconds[:, 1] - seconds[:, 0])
    print(f"3,000 updates of 784-50-10: {plain:.3f} s, watched {watched:.3f} s, {more * 1000:+.0f} ms")


def timed(recipe: Recipe, dataset: trainings.Dataset, *, watch: bool) -> float:
    """Seconds of a run."""
    trainer = build_trainer(recipe, dataset, listeners=[Watcher(recipe, dataset)] if watch else [])
    began = perf_counter()
    trainer.run()
    return perf_counter() - began


def main(arguments: list[str]) -> None:
    """Measure and print."""
    if "random" in arguments:
        unseen(int(arguments[-1]))
        return
    tiny = "tiny" in arguments
    trained = list(ill(tiny))
    confusion(trained)
    shares(trained)
    silence(None if "default" in arguments else trainings.U, tiny)
    if not tiny:
        cost(15)


if __name__ == "__main__":
    main(sys.argv[1:])
