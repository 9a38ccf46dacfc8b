"""What the contract says of every engine: a sample without a finite largest score has no class."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from zerokara.data.dataset import Split
from zerokara.engine.compiled import CompiledEngine, core
from zerokara.engine.contract import Engine
from zerokara.engine.reference import ReferenceEngine
from zerokara.nn.network import Network

SIZES = (20, 12, 9, 5)
ENGINES = ["reference", *(["compiled"] if core() is not None else [])]

pytestmark = pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")


def engine_named(name: str) -> Engine:
    return ReferenceEngine() if name == "reference" else CompiledEngine(2)


def class_of(scores: list[float]) -> int:
    """By the words of the contract, with nothing of NumPy."""
    largest = -float("inf")
    best = -1
    for k, score in enumerate(scores):
        if score != score or score == float("inf"):
            return -1
        if score > largest:
            largest, best = score, k
    return best


def make(activation: str, dtype: str, kind: str) -> tuple[Network, Split]:
    rng = np.random.default_rng(3)
    network = Network(SIZES, activation=activation, init=0.5, seed=1, dtype=dtype)
    pixels = rng.integers(0, 256, (300, SIZES[0])) * (rng.random((300, SIZES[0])) < 0.7)
    labels = rng.integers(0, SIZES[-1], 300)
    if kind == "bytes":
        return network, Split(pixels.astype(np.uint8), labels, full=255)
    return network, Split((pixels / 255).astype(kind), labels, None)


def check(engine: str, network: Network, split: Split) -> set[int]:
    """Classes are those of the reference's scores, and the network's accuracy counts -1 as wrong."""
    scores = ReferenceEngine().predict(network, split)
    expected = np.array([class_of(row) for row in scores.tolist()])
    found = engine_named(engine).classify(network, split)
    np.testing.assert_array_equal(found, expected)
    assert network.accuracy(split.x, split.t) == (expected == split.t).mean()
    return set(found.tolist())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_a_sample_without_a_finite_largest_score_has_no_class(activation: str, dtype: str, engine: str) -> None:
    seen: set[int] = set()
    for kind, bad in itertools.product(["bytes", "float32", "float64"], [np.nan, np.inf, -np.inf]):
        for name in ("W1", "b1", "W2", "b2", "W3", "b3"):
            network, split = make(activation, dtype, kind)
            array = network.params[name]
            array[(*(size // 2 for size in array.shape[:-1]), 1)] = bad
            seen |= check(engine, network, split)
            array[...] = bad
            seen |= check(engine, network, split)
    assert -1 in seen
    assert len(seen) > 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
def test_nor_has_one_whose_pixels_make_it_so(activation: str, dtype: str, engine: str) -> None:
    for kind, bad in itertools.product(["float32", "float64"], [np.nan, np.inf, -np.inf]):
        network, split = make(activation, dtype, kind)
        split.pixels[::3, 7] = bad
        classes = check(engine, network, split)
        assert -1 in classes or not np.isnan(bad)
        assert len(classes - {-1}) > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_of_nan_is_never_right(engine: str) -> None:
    """Also where every label is 0, which is what NumPy's argmax says of NaN."""
    network, split = make("relu", "float32", "bytes")
    network.params = {name: np.full_like(value, np.nan) for name, value in network.params.items()}
    zeros = Split(split.pixels, np.zeros_like(split.t), full=255)
    assert check(engine, network, zeros) == {-1}
    assert network.accuracy(zeros.x, zeros.t) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_minus_infinity_beside_a_finite_score_is_only_the_smallest(engine: str) -> None:
    network, split = make("relu", "float64", "bytes")
    network.params["b3"][:] = [-np.inf, -np.inf, 0, -np.inf, -np.inf]
    assert check(engine, network, split) == {2}
