"""Which of the expressions that mend a gradient is the place of the mistake.

A wrong value is handed on, so that many expressions behind a mistake mend it too. Where wrongness begins is the place:
the first value that no right calculation has. Where there is none such, a term is missing between two right values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.own_gradients.mending import Mend, Search, forms, same_already
from zerokara.own_gradients.quantities import Quantity
from zerokara.own_gradients.sites import Site

_PLAIN = ("operand", "weights", "mask", "scalar")
_COST = {"operand": 0, "weights": 0, "mask": 0, "scalar": 0, "slope": 1, "upstream": 2, "delta": 2, "gradient": 2}


def chosen(search: Search, found: list[Mend]) -> Mend | None:
    """The one that says it best, of those that mend most; None where there is none."""
    if not found:
        return None
    most = max(len(mend.right) for mend in found)
    found = sorted((mend for mend in found if len(mend.right) == most), key=lambda mend: mend.at)
    return Choice(search, [mend for mend in found if search.holds_everywhere(mend)] or found).best()


class Choice:
    """Among substitutions that mend the same, in the order of their evaluation."""

    def __init__(self, search: Search, found: list[Mend]) -> None:
        self.search, self.found = search, found
        self._right = {mend: self._is_right(mend) for mend in found}

    def best(self) -> Mend:
        """A change in place that should not be; else an operand for another; else where wrongness begins, innermost."""
        undone = [mend for mend in self.found if mend.how]
        if undone:
            return undone[0]
        begins = next((mend for mend in self.found if not self._right[mend] and self._is_able(mend)), None)
        exchanged = [mend for mend in self.found if self._is_exchange(mend)]
        if begins is None and not exchanged:
            return max(self.found, key=lambda mend: (self._standing(mend), mend.at))
        if exchanged and (begins is None or exchanged[0].at <= begins.at):
            return self._used(exchanged)
        assert begins is not None
        return min(self._without_passed_on(list(self._inside(begins))), key=self._length)

    def _used(self, exchanged: list[Mend]) -> Mend:
        """Where an operand is used last, but not as the parameter of a function that is called with it."""
        given = [
            mend
            for mend in exchanged
            if not any(_is_parameter(mend) and other.at < mend.at and _same_values(mend, other) for other in exchanged)
        ]
        return max(given or exchanged, key=lambda mend: (mend.at, -len(mend.site.text), _is_of_z(mend)))

    def _without_passed_on(self, mends: list[Mend]) -> list[Mend]:
        """Without those where a slope or δ that is put in comes out again only by chance, as a mask does of a mask."""
        last = {mend.quantity: mend for mend in sorted(mends, key=lambda mend: mend.at)}
        return [
            mend
            for mend in mends
            if mend.quantity is None or mend.quantity.kind in _PLAIN or _same_values(mend, last[mend.quantity])
        ]

    def _length(self, mend: Mend) -> tuple[int, int, int, int]:
        kind = mend.quantity.kind if mend.quantity else ""
        return (_COST.get(kind, 0), int(self._is_handed_on(mend)), len(mend.site.text), -mend.at)

    def _inside(self, begins: Mend) -> Iterator[Mend]:
        """What mends within an expression and within the functions that it calls, but for what only makes up for it."""
        start = self._start(begins)
        for mend in self.found:
            inside = mend.site.within(begins.site) or mend.site.function is not begins.site.function
            if mend is begins or (
                inside and start <= mend.at <= begins.at and not self._makes_up(mend) and self._is_able(mend)
            ):
                yield mend

    def _start(self, begins: Mend) -> int:
        """When its first part was evaluated."""
        trial, first = self.search.trial, begins.at
        for site in trial.code.sites:
            if site is not begins.site and site.within(begins.site):
                clocks = [clock for clock, _ in trial.values.get(site.number, []) if clock < begins.at]
                first = min(first, clocks[-1]) if clocks else first
        return first

    def _is_right(self, mend: Mend) -> bool:
        """Whether what stands there is itself a right quantity."""
        if np.shape(mend.values[0]) == ():
            return True
        if len(mend.values) == self.search.trial.rows:
            return self._are_right(mend.values)
        return self._are_right(mend.values[:1])  # where it is wrong for a layer, all below have wrong values

    def _are_right(self, values: tuple[Any, ...]) -> bool:
        return any(
            same_already(values, given, self.search.trial.tolerance)
            for quantity in self.search.trial.quantities
            for given in forms(quantity, values)
        )

    def _is_exchange(self, mend: Mend) -> bool:
        """Whether one name is put for another: an operand that is right elsewhere."""
        kind = mend.quantity.kind if mend.quantity else ""
        named = isinstance(mend.site.node, ast.Name | ast.Attribute | ast.Subscript)
        return named and self._right[mend] and kind in ("operand", "weights", "mask") and not self._makes_up(mend)

    def _makes_up(self, mend: Mend) -> bool:
        """Whether the right quantity is only a multiple of what stands there, against a factor elsewhere."""
        if mend.quantity is None or mend.quantity.kind == "scalar":
            return False
        given = next(iter(forms(mend.quantity, mend.values)), None)
        if given is None:
            return False
        value, right = np.ravel(np.asarray(mend.values, float)), np.ravel(np.asarray(given, float))
        largest = int(np.argmax(np.abs(right)))
        factor = value[largest] / right[largest] if right[largest] else 0.0
        return bool(np.allclose(value, factor * right, rtol=1e-6, atol=1e-9 * np.max(np.abs(value))))

    def _is_handed_on(self, mend: Mend) -> bool:
        """Whether it is a call whose result another place that mends has made."""
        if not isinstance(mend.site.node, ast.Call):
            return False
        return any(
            other.at < mend.at
            and other.site.function is not mend.site.function
            and other.quantity is mend.quantity
            and isinstance(other.site.parent, ast.Return)
            and self._is_able(other)
            for other in self.found
        )

    def _is_able(self, mend: Mend) -> bool:
        """Whether its function could know what belongs there: one of z alone may return a slope, never a δ."""
        names, quantity = parameters(mend.site), mend.quantity
        method = names[:1] == ["self"]
        if quantity is None or quantity.kind == "scalar" or isinstance(mend.site.function, ast.Lambda):
            return True
        if len(names) - method != 1 or (method and _uses(mend.site, "self")):
            return True
        given = self._given(mend, names[-1])
        if given is None:
            return True
        elementwise = quantity.kind in ("slope", "operand", "mask")
        layers = {one.layer for one in self.search.trial.quantities if one.kind == "operand" and self._is(one, given)}
        return elementwise and quantity.layer in layers if not method else elementwise or not layers

    def _given(self, mend: Mend, name: str) -> Any:
        """What a parameter of its function was then; None where it is not read."""
        trial, last = self.search.trial, (0, None)
        for site in trial.code.sites:
            if site.function is mend.site.function and isinstance(site.node, ast.Name) and site.node.id == name:
                last = max([last, *((c, v) for c, v in trial.values.get(site.number, []) if c <= mend.at)], key=_clock)
        return last[1]

    def _is(self, quantity: Quantity, value: Any) -> bool:
        right = quantity.value
        return any(
            form.shape == np.shape(value) and same_already((value,), (form,), self.search.trial.tolerance)
            for form in (right, right.T, *right)
        )

    def _standing(self, mend: Mend) -> int:
        """How likely a term is missing just here, where all values are right in themselves.

        One name is only given another, or returned as it came; something is computed; a name is used.
        """
        node, parent = mend.site.node, mend.site.parent
        named = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        number = mend.quantity is not None and mend.quantity.kind == "scalar"
        if (named or number) and isinstance(parent, ast.Assign) and parent.value is node:
            return 3
        if isinstance(parent, ast.Return) and isinstance(node, ast.Name) and node.id in parameters(mend.site):
            return 2
        return 0 if named or self._is_handed_on(mend) else 1


def parameters(site: Site) -> list[str]:
    """Names of the parameters of the function that a site stands in, the object among them."""
    arguments = site.function.args
    return [each.arg for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]


def _uses(site: Site, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(site.function))


def _clock(heard: tuple[int, Any]) -> int:
    return heard[0]


def _same_values(one: Mend, other: Mend) -> bool:
    pairs = zip(one.values, other.values, strict=False)
    return len(one.values) == len(other.values) and all(
        np.shape(a) == np.shape(b) and np.array_equal(a, b) for a, b in pairs
    )


def _is_parameter(mend: Mend) -> bool:
    return isinstance(mend.site.node, ast.Name) and mend.site.node.id in parameters(mend.site)


def _is_of_z(mend: Mend) -> bool:
    return mend.quantity is not None and mend.quantity.name.startswith("{z")
