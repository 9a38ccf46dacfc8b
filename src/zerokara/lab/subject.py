"""What a page asks about: a network at one moment of its training, and the data it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zerokara.data import Dataset
from zerokara.data.description import DataDescription
from zerokara.nn.network import Network
from zerokara.training.optimizers import Optimizer
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Moment


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything here stays as it is: nobody trains this network.

    Attributes:
        recipe: resolved.
        dataset: with its pixels; described: what its labels and pictures stand for.
        network: a copy, as it was after `iteration` updates.
        engine: name of the one that trains.
        moments: earlier ones of the same training that were kept, in order; for the path that weights went.
        optimizer: a copy, with its state, as it was then; None where it is not known which one trains.
    """

    recipe: Recipe
    dataset: Dataset
    described: DataDescription
    network: Network
    iteration: int
    engine: str
    moments: Sequence[Moment] = ()
    optimizer: Optimizer | None = None
