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
from zerokara.finalization import rest, working
from zerokara.nn.network import Network
from zerokara.training.batches import Batches
from zerokara.training.changes import Change
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Listener, Started
from zerokara.training.history import Divergence, Evaluation, History, Undecided
from zerokara.training.optimizers import Optimizer

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
    """

    iteration: int
    arrays: tuple[NDArray[Any], ...]
    names: tuple[str, ...]
    evaluations: int

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        """The weights, by their names in a network."""
        return dict(zip(self.names, self.arrays, strict=False))


class Context(TypedDict):
    """What every event carries; see `TrainerEvent`."""

    network: Network
    history: History
    request_stop: Callable[[], None]


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
        changes: of settings, in the order of their iterations: those made so far, and those that are still to come.
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

    def request_stop(self) -> None:
        """Have the run end after the update being done. Any thread may call this: a sweep, a button, a listener."""
        self.stop[0] = 1

    def change(self, name: str, value: float) -> None:
        """Have later updates use another value of a setting; only between two updates, as in a listener.

        Args:
            name: one of `zerokara.training.changes.CHANGEABLE`; value: as a recipe has it.
        """
        made = Change(self.iteration, name, value)
        self.changes = [change for change in self.changes if change.iteration <= self.iteration] + [made]
        made.apply(self.network, self.optimizer)

    def moment(self) -> Moment:
        """Where the trainer is now, between two updates, in copies."""
        arrays = tuple(array.copy() for array in self._arrays())
        return Moment(self.iteration, arrays, tuple(self.network.params), len(self.history.evaluations))

    def go_to(self, moment: Moment, history: History) -> None:
        """Put a fresh trainer of the same recipe where another one was.

        Args:
            moment: of that one.
            history: of that one, up to that moment or beyond.
        """
        for array, copy in zip(self._arrays(), moment.arrays, strict=True):
            array[...] = copy
        self.optimizer.steps = self.iteration = moment.iteration
        self.history = History(
            [history.losses[: moment.iteration].copy()], history.evaluations[: moment.evaluations], history.seconds
        )

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
            for change in self.changes:
                if change.iteration <= self.iteration:
                    change.apply(self.network, self.optimizer)
            size = self._chunk_size(seconds_per_update, size)
            seconds_per_update = self.advance(self.iteration + size)
        self.evaluate()
        self._tell(Ended(self.iteration, not self.finished, self.divergence, **self._context()))
        return self.history

    def advance(self, until: int) -> float:
        """Do updates up to iteration `until`, or fewer where an epoch ends or `stop` is raised; seconds for one."""
        rows = self.batches.rows(self.iteration, until)
        began = perf_counter()
        before = None if self.keep_going else self._snapshot()
        losses = self._update(rows, self.stop)
        if before is not None and not (np.isfinite(losses).all() and self.is_finite()):
            losses = self._until_divergence(before, rows, losses)
        seconds = perf_counter() - began
        self.iteration += len(losses)
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
            first = self.batches.rows(0, 1)[0]
            train = self.dataset.train
            return self.network.loss(train.rows(first, self.network.dtype), train.t[first])
        since = self.history.last.iteration if self.history.evaluations else 0
        return float(self.history.losses[since:].mean())

    def _chunk_size(self, seconds_per_update: float, size: int) -> int:
        """Updates until the next evaluation, change, listener's look or the end, at most 50 ms of them."""
        evaluation = self.iteration + self.evaluate_every - self.iteration % self.evaluate_every
        stops = (*self._looks, *(change.iteration for change in self.changes))
        most = min(evaluation, self.iterations, *(at for at in stops if at > self.iteration)) - self.iteration
        if self.chunk is not None:
            return min(most, self.chunk)
        if seconds_per_update == 0:
            return 1
        return max(1, min(most, int(CHUNK_SECONDS / seconds_per_update), FASTER_BY * size))

    def _context(self) -> Context:
        return {"network": self.network, "history": self.history, "request_stop": self.request_stop}

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
