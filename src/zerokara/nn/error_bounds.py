"""How far a right gradient may lie from its central differences, element by element: a running error analysis.

Moving a weight of input i into unit j by ±h moves unit j of sample n by ±h·x[n, i], and with it the loss of that
sample, φ. What separates backpropagation, φ′(0)·x, from the central difference is

- *truncation*, (h x)²/6 · φ‴·x. Activations and losses are such that a derivative changes by no more than a factor c of
  itself per unit of input: |σ″| ≤ σ′ and |σ‴| ≤ σ′ for the sigmoid, |tanh″| ≤ 2 tanh′ and |tanh‴| ≤ 4 tanh′, and
  softmax by twice its fastest score. By the product rule |φ‴| ≤ 5 Λ² Q, where Λ adds up c times how fast what follows
  moves with unit j, and Q is the size of the slope: backpropagation of absolute values. Within the step Λ and Q may
  grow, which exp(2 Λ h x) allows for.
- *rounding of backpropagation*: a sum of k terms is wrong by at most k·ε of their absolute values (Higham, *Accuracy
  and Stability of Numerical Algorithms*, 3.1). Rounding of the pre-activations reaches the slopes through c again.
- *rounding of the differences*: that of each moved sample's loss, over h. The compiled engine forms differences without
  most of it; NumPy's way and the loop do not, and the bounds hold for all three.
- *kinks*: see `zerokara.nn.kinks`.

Truncation grows with h² and rounding with 1/h. The step of each row is where they are about the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.activations import Elementwise
from zerokara.nn.functions import softmax
from zerokara.nn.layers import Affine, Layer

if TYPE_CHECKING:
    from zerokara.nn.network import Network

Floats = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)

ASSUMED_CHANGE = 2.0
"""c of an activation that does not say it; see `Elementwise.change`."""
LOSS_CHANGE = 2.0

NOMINAL = 1e-5
"""The step at which truncation and rounding are about the same where inputs, slopes and their changes are about 1."""
UNDERFLOW = 1e-250
"""Far above what is lost where numbers get too small for double precision, and far below any gradient."""
LONGEST = 0.1
"""How far a unit is moved at most, times Λ: beyond, truncation would be more than one in a hundred."""


@dataclass
class Place:
    """A layer on the samples' way.

    Attributes:
        value, out: what comes in and goes out, (n, units).
        doubt, error: by how much rounding may have moved these two.
        derivative: |derivative| of an activation, shape of `value`; of an affine layer, not used.
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
        places: the layer and those after it.
        inputs: (n, fan_in + 1), the last column 1.
        steps: (fan_in + 1,), h of each row; longest: how far they shift a unit at most.
        rounding: (fan_in + 1, fan_out), what rounding of backpropagation allows.
        tolerance: (fan_in + 1, fan_out), what truncation and all rounding allow.
        pace: (n,), Λ.
        bend: (n, fan_out), Λ Q: by how much the slope changes per shift of the unit.
    """

    places: list[Place]
    inputs: Floats
    steps: Floats
    longest: float
    rounding: Floats
    tolerance: Floats
    pace: Floats
    bend: Floats


def affine_bounds(network: Network, x: Floats, t: Floats, h: float) -> list[AffineBounds]:
    """The bounds of every affine layer, first to last, for rows x (n, features) and targets t (n, classes)."""
    places = _forward(network.layers, x)
    paces = [_pace(places[at:]) for at, place in enumerate(places) if isinstance(place.layer, Affine)]
    slack = 2 * h * max(float(pace.max()) for pace in paces) ** (1 / 3)  # what no unit before a ReLU moves it beyond
    slopes, noise = _at_scores(network, places[-1], t)
    doubt = _doubt(places)
    bounds: list[AffineBounds] = []
    for at in range(len(places) - 1, -1, -1):
        places[at].slope = slopes.signed
        if isinstance(places[at].layer, Affine):
            bounds.append(_bounds_of(places[at:], paces.pop(), slopes, doubt, noise, h))
        if at:
            slopes.through(places[at], slack)
    return bounds[::-1]


def _bounds_of(
    places: list[Place], pace: Floats, slopes: _Slopes, doubt: Floats, noise: Floats, h: float
) -> AffineBounds:
    n = len(pace)
    inputs = np.hstack([places[0].value, np.ones((n, 1))])
    sizes = np.abs(inputs)
    relative = (4 * doubt * np.exp(4 * doubt))[:, np.newaxis]
    rounding = sizes.T @ (slopes.rounding + (n + 20) * EPSILON * slopes.gross + relative * slopes.smooth)
    bend = pace[:, np.newaxis] * slopes.smooth
    curving, rattling = sizes.T @ (pace[:, np.newaxis] * bend), (inputs != 0).T @ noise
    largest = sizes.max(axis=0)
    steps = _steps(places, largest, pace, curving, rattling, h)
    turn = steps * largest
    truncation = (turn**2 * np.exp(2 * turn * pace.max()))[:, np.newaxis] * curving
    rounding += UNDERFLOW
    tolerance = rounding + truncation + (rattling / steps)[:, np.newaxis]
    return AffineBounds(places, inputs, steps, float(turn.max()), rounding, tolerance, pace, bend)


def _steps(places: list[Place], largest: Floats, pace: Floats, curving: Floats, rattling: Floats, h: float) -> Floats:
    """h of each row: where truncation, h² x² `curving`, and rounding, `rattling` / h, are about the same.

    With x, Λ and Q of 1 that is about 1e-5, so it is h times what these make of it; a power of two, so that nothing is
    rounded. Where ReLUs follow, it is no larger than h and moves no unit by more, unless no ReLU is within reach. Rows
    that nothing moves get h itself.
    """
    fastest = float(pace.max())
    plain = h / (largest * fastest ** (2 / 3))
    balanced = h / NOMINAL * np.cbrt(rattling / (2 * largest**2 * curving.max(axis=1)))
    steps = np.minimum(balanced, np.maximum(plain, LONGEST / (fastest * largest)))
    if any(has_kink(place.layer) for place in places):
        steps = np.minimum(steps, np.maximum(np.minimum(plain, h), _free_way(places, pace) / largest))
    exponents = np.floor(np.log2(np.where(np.isfinite(steps) & (steps > 0), steps, h) / h))
    return np.asarray(np.ldexp(h, exponents.clip(-1000, 1000).astype(int)))


def _free_way(places: list[Place], pace: Floats) -> float:
    """How far any unit of the first layer may move before a ReLU may switch."""
    relus = [place for place in places if has_kink(place.layer)]
    ways = [(np.abs(place.value) - 2 * place.doubt).min(axis=1) / pace for place in relus]
    return max(0.0, float(np.min(ways)) / 2)


def _forward(layers: Iterable[Layer], x: Floats) -> list[Place]:
    places: list[Place] = []
    value, doubt = x, np.zeros((len(x), 1))
    for layer in layers:
        out = layer.forward(value)
        if isinstance(layer, Affine):
            terms = (len(layer.W) + 2) * EPSILON
            derivative = value
            error = (doubt + terms * np.abs(value)) @ np.abs(layer.W) + terms * np.abs(layer.b)
        else:
            derivative = layer.derivative(value) if is_analysed(layer) else steepness_of(layer, value)
            steepness = steepness_of(layer, value, doubt)
            error = steepness * doubt * np.exp(2 * doubt)
            error += rounding_of(layer) * EPSILON * (np.abs(out) + np.abs(value) * steepness)
        places.append(Place(layer, value, out, doubt, error, derivative, slope=out))
        value, doubt = out, error
    return places


def is_analysed(layer: Layer) -> TypeGuard[Elementwise]:
    """Whether a layer's own class says how its derivative changes; one derived from it may compute something else."""
    return isinstance(layer, Elementwise) and vars(type(layer)).get("change") is not None


def change_of(layer: Layer) -> float:
    return ASSUMED_CHANGE if not is_analysed(layer) or layer.change is None else layer.change


def rounding_of(layer: Layer) -> float:
    return float(getattr(layer, "rounding", 4.0))


def jump_of(layer: Layer) -> float:
    return float(getattr(layer, "jump", 0.0))


def has_kink(layer: Layer) -> bool:
    return jump_of(layer) != 0


def steepness_of(layer: Layer, a: Floats, slack: Floats | float = 0.0) -> Floats:
    """|derivative| of an activation at a, or a bound of it; that of a kinked one on its steeper side within `slack`.

    It is not taken from the layer's backward, which may be what is wrong, except from a layer that is not known.
    """
    if is_analysed(layer):
        return np.asarray(layer.steepness(a, slack))
    return np.abs(layer.backward(np.ones_like(a)))


def _doubt(places: list[Place]) -> Floats:
    """By how much of itself rounding of the pre-activations may change a slope, (n,)."""
    bends = [change_of(p.layer) * p.doubt.max(axis=1) for p in places if not isinstance(p.layer, Affine)]
    doubt: Floats = sum(bends, start=LOSS_CHANGE * places[-1].error.max(axis=1))
    return doubt


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
            pace = pace + change_of(place.layer) * rate
            bends = steepness_of(place.layer, place.value, np.inf)
    return pace + LOSS_CHANGE * rate


@dataclass
class _Slopes:
    """Slopes of the mean loss on their way back, (n, units): four of each.

    Attributes:
        signed: the slope itself.
        gross: backpropagation of absolute values.
        smooth: the same, from what changes with the scores; see `Loss.class_weights`.
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
        steepness = steepness_of(place.layer, place.value, place.doubt + slack)
        inexact = rounding_of(place.layer) * EPSILON  # 1 - y² is wrong by ε however small it is
        known = is_analysed(place.layer)
        self.signed = self.signed * place.derivative if known else place.layer.backward(self.signed)
        self.rounding = self.rounding * steepness + inexact * self.gross
        self.gross, self.smooth = self.gross * steepness, self.smooth * steepness


def _at_scores(network: Network, last: Place, targets: Floats) -> tuple[_Slopes, Floats]:
    """Slopes in the scores, and the rounding of each sample's loss, which n divides like everything here."""
    n, classes = targets.shape
    p, t = softmax(last.out), np.abs(targets)
    weight = (network._loss.class_weights or np.maximum)(p, t)
    total = weight.sum(axis=1, keepdims=True)
    gross = (weight + p * total) / n
    smooth = (weight * (1 - p) + p * (total - weight)) / n
    slopes = _Slopes(network._loss.gradient(last.out, targets), gross, smooth, (classes + 10) * EPSILON * gross)
    shifted = last.out - last.out.max(axis=1, keepdims=True)
    sizes = (t * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted)).sum(axis=1) + (1 + t.sum(axis=1)) ** 2
    return slopes, 4 * EPSILON * sizes / n + 2 * (smooth * last.error).sum(axis=1)
