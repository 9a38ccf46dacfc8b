"""A proven network behind a function, and the gradients it gives for as long as every call confirms it.

What was proven at some weights and for one batch need not hold for others, so every gradient is confirmed:

- at the present weights and batch, all weights moved a little at once (`_check_nearby`): at zero scores the loss alone
  is blind to inputs and labels;
- at the moved points w ± h, by how far they can be (`_check_range`): near enough that no other formula begins there, no
  bound of a clip, no overflow of exp, no underflow of a probability;
- by the loop's last call, whose value is compared, too (`_check_last_call`).

And the loop's own rounding must not be what one looks at (`_check_rounding`).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.engine.choosing import choose_engine
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.network import Network
from zerokara.recognise.forward import inputs_of_activations, scores_after, scores_from
from zerokara.recognise.identification import Model
from zerokara.recognise.interpreter import Purity
from zerokara.recognise.layout import Arrays, rows_of
from zerokara.recognise.proof import (
    Function,
    check_differences,
    check_memory,
    ignores_underflow,
    restoring,
    size_of,
    spread,
    value_at,
)
from zerokara.recognise.refusal import Refused, RefusedNow
from zerokara.recognise.threads import one_thread
from zerokara.recognise.walk import Walk
from zerokara.words import sentence

Signature = dict[int, tuple[tuple[int, ...], Any]]

FARTHEST = 1.0
"""How far a step of h may move any input of an activation. That changes no p by more than e², and so not far enough for
what was proven here to be wrong there. Of pixels from 0 to 255, h = 1e-4 moves the first layer's by 0.03 at most."""

EXP_RANGE = 350.0
"""Between -350 and 350 neither exp(2a) nor a softmax without its maximum taken off overflows, and no p is 0."""

UNDERFLOW_RANGE = 170.0
"""Where NumPy was told to speak of underflow: between these even p² does not."""

NEARBY = 0.05
"""How far the inputs of activations move, about, when all weights are moved at once: as far as an update moves them."""

TEXTBOOK_STEP = 1e-4
ROUNDING = 1e-8
"""The share of a gradient that may be the loop's own rounding, for a smaller h than the textbook's. Somebody who takes
one may be looking for just that rounding."""


@dataclass
class Batch:
    """Inputs and labels as they were, and in the form that an engine takes."""

    inputs: NDArray[Any]
    labels: NDArray[Any]
    rows: NDArray[np.float64]
    targets: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.size = size_of(self.rows)
        self.largest = float(np.abs(self.rows).max(initial=0.0))

    def holds(self, inputs: NDArray[Any], labels: NDArray[Any]) -> bool:
        """Whether these are the same inputs and labels, number for number."""
        return np.array_equal(self.inputs, inputs) and np.array_equal(self.labels, labels)


@dataclass
class Plan:
    """What was proven of one function's code, for arrays of these shapes and classes of numbers.

    Attributes:
        signature: shape and dtype of each array that the function reads.
        network: the proven network, with weights of its own, for the engine to compute with.
        batch, gradients, layers, difference: of the gradients that were computed last, all parameters at once: their x
            and t, ∂L/∂W and ∂L/∂b by name, a of each layer (n, units), and which quotients they are.
        directions: in which each parameter is moved to confirm it, fixed random numbers of its shape.
        names: "W1", "b1", … of each parameter's number.
    """

    purity: Purity
    model: Model
    signature: Signature
    network: Network = field(init=False)
    batch: Batch | None = None
    gradients: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    layers: list[NDArray[np.float64]] = field(default_factory=list)
    difference: FiniteDifference | None = None

    def __post_init__(self) -> None:
        sizes = [shape[0] for shape in (self.signature[n][0] for n in self.model.layout.weights)]
        sizes.append(self.signature[self.model.layout.weights[-1]][0][1])
        self.network = Network(sizes, activation=self.model.activation, loss=self.model.loss_name, init=1.0)
        shape = self.signature[self.model.layout.inputs][0]
        n = shape[0] if len(shape) > 1 else 1
        self.multiplications = n * max(a * b for a, b in pairwise(sizes))
        self.engine = choose_engine("auto", self.network, n)
        rng = np.random.default_rng(2)
        self.directions = {n: rng.standard_normal(self.signature[n][0]) for n in self.model.layout.parameters}
        self.names: dict[int, str] = {}
        for i, (weight, bias) in enumerate(zip(self.model.layout.weights, self.model.layout.biases, strict=True), 1):
            self.names[weight] = f"W{i}"
            if bias is None:
                self.network.params[f"b{i}"][...] = 0
            else:
                self.names[bias] = f"b{i}"  # (1, units) or (units,); the network's has (units,)

    def arrays(self, f: Function, x: NDArray[Any]) -> Arrays | None:
        """The arrays that f reads now; None where the proof does not cover this f and these shapes."""
        values = self.purity.guards.check(f, x)
        if values is None:
            return None
        arrays = {number: values[number] for number in self.purity.arrays}
        return arrays if signature_of(arrays) == self.signature else None

    def gradient(
        self, f: Function, x: NDArray[Any], arrays: Arrays, walk: Walk, *, sample: bool = False
    ) -> NDArray[Any]:
        """∂f/∂x, of the shape of x. Raises Refused where f is not, or no longer, the proven network's loss.

        The last call of f is the one that ends the plain loop, so that the layers' caches are left as it leaves them,
        and so is x.

        Args:
            sample: compare the differences of a sample of all weights, too.
        """
        check_memory(arrays, self.model.layout.parameters)
        with one_thread(self.multiplications):
            batch = self._current_batch(arrays)
            # The four gradients of one update are asked for one by one at the same weights; the first computes all.
            if not (self.gradients and walk.difference == self.difference and self._same_weights(arrays)):
                self._compute(f, x, arrays, batch, walk.difference)
            if sample:
                check_differences(f, x, self.model, arrays, walk.difference, lambda number: self._of(arrays, number))
            own = next(number for number in self.model.layout.parameters if arrays[number] is x)
            self._check_rounding(x, batch, own, walk.difference)
        # What a cache holds must be the loop's to the last bit, and that can depend on the number of threads.
        with nullcontext() if self.purity.caches else one_thread(self.multiplications):
            self._check_last_call(f, x, arrays, batch, own, walk)
        # A copy, in the order of memory that the loop's would have: the caller may write into it.
        gradient = np.zeros_like(x)
        gradient[...] = self._of(arrays, own)
        if walk.after is not None:
            x[...] = walk.after(x)
        return gradient

    def _of(self, arrays: Arrays, number: int) -> NDArray[np.float64]:
        return self.model.factor * self.gradients[self.names[number]].reshape(arrays[number].shape)

    def _current_batch(self, arrays: Arrays) -> Batch:
        inputs, labels = arrays[self.model.layout.inputs], arrays[self.model.layout.labels]
        if self.batch is None or not self.batch.holds(inputs, labels):
            self.gradients = {}
            self.batch = Batch(inputs.copy(), labels.copy(), rows_of(inputs), self.model.targets(arrays))
        return self.batch

    def _compute(
        self, f: Function, x: NDArray[Any], arrays: Arrays, batch: Batch, difference: FiniteDifference
    ) -> None:
        """All gradients at once, confirmed for exactly these weights, samples and steps."""
        own = self.network.params
        for number, name in self.names.items():
            own[name][...] = arrays[number].reshape(own[name].shape)
        self.gradients, self.difference = {}, difference
        self.layers = inputs_of_activations(self.model.layout, self.model.activation, arrays, batch.rows)
        self._check_range(arrays, batch, difference.farthest)
        self._check_nearby(f, x, arrays, batch)
        if difference != FiniteDifference.central(difference.above):
            raise Refused(sentence("Its loop takes one-sided differences."))
        found = self.engine.numerical_gradient(self.network, batch.rows, batch.targets, h=difference.above)
        if not all(np.isfinite(gradient).all() for gradient in found.values()):
            raise RefusedNow(sentence("Its gradient is not finite."))
        self.gradients = found

    def _same_weights(self, arrays: Arrays) -> bool:
        own = self.network.params
        return all(np.array_equal(own[name], arrays[n].reshape(own[name].shape)) for n, name in self.names.items())

    def _check_range(self, arrays: Arrays, batch: Batch, h: float) -> None:
        """Whether the formulas that hold here hold at all points w ± h, too."""
        # `not a <= b` throughout, and not `a > b`: NaN is to be refused.
        largest = [float(np.abs(layer).max()) for layer in self.layers]
        if not self._farthest(arrays, [batch.largest, *largest], h) <= FARTHEST:
            raise RefusedNow(sentence("A step of h moves the inputs of its activations far enough for other formulas."))
        if not max(largest) <= min(self.purity.clip_bounds, default=np.inf) - FARTHEST:
            raise RefusedNow(sentence("Numbers come near to where it clips them."))
        # relu has no exp, and only the scores meet softmax's. Of any other activation all inputs count, to be safe.
        with_exp = largest[-1:] if self.model.activation == "relu" else largest
        if not max(with_exp) <= (EXP_RANGE if ignores_underflow() else UNDERFLOW_RANGE) - FARTHEST:
            raise RefusedNow(sentence("Numbers come near to where exp overflows."))

    def _farthest(self, arrays: Arrays, largest: list[float], h: float) -> float:
        """How far moving one weight by h can move any input of an activation, in its own layer or a later one.

        `largest` holds the largest |x| and the largest |a| of each layer.

        Moving W[i, j] moves a[j] by h · |z[i]|, one unit; no activation here is steeper than 1, nor larger than its
        input or 1. From there a layer multiplies: one moved unit moves any unit after it by at most max |W| times as
        much, and where all units of a layer are moved, by at most max_j Σᵢ |W[i, j]| times. A bias moves a by h itself,
        as z = 1 would.
        """
        farthest = one = all_units = 0.0
        for i, number in enumerate(self.model.layout.weights):
            weights = np.abs(arrays[number]) if i else np.zeros((1, 1))
            all_units = max(one * float(weights.max()), all_units * float(weights.sum(axis=0).max()))
            one = h * max(1.0, largest[i])
            farthest = max(farthest, one, all_units)
        return farthest

    def _check_nearby(self, f: Function, x: NDArray[Any], arrays: Arrays, batch: Batch) -> None:
        """Compare f with the network where all weights are moved a little, each in a direction of its own.

        Why at all: at scores of 0 the loss is log(classes) for any x and t, so that an equal value here says little.
        Why both signs: a bend or a jump that is close lies on one side only. The first weights, which are many, move by
        an outer product u vᵀ: that moves a = x W by (x u) vᵀ, which costs n · features instead of a matrix product.
        """
        layout = self.model.layout
        first, *later = layout.parameters
        along, across = self.directions[first][:, 0], self.directions[first][0]
        across = NEARBY * spread(arrays[first], batch.size) * across
        moves = {number: NEARBY * spread(arrays[number], None) * self.directions[number] for number in later}
        moved = np.outer(batch.rows @ along, across)
        if layout.biases[0] is not None:
            moved += moves[layout.biases[0]]
        moves[first] = np.outer(along, across)
        for sign in (1, -1):
            with restoring([arrays[number] for number in moves]):
                for number, move in moves.items():
                    arrays[number] += sign * move
                value = value_at(f, x)
                scores = scores_from(layout, self.model.activation, arrays, 0, self.layers[0] + sign * moved)
            if not self.model.agrees(value, scores, batch.targets):
                raise Refused(sentence("Its value is no longer that of the network that was recognised."))

    def _check_rounding(self, x: NDArray[Any], batch: Batch, own: int, difference: FiniteDifference) -> None:
        """Whether the loop would compute anything but rounding, in w ± h or, for a small h, in f(w + h) - f(w - h).

        The engine's differences have less rounding than the loop's, which is no harm at the textbook's h. But each of
        two f has a rounding of eps/2 · |f|, which makes eps · |f| / 2h of the loop's gradient; and w + h one of
        eps/2 · |w|, which is that share of h.
        """
        eps, h = float(np.finfo(float).eps), difference.farthest
        if h < TEXTBOOK_STEP:
            loss = self.model.loss(self.layers[-1], batch.targets)
            largest = abs(self.model.factor) * float(np.abs(self.gradients[self.names[own]]).max())
            if not 2 * eps * abs(loss) / difference.width <= ROUNDING * largest:
                raise RefusedNow(sentence("h is so small that the loop's own rounding shows in the gradient."))
        if not eps / 2 * float(np.abs(x).max()) <= ROUNDING * h:
            raise RefusedNow(sentence("h is hardly more than rounding beside such large weights."))

    def _check_last_call(
        self, f: Function, x: NDArray[Any], arrays: Arrays, batch: Batch, own: int, walk: Walk
    ) -> None:
        """The loop ends with f at the last element, moved. So does this, and compares what f says with the network."""
        index = tuple(length - 1 for length in x.shape)
        before = x[index]
        place = walk.last(before)
        with restoring([x]) if walk.after is not None else restoring([x[tuple(slice(i, i + 1) for i in index)]]):
            if walk.after is not None:
                x[...] = walk.after(x)
            if walk.copies:
                moved = x.copy()
                moved[index] = place
                value = value_at(f, moved)
            else:
                x[index] = place
                value = value_at(f, x)
        # The shift is not quite h: w ± h was rounded.
        shift = float(place) - float(before)
        layout, activation = self.model.layout, self.model.activation
        scores = scores_after(layout, activation, arrays, batch.rows, self.layers, own, shift)
        if not self.model.agrees(value, scores, batch.targets):
            raise Refused(sentence("Its value is no longer that of the network that was recognised."))


def signature_of(arrays: Arrays) -> Signature:
    """Shapes and classes of numbers."""
    return {number: (array.shape, array.dtype) for number, array in arrays.items()}
