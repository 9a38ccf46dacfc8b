"""`--verify`: the loop's gradient beside the one without a loop, compared in every element."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.errors import ZerokaraError
from zerokara.say import say
from zerokara.words import sentence


def compare(slow: NDArray[Any], fast: NDArray[Any], value: float, width: float) -> None:
    """Say that two gradients agree. Raises ZerokaraError where they differ by more than rounding explains.

    Args:
        slow, fast: of one shape: the loop's, and the other.
        value: of the function that was differentiated; width: of the difference quotient. By them the loop rounds.
    """
    largest = float(np.abs(slow - fast).max())
    tolerance = 1e-9 * float(np.abs(slow).max()) + 2e-12 * (1 + abs(value)) / width
    if not largest <= tolerance:
        raise ZerokaraError(
            sentence(
                "--verify found a gradient of shape {shape} that differs from the plain loop's by {largest:.1e}, where "
                "rounding explains {tolerance:.1e}. Use --no-accelerate, and please report this.",
                shape=slow.shape,
                largest=largest,
                tolerance=tolerance,
            ),
            "not-verified",
        )
    say(
        sentence(
            "Verified: all {size:,} elements of {shape} agree with the plain loop's, to {largest:.1e}.",
            size=slow.size,
            shape=slow.shape,
            largest=largest,
        )
    )
