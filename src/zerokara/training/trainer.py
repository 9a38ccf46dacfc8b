"""The training loop: one loop that knows no engine, no file and no screen.

It cuts the work into chunks of at most 50 ms that end where something must happen, lets an engine do them, and
tells its listeners. Results do not depend on where the chunks are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset, Split
from zerokara.engine.contract import Engine
from zerokara.errors import UsageError
from zerokara.finalization import rest, working
from zerokara.nn.network import Network
from zerokara.training.batches import Batches
from zerokara.training.changes import CHANGEABLE, MOST_CHANGES, Change, in_order, in_use, use, value_after
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Listener, Paused, Started
from zerokara.training.history import Divergence, Evaluation, History, Undecided
from zerokara.training.optimizers import Optimizer
from zerokara.words import in_english, sentence

CHUNK_SECONDS = 0.05
EVALUATED_AT_ONCE = 10_000
"""Samples between two looks at `stop`."""
FASTER_BY = 8
"""How much longer than the chunk before a chunk may be: the first measurements are of single updates."""

Snapshot = tuple[list[NDArray[Any]], int]
"""Copies of all weights and of the optimizer's state, and its steps."""


@dataclass(frozen=True)
class Moment:
    """A trainer between two updates, kept in memory, to go back to bit for bit.

    Attributes:
        iteration: updates done.
        arrays: copies of all weights and of the optimizer's state; `params` has the weights by name.
        evaluations: how many there had been; a moment may lie before the evaluation of its iteration or after it.
        changes: those that had been made by then; it may lie before a change of its iteration or after it, too.
        seconds, undecided: those of its history.
    """

    iteration: int
    arrays: tuple[NDArray[Any], ...]
    names: tuple[str, ...]
    evaluations: int
    changes: tuple[Change, ...] = ()
    seconds: float = 0.0
    undecided: Undecided = field(default_factory=dict)

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        """The weights, by their names in a network."""
        return dict(zip(self.names, self.arrays, strict=False))


class Context(TypedDict):
    """What every event carries; see `TrainerEvent`."""

    network: Network
    history: History
    request_stop: Callable[[], None]
    changes: Sequence[Change]


@dataclass
class Trainer:
    """Trains a network in place.

    When a loss, a weight or the optimizer's state becomes infinite or NaN, the run ends with what was there before
    that update, and `divergence` says where; `keep_going` lets it go on.

    Attributes:
        iterations: updates in the whole run.
        evaluate_every: updates between evaluations; there is one before the first update and one at the end.
        gradient: "backprop" or "numerical".
        listeners: called with every event, in order; given here, and not changed.
        stop: (1,) flag that engines poll; `request_stop` raises it, and so do signals.
        chunk: at most so many updates in a chunk, whatever the rate; a listener may set it while training.
        keep_going: whether to go on with numbers that are not finite.
        changes: of settings, by their iterations: those made so far, and those that were given beforehand and are still
            to come. `change` makes one; the list itself is not to be changed.

    Raises UsageError for a change of a setting that the optimizer does not have.
    """

    network: Network
    optimizer: Optimizer
    dataset: Dataset
    batches: Batches
    engine: Engine
    iterations: int
    evaluate_every: int
    gradient: str = "backprop"
    listeners: Sequence[Listener] = ()
    history: History = field(default_factory=History)
    iteration: int = 0
    stop: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(1, np.uint8))
    chunk: int | None = None
    keep_going: bool = False
    divergence: Divergence | None = None
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listeners = self._hearing = tuple(self.listeners)
        self._looks: set[int] = set()
        self.changes = in_order(self.changes, self.optimizer)
        self._applied = 0
        self._unchanged: dict[str, float] = {}
        self._updating = False

    def request_stop(self) -> None:
        """Have the run end after the update being done. Any thread may call this: a sweep, a button, a listener."""
        self.stop[0] = 1

    def pause(self) -> None:
        """Tell the listeners that training waits here; for the listener that is about to wait, between two updates."""
        self._tell(Paused(self.iteration, **self._context()))

    def change(self, name: str, value: float) -> None:
        """Have the updates to come use another value of a setting; only between two of them, as in a listener.

        Of several values between the same two updates the last counts, and what is as it was is no change. Those that
        were given beforehand and are still to come are forgotten.

        Args:
            name: one of `zerokara.training.changes.CHANGEABLE`; value: as a recipe has it.

        Raises UsageError for what a recipe would refuse, and for more than `MOST_CHANGES`; RuntimeError while updates
        are being done, in another thread. Nothing is changed then.
        """
        if self._updating:
            raise RuntimeError(in_english("a setting cannot be changed while updates are being done"))
        made = Change(self.iteration, name, value)
        in_order([made], self.optimizer)
        self.apply_changes()
        kept = self.changes[: self._applied]
        lately = kept[-len(CHANGEABLE) :]  # there is at most one of each setting between the same two updates
        kept[-len(CHANGEABLE) :] = [c for c in lately if (c.iteration, c.field) != (made.iteration, made.field)]
        before = value_after(kept, name, self._unchanged.get(name, in_use(self.network, self.optimizer)[name]))
        if made.value != before:
            if len(kept) >= MOST_CHANGES:
                text = sentence("A training takes at most {most:,} changes. Nothing was changed.", most=MOST_CHANGES)
                raise UsageError(text)
            kept.append(made)
        self.changes, self._applied = kept, len(kept)
        self._use(made)

    @property
    def made(self) -> tuple[Change, ...]:
        """The changes until now, also where the next update is the first to use one."""
        return tuple(change for change in self.changes if change.iteration <= self.iteration)

    def moment(self) -> Moment:
        """Where the trainer is now, between two updates, in copies."""
        history = self.history
        return Moment(
            iteration=self.iteration,
            arrays=tuple(array.copy() for array in self._arrays()),
            names=tuple(self.network.params),
            evaluations=len(history.evaluations),
            changes=self.made,
            seconds=history.seconds,
            undecided=history.undecided,
        )

    def go_to(self, moment: Moment, history: History) -> None:
        """Put this trainer where it was before, or where another one of the same recipe was.

        Args:
            moment: of that one.
            history: of that one, up to that moment or beyond.
        """
        for array, copy in zip(self._arrays(), moment.arrays, strict=True):
            array[...] = copy
        self.optimizer.steps = self.iteration = moment.iteration
        evaluations = history.evaluations[: moment.evaluations]
        if evaluations and evaluations[-1].iteration % self.evaluate_every and self.iteration < self.iterations:
            evaluations.pop()  # it was the last one of a shorter run; a longer one has none there
        losses = history.losses[: moment.iteration].copy()
        self.history = History([losses], evaluations, moment.seconds, moment.undecided)
        self.divergence = None
        for name, value in self._unchanged.items():
            use(self.network, self.optimizer, name, value)
        self.changes, self._applied = in_order(moment.changes, self.optimizer), 0
        self.apply_changes()

    @property
    def finished(self) -> bool:
        """Whether every update and the last evaluation are done."""
        evaluations = self.history.evaluations
        return self.iteration == self.iterations and bool(evaluations) and evaluations[-1].iteration == self.iteration

    @working()
    @np.errstate(over="ignore", invalid="ignore")  # a run that diverges says so by its losses, not by NumPy's warnings
    def run(self, *before: Listener) -> History:
        """Train to the end, with a last evaluation there, or until `stop` is raised.

        Args:
            before: listeners of this call only, told before the trainer's own. A trainer is built before its run has a
                folder, so that what is refused leaves none behind; what writes into that folder listens from here on.
        """
        self._hearing = (*before, *self.listeners)
        try:
            return self._run()
        finally:
            self._hearing = tuple(self.listeners)

    def _run(self) -> History:
        looks = len(range(self.iteration, self.iterations, self.evaluate_every)) + 1
        self._looks.clear()
        self._tell(Started(self.iteration, self.iterations, looks, self._looks.update, **self._context()))
        if not (self.keep_going or self.is_finite()):
            self.divergence = Divergence(self.iteration, float("nan"))
        seconds_per_update, size = 0.0, 1
        while self.iteration < self.iterations and not self.stop[0] and self.divergence is None:
            rest()
            if self.iteration % self.evaluate_every == 0:
                self.evaluate()
            size = self._chunk_size(seconds_per_update, size)
            seconds_per_update = self.advance(self.iteration + size)
        self.evaluate()
        self._tell(Ended(self.iteration, not self.finished, self.divergence, **self._context()))
        return self.history

    def advance(self, until: int) -> float:
        """Do updates up to iteration `until`; seconds for one.

        Fewer where an epoch ends, `stop` is raised or a setting changes: all updates of a chunk have the same settings.
        """
        self.apply_changes()
        to_come = self.changes[self._applied : self._applied + 1]
        rows = self.batches.rows(self.iteration, min([until, *(change.iteration for change in to_come)]))
        began = perf_counter()
        before = None if self.keep_going else self._snapshot()
        self._updating = True
        try:
            losses = self._update(rows, self.stop)
            if before is not None and not (np.isfinite(losses).all() and self.is_finite()):
                losses = self._until_divergence(before, rows, losses)
            self.iteration += len(losses)
        finally:
            self._updating = False
        seconds = perf_counter() - began
        self.history.chunks.append(losses)
        self.history.seconds += seconds
        self._tell(Advanced(self.iteration, losses, seconds, **self._context()))
        return seconds / max(len(losses), 1)

    def is_finite(self) -> bool:
        """Whether every weight and all of the optimizer's state are finite."""
        return all(bool(np.isfinite(array).all()) for array in self._arrays())

    def evaluate(self) -> None:
        """Measure both accuracies, unless this iteration has been evaluated or `stop` is raised meanwhile."""
        history = self.history
        if history.evaluations and history.last.iteration == self.iteration:
            return
        began = perf_counter()
        train, test = self._classes(self.dataset.train), self._classes(self.dataset.test)
        if self.stop[0]:
            return
        epoch = self.iteration / self.batches.per_epoch
        accuracies = _accuracy(train, self.dataset.train), _accuracy(test, self.dataset.test)
        evaluation = Evaluation(self.iteration, epoch, self._recent_loss(), *accuracies)
        history.undecided = _undecided({"training": train, "test": test})
        seconds = perf_counter() - began
        history.evaluations.append(evaluation)
        history.seconds += seconds
        self._tell(Evaluated(evaluation, seconds, train, test, **self._context()))

    def apply_changes(self) -> None:
        """Have the next update use what was changed by now; only between two of them."""
        while self._applied < len(self.changes) and self.changes[self._applied].iteration <= self.iteration:
            self._use(self.changes[self._applied])
            self._applied += 1

    def _use(self, change: Change) -> None:
        if change.field not in self._unchanged:
            self._unchanged[change.field] = in_use(self.network, self.optimizer)[change.field]
        change.apply(self.network, self.optimizer)

    def _update(self, rows: NDArray[np.int64], stop: NDArray[np.uint8]) -> NDArray[np.float64]:
        return self.engine.advance(
            self.network, self.optimizer, self.dataset.train, rows, gradient=self.gradient, stop=stop
        )

    def _until_divergence(
        self, before: Snapshot, rows: NDArray[np.int64], losses: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Do a chunk that diverged again, one by one, up to the update that did it: where does not depend on chunks.

        Returns:
            (m,) the losses of the updates before that one.
        """
        self._restore(before)
        culprit = int(np.append(np.flatnonzero(~np.isfinite(losses)), len(losses) - 1)[0])
        for i in range(culprit):
            before = self._snapshot()
            self._update(rows[i : i + 1], np.zeros(1, np.uint8))
            if not self.is_finite():
                self._restore(before)
                culprit = i
                break
        self.divergence = Divergence(self.iteration + culprit, float(losses[culprit]))
        return losses[:culprit]

    def _arrays(self) -> Iterator[NDArray[Any]]:
        yield from self.network.params.values()
        for slot in self.optimizer.state.values():
            yield from slot.values()

    def _snapshot(self) -> Snapshot:
        return [array.copy() for array in self._arrays()], self.optimizer.steps

    def _restore(self, snapshot: Snapshot) -> None:
        copies, self.optimizer.steps = snapshot
        for array, copy in zip(self._arrays(), copies, strict=True):
            array[...] = copy

    def _classes(self, split: Split) -> NDArray[np.int64]:
        """(samples,) the class of every sample, read-only; of no meaning when `stop` is raised meanwhile."""
        classes = np.empty(len(split), np.int64)
        for start in range(0, len(split), EVALUATED_AT_ONCE):
            rest()
            if not self.stop[0]:
                part = split.part(start, start + EVALUATED_AT_ONCE)
                classes[start : start + EVALUATED_AT_ONCE] = self.engine.classify(self.network, part)
        classes.flags.writeable = False  # one listener cannot change what the next one reads
        return classes

    def _recent_loss(self) -> float:
        if self.iteration == 0:
            return self._first_loss()
        since = self.history.last.iteration if self.history.evaluations else 0
        return float(self.history.losses[since:].mean())

    def _first_loss(self) -> float:
        """That of the first batch, of the network as the recipe begins it: a change before the first update counts from
        that update on, whether it was made before the evaluation or after it."""
        network, train = self.network, self.dataset.train
        first = self.batches.rows(0, 1)[0]
        changed = network.weight_decay
        network.weight_decay = self._unchanged.get("weight_decay", changed)
        try:
            return network.loss(train.rows(first, network.dtype), train.t[first])
        finally:
            network.weight_decay = changed

    def _chunk_size(self, seconds_per_update: float, size: int) -> int:
        """Updates until the next evaluation, listener's look or the end, at most 50 ms of them."""
        evaluation = self.iteration + self.evaluate_every - self.iteration % self.evaluate_every
        looks = (at for at in self._looks if at > self.iteration)
        most = min(evaluation, self.iterations, *looks) - self.iteration
        if self.chunk is not None:
            return min(most, self.chunk)
        if seconds_per_update == 0:
            return 1
        return max(1, min(most, int(CHUNK_SECONDS / seconds_per_update), FASTER_BY * size))

    def _context(self) -> Context:
        return {
            "network": self.network,
            "history": self.history,
            "request_stop": self.request_stop,
            "changes": self.changes,
        }

    def _tell(self, event: Event) -> None:
        for listener in self._hearing:
            listener(event)


def _accuracy(classes: NDArray[np.int64], split: Split) -> float:
    """The share of samples whose class is their label."""
    return int((classes == split.t).sum()) / len(split)


def _undecided(classes: Mapping[str, NDArray[np.int64]]) -> Undecided:
    """The splits in which some samples have no class, -1: how many, and of how many."""
    missing = {name: int((of_split < 0).sum()) for name, of_split in classes.items()}
    return {name: (count, len(classes[name])) for name, count in missing.items() if count}
