"""Whether an array is a sum of others, each times a number, but for rounding."""

from __future__ import annotations

import numpy as np

from zerokara.own_gradients.subject import Array


class Fit(list[float]):
    """The numbers, and `rest`: the relative length of what is left over."""

    rest = 0.0


def fitted(target: Array, regressors: list[Array], within: float, size: float = 0.0) -> Fit | None:
    """The numbers by which the regressors add up to the target; None unless that is so but for rounding."""
    columns = np.stack([regressor.ravel() for regressor in regressors], axis=1)
    lengths = np.linalg.norm(columns, axis=0)
    if not (lengths > max(1e-300, 1e-10 * size)).all() or not (
        np.isfinite(target).all() and np.isfinite(lengths).all()
    ):
        return None
    units = columns / lengths
    alone = len(regressors) == 1
    coefficients = target.ravel() @ units if alone else np.linalg.lstsq(units, target.ravel(), rcond=None)[0]
    rest = float(np.linalg.norm(units @ coefficients - target.ravel()))
    size = float(np.linalg.norm(target))
    if rest > within * size:
        return None
    fit = Fit(float(c) for c in coefficients / lengths)
    fit.rest = rest / size if size else 0.0
    return fit
