"""The finite differences of a network that is described by its arrays and formulas, whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zerokara.engine.compiled import CompiledEngine, capabilities
from zerokara.engine.refusals import REFUSALS
from zerokara.errors import UsageError
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.formulas import Formula, FormulaLayer, activation_formula, loss_formula, terms_of
from zerokara.nn.layers import Affine, Layer
from zerokara.nn.numerical import ForwardPass, layer_differences
from zerokara.words import sentence

Floats = NDArray[np.float64]
Gradients = tuple[list[Floats], list[Floats | None]]
"""Of the weights and the biases of each layer, in their shapes; None where it has no biases."""


@dataclass(frozen=True)
class Described:
    """A fully connected network and its loss.

    Attributes:
        weights: of each layer, (fan_in, fan_out) float64.
        biases: of each layer, (fan_out,) float64, or None.
        activation: between the layers, one of `ACTIVATION_FORMULAS`.
        loss: of the last layer's scores, one of `LOSS_FORMULAS`.

    Raises UsageError for formulas that are not known.
    """

    weights: Sequence[Floats]
    biases: Sequence[Floats | None]
    activation: Formula
    loss: Formula

    def __post_init__(self) -> None:
        activation_formula(self.activation)
        loss_formula(self.loss)

    @property
    def all_biases(self) -> list[Floats]:
        """The biases, zeros where there are none."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [np.zeros(weight.shape[1]) if bias is None else np.ascontiguousarray(bias) for weight, bias in pairs]


def differences(
    network: Described, x: Floats, targets: Floats, difference: FiniteDifference, *, threads: int | None = None
) -> Gradients:
    """(L(w + above) - L(w + below)) / (above - below) of the mean loss L, for every weight and bias w.

    Args:
        x: (n, features) float64, at least one row.
        targets: (n, classes) float64: one-hot, soft, or any numbers.
        threads: how many the compiled core may use; None: as many as this process may use cores.

    Returns:
        The gradients; all NaN where the loss itself is not finite.

    Raises UsageError for points of which `above` is not the larger.
    """
    if not difference.width > 0:
        raise UsageError(sentence(REFUSALS["points-order"], **difference._asdict()), "wrong-value")
    computed = by_core if core_takes(network, x) else by_numpy
    return computed(network, x, targets, difference, threads)


def core_takes(network: Described, x: Floats) -> bool:
    """Whether the compiled core is there, and knows these formulas and an input as large."""
    known, (n, features) = capabilities(), x.shape
    return (
        network.activation.name in known["differences"]["activations"]
        and network.loss.name in known["differences"]["losses"]
        and n <= known["most_in_batch"]
        and features <= known["most_features"]
    )


def by_core(
    network: Described, x: Floats, targets: Floats, difference: FiniteDifference, threads: int | None = None
) -> Gradients:
    """The same by the compiled core. Raises EngineError for what it does not take."""
    weights = [np.ascontiguousarray(weight) for weight in network.weights]
    gradients = [np.empty_like(weight) for weight in weights]
    of_biases = [None if bias is None else np.empty_like(bias) for bias in network.biases]
    loss = without_a_vanishing_delta(network.loss)
    CompiledEngine(threads).fill_differences(
        weights=weights,
        biases=network.all_biases,
        activation=network.activation.name,
        activation_parameters=network.activation.parameters,
        loss=loss.name,
        loss_parameters=loss.parameters,
        weight_decay=0.0,
        x=np.ascontiguousarray(x),
        targets=np.ascontiguousarray(targets),
        above=difference.above,
        below=difference.below,
        weight_gradients=gradients,
        bias_gradients=of_biases,
        stop=None,
    )
    return gradients, of_biases


def without_a_vanishing_delta(loss: Formula) -> Formula:
    """-t log(p + 0) is the cross entropy, whose logarithm of a p that is rounded to 0 is none of 0."""
    return Formula("cross-entropy") if loss == Formula("textbook", (0.0,)) else loss


@np.errstate(all="ignore")
def by_numpy(
    network: Described, x: Floats, targets: Floats, difference: FiniteDifference, threads: int | None = None
) -> Gradients:
    """The same without the compiled core, in the calling thread."""
    del threads  # NumPy's matrix library has a number of its own
    affine = [Affine(*pair) for pair in zip(network.weights, network.all_biases, strict=True)]
    layers: list[Layer] = [affine[0]]
    for layer in affine[1:]:
        layers += [FormulaLayer(network.activation), layer]
    passed = ForwardPass.through(layers, terms_of(network.loss), x, targets)
    if np.isfinite(passed.losses(passed.scores[-1]).sum()):
        both = [layer_differences(passed, at, 1.0, difference) for at in range(len(affine))]
    else:
        both = [np.full((len(layer.W) + 1, len(layer.b)), np.nan) for layer in affine]
    pairs = zip(both, network.biases, strict=True)
    return [found[:-1] for found in both], [None if bias is None else found[-1] for found, bias in pairs]
