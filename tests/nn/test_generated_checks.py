"""Gradient checks of networks made at random: right ones are never accused, wrong ones are found.

What is right comes from a witness: complex steps in extended precision, Im f(w + ih) / h, which neither truncate nor
cancel (Squire and Trapp 1998).
"""

from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest

from zerokara.nn import Network, gradient_check
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.nn.functions import LOSSES, TEXTBOOK_EPSILON
from zerokara.nn.layers import ACTIVATIONS

RIGHT, WRONG = 3000, 1800
WORKERS = 6


@dataclass
class Case:
    network: Network
    x: np.ndarray
    t: np.ndarray
    scale: float


def made(seed: int, network=Network) -> Case:
    """A network, samples and labels of any kind and size."""
    rng = np.random.default_rng([seed, 1])
    n = int(rng.choice([1, 2, 5, 20, 60]))
    sizes = [int(size) for size in rng.integers(1, 13, size=rng.integers(2, 6))]
    sizes[-1] = int(rng.integers(2, 7))
    net = network(
        sizes,
        activation=str(rng.choice(list(ACTIVATIONS))),
        loss=str(rng.choice(list(LOSSES))),
        init=[0.01, "he", "xavier", 1.0, 10.0][rng.integers(5)],
        seed=seed,
        dtype=[np.float64, np.float32][int(rng.random() < 0.1)],
    )
    spoil(net, rng)
    x, scale = inputs(n, sizes[0], rng)
    return Case(net, x, labels(n, sizes[-1], rng), scale)


def spoil(net, rng):
    for name, values in net.params.items():
        kind = rng.random()
        if name[0] == "b" and kind < 0.6:
            values[...] = rng.standard_normal(values.shape) * 10 ** rng.uniform(-3, 1)
        elif name[0] == "W" and kind < 0.08:
            values[...] = 0
        elif name[0] == "W" and kind < 0.16:
            values *= 10 ** rng.uniform(1, 3)  # saturated
        elif name[0] == "W" and kind < 0.25:
            values[rng.random(len(values)) < 0.4] = 0


def inputs(n, features, rng):
    shape, scale = (n, features), 10 ** rng.uniform(-6, 6)
    x = [rng.random, rng.standard_normal, lambda shape: rng.integers(0, 256, shape) / 255][rng.integers(3)](shape)
    if rng.random() < 0.3:  # mixed between columns
        x = x * 10 ** rng.uniform(-6, 6, features)
    else:
        x = x * scale
    if rng.random() < 0.3:
        x[:, rng.random(features) < 0.3] = 0
    if rng.random() < 0.3:
        x[rng.random(shape) < 0.6] = 0
    return x, float(np.abs(x).max())


def labels(n, classes, rng):
    kind = rng.integers(4)
    indices = rng.integers(classes, size=n)
    if kind == 0:
        return indices
    if kind == 1:
        return np.eye(classes)[indices]
    soft = rng.dirichlet(np.ones(classes), n)
    return soft if kind == 2 else soft * rng.uniform(0.2, 2, (n, 1))


def tally(seeds):
    out = dict(alarms=[], rows=0, untold=0, params=0)
    for seed in seeds:
        case = made(seed)
        check = gradient_check(case.network, case.x, case.t)
        if check.verdict == DISAGREES:
            out["alarms"].append(seed)
        yield seed, case, check
