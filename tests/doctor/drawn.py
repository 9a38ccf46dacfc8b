"""Trainings drawn at random: a healthy one, and the same with one fault. No rule was made for any of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import made_up
import numpy as np
from trainings import HIGH, LOW, load, named, watched

from zerokara.doctor.evidence import Evidence
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import Recipe

Fields = dict[str, Any]
Fault = Callable[[np.random.Generator], Fields]

ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "leaky-relu")
FAULTS: dict[str, tuple[str, Fault]] = {
    "rate far too low": (LOW, lambda rng: {"factor": 10 ** rng.uniform(-4, -2)}),
    "rate far too high": (HIGH + " batch-too-small", lambda rng: {"factor": 10 ** rng.uniform(1.3, 3)}),
    "weights too large": ("weights-too-large", lambda rng: {"init": float(10 ** rng.uniform(0, 1))}),
    "weights too small": (
        "weights-too-small vanishing-gradient",
        lambda rng: {"init": float(10 ** rng.uniform(-5, -2.6)), "hidden": (50,) * int(rng.integers(3, 6))},
    ),
    "many sigmoid layers": (
        "vanishing-gradient",
        lambda rng: {"activation": "sigmoid", "hidden": (40,) * int(rng.integers(5, 11)), "init": "auto"},
    ),
    "too narrow": ("network-too-small", lambda rng: {"hidden": (int(rng.integers(1, 3)),)}),
    "penalty": ("weight-decay-too-strong", lambda rng: {"weight_decay": float(10 ** rng.uniform(-1.5, 0.5))}),
    "few updates": (LOW, lambda rng: {"iterations": int(rng.integers(5, 60))}),
    "batch of 1 or 2": (LOW + " batch-too-small rate-too-high", lambda rng: {"batch_size": int(rng.integers(1, 3))}),
    "weights of 0": ("symmetric-weights", lambda rng: {"init": 0.0}),
    "labels shuffled": ("wrong-labels", lambda rng: {"change": made_up.shuffled(rng.uniform(0.1, 0.9), True)}),
    "pixels as stored": ("unscaled-inputs", lambda rng: {"change": lambda d, _: made_up.as_values(d)}),
    "few samples": ("overfitting", lambda rng: {"change": made_up.few(int(rng.integers(40, 200)))}),
}


@dataclass(frozen=True)
class Pair:
    """A training, and the same with a fault.

    Attributes:
        fault: its name; causes: those that are right; fields: of the recipe with the fault.
    """

    fault: str
    causes: frozenset[str]
    fields: Fields
    healthy: Evidence
    ill: Evidence

    @property
    def is_healthy(self) -> bool:
        """Whether the one without a fault came out well: at a customary rate some hardly begin to learn, too."""
        data = self.healthy.data
        assert data is not None, "it was watched"
        return self.healthy.evaluations[-1].test_accuracy >= min((data.reference or 0.0) - 0.1, 0.8)

    @property
    def state(self) -> str:
        """What the fault did: "harmless", "grey" or "ill"."""
        good, bad = (evidence.evaluations[-1].test_accuracy for evidence in (self.healthy, self.ill))
        if bad >= good - 0.03:
            return "harmless"
        return "grey" if bad >= max(0.8, good - 0.1) else "ill"


def pairs(numbers: range) -> Iterator[Pair]:
    """Those of some seeds."""
    for number in numbers:
        rng = np.random.default_rng(number)
        data, fields = _healthy(rng)
        name = str(rng.choice(list(FAULTS)))
        causes, fault = FAULTS[name]
        changed = fault(rng)
        change, factor = changed.pop("change", None), changed.pop("factor", 1.0)
        faulty = {**fields, "learning_rate": fields["learning_rate"] * factor, **changed}
        dataset = load(data)
        yield Pair(
            fault=name,
            causes=frozenset(causes.split()),
            fields={"data": data, **faulty},
            healthy=watched(Recipe(dataset=named(data), **fields), dataset),
            ill=watched(Recipe(dataset=named(data), **faulty), change(dataset, rng) if change else dataset),
        )


def _healthy(rng: np.random.Generator) -> tuple[str, Fields]:
    """A data set, and a recipe near what is customary."""
    optimizer, activation = str(rng.choice(list(OPTIMIZERS))), str(rng.choice(ACTIVATIONS))
    hidden = rng.choice([30, 50, 100], size=rng.choice([1, 1, 1, 2, 3]))
    rate = OPTIMIZERS[optimizer].learning_rate * np.exp(rng.uniform(-0.5, 0.8))
    slow = activation == "sigmoid" and optimizer in ("sgd", "momentum", "nesterov")
    fields: Fields = {
        "optimizer": optimizer,
        "activation": activation,
        "hidden": tuple(hidden.tolist()),
        "learning_rate": float(rate * (5 if slow else 1)),
        "batch_size": int(rng.choice([50, 100, 200])),
        "iterations": int(rng.choice([1000, 2000])),
        "evaluate_every": 500,
        "seed": int(rng.integers(1000)),
        "loss": str(rng.choice(["cross-entropy", "cross-entropy", "cross-entropy", "textbook", "squared"])),
    }
    if len(hidden) == 1 and rng.random() < 0.3:
        fields["init"] = "xavier"
    return str(rng.choice(["mnist", "digits", "hard", "hard:1"])), fields
