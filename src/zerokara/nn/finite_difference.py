"""Which difference quotient a numerical gradient is made of: (f(x + above) - f(x + below)) / (above - below)."""

from __future__ import annotations

from typing import NamedTuple


class FiniteDifference(NamedTuple):
    """The two points beside x at which a function is evaluated; `above` is the larger.

    >>> FiniteDifference.central(0.5), FiniteDifference.forward(0.5).width
    (FiniteDifference(above=0.5, below=-0.5), 0.5)
    """

    above: float
    below: float

    @classmethod
    def central(cls, h: float) -> FiniteDifference:
        """(f(x + h) - f(x - h)) / 2h (textbook, chapter 4.3.1)."""
        return cls(h, -h)

    @classmethod
    def forward(cls, h: float) -> FiniteDifference:
        """(f(x + h) - f(x)) / h."""
        return cls(h, 0.0)

    @classmethod
    def backward(cls, h: float) -> FiniteDifference:
        """(f(x) - f(x - h)) / h."""
        return cls(0.0, -h)

    @property
    def width(self) -> float:
        """What the quotient divides by."""
        return self.above - self.below

    @property
    def middle(self) -> float:
        """Of a parabola the quotient is the derivative here, beside x."""
        return (self.above + self.below) / 2

    @property
    def farthest(self) -> float:
        """The larger of the two distances from x."""
        return max(abs(self.above), abs(self.below))
