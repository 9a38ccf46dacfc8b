"""A checkpoint: everything a run needs to go on, bit for bit, in one safetensors file.

    params/W1, params/b1, …      the weights
    state/m/W1, …                the optimizer's state, slot by slot
    losses                       (iteration,) float64
    evaluations                  (k, 5) float64: the fields of an Evaluation
    __metadata__                 {"zerokara": facts as JSON}, see `zerokara.runs.provenance`

For the digest among the facts see `zerokara.runs.digest`. Nothing in the file is executed, and its names, shapes and
types must be exactly those that recipe and optimizer give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.runs.digest import sealed_file
from zerokara.runs.provenance import CheckpointFacts, Provenance
from zerokara.training.history import Evaluation, History
from zerokara.training.recipe import Recipe
from zerokara.training.trainer import Moment, Trainer

Array = NDArray[Any]


@dataclass(frozen=True)
class Summary:
    """What a checkpoint says of itself, quick to read. The digest of the file was not looked at.

    Attributes:
        path: the file.
        facts: what its metadata says.
        last: its latest evaluation; None where there is none.
    """

    path: Path
    facts: CheckpointFacts
    last: Evaluation | None

    @property
    def iteration(self) -> int:
        """Updates done."""
        return self.facts.iteration

    @property
    def state(self) -> str:
        """How the run stood when it was written."""
        return self.facts.state

    @property
    def provenance(self) -> Provenance:
        """How the run came to be."""
        return self.facts.provenance


@dataclass(frozen=True)
class Checkpoint(Summary):
    """A run's state after `iteration` updates, as read from an undamaged file.

    Attributes:
        arrays: by name, as in the module's head.
    """

    arrays: dict[str, Array]

    @property
    def params(self) -> dict[str, Array]:
        """The weights, by their names in a network."""
        return {
            name.removeprefix("params/"): array for name, array in self.arrays.items() if name.startswith("params/")
        }

    @property
    def history(self) -> History:
        """Losses and evaluations until then."""
        evaluations = [as_evaluation(row) for row in self.arrays["evaluations"]]
        return History([self.arrays["losses"]], evaluations, float(self.facts.seconds), self.facts.undecided)

    def restore(self, trainer: Trainer) -> None:
        """Put a fresh trainer of the same recipe where this checkpoint was made."""
        facts = self.facts
        moment = Moment(
            iteration=self.iteration,
            arrays=tuple(self.arrays[name] for name, _ in _state_of(trainer)),
            names=tuple(trainer.network.params),
            evaluations=facts.evaluations,
            changes=tuple(facts.changes),
            seconds=float(facts.seconds),
            undecided=facts.undecided,
        )
        trainer.go_to(moment, self.history)


def checkpoint_file(trainer: Trainer, provenance: Provenance, state: str) -> bytes:
    """The file for where a trainer is now. `state`: how its run stands."""
    history = trainer.history
    evaluations = np.array([astuple(e) for e in history.evaluations], np.float64).reshape(-1, 5)
    facts = CheckpointFacts(
        provenance=provenance,
        state=state,
        iteration=trainer.iteration,
        evaluations=len(evaluations),
        sizes=list(trainer.network.sizes),
        seconds=history.seconds,
        undecided=history.undecided,
        changes=list(trainer.made),
    )
    arrays = {**dict(_state_of(trainer)), "losses": history.losses, "evaluations": evaluations}
    return sealed_file(arrays, facts.to_json())


def as_evaluation(row: Array) -> Evaluation:
    """One row of a checkpoint's evaluations, (5,) float64."""
    iteration, *others = row.tolist()
    return Evaluation(int(iteration), *others)


def expected_arrays(facts: CheckpointFacts, recipe: Recipe) -> dict[str, tuple[str, list[int]]]:
    """Name → type as safetensors writes it, and shape: what a checkpoint with these facts must hold."""
    kind = {"float32": "F32", "float64": "F64"}[str(recipe.dtype)]
    sizes = facts.sizes
    expected: dict[str, tuple[str, list[int]]] = {}
    for prefix in ("params", *(f"state/{slot}" for slot in recipe.make_optimizer().slots)):
        for layer in range(1, len(sizes)):
            expected[f"{prefix}/W{layer}"] = kind, [sizes[layer - 1], sizes[layer]]
            expected[f"{prefix}/b{layer}"] = kind, [sizes[layer]]
    expected["losses"] = "F64", [facts.iteration]
    expected["evaluations"] = "F64", [facts.evaluations, 5]
    return expected


def _state_of(trainer: Trainer) -> Iterator[tuple[str, Array]]:
    for name, array in trainer.network.params.items():
        yield f"params/{name}", array
    for slot, arrays in trainer.optimizer.state.items():
        for name, array in arrays.items():
            yield f"state/{slot}/{name}", array
