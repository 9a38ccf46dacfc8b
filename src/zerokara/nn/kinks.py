"""What ReLUs that switch within a step do to a central difference.

The loss has no derivative where a ReLU switches. One that is on for a part of the way from w - h to w + h, and off for
the rest, passes on that part of what it would pass on, instead of all or nothing. The ReLU of the moved unit itself is
at a ± h·x. If it is off at a, it is on for the part (h|x| - |a|) / 2h|x| of the way, and the central difference has
that part of |slope|·|x| too much; if it is on, that much too little. This is known, and taken off. Of later ReLUs it is
only known that they bring at most |slope| times how far their input moves, over 2h.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.error_bounds import AffineBounds, Place, has_kink, is_analysed, jump_of, steepness_of
from zerokara.nn.layers import Affine

Floats = NDArray[np.float64]


def kinks(bounds: AffineBounds) -> tuple[Floats, Floats]:
    """What kinks bring into the central differences, and by how much that may be wrong: twice (fan_in + 1, fan_out)."""
    brought, doubt = np.zeros_like(bounds.tolerance), np.zeros_like(bounds.tolerance)
    own, later = bounds.places[1:2], bounds.places[2:]
    if own and has_kink(own[0].layer):
        _add_own(brought, doubt, bounds, own[0])
    if any(has_kink(place.layer) for place in later):
        for sample in np.flatnonzero(_may_switch_later(bounds)):
            _add_later(doubt, bounds, int(sample))
    return brought, doubt


def _add_own(brought: Floats, doubt: Floats, bounds: AffineBounds, relu: Place) -> None:
    """The ReLUs of the units that are moved. Beside a kink, what the loss curves does not cancel."""
    distance, rounding, jump = np.abs(relu.value), 2 * relu.doubt, jump_of(relu.layer)
    near = (distance - rounding <= bounds.longest) & (bounds.bend != 0)
    for unit in np.flatnonzero(near.any(axis=0)):
        samples = np.flatnonzero(near[:, unit])
        inputs, slopes = bounds.inputs[samples], jump * relu.slope[samples, unit]
        shift = np.abs(inputs) * bounds.steps
        beyond = shift - distance[samples, unit, np.newaxis]
        unsure = np.minimum(rounding[samples, unit, np.newaxis], 2 * shift)
        if not is_analysed(relu.layer):  # another may be on at 0
            unsure = 2 * shift
        signs = np.where(relu.value[samples, unit] > 0, -slopes, slopes)
        brought[:, unit] += signs @ (beyond.clip(min=0) * np.sign(inputs)) / (2 * bounds.steps)
        reached = beyond + unsure >= 0
        doubt[:, unit] += np.abs(slopes) @ (unsure * reached) / (2 * bounds.steps)
        doubt[:, unit] += bounds.bend[samples, unit] @ (2 * np.abs(inputs) * shift * reached)


def _may_switch_later(bounds: AffineBounds) -> NDArray[np.bool_]:
    """The samples, (n,), in which a ReLU after that of the moved unit may switch: Λ is no less than its pace."""
    reach = bounds.longest * bounds.pace[:, np.newaxis]
    relus = [place for place in bounds.places[2:] if has_kink(place.layer)]
    near = [(np.abs(place.value) <= reach + 2 * place.doubt).any(axis=1) for place in relus]
    return np.asarray(np.any(near, axis=0))


def _add_later(doubt: Floats, bounds: AffineBounds, sample: int) -> None:
    shift = bounds.steps * bounds.inputs[sample]
    rows = np.flatnonzero(shift)
    for unit in _units_that_reach(bounds, sample):
        out = np.repeat(bounds.places[0].out[[sample]], 2 * len(rows), axis=0)
        out[:, unit] += np.concatenate([shift[rows], -shift[rows]])
        own, *later = bounds.places[1:]
        out = own.layer.forward(out)
        share, crossed = np.zeros(len(rows)), np.zeros(len(rows), bool)
        for place in later:
            if has_kink(place.layer):
                ways = _ways_across(place, sample, out)
                share += ways @ np.abs(jump_of(place.layer) * place.slope[sample])
                crossed |= (ways > 0).any(axis=1)
            out = place.layer.forward(out)
        bent = 2 * bounds.bend[sample, unit] * np.abs(bounds.inputs[sample, rows] * shift[rows]) * crossed
        doubt[rows, unit] += share / (2 * bounds.steps[rows]) + bent


def _ways_across(place: Place, sample: int, out: Floats) -> Floats:
    """How far those ReLUs move that may switch between the two points, out: (2 rows, units); (rows, units)."""
    base, doubt = place.value[sample], place.doubt[sample]
    above, below = np.split(out, 2)
    lowest = np.minimum(np.minimum(above, below), base) - doubt
    highest = np.maximum(np.maximum(above, below), base) + doubt
    ways = np.abs(above - base) + np.abs(below - base)
    return np.where((lowest <= 0) & (highest > 0), ways, 0)


def _units_that_reach(bounds: AffineBounds, sample: int) -> NDArray[np.intp]:
    """Units that the loss depends on and whose largest shift may switch a ReLU after their own."""
    own, *later = bounds.places[1:]
    on = steepness_of(own.layer, own.value[sample], own.doubt[sample] + bounds.longest)
    moves = bounds.longest * np.diag(on)
    reaching = np.zeros(len(moves), bool)
    for place in later:
        if isinstance(place.layer, Affine):
            moves = moves @ np.abs(place.layer.W)
        elif has_kink(place.layer):
            reaching |= ((moves > 0) & (np.abs(place.value[sample]) <= moves + 2 * place.doubt[sample])).any(axis=1)
    return np.flatnonzero(reaching & (bounds.bend[sample] != 0))
