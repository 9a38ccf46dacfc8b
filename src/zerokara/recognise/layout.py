"""Which of the arrays that a function reads can be the inputs, the labels and the parameters of a network, by shape.

Shapes rarely say everything: of two square matrices either may come first. So all ways that fit are given, the order in
which the function reads the arrays first; the numbers choose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_STEPS = 5_000
"""Of many layers of one size there are more orders than can be tried."""

Arrays = dict[int, NDArray[Any]]
"""Arrays by their numbers among the values that the function reads (see `guards`)."""


@dataclass(frozen=True)
class Layout:
    """Which array is which, each by its number.

    Attributes:
        inputs: x, (n, …) of any dtype, or one sample (features,).
        labels: t, (n,) or (n, classes), or as many numbers in another shape; of one sample (), (1,) or (classes,).
        weights: W of each layer, (fan_in, fan_out) float64, or (fan_out, fan_in) where it is `flipped`.
        biases: b of each layer, (fan_out,), (1, fan_out) or (fan_out, 1) float64; None for a layer without.
        flipped: of each layer.
    """

    inputs: int
    labels: int
    weights: tuple[int, ...]
    biases: tuple[int | None, ...]
    flipped: tuple[bool, ...]

    def weight(self, arrays: Arrays, layer: int) -> NDArray[Any]:
        """W of a layer, (fan_in, fan_out), as a view."""
        array = arrays[self.weights[layer]]
        return array.T if self.flipped[layer] else array

    def bias(self, arrays: Arrays, layer: int) -> NDArray[Any] | None:
        """b of a layer, (fan_out,), or None."""
        number = self.biases[layer]
        return None if number is None else arrays[number].reshape(-1)

    @property
    def parameters(self) -> list[int]:
        """The numbers of all W, then of all b that there are."""
        return [*self.weights, *(bias for bias in self.biases if bias is not None)]

    def sizes(self, arrays: Arrays) -> list[int]:
        """Units of each layer, inputs first."""
        weights = [self.weight(arrays, layer) for layer in range(len(self.weights))]
        return [weights[0].shape[0], *(weight.shape[1] for weight in weights)]


def layouts(arrays: Arrays, *, flips: bool = False) -> Iterator[Layout]:
    """All ways to see a network in these arrays, every one of which must have a part in it.

    Args:
        flips: whether weights may be (fan_out, fan_in).

    >>> arrays = {5: np.ones((10, 4), np.uint8), 6: np.arange(10), 7: np.ones((4, 3)), 8: np.ones(3)}
    >>> list(layouts(arrays))
    [Layout(inputs=5, labels=6, weights=(7,), biases=(8,), flipped=(False,))]
    """
    for inputs, labels in permutations(arrays, 2):
        rest = [number for number in arrays if number not in (inputs, labels)]
        if all(_is_parameter(arrays[number]) for number in rest):
            rows = rows_of(arrays[inputs])
            for chain in _chains(
                arrays, rows.shape[1], rest, [False, True] if flips else [False], iter(range(MOST_STEPS))
            ):
                layout = Layout(inputs, labels, *zip(*chain, strict=True))
                if _are_labels(arrays[labels], len(rows), layout.sizes(arrays)[-1]):
                    yield layout


def rows_of(inputs: NDArray[Any]) -> NDArray[np.float64]:
    """Inputs as samples: (n, features) float64."""
    if inputs.ndim < 2:
        return inputs.reshape(1, -1).astype(np.float64)
    return np.ascontiguousarray(inputs.reshape(len(inputs), -1) if inputs.size else inputs[:, :0], np.float64)


def _is_parameter(array: NDArray[Any]) -> bool:
    return array.dtype == np.float64 and array.ndim in (1, 2) and array.size > 0


def _are_labels(labels: NDArray[Any], n: int, classes: int) -> bool:
    return labels.size in (n, n * classes)


def _chains(
    arrays: Arrays, features: int, rest: list[int], flips: list[bool], steps: Iterator[int]
) -> Iterator[list[tuple[int, int | None, bool]]]:
    """(weight, bias, flipped) of each layer, for each order of all of `rest`; the first layer takes so many features.

    Args:
        steps: shared by the whole search, and its end ends it: the number of orders grows as a factorial.
    """
    for weight, flipped in product(rest, flips):
        if arrays[weight].ndim != 2 or arrays[weight].shape[flipped] != features:
            continue
        units = arrays[weight].shape[not flipped]
        shapes = ((units,), (1, units), (units, 1))
        fitting = [n for n in rest if n != weight and arrays[n].shape in shapes]
        for bias in [*fitting, None]:
            if next(steps, None) is None:
                return
            left = [n for n in rest if n not in (weight, bias)]
            if not left:
                yield [(weight, bias, flipped)]
            for chain in _chains(arrays, units, left, flips, steps):
                yield [(weight, bias, flipped), *chain]
