"""What belongs somewhere, in the learner's own names: `a1 * (1 - a1)` where they call the hidden layer a1."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import numpy as np

from zerokara.own_gradients.mending import Mend, same_already
from zerokara.own_gradients.quantities import slope_name
from zerokara.own_gradients.sites import Site
from zerokara.own_gradients.subject import Array
from zerokara.own_gradients.trial import Trial


def right_text(trial: Trial, mend: Mend) -> str:
    """What belongs there, as code or formula: what stands there with the term that it lacks, or the right quantity."""
    if mend.quantity is None:
        return ""
    names = Names(trial, mend.site)
    return _completed(names, mend) or _composed(names, mend) or names.said(mend.quantity.name)


def _completed(names: Names, mend: Mend) -> str:
    """What stands there with the factor that it lacks, where that is one with a name."""
    quantity, trial = mend.quantity, names.trial
    if quantity is None or quantity.kind not in ("delta", "gradient", "upstream"):
        return ""
    if isinstance(mend.site.node, ast.stmt) or np.shape(mend.values[0]) != np.shape(mend.given[0]):
        return ""
    value, right = np.asarray(mend.values[0], float), np.asarray(mend.given[0], float)
    found = f"({mend.site.text})" if isinstance(mend.site.node, ast.BinOp) else mend.site.text
    size = len(trial.truth.a[0])
    factors = {
        f"{found} / N": 1 / size,
        f"{found} * N": size,
        f"{found} / 2": 0.5,
        f"{found} * 2": 2,
        found[1:] if found.startswith("-") else f"-{found}": -1,
    }
    for text, factor in factors.items():
        if same_already((value * factor,), (right,), trial.tolerance):
            return text
    slope = trial.truth.slope.get(quantity.layer) if quantity.kind == "delta" else None
    for form in () if slope is None else (slope, slope.T, slope[0]):
        if form.shape == value.shape and same_already((value * form,), (right,), trial.tolerance):
            return f"{found} * {names.said(slope_name(trial.truth, quantity.layer))}"
    return ""


def _composed(names: Names, mend: Mend) -> str:
    """The formula of backpropagation in names that the function has: δ = upstream · slope, dW = aᵀ δ, db = Σ δ."""
    quantity, truth = mend.quantity, names.trial.truth
    if quantity is None or (quantity.rows and len(mend.values) > 1):
        return ""
    layer, scale = quantity.layer, quantity.scale
    if quantity.kind == "delta" and layer in truth.upstream:
        upstream = names.here(truth.upstream[layer] * scale)
        return f"{upstream} * {names.said(slope_name(truth, layer))}" if upstream else ""
    delta = names.here(truth.delta[layer] * scale) if quantity.kind == "gradient" else ""
    if not delta:
        return ""
    if np.size(mend.given[0]) == truth.b[layer].size:
        return f"{delta}.sum(axis=0)" if names.is_turned(delta, truth.delta[layer]) is False else ""
    operand = names.here(truth.a[layer - 1])
    if not operand or names.is_turned(delta, truth.delta[layer]) or layer in truth.transposed:
        return ""
    return f"np.dot({operand}.T, {delta})"


class Names:
    """What a learner calls the right quantities, in the function of a site."""

    def __init__(self, trial: Trial, site: Site) -> None:
        self.trial, self._site = trial, site

    def said(self, formula: str) -> str:
        """A formula of `Quantity.name` with the learner's names in the place of those in braces."""
        truth = self.trial.truth
        known: dict[str, Array] = {"y": truth.output, "t": truth.targets}
        known |= {f"a{layer}": array for layer, array in truth.a.items() if layer < truth.depth}
        known |= {f"z{layer}": array for layer, array in truth.z.items()}
        wanted = {key: array for key, array in known.items() if f"{{{key}}}" in formula}
        return formula.format_map({key: self._any(array) or SYMBOLS.get(key, key) for key, array in wanted.items()})

    def here(self, right: Array) -> str:
        """The shortest name of the same function, or call where there is none; "" where there is neither."""
        return self._shortest(filter(self._is_here, self.trial.code.sites), right)

    def _is_here(self, site: Site) -> bool:
        return site.function is self._site.function

    def _any(self, right: Array) -> str:
        return self.here(right) or self._shortest(filter(self._is_known, self.trial.code.sites), right)

    def _is_known(self, site: Site) -> bool:
        """Whether its text means nothing else in the function of the site."""
        own = {node.id for node in ast.walk(self._site.function) if isinstance(node, ast.Name)}
        own |= {node.arg for node in ast.walk(self._site.function) if isinstance(node, ast.arg)}
        return site.text not in own

    def _shortest(self, sites: Iterable[Site], right: Array) -> str:
        found = [site for site in sites if isinstance(site.node, ast.expr) and self._is(site, right)]
        named = [site.text for site in found if isinstance(site.node, _NAMES)]
        calls = [site.text for site in found if isinstance(site.node, ast.Call) and len(site.text) <= LONGEST]
        return min(named or calls or [""], key=len)

    def _is(self, site: Site, right: Array) -> bool:
        values = [value for _, value in self.trial.values.get(site.number, [])[:4]]
        forms = (right, right.T, right[0], right[0][None, :], right[0][:, None])
        tolerance = self.trial.tolerance
        return any(
            np.shape(value) == form.shape and same_already((value,), (form,), tolerance)
            for value in values
            for form in forms
        )

    def is_turned(self, name: str, right: Array) -> bool:
        """Whether what a name stands for has samples in columns, or is one sample."""
        for site in self.trial.code.sites:
            if site.function is self._site.function and site.text == name and self.trial.values.get(site.number):
                return bool(np.shape(self.trial.values[site.number][0][1]) != right.shape)
        return True


LONGEST = 40
"""Characters of a call that stands for its result where that has no name."""

SYMBOLS = {"a0": "x"}
_NAMES = (ast.Name, ast.Attribute, ast.Subscript)
