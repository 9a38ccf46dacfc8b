"""What somebody asks about a weight: which network, which weight of it, which samples, in which precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.lab.held import Held
from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject
from zerokara.nn.arguments import is_integer, number
from zerokara.nn.network import Network
from zerokara.nn.one_weight import Weight
from zerokara.training.batches import Batches
from zerokara.training.recipe import DTYPES
from zerokara.words import sentence

Array = NDArray[Any]

MOST_SAMPLES = 1000
WORK = 4_000_000
"""Multiplications of one evaluation, those of MNIST's recipe; where there are more, fewer points are evaluated."""

HELD = Held()
"""The networks that pages look at."""


@dataclass(frozen=True)
class Question:
    """What is asked about.

    Attributes:
        number: of the subject, which is held.
        network: a copy of its network in the precision asked for; nothing has been moved in it.
        weight: one of it.
        x, t: the samples that the loss is the mean of.
        steepness: |∂L/∂w| of all parameters there.
        moved_to: the value that somebody has dragged the weight to, or None.
    """

    number: int
    subject: Subject
    network: Network
    weight: Weight
    x: Array
    t: Array
    steepness: Mapping[str, Array]
    moved_to: float | None

    @classmethod
    def of(cls, subject: Subject, message: Message, precision: Any = None) -> Question:
        """The question in a message, which may be anybody's. Raises UsageError for what cannot be asked."""
        asked = message.fields
        held, subject = HELD.take(subject, asked.get("held"), renew=asked.get("renew") is True)
        precision = precision or asked.get("precision", "float64")
        if not isinstance(precision, str) or precision not in DTYPES:
            raise unknown_name("precision", _short(precision), DTYPES)
        network = subject.network.copy(precision)
        x, t = samples_of(subject, asked.get("samples"), network.dtype)
        steepness = _steepness(network, x, t)
        weight, at = _weight(network, asked, steepness), asked.get("at")
        return cls(held, subject, network, weight, x, t, steepness, None if at is None else number("at", at))

    @property
    def moved(self) -> Network:
        """A network with the weight where it was dragged to."""
        with np.errstate(over="ignore"):  # float32 holds less than a page may send
            return self.network.copy() if self.moved_to is None else self.weight.placed(self.network, self.moved_to)

    def another(self, asked: Any) -> Weight:
        """The second weight that is asked about, or the next steepest. Raises UsageError for the first once more."""
        asked = asked if isinstance(asked, Mapping) else {}
        steepness = {name: array.copy() for name, array in self.steepness.items()}
        steepness[self.weight.name][self.weight.index] = -1.0
        weight = _weight(self.network, {"parameter": self.weight.name, **asked}, steepness)
        if weight == self.weight:
            raise UsageError(sentence("Pick another weight: the loss is drawn over two of them."), "wrong-value")
        return weight

    def points(self, most: int) -> int:
        """How many evaluations are not too many, an odd number: fewer for large networks and many samples."""
        work = len(self.x) * sum(array.size for array in self.network.params.values())
        return max(11, int(most * min(1.0, WORK / work))) | 1

    def answer(self, type: str, arrays: Mapping[str, Array] | None = None, **fields: Any) -> Message:
        """A message that says what it is about."""
        weight = {"parameter": self.weight.name, "index": list(map(int, self.weight.index))}
        about = {"held": self.number, "iteration": self.subject.iteration, "samples": len(self.x), **weight}
        return Message(type, {**about, **fields}, arrays or {})


def samples_of(subject: Subject, asked: Any, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The samples that training takes first, x (n, features) and t (n,), as many as asked for or a batch of them."""
    train, recipe = subject.dataset.train, subject.recipe
    most = min(MOST_SAMPLES, len(train))
    n = min(recipe.batch_size, most) if asked is None else asked
    if not is_integer(n) or not 1 <= n <= most:
        raise UsageError(
            sentence("samples must be a whole number from 1 to {most:,}. Got {got!r:.40}.", most=most, got=asked),
            "wrong-value",
        )
    rows = _first_rows(len(train), recipe.batch_size, recipe.sampling, recipe.seed, most)[:n]
    return train.rows(rows, dtype), train.t[rows]


@lru_cache(maxsize=8)
def _first_rows(samples: int, batch_size: int, sampling: str, seed: int, most: int) -> NDArray[np.int64]:
    batches, taken, found = Batches(samples, batch_size, sampling, seed), 0, list[NDArray[np.int64]]()
    while sum(map(len, found)) < most:
        rows = batches.rows(taken, taken + most)
        taken += len(rows)
        found.append(rows.reshape(-1))
    return np.concatenate(found)[:most]


@np.errstate(all="ignore")
def _steepness(network: Network, x: Array, t: Array) -> dict[str, Array]:
    """|∂L/∂w| of all parameters. Raises UsageError where the loss is no number."""
    loss, gradient = network.loss_and_gradient(x, t)
    if not np.isfinite(loss):
        raise UsageError(
            sentence(
                "The loss of this network is not a finite number: it has diverged, and there is no slope to look at. "
                "Go back to an earlier update, or begin again with a smaller learning rate."
            ),
            "diverged",
        )
    return {name: np.abs(slopes) for name, slopes in gradient.items()}


def _weight(network: Network, asked: Mapping[str, Any], steepness: Mapping[str, Array]) -> Weight:
    name, index = asked.get("parameter"), asked.get("index")
    name = next(iter(network.params)) if name is None else name
    if index is None and isinstance(name, str) and name in steepness:
        index = list(map(int, np.unravel_index(int(steepness[name].argmax()), steepness[name].shape)))
    return Weight.of(network, name, index)


def _short(got: Any) -> Any:
    return got[:40] if isinstance(got, str) else got
