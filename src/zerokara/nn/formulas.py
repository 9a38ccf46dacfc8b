"""Activations and losses by their definitions alone, for numerical gradients of networks that others wrote.

What zerokara trains stands in `activations.py` and `functions.py`, each beside its derivative. Here are these and
more, with the numbers that others choose (a leak's slope, a clip's bounds), and without derivatives: a difference
quotient needs none.

Scores o and targets t are (n, classes), as in `functions.py`: a loss is the mean over the samples of the sum of its
terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import UsageError, unknown_name
from zerokara.nn.activations import Elementwise, relu, sigmoid, tanh
from zerokara.nn.functions import cross_entropy, softmax, squared_loss
from zerokara.words import sentence, translatable

Array = NDArray[Any]

OTHER_PARAMETERS = translatable("The formula {name} has the parameters {known}, and no other.")


class Formula(NamedTuple):
    """A definition of this file, by name, with the numbers that it has.

    >>> Formula("leaky-relu", (0.1,))
    Formula(name='leaky-relu', parameters=(0.1,))
    """

    name: str
    parameters: tuple[float, ...] = ()


class ActivationFormula(NamedTuple):
    """φ, element by element.

    Attributes:
        value: from a, of any shape, and the parameters to φ(a).
        parameters: their names.
        steepest: from the parameters to the largest |φ′| anywhere, or more.
        kinks: from the parameters to the a where another formula begins.
        takes_exp: whether somebody who writes it down plainly takes exp of ±a, or of multiples, without bound.
    """

    value: Callable[..., Array]
    parameters: tuple[str, ...] = ()
    steepest: Callable[..., float] = lambda *_: 1.0
    kinks: Callable[..., tuple[float, ...]] = lambda *_: ()
    takes_exp: bool = False


class LossFormula(NamedTuple):
    """A loss of scores.

    Attributes:
        terms: from o, t and the parameters to what is summed over the classes, (n, classes).
        parameters: their names.
        kinks: from the parameters to the probabilities, softmax(o) or σ(o), where another formula begins.
        takes_exp: as of an activation; its input are the scores.
    """

    terms: Callable[..., Array]
    parameters: tuple[str, ...] = ()
    kinks: Callable[..., tuple[float, ...]] = lambda *_: ()
    takes_exp: bool = True


def leaky_relu(a: Array, slope: float) -> Array:
    """a where a > 0, else slope · a (Maas, Hannun, Ng 2013, *Rectifier Nonlinearities*)."""
    return np.where(a > 0, a, slope * a)


def capped_relu(a: Array, cap: float) -> Array:
    """min(max(0, a), cap); with a cap of 6 it is ReLU6 (Krizhevsky 2010, *Convolutional Deep Belief Networks*)."""
    return np.minimum(np.maximum(a, 0.0), cap)


def softplus(a: Array) -> Array:
    """log(1 + eᵃ) (Dugas et al. 2001), without overflow for any a."""
    return np.logaddexp(0.0, a)


def gelu(a: Array, rate: float, cube: float) -> Array:
    """½ a (1 + tanh(rate (a + cube a³))), most often with √(2/π) and 0.044715; see `zerokara.nn.activations.gelu`.

    As a σ(2u) it keeps its digits where 1 + tanh u has none.
    """
    with np.errstate(over="ignore"):  # of a³: then σ is 0 or 1
        y: Array = a * sigmoid(2 * rate * (a + cube * a**3))
    return y


def gelu_exact(a: Array) -> Array:
    """a Φ(a), Φ the normal distribution's (Hendrycks and Gimpel, arXiv:1606.08415).

    erfc keeps its digits where Φ is small.
    """
    y: Array = 0.5 * a * _erfc(a * -math.sqrt(0.5))
    return y


_each_erfc = np.frompyfunc(math.erfc, 1, 1)


def _erfc(a: Array) -> Array:
    return np.asarray(_each_erfc(a), np.float64)


def swish(a: Array, beta: float) -> Array:
    """a σ(βa) (Ramachandran, Zoph, Le, arXiv:1710.05941); with β = 1 it is SiLU."""
    y: Array = a * sigmoid(beta * a)
    return y


def elu(a: Array, alpha: float) -> Array:
    """a where a > 0, else α (eᵃ - 1) (Clevert, Unterthiner, Hochreiter, arXiv:1511.07289)."""
    return np.where(a > 0, a, alpha * np.expm1(np.minimum(a, 0.0)))


def _steepest_gelu(rate: float, cube: float) -> float:
    """a times the derivative of z = 2 rate (a + cube a³) is at most 3 |z|, and |z| σ′(z) at most 0.224."""
    return 1.68 if cube >= 0 else math.inf


ACTIVATION_FORMULAS: Mapping[str, ActivationFormula] = MappingProxyType(
    {
        "identity": ActivationFormula(lambda a: np.array(a)),
        "sigmoid": ActivationFormula(sigmoid, steepest=lambda: 0.25, takes_exp=True),
        "relu": ActivationFormula(relu, kinks=lambda: (0.0,)),
        "tanh": ActivationFormula(tanh, takes_exp=True),
        "leaky-relu": ActivationFormula(
            leaky_relu, ("slope",), steepest=lambda slope: max(1.0, abs(slope)), kinks=lambda slope: (0.0,)
        ),
        "capped-relu": ActivationFormula(capped_relu, ("cap",), kinks=lambda cap: (0.0, cap)),
        "softplus": ActivationFormula(softplus, takes_exp=True),
        "gelu": ActivationFormula(gelu, ("rate", "cube"), steepest=_steepest_gelu, takes_exp=True),
        "gelu-exact": ActivationFormula(gelu_exact, steepest=lambda: 1.13),
        "swish": ActivationFormula(swish, ("beta",), steepest=lambda beta: 1.1, takes_exp=True),
        "elu": ActivationFormula(
            elu, ("alpha",), steepest=lambda alpha: max(1.0, abs(alpha)), kinks=lambda alpha: (0.0,), takes_exp=True
        ),
    }
)


def log_softmax(o: Array) -> Array:
    """log softmax(o), without rounding any probability to 0."""
    shifted = o - o.max(axis=1, keepdims=True)
    logarithms: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logarithms


def log_sigmoid(o: Array) -> Array:
    """log σ(o); log(1 - σ(o)) is that of -o."""
    return -softplus(-o)


def _weighted(weight: Array, logarithms: Array) -> Array:
    """-weight · logarithm, where a weight of 0 takes nothing, also of the logarithm of 0."""
    return -weight * np.where((weight == 0) & (logarithms == -np.inf), 0.0, logarithms)


def _bounds(lo: float, hi: float) -> tuple[float, float]:
    """log lo and log hi: clipping logarithms is clipping what they are of, and these keep their digits."""
    return _log(lo), _log(hi)


def _log(number: float) -> float:
    return math.log(number) if number > 0 else -math.inf


def textbook(o: Array, t: Array, delta: float) -> Array:
    """-t log(softmax(o) + delta) (textbook, chapter 4.2.4, with 1e-7)."""
    return cross_entropy(o, t) if delta == 0 else _weighted(t, np.log(softmax(o) + delta))


def clipped_cross_entropy(o: Array, t: Array, lo: float, hi: float) -> Array:
    """-t log(clip(softmax(o), lo, hi))."""
    return _weighted(t, np.clip(log_softmax(o), *_bounds(lo, hi)))


def identity_squared(o: Array, t: Array) -> Array:
    """½ (o - t)²."""
    terms: Array = 0.5 * (o - t) ** 2
    return terms


def sigmoid_squared(o: Array, t: Array) -> Array:
    """½ (σ(o) - t)²."""
    return identity_squared(sigmoid(o), t)


def _log_of_shifted_sigmoid(o: Array, delta: float) -> Array:
    return log_sigmoid(o) if delta == 0 else np.log(sigmoid(o) + delta)


def sigmoid_cross_entropy(o: Array, t: Array, delta: float) -> Array:
    """-t log(σ(o) + delta)."""
    return _weighted(t, _log_of_shifted_sigmoid(o, delta))


def sigmoid_clipped_cross_entropy(o: Array, t: Array, lo: float, hi: float) -> Array:
    """-t log(clip(σ(o), lo, hi))."""
    return _weighted(t, np.clip(log_sigmoid(o), *_bounds(lo, hi)))


def binary(o: Array, t: Array, delta: float) -> Array:
    """-[t log(σ(o) + delta) + (1 - t) log(1 - σ(o) + delta)]; 1 - σ(o) is σ(-o)."""
    return sigmoid_cross_entropy(o, t, delta) + sigmoid_cross_entropy(-o, 1 - t, delta)


def binary_clipped(o: Array, t: Array, lo: float, hi: float) -> Array:
    """-[t log q + (1 - t) log(1 - q)], q = clip(σ(o), lo, hi); 1 - q is clip(σ(-o), 1 - hi, 1 - lo)."""
    own = sigmoid_clipped_cross_entropy(o, t, lo, hi)
    return own + sigmoid_clipped_cross_entropy(-o, 1 - t, 1 - hi, 1 - lo)


LOSS_FORMULAS: Mapping[str, LossFormula] = MappingProxyType(
    {
        "cross-entropy": LossFormula(cross_entropy),
        "textbook": LossFormula(textbook, ("delta",)),
        "clipped-cross-entropy": LossFormula(clipped_cross_entropy, ("lo", "hi"), kinks=lambda lo, hi: (lo, hi)),
        "squared": LossFormula(squared_loss),
        "identity-squared": LossFormula(identity_squared, takes_exp=False),
        "sigmoid-squared": LossFormula(sigmoid_squared),
        "sigmoid-cross-entropy": LossFormula(sigmoid_cross_entropy, ("delta",)),
        "sigmoid-clipped-cross-entropy": LossFormula(
            sigmoid_clipped_cross_entropy, ("lo", "hi"), kinks=lambda lo, hi: (lo, hi)
        ),
        "binary": LossFormula(binary, ("delta",)),
        "binary-clipped": LossFormula(binary_clipped, ("lo", "hi"), kinks=lambda lo, hi: (lo, hi)),
    }
)

Entry = TypeVar("Entry", ActivationFormula, LossFormula)


def activation_formula(formula: Formula) -> ActivationFormula:
    """Its entry. Raises UsageError for a name that is not in `ACTIVATION_FORMULAS`, or other parameters than it has."""
    return _entry("activation", formula, ACTIVATION_FORMULAS)


def loss_formula(formula: Formula) -> LossFormula:
    """Its entry. Raises UsageError for a name that is not in `LOSS_FORMULAS`, or other parameters than it has."""
    return _entry("loss", formula, LOSS_FORMULAS)


def _entry(what: str, formula: Formula, table: Mapping[str, Entry]) -> Entry:
    if formula.name not in table:
        raise unknown_name(what, formula.name, table)
    entry = table[formula.name]
    if len(formula.parameters) != len(entry.parameters):
        raise UsageError(sentence(OTHER_PARAMETERS, name=formula.name, known=list(entry.parameters)), "wrong-value")
    return entry


class FormulaLayer(Elementwise):
    """An activation formula as a layer, which goes forward only."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self._value = activation_formula(formula).value

    def forward(self, x: Array) -> Array:
        """φ(x), shape of x."""
        return self._value(x, *self.formula.parameters)


def terms_of(formula: Formula) -> Callable[[Array, Array], Array]:
    """The terms of a loss, (n, classes), from scores and targets."""
    terms = loss_formula(formula).terms
    return lambda scores, targets: terms(scores, targets, *formula.parameters)
