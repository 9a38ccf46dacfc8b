"""What follows from a cause and is seen first: units that do nothing, gradients that vanish or explode."""

from __future__ import annotations

from collections.abc import Iterator

from zerokara.doctor.probes import Probe
from zerokara.words import sentence

MANY_DEAD, MANY_SATURATED = 0.5, 0.3
VANISHED = 10**-1.9
"""Gradient of the first layer ÷ gradient of the last."""
EXPLODED = 1e3
"""The largest gradient of a layer, where losses of 2 give some 0.1."""


def symptoms(probe: Probe | None) -> tuple[str, ...]:
    """What a probe shows, as sentences, but for what is usual in a network that learns."""
    return () if probe is None else tuple(_symptoms(probe))


def _symptoms(probe: Probe) -> Iterator[str]:
    if max(probe.dead, default=0) > MANY_DEAD:
        yield sentence(
            "{share:.0%} of the units of hidden layer {layer} are dead: they give 0 for all samples.",
            share=max(probe.dead),
            layer=_layer(probe.dead),
        )
    if max(probe.saturated, default=0) > MANY_SATURATED:
        yield sentence(
            "{share:.0%} of the units of hidden layer {layer} are saturated: their slope is nearly 0.",
            share=max(probe.saturated),
            layer=_layer(probe.saturated),
        )
    ratio = vanishing(probe)
    if ratio is not None and 0 < ratio < VANISHED:
        yield sentence("The gradient of the first layer is {ratio:.0e} of that of the last.", ratio=ratio)
    if max(probe.norms, default=0) > EXPLODED:
        yield sentence("The gradient has grown to {norm:.0e}.", norm=max(probe.norms))


def vanishing(probe: Probe) -> float | None:
    """Gradient of the first layer ÷ that of the last; None where there is none."""
    return probe.norms[0] / probe.norms[-1] if len(probe.norms) > 1 and probe.norms[-1] > 0 else None


def _layer(shares: tuple[float, ...]) -> int:
    return shares.index(max(shares)) + 1
