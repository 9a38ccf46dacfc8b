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
from zerokara.errors import EngineError
from zerokara.finalization import after_all_work
from zerokara.nn.labels import as_targets
from zerokara.nn.network import Network, refuse_read_only
from zerokara.words import sentence

MOST_FEATURES = 65_535
MOST_IN_BATCH = 65_535
"""The core has room for lists of all pixels of all samples of a batch: these bound it."""

SLOTS = {"sgd": (), "momentum": ("v",), "nesterov": ("v",), "adagrad": ("h",), "rmsprop": ("h",), "adam": ("m", "v")}
"""The optimizers the core knows, each with its slots in the order the core expects."""


@cache
def core() -> ModuleType | None:
    """`zerokara._core`, or None where it was not built."""
    try:
        found = importlib.import_module("zerokara._core")
    except ModuleNotFoundError:
        return None
    after_all_work(found.keep_others_out)
    return found


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
        threads: how many threads work together; None: at most as many as this process may use cores, and fewer where
            that is faster: for a small update, or while other work keeps the cores busy.

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
        self._adaptive = threads is None
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
        """One update per row of `batches`; see the contract. Raises EngineError for what the core does not take.

        Raises UsageError, before any update, where weights or the optimizer's state are read-only.
        """
        refuse_unsupported(network, split.pixels.shape[1], batches.shape[1], optimizer)
        refuse_read_only(network.params, optimizer.state)
        if gradient == "numerical":
            return self._advance_numerically(network, optimizer, split, batches, stop)
        _prepare(optimizer, network)
        losses = np.empty(len(batches), np.float64)
        weights, biases = _parameters(network)
        done = self._call(
            "advance",
            weights,
            biases,
            network.activation,
            network.loss_name,
            optimizer.name,
            **_settings(optimizer),
            steps=optimizer.steps,
            weight_slots=_slots(optimizer, network, "W"),
            bias_slots=_slots(optimizer, network, "b"),
            pixels=split.pixels,
            full=split.full or 0.0,
            labels=split.t.astype(np.int64, copy=False),
            batches=np.ascontiguousarray(batches, np.int64),
            losses=losses,
            stop=stop,
            threads=self.threads,
            adaptive=self._adaptive,
        )
        optimizer.steps += done
        return losses[:done]

    def _advance_numerically(
        self, network: Network, optimizer: Optimizer, split: Split, batches: NDArray[np.int64], stop: NDArray[np.uint8]
    ) -> NDArray[np.float64]:
        losses: list[float] = []
        for batch in batches:
            if stop[0]:
                break
            grads, loss = self._differences(network, split.rows(batch, np.float64), split.t[batch], 1e-4, None, stop)
            if stop[0]:
                break
            optimizer.update(network.params, grads)
            losses.append(loss)
        return np.array(losses)

    def numerical_gradient(
        self,
        network: Network,
        x: NDArray[Any],
        t: NDArray[Any],
        *,
        h: float = 1e-4,
        only: str | None = None,
        stop: NDArray[np.uint8] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """The central-difference gradient; see the contract. The network must be float64."""
        return self._differences(network, x, t, h, only, stop)[0]

    def _differences(
        self,
        network: Network,
        x: NDArray[Any],
        t: NDArray[Any],
        h: float,
        only: str | None,
        stop: NDArray[np.uint8] | None,
    ) -> tuple[dict[str, NDArray[np.float64]], float]:
        """The gradient, and the loss of the network as it is."""
        rows = np.ascontiguousarray(np.atleast_2d(x), np.float64)
        targets = np.ascontiguousarray(as_targets(t, len(rows), network.sizes[-1]), np.float64)
        grads = {name: np.empty_like(value) for name, value in network.params.items() if only in (None, name)}
        weights, biases = _parameters(network)
        layers = range(1, len(network.sizes))
        loss: float = self._call(
            "numerical_gradient",
            weights,
            biases,
            network.activation,
            network.loss_name,
            rows,
            targets,
            h,
            [grads.get(f"W{i}") for i in layers],
            [grads.get(f"b{i}") for i in layers],
            stop,
            self.threads,
        )
        return grads, loss

    def predict(self, network: Network, split: Split) -> NDArray[Any]:
        """Scores, before softmax: (n, classes) in the network's dtype."""
        scores = np.empty((len(split), network.sizes[-1]), network.dtype)
        self._forward("predict", network, split, scores)
        return scores

    def classify(self, network: Network, split: Split) -> NDArray[np.int64]:
        """The class of each sample's highest score, -1 where that is not finite, without keeping scores: (n,)."""
        classes = np.empty(len(split), np.int64)
        self._forward("classify", network, split, classes)
        return classes

    def _forward(self, verb: str, network: Network, split: Split, result: NDArray[Any]) -> None:
        refuse_unsupported(network, split.pixels.shape[1])
        weights, biases = _parameters(network)
        self._call(verb, weights, biases, network.activation, split.pixels, split.full or 0.0, result, self.threads)

    def _call(self, verb: str, *arguments: Any, **named: Any) -> Any:
        """A function of the core, its refusals as EngineError."""
        try:
            return getattr(self._core, verb)(*arguments, **named)
        except (TypeError, ValueError, RuntimeError) as error:
            raise EngineError(str(error)) from error


def refuse_unsupported(
    network: Network, features: int, batch_size: int = 1, optimizer: Optimizer | None = None
) -> None:
    """Raise EngineError, with the reason, for work that the compiled core does not take."""
    reason = unsupported(network, features, batch_size, None if optimizer is None else optimizer.name)
    if reason:
        raise EngineError(reason)


def unsupported(network: Network, features: int, batch_size: int = 1, optimizer: str | None = None) -> str:
    """Why the compiled core does not take this work, as a sentence; empty if it does."""
    if features != network.sizes[0]:
        return sentence(
            "The network takes {expected} features. Got pixels with {got}.", expected=network.sizes[0], got=features
        )
    if features > MOST_FEATURES:
        return sentence(
            "The compiled engine takes at most {most} features. Got {got}; use the reference engine.",
            most=MOST_FEATURES,
            got=features,
        )
    if not 1 <= batch_size <= MOST_IN_BATCH:
        return sentence(
            "The compiled engine takes batches of 1 to {most} samples. Got {got}.", most=MOST_IN_BATCH, got=batch_size
        )
    if network.activation not in ("relu", "sigmoid", "tanh") or network.weight_decay or not network.is_standard:
        return sentence("The compiled engine does not know {network!r}; use the reference engine.", network=network)
    if optimizer is not None and optimizer not in SLOTS:
        return sentence(
            "The compiled engine knows the optimizers {known}. Got {got!r}; use the reference engine.",
            known=", ".join(SLOTS),
            got=optimizer,
        )
    return ""


def _parameters(network: Network) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The weights and the biases, each in the order of the layers."""
    layers = range(1, len(network.sizes))
    return [network.params[f"W{i}"] for i in layers], [network.params[f"b{i}"] for i in layers]


def _prepare(optimizer: Optimizer, network: Network) -> None:
    """Make the state of an optimizer that has done no update yet, all zero."""
    if SLOTS[optimizer.name] and not optimizer.state:
        for slot in SLOTS[optimizer.name]:
            optimizer.state[slot] = {name: np.zeros_like(value) for name, value in network.params.items()}


def _settings(optimizer: Optimizer) -> dict[str, float]:
    """The optimizer's numbers under the core's names: momentum and decay never meet in one formula and share one."""
    settings = optimizer.settings
    return {
        "learning_rate": settings["learning_rate"],
        "decay": settings.get("momentum", settings.get("decay", 0.0)),
        "beta1": settings.get("beta1", 0.0),
        "beta2": settings.get("beta2", 0.0),
    }


def _slots(optimizer: Optimizer, network: Network, kind: str) -> list[NDArray[Any]]:
    """The optimizer's arrays for all weights ("W") or biases ("b"): slot by slot, layer by layer."""
    names = [name for name in network.params if name.startswith(kind)]
    return [optimizer.state[slot][name] for slot in SLOTS[optimizer.name] for name in names]
