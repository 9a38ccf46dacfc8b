"""What δ = ∂L/∂z of the last layer can be: that of the loss, of other losses, and of other outputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zerokara.nn.activations import sigmoid
from zerokara.nn.functions import softmax, softmax_backward
from zerokara.own_gradients.deltas import Candidates, Part, finite, sample_weights
from zerokara.own_gradients.elementwise import ERRORS, OUTPUTS, SHIFTS, softmax_over
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.truth import right_deltas

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
    return Candidates(
        upstreams=finite(errors(seen), shape),
        forms=finite(output_forms(seen), shape),
        whole=finite(_whole_errors(seen), shape),
    )


def errors(seen: Observation) -> Iterator[Part]:
    """What stands for ∂L/∂y of a pointwise output, or for y − t."""
    truth, model = seen.truth, seen.model
    y, t = truth.output, truth.targets
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
    yield from _other_outputs(seen)
    yield from _other_errors(seen)


def _other_outputs(seen: Observation) -> Iterator[Part]:
    """Something else than y in y − t."""
    truth = seen.truth
    y, t, z = truth.output, truth.targets, truth.z[truth.depth]
    model, scale = seen.model, seen.model.scaled(seen.n)
    others = {
        "z": (z, "wrong-operand"),
        "softmax(y)": (softmax(y), "forward-differs"),
        "softmax-over-batch(z)": (softmax_over(None, z), "softmax-over-batch"),
        "softmax-over-samples(z)": (softmax_over(0, z), "softmax-axis"),
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


def _other_errors(seen: Observation) -> Iterator[Part]:
    """Something else than y − t."""
    truth = seen.truth
    y, t, z = truth.output, truth.targets, truth.z[truth.depth]
    scale = seen.model.scaled(seen.n)
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


def output_forms(seen: Observation) -> Iterator[Part]:
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
            Part(f"samples {name}{', exactly' * number}", right * w, "samples-ignored")
            for name, w in sample_weights(seen.n)
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
