"""Labels in the three forms people write them: class indices, one-hot rows, soft rows."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zerokara.errors import UsageError
from zerokara.nn.arguments import array, real_numbers
from zerokara.words import sentence


def as_targets(t: ArrayLike, n: int, classes: int, dtype: Any = np.float64) -> NDArray[Any]:
    """Labels of n samples as rows (n, classes) that a loss can use.

    Args:
        t: (n,) integer class indices, or (n, classes) one-hot or soft rows; for one sample also a single index
            or one row (classes,).

    Raises UsageError for another shape, for indices that are no integers or out of range, and for rows of no numbers.

    >>> as_targets([2, 0], 2, 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    t = array("t", t)
    if t.shape == (n, classes) or (n == 1 and t.shape == (classes,) and classes > 1):
        return real_numbers("t", t).reshape(n, classes).astype(dtype, copy=False)
    if t.shape == (n,) or (n == 1 and t.shape == ()):
        return one_hot(t.reshape(n), classes, dtype)
    raise UsageError(
        sentence(
            "Labels for {n} samples of {classes} classes must have shape ({n},) (class indices) or "
            "({n}, {classes}) (one-hot rows). Got {got}.",
            n=n,
            classes=classes,
            got=t.shape,
        ),
        "wrong-shape",
    )


def one_hot(indices: NDArray[Any], classes: int, dtype: Any = np.float64) -> NDArray[Any]:
    """Class indices (n,) as rows (n, classes) with a single 1. Raises UsageError as `as_targets`."""
    if indices.dtype.kind not in "iu":
        raise UsageError(
            sentence(
                "Class indices must be integers from 0 to {last}. Got {dtype}.", last=classes - 1, dtype=indices.dtype
            ),
            "wrong-value",
        )
    if indices.size and (indices.min() < 0 or indices.max() >= classes):
        raise UsageError(
            sentence(
                "Class indices must lie from 0 to {last}, the network's outputs. Got {low} to {high}.",
                last=classes - 1,
                low=indices.min(),
                high=indices.max(),
            ),
            "wrong-value",
        )
    rows = np.zeros((len(indices), classes), dtype)
    rows[np.arange(len(indices)), indices] = 1
    return rows


def as_indices(t: ArrayLike, n: int, classes: int) -> NDArray[np.int64]:
    """Labels in any of the three forms as class indices (n,); a row counts as its largest entry.

    Errors as in `as_targets`.
    """
    indices: NDArray[np.int64] = as_targets(t, n, classes).argmax(axis=1)
    return indices
