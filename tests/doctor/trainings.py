"""Trainings that go badly, each with the causes that heal it, and trainings that go well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import made_up
import numpy as np
from made_up import Change
from mistakes import customized

import zerokara
from zerokara.data.dataset import Dataset
from zerokara.doctor.evidence import EARLY, Evidence
from zerokara.doctor.watching import Watcher, with_whole_data
from zerokara.nn.network import Network
from zerokara.training.build import build_trainer
from zerokara.training.optimizers import OPTIMIZERS
from zerokara.training.recipe import Recipe

SEEDS = (0, 1, 2)

Start = Callable[[Network], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of ill training.

    Attributes:
        name: what was done, as people say it.
        causes: those that are right; where several changes heal it, several.
        recipe: fields of it, but the seed.
        data: the set, and what is done to it.
        start: what is done to the network before the first update.
        healed: fields of a recipe that does well on the same or the right data, in the same number of updates.
        heals_data: whether the right data are part of what heals.
        shown_by: what is lower than when healed: "test" accuracy; "fact" where the fault is one of the data alone.
    """

    name: str
    causes: frozenset[str]
    recipe: dict[str, Any]
    data: str = "mnist"
    change: Change | None = None
    start: Start | None = None
    healed: dict[str, Any] = field(default_factory=dict)
    heals_data: bool = False
    shown_by: str = "test"

    def dataset(self, seed: int) -> Dataset:
        """What it is trained on."""
        dataset = load(self.data)
        return self.change(dataset, np.random.default_rng(seed)) if self.change else dataset

    def evidence(self, seed: int, *, whole: bool = True) -> Evidence:
        """Trained and watched."""
        with customized():
            recipe = Recipe(dataset=named(self.data), seed=seed, **self.recipe)
            return watched(recipe, self.dataset(seed), start=self.start, whole=whole)

    def healed_accuracy(self, seed: int) -> float:
        """Test accuracy of the training that was healed."""
        dataset = load(self.data) if self.heals_data else self.dataset(seed)
        values = {**self.recipe, **self.healed}
        values = {name: value for name, value in values.items() if value is not None}
        with customized():
            recipe = Recipe(dataset=named(self.data), seed=seed, **values)
            return build_trainer(recipe, dataset, threads=1).run().last.test_accuracy


_loaded: dict[str, Dataset] = {}


def load(name: str) -> Dataset:
    """A data set by name; "hard-1" and the like are made up."""
    if name not in _loaded:
        kind, _, number = name.partition(":")
        _loaded[name] = made_up.hard(int(number or 0), HARD[kind]) if kind in HARD else zerokara.load(name)
    return _loaded[name]


HARD = {"hard": 1.0, "harder": 1.5}


def named(data: str) -> str:
    """What a recipe calls it: the length of a run depends on that."""
    return "digits" if data == "digits" else "mnist"


def watched(recipe: Recipe, dataset: Dataset, *, start: Start | None = None, whole: bool = True) -> Evidence:
    """The evidence of a training, and that of all data where `whole`."""
    watcher = Watcher(recipe, dataset)
    trainer = build_trainer(recipe, dataset, threads=1, listeners=[watcher])  # short updates gain nothing by more
    if start is not None:
        start(trainer.network)
    trainer.run()
    evidence = watcher.evidence()
    return with_whole_data(evidence, dataset) if whole else evidence


def as_of_30_percent(evidence: Evidence) -> Evidence:
    """What was known then, without facts that take a look at all data."""
    early, total = evidence.early, evidence.total or 0
    if evidence.divergence is not None and evidence.divergence.iteration <= EARLY * total:
        return evidence
    data = evidence.data and replace(evidence.data, reference=None, doubtful=None, evenness=None, shared_with_test=None)
    until = early.iteration if early else 0
    probes = tuple(probe for probe in evidence.probes if probe.iteration <= until)
    return replace(evidence, ended=False, divergence=None, iteration=until, probes=probes, data=data)


def constant(value: float) -> Start:
    """All weights the same."""

    def start(network: Network) -> None:
        for name, array in network.params.items():
            array[...] = value if name.startswith("W") else 0

    return start


def biased(value: float) -> Start:
    """Biases of hidden layers far from 0."""

    def start(network: Network) -> None:
        for i in range(1, len(network.sizes) - 1):
            network.params[f"b{i}"][...] = value

    return start


def _ill(name: str, causes: str, /, data: str = "mnist", **options: Any) -> Case:
    known = {"change", "start", "healed", "heals_data", "shown_by"}
    rest = {key: options.pop(key) for key in known & set(options)}
    return Case(name=name, causes=frozenset(causes.split()), recipe=options, data=data, **rest)


LOW, HIGH = "rate-too-low too-few-updates", "rate-too-high diverged"
START = "weights-too-large"
DEFAULT = {"learning_rate": None, "optimizer": "sgd", "init": "auto"}
U = 2000
"""Updates of most cases on MNIST."""

ILL: tuple[Case, ...] = (
    _ill("rate 1e-5", LOW, iterations=U, learning_rate=1e-5, healed={"learning_rate": 0.1}),
    _ill(
        "rate 1e-3, sigmoid",
        LOW,
        iterations=U,
        learning_rate=1e-3,
        activation="sigmoid",
        init="xavier",
        healed={"learning_rate": 0.5},
    ),
    _ill(
        "rate 1e-3, tanh on hard data",
        LOW,
        "hard",
        iterations=1500,
        learning_rate=1e-3,
        activation="tanh",
        healed={"learning_rate": 0.1},
    ),
    _ill("Adam with 1e-6", LOW, iterations=U, optimizer="adam", learning_rate=1e-6, healed={"learning_rate": 1e-3}),
    _ill(
        "Nesterov with 1e-5",
        LOW,
        iterations=U,
        optimizer="nesterov",
        learning_rate=1e-5,
        healed={"learning_rate": 0.01},
    ),
    _ill(
        "AdaGrad with 1e-5",
        LOW,
        "digits",
        iterations=1500,
        optimizer="adagrad",
        learning_rate=1e-5,
        healed={"learning_rate": 0.01},
    ),
    _ill(
        "squared loss, rate 1e-3", LOW, iterations=U, loss="squared", learning_rate=1e-3, healed={"learning_rate": 0.5}
    ),
    _ill(
        "weights that do not move",
        LOW,
        "digits",
        iterations=1000,
        learning_rate=1e-7,
        activation="gelu",
        healed={"learning_rate": 0.5},
    ),
    _ill("rate 10", HIGH, iterations=U, learning_rate=10, healed={"learning_rate": 0.1}),
    _ill("rate 3, momentum", HIGH, iterations=U, learning_rate=3, optimizer="momentum", healed={"learning_rate": 0.01}),
    _ill("Nesterov with 1", HIGH, iterations=U, learning_rate=1, optimizer="nesterov", healed={"learning_rate": 0.01}),
    _ill("Adam with 0.3", HIGH, iterations=U, learning_rate=0.3, optimizer="adam", healed={"learning_rate": 1e-3}),
    _ill(
        "RMSprop with 1, tanh",
        HIGH,
        iterations=U,
        learning_rate=1.0,
        optimizer="rmsprop",
        activation="tanh",
        healed={"learning_rate": 1e-3},
    ),
    _ill(
        "rate 100, sigmoid", HIGH, iterations=U, learning_rate=100, activation="sigmoid", healed={"learning_rate": 0.5}
    ),
    _ill("rate 30 on hard data", HIGH, "hard", iterations=1500, learning_rate=30, healed={"learning_rate": 0.1}),
    _ill(
        "accuracy that oscillates",
        HIGH + " batch-too-small",
        iterations=U,
        learning_rate=0.1,
        optimizer="adam",
        batch_size=20,
        healed={"learning_rate": 1e-3},
    ),
    _ill(
        "batch of 1",
        "batch-too-small rate-too-high diverged",
        iterations=U,
        batch_size=1,
        learning_rate=0.3,
        healed={"batch_size": 100},
    ),
    _ill(
        "batch of 2, Adam",
        "batch-too-small rate-too-high",
        iterations=U,
        batch_size=2,
        optimizer="adam",
        learning_rate=0.02,
        healed={"batch_size": 100, "learning_rate": 0.001},
    ),
    _ill(
        "150 updates of batch 2,000",
        LOW,
        iterations=150,
        batch_size=2000,
        learning_rate=0.01,
        healed={"learning_rate": 0.5},
    ),
    _ill("30 updates", LOW, iterations=30, healed={"iterations": 2000}),
    _ill("constant weights", "symmetric-weights", iterations=U, start=constant(0.1), healed={}),
    _ill("weights of 0", "symmetric-weights", iterations=U, init=0.0, healed={"init": "auto"}),
    _ill(
        "weights of 1.0, all alike, tanh",
        "symmetric-weights",
        "digits",
        iterations=1000,
        activation="tanh",
        start=constant(1.0),
        healed={},
    ),
    _ill("weights N(0, 3)", START, iterations=U, init=3.0, healed={"init": "auto"}),
    _ill(
        "weights N(0, 1), three layers",
        START + " rate-too-high diverged",
        iterations=U,
        hidden=(50, 50, 50),
        init=1.0,
        healed={"init": "auto"},
    ),
    _ill(
        "saturated sigmoid",
        START,
        iterations=U,
        init=5.0,
        activation="sigmoid",
        learning_rate=0.1,
        healed={"init": "xavier", "learning_rate": 0.5},
    ),
    _ill(
        "saturated tanh, three layers",
        START,
        iterations=U,
        init=2.0,
        activation="tanh",
        hidden=(50, 50, 50),
        healed={"init": "xavier"},
    ),
    _ill(
        "weights N(0, 1), squared error, rate 3, no activation",
        START + " rate-too-high diverged exploding-gradient",
        iterations=600,
        hidden=30,
        activation="identity",
        init=1.0,
        learning_rate=3,
        loss="squared",
        healed={"init": "auto", "learning_rate": 0.3},
    ),
    _ill(
        "weights too small, four layers",
        "weights-too-small vanishing-gradient",
        iterations=U,
        hidden=(50,) * 4,
        init=0.001,
        healed={"init": "auto"},
    ),
    _ill(
        "weights too small, three tanh layers",
        "weights-too-small vanishing-gradient",
        "digits",
        iterations=1000,
        hidden=(40,) * 3,
        init=0.001,
        activation="tanh",
        healed={"init": "auto"},
    ),
    _ill(
        "ten sigmoid layers",
        "vanishing-gradient",
        iterations=U,
        hidden=(50,) * 10,
        activation="sigmoid",
        healed={"activation": "relu"},
    ),
    _ill(
        "six sigmoid layers on hard data",
        "vanishing-gradient",
        "hard",
        iterations=1500,
        hidden=(40,) * 6,
        activation="sigmoid",
        healed={"activation": "relu"},
    ),
    _ill("two hidden units", "network-too-small", iterations=U, hidden=2, healed={"hidden": 50}),
    _ill("one hidden unit, digits", "network-too-small", "digits", iterations=1500, hidden=1, healed={"hidden": 50}),
    _ill("L2 of 0.3", "weight-decay-too-strong", iterations=U, weight_decay=0.3, healed={"weight_decay": 0.0}),
    _ill(
        "L2 of 1, three layers",
        "weight-decay-too-strong",
        iterations=U,
        weight_decay=1.0,
        hidden=(50, 50, 50),
        healed={"weight_decay": 0.0},
    ),
    _ill("labels shuffled", "wrong-labels", iterations=U, change=made_up.shuffled(1.0, True), heals_data=True),
    _ill("half the labels shuffled", "wrong-labels", iterations=U, change=made_up.shuffled(0.5, True), heals_data=True),
    _ill(
        "a tenth of the labels shuffled",
        "wrong-labels",
        iterations=U,
        change=made_up.shuffled(0.12, True),
        heals_data=True,
    ),
    _ill(
        "labels shuffled on hard data",
        "wrong-labels",
        "hard",
        iterations=1500,
        change=made_up.shuffled(0.4),
        heals_data=True,
        shown_by="fact",
    ),
    _ill("labels off by one", "wrong-labels", iterations=U, change=made_up.off_by_one, heals_data=True),
    _ill("labels of the next picture", "wrong-labels", iterations=U, change=made_up.displaced, heals_data=True),
    _ill("NaN in three pictures", "nan-in-data", iterations=U, change=made_up.with_nan, heals_data=True),
    _ill("99 % of one class", "class-imbalance", iterations=U, change=made_up.mostly_one, heals_data=True),
    _ill("all labels the same", "one-answer", "digits", iterations=1000, change=made_up.one_label, heals_data=True),
    _ill("a class left out", "class-never-answered", iterations=U, change=made_up.class_left_out, heals_data=True),
    _ill(
        "pixels 0 to 255", "unscaled-inputs", iterations=U, change=lambda d, rng: made_up.as_values(d), heals_data=True
    ),
    _ill(
        "pixels 0 to 255, sigmoid",
        "unscaled-inputs",
        iterations=U,
        activation="sigmoid",
        init=0.1,
        learning_rate=1.0,
        change=lambda d, rng: made_up.as_values(d),
        heals_data=True,
    ),
    _ill(
        "loss summed",
        "loss-summed",
        "digits",
        iterations=1000,
        loss="summed",
        learning_rate=0.5,
        healed={"loss": "cross-entropy"},
    ),
    _ill(
        "log of 0",
        START + " diverged rate-too-high",
        "digits",
        iterations=1000,
        loss="log-of-0",
        init=3.0,
        dtype="float32",
        healed={"loss": "cross-entropy", "init": "auto"},
    ),
    _ill(
        "log of raw scores",
        "diverged",
        "digits",
        iterations=300,
        loss="log-of-scores",
        healed={"loss": "cross-entropy", "iterations": 1000},
    ),
    _ill(
        "100 samples",
        "overfitting",
        iterations=U,
        evaluate_every=200,
        hidden=100,
        change=made_up.few(100),
        learning_rate=0.5,
        heals_data=True,
    ),
    _ill(
        "150 samples of hard data",
        "overfitting",
        "hard",
        iterations=U,
        evaluate_every=200,
        hidden=100,
        change=made_up.few(150),
        learning_rate=0.1,
        heals_data=True,
    ),
    _ill(
        "test samples in the training part",
        "test-data-in-training",
        iterations=U,
        change=made_up.leaked,
        shown_by="fact",
    ),
    _ill("dead from the start", "dead-units", iterations=U, start=biased(-20.0), healed={}),
    _ill(
        "saturated from the start",
        "saturated-units",
        iterations=U,
        activation="sigmoid",
        learning_rate=0.5,
        init="xavier",
        start=biased(30.0),
        healed={},
    ),
)


SMALL: tuple[Case, ...] = (
    _ill("digits, rate 1e-4", LOW, "digits", iterations=1000, learning_rate=1e-4, healed={"learning_rate": 0.5}),
    _ill("digits, rate 20", HIGH, "digits", iterations=1000, learning_rate=20, healed={"learning_rate": 0.5}),
    _ill(
        "digits, batch of 1",
        "batch-too-small " + HIGH,
        "digits",
        iterations=1000,
        batch_size=1,
        learning_rate=1.0,
        healed={"batch_size": 100},
    ),
    _ill("digits, 20 updates", LOW, "digits", iterations=20, healed={"iterations": 1500}),
    _ill("digits, one value for all weights", "symmetric-weights", "digits", iterations=1000, start=constant(0.05)),
    _ill(
        "digits, weights N(0, 5)",
        START,
        "digits",
        iterations=200,
        init=5.0,
        healed={"init": "auto", "learning_rate": 0.5},
    ),
    _ill(
        "digits, saturated sigmoid",
        START + " saturated-units",
        "digits",
        iterations=1000,
        init=20.0,
        activation="sigmoid",
        healed={"init": "auto", "learning_rate": 1.0},
    ),
    _ill(
        "digits, ten sigmoid layers",
        "vanishing-gradient",
        "digits",
        iterations=500,
        hidden=(40,) * 10,
        activation="sigmoid",
        healed={"activation": "relu"},
    ),
    _ill(
        "digits, four layers of weights 0.001",
        "weights-too-small vanishing-gradient",
        "digits",
        iterations=500,
        hidden=(40,) * 4,
        init=0.001,
        healed={"init": "auto"},
    ),
    _ill(
        "digits, L2 of 0.5",
        "weight-decay-too-strong",
        "digits",
        iterations=1000,
        weight_decay=0.5,
        healed={"weight_decay": 0.0},
    ),
    _ill(
        "digits, labels shuffled",
        "wrong-labels",
        "digits",
        iterations=500,
        change=made_up.shuffled(1.0, True),
        heals_data=True,
    ),
    _ill(
        "digits, a third of the labels shuffled",
        "wrong-labels",
        "digits",
        iterations=1000,
        change=made_up.shuffled(0.33, True),
        heals_data=True,
    ),
    _ill(
        "digits, labels off by one",
        "wrong-labels",
        "digits",
        iterations=1000,
        change=made_up.off_by_one,
        heals_data=True,
    ),
    _ill("digits, NaN", "nan-in-data", "digits", iterations=1000, change=made_up.with_nan, heals_data=True),
    _ill(
        "digits, 99 % of one class",
        "class-imbalance class-never-answered",
        "digits",
        iterations=500,
        evaluate_every=50,
        change=made_up.mostly_one,
        heals_data=True,
    ),
    _ill(
        "digits, a class left out",
        "class-never-answered",
        "digits",
        iterations=1000,
        change=made_up.class_left_out,
        heals_data=True,
    ),
    _ill(
        "digits, pixels 0 to 16",
        "unscaled-inputs",
        "digits",
        iterations=1000,
        change=lambda d, rng: made_up.as_values(d),
        learning_rate=0.5,
        heals_data=True,
    ),
    _ill(
        "digits, 50 samples",
        "overfitting",
        "digits",
        iterations=500,
        evaluate_every=50,
        change=made_up.few(50),
        heals_data=True,
    ),
    _ill(
        "digits, test samples in the training part",
        "test-data-in-training",
        "digits",
        iterations=500,
        change=made_up.leaked,
        shown_by="fact",
    ),
    _ill(
        "digits, dead from the start",
        "dead-units",
        "digits",
        iterations=500,
        start=biased(-20.0),
        healed={"iterations": 1500},
    ),
)
"""The same faults where a training takes a tenth of a second."""


def healthy(length: int | None = U) -> Iterator[tuple[str, Recipe, str]]:
    """Every default recipe on four sets, and others that do well."""
    for data in ("mnist", "digits", "hard", "harder"):
        size: dict[str, Any] = {} if data == "digits" or length is None else {"iterations": length}
        for optimizer in OPTIMIZERS:
            for activation in ("relu", "sigmoid", "tanh", "gelu", "leaky-relu"):
                recipe = Recipe(dataset=named(data), optimizer=optimizer, activation=activation, **size)
                yield f"{data} {optimizer} {activation}", recipe, data
    for i, (data, fields) in enumerate(OTHERS):
        if data != "digits" and length is not None:
            fields = {"iterations": length, **fields}
        yield f"other {i} {data} {fields}", Recipe(dataset=named(data), **fields), data


OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("mnist", {"loss": "squared", "learning_rate": 0.5}),
    ("mnist", {"loss": "textbook"}),
    ("digits", {"loss": "squared", "learning_rate": 0.5}),
    ("hard", {"loss": "squared", "learning_rate": 0.5}),
    ("mnist", {"hidden": (100, 100)}),
    ("mnist", {"hidden": (50,) * 4, "activation": "tanh"}),
    ("mnist", {"hidden": (50,) * 10}),
    ("hard", {"hidden": (50,) * 5}),
    ("mnist", {"hidden": (200,), "optimizer": "adam"}),
    ("mnist", {"weight_decay": 1e-4}),
    ("mnist", {"weight_decay": 1e-3}),
    ("mnist", {"sampling": "epoch", "seed": 3}),
    ("digits", {"sampling": "distinct", "seed": 3}),
    ("mnist", {"dtype": "float64", "seed": 4}),
    ("mnist", {"learning_rate": 0.3}),
    ("mnist", {"learning_rate": 0.05}),
    ("mnist", {"learning_rate": 1.0}),
    ("mnist", {"optimizer": "adam", "learning_rate": 0.003}),
    ("mnist", {"optimizer": "adam", "learning_rate": 0.01}),
    ("mnist", {"batch_size": 10}),
    ("mnist", {"batch_size": 500}),
    ("mnist", {"init": "he"}),
    ("mnist", {"init": 0.1}),
    ("mnist", {"activation": "sigmoid", "learning_rate": 1.0}),
    ("digits", {"hidden": 200, "seed": 5}),
    ("digits", {"learning_rate": 0.5, "seed": 6}),
    ("harder", {"hidden": 200, "optimizer": "adam"}),
    ("mnist", {"hidden": 20}),
    ("mnist", {"hidden": 1000, "iterations": 400}),
    ("mnist", {"optimizer": "rmsprop", "hidden": (100, 50)}),
)
