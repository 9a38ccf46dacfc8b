"""A proven network behind a function, and the gradients it gives for as long as every call confirms it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.book.accelerate.forward import inputs_of_activations, scores_after
from zerokara.book.accelerate.inference import Model, agrees
from zerokara.book.accelerate.proof import Function, check_differences, check_memory, kept, value_at
from zerokara.book.accelerate.purity import Purity
from zerokara.book.accelerate.refusal import Refused
from zerokara.book.accelerate.structure import Arrays, rows_of
from zerokara.book.accelerate.threads import one_thread
from zerokara.engine.choosing import choose_engine
from zerokara.errors import sentence
from zerokara.nn.network import Network

Signature = dict[int, tuple[tuple[int, ...], Any]]

NEAR_BOUND = 1.0
"""How near the input of an activation may come to a bound it is clipped at. A step of h moves it by far less."""


@dataclass
class Batch:
    """Inputs and labels as they were, and in the form that an engine takes."""

    inputs: NDArray[Any]
    labels: NDArray[Any]
    rows: NDArray[np.float64]
    targets: NDArray[np.float64]

    def holds(self, inputs: NDArray[Any], labels: NDArray[Any]) -> bool:
        return np.array_equal(self.inputs, inputs) and np.array_equal(self.labels, labels)


@dataclass
class Plan:
    """What was proven of one function's code, for arrays of these shapes and classes of numbers."""

    purity: Purity
    model: Model
    signature: Signature
    network: Network = field(init=False)
    batch: Batch | None = None
    gradients: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    layers: list[NDArray[np.float64]] = field(default_factory=list)
    step: float = 0.0

    def __post_init__(self) -> None:
        sizes = [shape[0] for shape in (self.signature[n][0] for n in self.model.layout.weights)]
        sizes.append(self.signature[self.model.layout.weights[-1]][0][1])
        self.network = Network(sizes, activation=self.model.activation, loss=self.model.loss, init=1.0)
        shape = self.signature[self.model.layout.inputs][0]
        n = shape[0] if len(shape) > 1 else 1
        self.multiplications = n * max(a * b for a, b in pairwise(sizes))
        self.engine = choose_engine("auto", self.network, n)
        self.names: dict[int, str] = {}
        for i, (weight, bias) in enumerate(zip(self.model.layout.weights, self.model.layout.biases, strict=True), 1):
            self.names[weight] = f"W{i}"
            if bias is None:
                self.network.params[f"b{i}"][...] = 0
            else:
                self.names[bias] = f"b{i}"

    def arrays(self, f: Function, x: NDArray[Any]) -> Arrays | None:
        """The arrays that f reads now; None where the proof does not cover this f and these shapes."""
        values = self.purity.steps.again(f, x)
        if values is None:
            return None
        arrays = {number: values[number] for number in self.purity.arrays}
        return arrays if signature_of(arrays) == self.signature else None

    def gradient(self, f: Function, x: NDArray[Any], arrays: Arrays, h: float, *, sample: bool = False) -> NDArray[Any]:
        """The gradient of f at x. Raises Refused where f is not, or no longer, the proven network's loss.

        The last call of f is the one that ends the plain loop, so that the layers' caches are left as it leaves them.

        Args:
            sample: compare the differences of a sample of all weights, too.
        """
        check_memory(arrays, self.model.layout.parameters)
        with one_thread(self.multiplications):
            batch = self._current_batch(arrays)
            self._compute(arrays, batch, h)
            self._check_bounds()
            if sample:
                check_differences(f, x, self.model, arrays, h, lambda number: self._of(arrays, number))
            own = next(number for number in self.model.layout.parameters if arrays[number] is x)
        # What a cache holds must be the loop's to the last bit, and that can depend on the number of threads.
        with nullcontext() if self.purity.caches else one_thread(self.multiplications):
            self._check_last_call(f, x, arrays, batch, own, h)
        gradient = np.zeros_like(x)
        gradient[...] = self._of(arrays, own)
        return gradient

    def _of(self, arrays: Arrays, number: int) -> NDArray[np.float64]:
        return self.model.factor * self.gradients[self.names[number]].reshape(arrays[number].shape)

    def _current_batch(self, arrays: Arrays) -> Batch:
        inputs, labels = arrays[self.model.layout.inputs], arrays[self.model.layout.labels]
        if self.batch is None or not self.batch.holds(inputs, labels):
            self.gradients = {}
            self.batch = Batch(inputs.copy(), labels.copy(), rows_of(inputs), self.model.targets(arrays))
        return self.batch

    def _compute(self, arrays: Arrays, batch: Batch, h: float) -> None:
        """All gradients at once, unless they are there already for exactly these weights, samples and h."""
        if self._same_weights(arrays) and self.gradients and h == self.step:
            return
        own = self.network.params
        for number, name in self.names.items():
            own[name][...] = arrays[number].reshape(own[name].shape)
        self.gradients, self.step = {}, h
        self.layers = list(inputs_of_activations(self.model.layout, self.model.activation, arrays, batch.rows))
        found = self.engine.numerical_gradient(self.network, batch.rows, batch.targets, h=h)
        if not all(np.isfinite(gradient).all() for gradient in found.values()):
            raise Refused(sentence("its gradient is not finite"))
        self.gradients = found

    def _same_weights(self, arrays: Arrays) -> bool:
        own = self.network.params
        return all(np.array_equal(own[name], arrays[n].reshape(own[name].shape)) for n, name in self.names.items())

    def _check_bounds(self) -> None:
        highest = max(float(np.abs(layer).max()) for layer in self.layers) if self.purity.bounds else 0.0
        if self.purity.bounds and highest > min(self.purity.bounds) - NEAR_BOUND:
            raise Refused(sentence("numbers come near to where it clips them"))

    def _check_last_call(self, f: Function, x: NDArray[Any], arrays: Arrays, batch: Batch, own: int, h: float) -> None:
        """The loop ends with f at the last element minus h. So does this, and compares what f says with the network."""
        index = tuple(length - 1 for length in x.shape)
        with kept([x[tuple(slice(i, i + 1) for i in index)]]):
            before = float(x[index])
            x[index] = before - h
            shift = float(x[index]) - before
            value = value_at(f, x)
        layout, activation = self.model.layout, self.model.activation
        scores = scores_after(layout, activation, arrays, batch.rows, self.layers, own, shift)
        if not agrees(value, self.model.loss_of_scores(scores, batch.targets), self.model):
            raise Refused(sentence("its value is no longer that of the network that was recognised"))


def signature_of(arrays: Arrays) -> Signature:
    """Shapes and classes of numbers."""
    return {number: (array.shape, array.dtype) for number, array in arrays.items()}
