"""What a factor is, from what it was with 7 and with 11 rows: c · n^k, or something else that n alone decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Law:
    """A factor is `constant` · n ** `power` for n samples, or what `by_rows` has for each n."""

    constant: float
    power: int = 0
    by_rows: tuple[tuple[int, float], ...] = ()

    def at(self, n: int) -> float:
        """The factor for n samples."""
        return dict(self.by_rows).get(n, self.constant * float(n) ** self.power)

    @property
    def is_one(self) -> bool:
        """Whether it is no factor."""
        return not self.by_rows and self.power == 0 and abs(self.constant - 1) <= 1e-6

    def parts(self) -> tuple[Law, ...]:
        """A wrong sign, and what is left without it."""
        if self.constant >= 0 or self == Law(-1.0):
            return (self,)
        return Law(-1.0), replace(self, constant=-self.constant)

    @property
    def cause(self) -> str:
        """Its name in `CAUSES`: of the sign alone, the number of samples, or something else."""
        if self.power or self.by_rows:
            return "batch-factor"
        return "sign" if abs(self.constant + 1) <= 1e-6 else "constant-factor"


def law(factors: Sequence[tuple[int, float]], within: float) -> Law | None:
    """The law of factors at numbers of rows, (n, factor) each; None where there is none.

    >>> law([(7, 7.0), (11, 11.0), (7, 7.0)], 1e-9)
    Law(constant=1.0, power=1, by_rows=())
    """
    n, factor = factors[0]
    for power in (0, 1, -1, 2, -2, 3, -3):
        constant = factor / float(n) ** power
        if all(abs(f - constant * float(m) ** power) <= within * abs(f) for m, f in factors):
            return Law(_rounded(constant), power)
    by_rows = dict(factors)
    counts = [m for m, _ in factors]
    if len(by_rows) < len(counts) and all(abs(f - by_rows[m]) <= within * abs(f) for m, f in factors):
        return Law(1.0, by_rows=tuple(sorted(by_rows.items())))
    return None


def _rounded(constant: float) -> float:
    """A ratio of small numbers where it is one but for rounding."""
    for denominator in (1, 2, 3, 4, 5, 6, 8, 9, 10, 255, 784):
        numerator = round(constant * denominator)
        if numerator and math.isclose(constant * denominator, numerator, rel_tol=1e-6):
            return numerator / denominator
    return constant
