"""Which loss of ours a learner's is, weight decay included: proven by comparing numbers.

The learner's own loss of a copy of their network is computed for several parameters, batches and kinds of targets. It
is ours if all numbers are the same. What is left over is weight decay, where it is
the same multiple of ½ Σ W² each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.own_calls import CannotCall, called, numbers
from zerokara.lab.own_network import Proven, random_params, samples
from zerokara.nn.functions import STANDARD_LOSSES
from zerokara.nn.network import Network

Array = NDArray[Any]
Loss = Callable[[Any, Any], Any]

ROUNDING = 5.0
"""How far losses may be apart, in those that the network's answers may be."""
BATCHES = (4, 101)
"""Of two sizes, since a sum is no mean; the larger one has samples of every class, or of so many."""
PENALTY = 1e-6
"""How far the weight decays that numbers tell may be apart, relatively."""


@dataclass(frozen=True)
class ProvenLoss:
    """What was proven of a loss.

    Attributes:
        method: the name of the learner's; name: that of ours.
        weight_decay: λ, 0 where there is none.
        one_hot: whether targets are given to it as rows of zeros and a one; else as the numbers of classes.
    """

    method: str
    name: str
    weight_decay: float
    one_hot: bool

    def value(self, network: Network, x: Array, t: Array) -> float:
        """Ours of samples x with classes t, in double precision."""
        double = network.copy(np.float64)
        double.loss_name, double.weight_decay = self.name, self.weight_decay
        return double.loss(x, t)


@dataclass(frozen=True)
class _Measured:
    """A number of theirs, and what it must be made of: our losses by name, and ½ Σ W²."""

    theirs: float
    ours: Mapping[str, float]
    penalty: float


def proven_loss(
    losses: Mapping[str, Loss], arrays: Mapping[str, Array], known: Proven, tolerance: float, *, one_hot: bool | None
) -> ProvenLoss | None:
    """The loss of ours that one of theirs is; None where none is.

    Args:
        losses: by name, of a copy of their network with these arrays, which get other values here.
        one_hot: how their targets are; None where nobody knows.
    """
    for method, loss in losses.items():
        for hot in (True, False) if one_hot is None else (one_hot,):
            try:
                measured = list(_measured(loss, arrays, known, hot))
            except CannotCall:
                continue
            name, decay = _explained(measured, ROUNDING * tolerance)
            # The first one that gives numbers is theirs; another that happens to be ours is not what they train with.
            return ProvenLoss(method, name, decay, hot) if name else None
    return None


def number_of(loss: Loss, x: Array, t: Array, classes: int, form: str, *, one_hot: bool, limited: bool = True) -> float:
    """Theirs, of samples x (n, features) with classes t. Raises CannotCall."""
    targets = np.eye(classes)[t] if one_hot else t.copy()
    if "columns" in form:
        x, targets = np.ascontiguousarray(x.T), np.ascontiguousarray(targets.T)
    number = numbers(called(loss, x.copy(), targets, limited=limited))
    if number.size != 1:
        raise CannotCall
    return float(number.reshape(-1)[0])


def _measured(loss: Loss, arrays: Mapping[str, Array], known: Proven, one_hot: bool) -> Iterator[_Measured]:
    """Numbers for two sets of parameters and two sizes of a batch. Raises CannotCall."""
    sizes = known.layout.sizes
    for trial in range(2):
        drawn = random_params(sizes, 10 + trial)
        known.layout.write({name: array * (1.0 + trial) for name, array in drawn.items()}, arrays)
        params = known.layout.ours(arrays)
        assert params is not None, "they have been proven"
        network = known.network({name: np.asarray(array, np.float64) for name, array in params.items()})
        penalty = 0.5 * sum(
            float(np.square(array, dtype=np.float64).sum()) for n, array in params.items() if n[0] == "W"
        )
        for size in (BATCHES[0], min(BATCHES[1], BATCHES[0] + sizes[-1])):
            x, t = samples(sizes[0], size), (np.arange(size) + 1) % sizes[-1]
            theirs = number_of(loss, x, t, sizes[-1], known.form, one_hot=one_hot)
            scores = network.predict(x)
            ours = {name: standard.value(scores, np.eye(sizes[-1])[t]) for name, standard in STANDARD_LOSSES.items()}
            yield _Measured(theirs, ours, penalty)


def _explained(measured: list[_Measured], tolerance: float) -> tuple[str, float]:
    """The name of our loss and the weight decay that all of the numbers are; "" where none explains them."""
    for name in STANDARD_LOSSES:
        rest = np.array([one.theirs - one.ours[name] for one in measured])
        bound = np.array([tolerance * max(abs(one.theirs), 1e-3) for one in measured])
        if not np.isfinite(rest).all():
            continue
        if (np.abs(rest) <= bound).all():
            return name, 0.0
        penalties = np.array([one.penalty for one in measured])
        decays = rest / penalties
        decay = float(f"{np.median(decays):.9g}")
        if decay > 0 and (np.abs(rest - decay * penalties) <= bound + PENALTY * np.abs(rest)).all():
            return name, decay
    return "", 0.0
