"""All numbers of one update by one picture: forward, backward, the new weights, and the loss after it.

Nothing is computed anew that the network computes: sums and activations are those of its own layers, gradients those of
`Network.loss_and_gradient`, new weights those of the optimizer's own `update`. In a batch of one sample the gradient by
a bias, the sum of δ over the batch, is δ itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.tracing import Trace, traced
from zerokara.nn.activations import Elementwise
from zerokara.nn.functions import Loss, loss_named, softmax
from zerokara.nn.labels import one_hot
from zerokara.nn.network import Network
from zerokara.nn.numerical import evaluated_beside
from zerokara.training.optimizers import Optimizer

Array = NDArray[Any]

STEP = 1e-4
"""h of the numerical slopes, the textbook's (chapter 4.3.1)."""


@dataclass(frozen=True, eq=False)
class Backward:
    """What comes of a label.

    Attributes:
        t: (classes,) one-hot.
        loss, penalty: the network's loss of this sample, and the part of it that weight decay makes.
        deltas: ∂L/∂a of each affine layer's sum, (fan_out,).
        inner: ∂L/∂z of each hidden layer, (units,).
        slopes: f′(a) of each hidden layer, (units,); none where an activation does not work element by element.
        gradient: ∂L/∂W and ∂L/∂b by name.
    """

    t: Array
    loss: float
    penalty: float
    deltas: tuple[Array, ...]
    inner: tuple[Array, ...]
    slopes: tuple[Array, ...]
    gradient: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Updated:
    """What comes of the update.

    Attributes:
        network: with the new weights.
        before, optimizer: the optimizer before it and after it, both with a state.
        loss: of the same sample.
    """

    network: Network
    before: Optimizer
    optimizer: Optimizer
    loss: float


@dataclass(frozen=True, eq=False)
class OneUpdate:
    """One update of a network by one sample, in the network's dtype.

    Attributes:
        network: as it was; nothing has changed it.
        trace: of the sample, a batch of one.
        y: (classes,) softmax of the scores.
        back: None without a label; new: None also without an optimizer.
    """

    network: Network
    trace: Trace
    y: Array
    back: Backward | None = None
    new: Updated | None = None

    @classmethod
    @np.errstate(all="ignore")  # a network that went astray has numbers that are not finite
    def of(cls, network: Network, x: Array, label: int | None, optimizer: Optimizer | None) -> OneUpdate:
        """The update that the optimizer would do by this sample, x (features,); all of it on copies."""
        rows = x.reshape(1, -1).astype(network.dtype, copy=False)
        trace = traced(network, rows, {})
        y = softmax(trace.sums[-1])[0]
        if label is None:
            return cls(network, trace, y)
        back = backward(network.copy(), rows, label)
        return cls(
            network, trace, y, back, None if optimizer is None else updated(network, rows, label, back, optimizer)
        )

    @property
    def layers(self) -> int:
        """How many affine layers there are."""
        return len(self.trace.sums)

    def input(self, layer: int) -> Array:
        """What affine layer number `layer`, from 1, gets: x, z1, …"""
        array: Array = self.trace.inputs[layer - 1][0]
        return array

    def sum(self, layer: int) -> Array:
        """a1, a2, …"""
        array: Array = self.trace.sums[layer - 1][0]
        return array

    @property
    def is_finite(self) -> bool:
        """Whether everything there is can be shown as a number."""
        arrays = [*self.trace.sums, self.y]
        if self.back is not None:
            arrays += [np.array(self.back.loss), *self.back.gradient.values()]
        if self.new is not None:
            arrays += [np.array(self.new.loss), *self.new.network.params.values()]
        return all(bool(np.isfinite(array).all()) for array in arrays)

    @np.errstate(all="ignore")
    def terms(self) -> Array | None:
        """(classes,) what the loss is the sum of; None where the loss is somebody's own, of which that is not known."""
        loss = standard_loss(self.network)
        if loss is None or self.back is None:
            return None
        terms: Array = loss.terms(self.trace.sums[-1], self.back.t[None])[0]
        return terms

    @np.errstate(all="ignore")
    def numerical_slopes(self, classes: list[int], h: float = STEP) -> NDArray[np.float64]:
        """(L(a + h) - L(a - h)) / 2h for the scores of these classes, in float64.

        A score is moved by its bias, which nothing else depends on, and the loss of the whole network computed twice.
        """
        assert self.back is not None, "without a label there is no loss"
        network = self.network.copy("float64")
        network.weight_decay = 0.0  # the penalty has no biases, and its size would only round
        x, bias = self.trace.inputs[0].astype(np.float64), network.params[f"b{self.layers}"]
        both = [evaluated_beside(lambda _: network.loss(x, self.back.t[None]), bias, (k,), h) for k in classes]  # type: ignore[union-attr]
        return np.array([(above - below) / (2 * h) for above, below in both], np.float64)


def standard_loss(network: Network) -> Loss | None:
    """The network's loss where it is one of zerokara's own, so that its formula is known."""
    return loss_named(network.loss_name) if network.has_standard_loss else None


def backward(network: Network, rows: Array, label: int) -> Backward:
    """Through the layers of a network that nobody else uses: they keep what they were given."""
    last = len(network.sizes) - 1
    t = one_hot(np.array([label]), network.sizes[-1], network.dtype)
    loss, gradient = network.loss_and_gradient(rows, t)
    deltas = tuple(gradient[f"b{i}"] for i in range(1, last + 1))
    weights = [network.params[f"W{i}"] for i in range(1, last + 1)]
    inner = tuple((delta[None] @ W.T)[0] for delta, W in zip(deltas[1:], weights[1:], strict=True))
    activations = network.layers[1::2]
    slopes: tuple[Array, ...] = ()
    if all(isinstance(layer, Elementwise) for layer in activations):
        ones = (np.ones((1, size), network.dtype) for size in network.sizes[1:-1])
        slopes = tuple(layer.backward(one)[0] for layer, one in zip(activations, ones, strict=True))
    return Backward(t[0], loss, penalty_of(network), deltas, inner, slopes, gradient)


def penalty_of(network: Network) -> float:
    """½ λ Σ W² over all weights, in double precision."""
    if not network.weight_decay:
        return 0.0
    weights = (array.astype(np.float64) for name, array in network.params.items() if name.startswith("W"))
    return 0.5 * network.weight_decay * sum(float((W * W).sum()) for W in weights)


def updated(network: Network, rows: Array, label: int, back: Backward, optimizer: Optimizer) -> Updated:
    """What the optimizer makes of the gradient: on a copy of it, as the training's own goes on."""
    before, after = deepcopy(optimizer), network.copy()
    if before.slots and not before.state:
        before.prepare(network.params)
    used = deepcopy(before)
    used.update(after.params, back.gradient)
    return Updated(after, before, used, after.loss(rows, np.array([label])))
