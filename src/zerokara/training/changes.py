"""What was changed while a network was trained: from which update on which setting had which value."""

from __future__ import annotations

from dataclasses import dataclass

from zerokara.nn.network import Network
from zerokara.training.optimizers import Optimizer

CHANGEABLE = ("learning_rate", "momentum", "weight_decay")
"""The fields of a recipe that another value may be given to between two updates."""


@dataclass(frozen=True)
class Change:
    """A setting that has another value from the update after `iteration` on.

    Attributes:
        iteration: updates done before it.
        field: one of `CHANGEABLE`.
        value: the new one, as a recipe takes it.
    """

    iteration: int
    field: str
    value: float

    def apply(self, network: Network, optimizer: Optimizer) -> None:
        """Have the next update of this network and optimizer use the value."""
        if self.field == "weight_decay":
            network.weight_decay = self.value
        else:
            setattr(optimizer, self.field, self.value)
