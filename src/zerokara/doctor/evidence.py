"""What is known of one training: the setting, every loss, probes of the network on the way, facts of the data.

Whatever is not known is None, and a rule that lacks its evidence is silent. A training of `zerokara train` is watched
(`zerokara.doctor.watching`); of a learner's own loop there is what it left behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset
from zerokara.doctor.data_facts import DataFacts
from zerokara.doctor.probes import Probe
from zerokara.training.changes import Change
from zerokara.training.history import Divergence, Evaluation
from zerokara.training.recipe import Recipe

EARLY = 0.3
"""The share of a run from which on more is said than facts of the start: until there many a healthy run looks ill."""

NO_LOSSES: NDArray[np.float64] = np.zeros(0)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What was trained and how, as far as it is known; the names are those of a recipe.

    Attributes:
        sizes: units of each layer, inputs first.
        samples: of the training part.
        sums: whether the loss, or its gradient, is a sum over the batch; None where that is to be found out.
    """

    sizes: tuple[int, ...] | None = None
    activation: str | None = None
    loss: str | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    weight_decay: float | None = None
    init: str | float | None = None
    gradient: str | None = None
    samples: int | None = None
    sums: bool | None = None

    @classmethod
    def of(cls, recipe: Recipe, dataset: Dataset) -> Self:
        """That of a recipe and its data."""
        recipe = recipe.resolved()
        names = ("activation", "loss", "optimizer", "learning_rate", "batch_size", "weight_decay", "init", "gradient")
        sizes = (dataset.train.pixels.shape[1], *recipe.hidden, len(dataset.class_names))
        return cls(sizes=sizes, samples=len(dataset.train), **{name: getattr(recipe, name) for name in names})

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of the hidden layers, () where the sizes are not known."""
        return self.sizes[1:-1] if self.sizes else ()

    @property
    def classes(self) -> int | None:
        """Outputs of the network."""
        return self.sizes[-1] if self.sizes else None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one training, up to now or to its end.

    Attributes:
        setting: what was trained and how, as it began.
        recipe: the whole of it, where there is one.
        changes: of settings, that somebody made on the way.
        total: updates of the whole run; None where nobody said.
        iteration: updates done so far.
        losses: (iteration,) the loss of each batch before its update.
        evaluations: looks at all data.
        probes: of the network at about 0, 1, 10, 30 and 100 % of the run, in their order.
        rises: (m, 3) of some updates: their number from 0, the loss of their batch before, and after them.
        data: facts of the data.
        divergence: where it left the finite numbers.
        ended: whether no update will follow, by plan or not.
    """

    setting: Setting = field(default_factory=Setting)
    recipe: Recipe | None = None
    changes: tuple[Change, ...] = ()
    total: int | None = None
    iteration: int = 0
    losses: NDArray[np.float64] = field(default_factory=lambda: NO_LOSSES)
    evaluations: tuple[Evaluation, ...] = ()
    probes: tuple[Probe, ...] = ()
    rises: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    data: DataFacts | None = None
    divergence: Divergence | None = None
    ended: bool = False

    def as_of(self, update: int) -> Evidence:
        """The same with the settings that the update of this number, from 1, was made with, as those of the training.

        Of what is seen after some updates, the rate to speak of is the one that made them.
        """
        made = [change for change in self.changes if change.iteration < update]
        if not made or self.recipe is None:
            return self
        values: dict[str, Any] = {change.field: change.value for change in made}
        recipe = replace(self.recipe, **values)
        setting = replace(self.setting, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
        return replace(self, setting=setting, recipe=recipe)

    @property
    def progress(self) -> float:
        """The share of the run that is done, 0 to 1; 1 of one that ended where nobody said how long it was to be."""
        if not self.total:
            return 1.0 if self.ended else 0.0
        return self.iteration / self.total

    @property
    def first(self) -> Probe | None:
        """The probe before the first update."""
        return next((probe for probe in self.probes if probe.iteration == 0), None)

    @property
    def early(self) -> Probe | None:
        """The first probe at 30 % of the run or later."""
        return next(self._since(EARLY), None)

    @property
    def last(self) -> Probe | None:
        """The probe at the end; None of a run that goes on, or was stopped before its end."""
        if not self.ended or self.progress < 1 or not self.probes or self.probes[-1].iteration < self.iteration:
            return None
        return self.probes[-1]

    def _since(self, share: float) -> Iterator[Probe]:
        """Those from the update on at which a watcher looks for that share."""
        return (probe for probe in self.probes if self.total and probe.iteration >= max(1, round(share * self.total)))
