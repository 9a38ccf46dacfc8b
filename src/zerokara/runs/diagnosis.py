"""`zerokara.diagnose`: why a run, a network or a learner's own training does not learn.

A run is trained again in memory, so that older ones and those of other machines can be asked about too; what is found
is tried, and nothing is written.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset, Split
from zerokara.doctor.data_facts import DataFacts
from zerokara.doctor.evidence import Evidence, Setting
from zerokara.doctor.probes import Samples, probe
from zerokara.doctor.rules import ILL, findings_of
from zerokara.doctor.trials import Outcome, Train, Trial, tried
from zerokara.doctor.watching import gathered
from zerokara.doctor.ways import Change
from zerokara.errors import UsageError
from zerokara.finalization import working
from zerokara.findings import Findings
from zerokara.nn.labels import as_targets
from zerokara.nn.network import Network
from zerokara.runs.opening import open_run
from zerokara.runs.run import Run, same_data
from zerokara.training.batches import TRIALS, generator
from zerokara.training.build import build_trainer
from zerokara.training.changes import Change as LiveChange
from zerokara.training.events import Event, Listener
from zerokara.training.recipe import SETTINGS, Recipe, overridden
from zerokara.words import sentence

HELD_OUT = 10
"""One of so many training samples is held out of trials."""
ENOUGH = 400
"""So many samples at least shall judge."""


class Onlooker(Protocol):
    """Who wants to know how far a diagnosis is: a listener of its trainings."""

    def begins(self, change: Change | None) -> None:
        """A training begins: that of the run itself, again (None), or a trial with this change."""

    def __call__(self, event: Event) -> None:
        """As of any training."""


@dataclass(frozen=True)
class Diagnosis:
    """What came of looking into a run.

    Attributes:
        updates: of the whole training.
        accuracy: on the test part at its end; None where there was no evaluation.
        outcome: findings, tried where a recipe can heal them.
        ill: whether it went badly, whatever was found.
    """

    updates: int
    accuracy: float | None
    outcome: Outcome
    ill: bool

    @property
    def findings(self) -> Findings:
        """Those of the outcome."""
        return self.outcome.findings


def diagnose(
    subject: Run | str | os.PathLike[str] | Network | Mapping[str, Any],
    x: Any = None,
    t: Any = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> Findings:
    """Why it does not learn: at most three causes, the likeliest first; none where all is well.

    Args:
        subject: a run or the path of its folder, which is trained again in memory, then with what may heal it; a
            network, with x and t; or a dict of a learner's variables, such as `globals()`.
        x, t: samples (n, features) and labels for a network.
        data_dir: where to look for a run's data first.

    Returns:
        Findings, which print as text and show as HTML in a notebook. Nothing is written or changed.

    Raises UsageError for anything else, RunError for a folder that is not a run's or is damaged, DataError where a
    run's data are gone.
    """
    from zerokara.own_training import diagnosed  # a training that is only listened to need not wait for it

    if isinstance(subject, Run | str | os.PathLike):
        if x is not None or t is not None:
            text = sentence("A run has its own data. Leave x and t out, or give a network with them.")
            raise UsageError(text, "unused-argument")
        run = subject if isinstance(subject, Run) else open_run(subject)
        return diagnosis_of(run, data_dir=data_dir).findings
    if isinstance(subject, Network):
        if x is None or t is None:
            raise UsageError(sentence("A network is diagnosed on samples. Give x and t too."), "missing-argument")
        return _of_network(subject, x, t) or diagnosed({"network": subject, "x": x, "t": t})
    if isinstance(subject, Mapping):
        given = {name: value for name, value in (("x", x), ("t", t)) if value is not None}
        return diagnosed({**subject, **given})
    raise UsageError(
        sentence(
            "diagnose takes a run or its folder, a network with x and t, or a dict of variables such as globals(). "
            "Got {got!r:.80}.",
            got=subject,
        ),
        "wrong-value",
    )


def _of_network(network: Network, x: Any, t: Any) -> Findings:
    """Facts of its weights and of these samples: how it was trained is not known."""
    x = np.atleast_2d(np.asarray(x))
    classes = network.sizes[-1]
    labels = as_targets(t, len(x), classes).argmax(axis=1)
    samples = Samples(x, labels)
    facts = DataFacts(
        samples=len(x),
        classes=classes,
        not_finite=(int(np.count_nonzero(~np.isfinite(x))), 0),
        counts=tuple(np.bincount(labels, minlength=classes).tolist()),
    )
    setting = Setting(sizes=tuple(network.sizes))
    return findings_of(Evidence(setting=setting, probes=(probe(network, samples, 0),), data=facts), asked=True)


@working()
def diagnosis_of(
    run: Run,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    onlooker: Onlooker | None = None,
) -> Diagnosis:
    """Train a run again in memory, say what is wrong with it, and try what is proposed.

    One that was stopped is trained to its end. Errors are those of `diagnose`.
    """
    dataset = run.loaded or same_data(run.recipe, run.checksum, data_dir)
    recipe = by_backprop(run.recipe)
    listeners = () if onlooker is None else (onlooker,)
    if onlooker is not None:
        onlooker.begins(None)
    evidence = gathered(recipe, dataset, threads=threads, listeners=listeners, changes=run.changes)
    train = trial_of(recipe, dataset, threads=threads, onlooker=onlooker, changes=run.changes)
    return concluded(evidence, recipe, train, asked=True)


def concluded(evidence: Evidence, recipe: Recipe, train: Train, *, asked: bool, seconds: float = math.inf) -> Diagnosis:
    """What evidence of a training that ended says, and what trials make of it within so many seconds."""
    found = findings_of(evidence, asked=asked)
    last = evidence.evaluations[-1] if evidence.evaluations else None
    ill = last is None or evidence.divergence is not None or last.train_accuracy < ILL
    if found or (ill and asked):
        latest = evidence.as_of(evidence.iteration + (evidence.divergence is not None)).recipe
        outcome = tried(found, latest or recipe, train, seconds=seconds)
    else:
        outcome = Outcome(found, 0, complete=True)
    return Diagnosis(evidence.total or evidence.iteration, None if last is None else last.test_accuracy, outcome, ill)


def by_backprop(recipe: Recipe) -> Recipe:
    """The same training but for rounding, a thousand times as fast where gradients were numerical."""
    return replace(recipe.resolved(), gradient="backprop")


def trial_of(
    recipe: Recipe,
    dataset: Dataset,
    *,
    threads: int | None = None,
    seconds: float = math.inf,
    onlooker: Onlooker | None = None,
    changes: Sequence[LiveChange] = (),
) -> Train:
    """What trains this recipe with some fields changed, as many updates, on nine tenths of the training part.

    Where its run was changed while it trained, so is every trial, with and without what is tried: else that would be
    given the credit, or the blame, of changes that only one of the two had. But a field that is tried keeps its value
    to the end: what is compared is that value throughout with all that the run gave to that field.

    The last tenth, drawn by the seed's own stream for this, judges; of a small training part several tenths do, each
    after a training without it. The test part is not looked at. After so many seconds from now a trial that is not done
    is ended.
    """
    deadline = time.monotonic() + seconds

    def end_in_time(event: Event) -> None:
        if time.monotonic() > deadline:
            event.request_stop()

    listeners: list[Listener] = [end_in_time, *([] if onlooker is None else [onlooker])]
    per_epoch = recipe.make_batches(len(dataset.train)).per_epoch
    of_length = replace(recipe, epochs=None, iterations=recipe.total(per_epoch))

    def train(change: Change) -> Trial | None:
        changed = with_change(of_length, change, per_epoch)
        if onlooker is not None:
            onlooker.begins(change)
        right: list[NDArray[np.bool_]] = []
        made = [live for live in changes if not _decides(change, live.field)]
        for part in range(parts_of(len(dataset.train))):
            if (judged := _judged(changed, held_out(dataset, recipe.seed, part), threads, listeners, made)) is None:
                return None
            right.append(judged)
        return Trial(np.concatenate(right))

    return train


def _judged(
    recipe: Recipe,
    part: Dataset,
    threads: int | None,
    listeners: Sequence[Listener],
    changes: Sequence[LiveChange],
) -> NDArray[np.bool_] | None:
    """Which of the samples that are held out are right after a training; None where it was ended before its time."""
    fitting = _fitting(recipe, len(part.train))
    trainer = build_trainer(fitting, part, threads=threads, listeners=listeners, changes=changes)
    trainer.run()
    if trainer.stop[0]:
        return None
    return np.asarray(trainer.engine.classify(trainer.network, part.test) == part.test.t)


def with_change(recipe: Recipe, change: Change, per_epoch: int) -> Recipe:
    """A recipe of so many iterations with some fields changed; an optimizer comes with its own customary settings."""
    given = dict(change)
    if "epochs" in given:
        given["iterations"] = given.pop("epochs") * per_epoch
    values = asdict(recipe)
    if "optimizer" in given:
        values |= dict.fromkeys(SETTINGS)
    return overridden(values, given)


def _decides(change: Change, field: str) -> bool:
    """Whether what is tried says what a setting is: by itself, or as one of another optimizer."""
    return field in change or ("optimizer" in change and field in SETTINGS)


def _fitting(recipe: Recipe, samples: int) -> Recipe:
    """The same for all of fewer samples: one evaluation, at the end, and no batch larger than all of them."""
    size = recipe.batch_size if recipe.sampling == "replacement" else min(recipe.batch_size, samples)
    return replace(recipe, samples=None, batch_size=size, evaluate_every=recipe.iterations)


def parts_of(samples: int) -> int:
    """How many tenths of the training part judge, one after the other: few samples say little."""
    held = -(-samples // HELD_OUT)
    return min(-(-ENOUGH // held), samples // held)


def held_out(dataset: Dataset, seed: int, part: int = 0) -> Dataset:
    """The training part alone: a tenth of it, the first or another, takes the place of the test part."""
    order = generator(seed, TRIALS).permutation(len(dataset.train))
    held = -(-len(order) // HELD_OUT)
    chosen = np.zeros(len(order), bool)
    chosen[order[part * held : (part + 1) * held]] = True
    return replace(dataset, train=_some(dataset.train, ~chosen), test=_some(dataset.train, chosen), whole=None)


def _some(split: Split, rows: NDArray[np.bool_]) -> Split:
    return Split(split.pixels[rows], split.t[rows], split.full)
