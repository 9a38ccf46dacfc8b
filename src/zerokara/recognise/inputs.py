"""What a function does to its inputs before the first layer: `x / 255.0`, `(x - mean) / std` and the like.

The steps that were found in the code are done again, by the same functions of NumPy, so that they round alike. Whether
they are what the function does, the numbers say, as they do of everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.abstract_values import Mapped, Origin
from zerokara.interpret.interpreted_code import is_from_elsewhere
from zerokara.recognise.layout import Arrays


class InputMap(NamedTuple):
    """The steps from an array that is read to the inputs of the first layer; of None there are none."""

    mapped: Mapped | None = None

    @property
    def origin(self) -> int | None:
        """The number of the array."""
        return None if self.mapped is None else self.mapped.origin

    @property
    def others(self) -> list[int]:
        """The numbers of other arrays that it computes with, such as means: parts of the inputs, in a way."""
        return [] if self.mapped is None else sorted(self.mapped.others)

    def applied(self, arrays: Arrays) -> Arrays | None:
        """The arrays with the inputs that the first layer gets, and no others; None where that cannot be computed."""
        if self.mapped is None:
            return arrays
        if not {self.mapped.origin, *self.others} <= set(arrays):
            return None
        try:
            with np.errstate(all="ignore"):
                inputs = _after(self.mapped, arrays)
        except Exception as error:
            if is_from_elsewhere(error):
                raise
            return None
        if type(inputs) is not np.ndarray or inputs.dtype.kind not in "fiub":
            return None
        return {n: inputs if n == self.mapped.origin else a for n, a in arrays.items() if n not in self.others}


def _after(mapped: Mapped, arrays: Arrays) -> Any:
    value: NDArray[Any] = arrays[mapped.origin]
    for step in mapped.steps:
        before, after = (tuple(arrays[n] if isinstance(n, Origin) else n for n in part) for part in step[1:3])
        value = step.function(*before, value, *after, **dict(step.keywords))
    return value


def input_maps(maps: Iterable[Mapped]) -> Iterator[InputMap]:
    """All that may be; in the end, that there are no steps."""
    yield from (InputMap(mapped) for mapped in maps if mapped.steps)
    yield InputMap()
