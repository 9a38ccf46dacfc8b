"""One call of a learner's gradient at known weights, beside the right quantities there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zerokara.own_gradients.batches import Batch, batch
from zerokara.own_gradients.deltas import Candidates
from zerokara.own_gradients.forward import ROWS, Model, agrees, row_length, set_weights, tolerance
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.subject import Array, Arrays, Subject, Truth
from zerokara.own_gradients.truth import truth_at


@dataclass(eq=False)
class Observation:
    """What a learner's gradient returned, in the layers' order, and what is right.

    Attributes:
        n: samples; x, t: as the learner's code took them.
        params: values before the call, float64; `after`: those that it left.
        gradient: as returned, float64; a parameter may be missing.
        truth: the right quantities.
        dtypes: of the gradients as returned.
        within: how far numbers may differ that are equal but for rounding, relative.
        candidates: those that were made for it, by the layer and the δ of the layer above.
    """

    model: Model
    n: int
    x: Array
    t: Array
    params: Arrays
    after: Arrays
    gradient: Arrays
    truth: Truth
    within: float
    dtypes: dict[str, np.dtype[Any]]
    candidates: dict[tuple[int, bytes], Candidates] = field(init=False, default_factory=dict)

    def weights_of(self, values: Mapping[str, Array], layer: int) -> Array | None:
        """What `values` have for W of a layer, as (inputs, outputs) where the shape allows it."""
        place = self.model.layers[layer - 1]
        array = values.get(place.weight)
        return array.T if array is not None and place.transposed and array.ndim == 2 else array

    def bias_of(self, values: Mapping[str, Array], layer: int) -> Array | None:
        """What `values` have for b of a layer."""
        bias = self.model.layers[layer - 1].bias
        return None if bias is None else values.get(bias)


def observations(subject: Subject, model: Model) -> list[Observation]:
    """Calls with 7 and 11 rows at random weights, and with 7 at the subject's own if the model's loss is theirs there.

    Raises what the learner's code raises.
    """
    length = row_length(subject.x, model.columns)
    own = {name: np.array(array) for name, array in subject.params.items()}
    seen = []
    for number, n in enumerate((*ROWS, ROWS[1])):
        chosen = batch(subject, n, 2 + number, model.columns)
        params = set_weights(subject, model.layers, 11 + number, length)
        seen.append(observed(subject, model, params, chosen))
    subject.set(own)
    chosen = batch(subject, ROWS[0], 9, model.columns)
    params = {name: np.array(array, np.float64) for name, array in own.items()}
    loss = float(subject.loss(*chosen.copies()))
    if agrees(model, params, chosen.x, chosen.t, loss, 1e-6):
        subject.set(own)
        seen.append(observed(subject, model, params, chosen))
    return seen


def observed(subject: Subject, model: Model, params: Arrays, chosen: Batch) -> Observation:
    """What the learner's gradient returns at the weights that are set, `params`, on a batch."""
    snapshot = Snapshot(subject.state)
    gradient = {name: np.array(array) for name, array in subject.gradient(*chosen.copies()).items()}
    after = {name: np.array(array, np.float64) for name, array in subject.params.items()}
    snapshot.restore()
    halves = {name: array for name, array in gradient.items() if array.dtype != np.float16}
    dtypes = {name: array.dtype for name, array in gradient.items()}
    truth = truth_at(model, params, chosen.x, chosen.t)
    as_floats = {name: np.asarray(array, np.float64) for name, array in gradient.items() if array.dtype.kind in "fiub"}
    return Observation(
        model,
        len(truth.a[0]),
        chosen.x,
        chosen.t,
        params,
        after,
        as_floats,
        truth,
        tolerance({**halves, **subject.params}),
        dtypes,
    )
