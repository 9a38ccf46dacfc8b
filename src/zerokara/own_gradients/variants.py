"""Other forward passes than the loss has, which a gradient may have been computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from zerokara.own_gradients.elementwise import ACTIVATIONS
from zerokara.own_gradients.fitting import fitted
from zerokara.own_gradients.observing import Observation
from zerokara.own_gradients.subject import Array, Truth
from zerokara.own_gradients.truth import truth_at

INPUTS: Mapping[str, Callable[[Array], Array]] = {
    "2x": lambda x: 2 * x,
    "x/2": lambda x: x / 2,
    "x − 1/2": lambda x: x - 0.5,
    "x + 1/2": lambda x: x + 0.5,
    "x − 1": lambda x: x - 1,
    "x + 1": lambda x: x + 1,
    "−x": lambda x: -x,
    "1 − x": lambda x: 1 - x,
    "2x − 1": lambda x: 2 * x - 1,
    "x/255": lambda x: x / 255,
    "255x": lambda x: x * 255,
    "x²": np.square,
    "√x": lambda x: np.sqrt(np.abs(x)),
    "sign(x)": np.sign,
    "|x|": np.abs,
    "x − mean": lambda x: x - x.mean(axis=0),
    "x − mean(x)": lambda x: x - x.mean(),
    "x/max": lambda x: x / (np.abs(x).max() or 1.0),
    "0.1x": lambda x: 0.1 * x,
    "0.9x": lambda x: 0.9 * x,
    "10x": lambda x: 10 * x,
}


@dataclass(frozen=True)
class Variant:
    """Another forward pass.

    Attributes:
        name: as a formula, or what is left out.
        kind: "x", "bias", or "activation".
        layer: whose bias or activation; 0 for all biases.
        own_slopes: whether derivatives are of the activation that the loss has.
        own_input: whether the gradient of the first W takes x as the loss does.
    """

    name: str
    kind: str
    layer: int = 1
    own_slopes: bool = False
    own_input: bool = False

    def seen(self, seen: Observation) -> Observation:
        """An observation as if this were the forward pass."""
        return replace(seen, truth=self._truth(seen))

    def _truth(self, seen: Observation) -> Truth:
        model, params, x = seen.model, dict(seen.params), seen.x
        if self.kind == "x":
            x = INPUTS[self.name](np.asarray(x, np.float64))
        if self.kind == "bias":
            for number, layer in enumerate(model.layers, start=1):
                if self.layer in (0, number) and layer.bias is not None:
                    params[layer.bias] = np.zeros_like(params[layer.bias])
        if self.kind == "activation":
            formulas = list(model.activations)
            formulas[self.layer - 1] = next(f for f in ACTIVATIONS if str(f) == self.name)
            model = replace(model, activations=tuple(formulas))
        truth = truth_at(model, params, x, seen.t, slopes_of=seen.model if self.own_slopes else None)
        if self.own_input:
            truth = replace(truth, a={**truth.a, 0: seen.truth.a[0]})
        return truth


def variants(seen: Observation) -> Iterator[Variant]:
    """All that are tried, the likelier first."""
    biases = [number for number, layer in enumerate(seen.model.layers, start=1) if layer.bias is not None]
    yield from (Variant("b = 0", "bias", layer) for layer in ([0] if len(biases) > 1 else []) + biases)
    for number, formula in enumerate(seen.model.activations, start=1):
        others = [other for other in ACTIVATIONS if other != formula]
        yield from (Variant(str(f), "activation", number, own_slopes=own) for f in others for own in (False, True))
    yield from (Variant(name, "x", own_input=own) for name in INPUTS for own in (False, True))


def plausible(seen: Observation, variant: Variant) -> Observation | None:
    """The observation of a variant whose gradient of the last layer is the learner's up to a factor; else None."""
    with np.errstate(all="ignore"):
        changed = variant.seen(seen)
    last = seen.truth.depth
    gradient = seen.weights_of(seen.gradient, last)
    expected = changed.truth.a[last - 1].T @ changed.truth.delta[last]
    if gradient is None or gradient.shape != expected.shape or not np.isfinite(expected).all():
        return None
    if np.allclose(expected, seen.truth.a[last - 1].T @ seen.truth.delta[last], rtol=1e-6, atol=0):
        return None
    decay = seen.model.decays(seen.n).get(seen.model.layers[last - 1].weight, 0.0)
    return changed if fitted(gradient - decay * seen.truth.W[last], [expected], 10 * seen.within) else None
