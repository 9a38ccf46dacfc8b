"""What a learner's δ = ∂L/∂z of a layer can be: the right one, and what known mistakes make of it.

A candidate is an upstream gradient times a form of the derivative, or a δ of its own. The right one comes first, then
the plainer before the less plain, and of equal ones the first is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from zerokara.nn.activations import sigmoid
from zerokara.nn.functions import softmax, softmax_backward
from zerokara.own_gradients.derivatives import derivatives
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.elementwise import ERRORS, OUTPUTS, SHIFTS, slope, softmax_over
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array
from zerokara.own_gradients.truth import right_deltas


class Part(NamedTuple):
    """An array and how it is written; `cause`: the mistake that it is, None where it is right.

    `any_scale`: whether a factor is no mistake of its own, because nothing says how large the array should be.
    """

    name: str
    array: Array
    cause: str | None = None
    any_scale: bool = False


@dataclass(eq=False)
class Candidates:
    """Products of `upstreams` and `forms`, and `whole` ones, each (n, units)."""

    upstreams: list[Part] = field(default_factory=list)
    forms: list[Part] = field(default_factory=list)
    whole: list[Part] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.upstreams) * len(self.forms) + len(self.whole)

    def parts(self, i: int) -> tuple[Part, ...]:
        """What candidate i is made of."""
        products = len(self.upstreams) * len(self.forms)
        if i >= products:
            return (self.whole[i - products],)
        return self.upstreams[i // len(self.forms)], self.forms[i % len(self.forms)]

    def array(self, i: int) -> Array:
        """Candidate i."""
        arrays = [part.array for part in self.parts(i)]
        return arrays[0] if len(arrays) == 1 else arrays[0] * arrays[1]

    def wrong(self, i: int) -> tuple[Part, ...]:
        """The parts of candidate i that are mistakes."""
        return tuple(part for part in self.parts(i) if part.cause is not None)

    def find(self, names: tuple[str, ...]) -> int | None:
        """The candidate of parts with these names."""
        return self._numbers.get(names)

    @cached_property
    def _numbers(self) -> dict[tuple[str, ...], int]:
        return {tuple(part.name for part in self.parts(i)): i for i in reversed(range(len(self)))}

    @cached_property
    def costs(self) -> Array:
        """How many mistakes each candidate has."""
        of_upstreams, of_forms = (
            np.array([part.cause is not None for part in parts], int) for parts in (self.upstreams, self.forms)
        )
        of_whole = [int(part.cause is not None) for part in self.whole]
        return np.concatenate([np.add.outer(of_upstreams, of_forms).ravel(), of_whole]).astype(int)

    @property
    def right(self) -> int:
        """The first without a mistake."""
        return int(np.argmin(self.costs))

    @cached_property
    def single(self) -> Stack:
        """Those with one mistake at most."""
        numbers = np.flatnonzero(self.costs <= 1)
        return Stack(numbers, self.costs[numbers], np.stack([self.array(int(i)) for i in numbers]))

    @cached_property
    def double(self) -> Stack:
        """Those with two."""
        numbers = np.flatnonzero(self.costs == 2)
        u, d = (np.stack([part.array for part in parts]) for parts in (self.upstreams, self.forms))
        of_forms = len(self.forms)
        return Stack(numbers, self.costs[numbers], u[numbers // of_forms] * d[numbers % of_forms])


@dataclass(eq=False)
class Stack:
    """Some candidates as one array: their numbers, costs and δ, (len, n, units)."""

    numbers: Array
    costs: Array
    deltas: Array
    _projected: dict[bytes, Array] = field(default_factory=dict)

    def projected(self, v: Array) -> Array:
        """Each δ times a vector of its units, (len, n)."""
        key = v.tobytes()
        if key not in self._projected:
            self._projected[key] = self.deltas @ v
        return self._projected[key]

    def weighted(self, weights: Array) -> Array:
        """The sum over the samples of each δ times their numbers, (len, units)."""
        return np.einsum("mnk,n->mk", self.deltas, weights)


def finite(parts: Iterator[Part], shape: tuple[int, ...]) -> list[Part]:
    """Those of a shape that have numbers only; of equal ones the first."""
    weights = np.random.default_rng(0).normal(size=shape)
    kept: dict[str, Part] = {}
    for part in parts:
        if part.array.shape == shape and np.isfinite(part.array).all():
            kept.setdefault(f"{float((part.array * weights).sum()):.9e}", part)
    return list(kept.values())


WRONG_SOFTMAX = {
    "softmax-over-batch": "softmax-over-batch",
    "softmax-over-batch-of-rows": "softmax-over-batch",
    "softmax-over-samples": "softmax-axis",
    "softmax-over-samples-of-rows": "softmax-axis",
}
"""Causes of outputs that no network is meant to have."""


def last_deltas(seen: Observation) -> Candidates:
    """Of the last layer."""
    shape = seen.truth.output.shape
    errors = finite(_errors(seen), shape)
    return Candidates(
        upstreams=errors,
        forms=finite(_output_forms(seen), shape),
        whole=finite(_whole_errors(seen), shape),
    )


def _errors(seen: Observation) -> Iterator[Part]:
    """What stands for ∂L/∂y of a pointwise output, or for y − t."""
    truth, model = seen.truth, seen.model
    y, t, z = truth.output, truth.targets, truth.z[truth.depth]
    scale = model.scaled(seen.n)
    pointwise = not model.output.startswith("softmax")
    right = ERRORS[model.error].derivative(y, t, 0.0)
    if pointwise:
        yield Part("∂L/∂y", scale * right)
        yield Part("y − t", scale * (y - t), None if model.error == "squared" else "loss-mismatch")
    else:
        plain = model.output == "softmax" and model.error == "cross-entropy"
        cause = WRONG_SOFTMAX.get(model.output, "loss-mismatch")
        yield Part("y − t", scale * (y - t), None if plain else cause, any_scale=True)
    if model.error == "cross-entropy" and not pointwise:
        yield Part("−t/y", -scale * t / y, "softmax-derivative")
        yield from (Part(f"−t/(y + {s})", -scale * t / (y + s), "softmax-derivative") for s in SHIFTS[1:])
    others = {
        "z": (z, "wrong-operand"),
        "softmax(y)": (softmax(y), "forward-differs"),
        "softmax over the batch": (softmax_over(None, z), "softmax-over-batch"),
        "softmax over the samples": (softmax_over(0, z), "softmax-axis"),
        "softmax(z)": (softmax(z), "loss-mismatch"),
        "sigmoid(z)": (sigmoid(z), "loss-mismatch"),
        "tanh(z)": (np.tanh(z), "loss-mismatch"),
        "relu(z)": (np.maximum(z, 0), "loss-mismatch"),
        "sigmoid(y)": (sigmoid(y), "loss-mismatch"),
        "argmax(y)": (np.eye(y.shape[1])[y.argmax(axis=1)], "loss-mismatch"),
        "y²": (y**2, "loss-mismatch"),
        "log(y)": (np.log(np.where(y > 0, y, 1)), "loss-mismatch"),
        "1": (np.ones_like(y), "loss-mismatch"),
        "½": (np.full_like(y, 0.5), "loss-mismatch"),
        "exp(z)": (np.exp(np.minimum(z, 50)), "loss-mismatch"),
    }
    for name, (value, cause) in others.items():
        if cause == "loss-mismatch" and model.output == "softmax":
            cause = "forward-differs"
        if model.output in WRONG_SOFTMAX and name == "softmax(z)":
            cause = WRONG_SOFTMAX[model.output]
        yield Part(f"{name} − t", scale * (value - t), cause, any_scale=cause == "loss-mismatch")
    alone = {
        "y": y,
        "t": t,
        "z": z,
        "softmax(z)": softmax(z),
        "|y − t|": np.abs(y - t),
        "(y − t)²": (y - t) ** 2,
        "(y − t)³": (y - t) ** 3,
        "sign(y − t)": np.sign(y - t),
        "y + t": y + t,
        "y t": y * t,
        "t(y − 1)": t * (y - 1),
        "y(1 − t)": y * (1 - t),
        "t(y − t) summed": np.broadcast_to((t * (y - t)).sum(axis=1, keepdims=True), y.shape),
        "t/y": t / np.where(y == 0, np.inf, y),
        "log(y) t": np.log(np.where(y > 0, y, 1)) * t,
        "log(y)": np.log(np.where(y > 0, y, 1)),
        "1": np.ones_like(y),
        "2y − t": 2 * y - t,
        "y − 2t": y - 2 * t,
        "y² − t²": y**2 - t**2,
        "y − mean(t)": y - t.mean(axis=0),
    }
    yield from (Part(name, scale * value, "loss-mismatch", any_scale=True) for name, value in alone.items())


def _output_forms(seen: Observation) -> Iterator[Part]:
    """What the error is multiplied by; of softmax nothing."""
    truth, model = seen.truth, seen.model
    y, z = truth.output, truth.z[truth.depth]
    if model.output.startswith("softmax"):
        yield Part("1", np.ones_like(y))
        cause = "softmax-derivative"
    else:
        right = OUTPUTS[model.output].backward(z, y, np.ones_like(y))
        yield Part("f′(z)", right)
        cause = "activation-derivative"
        yield Part("1", np.ones_like(y), cause)
        yield Part("f′(z)²", right**2, cause)
        yield Part("1/f′(z)", 1 / np.where(right == 0, np.inf, right), cause)
    forms = {
        "y(1 − y)": y * (1 - y),
        "y": y,
        "1 − y": 1 - y,
        "1 − y²": 1 - y**2,
        "1 + y": 1 + y,
        "y²": y**2,
        "(1 − y)²": (1 - y) ** 2,
        "y(1 + y)": y * (1 + y),
        "1 + y²": 1 + y**2,
        "z": z,
        "z(1 − z)": z * (1 - z),
        "1 − z²": 1 - z**2,
        "sigmoid′(z)": sigmoid(z) * (1 - sigmoid(z)),
        "sigmoid′(y)": sigmoid(y) * (1 - sigmoid(y)),
        "tanh′(z)": 1 - np.tanh(z) ** 2,
        "tanh′(y)": 1 - np.tanh(y) ** 2,
        "z > 0": (z > 0) * 1.0,
        "y > 0": (y > 0) * 1.0,
        "y(1 − y) summed": np.broadcast_to((y * (1 - y)).sum(axis=1, keepdims=True), y.shape),
        "(y(1 − y))²": (y * (1 - y)) ** 2,
        "y(y − 1) + 1": 1 - y * (1 - y),
        "y − y³": y - y**3,
        "1/y": 1 / np.where(y == 0, np.inf, y),
        "1/(y(1 − y))": 1 / np.where(y * (1 - y) == 0, np.inf, y * (1 - y)),
        "t": truth.targets,
        "1 − t": 1 - truth.targets,
    }
    yield from (Part(name, value, cause) for name, value in forms.items())


def _whole_errors(seen: Observation) -> Iterator[Part]:
    """δ that are no product: what is right, other losses' δ, and softmax's Jacobian where it does not belong."""
    truth, model = seen.truth, seen.model
    y, t, z = truth.output, truth.targets, truth.z[truth.depth]
    scale = model.scaled(seen.n)
    output = OUTPUTS[model.output]
    for number, right in enumerate(right_deltas(model, z, t)):
        yield Part(f"right {number}", right)
        yield Part("δ²", right**2, "wrong-operand")
        yield Part("|δ|", np.abs(right), "wrong-operand")
        yield from (
            Part(f"right {number}, samples {name}", right * w, "samples-ignored") for name, w in sample_weights(seen.n)
        )
    if ERRORS[model.error].takes_logarithm:
        for shift in SHIFTS:
            yield Part(f"right, {shift}", scale * output.backward(z, y, ERRORS[model.error].derivative(y, t, shift)))
    if model.output == "softmax":
        cause = "softmax-derivative" if model.error == "cross-entropy" else "loss-mismatch"
        once = softmax_backward(y, y - t)
        yield Part("J(y − t)", scale * once, cause, any_scale=True)
        yield Part("J(J(y − t))", scale * softmax_backward(y, once), "softmax-derivative")
        yield Part("y(y − t) − Σ", scale * y * ((y - t) - (y - t).sum(axis=1, keepdims=True)), "softmax-derivative")
        yield Part("y(1 − y)(−t/y)", -scale * (1 - y) * t, "softmax-derivative")
    for name, error in ERRORS.items():
        if name != model.error:
            other = output.backward(z, y, error.derivative(y, t, 0.0))
            yield Part(f"δ of {name}", scale * other, "loss-mismatch", any_scale=True)


def sample_weights(n: int) -> Iterator[tuple[str, Array]]:
    """Samples that count, as (n, 1) of 0 and 1."""
    half, number = n // 2, np.arange(n).reshape(-1, 1)
    yield "first", (number == 0) * 1.0
    yield "last", (number == n - 1) * 1.0
    yield "without the first", (number > 0) * 1.0
    yield "without the last", (number < n - 1) * 1.0
    yield "first half", (number < half) * 1.0
    yield "second half", (number >= half) * 1.0
    yield "second half, from the middle", (number > half) * 1.0
    yield "first half, with the middle", (number <= half) * 1.0
    yield "even", (number % 2 == 0) * 1.0
    yield "odd", (number % 2 == 1) * 1.0
    yield "second", (number == 1) * 1.0
    yield "from the third", (number > 1) * 1.0


def hidden_deltas(seen: Observation, layer: int, carried: Array) -> Candidates:
    """Of a hidden layer, where `carried` is the learner's δ of the layer above."""
    shape = seen.truth.z[layer].shape
    upstreams = finite(_upstreams(seen, layer, carried), shape)
    return Candidates(
        upstreams=upstreams,
        forms=finite(_forms(seen, layer, upstreams[0].array), shape),
        whole=finite(_whole(seen, layer, upstreams[0].array, carried), shape),
    )


def _upstreams(seen: Observation, layer: int, carried: Array) -> Iterator[Part]:
    truth, above = seen.truth, layer + 1
    W = truth.W[above]
    right = carried @ W.T
    yield Part("δ Wᵀ", right)
    after = seen.weights_of(seen.after, above)
    if after is not None and after.shape == W.shape and not np.array_equal(after, W):
        yield Part("δ Wᵀ after the update", carried @ after.T, "updated-too-early")
    if (updated := _after_own_update(seen, layer, carried, right)) is not None:
        yield Part("δ (W − η dW)ᵀ", updated, "updated-too-early")
    for name, matrix, cause in _matrices(seen, above):
        if matrix.shape == W.T.shape:
            yield Part(f"δ {name}", carried @ matrix, cause, any_scale=cause != "transposed")
    for name, value in _in_place_of_delta(seen, above, carried):
        if value.shape == carried.shape:
            yield Part(f"{name} Wᵀ", value @ W.T, "wrong-operand", any_scale=True)
    yield Part("1 Wᵀ", np.ones_like(carried) @ W.T, "upstream-dropped", any_scale=True)
    yield Part("1", np.ones_like(right), "upstream-dropped", any_scale=True)
    for name, value in (("δ", carried), ("|δ|", np.abs(carried)), ("δ²", carried**2)):
        per_sample = value.sum(axis=1, keepdims=True)
        yield Part(f"Σ {name}", np.broadcast_to(per_sample, right.shape), "upstream-dropped", any_scale=True)
    if carried.shape == right.shape:
        yield Part("δ", carried, "upstream-dropped", any_scale=True)
    yield Part("mean of δ Wᵀ", np.broadcast_to(right.mean(axis=0), right.shape), "wrong-operand", any_scale=True)
    for name, weights in sample_weights(seen.n):
        yield Part(f"δ Wᵀ, samples {name}", right * weights, "samples-ignored")
    for name, changed in (("|δ Wᵀ|", np.abs(right)), ("(δ Wᵀ)²", right**2), ("sign(δ Wᵀ)", np.sign(right))):
        yield Part(name, changed, "wrong-operand", any_scale=True)


def _after_own_update(seen: Observation, layer: int, carried: Array, right: Array) -> Array | None:
    """The upstream gradient through W − η dW of the layer above, for the η that fits; None where none does."""
    above, own = seen.weights_of(seen.gradient, layer + 1), seen.weights_of(seen.gradient, layer)
    a, slopes = seen.truth.a[layer - 1], seen.truth.slope[layer]
    if above is None or own is None or above.shape != seen.truth.W[layer + 1].shape or own.shape != seen.truth.W[layer].shape:
        return None
    step = carried @ above.T
    both = fitted(own, [a.T @ (right * slopes), a.T @ (step * slopes)], seen.within)
    return right + both[1] / both[0] * step if both is not None and both[0] and abs(both[1] / both[0]) > 1e-9 else None


def _matrices(seen: Observation, above: int) -> Iterator[tuple[str, Array, str]]:
    """What can stand where W of the layer above belongs, as it is multiplied: (units above, units)."""
    truth = seen.truth
    W = truth.W[above]
    yield "W", W, "transposed"
    yield "W, reshaped", W.reshape(W.shape[::-1]), "transposed"
    yield "Wᵀ, reshaped", W.T.reshape(W.shape).T, "transposed"
    yield "reversed Wᵀ", W[::-1].T, "wrong-operand"
    yield "Wᵀ, reversed", W[:, ::-1].T, "wrong-operand"
    yield "|Wᵀ|", np.abs(W.T), "wrong-operand"
    yield "(Wᵀ)²", W.T**2, "wrong-operand"
    yield "sign(Wᵀ)", np.sign(W.T), "wrong-operand"
    yield "Wᵀ + b", W.T + truth.b[above].reshape(-1, 1), "wrong-operand"
    for number, other in truth.W.items():
        if number != above:
            yield f"W{number}", other, "wrong-operand"
            yield f"W{number}ᵀ", other.T, "wrong-operand"
    for number in truth.W:
        gradient = seen.weights_of(seen.gradient, number)
        if gradient is not None and gradient.ndim == 2:
            yield f"dW{number}ᵀ", gradient.T, "wrong-operand"
            if number != above:
                yield f"dW{number}", gradient, "wrong-operand"


def _in_place_of_delta(seen: Observation, above: int, carried: Array) -> Iterator[tuple[str, Array]]:
    truth = seen.truth
    yield "a", truth.a[above]
    yield "z", truth.z[above]
    if above in truth.upstream:
        yield "∂L/∂a", truth.upstream[above]
    else:
        y, t = truth.output, truth.targets
        yield "y", y
        yield "t", t
        yield "(y − t)", y - t
        yield from ((f"δ {part.name}", carried * part.array) for part in _output_forms(seen))
    yield "δ²", carried**2
    yield "|δ|", np.abs(carried)
    yield "sign(δ)", np.sign(carried)
    yield "max(δ, 0)", np.maximum(carried, 0)
    for number, delta in truth.delta.items():
        if number != above:
            yield f"δ{number}", delta
    if above in truth.slope:
        yield "f′(z)", truth.slope[above]
        yield "δ f′(z)", carried * truth.slope[above]


KINKED = frozenset({"relu", "leaky-relu", "capped-relu"})


def _forms(seen: Observation, layer: int, upstream: Array) -> Iterator[Part]:
    truth = seen.truth
    formula = seen.model.activations[layer - 1]
    z, a = truth.z[layer], truth.a[layer]
    forms = derivatives(formula, z, a, truth.b[layer])
    for number, (name, value) in enumerate(forms.items()):
        yield Part(name, value, "activation-derivative" if number else None)
    cause = "wrong-mask" if formula.name in KINKED else "activation-derivative"
    for number in sorted({*truth.z, 0} - {layer}):
        for letter, arrays in (("z", truth.z), ("a", truth.a)):
            if number in arrays and arrays[number].shape == z.shape:
                value = arrays[number]
                name = f"{letter}{number}"
                yield Part(f"f′({name})", slope(formula, value), cause)
                yield Part(f"{name} > 0", (value > 0) * 1.0, cause)
                yield Part(f"{name}(1 − {name})", value * (1 - value), "activation-derivative")
                yield Part(f"1 − {name}²", 1 - value**2, "activation-derivative")
                yield Part(name, value, "activation-derivative")
    yield Part("f′(∂L/∂a)", slope(formula, upstream), "activation-derivative")
    yield Part("∂L/∂a > 0", (upstream > 0) * 1.0, "activation-derivative")
    yield Part("∂L/∂a", upstream, "activation-derivative", any_scale=True)
    yield Part("1 − ∂L/∂a", 1 - upstream, "activation-derivative")
    yield Part("1 − (∂L/∂a)²", 1 - upstream**2, "activation-derivative")
    yield Part("f′(z ∂L/∂a)", slope(formula, z * upstream), "activation-derivative")
    yield Part("f′(a ∂L/∂a)", slope(formula, a * upstream), "activation-derivative")


def _whole(seen: Observation, layer: int, upstream: Array, carried: Array) -> Iterator[Part]:
    truth = seen.truth
    formula = seen.model.activations[layer - 1]
    z, a, right = truth.z[layer], truth.a[layer], truth.slope[layer]
    wrong = "activation-derivative"
    yield Part("f′(∂L/∂a) alone", slope(formula, upstream), wrong)
    for name, mask in (("z > 0", z > 0), ("z < 0", z < 0)):
        yield Part(f"where({name}, ∂L/∂a, 1)", np.where(mask, upstream, 1.0), wrong)
        yield Part(f"where({name}, 1, ∂L/∂a)", np.where(mask, 1.0, upstream), wrong)
        yield Part(f"where({name}, a, ∂L/∂a)", np.where(mask, a, upstream), wrong)
    yield Part("∂L/∂a + f′(z)", upstream + right, wrong)
    yield Part("∂L/∂a − f′(z)", upstream - right, wrong)
    yield Part("∂L/∂a a − (∂L/∂a)²", upstream * a - upstream**2, wrong)
    yield Part("∂L/∂a a (1 − ∂L/∂a a)", upstream * a * (1 - upstream * a), wrong)
    yield Part("∂L/∂a a", upstream * a, wrong)
    yield Part("∂L/∂a a − a", upstream * a - a, wrong)
    yield Part("∂L/∂a − a", upstream - a, wrong)
    yield Part("∂L/∂a − a²", upstream - a**2, wrong)
    yield Part("∂L/∂a a(1 − a) without a factor", upstream * a - a, wrong)
    yield Part("∂L/∂z / f′(z)", upstream / np.where(right == 0, np.inf, right), wrong)
    for number, delta in truth.delta.items():
        if number not in (layer, layer + 1):
            yield Part(f"δ{number}", delta, "wrong-operand", any_scale=True)
            if delta.shape == right.shape:
                yield Part(f"δ{number} f′(z)", delta * right, "wrong-operand", any_scale=True)
    yield Part("a", a, "wrong-operand", any_scale=True)
    yield Part("z", z, "wrong-operand", any_scale=True)
    yield Part("δ²", (upstream * right) ** 2, "wrong-operand")
    yield Part("|δ|", np.abs(upstream * right), "wrong-operand")
    if carried.shape == z.shape:
        yield Part("δ above", carried, "upstream-dropped", any_scale=True)
