"""What a learner's δ = ∂L/∂z of a layer can be: candidates that are compared all at once.

A candidate is an upstream gradient times a form of the derivative, or a δ of its own. The right one comes first, then
the plainer before the less plain, and of equal ones the first is kept. `last_deltas.py` and
`hidden_deltas.py` have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from zerokara.own_gradients.subject import Array

SOLVED = "solved"
"""The name of a δ that was solved from the gradient: it explains nothing, but those below may follow from it."""


SOLVED_COST = 9


class Part(NamedTuple):
    """An array and how it is written; `cause`: the mistake that it is, None where it is right.

    `any_scale`: whether a factor is no mistake of its own, because nothing says how large the array should be.
    """

    name: str
    array: Array
    cause: str | None = None
    any_scale: bool = False


@dataclass(eq=False)
class Candidates:
    """Products of `upstreams` and `forms`, and `whole` ones, each (n, units)."""

    upstreams: list[Part] = field(default_factory=list)
    forms: list[Part] = field(default_factory=list)
    whole: list[Part] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.upstreams) * len(self.forms) + len(self.whole)

    def parts(self, i: int) -> tuple[Part, ...]:
        """What candidate i is made of."""
        products = len(self.upstreams) * len(self.forms)
        if i >= products:
            return (self.whole[i - products],)
        return self.upstreams[i // len(self.forms)], self.forms[i % len(self.forms)]

    def array(self, i: int) -> Array:
        """Candidate i."""
        arrays = [part.array for part in self.parts(i)]
        product: Array = arrays[0] if len(arrays) == 1 else arrays[0] * arrays[1]
        return product

    def wrong(self, i: int) -> tuple[Part, ...]:
        """The parts of candidate i that are mistakes."""
        return tuple(part for part in self.parts(i) if part.cause is not None)

    def find(self, names: tuple[str, ...]) -> int | None:
        """The first candidate of parts with these names."""
        if len(names) == 1:
            i = _first(self.whole, names[0])
            return None if i is None else len(self.upstreams) * len(self.forms) + i
        upstream, form = _first(self.upstreams, names[0]), _first(self.forms, names[1])
        return None if upstream is None or form is None else upstream * len(self.forms) + form

    @cached_property
    def costs(self) -> Array:
        """How many mistakes each candidate has."""
        of_upstreams, of_forms = (
            np.array([part.cause is not None for part in parts], int) for parts in (self.upstreams, self.forms)
        )
        of_whole = [SOLVED_COST if part.name == SOLVED else int(part.cause is not None) for part in self.whole]
        return np.concatenate([np.add.outer(of_upstreams, of_forms).ravel(), of_whole]).astype(int)

    @property
    def right(self) -> int:
        """The first without a mistake."""
        return int(np.argmin(self.costs))

    @cached_property
    def single(self) -> Stack:
        """Those with one mistake at most."""
        numbers = np.flatnonzero(self.costs <= 1)
        return Stack(numbers, self.costs[numbers], np.stack([self.array(int(i)) for i in numbers]))

    @cached_property
    def double(self) -> Stack:
        """Those with two."""
        numbers = np.flatnonzero(self.costs == 2)
        upstreams, forms = (np.stack([part.array for part in parts]) for parts in (self.upstreams, self.forms))
        return Products(numbers, self.costs[numbers], upstreams, forms=forms)


def _first(parts: list[Part], name: str) -> int | None:
    """Which part is called so."""
    return next((i for i, part in enumerate(parts) if part.name == name), None)


@dataclass(eq=False)
class Stack:
    """Some candidates as one array: their numbers, costs and δ, (len, n, units)."""

    numbers: Array
    costs: Array
    deltas: Array
    _projected: dict[bytes, Array] = field(default_factory=dict)

    def projected(self, v: Array) -> Array:
        """Each δ times a vector of its units, (len, n)."""
        key = v.tobytes()
        if key not in self._projected:
            self._projected[key] = self.deltas @ v
        return self._projected[key]

    def weighted(self, weights: Array) -> Array:
        """The sum over the samples of each δ times their numbers, (len, units)."""
        summed: Array = np.einsum("mnk,n->mk", self.deltas, weights)
        return summed


@dataclass(eq=False)
class Products(Stack):
    """Products of upstream gradients (`deltas`) and forms, which are too many to be made: only their sums are."""

    forms: Array = field(kw_only=True)

    def projected(self, v: Array) -> Array:
        key = v.tobytes()
        if key not in self._projected:
            every = np.matmul(self.deltas.transpose(1, 0, 2), (self.forms * v).transpose(1, 2, 0))
            self._projected[key] = every.reshape(len(every), -1).T[self.numbers]
        return self._projected[key]

    def weighted(self, weights: Array) -> Array:
        every = np.matmul((self.deltas * weights[:, np.newaxis]).transpose(2, 0, 1), self.forms.transpose(2, 1, 0))
        summed: Array = every.reshape(len(every), -1).T[self.numbers]
        return summed


def finite(parts: Iterator[Part], shape: tuple[int, ...]) -> list[Part]:
    """Those of a shape that have numbers only; of those that are multiples of one another the first."""
    weights = np.random.default_rng(0).normal(size=shape)
    kept: dict[str, Part] = {}
    for part in parts:
        if part.array.shape == shape and np.isfinite(part.array).all():
            length = float(np.linalg.norm(part.array)) or 1.0
            kept.setdefault(f"{abs(float((part.array * weights).sum())) / length:.9e}", part)
    return list(kept.values())


def sample_weights(n: int) -> Iterator[tuple[str, Array]]:
    """Samples that count, as (n, 1) of 0 and 1."""
    half, number = n // 2, np.arange(n).reshape(-1, 1)
    yield "first", (number == 0) * 1.0
    yield "last", (number == n - 1) * 1.0
    yield "without-first", (number > 0) * 1.0
    yield "without-last", (number < n - 1) * 1.0
    yield "first half", (number < half) * 1.0
    yield "second half", (number >= half) * 1.0
    yield "second-half-after-middle", (number > half) * 1.0
    yield "first-half-and-middle", (number <= half) * 1.0
    yield "even", (number % 2 == 0) * 1.0
    yield "odd", (number % 2 == 1) * 1.0
    yield "second", (number == 1) * 1.0
    yield "from-third", (number > 1) * 1.0
