"""How far a right gradient may lie from its central differences, element by element: a running error analysis.

Moving a weight of input i into unit j by ±h moves unit j of sample n by ±h·x[n, i], and with it the loss of that
sample, φ. What separates backpropagation, φ'(0)·x, from the central difference is

- *truncation*, (h x)²/6 · φ'''·x. Activation and loss are such that a derivative of theirs changes by no more than a
  fixed factor c of itself per unit of its input: |σ''| ≤ σ' and |σ'''| ≤ σ' for the sigmoid, |tanh''| ≤ 2 tanh' and
  |tanh'''| ≤ 4 tanh', softmax by twice its fastest score. By the product rule |φ'''| ≤ 5 Λ² Q, where Λ adds up c times
  how fast what follows moves with unit j, and Q is the size of the slope: backpropagation with absolute values.
  with exp(2 Λ h x) for what Λ and Q grow within the step.
- *rounding of backpropagation*: of k terms a sum is wrong by at most k·ε of their absolute values (Higham, *Accuracy and
  Stability of Numerical Algorithms*, 3.1). Rounding of the pre-activations reaches the slopes through c again.
- *rounding of the differences*, that of one sample's loss over h. The compiled engine forms differences without it; the
  other two ways do not, and the bound holds for all three.
- *kinks*: see `zerokara.nn.kinks`.

Truncation goes with (hΛ)² and rounding with 1/h, so the best step goes with Λ^(-2/3): that is how steps are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.functions import TEXTBOOK_EPSILON, softmax
from zerokara.nn.layers import Affine, Layer, Relu, Sigmoid, Tanh

if TYPE_CHECKING:
    from zerokara.nn.network import Network

Floats = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)

CHANGE: dict[type[Any], float] = {Relu: 1, Sigmoid: 1, Tanh: 2}
"""c of an activation: by how much of itself its derivative changes per unit of input. A ReLU's does not, away from its
kink; with 1, Λ is also no less than what any pre-activation moves. For layers of others 2 is assumed."""
LOSS_CHANGE = 2.0

CLASS_WEIGHTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "cross-entropy": lambda p, t: t,
    "textbook": lambda p, t: t * p / (p + TEXTBOOK_EPSILON),
    "squared": lambda p, t: p * (np.abs(p - t) + p),
}
"""c, such that the slope of the loss in score k is at most c (1 - p) + p (Σc - c), terms that change with p only."""


@dataclass
class Place:
    """A layer on the samples' way.

    Attributes:
        value, out: what comes in and goes out, (n, units).
        doubt, error: by how much rounding may have moved these two.
        derivative: |derivative| of an activation, shape of `value`; of an affine layer, ones.
        slope: what one more in `out` adds to the mean loss.
    """

    layer: Layer
    value: Floats
    out: Floats
    doubt: Floats
    error: Floats
    derivative: Floats
    slope: Floats


@dataclass(frozen=True)
class AffineBounds:
    """What bounds the difference of two gradients of an affine layer. A bias is the weight of one more input, always 1.

    Attributes:
        inputs: (n, fan_in + 1), the last column 1.
        places: the layer and those after it.
        steps: (fan_in + 1,), h of each row; most: how far they move a unit at most; pace: (n,), Λ.
        smooth: (n, fan_out), truncation and rounding of one unit of input.
        bent: (n, fan_out), what is to add where there is a kink, beside which terms of the first order do not cancel.
        noise: (n,), rounding of each sample's loss, over all n.
    """

    inputs: Floats
    places: list[Place]
    steps: Floats
    most: float
    pace: Floats
    smooth: Floats
    bent: Floats
    noise: Floats

    def tolerance(self) -> Floats:
        """What truncation and rounding allow, (fan_in + 1, fan_out)."""
        moved = (self.inputs != 0).T @ self.noise / self.steps
        allowed: Floats = np.abs(self.inputs).T @ self.smooth + moved[:, np.newaxis]
        return allowed


def affine_bounds(network: Network, x: Floats, t: Floats, h: float) -> list[AffineBounds]:
    """The bounds of every affine layer, first to last, for rows x (n, features) and targets t (n, classes)."""
    places = _forward(network.layers, x)
    moves = [_moves(places[at:], h) for at, place in enumerate(places) if isinstance(place.layer, Affine)]
    slopes, noise = _at_scores(network, places[-1], t)
    doubt = _doubt(places)
    bounds: list[AffineBounds] = []
    for at in range(len(places) - 1, -1, -1):
        place = places[at]
        place.slope = slopes.signed
        if isinstance(place.layer, Affine):
            bounds.append(_bounds_of(places[at:], moves.pop(), slopes, doubt, noise))
        if at:
            slopes.through(place, slack=max((move.most * float(move.pace.max()) for move in moves), default=0.0))
    return bounds[::-1]


def _bounds_of(places: list[Place], moves: _Moves, slopes: _Slopes, doubt: Floats, noise: Floats) -> AffineBounds:
    n, turn = len(doubt), moves.most * moves.pace
    factor = 4 * doubt * np.exp(4 * doubt) + turn**2 * np.exp(2 * turn)
    return AffineBounds(
        inputs=np.hstack([places[0].value, np.ones((n, 1))]),
        places=places,
        steps=moves.steps,
        most=moves.most,
        pace=moves.pace,
        smooth=slopes.rounding + (n + 20) * EPSILON * slopes.gross + factor[:, np.newaxis] * slopes.smooth,
        bent=2 * turn[:, np.newaxis] * slopes.smooth,
        noise=noise,
    )


def _forward(layers: Iterable[Layer], x: Floats) -> list[Place]:
    places: list[Place] = []
    value, doubt = x, np.zeros_like(x)
    for layer in layers:
        out = layer.forward(value)
        if isinstance(layer, Affine):
            terms = (len(layer.W) + 2) * EPSILON
            derivative = np.ones_like(value)
            error = (doubt + terms * np.abs(value)) @ np.abs(layer.W) + terms * np.abs(layer.b)
        else:
            derivative = derivative_of(layer, value)
            error = derivative_of(layer, value, doubt) * doubt * np.exp(2 * doubt) + 4 * EPSILON * np.abs(out)
        places.append(Place(layer, value, out, doubt, error, derivative, slope=out))
        value, doubt = out, error
    return places


def derivative_of(layer: Layer, a: Floats, slack: Floats | float = 0.0) -> Floats:
    """|derivative| of an activation at a; that of a ReLU is 1 where it may be on, a + slack > 0.

    It is not taken from the layer, whose backward may be what is wrong, except from a layer that is not known.
    """
    if type(layer) is Relu:
        return (a + slack > 0).astype(np.float64)
    if type(layer) in (Sigmoid, Tanh):
        factor = 2 if type(layer) is Tanh else 1
        small = np.exp(-factor * np.abs(a))
        return np.asarray(factor**2 * small / (1 + small) ** 2)
    return np.abs(layer.backward(np.ones_like(a)))


def _doubt(places: list[Place]) -> Floats:
    """By how much of itself rounding of the pre-activations may change a slope, (n,)."""
    bends = [CHANGE.get(type(p.layer), 2.0) * p.doubt.max(axis=1) for p in places if not isinstance(p.layer, Affine)]
    doubt: Floats = sum(bends, start=LOSS_CHANGE * places[-1].error.max(axis=1))
    return doubt


@dataclass(frozen=True)
class _Moves:
    """How an affine layer is moved; see `AffineBounds`."""

    steps: Floats
    most: float
    pace: Floats


def _moves(places: list[Place], h: float) -> _Moves:
    """Steps that move units by h / Λ^(2/3), to a factor of two; none is larger than h where there are kinks to meet."""
    pace = _pace(places)
    largest = np.append(np.abs(places[0].value).max(axis=0), 1.0)
    with_slowdown = np.log2(largest) + 2 / 3 * np.log2(pace.max())
    exponents = np.where(np.isfinite(with_slowdown), np.floor(with_slowdown), 0).clip(-1000, 1000)
    if any(isinstance(place.layer, Relu) for place in places):
        exponents = exponents.clip(min=0)
    steps = np.ldexp(h, -exponents.astype(int))
    return _Moves(steps, float((steps * largest).max()), pace)


def _pace(places: list[Place]) -> Floats:
    """Λ of each sample, (n,): c times how fast whatever follows the first layer moves with one unit of it, added up."""
    rate, pace = np.ones(len(places[0].out)), np.zeros(len(places[0].out))
    bends, one_unit = np.ones_like(places[0].out), True
    for place in places[1:]:
        if isinstance(place.layer, Affine):
            size = np.abs(place.layer.W)
            rate = rate * (bends * size.max(axis=1) if one_unit else bends @ size).max(axis=1)
            one_unit = False
        else:
            pace = pace + CHANGE.get(type(place.layer), 2.0) * rate
            bends = derivative_of(place.layer, place.value, np.inf)
    return pace + LOSS_CHANGE * rate


@dataclass
class _Slopes:
    """Slopes of the mean loss on their way back, (n, units): four of each.

    Attributes:
        signed: the slope itself.
        gross: backpropagation of absolute values.
        smooth: the same, from what changes with the scores; see CLASS_WEIGHTS.
        rounding: by how much rounding may have changed the slope.
    """

    signed: Floats
    gross: Floats
    smooth: Floats
    rounding: Floats

    def through(self, place: Place, slack: float) -> None:
        """From the output of a layer to its input. ReLUs that a shift of `slack` may switch on count as on."""
        if isinstance(place.layer, Affine):
            weights, sizes = place.layer.W.T, np.abs(place.layer.W.T)
            self.signed = self.signed @ weights
            self.rounding = (self.rounding + (len(weights) + 4) * EPSILON * self.gross) @ sizes
            self.gross, self.smooth = self.gross @ sizes, self.smooth @ sizes
            return
        derivative = derivative_of(place.layer, place.value, place.doubt + slack)
        inexact = 0 if isinstance(place.layer, Relu) else 4 * EPSILON  # 1 - y² is wrong by ε however small it is
        known = isinstance(place.layer, tuple(CHANGE))
        self.signed = self.signed * place.derivative if known else place.layer.backward(self.signed)
        self.rounding = self.rounding * derivative + inexact * self.gross
        self.gross, self.smooth = self.gross * derivative, self.smooth * derivative


def _at_scores(network: Network, last: Place, targets: Floats) -> tuple[_Slopes, Floats]:
    """Slopes in the scores, and the rounding of each sample's loss, which n divides like everything here."""
    n, classes = targets.shape
    p, t = softmax(last.out), np.abs(targets)
    weight = CLASS_WEIGHTS[network.loss_name](p, t)
    total = weight.sum(axis=1, keepdims=True)
    gross = (weight + p * total) / n
    smooth = (weight * (1 - p) + p * (total - weight)) / n
    slopes = _Slopes(network._loss.gradient(last.out, targets), gross, smooth, (classes + 10) * EPSILON * gross)
    shifted = last.out - last.out.max(axis=1, keepdims=True)
    sizes = (t * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted)).sum(axis=1) + (1 + t.sum(axis=1)) ** 2
    return slopes, 4 * EPSILON * sizes / n + 2 * (smooth * last.error).sum(axis=1)
