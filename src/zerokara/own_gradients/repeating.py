"""Code that draws random numbers, asked again and again with the same ones: masks of dropout stay what they were."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from zerokara.own_gradients.keeping import GENERATORS, everything_in, set_state, state_of


class SameDraws:
    """Calls functions with every random generator as it is now, where their results vary without that.

    Args:
        first: a function without arguments; whether what it returns is another each time decides.
        roots: objects in which generators may be kept.

    Attributes:
        steady: whether `first` returns the same each time, then.
    """

    def __init__(self, first: Callable[[], float], roots: tuple[Any, ...]) -> None:
        self._numpy, self._python = np.random.get_state(), random.getstate()
        self._generators = [(g, state_of(g)) for g in everything_in(roots) if isinstance(g, GENERATORS)]
        self.needed = False
        self.needed = self._varies(first)
        self.steady = not self.needed or not self._varies(first)

    def _varies(self, first: Callable[[], float]) -> bool:
        return len({self(first) for _ in range(3)}) > 1

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function returns."""
        if self.needed:
            np.random.set_state(self._numpy)
            random.setstate(self._python)
            for generator, state in self._generators:
                set_state(generator, state)
        return function(*args)
