"""What was changed while a network was trained: from which update on which setting had which value.

These are no part of a recipe: that says how a training begins, and a list of changes how it went on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zerokara.errors import UsageError, unknown_name
from zerokara.nn.network import Network
from zerokara.training.optimizers import Optimizer, not_a_setting
from zerokara.training.recipe import NOT_NEGATIVE, POSITIVE, SEED, SHARE, Rule
from zerokara.words import sentence

MOST_CHANGES = 10_000
"""Of one training. Somebody who moves a slider all the time makes some ten in a second."""

RULES: dict[str, Rule] = {"learning_rate": POSITIVE, "momentum": SHARE, "weight_decay": NOT_NEGATIVE}
CHANGEABLE = tuple(RULES)
"""The fields of a recipe that may be given another value between two updates, by the rules of a recipe."""


@dataclass(frozen=True, order=True)
class Change:
    """A setting that has another value from the update after `iteration` on.

    Attributes:
        iteration: updates done before it.
        field: one of `CHANGEABLE`.
        value: the new one, as a recipe takes it.

    Raises UsageError naming what it got and what it expects.

    >>> Change(500, "learning_rate", -0.1)
    Traceback (most recent call last):
        ...
    zerokara.errors.UsageError: learning_rate must be a positive number. Got -0.1.
    """

    iteration: int
    field: str
    value: float

    def __post_init__(self) -> None:
        if not SEED.holds(self.iteration):
            raise UsageError(sentence(SEED.refusal, name="iteration", got=self.iteration), "wrong-value")
        if self.field not in CHANGEABLE:
            raise unknown_name("field", self.field, CHANGEABLE)
        rule = RULES[self.field]
        if not rule.holds(self.value):
            raise UsageError(sentence(rule.refusal, name=self.field, got=self.value), "wrong-value")
        object.__setattr__(self, "iteration", int(self.iteration))
        object.__setattr__(self, "value", rule.convert(self.value))  # a numpy.float64 would turn float32 into float64

    def apply(self, network: Network, optimizer: Optimizer) -> None:
        """Have the next update of this network and optimizer use the value."""
        use(network, optimizer, self.field, self.value)


@dataclass(frozen=True, order=True)
class Parent:
    """Where a training goes on from that did not begin with its first update.

    Attributes:
        run: name of the folder of another run.
        iteration: updates that the two have in common, and the changes before them.
    """

    run: str
    iteration: int


def use(network: Network, optimizer: Optimizer, field: str, value: float) -> None:
    """Have the next update use this value of a setting."""
    if field == "weight_decay":
        network.weight_decay = value
    else:
        setattr(optimizer, field, value)


def in_use(network: Network, optimizer: Optimizer) -> dict[str, float]:
    """The settings that can be changed here, with the values that the next update uses."""
    of_optimizer = {name: value for name, value in optimizer.settings.items() if name in CHANGEABLE}
    return {**of_optimizer, "weight_decay": network.weight_decay}


def in_order(changes: Iterable[Change], optimizer: Optimizer) -> list[Change]:
    """The same by their iterations; of those that one update would use, of the same setting, the last.

    Raises UsageError for a setting that the optimizer does not have.
    """
    latest = {(change.iteration, change.field): change for change in changes}
    for change in latest.values():
        if change.field != "weight_decay" and change.field not in optimizer.settings:
            raise not_a_setting(change.field, optimizer.name, list(optimizer.settings))
    return sorted(latest.values(), key=lambda change: change.iteration)


def value_after(changes: Sequence[Change], field: str, before: float) -> float:
    """What a setting has after these changes; `before`: what it had without any.

    >>> value_after([Change(10, "learning_rate", 0.5), Change(20, "weight_decay", 0.01)], "learning_rate", 0.1)
    0.5
    """
    return next((change.value for change in reversed(changes) if change.field == field), before)
