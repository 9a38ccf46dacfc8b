"""Which engine a run gets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.engine.compiled import CompiledEngine, refused, unsupported, unsupported_differences
from zerokara.engine.contract import Engine, Optimizer
from zerokara.engine.reference import ReferenceEngine
from zerokara.errors import UsageError, unknown_name
from zerokara.nn.network import Network
from zerokara.words import in_english, paragraph, sentence

logger = logging.getLogger(__name__)

AUTO = "auto"
ENGINES: dict[str, Callable[[int | None], Engine]] = {"compiled": CompiledEngine, "reference": ReferenceEngine}
"""What makes the engine of each name, from how many threads it may use; None: as it thinks fit."""

MOST_THREADS = 1024
DENSE, LARGE_BATCH = 0.6, 125
"""From this share of nonzero pixels and this batch size on, a matrix library wins: there is nothing to skip."""
VERY_WIDE, VERY_LARGE_BATCH = 4_000, 1_000
"""From these on a matrix library wins on some processors, and loses little on the others."""


def choose_engine(
    name: str,
    network: Network,
    batch_size: int,
    *,
    optimizer: Optimizer | None = None,
    threads: int | None = None,
    density: float = 0.0,
) -> Engine:
    """The engine of that name, or under "auto" the one that is faster for this network and batch size.

    Args:
        name: "auto", or one of `ENGINES`.
        network: what will be trained or asked; batch_size: samples in an update.
        optimizer: what trains it, if it is trained. What the core has no kernel for is trained by the reference engine.
        threads: how many the compiled engine uses; None: the cores this process may use.
        density: the share of pixels that are not 0.

    Raises:
        UsageError: for another name.
        EngineError: "compiled" was asked for and cannot do this work here; it says why.
    """
    if name not in (AUTO, *ENGINES):
        raise unknown_name("engine", name, (AUTO, *ENGINES))
    if threads is not None and (type(threads) is not int or not 1 <= threads <= MOST_THREADS):
        raise UsageError(
            sentence("threads must be a whole number from 1 to {most}. Got {got!r}.", most=MOST_THREADS, got=threads),
            "wrong-value",
        )
    why = in_english("it was asked for")
    if name == AUTO:
        against = _why_reference(network, batch_size, optimizer, density)
        name, why = ("reference", against) if against else ("compiled", in_english("the faster one"))
    if name == "compiled" and (reason := unsupported(network, network.sizes[0], batch_size, optimizer)):
        raise refused(paragraph(sentence("The compiled engine cannot do this."), reason))
    logger.info("%s engine for %r: %s", name, network, why)
    return ENGINES[name](threads)


def _why_reference(network: Network, batch_size: int, optimizer: Optimizer | None, density: float) -> str:
    """Why the reference engine is the better one for this work, for the log; empty if the compiled one is.

    A fixed rule, not a timing probe, so that the same recipe takes the same engine on the same machine.

    On MNIST the compiled engine was the faster one at every size measured (benchmarks/RESULTS.md) but the largest,
    hidden 4,096 with batches of 1,000: there it took 0.92 of NumPy's time on one processor and 1.24 on another. On
    pixels of which none is 0 it mostly was faster up to a batch of 100; at 1,000 it mostly was NumPy, 3 times at most.
    """
    if density >= DENSE and batch_size >= LARGE_BATCH:
        return in_english("few pixels are 0 and batches large, where a matrix library is faster")
    if max(network.sizes[1:]) >= VERY_WIDE and batch_size >= VERY_LARGE_BATCH:
        return in_english("layers are wide and batches large, where a matrix library is faster")
    return unsupported(network, network.sizes[0], batch_size, optimizer)


def fastest_gradient(
    network: Network, x: NDArray[Any], t: NDArray[Any], *, h: float, only: str | None
) -> dict[str, NDArray[np.float64]]:
    """The central differences of a network by the fastest engine there is; fills the slot in `nn.network`."""
    engine = ReferenceEngine() if unsupported_differences(network, len(np.atleast_2d(x))) else CompiledEngine()
    return engine.numerical_gradient(network, x, t, h=h, only=only)
