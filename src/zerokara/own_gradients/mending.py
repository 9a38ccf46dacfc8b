"""Which expressions of a learner's gradient mend it when the right quantity stands in their place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from zerokara.own_gradients.quantities import Quantity
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array, Arrays
from zerokara.own_gradients.substitution import Change, Replacement
from zerokara.own_gradients.trial import Trial, difference, squeezed

MOST_SINGLES = 8
"""Evaluations of one expression that are tried one by one; those of a loop over samples are tried together."""


@dataclass(frozen=True, eq=False)
class Mend:
    """One substitution that makes the gradient right.

    Attributes:
        site: the expression.
        evaluations: which of its evaluations have another value, in their order.
        values: what they were.
        at: when the first of them was evaluated, counted in evaluations.
        quantity: what belongs there; None where a change in place should not be: `how`.
        right: names of the parameters whose gradient is right then.
        given: what is handed in, for each of the evaluations.
        how: "fresh" where the change in place should make a new array, "skip" where it should not be at all.
    """

    site: Site
    evaluations: tuple[int, ...]
    values: tuple[Any, ...]
    at: int
    quantity: Quantity | None
    right: frozenset[str]
    given: Sequence[Any] = ()
    how: str = ""


Values = tuple[Any, ...]
Given = tuple[Quantity, Sequence[Any]]
Stage = Callable[["Search", Site, Values], Iterator[Given]]


@dataclass(frozen=True, eq=False)
class Search:
    """For what mends one parameter.

    Attributes:
        trial: what runs.
        wrong: the parameter.
        first: the gradient as it is.
        before: names of those that are right as it is.
    """

    trial: Trial
    wrong: str
    first: Arrays
    before: frozenset[str]

    def mends(self) -> list[Mend]:
        """All substitutions after which `wrong` is right and nothing that was right is not."""
        self.trial.skipped = self._settled_before()
        found = [*self._undone(), *self._tried(_alike), *self._by_layers()]
        found += self._tried(_numbers)
        return found or list(self._tried(_otherwise))

    def holds_everywhere(self, mend: Mend) -> bool:
        """Whether it still mends where the same value stood at other evaluations: changed code is changed for all."""
        recorded = self.trial.values.get(mend.site.number, [])
        if mend.quantity is None or len(recorded) == len(mend.evaluations):
            return True
        given = mend.given
        more = {
            place: right
            for place, (_, value) in enumerate(recorded)
            for own, right in zip(mend.values, given, strict=True)
            if np.shape(own) == np.shape(value) and np.array_equal(own, value)
        }
        if len(more) <= len(mend.evaluations):
            return True
        return self._is_mended(self._right_with(mend.site, tuple(more), list(more.values())))

    def _right_with(self, site: Site, evaluations: tuple[int, ...], given: Sequence[Any]) -> frozenset[str]:
        return self.trial.right(self.trial.with_changed(site, _handing_in(evaluations, given)))

    def _settled_before(self) -> int:
        """When the output was right for the first time: before that, only what is put into attributes can be wrong."""
        output = self.trial.truth.output
        forms = (output, output.T, output[0], output[0][None, :], output[0][:, None])
        first = [(heard[0][0], heard[0][1]) for heard in self.trial.values.values()]
        within = self.trial.tolerance
        clocks = [
            clock
            for clock, value in first
            for form in forms
            if np.shape(value) == form.shape and same_already((value,), (form,), within)
        ]
        return min(clocks, default=0)

    def _by_layers(self) -> Iterator[Mend]:
        """Code that runs once for each layer, with what is right for that layer each time."""
        for site in self.trial.code.sites:
            recorded = self.trial.values.get(site.number, [])
            backward = bool(recorded) and recorded[0][0] >= self.trial.skipped
            if 2 <= len(recorded) <= 2 * self.trial.truth.depth and (backward or _is_put_away(site)):
                for kind in ("delta", "upstream", "slope", "gradient") if backward else ("operand",):
                    yield from self._layers_of(site, recorded, kind)

    def _layers_of(self, site: Site, recorded: list[tuple[int, Any]], kind: str) -> Iterator[Mend]:
        quantities = [one for one in self.trial.quantities if one.kind == kind and one.scale == 1]
        taken: dict[int, tuple[Quantity, Any]] = {}
        wrong: list[int] = []
        turn = 1 if kind == "operand" else -1  # the backward pass comes to the last layer first
        layer = self.trial.truth.depth + 1 if turn < 0 else -1
        for place, (_, value) in enumerate(recorded):
            for quantity in sorted(quantities, key=lambda one: turn * one.layer):
                given = next(forms(quantity, (value,)), None) if (quantity.layer - layer) * turn > 0 else None
                if given is not None:
                    layer = quantity.layer
                    taken[place] = quantity, given[0]
                    if not same_already((value,), given, self.trial.tolerance):
                        wrong.append(place)
                    break
        if len(taken) < 2 or not wrong:
            return
        places, given = tuple(taken), [right for _, right in taken.values()]
        right = self._right_with(site, places, given)
        if self._is_mended(right):
            first = places.index(wrong[0])
            places, given = places[first:], given[first:]
            values = tuple(recorded[place][1] for place in places)
            yield Mend(site, places, values, recorded[places[0]][0], taken[places[0]][0], right, given)

    def _tried(self, stage: Stage) -> Iterator[Mend]:
        for site in self.trial.code.sites:
            recorded = self.trial.values.get(site.number, [])
            for evaluations in _groups(site, len(recorded), self.trial.rows):
                values = tuple(recorded[place][1] for place in evaluations)
                if recorded[evaluations[0]][0] < self.trial.skipped and not _is_put_away(site):
                    continue
                if len({np.shape(value) for value in values}) == 1:
                    yield from self._at(site, evaluations, values, stage(self, site, values))

    def _at(
        self, site: Site, evaluations: tuple[int, ...], values: Values, candidates: Iterator[Given]
    ) -> Iterator[Mend]:
        for place, (quantity, given) in enumerate(candidates):
            if place == 0 and not self._matters(site, evaluations, values):
                return
            gradient = self.trial.with_changed(site, _handing_in(evaluations, given))
            right = self.trial.right(gradient)
            if self._is_mended(right):
                at = self.trial.values[site.number][evaluations[0]][0]
                yield Mend(site, evaluations, values, at, quantity, right, given)

    def _is_mended(self, right: frozenset[str]) -> bool:
        return self.wrong in right and self.before <= right

    def _matters(self, site: Site, evaluations: tuple[int, ...], values: Values) -> bool:
        """Whether what is wrong depends on it, and nothing that is right does.

        Where something right depends on it, no other value can mend, but one that changes nothing there.
        """
        moved = [_moved(value) for value in values]
        gradient = self.trial.with_changed(site, _handing_in(evaluations, moved))
        if gradient is None:
            return True
        if _unmoved(gradient.get(self.wrong), self.first.get(self.wrong)):
            return False
        return self.before <= self.trial.right(gradient)

    def _undone(self) -> Iterator[Mend]:
        """Changes in place that should not be, or should make a new array."""
        for site in self.trial.code.sites:
            if not isinstance(site.node, ast.stmt) or site.number not in self.trial.values:
                continue
            for how, replacements in _undoings(self.trial.code.sites, site):
                with self.trial.code.replacing(replacements, self.trial.deadline):
                    right = self.trial.right(self.trial.gradient())
                if self._is_mended(right):
                    at, value = self.trial.values[site.number][0]
                    yield Mend(site, (0,), (value,), at, None, right, how=how)
                    break


def _undoings(sites: Sequence[Site], site: Site) -> Iterator[tuple[str, dict[int, Replacement]]]:
    if isinstance(site.node, ast.AugAssign):
        for how in ("fresh", "skip"):
            asked = Change(how)
            yield how, {site.number: partial(_asking, asked)}
        return
    after = site.number + 1
    if after < len(sites) and sites[after].node is site.node:  # what stood in the array before goes back into it
        kept: list[Any] = []

        def keep(_: int, value: Any) -> Any:
            kept.append(value.copy() if isinstance(value, np.ndarray) else value)
            return value

        yield "skip", {site.number: keep, after: lambda _, value: kept[-1] if kept else value}


def _asking(asked: Change, evaluation: int, value: Any) -> Change:
    return asked


def _groups(site: Site, count: int, rows: int) -> Iterator[tuple[int, ...]]:
    """Evaluations of one expression that have other values together."""
    loop = count >= rows and count % rows == 0
    if count <= MOST_SINGLES and not loop:
        yield from ((place,) for place in range(count))
    elif count and isinstance(site.node, ast.stmt):
        yield (count - 1,)
    if loop and (rounds := count // rows) <= MOST_SINGLES:
        yield from (tuple(range(start, count, rounds)) for start in range(rounds))
        if rounds > 1:
            yield from (tuple(range(start * rows, (start + 1) * rows)) for start in range(rounds))


def _moved(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return ~array
    moved = array * 1.37 + 0.013 * (np.max(np.abs(array)) if array.size else 0) + 1e-3
    return moved.astype(array.dtype) if array.dtype.kind in "iu" and array.ndim else moved


def _unmoved(value: Any, first: Any) -> bool:
    if value is None or first is None:
        return value is first
    return np.shape(value) == np.shape(first) and np.array_equal(value, first)


def _handing_in(evaluations: tuple[int, ...], given: Sequence[Any]) -> Replacement:
    places = dict(zip(evaluations, given, strict=True))

    def replacement(evaluation: int, value: Any) -> Any:
        if evaluation not in places:
            return value
        right = places[evaluation]
        return right.copy() if isinstance(right, np.ndarray) else right

    return replacement


def _alike(search: Search, site: Site, values: Values) -> Iterator[Given]:
    """Quantities of the shape that stands there, and not already there."""
    if np.shape(values[0]) == () and not isinstance(values[0], np.bool_ | bool):
        return
    for quantity in search.trial.quantities:
        for given in forms(quantity, values):
            if not same_already(values, given, search.trial.tolerance):
                yield quantity, given
                break


def _numbers(search: Search, site: Site, values: Values) -> Iterator[Given]:
    """Numbers where a number stands."""
    if np.shape(values[0]) == () and np.asarray(values[0]).dtype.kind in "iuf" and not _is_index(site):
        for quantity in search.trial.quantities:
            if quantity.kind == "scalar" and any(value != quantity.value for value in values):
                yield quantity, [quantity.value.item()] * len(values)


def _is_put_away(site: Site) -> bool:
    """Whether it is all that an attribute, or an entry, is set to, or what is appended or returned."""
    if isinstance(site.parent, ast.Assign):
        return not all(isinstance(target, ast.Name) for target in site.parent.targets)
    return isinstance(site.parent, ast.Call | ast.Return | ast.Tuple | ast.Dict | ast.List)


def _is_index(site: Site) -> bool:
    return isinstance(site.parent, ast.Subscript) or isinstance(site.node, ast.stmt)


def forms(quantity: Quantity, values: Values) -> Iterator[Sequence[Any]]:
    """The quantity for these evaluations, in each form that has the shape of their values."""
    shape, kind = np.shape(values[0]), np.asarray(values[0]).dtype.kind
    if (kind == "b") != (quantity.kind == "mask") or quantity.kind == "scalar":
        return
    if len(values) > 1 and quantity.rows:
        if len(quantity.value) == len(values):
            samples = [next(_shaped(sample, shape), None) for sample in quantity.value]
            if samples[0] is not None:
                yield samples
    else:
        for variant in _shaped(quantity.value, shape):
            yield [variant] * len(values)


def _shaped(value: Array, shape: tuple[int, ...]) -> Iterator[Array]:
    if value.shape == shape:
        yield value
    if value.ndim == 2 and value.T.shape == shape:
        yield value.T
    if value.ndim == 1 and value.shape != shape and squeezed(value) == tuple(n for n in shape if n != 1):
        yield value.reshape(shape)


def same_already(values: Values, given: Sequence[Any], tolerance: float) -> bool:
    """Whether these values are the quantity."""
    return all(
        difference(np.asarray(value), np.asarray(right)) <= tolerance
        for value, right in zip(values, given, strict=True)
    )


def _otherwise(search: Search, site: Site, values: Values) -> Iterator[Given]:
    """What is wrong, and δ of its layer, in another shape than stands there."""
    truth, wrong = search.trial.truth, search.wrong
    layer = next(int(name[1:]) for name, key in truth.names.items() if key == wrong)
    for quantity in search.trial.quantities:
        if quantity.layer != layer or quantity.kind not in ("gradient", "delta") or len(values) > 1:
            continue
        if quantity.kind == "gradient" and (quantity.rows or quantity.value.size != truth.gradient[wrong].size):
            continue
        if quantity.value.shape != np.shape(values[0]):
            yield quantity, [quantity.value]
