"""The compiled engine: an adapter between zerokara's objects and the arrays of `zerokara._core`.

The core checks every array and copies none; this file finds the arrays, and says what the core does not take.
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
from zerokara.engine.refusals import worded
from zerokara.errors import EngineError
from zerokara.finalization import after_all_work
from zerokara.nn.finite_difference import FiniteDifference
from zerokara.nn.labels import as_targets
from zerokara.nn.network import Network
from zerokara.nn.params import refuse_read_only
from zerokara.words import paragraph, sentence


@cache
def core() -> ModuleType | None:
    """`zerokara._core`, or None where it was not built."""
    try:
        found = importlib.import_module("zerokara._core")
    except ModuleNotFoundError:
        return None
    after_all_work(found.keep_others_out)
    return found


@cache
def capabilities() -> dict[str, Any]:
    """What the core can train: "activations", "losses", and "optimizers" with their "slots" and "settings".

    And how large its input may be, "most_features" and "most_in_batch"; and in "differences" what numerical gradients
    are computed of, "activations" and "losses", each name with those of its parameters. All of it is empty where there
    is no core.
    """
    found = core()
    if found is None:
        differences: dict[str, Any] = {"activations": {}, "losses": {}}
        training = {"activations": [], "losses": [], "optimizers": {}, "most_features": 0, "most_in_batch": 0}
        return training | {"differences": differences}
    return dict(found.capabilities())


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
            raise refused(_not_built())
        self._core = found
        self.threads = usable_cores() if threads is None else threads
        self._adaptive = threads is None
        if not 1 <= self.threads <= 1024:
            raise EngineError(sentence("threads must lie from 1 to 1024. Got {got}.", got=threads), "wrong-value")
        try:
            self.level: str = found.level()
        except found.Refusal as error:
            raise EngineError(worded(error), "engine-unavailable") from error

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
            network.weight_decay,
            optimizer.name,
            settings=_settings(optimizer),
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
        """The central-difference gradient; see the contract. The network must be float64.

        Raises EngineError for a network that the core does not take.
        """
        reason = unsupported_differences(network, len(np.atleast_2d(x)))
        if reason:
            raise refused(reason)
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
        points = FiniteDifference.central(h)
        loss = self.fill_differences(
            weights=weights,
            biases=biases,
            activation=network.activation,
            activation_parameters=None,
            loss=network.loss_name,
            loss_parameters=None,
            weight_decay=network.weight_decay,
            x=rows,
            targets=targets,
            above=points.above,
            below=points.below,
            weight_gradients=[grads.get(f"W{i}") for i in layers],
            bias_gradients=[grads.get(f"b{i}") for i in layers],
            stop=stop,
        )
        return grads, loss

    def fill_differences(self, **arguments: Any) -> float:
        """The differences of a network that is given by its arrays, and the loss; the arguments are the core's.

        Raises EngineError for what the core does not take.
        """
        loss: float = self._call("numerical_gradient", **arguments, threads=self.threads)
        return loss

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
        except self._core.Refusal as error:
            text = paragraph(worded(error), sentence("Nothing was changed."))
            raise EngineError(text, "engine-unsuitable") from error
        except (TypeError, ValueError, RuntimeError) as error:  # of nanobind, or of the system
            raise EngineError(sentence("The compiled engine failed: {reason}", reason=error)) from error


def refuse_unsupported(
    network: Network, features: int, batch_size: int = 1, optimizer: Optimizer | None = None
) -> None:
    """Raise EngineError, with the reason, for work that the compiled core does not take."""
    reason = unsupported(network, features, batch_size, optimizer)
    if reason:
        raise refused(reason)


def refused(reason: str) -> EngineError:
    """The error for work that the compiled core does not take, with a sentence on why."""
    return EngineError(reason, "engine-unavailable" if core() is None else "engine-unsuitable")


def unsupported(network: Network, features: int, batch_size: int = 1, optimizer: Optimizer | None = None) -> str:
    """Why the compiled core does not take this work, as a sentence; empty if it does."""
    if core() is None:
        return _not_built()
    return (
        _unsupported_size(network, features, batch_size)
        or _unsupported_name(network)
        or ("" if network.is_standard else _not_standard())
        or ("" if optimizer is None else _unsupported_optimizer(optimizer))
    )


def unsupported_differences(network: Network, samples: int) -> str:
    """Why the compiled core does not take the numerical gradient of this network, as a sentence; empty if it does.

    What the loss is decides that alone, however the network would find its gradient.
    """
    if core() is None:
        return _not_built()
    return (
        _unsupported_size(network, network.sizes[0], samples)
        or _unsupported_name(network)
        or ("" if network.has_standard_loss else _not_standard())
    )


def _not_built() -> str:
    return sentence(
        "The compiled engine is not there: zerokara was installed without a C++ compiler. "
        "Use the reference engine, or install a compiler and then zerokara again."
    )


def _unsupported_size(network: Network, features: int, batch_size: int) -> str:
    most_features, most_in_batch = capabilities()["most_features"], capabilities()["most_in_batch"]
    if features != network.sizes[0]:
        return sentence(
            "The network takes {expected} features. Got pixels with {got}.", expected=network.sizes[0], got=features
        )
    if features > most_features:
        return sentence(
            "The compiled engine takes at most {most} features. Got {got}; use the reference engine.",
            most=most_features,
            got=features,
        )
    if not 1 <= batch_size <= most_in_batch:
        return sentence(
            "The compiled engine takes batches of 1 to {most} samples. Got {got}.", most=most_in_batch, got=batch_size
        )
    return ""


def _unsupported_name(network: Network) -> str:
    if network.activation not in capabilities()["activations"]:
        return sentence(
            "The compiled engine knows the activations {known}. Got {got!r}; use the reference engine.",
            known=", ".join(capabilities()["activations"]),
            got=network.activation,
        )
    if network.loss_name not in capabilities()["losses"]:
        return sentence(
            "The compiled engine knows the losses {known}. Got {got!r}; use the reference engine.",
            known=", ".join(capabilities()["losses"]),
            got=network.loss_name,
        )
    return ""


def _not_standard() -> str:
    return sentence(
        "The compiled engine computes zerokara's own layers, losses and methods only, and this network has others in "
        "their place; use the reference engine."
    )


def _unsupported_optimizer(optimizer: Optimizer) -> str:
    if optimizer.name not in capabilities()["optimizers"]:
        return sentence(
            "The compiled engine knows the optimizers {known}. Got {got!r}; use the reference engine.",
            known=", ".join(capabilities()["optimizers"]),
            got=optimizer.name,
        )
    if not optimizer.is_standard:
        return sentence(
            "The compiled engine computes zerokara's own optimizers only, and this one under the name {name!r} is "
            "another; use the reference engine.",
            name=optimizer.name,
        )
    return ""


def _parameters(network: Network) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The weights and the biases, each in the order of the layers."""
    layers = range(1, len(network.sizes))
    return [network.params[f"W{i}"] for i in layers], [network.params[f"b{i}"] for i in layers]


def _prepare(optimizer: Optimizer, network: Network) -> None:
    """Make the state of an optimizer that has done no update yet, all zero."""
    if not optimizer.state:
        for slot in capabilities()["optimizers"][optimizer.name]["slots"]:
            optimizer.state[slot] = {name: np.zeros_like(value) for name, value in network.params.items()}


def _settings(optimizer: Optimizer) -> dict[str, float]:
    """The optimizer's numbers, by the names that the core asks for."""
    return {name: optimizer.settings[name] for name in capabilities()["optimizers"][optimizer.name]["settings"]}


def _slots(optimizer: Optimizer, network: Network, kind: str) -> dict[str, list[NDArray[Any]]]:
    """The optimizer's arrays for all weights ("W") or biases ("b"), layer by layer, by slot."""
    names = [name for name in network.params if name.startswith(kind)]
    slots = capabilities()["optimizers"][optimizer.name]["slots"]
    return {slot: [optimizer.state[slot][name] for name in names] for slot in slots}
