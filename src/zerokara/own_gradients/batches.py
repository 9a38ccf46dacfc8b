"""Small batches of a subject's data, and copies of them that the learner's code may change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zerokara.own_gradients.subject import Array, Subject


class Batch(NamedTuple):
    """x and t as the learner's code takes them."""

    x: Array
    t: Array

    def copies(self) -> tuple[Array, Array]:
        """The same, for code that may change them."""
        return self.x.copy(), self.t.copy()


def batch(subject: Subject, n: int, number: int, columns: bool = False) -> Batch:
    """n of the subject's samples, in the types that they have; always the same for one number.

    With fewer samples than n some come twice, and then each is multiplied by another number, as long as x are floats.
    """
    x, t = np.asarray(subject.x), np.asarray(subject.t)
    axis = 1 if columns else 0
    samples = x.shape[axis]
    generator = np.random.default_rng([number, n])
    chosen = generator.permutation(samples)[:n] if samples >= n else generator.integers(0, samples, n)
    rows = np.take(x, chosen, axis)
    if samples < n and x.dtype.kind == "f":
        factors = generator.uniform(0.5, 1, n).astype(x.dtype)
        rows = rows * (factors if columns else factors.reshape(-1, *[1] * (x.ndim - 1)))
    return Batch(np.ascontiguousarray(rows), np.take(t, chosen, 1 if columns and t.ndim == 2 else 0))
