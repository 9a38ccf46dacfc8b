"""Activations and losses as they are written down, in many digits: the witness of the numerical gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[Decimal]
Activation = Callable[..., Decimal]
Loss = Callable[..., Decimal]

PI = Decimal("3.141592653589793238462643383279502884197169")


def sigmoid(a: Decimal) -> Decimal:
    return 1 / (1 + (-a).exp())


def tanh(a: Decimal) -> Decimal:
    return (a.exp() - (-a).exp()) / (a.exp() + (-a).exp())


def erf(z: Decimal) -> Decimal:
    """2/√π e^(-z²) Σ 2ⁿ z^(2n+1) / (2n+1)!! (Kummer), whose terms have one sign."""
    term, total, n = z, Decimal(0), 0
    while total + term != total:
        total, n = total + term, n + 1
        term *= 2 * z * z / (2 * n + 1)
    return 2 / PI.sqrt() * (-z * z).exp() * total


def clip(p: Decimal, lo: Decimal, hi: Decimal) -> Decimal:
    return min(max(p, lo), hi)


ACTIVATIONS: dict[str, Activation] = {
    "identity": lambda a: a,
    "sigmoid": sigmoid,
    "relu": lambda a: max(a, Decimal(0)),
    "tanh": tanh,
    "leaky-relu": lambda a, slope: a if a > 0 else slope * a,
    "capped-relu": lambda a, cap: min(max(a, Decimal(0)), cap),
    "softplus": lambda a: (1 + a.exp()).ln(),
    "gelu": lambda a, rate, cube: a / 2 * (1 + tanh(rate * (a + cube * a**3))),
    "gelu-exact": lambda a: a / 2 * (1 + erf(a / Decimal(2).sqrt())),
    "swish": lambda a, beta: a * sigmoid(beta * a),
    "elu": lambda a, alpha: a if a > 0 else alpha * (a.exp() - 1),
}


def over_softmax(of_class: Loss) -> Loss:
    """Σ f(p, t), p = softmax(o)."""

    def loss(o: Numbers, t: Numbers, *parameters: Decimal) -> Decimal:
        total = sum(score.exp() for score in o)
        return Decimal(sum(of_class(a.exp() / total, b, *parameters) for a, b in zip(o, t, strict=True)))

    return loss


def over_scores(of_class: Loss, squash: Activation = lambda o: o) -> Loss:
    """Σ f(q, t), q = squash(o)."""

    def loss(o: Numbers, t: Numbers, *parameters: Decimal) -> Decimal:
        return Decimal(sum(of_class(squash(a), b, *parameters) for a, b in zip(o, t, strict=True)))

    return loss


def squared(q: Decimal, t: Decimal) -> Decimal:
    return (q - t) ** 2 / 2


def minus_log(q: Decimal, t: Decimal, delta: Decimal = Decimal(0)) -> Decimal:
    return -t * (q + delta).ln()


def minus_log_clipped(q: Decimal, t: Decimal, lo: Decimal, hi: Decimal) -> Decimal:
    return -t * clip(q, lo, hi).ln()


def binary(q: Decimal, t: Decimal, delta: Decimal) -> Decimal:
    return -(t * (q + delta).ln() + (1 - t) * (1 - q + delta).ln())


def binary_clipped(q: Decimal, t: Decimal, lo: Decimal, hi: Decimal) -> Decimal:
    return binary(clip(q, lo, hi), t, Decimal(0))


LOSSES: dict[str, Loss] = {
    "cross-entropy": over_softmax(minus_log),
    "textbook": over_softmax(minus_log),
    "clipped-cross-entropy": over_softmax(minus_log_clipped),
    "squared": over_softmax(squared),
    "identity-squared": over_scores(squared),
    "sigmoid-squared": over_scores(squared, sigmoid),
    "sigmoid-cross-entropy": over_scores(minus_log, sigmoid),
    "sigmoid-clipped-cross-entropy": over_scores(minus_log_clipped, sigmoid),
    "binary": over_scores(binary, sigmoid),
    "binary-clipped": over_scores(binary_clipped, sigmoid),
}


def with_parameters(formula: Callable[..., Decimal], parameters: Sequence[float | Decimal]) -> Callable[..., Decimal]:
    """The formula with these parameters, which stand last."""
    return lambda *values: formula(*values, *map(Decimal, parameters))


def decimals(numbers: Any) -> NDArray[Any]:
    return np.vectorize(Decimal, otypes=[object])(numbers)


def exact_differences(
    weights: Sequence[NDArray[np.float64]],
    biases: Sequence[NDArray[np.float64]],
    activation: Activation,
    loss: Loss,
    x: NDArray[np.float64],
    targets: NDArray[np.float64],
    above: float,
    below: float,
    digits: int = 40,
) -> list[NDArray[np.float64]]:
    """By the definition, two losses per weight: of all weights, then of all biases."""
    with localcontext() as context:
        context.prec = digits
        W, b = [decimals(weight) for weight in weights], [decimals(bias) for bias in biases]
        samples = [(decimals(row), decimals(t)) for row, t in zip(x, targets, strict=True)]

        def mean_loss() -> Decimal:
            total = Decimal(0)
            for z, t in samples:
                for i, (weight, bias) in enumerate(zip(W, b, strict=True)):
                    z = z @ weight + bias
                    z = z if i == len(W) - 1 else np.array([activation(a) for a in z])
                total += loss(z, t)
            return total / len(samples)

        return [_differences(array, mean_loss, Decimal(above), Decimal(below)) for array in W + b]


def _differences(
    array: NDArray[Any], loss: Callable[[], Decimal], above: Decimal, below: Decimal
) -> NDArray[np.float64]:
    found = np.empty(array.shape)
    for at, value in np.ndenumerate(array):
        losses = []
        for point in (above, below):
            array[at] = value + point
            losses.append(loss())
        array[at] = value
        found[at] = float((losses[0] - losses[1]) / (above - below))
    return found
