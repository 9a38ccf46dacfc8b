"""How far a right gradient may lie from its central differences, element by element: a running error analysis.

Moving a weight of input i into unit j by ±h moves unit j of sample n by ±h·x[n, i], and with it the loss of that
sample, φ. What separates backpropagation, φ′(0)·x, from the central difference is

- *truncation*, (h x)²/6 · φ‴·x. Every activation f has a steepness s ≥ |f′| and a number c, such that |f″| ≤ c s and
  |f‴| ≤ c² s, and s itself changes by no more than c s: for the sigmoid σ′ and 1, for tanh tanh′ and 2; for GELU, whose
  derivative passes through 0, a curve above it. Softmax changes by twice its fastest score. By the product rule
  |φ‴| ≤ 5 Λ² Q, where Λ adds up c times how fast what follows moves with unit j, and Q is the size of the slope:
  backpropagation of steepnesses and absolute values. Within the step Λ and Q may grow, which exp(2 Λ h x) allows for.
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

LOSS_CHANGE, ASSUMED_CHANGE = 2.0, 2.0
"""c of a loss, and of an activation that does not say its own; see `Elementwise.change`."""

NOMINAL = 1e-5
"""The step at which truncation and rounding are about the same where inputs, slopes and their changes are about 1."""
UNDERFLOW = 1e-250
"""Far above what is lost where numbers get too small for double precision, and far below any gradient."""
LONGEST = 0.1
"""How far a unit is moved at most, times Λ: beyond, truncation would be more than one in a hundred."""


def is_analysed(layer: Layer) -> TypeGuard[Elementwise]:
    """Whether a layer's own class says how its derivative changes; one derived from it may compute something else.

    So may one whose `forward` was replaced.
    """
    return (
        isinstance(layer, Elementwise) and vars(type(layer)).get("change") is not None and "forward" not in vars(layer)
    )


@dataclass
class LayerTrace:
    """A layer, and what it made of the samples.

    Attributes:
        x, out: what comes in and goes out, (n, units).
        x_error, out_error: by how much rounding may have moved these two.
        derivative: f′(x) of an activation, (n, units); of an affine layer, not used. It is not taken from the layer's
            backward, which may be what is wrong, except from a layer that is not analysed.
        dout: ∂L/∂out of the mean loss L, (n, units).
    """

    layer: Layer
    x: Floats
    out: Floats
    x_error: Floats
    out_error: Floats
    derivative: Floats
    dout: Floats

    @property
    def change(self) -> float:
        """c of an activation."""
        return ASSUMED_CHANGE if not is_analysed(self.layer) or self.layer.change is None else self.layer.change

    @property
    def jump(self) -> float:
        """By how much the derivative of an activation jumps at 0."""
        return float(getattr(self.layer, "jump", 0.0))

    def steepness(self, reach: Floats | float = 0.0, sample: int | slice = slice(None)) -> Floats:
        """s ≥ |f′| of an activation, (n, units) or of one sample (units,), on the steeper side of a kink in reach."""
        if is_analysed(self.layer):
            return np.asarray(self.layer.steepness(self.x[sample], reach))
        return np.abs(self.derivative[sample])


@dataclass(frozen=True)
class AffineBounds:
    """What bounds the difference of two gradients of an affine layer. A bias is the weight of one more input, always 1.

    Attributes:
        traces: of the layer and those after it.
        inputs: (n, fan_in + 1), the last column 1.
        steps: (fan_in + 1,), h of each row; longest: how far they shift a unit at most.
        rounding: (fan_in + 1, fan_out), what rounding of backpropagation allows.
        tolerance: (fan_in + 1, fan_out), what truncation and all rounding allow.
        change: (n,), Λ.
        curvature: (n, fan_out), Λ Q ≥ |∂²L/∂a²|, a being what the layer makes: by how much the slope changes per shift.
    """

    traces: list[LayerTrace]
    inputs: Floats
    steps: Floats
    longest: float
    rounding: Floats
    tolerance: Floats
    change: Floats
    curvature: Floats


def affine_bounds(network: Network, x: Floats, t: Floats, h: float) -> list[AffineBounds]:
    """The bounds of every affine layer, first to last, for rows x (n, features) and targets t (n, classes)."""
    traces = _forward(network.layers, x)
    changes = [_change(traces[at:]) for at, trace in enumerate(traces) if isinstance(trace.layer, Affine)]
    # Where a ReLU is within reach, a step shifts a unit by at most h Λ^(-2/3), see `_steps`, and so no later unit by
    # more than h Λ^(1/3). The slack is twice that.
    slack = 2 * h * max(float(change.max()) for change in changes) ** (1 / 3)
    slopes, noise = _at_scores(network, traces[-1], t)
    relative = _slope_error(traces)
    known = network.can_move_units and network._loss.class_weights is not None
    bounds: list[AffineBounds] = []
    for at in range(len(traces) - 1, -1, -1):
        traces[at].dout = slopes.signed
        if isinstance(traces[at].layer, Affine):
            bounds.append(_bounds_of(traces[at:], changes.pop(), slopes, relative, noise, h, known))
        if at:
            slopes.through(traces[at], slack)
    return bounds[::-1]


def _bounds_of(
    traces: list[LayerTrace], change: Floats, slopes: _Slopes, slope_error: Floats, noise: Floats, h: float, known: bool
) -> AffineBounds:
    n = len(change)
    inputs = np.hstack([traces[0].x, np.ones((n, 1))])
    sizes = np.abs(inputs)
    relative = (4 * slope_error * np.exp(4 * slope_error))[:, np.newaxis]
    rounding = sizes.T @ (slopes.rounding + (n + 20) * EPSILON * slopes.gross + relative * slopes.smooth)
    rounding[:-1] += (traces[0].x_error * np.ones_like(traces[0].x)).T @ slopes.gross
    curvature = change[:, np.newaxis] * slopes.smooth
    third, row_noise = sizes.T @ (change[:, np.newaxis] * curvature), (inputs != 0).T @ noise
    largest = sizes.max(axis=0)
    steps = _steps(traces, largest, change, third, row_noise, h)
    if not (known and all(is_analysed(trace.layer) for trace in traces[1::2])):
        # How what follows curves is only guessed, so no unit is moved by more than h: there it is measured.
        steps = np.minimum(steps, _power_of_two(h / largest, h))
    shift = steps * largest
    truncation = (shift**2 * np.exp(2 * shift * change.max()))[:, np.newaxis] * third
    rounding += UNDERFLOW
    tolerance = rounding + truncation + (row_noise / steps)[:, np.newaxis]
    return AffineBounds(traces, inputs, steps, float(shift.max()), rounding, tolerance, change, curvature)


def _steps(
    traces: list[LayerTrace], largest: Floats, change: Floats, third: Floats, row_noise: Floats, h: float
) -> Floats:
    """h of each row: where truncation, h² x² `third`, and rounding, `row_noise` / h, are about the same.

    With x, Λ and Q of 1 that is about 1e-5, so it is h times what these make of it; a power of two, so that nothing is
    rounded. Where ReLUs follow, it is no larger than h and moves no unit by more, unless no ReLU is within reach. Rows
    that nothing moves get h itself.
    """
    fastest = float(change.max())
    plain = h / (largest * fastest ** (2 / 3))
    balanced = h / NOMINAL * np.cbrt(row_noise / (2 * largest**2 * third.max(axis=1)))
    steps = np.minimum(balanced, np.maximum(plain, LONGEST / (fastest * largest)))
    if any(trace.jump for trace in traces):
        steps = np.minimum(steps, np.maximum(np.minimum(plain, h), _free_way(traces, change) / largest))
    return _power_of_two(steps, h)


def _power_of_two(steps: Floats, h: float) -> Floats:
    """The largest h · 2ᵏ that is no more than each of these, or h where one is not a positive number."""
    exponents = np.floor(np.log2(np.where(np.isfinite(steps) & (steps > 0), steps, h) / h))
    return np.asarray(np.ldexp(h, exponents.clip(-1000, 1000).astype(int)))


def _free_way(traces: list[LayerTrace], change: Floats) -> float:
    """How far any unit of the first layer may move before a ReLU may switch."""
    ways = [(np.abs(trace.x) - 2 * trace.x_error).min(axis=1) / change for trace in traces if trace.jump]
    return max(0.0, float(np.min(ways)) / 2)


def _forward(layers: Iterable[Layer], x: Floats) -> list[LayerTrace]:
    traces: list[LayerTrace] = []
    x_error = np.zeros((len(x), 1))
    for layer in layers:
        if isinstance(layer, Affine):
            out = layer.forward(x)
            terms = (len(layer.W) + 2) * EPSILON
            error = (x_error + terms * np.abs(x)) @ np.abs(layer.W) + terms * np.abs(layer.b)
            traces.append(LayerTrace(layer, x, out, x_error, error, derivative=x, dout=out))
        else:
            out = layer.forward(x.copy())
            derivative = layer.derivative(x) if is_analysed(layer) else layer.backward(np.ones_like(x))
            traces.append(LayerTrace(layer, x, out, x_error, x_error, derivative, dout=out))
            traces[-1].out_error = _error_of(traces[-1])
        x, x_error = out, traces[-1].out_error
    return traces


def _error_of(trace: LayerTrace) -> Floats:
    """By how much rounding may have moved the output of an activation: that of its input, and its own.

    |f(a + e) - f(a)| ≤ (|f′(a)| + c s e) e, except across a kink.
    """
    error, slope = trace.x_error, np.abs(trace.derivative)
    steepness = trace.steepness(error)
    steepest = steepness if trace.jump else slope + trace.change * steepness * error * np.exp(2 * error)
    own = _rounding_of(trace.layer) * (np.abs(trace.out) + np.abs(trace.x) * slope)
    return np.asarray(steepest * error + own)


def _rounding_of(layer: Layer) -> float:
    return EPSILON * float(getattr(layer, "rounding", 4.0))


def _slope_error(traces: list[LayerTrace]) -> Floats:
    """By how much of itself rounding of the pre-activations may change a slope, (n,)."""
    parts = [trace.change * trace.x_error.max(axis=1) for trace in traces if not isinstance(trace.layer, Affine)]
    error: Floats = sum(parts, start=LOSS_CHANGE * traces[-1].out_error.max(axis=1))
    return error


def _change(traces: list[LayerTrace]) -> Floats:
    """Λ of each sample, (n,): c times how fast whatever follows the first layer moves with one unit of it, added up."""
    rate, change = np.ones(len(traces[0].out)), np.zeros(len(traces[0].out))
    steepness, one_unit = np.ones_like(traces[0].out), True
    for trace in traces[1:]:
        if isinstance(trace.layer, Affine):
            size = np.abs(trace.layer.W)
            rate = rate * (steepness * size.max(axis=1) if one_unit else steepness @ size).max(axis=1)
            one_unit = False
        else:
            change = change + trace.change * rate
            steepness = trace.steepness(np.inf)
    return change + LOSS_CHANGE * rate


@dataclass
class _Slopes:
    """∂L/∂out of the mean loss L on its way back, (n, units), in four versions.

    Attributes:
        signed: the slope itself.
        gross: backpropagation of steepnesses and absolute values.
        smooth: the same, from what changes with the scores; see `Loss.class_weights`.
        rounding: by how much rounding may have changed the slope.
    """

    signed: Floats
    gross: Floats
    smooth: Floats
    rounding: Floats

    def through(self, trace: LayerTrace, slack: float) -> None:
        """From the output of a layer to its input. ReLUs that a shift of `slack` may switch on count as on."""
        if isinstance(trace.layer, Affine):
            weights, sizes = trace.layer.W.T, np.abs(trace.layer.W.T)
            self.signed = self.signed @ weights
            self.rounding = (self.rounding + (len(weights) + 4) * EPSILON * self.gross) @ sizes
            self.gross, self.smooth = self.gross @ sizes, self.smooth @ sizes
            return
        steepness = trace.steepness(trace.x_error + slack)
        known = is_analysed(trace.layer)
        self.signed = self.signed * trace.derivative if known else trace.layer.backward(self.signed.copy())
        inexact = _rounding_of(trace.layer)  # 1 - y² is wrong by ε however small it is
        self.rounding = self.rounding * steepness + inexact * self.gross
        self.gross, self.smooth = self.gross * steepness, self.smooth * steepness


def _at_scores(network: Network, last: LayerTrace, targets: Floats) -> tuple[_Slopes, Floats]:
    """Slopes in the scores, and the rounding of each sample's loss, which n divides like everything here."""
    n, classes = targets.shape
    p, t = softmax(last.out), np.abs(targets)
    weight = (network._loss.class_weights or np.maximum)(p, t)  # of an unknown loss: about those of a cross entropy
    total = weight.sum(axis=1, keepdims=True)
    gross = (weight + p * total) / n
    smooth = (weight * (1 - p) + p * (total - weight)) / n
    slopes = _Slopes(network._loss.gradient(last.out, targets), gross, smooth, (classes + 10) * EPSILON * gross)
    shifted = last.out - last.out.max(axis=1, keepdims=True)
    sizes = (t * (np.log(np.exp(shifted).sum(axis=1, keepdims=True)) - shifted)).sum(axis=1) + (1 + t.sum(axis=1)) ** 2
    return slopes, 4 * EPSILON * sizes / n + 2 * (smooth * last.out_error).sum(axis=1)
