"""A learner's network as the check sees it: arrays that can be set, a loss, and the gradient of their own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.own_gradients.keeping import Snapshot

Array = NDArray[Any]
Arrays = dict[str, Array]


@dataclass(eq=False)
class Subject:
    """One network and a batch.

    Calling `loss` or `gradient` runs the learner's code, which may do anything; whoever calls restores by `kept`.

    Attributes:
        name: what people know it by, such as "TwoLayerNet" or "gradient".
        params: the live arrays that the code reads, by their names: "W1", "Affine1.W", "layers[0].W". They are set in
            place: `params[name][...] = value`.
        loss: x, t → the loss as a float.
        gradient: x, t → copies of the gradients, by the names of `params`; a parameter may be missing.
        scores: x → the network's output, where there is a function for it; None where there is none.
        x, t: a batch of the data that the check is about, one sample a row: x (n, features), or images (n, channels,
            …); t (n,) class indices, or (n, classes), whichever the code takes. `loss`, `gradient` and `scores` take
            both so, and turn them into columns or single samples where the code wants that. Slices are batches too.
        functions: those of the learner's that the gradient's code consists of, for line numbers.
        file: where they stand.
        rate: the learning rate, where the gradient is read off an update; None where it is returned.
        state: objects whose attributes the code may change, such as the network: kept and restored with the arrays.
    """

    name: str
    params: Arrays
    loss: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Arrays]
    x: Array
    t: Array
    scores: Callable[[Array], Array] | None = None
    functions: tuple[FunctionType, ...] = ()
    file: Path | None = None
    rate: float | None = None
    state: tuple[Any, ...] = ()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever the code changes meanwhile in its parameters and objects, and in random states, is put back."""
        snapshot = Snapshot([*self.params.values(), *self.state])
        try:
            yield
        finally:
            snapshot.restore()

    def set(self, values: Mapping[str, Array]) -> None:
        """Give parameters these values, in place."""
        for name, value in values.items():
            self.params[name][...] = value

    def weights(self, seed: int) -> Arrays:
        """Weights to check at, from a seed: N(0, 1.7/√fan_in), and N(0, 0.3) for what has one axis."""
        generator = np.random.default_rng(seed)
        return {name: _drawn(generator, array.shape) for name, array in self.params.items()}


def _drawn(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    spread = 0.3 if len(shape) < 2 or 1 in shape else 1.7 / np.sqrt(shape[0])
    return generator.normal(0, spread, shape)


@dataclass(eq=False)
class Truth:
    """The right quantities of a known forward pass on one batch, from an independent computation in float64.

    Layers are counted from 1: `a[0]` is the input, `z[l]` = `a[l-1]` @ `W[l]` + `b[l]`, `a[l]` = f(`z[l]`); the last
    layer's `z` are the scores.

    Attributes:
        names: of the parameters: `names["W1"]` is the key of `Subject.params` that is the first layer's weights.
        transposed: layers whose weights are kept as (outputs, inputs).
        delta: ∂L/∂z of each layer.
        slope: f′(z) of each hidden layer.
        upstream: ∂L/∂a of each hidden layer.
        output: what the learner's forward pass ends with, such as softmax(z[L]).
        targets: (n, classes) one-hot.
        gradient: of every parameter, by its key in `Subject.params`, in its shape.
    """

    names: Mapping[str, str]
    transposed: frozenset[int]
    W: Mapping[int, Array]
    b: Mapping[int, Array]
    z: Mapping[int, Array]
    a: Mapping[int, Array]
    slope: Mapping[int, Array]
    delta: Mapping[int, Array]
    upstream: Mapping[int, Array]
    output: Array
    targets: Array
    gradient: Arrays
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        """How many layers have weights."""
        return len(self.W)
