"""Watches a training and gathers the evidence of it: a listener that looks five times at the network.

It may cost a twentieth of the run's time, or 50 ms where that is more, so it looks at fewer samples where a network is
large and its run is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from zerokara.data.dataset import Dataset, Split
from zerokara.doctor.data_facts import DataFacts, facts_at_once, facts_of_all
from zerokara.doctor.evidence import EARLY, Evidence, Setting
from zerokara.doctor.probes import LATEST, Probe, Samples, probe
from zerokara.nn.network import Network
from zerokara.training.build import build_network, build_trainer
from zerokara.training.changes import Change
from zerokara.training.events import Advanced, Ended, Event, Listener, Started
from zerokara.training.history import Divergence, History
from zerokara.training.recipe import Recipe

SHARES = (0.01, 0.1, EARLY, 1.0)
"""Of a run, where the network is probed; and before its first update."""
CHECKED = 16
"""At most so many updates up to 30 % of the run after which the loss of their batch is computed once more."""
MOST, FEWEST = 2_000, 100
"""Samples of a probe."""
SAMPLES_SEED = 9


class Watcher:
    """A listener of one training.

    Args:
        recipe: what is trained; dataset: on what.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset) -> None:
        self._recipe, self._dataset = recipe.resolved(), dataset
        self._batches = self._recipe.make_batches(len(dataset.train))
        self._setting = Setting.of(self._recipe, dataset)
        self._total = self._recipe.total(self._batches.per_epoch)
        self._history = History()
        self._changes: tuple[Change, ...] = ()
        self._iteration = 0
        self._probes: list[Probe] = []
        self._rises: list[tuple[float, float, float]] = []
        self._before: Network | None = None
        self._data: DataFacts | None = None
        self._divergence: Divergence | None = None
        self._ended = False

    def __call__(self, event: Event) -> None:
        """Look at the network where it is time to."""
        self._history, self._changes = event.history, tuple(event.changes)
        match event:
            case Started():
                self._begin(event)
            case Advanced():
                self._go_on(event)
            case Ended():
                self._iteration, self._divergence, self._ended = event.iteration, event.divergence, True
                if not self._probes or self._probes[-1].iteration < event.iteration:
                    self._probe(event.network, event.iteration)

    def evidence(self) -> Evidence:
        """What is known by now."""
        return Evidence(
            setting=self._setting,
            recipe=self._recipe,
            changes=tuple(change for change in self._changes if change.iteration <= self._iteration),
            total=self._total,
            iteration=self._iteration,
            losses=self._history.losses,
            evaluations=tuple(self._history.evaluations),
            probes=tuple(self._probes),
            rises=np.array(self._rises).reshape(-1, 3),
            data=self._data,
            divergence=self._divergence,
            ended=self._ended,
        )

    def _begin(self, event: Started) -> None:
        self._total, self._iteration = event.total, event.first
        self._samples, self._held = self._chosen_samples()
        self._data = facts_at_once(self._dataset, self._samples, self._held)
        self._points = {max(1, round(share * event.total)) for share in SHARES}
        self._starts = {max(0, point - LATEST) for point in self._points}
        until = max(1, round(EARLY * event.total))
        count = int(np.clip(4 * len(self._samples) / self._recipe.batch_size, 6, CHECKED))
        self._checked = set(np.linspace(1, until, min(count, until)).astype(int).tolist())
        event.look_at(self._points | self._starts | self._checked)
        self._probe(event.network if event.first == 0 else build_network(self._recipe, self._dataset), 0)
        self._before = event.network.copy()

    def _go_on(self, event: Advanced) -> None:
        self._iteration = event.iteration
        if event.iteration in self._checked and len(event.losses):
            self._check_rise(event)
        if event.iteration in self._points:
            self._probe(event.network, event.iteration)
        if event.iteration in self._starts:
            self._before = event.network.copy()

    def _check_rise(self, event: Advanced) -> None:
        """Compute the loss of the latest batch once more, after the update that was made to lessen it."""
        at = event.iteration - 1
        rows = self._batches.rows(at, event.iteration)[0]
        train = self._dataset.train
        after = event.network.copy().loss(train.rows(rows, event.network.dtype), train.t[rows])
        self._rises.append((at, float(event.losses[-1]), after))

    def _probe(self, network: Network, iteration: int) -> None:
        full = not 0 < iteration < round(EARLY * self._total)
        self._probes.append(
            probe(
                network,
                self._samples,
                iteration,
                held=self._held if full else None,
                before=self._before if iteration else None,
                gradients=full,
            )
        )

    def _chosen_samples(self) -> tuple[Samples, Samples]:
        count = probed_samples(self._setting, self._total)
        dtype = self._recipe.dtype
        return chosen(self._dataset.train, count, dtype), chosen(self._dataset.test, count // 2, dtype)


def probed_samples(setting: Setting, total: int) -> int:
    """So many that all probes take some 30 ms, or a twentieth of the run where that is more.

    They are about 14 forward passes in NumPy. The engine's updates are three passes each, and some four times as fast.
    """
    weights = sum(a * b for a, b in pairwise(setting.sizes or (1, 1)))
    of_run = 0.001 * total * (setting.batch_size or 1)
    return int(np.clip(max(of_run, 2.4e7 / weights), FEWEST, MOST))


def chosen(split: Split, count: int, dtype: str | None) -> Samples:
    """Some samples of a split, always the same."""
    rows = np.random.default_rng(SAMPLES_SEED).choice(len(split), min(count, len(split)), replace=False)
    return Samples(split.rows(rows, dtype or "float32"), split.t[rows])


def gathered(
    recipe: Recipe,
    dataset: Dataset,
    engine: str = "auto",
    threads: int | None = None,
    listeners: Sequence[Listener] = (),
    changes: Sequence[Change] = (),
) -> Evidence:
    """Train again, in memory, and gather the evidence, facts of all the data among it; others may listen too.

    Args:
        changes: that were made of its settings on the way, and are made again.

    Raises what `build_trainer` raises.
    """
    watcher = Watcher(recipe, dataset)
    build_trainer(
        recipe, dataset, engine=engine, threads=threads, listeners=[watcher, *listeners], changes=changes
    ).run()
    return with_whole_data(watcher.evidence(), dataset)


def with_whole_data(evidence: Evidence, dataset: Dataset) -> Evidence:
    """The same evidence with facts that take a look at all the data, about half a second."""
    assert evidence.data is not None, "a watcher has looked at the data"
    return replace(evidence, data=facts_of_all(dataset, evidence.data))
