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

from zerokara.engine.differences import Described, differences
from zerokara.interpret.interpreter import Purity
from zerokara.interpret.refusal import Refused, RefusedNow
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.formulas import activation_formula, loss_formula
from zerokara.recognise.forward import inputs_of_activations, scores_after, scores_from
from zerokara.recognise.identification import Model
from zerokara.recognise.layout import Arrays, rows_of
from zerokara.recognise.proof import check_differences, check_memory
from zerokara.recognise.sampling import Function, ignores_underflow, restoring, size_of, spread, value_at
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


NOISE = 1e-9
"""How much of a gradient may be rounding of the learner's own, beyond what every loss has."""


@dataclass
class Batch:
    """Inputs and labels as they were, and in the form that an engine takes.

    Attributes:
        read: the arrays that were read: x, t, and what x is scaled by, each by its number.
        rows, targets: (n, features) and (n, classes).
    """

    read: Arrays
    rows: NDArray[np.float64]
    targets: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.size = size_of(self.rows)
        self.largest = float(np.abs(self.rows).max(initial=0.0))

    def is_of(self, arrays: Arrays) -> bool:
        """Whether these are the same inputs and labels, number for number."""
        return all(np.array_equal(array, arrays[number]) for number, array in self.read.items())


@dataclass
class Plan:
    """What was proven of one function's code, for arrays of these shapes and classes of numbers.

    Attributes:
        signature: shape and dtype of each array that the function reads.
        sizes: units of each layer, inputs first.
        batch, weights, gradients, layers, difference: of the gradients that were computed last, all parameters at once:
            their x and t, copies of the parameters, ∂f/∂W and ∂f/∂b by number, a of each layer (n, units), and which
            quotients they are.
        directions: in which each parameter is moved to confirm it, fixed random numbers of its shape.
    """

    purity: Purity
    model: Model
    signature: Signature
    sizes: list[int] = field(init=False)
    batch: Batch | None = None
    weights: Arrays = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)
    layers: list[NDArray[np.float64]] = field(default_factory=list)
    difference: FiniteDifference | None = None

    def __post_init__(self) -> None:
        layout = self.model.layout
        shapes = [self.signature[number][0] for number in layout.weights]
        pairs = [shape[::-1] if flipped else shape for shape, flipped in zip(shapes, layout.flipped, strict=True)]
        self.sizes = [pairs[0][0], *(fan_out for _, fan_out in pairs)]
        shape = self.signature[layout.inputs][0]
        n = shape[0] if len(shape) > 1 else 1
        self.multiplications = n * max(a * b for a, b in pairwise(self.sizes))
        rng = np.random.default_rng(2)
        self.directions = {n: rng.standard_normal(self.signature[n][0]) for n in layout.parameters}

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
                check_differences(f, x, self.model, arrays, walk.difference, self.gradients.__getitem__)
            own = next(number for number in self.model.layout.parameters if arrays[number] is x)
            self._check_rounding(x, batch, own, walk.difference)
        # What a cache holds must be the loop's to the last bit, and that can depend on the number of threads.
        with nullcontext() if self.purity.caches else one_thread(self.multiplications):
            self._check_last_call(f, x, arrays, batch, own, walk)
        # A copy, in the order of memory that the loop's would have: the caller may write into it.
        gradient = np.zeros_like(x)
        gradient[...] = self.gradients[own]
        if walk.after is not None:
            x[...] = walk.after(x)
        return gradient

    def _current_batch(self, arrays: Arrays) -> Batch:
        if self.batch is None or not self.batch.is_of(arrays):
            self.gradients = {}
            layout, others = self.model.layout, self.model.input_map.others
            known = self.model.input_map.applied(arrays)
            if known is None:
                raise RefusedNow(sentence("Its inputs cannot be scaled as they were before."))
            read = {number: arrays[number].copy() for number in (layout.inputs, layout.labels, *others)}
            self.batch = Batch(read, rows_of(known[layout.inputs]), self.model.targets(known))
        return self.batch

    def _compute(
        self, f: Function, x: NDArray[Any], arrays: Arrays, batch: Batch, difference: FiniteDifference
    ) -> None:
        """All gradients at once, confirmed for exactly these weights, samples and steps."""
        layout = self.model.layout
        self.gradients, self.difference = {}, difference
        self.weights = {number: arrays[number].copy() for number in layout.parameters}
        self.layers = inputs_of_activations(layout, self.model.activation, arrays, batch.rows)
        self._check_range(arrays, batch, difference.farthest)
        self._check_nearby(f, x, arrays, batch)
        found = self._differences(arrays, batch, difference)
        if not all(np.isfinite(gradient).all() for gradient in found.values()):
            raise RefusedNow(sentence("Its gradient is not finite."))
        self.gradients = found

    def _differences(self, arrays: Arrays, batch: Batch, difference: FiniteDifference) -> Arrays:
        """Of the function: what the engine finds of the loss, and the difference of ½ λ p², which is λ (p + middle)."""
        model, layout, count = self.model, self.model.layout, range(len(self.model.layout.weights))
        network = Described(
            [layout.weight(arrays, layer) for layer in count],
            [layout.bias(arrays, layer) for layer in count],
            model.activation,
            model.loss,
        )
        of_weights, of_biases = differences(network, batch.rows, batch.targets, difference)
        found: Arrays = {}
        for layer, number in enumerate(layout.weights):
            found[number] = of_weights[layer].T if layout.flipped[layer] else of_weights[layer]
        for bias, of_bias in zip(layout.biases, of_biases, strict=True):
            if bias is not None and of_bias is not None:
                found[bias] = of_bias.reshape(arrays[bias].shape)
        rates = dict(zip(layout.parameters, model.terms.decay, strict=False))
        for number, gradient in found.items():
            found[number] = model.terms.factor * gradient
            if rates.get(number):
                found[number] += rates[number] * (arrays[number] + difference.middle)
        return found

    def _same_weights(self, arrays: Arrays) -> bool:
        return all(np.array_equal(copy, arrays[number]) for number, copy in self.weights.items())

    def _check_range(self, arrays: Arrays, batch: Batch, h: float) -> None:
        """Whether the formulas that hold here hold at all points w ± h, too."""
        # `not a <= b` throughout, and not `a > b`: NaN is to be refused.
        largest = [float(np.abs(layer).max()) for layer in self.layers]
        if not self._farthest(arrays, [batch.largest, *largest], h) <= FARTHEST:
            raise RefusedNow(sentence("A step of h moves the inputs of its activations far enough for other formulas."))
        if not max(largest) <= self.model.keep_within - FARTHEST:
            raise RefusedNow(sentence("Numbers come near to where it clips them."))
        if not self._exponents(largest) <= (EXP_RANGE if ignores_underflow() else UNDERFLOW_RANGE) - FARTHEST:
            raise RefusedNow(sentence("Numbers come near to where exp overflows."))

    def _exponents(self, largest: list[float]) -> float:
        """The largest number that some exp is taken of, for largest |a| of each layer; to be safe, of any layer."""
        activation = self.model.activation
        found = largest[-1:] if loss_formula(self.model.loss).takes_exp else []
        if activation_formula(activation).takes_exp and len(largest) > 1:
            found = largest
            if activation.name == "swish":
                found = [max(1.0, abs(activation.parameters[0])) * a for a in largest]
            if activation.name == "gelu":
                rate, cube = map(abs, activation.parameters)
                found = [max(a, rate * (a + cube * a**3)) for a in largest[:-1]] + largest[-1:]
        return max(found, default=0.0)

    def _farthest(self, arrays: Arrays, largest: list[float], h: float) -> float:
        """How far moving one weight by h can move any input of an activation, in its own layer or a later one.

        `largest` holds the largest |x| and the largest |a| of each layer.

        Moving W[i, j] moves a[j] by h · |z[i]|, one unit. With an activation that is nowhere steeper than s, |z| is at
        most s |a| + |activation(0)|, and a moved a moves z by at most s times as much. From there a layer multiplies:
        one moved unit moves any unit after it by at most max |W| times as much, and where all units of a layer are
        moved, by at most max_j Σᵢ |W[i, j]| times. A bias moves a by h itself, as z = 1 would.
        """
        formula, parameters = activation_formula(self.model.activation), self.model.activation.parameters
        steepest = float(formula.steepest(*parameters))
        at_zero = float(abs(formula.value(np.zeros(1), *parameters)[0]))
        farthest = one = all_units = 0.0
        for i in range(len(self.model.layout.weights)):
            weights = np.abs(self.model.layout.weight(arrays, i)) if i else np.zeros((1, 1))
            all_units = steepest * max(one * float(weights.max()), all_units * float(weights.sum(axis=0).max()))
            one = h * max(1.0, steepest * largest[i] + at_zero if i else largest[i])
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
        direction = self.directions[first].T if layout.flipped[0] else self.directions[first]
        along, across = direction[:, 0], direction[0]
        across = NEARBY * spread(direction, batch.size) * across
        moves = {number: NEARBY * spread(arrays[number], None) * self.directions[number] for number in later}
        moved = np.outer(batch.rows @ along, across)
        if layout.biases[0] is not None:
            moved += moves[layout.biases[0]].reshape(-1)
        moves[first] = np.outer(across, along) if layout.flipped[0] else np.outer(along, across)
        for sign in (1, -1):
            with restoring([arrays[number] for number in moves]):
                for number, move in moves.items():
                    arrays[number] += sign * move
                value = value_at(f, x)
                scores = scores_from(layout, self.model.activation, arrays, 0, self.layers[0] + sign * moved)
                agrees = self.model.agrees(value, scores, batch.targets, self.model.added(arrays))
            if not agrees:
                raise Refused(sentence("Its value is no longer that of the network that was recognised."))

    def _check_rounding(self, x: NDArray[Any], batch: Batch, own: int, difference: FiniteDifference) -> None:
        """Whether the loop would compute anything but rounding, in w ± h or, for a small h, in f(w + h) - f(w - h).

        The engine's differences have less rounding than the loop's, which is no harm at the textbook's h. But each of
        two f has a rounding of eps/2 · |f|, which makes eps · |f| / 2h of the loop's gradient; and w + h one of
        eps/2 · |w|, which is that share of h.
        """
        eps, h = float(np.finfo(float).eps), difference.farthest
        off = self.model.cancellation(self.layers[-1], batch.targets)
        if not off / difference.width <= NOISE * (1 + abs(self.model.terms.factor)):
            raise RefusedNow(sentence("Probabilities are so close to 1 that its 1 - p is little more than rounding."))
        if h < TEXTBOOK_STEP:
            value = self.model.value(self.layers[-1], batch.targets, self.weights)
            largest = float(np.abs(self.gradients[own]).max())
            if not 2 * eps * abs(value) / difference.width <= ROUNDING * largest:
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
            moved = x.copy() if walk.copies else x
            moved[index] = place
            value = value_at(f, moved)
            known = {number: moved if number == own else array for number, array in arrays.items()}
            added = self.model.added(known)
        # The shift is not quite h: w ± h was rounded.
        shift = float(place) - float(before)
        layout, activation = self.model.layout, self.model.activation
        scores = scores_after(layout, activation, arrays, batch.rows, self.layers, own, shift)
        if not self.model.agrees(value, scores, batch.targets, added):
            raise Refused(sentence("Its value is no longer that of the network that was recognised."))


def signature_of(arrays: Arrays) -> Signature:
    """Shapes and classes of numbers."""
    return {number: (array.shape, array.dtype) for number, array in arrays.items()}
