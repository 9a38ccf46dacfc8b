"""Finds the gradients that a learner's function gives: returned, left in attributes, or in an update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zerokara.own_gradients.calling import RATE, Calls
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.matching import belongs, fits, matched, names_returned
from zerokara.own_gradients.parameters import Place, places_in
from zerokara.own_gradients.roles import plain, role_of, roles_in
from zerokara.own_gradients.subject import Array, Arrays


class GradientReader:
    """Calls the gradient's function and finds the gradients: returned, left in attributes, or in an update."""

    def __init__(self, calls: Calls, places: list[Place]) -> None:
        self.calls = calls
        self.places = dict(_named_once(places))
        self.params: Arrays = {name: place.value for name, place in self.places.items()}
        self.rate: float | None = self._rate()
        self.fits = True
        self._names = names_returned(calls.way.gradient)

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget other parameters."""
        self.places = {name: self.places[name] for name in list(names)}
        self.params = {name: self.params[name] for name in self.places}

    def __call__(self, x: Array, t: Array) -> Arrays:
        """The gradients of a batch, or their mean over single samples; fresh arrays."""
        found = [self._one(*one) for one in self.calls.batches(x, t)]
        names = [name for name in self.params if all(name in part for part in found)]
        return {
            name: np.mean([part[name] for part in found], axis=0) if len(found) > 1 else found[0][name]
            for name in names
        }

    def _one(self, x: Array, t: Array) -> Arrays:
        if self.calls.way.updates:
            return self._read_off_update(x, t)
        before = [(place, place.value) for place in self.places.values()]
        result = self.calls.result(x, t)
        _keep_arrays(before)
        if isinstance(result, tuple) and self.calls.way.gradient is self.calls.way.loss:
            result = result[1:]
        returned = matched(result, self.params, self._names)
        left = self._left_behind() if len(returned) < len(self.params) else {}
        return {name: np.array(array) for name, array in {**returned, **left}.items()}

    def _left_behind(self) -> Arrays:
        """Gradients in attributes: `dW` beside `W`, `dW1` or `grads["W1"]` somewhere in the object.

        One that is the parameter's own array is taken where there is none else.
        """
        ours = {id(array) for array in self.params.values()}
        everywhere = places_in(self.calls.code.holder)
        found: Arrays = {}
        for name, place in self.places.items():
            beside = [other for other in everywhere if _is_beside(other, place, self.params[name])]
            near = [other for other in beside if id(other.value) not in ours] or beside
            fitting = [other for other in near if fits(np.shape(other.value), self.params[name].shape)]
            if near:
                found[name] = np.asarray((fitting or near)[0].value)
        return found

    def _read_off_update(self, x: Array, t: Array) -> Arrays:
        snapshot = Snapshot([self.calls.code.holder, self.calls.code.given])
        before = {name: np.array(place.value, dtype=float) for name, place in self.places.items()}
        try:
            self.calls.result(x, t)
            after = {name: np.array(place.value, dtype=float) for name, place in self.places.items()}
        finally:
            snapshot.restore()
        return {name: (before[name] - after[name]) / (self.rate or 1.0) for name in before}

    def _rate(self) -> float | None:
        """The rate of the update: what we give, or an attribute; None where neither says it."""
        if "rate" in roles_in(self.calls.way.gradient).values():
            return RATE
        for place in places_in(self.calls.code.holder):
            if role_of(str(place.key)) == "rate" and isinstance(place.value, float | np.floating):
                return float(place.value)
        return None


def _keep_arrays(before: Iterable[tuple[Place, Any]]) -> None:
    """Where the code put a new array in a parameter's place, the old one is there again, with the new values.

    Whoever sets parameters in place would otherwise set arrays that are no longer read.
    """
    for place, array in before:
        value = place.value
        if value is not array and isinstance(value, np.ndarray) and np.shape(array) == value.shape:
            array[...] = value
            place.put(array)


def _named_once(places: list[Place]) -> Iterator[tuple[str, Place]]:
    taken: set[str] = set()
    for place in places:
        name = place.name if place.name not in taken else place.path
        taken.add(name)
        yield name, place


def _is_beside(other: Place, place: Place, param: Array) -> bool:
    if not isinstance(other.value, np.ndarray | np.generic) or np.ndim(other.value) == 0 != param.ndim:
        return False
    if other.holder is place.holder:
        return belongs(str(other.key), str(place.key)) and str(other.key) != str(place.key)
    marked = any(mark in plain(other.path) for mark in ("grad", "nabla", "delta", "d"))
    return marked and (belongs(other.path, place.path) or belongs(other.name, place.name))
