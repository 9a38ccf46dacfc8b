"""Training a run again in memory, up to its last update, and comparing bit for bit what came out with what is stored.

The recipe may be anybody's: what would need more memory or time than there is is not begun, and what takes longer than
was forecast is stopped.
"""

from __future__ import annotations

import threading
from dataclasses import astuple, dataclass, replace
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.runs.checkpoint import Array, Checkpoint
from zerokara.runs.interrupt import stop_on_signals
from zerokara.runs.machine import limited_to
from zerokara.runs.reading import memory_of_machine
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Listener, Started
from zerokara.training.history import Evaluation
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Trainer

MOST_FLOPS = 1e13
"""Floating-point operations a second that no engine of ours does on any machine of today."""
MEASURED, HOPELESS = 0.5, 10
"""So many seconds tell whether it will take so many times as long as it may; a tenth of the budget tells the rest.

The first updates are slower than others."""
MOST_ROUNDING = 16
"""Units of rounding, relative to a loss, by which another mathematical library changes it before that grows."""
MOST_ROUNDING_OF_WEIGHTS = 256
"""The same of weights at the end, relative to the largest, while no loss shows it."""
FEWEST_ROUNDED = 8
"""What another library rounds spreads over many weights; a few that differ were changed."""
ROUNDING_OF_ONE_LOSS = 1000
"""The same of a loss whose products another matrix library added in another order."""


class OverBudget(Exception):
    """The training would take longer than it may, or did. `seconds`: what it would take in all; None: not known."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class NeedsMemory(Exception):
    """The training would need so many bytes, which are not there."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def check_weights_fit(recipe: Recipe, checkpoint: Checkpoint) -> None:
    """Raise NeedsMemory where weights, gradients, the optimizer's state and its snapshot alone need too much."""
    weights = sum(array.size for array in checkpoint.params.values())
    _check_memory(8 * weights * (4 + 2 * len(recipe.make_optimizer().slots)))


def check_feasible(recipe: Recipe, checkpoint: Checkpoint, seconds: float) -> None:
    """Raise NeedsMemory or OverBudget where that can be told without beginning to train."""
    sizes, batch = checkpoint.facts.sizes, recipe.batch_size
    _check_memory(8 * batch * (2 + 3 * sum(sizes)))  # indices and labels; each layer's inputs, outputs and gradients
    passes = 3.0 if recipe.gradient == "backprop" else float(sum(sizes[1:]))  # one for each unit at the very least
    least = checkpoint.iteration * passes * batch * sum(sizes[1:]) / MOST_FLOPS
    if least > seconds:
        raise OverBudget(least)


def _check_memory(size: int) -> None:
    if size > memory_of_machine():
        raise NeedsMemory(size)


def replay(trainer: Trainer, checkpoint: Checkpoint, *, seconds: float, listener: Listener | None = None) -> None:
    """Train as far as the checkpoint is, with as many threads of the matrix library as its run had.

    Raises OverBudget, and KeyboardInterrupt where a signal came.
    """
    trainer.iterations = checkpoint.iteration
    budget = Budget(seconds, checkpoint.iteration)
    # numerical gradients of large networks take minutes for one update, and look at the flag
    timer = threading.Timer(seconds, trainer.request_stop)
    timer.daemon = True
    timer.start()
    try:
        with stop_on_signals(trainer.stop) as signals, limited_to(checkpoint.provenance.threads):
            trainer.run(budget, *(() if listener is None else (listener,)))
    finally:
        timer.cancel()
    if signals.count:
        raise KeyboardInterrupt
    if trainer.stop[0]:
        raise OverBudget(budget.needed)


class Budget:
    """A listener that ends a training as soon as it is clear that it will not end in time.

    Attributes:
        needed: the seconds that it would have taken; None where it was not ended.
    """

    def __init__(self, seconds: float, total: int) -> None:
        self.seconds, self.total = seconds, total
        self.needed: float | None = None
        self._evaluations, self._updates, self._looks = 1, 0, 0
        self._updating = self._looking = 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._evaluations = event.evaluations
            case Advanced():
                self._updates, self._updating = event.iteration, self._updating + event.seconds
            case Evaluated():
                self._looks, self._looking = self._looks + 1, self._looking + event.seconds
            case Ended():
                return
        forecast = self.forecast()
        spent = self._updating + self._looking
        surely = forecast > HOPELESS * self.seconds or spent > self.seconds / HOPELESS
        if spent > MEASURED and surely and forecast > self.seconds:
            self.needed = forecast
            event.request_stop()

    def forecast(self) -> float:
        """Seconds of the whole training, as far as they can be told."""
        updates = self._updating * self.total / self._updates if self._updates else 0.0
        return updates + self._looking * self._evaluations / max(self._looks, 1)


@dataclass(frozen=True)
class Comparison:
    """Where what is stored and what came out are not the same bits.

    Attributes:
        losses_from: index of the first loss that differs; then, now: that loss as stored and as it came out.
        evaluation: iteration of the first evaluation that differs.
        array: name of the first array of weights or of the optimizer's state that differs.
        rounding: whether no more than the rounding of another mathematical library is to be seen.
        first_loss_rounded: whether the loss of evaluation 0 differs by rounding, which counts for nothing here.
    """

    losses_from: int | None = None
    then: float = 0.0
    now: float = 0.0
    evaluation: int | None = None
    array: str | None = None
    rounding: bool = False
    first_loss_rounded: bool = False

    @property
    def same(self) -> bool:
        """Whether every bit is the same."""
        return self.losses_from is None and self.evaluation is None and self.array is None


class _Arrays(NamedTuple):
    """Losses, evaluations, and all other arrays by name."""

    losses: NDArray[np.float64]
    evaluations: dict[int, Evaluation]
    others: dict[str, Array]


def compared(checkpoint: Checkpoint, trainer: Trainer) -> Comparison:
    """What is stored beside what a trainer came to that went as far."""
    stored = _Arrays(
        checkpoint.arrays["losses"],
        {e.iteration: e for e in checkpoint.history.evaluations},
        {name: array for name, array in checkpoint.arrays.items() if name not in ("losses", "evaluations")},
    )
    found = _Arrays(trainer.history.losses, {e.iteration: e for e in trainer.history.evaluations}, _state_of(trainer))
    eps = float(np.finfo(trainer.network.dtype).eps)
    differing = [name for name, then in stored.others.items() if not are_same_bits(then, found.others[name])]
    array = differing[0] if differing else None
    first = _first_difference(stored.losses, found.losses)
    if first is not None:
        then, now = (float(losses[first]) if first < len(losses) else float("nan") for losses in stored[:1] + found[:1])
        rounding = array is not None and _is_rounded(then, now, MOST_ROUNDING * eps) and _spreads(stored, found, first)
        return Comparison(first, then, now, array=array, rounding=rounding)
    rounded = trainer.engine.name != "reference" and _is_first_loss_rounded(stored, found, eps)
    if rounded:
        found.evaluations[0] = replace(found.evaluations[0], loss=stored.evaluations[0].loss)
    evaluation = _first_evaluation(stored.evaluations, found.evaluations, checkpoint.iteration)
    rounding = evaluation is None and _are_rounded(stored.others, found.others, differing, eps)
    return Comparison(evaluation=evaluation, array=array, rounding=rounding, first_loss_rounded=rounded)


def _is_first_loss_rounded(stored: _Arrays, found: _Arrays, eps: float) -> bool:
    """Whether the loss of evaluation 0, which is NumPy's whatever the engine, differs, and only by rounding."""
    if 0 not in stored.evaluations or 0 not in found.evaluations:
        return False
    then, now = stored.evaluations[0].loss, found.evaluations[0].loss
    return then != now and _is_rounded(then, now, ROUNDING_OF_ONE_LOSS * eps)


def _state_of(trainer: Trainer) -> dict[str, Array]:
    """The arrays of a checkpoint of this trainer, but its history."""
    params = {f"params/{name}": array for name, array in trainer.network.params.items()}
    state = trainer.optimizer.state.items()
    return params | {f"state/{slot}/{name}": array for slot, arrays in state for name, array in arrays.items()}


def are_same_bits(one: Array, other: Array) -> bool:
    """Whether two arrays of numbers are the same bits; a NaN is like any other, whatever sign it was given."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    unequal = np.ascontiguousarray(one).view(f"u{one.itemsize}") != np.ascontiguousarray(other).view(f"u{one.itemsize}")
    return not bool((unequal & ~(np.isnan(one) & np.isnan(other))).any())


def _first_difference(stored: NDArray[np.float64], found: NDArray[np.float64]) -> int | None:
    """The index from which two histories of losses differ; None where they are the same."""
    n = min(len(stored), len(found))
    differing = _differing(stored[:n], found[:n])
    if len(differing):
        return int(differing[0])
    return None if len(stored) == len(found) else n


def _differing(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices at which two float64 arrays are not the same bits."""
    return np.flatnonzero((one.view(np.uint64) != other.view(np.uint64)) & ~(np.isnan(one) & np.isnan(other)))


def _is_rounded(then: float, now: float, most: float) -> bool:
    return abs(then - now) <= most * abs(now)


def _spreads(stored: _Arrays, found: _Arrays, first: int) -> bool:
    """Whether most of the losses after the first that differs do too, as what is rounded once never comes back."""
    n = min(len(stored.losses), len(found.losses))
    return 2 * len(_differing(stored.losses[first:n], found.losses[first:n])) >= n - first


def _are_rounded(stored: dict[str, Array], found: dict[str, Array], differing: list[str], eps: float) -> bool:
    """Whether many elements of these arrays differ, and none by more than rounding."""
    many = 0
    for name in differing:
        then, now = stored[name], found[name]
        if then.shape != now.shape or not (np.isfinite(then).all() and np.isfinite(now).all()):
            return False
        apart = np.abs(then.astype(np.float64) - now)
        if apart.max() > MOST_ROUNDING_OF_WEIGHTS * eps * np.abs(now).max():
            return False
        many += int(np.count_nonzero(apart))
    return many >= FEWEST_ROUNDED


def _first_evaluation(stored: dict[int, Evaluation], found: dict[int, Evaluation], last: int) -> int | None:
    """The iteration of the first evaluation that differs or is missing. A run that was stopped has none at its end."""
    for iteration in sorted(stored.keys() | found.keys()):
        pair = stored.get(iteration), found.get(iteration)
        if pair[0] is None and iteration == last:
            continue
        if None in pair or not are_same_bits(*(np.array(astuple(e), np.float64) for e in pair if e is not None)):
            return iteration
    return None


def stored_bits(checkpoint: Checkpoint) -> str:
    """A digest of all that a run computed: equal where two runs are the same bits."""
    digest = sha256()
    for name in sorted(checkpoint.arrays):
        array = checkpoint.arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
