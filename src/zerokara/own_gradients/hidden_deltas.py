"""What δ = ∂L/∂z of a hidden layer can be: what comes from the layer above, times a form of the derivative."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zerokara.own_gradients.deltas import Candidates, Part, finite, sample_weights
from zerokara.own_gradients.derivatives import derivatives
from zerokara.own_gradients.elementwise import slope
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.last_deltas import output_forms
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array


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
        yield Part("δ W′ᵀ, updated", carried @ after.T, "updated-too-early")
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
        yield Part(f"samples {name}", right * weights, "samples-ignored")
    for name, changed in (("|δ Wᵀ|", np.abs(right)), ("(δ Wᵀ)²", right**2), ("sign(δ Wᵀ)", np.sign(right))):
        yield Part(name, changed, "wrong-operand", any_scale=True)


def _after_own_update(seen: Observation, layer: int, carried: Array, right: Array) -> Array | None:
    """The upstream gradient through W − η dW of the layer above, for the η that fits; None where none does."""
    above, own = seen.weights_of(seen.gradient, layer + 1), seen.weights_of(seen.gradient, layer)
    a, slopes = seen.truth.a[layer - 1], seen.truth.slope[layer]
    if (
        above is None
        or own is None
        or above.shape != seen.truth.W[layer + 1].shape
        or own.shape != seen.truth.W[layer].shape
    ):
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
        yield from ((f"δ {part.name}", carried * part.array) for part in output_forms(seen))
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
