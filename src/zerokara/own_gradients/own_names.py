"""What belongs somewhere, in the learner's own names: `a1 * (1 - a1)` where they call the hidden layer a1."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.own_gradients.mending import Mend, same_already
from zerokara.own_gradients.quantities import slope_name
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array
from zerokara.own_gradients.trial import Trial


def right_text(trial: Trial, mend: Mend) -> str:
    """What belongs there, as code or formula: what stands there with the term that it lacks, or the right quantity."""
    quantity = mend.quantity
    if quantity is None:
        return ""
    found = mend.site.text
    if isinstance(mend.site.node, ast.BinOp):
        found = f"({found})"
    lacking = _lacking(trial, mend)
    return f"{found} {lacking}" if lacking else _named(trial, mend.site, quantity.name)


def _lacking(trial: Trial, mend: Mend) -> str:
    """The factor between what stands there and what belongs there, where it is one with a name."""
    quantity = mend.quantity
    if quantity is None or quantity.kind not in ("delta", "gradient", "upstream") or not mend.given:
        return ""
    if np.shape(mend.values[0]) != np.shape(mend.given[0]):
        return ""
    value, right = np.asarray(mend.values, float), np.asarray(mend.given, float)
    size = len(trial.truth.a[0])
    for text, factor in (("/ N", 1 / size), ("* N", size), ("/ 2", 0.5), ("* 2", 2.0)):
        if same_already((value * factor,), (right,), trial.tolerance):
            return text
    if quantity.layer in trial.truth.slope and quantity.kind == "delta":
        slope = next(forms_of(trial.truth.slope[quantity.layer], mend.values), None)
        if slope is not None and same_already((value * slope,), (right,), trial.tolerance):
            return f"* {_named(trial, mend.site, slope_name(trial.truth, quantity.layer))}"
    return ""


def forms_of(right: Array, values: tuple[Any, ...]) -> Iterator[Array]:
    """A quantity with samples first, in the shape of these values together."""
    shape = np.shape(values)
    for form in (right, right.T[None], right[None]):
        if form.shape == shape:
            yield form


def _named(trial: Trial, site: Site, name: str) -> str:
    truth = trial.truth
    known: dict[str, Array] = {"y": truth.output, "t": truth.targets}
    known |= {f"a{layer}": array for layer, array in truth.a.items() if layer < truth.depth}
    known |= {f"z{layer}": array for layer, array in truth.z.items()}
    return name.format_map(
        {key: _own(trial, site, array) or _else(key) for key, array in known.items() if f"{{{key}}}" in name}
    )


def _else(key: str) -> str:
    return "x" if key == "a0" else key


def _own(trial: Trial, site: Site, right: Array) -> str:
    """The learner's name for a quantity: best one in the same function; "" where there is none."""
    found = [other for other in trial.code.sites if _is(trial, other, right)]
    here = [other for other in found if other.function is site.function]
    named = [other.text for other in here or found if isinstance(other.node, ast.Name | ast.Attribute | ast.Subscript)]
    return min(named, key=len) if named else ""


def _is(trial: Trial, site: Site, right: Array) -> bool:
    shapes = (right, right.T, right[0], right[0][None, :], right[0][:, None])
    values = [value for _, value in trial.values.get(site.number, [])[:4]]
    return any(
        np.shape(value) == form.shape and same_already((value,), (form,), trial.tolerance)
        for value in values
        for form in shapes
    )
