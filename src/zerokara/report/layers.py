"""Inside the layers: how far weights spread, what the units give on real samples, and which of them are dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.doctor.probes import Probe, Samples, probe
from zerokara.doctor.watching import chosen
from zerokara.nn.layers import Affine
from zerokara.nn.network import Network
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.training.build import network_of_sizes
from zerokara.training.recipe import Recipe
from zerokara.words import sentence

if TYPE_CHECKING:
    from markupsafe import Markup

Array = NDArray[Any]

LOOKED_AT = 2_000
"""Training samples that units are judged by, or fewer where layers are wide."""
MOST_NUMBERS = 20_000_000
"""Of a layer's outputs at once."""
BINS = 40
"""Columns of a histogram."""


def layers(training: Reported) -> Markup | None:
    """A line for each layer; of a network whose data are here also what its hidden units do."""
    weights = _weights(training.params)
    if not weights:
        return None
    network, samples = _network(training), _samples(training)
    looked = _looked(network, samples) if network is not None and samples is not None else None
    lines = [(sentence("standard deviation of the weights"), [f"{_spread(W):.4g}" for W in weights])]
    if looked is not None:
        lines += _of_units(looked[0], weights)
    return rendered(
        "layers.html",
        # Translators: head of a table with a column for each layer of a network.
        corner=sentence("layer"),
        heads=[f"{W.shape[0]:,} → {W.shape[1]:,}" for W in weights],
        lines=lines,
        caption=_caption(0 if samples is None or looked is None else len(samples)),
        histograms=_histograms(looked[1]) if looked else [],
        outputs=sentence("What the units of each hidden layer give, and how often"),
    )


def _of_units(look: Probe, weights: list[Array]) -> list[tuple[str, list[str]]]:
    """Lines of the table on the hidden units; the last layer has none."""
    units = [W.shape[1] for W in weights[:-1]]
    return [
        (sentence("standard deviation of a unit's output"), [*(f"{v:.4g}" for v in look.variation), ""]),
        (sentence("dead units"), [*map(_share, look.dead, units), ""]),
        (sentence("saturated units"), [*map(_share, look.saturated, units), ""]),
    ]


def _caption(samples: int) -> str:
    if not samples:
        return sentence("How far the weights of each layer spread.")
    return sentence(
        "A dead unit gives nothing on any of {samples:,} training samples, and learns no more. A saturated one is "
        "flat at an end of its activation on nearly all of them.",
        samples=samples,
    )


def _weights(params: Mapping[str, Array]) -> list[Array]:
    """W1, W2, … as far as they are matrices that follow one another."""
    found: list[Array] = []
    for k in count(1):
        W = params.get(f"W{k}")
        if W is None or W.ndim != 2 or not W.size or (found and found[-1].shape[1] != W.shape[0]):
            return found
        found.append(W)
    raise AssertionError("the names never end")


def _spread(W: Array) -> float:
    return float(np.std(W, dtype=np.float64))


def _network(training: Reported) -> Network | None:
    """The network as a recipe describes it; None where there is no recipe, or parameters are not those of it."""
    known = {f.name for f in fields(Recipe)}
    if not training.recipe or not set(training.recipe) <= known:
        return None
    weights = _weights(training.params)
    network = network_of_sizes(Recipe(**training.recipe), [len(weights[0]), *(W.shape[1] for W in weights)])
    if {name: p.shape for name, p in network.params.items()} != {n: p.shape for n, p in training.params.items()}:
        return None
    network.params = dict(training.params)
    return network


def _samples(training: Reported) -> Samples | None:
    if training.dataset is None:
        return None
    widest = max([1, *(W.shape[1] for W in _weights(training.params))])
    dtype = str(training.recipe.get("dtype") or "float32")
    return chosen(training.dataset.train, max(1, min(LOOKED_AT, MOST_NUMBERS // widest)), dtype)


@np.errstate(all="ignore")
def _looked(network: Network, samples: Samples) -> tuple[Probe, list[Array]]:
    """What a probe says, and what each hidden layer gives, (samples, units)."""
    outputs, x = [], samples.x
    for layer in network.copy().layers:
        x = layer.forward(x)
        if not isinstance(layer, Affine):
            outputs.append(x)
    return probe(network, samples, 1, gradients=False), outputs


def _share(share: float, units: int) -> str:
    return f"{round(share * units):,} / {units:,}"


def _histograms(outputs: list[Array]) -> list[dict[str, Any]]:
    """Of each hidden layer the bars, as a path in a drawing of 100 by 100, and the ends of what they count."""
    histograms = []
    for k, output in enumerate(outputs, start=1):
        values = output[np.isfinite(output)]
        if not values.size:
            continue
        counts, edges = np.histogram(values, bins=BINS)
        heights = 100 * counts / max(int(counts.max()), 1)
        width = 100 / BINS
        path = "".join(
            f"M{i * width:g} 100v-{height:.1f}h{width:g}v{height:.1f}z" for i, height in enumerate(heights) if height
        )
        alt = sentence(
            "Hidden layer {k}: its outputs lie between {low:.3g} and {high:.3g}; {zero:.1%} of them are 0.",
            k=k,
            low=edges[0],
            high=edges[-1],
            zero=float(np.mean(values == 0)),
        )
        histograms.append({"path": path, "alt": alt, "low": f"{edges[0]:.3g}", "high": f"{edges[-1]:.3g}"})
    return histograms
