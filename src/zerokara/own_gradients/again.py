"""Whether a match that was found on one batch holds on another, and with which factor."""

from __future__ import annotations

import numpy as np

from zerokara.own_gradients.bias_matches import other_sums, sum_factor, sums
from zerokara.own_gradients.deltas import Candidates
from zerokara.own_gradients.fitting import Fit, fitted
from zerokara.own_gradients.match import ROUNDINGS, Match, instead, is_rounding, penalty, size_of
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.operands import operands, views
from zerokara.own_gradients.subject import Array
from zerokara.own_gradients.weight_matches import ADDED


def again(seen: Observation, layer: int, candidates: Candidates, match: Match, letter: str) -> Fit | None:
    """The factor of a match on another batch, and of what was added; None where it does not hold there."""
    gradient = (seen.weights_of if letter == "W" else seen.bias_of)(seen.gradient, layer)
    parameter = (seen.truth.W if letter == "W" else seen.truth.b)[layer]
    if match.how in ("integer", "half"):
        return Fit([1.0])
    if match.how in ("missing", "zero"):
        return Fit([1.0]) if gradient is None or not gradient.any() else None
    if gradient is None:
        return None
    i = candidates.find(match.delta) if match.delta else None
    if match.delta and i is None:
        return None
    delta = candidates.array(i) if i is not None else None
    if match.how in ROUNDINGS and delta is not None:
        right = (seen.truth.a[layer - 1].T @ delta if letter == "W" else delta.sum(axis=0)) + penalty(
            seen, layer, letter
        )
        close = np.allclose(gradient, right, rtol=1e-9, atol=0)
        return Fit([1.0]) if close or is_rounding(gradient.reshape(right.shape), right, ROUNDINGS[match.how]) else None
    regressor, size = _regressor(seen, layer, delta, match, letter)
    if regressor is None:
        return None
    if delta is not None and (gradient.shape == parameter.shape or (letter == "b" and gradient.size == parameter.size)):
        gradient = gradient.reshape(parameter.shape) - penalty(seen, layer, letter)
    if match.view:
        gradient = dict(views(gradient, parameter.shape)).get(match.view, gradient)
    if regressor.size != gradient.size:
        return None
    if delta is not None and letter == "b" and match.how in other_sums(delta, parameter.size):
        if regressor.ndim == 2 and gradient.shape == regressor.shape[::-1]:
            regressor = regressor.T
        factor = sum_factor(gradient, regressor, delta, seen)
        return None if factor is None else Fit([factor])
    added = [ADDED.get(name, np.array)(parameter) for name, _ in match.rest]
    if not np.linalg.norm(gradient) > 1e-10 * size:
        return Fit([1.0, *(1.0 for _ in added)]) if np.linalg.norm(regressor) <= 1e-9 * size else None
    return fitted(gradient, [regressor.reshape(gradient.shape), *added], 10 * seen.within, size)


def _regressor(
    seen: Observation, layer: int, delta: Array | None, match: Match, letter: str
) -> tuple[Array | None, float]:
    """What a match says that the gradient is a multiple of, and how large it would be if nothing cancelled."""
    if delta is None:
        return {name: array for name, array, _ in instead(seen, layer, letter)}.get(match.how), 0.0
    if letter == "W":
        operand = {name: array for name, _, array in operands(seen, layer)}.get(match.how)
        return (None, 0.0) if operand is None else (operand.T @ delta, size_of(operand, delta))
    weights = {name: numbers for name, _, numbers in sums(seen, layer)}.get(match.how)
    if weights is not None:
        return weights @ delta, float(np.linalg.norm(np.abs(weights) @ np.abs(delta)))
    return other_sums(delta, seen.truth.b[layer].size).get(match.how), 0.0
