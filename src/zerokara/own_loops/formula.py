"""The formula of a loop's quotients, to the last bit of its points, from the numbers of all runs together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerokara.interpret.refusal import Refused
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.own_loops.blocks import TWICE, Block, Floats, Numbers
from zerokara.own_loops.outline import SAME_QUOTIENT
from zerokara.words import sentence

Chain = tuple[float, ...]
"""What is added to an element, one number after the other, each time rounded."""

MOST_STEPS = 4


@dataclass(frozen=True)
class Formula:
    """The two points of a block, as they are rounded, and what becomes of the element.

    Attributes:
        points: the first and the second; last: the last one that is evaluated; after: None where x is as it was.
        factor: by which its quotients are not (f(above) - f(below)) / (above - below), 1 for what is right.
    """

    difference: FiniteDifference
    points: tuple[Chain, Chain]
    last: Chain
    after: Chain | None
    factor: float


def formula_of(block: Block, runs: list[Numbers]) -> Formula:
    """The formula of a block, from all its runs. Raises Refused where they have none in common."""
    before = np.concatenate([run.before for run in runs])
    places = [np.concatenate([run.places[k] for run in runs]) for k in (0, 1)]
    after = np.concatenate([run.after for run in runs])
    zero = np.flatnonzero(before == 0)
    steps = [float(place[zero[0]]) for place in places]
    known = sorted({size for size in (*map(abs, steps), abs(steps[0] - steps[1])) if size})
    if not known or steps[0] == steps[1]:
        raise Refused(sentence("It does not move the elements of an array."))
    points = [_chain(before, place, known) for place in places]
    left = None if after.tobytes() == before.tobytes() else _chain(before, after, known)
    last = points[1] if block.pattern in TWICE else points[0]
    if block.pattern == "second":
        last = left or ()
    above, below = max(steps), min(steps)
    values = [np.concatenate([run.answers[k] for run in runs]) for k in (0, 1)]
    rise = (values[0] - values[1]) if steps[0] > steps[1] else (values[1] - values[0])
    factor = _factor(np.concatenate([run.quotients for run in runs]), rise / (above - below))
    return Formula(FiniteDifference(above, below), (points[0], points[1]), last, left, factor)


def _factor(got: Floats, expected: Floats) -> float:
    if np.abs(got - expected).max() <= 0 or np.abs(got / expected - 1).max() <= SAME_QUOTIENT:
        return 1.0
    factor = float((got / expected)[0])
    if np.abs(got / expected - factor).max() > SAME_QUOTIENT * abs(factor):
        raise Refused(sentence("What it returns is not the difference of two values over their distance."))
    return factor


def _chain(before: Floats, place: Floats, known: list[float]) -> Chain:
    """The additions that lead there, to the last bit. Raises Refused where there are none: h depends on x, or so."""
    signed = [sign * size for size in known for sign in (1, -1)]
    for length in range(MOST_STEPS + 1):
        for chain in itertools.product(signed, repeat=length):
            if moved_by(chain, before).tobytes() == place.tobytes():
                return chain
    raise Refused(sentence("How far it moves an element is not the same h for all."))


def moved_by(chain: Chain, x: Any) -> Any:
    """x after these additions."""
    for step in chain:
        x = x + step
    return x
