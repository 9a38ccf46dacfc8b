"""The compiled engine: an adapter between zerokara's objects and the arrays of `zerokara._core`.

The core checks every array and copies none; this file finds the arrays and words what a user may meet.
"""

from __future__ import annotations

import importlib
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Split
from zerokara.engine.contract import Optimizer
from zerokara.errors import EngineError, sentence
from zerokara.nn.network import Network

MOST_FEATURES = 65_535
MOST_IN_BATCH = 65_535
"""The core keeps positions of pixels in a sample, and of samples in a batch, in 16 bits."""

SLOTS = {"sgd": (), "momentum": ("v",), "nesterov": ("v",), "adagrad": ("h",), "rmsprop": ("h",), "adam": ("m", "v")}
"""The optimizers the core knows, each with its slots in the order the core expects."""


@cache
def core() -> ModuleType | None:
    """`zerokara._core`, or None where it was not built."""
    try:
        return importlib.import_module("zerokara._core")
    except ModuleNotFoundError:
        return None


def usable_cores() -> int:
    """The processor cores this process may use, by affinity and by its cgroup's quota; at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        cores = os.cpu_count() or 1
    return max(1, min(cores, _cgroup_cores(cores)))


def _cgroup_cores(otherwise: int) -> int:
    """The quota of cgroup v2 in whole cores, rounded up."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return otherwise


class CompiledEngine:
    """See `zerokara.engine.contract.Engine`. Results are the same bits for every number of threads.

    Args:
        threads: how many threads work together; None: the cores this process may use.

    Raises EngineError where the compiled core is missing, or ZEROKARA_LEVEL asks for a level this machine lacks.
    """

    name = "compiled"

    def __init__(self, threads: int | None = None) -> None:
        found = core()
        if found is None:
            raise EngineError(
                sentence(
                    "The compiled engine is not there: zerokara was installed without a C++ compiler. "
                    "Use the reference engine, or install a compiler and then zerokara again."
                )
            )
        self._core = found
        self.threads = usable_cores() if threads is None else threads
        if not 1 <= self.threads <= 1024:
            raise EngineError(sentence("threads must lie from 1 to 1024. Got {got}.", got=threads))
        try:
            self.level: str = found.level()
        except RuntimeError as error:
            raise EngineError(str(error)) from error

    def advance(
        self,
        network: Network,
        optimizer: Optimizer,
        split: Split,
        batches: NDArray[np.int64],
        *,
        gradient: str = "backprop",
        stop: NDArray[np.uint8],
    ) -> NDArray[np.float64]:
        """One update per row of `batches`; see the contract. Raises EngineError for what the core does not take."""
        refuse_unsupported(network, split.pixels.shape[1], batches.shape[1], optimizer)
        if SLOTS[optimizer.name] and not optimizer.state:
            optimizer.state.update({slot: _zeros_like(network) for slot in SLOTS[optimizer.name]})
        weights, biases = _parameters(network)
        slots = [optimizer.state[slot] for slot in SLOTS[optimizer.name]]
        settings = optimizer.settings
        losses = np.empty(len(batches), np.float64)
        try:
            done = self._core.advance(
                weights,
                biases,
                network.activation,
                network.loss_name,
                optimizer.name,
                learning_rate=settings["learning_rate"],
                decay=settings.get("momentum", settings.get("decay", 0.0)),
                beta1=settings.get("beta1", 0.0),
                beta2=settings.get("beta2", 0.0),
                steps=optimizer.steps,
                weight_slots=[slot[name] for slot in slots for name in network.params if name.startswith("W")],
                bias_slots=[slot[name] for slot in slots for name in network.params if name.startswith("b")],
                pixels=split.pixels,
                full=split.full or 0.0,
                labels=split.t.astype(np.int64, copy=False),
                batches=np.ascontiguousarray(batches, np.int64),
                losses=losses,
                stop=stop,
                threads=self.threads,
            )
        except (TypeError, ValueError, RuntimeError) as error:
            raise EngineError(str(error)) from error
        optimizer.steps += done
        return losses[:done]

    def predict(self, network: Network, split: Split) -> NDArray[Any]:
        """Scores, before softmax: (n, classes) in the network's dtype."""
        scores = np.empty((len(split), network.sizes[-1]), network.dtype)
        self._forward("predict", network, split, scores)
        return scores

    def classify(self, network: Network, split: Split) -> NDArray[np.int64]:
        """The class of each sample's highest score, `predict(...).argmax(axis=1)` without keeping the scores: (n,)."""
        classes = np.empty(len(split), np.int64)
        self._forward("classify", network, split, classes)
        return classes

    def _forward(self, verb: str, network: Network, split: Split, result: NDArray[Any]) -> None:
        refuse_unsupported(network, split.pixels.shape[1])
        weights, biases = _parameters(network)
        try:
            getattr(self._core, verb)(weights, biases, network.activation, split.pixels, split.full or 0.0, result, self.threads)
        except (TypeError, ValueError, RuntimeError) as error:
            raise EngineError(str(error)) from error


def refuse_unsupported(network: Network, features: int, batch_size: int = 1, optimizer: Optimizer | None = None) -> None:
    """Raise EngineError, with the reason, for work that the compiled core does not take."""
    reason = unsupported(network, features, batch_size, None if optimizer is None else optimizer.name)
    if reason:
        raise EngineError(reason)


def unsupported(network: Network, features: int, batch_size: int = 1, optimizer: str | None = None) -> str:
    """Why the compiled core does not take this work, as a sentence; empty if it does."""
    if features != network.sizes[0]:
        return sentence("The network takes {expected} features. Got pixels with {got}.", expected=network.sizes[0], got=features)
    if features > MOST_FEATURES:
        return sentence("The compiled engine takes at most {most} features. Got {got}; use the reference engine.",
                        most=MOST_FEATURES, got=features)
    if not 1 <= batch_size <= MOST_IN_BATCH:
        return sentence("The compiled engine takes batches of 1 to {most} samples. Got {got}.", most=MOST_IN_BATCH, got=batch_size)
    if optimizer is not None and optimizer not in SLOTS:
        return sentence("The compiled engine knows the optimizers {known}. Got {got!r}; use the reference engine.",
                        known=", ".join(SLOTS), got=optimizer)
    return ""


def _parameters(network: Network) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The weights and the biases, each in the order of the layers."""
    layers = range(1, len(network.sizes))
    return [network.params[f"W{i}"] for i in layers], [network.params[f"b{i}"] for i in layers]


def _zeros_like(network: Network) -> dict[str, NDArray[Any]]:
    return {name: np.zeros_like(value) for name, value in network.params.items()}
