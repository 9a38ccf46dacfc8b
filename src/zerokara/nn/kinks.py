"""What ReLUs that switch within a step do to a central difference.

The loss has no derivative where a ReLU switches. One that is on for a part of the way from w - h to w + h, and off for
the rest, passes on that part of what it would pass on, instead of all or nothing. The ReLU of the moved unit itself is
at a ± h·x. If it is off at a, it is on for the part (h|x| - |a|) / 2h|x| of the way, and the central difference has
that part of |∂L/∂out|·|x| too much; if it is on, that much too little. This is known, and taken off. Of later ReLUs it
is only known that they bring at most |∂L/∂out| times how far their input moves, over 2h. Of an activation whose
derivative jumps by less than 1, such as a leaky ReLU, all this is its `jump` times as much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.error_bounds import AffineBounds, LayerTrace, is_analysed
from zerokara.nn.layers import Affine

Floats = NDArray[np.float64]


def kinks(bounds: AffineBounds) -> tuple[Floats, Floats]:
    """What kinks bring into the central differences, and by how much that may be wrong: twice (fan_in + 1, fan_out)."""
    brought, unsure = np.zeros_like(bounds.tolerance), np.zeros_like(bounds.tolerance)
    own, later = bounds.traces[1:2], bounds.traces[2:]
    if own and own[0].jump:
        _add_own(brought, unsure, bounds, own[0])
    if any(trace.jump for trace in later):
        for sample in np.flatnonzero(_may_switch_later(bounds)):
            _add_later(unsure, bounds, int(sample))
    return brought, unsure


def _add_own(brought: Floats, unsure: Floats, bounds: AffineBounds, relu: LayerTrace) -> None:
    """The ReLUs of the units that are moved. Beside a kink, what the loss curves does not cancel."""
    distance, rounding = np.abs(relu.x), 2 * relu.x_error
    near = (distance - rounding <= bounds.longest) & (bounds.curvature != 0)
    for unit in np.flatnonzero(near.any(axis=0)):
        samples = np.flatnonzero(near[:, unit])
        inputs, slopes = bounds.inputs[samples], relu.jump * relu.dout[samples, unit]
        shift = np.abs(inputs) * bounds.steps
        beyond = shift - distance[samples, unit, np.newaxis]
        inexact = np.minimum(rounding[samples, unit, np.newaxis], 2 * shift)
        if not is_analysed(relu.layer):  # another may be on at 0
            inexact = 2 * shift
        signs = np.where(relu.x[samples, unit] > 0, -slopes, slopes)
        brought[:, unit] += signs @ (beyond.clip(min=0) * np.sign(inputs)) / (2 * bounds.steps)
        reached = beyond + inexact >= 0
        unsure[:, unit] += np.abs(slopes) @ (inexact * reached) / (2 * bounds.steps)
        unsure[:, unit] += bounds.curvature[samples, unit] @ (2 * np.abs(inputs) * shift * reached)


def _may_switch_later(bounds: AffineBounds) -> NDArray[np.bool_]:
    """The samples, (n,), in which a ReLU after that of the moved unit may switch: nothing moves faster than Λ says."""
    reach = bounds.longest * bounds.change[:, np.newaxis]
    relus = [trace for trace in bounds.traces[2:] if trace.jump]
    near = [(np.abs(trace.x) <= reach + 2 * trace.x_error).any(axis=1) for trace in relus]
    return np.asarray(np.any(near, axis=0))


def _add_later(unsure: Floats, bounds: AffineBounds, sample: int) -> None:
    """The ReLUs after that of the moved unit, in one sample: each that may switch counts with the whole way it moves.

    Both moved points go through the network, of all inputs that are not 0 at once: a row for each.
    """
    shift = bounds.steps * bounds.inputs[sample]
    rows = np.flatnonzero(shift)
    for unit in _units_that_reach(bounds, sample):
        out = np.repeat(bounds.traces[0].out[[sample]], 2 * len(rows), axis=0)
        out[:, unit] += np.concatenate([shift[rows], -shift[rows]])
        own, *later = bounds.traces[1:]
        out = own.layer.forward(out)
        share, crossed = np.zeros(len(rows)), np.zeros(len(rows), bool)
        for trace in later:
            if trace.jump:
                ways = _ways_across(trace, sample, out)
                share += ways @ np.abs(trace.jump * trace.dout[sample])
                crossed |= (ways > 0).any(axis=1)
            out = trace.layer.forward(out)
        curved = 2 * bounds.curvature[sample, unit] * np.abs(bounds.inputs[sample, rows] * shift[rows]) * crossed
        unsure[rows, unit] += share / (2 * bounds.steps[rows]) + curved


def _ways_across(trace: LayerTrace, sample: int, out: Floats) -> Floats:
    """How far those ReLUs move that may switch between the two points, out: (2 rows, units); (rows, units)."""
    base, error = trace.x[sample], trace.x_error[sample]
    above, below = np.split(out, 2)
    lowest = np.minimum(np.minimum(above, below), base) - error
    highest = np.maximum(np.maximum(above, below), base) + error
    ways = np.abs(above - base) + np.abs(below - base)
    return np.where((lowest <= 0) & (highest > 0), ways, 0)


def _units_that_reach(bounds: AffineBounds, sample: int) -> NDArray[np.intp]:
    """Units that the loss depends on and whose largest shift may switch a ReLU after their own."""
    own, *later = bounds.traces[1:]
    # Row i: how far unit i, moved alone by the largest shift, may move each unit of the layer reached so far.
    moves = np.diag(bounds.longest * own.steepness(own.x_error[sample] + bounds.longest, sample))
    reaching = np.zeros(len(moves), bool)
    for trace in later:
        if isinstance(trace.layer, Affine):
            moves = moves @ np.abs(trace.layer.W)
            continue
        if trace.jump:
            reaching |= ((moves > 0) & (np.abs(trace.x[sample]) <= moves + 2 * trace.x_error[sample])).any(axis=1)
        moves = moves * np.maximum(1, trace.steepness(np.inf, sample))
    return np.flatnonzero(reaching & (bounds.curvature[sample] != 0))
