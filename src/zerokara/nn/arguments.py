"""What people give: whole numbers, numbers, steps, sizes, arrays. Each is taken as it was meant, or refused by name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError
from zerokara.words import sentence

Array = NDArray[Any]


def is_integer(value: object) -> bool:
    """An integer of Python or NumPy; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """A finite number of Python or NumPy that a float can hold; True and False are none."""
    if is_integer(value):
        return abs(int(value)) <= sys.float_info.max  # type: ignore[call-overload, no-any-return]
    return isinstance(value, float | np.floating) and bool(np.isfinite(value))


def number(name: str, value: Any) -> float:
    """A finite number, as a float. Raises UsageError for anything else."""
    if not is_number(value):
        raise UsageError(sentence("{name} must be a number. Got {got!r:.80}.", name=name, got=value), "wrong-value")
    return float(value)


def positive(name: str, value: Any) -> float:
    """A positive number, as a float. Raises UsageError for anything else."""
    if not (is_number(value) and value > 0):
        raise UsageError(
            sentence("{name} must be a positive number. Got {got!r}.", name=name, got=value), "wrong-value"
        )
    return float(value)


def not_negative(name: str, value: Any) -> float:
    """0 or a positive number, as a float. Raises UsageError for anything else."""
    if not (is_number(value) and value >= 0):
        raise UsageError(
            sentence("{name} must be 0 or a positive number. Got {got!r}.", name=name, got=value), "wrong-value"
        )
    return float(value)


def array(name: str, value: ArrayLike) -> Array:
    """Anything as an array. Raises UsageError for rows of unequal length."""
    try:
        return np.asarray(value)
    except ValueError:
        raise UsageError(
            sentence("{name} must be an array, with rows of equal length. Got {got!r:.80}.", name=name, got=value),
            "wrong-shape",
        ) from None


def real_numbers(name: str, value: ArrayLike) -> Array:
    """An array of real numbers. Raises UsageError for text, complex numbers, objects, and rows of unequal length."""
    numbers = array(name, value)
    if numbers.dtype.kind not in "fiub":
        raise UsageError(
            sentence("{name} must be an array of numbers. Got {dtype}.", name=name, dtype=numbers.dtype), "wrong-value"
        )
    return numbers


def layer_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """The units of each layer. Raises UsageError unless there are two or more, all positive whole numbers."""
    checked = tuple(sizes) if np.iterable(sizes) else (sizes,)
    if len(checked) < 2 or not all(is_integer(size) and size > 0 for size in checked):
        raise UsageError(
            sentence(
                "sizes must be two or more positive whole numbers, inputs first, such as [784, 50, 10]. Got {got}.",
                got=list(checked),
            ),
            "wrong-value",
        )
    return tuple(map(int, checked))


def float_dtype(dtype: Any) -> np.dtype[Any]:
    """float32 or float64. Raises UsageError for any other."""
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype is not None and known == dtype:
            return known
    raise UsageError(sentence("dtype must be float32 or float64. Got {got}.", got=dtype), "wrong-value")


def generator_of(seed: int | np.random.Generator) -> np.random.Generator:
    """A generator of its own for a seed, or the generator given. Raises UsageError for anything else."""
    if isinstance(seed, np.random.Generator):
        return seed
    if not is_integer(seed) or seed < 0:
        raise UsageError(
            sentence("seed must be a whole number of 0 or more, or a numpy.random.Generator. Got {got!r}.", got=seed),
            "wrong-value",
        )
    return np.random.default_rng(seed)
