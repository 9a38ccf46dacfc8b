"""The compiled engine against the reference engine, which defines what is right."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import zerokara
from zerokara.data.dataset import Split
from zerokara.engine.reference import ReferenceEngine
from zerokara.errors import EngineError
from zerokara.nn.activations import ACTIVATIONS as ACTIVATIONS_OF_NN
from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.nn.functions import LOSSES as LOSSES_OF_NN
from zerokara.nn.functions import STANDARD_LOSSES
from zerokara.nn.network import Network
from zerokara.training.optimizers import STANDARD_OPTIMIZERS, Optimizer, optimizer_named

pytest.importorskip("zerokara._core", reason="the compiled core was not built")

from zerokara.engine.compiled import CompiledEngine, capabilities, core, unsupported, usable_cores

ACTIVATIONS: list[str] = capabilities()["activations"]
LOSSES: list[str] = capabilities()["losses"]
OPTIMIZERS: list[str] = list(capabilities()["optimizers"])
SIZES = [
    (1, 3),
    (30, 7),
    (30, 1, 3),
    (64, 7, 3),
    (100, 63, 3),
    (70, 65, 10),
    (450, 9, 3),
    (30, 20, 33, 5),
    (17, 9, 40, 7, 3),
]
LEVELS = ["baseline", "v3", "v4"]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
"""Of the largest gradient: some hundred additions in an order of their own, at 6e-8 and 1e-16 each."""


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every processor level that this machine and this build have."""
    found = core()
    assert found is not None
    if LEVELS.index(request.param) > LEVELS.index(found.best_level()):
        pytest.skip(f"this machine goes no further than {found.best_level()}")
    monkeypatch.setenv("ZEROKARA_LEVEL", request.param)
    return str(request.param)


def going() -> NDArray[np.uint8]:
    return np.zeros(1, np.uint8)


def make_split(kind: str, features: int, classes: int, count: int = 60, seed: int = 0) -> Split:
    """Random samples: bytes mostly zero, with an all-zero and an all-full image; floats without zeros."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    if kind.startswith("float"):
        return Split(rng.normal(size=(count, features)).astype(kind), labels, None)
    full = 255 if kind == "bytes" else 16
    pixels = rng.integers(0, full + 1, (count, features)).astype(np.uint8)
    pixels[rng.random(pixels.shape) < 0.8] = 0
    pixels[0], pixels[1] = 0, full
    return Split(pixels, labels, full)


def make_network(
    sizes: tuple[int, ...],
    dtype: str = "float64",
    activation: str = "relu",
    loss: str = "cross-entropy",
    weight_decay: float = 0.0,
) -> Network:
    """Initial weights large enough that every formula is away from its flat part, and biases that are not zero."""
    network = Network(
        sizes, activation=activation, loss=loss, init="he", seed=1, dtype=dtype, weight_decay=weight_decay
    )
    rng = np.random.default_rng(2)
    for name, value in network.params.items():
        if name.startswith("b"):
            value[...] = rng.normal(size=value.shape) * 0.3
    return network


def make_batches(split: Split, updates: int, size: int, seed: int = 3) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, len(split), (updates, size))


def twins(network: Network, name: str) -> tuple[tuple[Network, Optimizer], tuple[Network, Optimizer]]:
    return (network.copy(), optimizer_named(name)), (network.copy(), optimizer_named(name))


def copied_state(optimizer: Optimizer, dtype: Any = None) -> dict[str, dict[str, NDArray[Any]]]:
    return {slot: {name: np.array(value, dtype) for name, value in of.items()} for slot, of in optimizer.state.items()}


def assert_same_steps(
    network: Network, split: Split, batches: NDArray[np.int64], optimizer: str, threads: int = 2
) -> None:
    """Walk with the reference engine; from each of its states do one compiled update, and compare all that changed."""
    tolerance = TOLERANCE[str(network.dtype)]
    walker, its_optimizer = network.copy(), optimizer_named(optimizer)
    for batch in batches:
        twin, own = walker.copy(), optimizer_named(optimizer)
        own.steps, own.state = its_optimizer.steps, copied_state(its_optimizer)
        before, own_before = walker.copy(), optimizer_named(optimizer)
        own_before.steps, own_before.state = its_optimizer.steps, copied_state(its_optimizer)
        grads = before.gradient(split.rows(batch, network.dtype), split.t[batch])
        expected = ReferenceEngine().advance(walker, its_optimizer, split, batch[None], stop=going())
        got = CompiledEngine(threads).advance(twin, own, split, batch[None], stop=going())
        np.testing.assert_allclose(got, expected, rtol=20 * tolerance, atol=tolerance)
        assert own.steps == its_optimizer.steps
        largest = max(float(abs(g).max()) for g in grads.values())
        moves = [moved(before, own_before, grads, share * tolerance * largest) for share in (-2, 0, 2)]
        for name, value in walker.params.items():
            allowed = np.ptp([move[name] for move in moves], axis=0)
            rounding = np.finfo(network.dtype).eps * (abs(value) + 10 * abs(value - before.params[name]))
            assert (abs(twin.params[name] - value) <= allowed + rounding).all(), name
            for slot, of in its_optimizer.state.items():
                np.testing.assert_allclose(
                    own.state[slot][name], of[name], rtol=1e2 * tolerance, atol=1e2 * tolerance * largest
                )


def moved(network: Network, optimizer: Optimizer, grads: dict[str, Any], by: float) -> dict[str, NDArray[Any]]:
    """The parameters after an update in Python, from gradients of which all are larger by so much."""
    twin, own = network.copy(np.float64), optimizer_named(optimizer.name)
    own.steps, own.state = optimizer.steps, copied_state(optimizer, np.float64)
    own.update(twin.params, {name: g.astype(np.float64) + by for name, g in grads.items()})
    return dict(twin.params)


PAIRS = [
    pytest.param(activation, loss, marks=() if activation == "relu" or loss == "cross-entropy" else pytest.mark.slow)
    for activation, loss in itertools.product(ACTIVATIONS, LOSSES)
]
"""Neither knows of the other, so that all with all are for the slow stage."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_one_update_agrees_for_every_function(activation: str, loss: str, dtype: str, level: str) -> None:
    for sizes in SIZES:
        split = make_split("bytes", sizes[0], sizes[-1])
        assert_same_steps(make_network(sizes, dtype, activation, loss), split, make_batches(split, 3, 13), "sgd")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_update_agrees_for_every_optimizer(optimizer: str, dtype: str, level: str) -> None:
    split = make_split("bytes", 70, 5)
    assert_same_steps(make_network((70, 33, 20, 5), dtype, "sigmoid"), split, make_batches(split, 12, 20), optimizer)


def test_the_core_does_what_python_does_and_no_more() -> None:
    """Its names are names of Python's tables, and its optimizers have the settings and slots of the classes there."""
    assert set(ACTIVATIONS) <= set(STANDARD_ACTIVATIONS)
    assert set(LOSSES) <= set(STANDARD_LOSSES)
    for name, known in capabilities()["optimizers"].items():
        assert known["slots"] == list(STANDARD_OPTIMIZERS[name].slots)
        assert known["settings"] == list(optimizer_named(name).settings)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("sizes", [(70, 5), (70, 33, 20, 5)])
def test_weight_decay_agrees_for_every_optimizer(
    sizes: tuple[int, ...], optimizer: str, dtype: str, level: str
) -> None:
    """Also for rows of W1 that no sample touches: ten of them, by eights and alone."""
    split = make_split("bytes", 70, 5)
    split.pixels[:, 11:21] = 0
    network = make_network(sizes, dtype, "gelu", weight_decay=0.3)
    assert_same_steps(network, split, make_batches(split, 5, 20), optimizer, threads=3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weight_decay_by_hand(dtype: str, level: str) -> None:
    """No pixel has ink, and both classes are equally often right: what is left of loss and gradient is the decay's."""
    network = Network((2, 2), dtype=dtype, weight_decay=0.5, init=0)
    network.params["W1"] = [[1, 2], [3, -4]]
    split = Split(np.zeros((2, 2), np.uint8), np.array([0, 1]), 255)
    optimizer = optimizer_named("sgd", learning_rate=0.25)
    losses = CompiledEngine(2).advance(network, optimizer, split, np.array([[0, 1]] * 2), stop=going())
    np.testing.assert_allclose(losses - np.log(2), [0.25 * 30, 0.25 * 30 * 0.875**2], rtol=1e-6)
    np.testing.assert_array_equal(network.params["W1"], np.array([[1, 2], [3, -4]]) * 0.875**2)
    assert not network.params["b1"].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_penalty_is_summed_in_double_precision(dtype: str, level: str) -> None:
    """A million weights, of which a sum in float32 would lose the sixth digit."""
    network = Network((1000, 1000), dtype=dtype, weight_decay=1.0, init=0.1)
    split = make_split("bytes", 1000, 1000, count=2)
    decayed = CompiledEngine(2).advance(network.copy(), optimizer_named("sgd"), split, np.array([[0]]), stop=going())
    plain = network.copy()
    plain.weight_decay = 0
    loss = CompiledEngine(2).advance(plain, optimizer_named("sgd"), split, np.array([[0]]), stop=going())
    expected = 0.5 * float((network.params["W1"].astype(np.float64) ** 2).sum())
    assert float(decayed[0] - loss[0]) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 130, 1000])
@pytest.mark.parametrize("kind", ["bytes", "sixteenths", "float32", "float64"])
def test_one_update_agrees_for_every_kind_of_pixels_and_batch_size(kind: str, size: int, level: str) -> None:
    split = make_split(kind, 83, 4)
    assert_same_steps(make_network((83, 21, 4), "float64", "tanh"), split, make_batches(split, 2, size), "momentum")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["bytes", "float32"])
def test_a_batch_without_one_zero_agrees(kind: str, dtype: str, level: str) -> None:
    """Every list of nonzero pixels is as long as it can get, by rows and by columns, in the last pack too."""
    split = make_split(kind, 450, 3)
    assert_same_steps(make_network((450, 9, 3), dtype), split, np.ones((1, 256), np.int64), "sgd")


def test_updates_by_numerical_gradient_agree_with_their_step() -> None:
    """Inputs so large that a central difference shows its h = 1e-4: another one would give another gradient."""
    split = make_split("float64", 30, 4)
    split.pixels[...] *= 100
    network = make_network((30, 7, 4), "float64", "tanh")
    network.params["W1"] /= 100
    (a, of_a), (b, of_b) = twins(network, "momentum")
    batches = make_batches(split, 3, 5)
    options: dict[str, Any] = {"gradient": "numerical", "stop": going()}
    expected = ReferenceEngine().advance(a, of_a, split, batches, **options)
    got = CompiledEngine(2).advance(b, of_b, split, batches, **options)
    np.testing.assert_allclose(got, expected, rtol=1e-8)
    for name in a.params:
        np.testing.assert_allclose(b.params[name], a.params[name], rtol=1e-8, err_msg=name)
    derivatives = network.gradient(split.rows(batches[0], np.float64), split.t[batches[0]])["W1"]
    differences = CompiledEngine(1).numerical_gradient(network, split.rows(batches[0], np.float64), split.t[batches[0]])
    assert abs(differences["W1"] - derivatives).max() > 1e-6 * abs(derivatives).max()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
@pytest.mark.parametrize(("dtype", "close"), [("float32", 2e-4), ("float64", 1e-11)])
def test_a_hundred_updates_agree_with_sigmoid(optimizer: str, dtype: str, close: float, level: str) -> None:
    split = make_split("bytes", 100, 10, count=500)
    (a, of_a), (b, of_b) = twins(make_network((100, 50, 10), dtype, "sigmoid"), optimizer)
    batches = make_batches(split, 100, 50)
    expected = ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    got = CompiledEngine(2).advance(b, of_b, split, batches, stop=going())
    np.testing.assert_allclose(got, expected, rtol=close)
    for name in a.params:
        np.testing.assert_allclose(b.params[name], a.params[name], rtol=0, atol=close * abs(a.params[name]).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("sizes", "activation", "optimizer", "weight_decay"),
    [
        *((sizes, "relu", optimizer, 0.0) for sizes in ((100, 10), (90, 130, 70, 10)) for optimizer in ("sgd", "adam")),
        *(((450, 50, 10), "relu", optimizer, 0.0) for optimizer in OPTIMIZERS),
        *(((90, 130, 70, 10), activation, "sgd", 1e-3) for activation in ACTIVATIONS),
    ],
)
def test_results_are_the_same_bits_for_every_number_of_threads(
    sizes: tuple[int, ...], activation: str, optimizer: str, weight_decay: float, dtype: str, level: str
) -> None:
    split = make_split("bytes", sizes[0], 10)
    batches = make_batches(split, 12, 137)

    def bits(threads: int) -> bytes:
        network = make_network(sizes, dtype, activation, weight_decay=weight_decay)
        own = optimizer_named(optimizer)
        engine = CompiledEngine(threads)
        losses = engine.advance(network, own, split, batches, stop=going())
        arrays = [*network.params.values(), *(a for of in own.state.values() for a in of.values())]
        return b"".join(a.tobytes() for a in (losses, engine.predict(network, split), *arrays))

    alone = bits(1)
    assert [bits(threads) == alone for threads in (2, 3, 8)] == [True] * 3


PROCESSORS = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
"""Read when the tests are collected, before any engine could change them."""


@pytest.mark.skipif(not PROCESSORS, reason="affinity is Linux's")
def test_a_team_keeps_to_the_callers_processors_and_leaves_them_alone() -> None:
    """More threads than processors, on the only one that the caller may use."""
    split, network = make_split("bytes", 90, 10), make_network((90, 50, 10))
    engine, only = CompiledEngine(2), {min(PROCESSORS)}
    expected = engine.predict(network, split)
    assert os.sched_getaffinity(0) == PROCESSORS
    try:
        os.sched_setaffinity(0, only)
        got = engine.predict(network, split)
        after = os.sched_getaffinity(0)
    finally:
        os.sched_setaffinity(0, PROCESSORS)
    assert after == only
    assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("100001 100000\n", 2),
        ("50000 100000\n", 1),
        ("700000 50000\n", 8),
        ("nonsense", 8),
        (None, 8),
    ],
)
def test_the_cores_this_process_may_use(quota: str | None, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight by affinity, and at most as many as the quota of a container gives time for, rounded up."""

    def read_text(path: Path) -> str:
        assert str(path) == "/sys/fs/cgroup/cpu.max"
        if quota is None:
            raise FileNotFoundError
        return quota

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", read_text)
    assert usable_cores() == cores
    assert CompiledEngine().threads == cores


@pytest.mark.parametrize(
    ("optimizer", "activation"),
    [*((optimizer, "relu") for optimizer in OPTIMIZERS), *(("sgd", activation) for activation in ACTIVATIONS)],
)
def test_results_do_not_depend_on_where_a_chunk_ends(optimizer: str, activation: str, level: str) -> None:
    """Also behind update 64, where Nadam's product has settled."""
    split = make_split("bytes", 90, 10)
    batches = make_batches(split, 90, 37)
    network = make_network((90, 50, 10), "float32", activation, weight_decay=1e-3)
    (a, of_a), (b, of_b) = twins(network, optimizer)
    at_once = CompiledEngine(2).advance(a, of_a, split, batches, stop=going())
    parts = [
        CompiledEngine(2).advance(b, of_b, split, part, stop=going()) for part in np.split(batches, [1, 2, 19, 70])
    ]
    assert at_once.tobytes() == np.concatenate(parts).tobytes()
    for name, value in a.params.items():
        assert value.tobytes() == b.params[name].tobytes(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predict_agrees_and_classify_is_its_argmax(activation: str, dtype: str, level: str) -> None:
    kinds = ["bytes", "float32", "float64"] if activation == "relu" else ["bytes"]  # only the first layer sees them
    for sizes, kind in itertools.product(SIZES, kinds):
        split = make_split(kind, sizes[0], sizes[-1], count=131)
        network = make_network(sizes, dtype, activation)
        engine = CompiledEngine(2)
        expected = ReferenceEngine().predict(network, split)
        scores = engine.predict(network, split)
        assert scores.dtype == network.dtype
        np.testing.assert_allclose(scores, expected, rtol=0, atol=TOLERANCE[dtype] * abs(expected).max())
        np.testing.assert_array_equal(engine.classify(network, split), scores.argmax(axis=1))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_large_scores_saturate_as_in_the_reference(activation: str, loss: str, level: str) -> None:
    network = make_network((40, 30, 5), "float64", activation, loss)
    for value in network.params.values():
        value *= 100
    split = make_split("bytes", 40, 5)
    assert (
        abs(ReferenceEngine().predict(network, split)).max() > 150
    )  # where sigmoid and tanh are flat, and exp leaves float32
    assert_same_steps(network, split, make_batches(split, 1, 60), "sgd")


def finite_parts(network: Network) -> dict[str, Any]:
    return {name: np.isfinite(value) for name, value in network.params.items()}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the reference engine's NumPy says what this test is about
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
def test_what_is_not_finite_is_not_hidden(name: str, bad: float, level: str) -> None:
    """Also behind a pixel that is zero in all samples, which the compiled engine otherwise skips."""
    split = make_split("bytes", 40, 5)
    split.pixels[:, 3] = 0
    network = make_network((40, 30, 5), "float32", "sigmoid")
    network.params[name].reshape(-1)[3 * network.params[name].shape[-1] if name == "W1" else 2] = bad
    scores = ReferenceEngine().predict(network, split)
    np.testing.assert_array_equal(np.isnan(CompiledEngine(1).predict(network, split)), np.isnan(scores))
    (a, of_a), (b, of_b) = twins(network, "sgd")
    batches = make_batches(split, 2, 20)
    expected = ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    got = CompiledEngine(2).advance(b, of_b, split, batches, stop=going())
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    for key, finite in finite_parts(a).items():
        np.testing.assert_array_equal(np.isfinite(b.params[key]), finite, err_msg=key)
    np.testing.assert_array_equal(
        np.isnan(CompiledEngine(1).predict(b, split)), np.isnan(ReferenceEngine().predict(a, split))
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_delta_that_is_not_finite_reaches_rows_that_no_sample_touches(
    dtype: str, optimizer: str, bad: float, level: str
) -> None:
    """Their gradient is the sum of 0 · delta, which is NaN: rows by eights that the compiled engine otherwise skips."""
    split = make_split("bytes", 64, 5)
    split.pixels[:, 8:56] = 0
    network = make_network((64, 30, 5), dtype, "sigmoid")
    network.params["b2"][2] = bad
    (a, of_a), (b, of_b) = twins(network, optimizer)
    batches = make_batches(split, 1, 20)
    ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    CompiledEngine(2).advance(b, of_b, split, batches, stop=going())
    assert not np.isfinite(a.params["W1"][8:56]).any()
    for key, finite in finite_parts(a).items():
        np.testing.assert_array_equal(np.isfinite(b.params[key]), finite, err_msg=key)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("pixel", [3, 60])
@pytest.mark.parametrize("sizes", [(64, 5), (64, 30, 5)])
def test_weights_that_became_infinite_in_this_call_are_not_hidden(
    sizes: tuple[int, ...], pixel: int, threads: int, level: str
) -> None:
    """The first update makes the weights of one pixel infinite; in the next that pixel is zero in every sample.

    A byte of 200 means 200 here, so that the step is 200 times as long for its weights as for the biases.
    """
    pixels = np.zeros((4, 64), np.uint8)
    pixels[0, pixel] = 200
    pixels[1:, [pixel - 1, pixel + 1]] = 1
    split = Split(pixels, np.array([0, 1, 2, 3]), 1.0)
    network = Network(sizes, activation="sigmoid", init=1e-3, seed=1, dtype="float32")
    if len(sizes) == 3:
        network.params["W2"] *= 1000
    (a, of_a), (b, of_b) = twins(network, "sgd")
    of_a.learning_rate = of_b.learning_rate = 2e37
    batches = np.array([[0, 0], [1, 2], [2, 3]])
    expected = ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    got = CompiledEngine(threads).advance(b, of_b, split, batches, stop=going())
    assert [bool(np.isfinite(loss)) for loss in expected[:2]] == [True, False]
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    for key, finite in finite_parts(a).items():
        np.testing.assert_array_equal(np.isfinite(b.params[key]), finite, err_msg=key)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_pixels_that_are_not_finite_are_not_taken_for_zeros(kind: str, bad: float, level: str) -> None:
    split = make_split(kind, 40, 5)
    split.pixels[7, 11] = split.pixels[9, 39] = bad
    network = make_network((40, 30, 5), "float64", "tanh")
    scores = ReferenceEngine().predict(network, split)
    found = CompiledEngine(2).predict(network, split)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(scores))
    np.testing.assert_allclose(found, scores, rtol=1e-10)
    assert (not np.isfinite(scores[7]).any()) == np.isnan(bad)
    (a, of_a), (b, of_b) = twins(network, "sgd")
    batches = np.array([[7, 8], [1, 2]])
    expected = ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    got = CompiledEngine(2).advance(b, of_b, split, batches, stop=going())
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    for key, finite in finite_parts(a).items():
        np.testing.assert_array_equal(np.isfinite(b.params[key]), finite, err_msg=key)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_run_that_explodes_says_so(level: str) -> None:
    split = make_split("bytes", 40, 5)
    (a, of_a), (b, of_b) = twins(make_network((40, 30, 5), "float32"), "sgd")
    of_a.learning_rate = of_b.learning_rate = 1e30
    batches = make_batches(split, 8, 20)
    expected = ReferenceEngine().advance(a, of_a, split, batches, stop=going())
    got = CompiledEngine(2).advance(b, of_b, split, batches, stop=going())
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(expected))
    assert not np.isfinite(got[-1])
    np.testing.assert_array_equal(np.isfinite(b.params["W1"]), np.isfinite(a.params["W1"]))


def test_denormal_weights_are_not_flushed(level: str) -> None:
    network = make_network((40, 30, 5), "float32")
    network.params["W1"][...] = 1e-41
    network.params["b1"][...] = 0
    network.params["W2"][...] = 1
    network.params["b2"][...] = 0
    split = Split(np.full((3, 40), 255, np.uint8), np.zeros(3, int), 255)
    scores = CompiledEngine(1).predict(network, split)
    np.testing.assert_allclose(scores, 40 * 30 * 1e-41, rtol=1e-3)


@pytest.mark.parametrize(
    ("dtype", "below", "rate"), [("float32", 80, 1e30), ("float32", 95, 1e38), ("float64", 740, 1e308)]
)
def test_probabilities_that_are_denormal_come_out_as_they_are(
    dtype: str, below: float, rate: float, level: str
) -> None:
    """p = exp(-below) of the class that is not the label: what a step of this length makes of it can be seen."""
    network = Network([1, 2], dtype=dtype, init=0)
    network.params["b1"][1] = -below
    optimizer = optimizer_named("sgd", learning_rate=rate)
    split = Split(np.ones((1, 1)), np.zeros(1, int), None)
    CompiledEngine(1).advance(network, optimizer, split, np.zeros((1, 1), np.int64), stop=going())
    assert float(network.params["W1"][0, 1]) == pytest.approx(-rate * np.exp(-below), rel=0.01)


def interrupted_soon() -> list[float]:
    """Ctrl-C in 0.2 s, from another thread; the list will hold when that was, by `time.perf_counter`."""
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.2, interrupt).start()
    return sent


class TestStopping:
    network = make_network((90, 50, 10), "float32")
    split = make_split("bytes", 90, 10)

    def test_a_flag_that_is_up_already_lets_nothing_happen(self) -> None:
        twin, optimizer = self.network.copy(), optimizer_named("sgd")
        batches = make_batches(self.split, 10, 10)
        losses = CompiledEngine(2).advance(twin, optimizer, self.split, batches, stop=np.ones(1, np.uint8))
        assert losses.shape == (0,)
        assert optimizer.steps == 0
        assert twin.params["W1"].tobytes() == self.network.params["W1"].tobytes()

    def test_a_flag_raised_meanwhile_ends_after_whole_updates(self) -> None:
        (a, of_a), (b, of_b) = twins(self.network, "momentum")
        batches, stop = make_batches(self.split, 300_000, 10), going()
        threading.Timer(0.2, stop.fill, [1]).start()
        losses = CompiledEngine(2).advance(a, of_a, self.split, batches, stop=stop)
        assert 0 < len(losses) == of_a.steps < len(batches)
        again = CompiledEngine(2).advance(b, of_b, self.split, batches[: len(losses)], stop=going())
        assert losses.tobytes() == again.tobytes()
        assert a.params["W1"].tobytes() == b.params["W1"].tobytes()

    def test_ctrl_c_is_answered_inside_one_call(self) -> None:
        twin, optimizer = self.network.copy(), optimizer_named("sgd")
        batches = make_batches(self.split, 300_000, 10)
        sent = interrupted_soon()
        with pytest.raises(KeyboardInterrupt):
            CompiledEngine(2).advance(twin, optimizer, self.split, batches, stop=going())
        assert time.perf_counter() - sent[0] < 1  # the promise is 0.1 s, on a machine that is not busy with other tests
        assert all(np.isfinite(value).all() for value in twin.params.values())

    @pytest.mark.parametrize("verb", ["predict", "classify"])
    def test_ctrl_c_is_answered_inside_one_prediction(self, verb: str) -> None:
        """Seconds of work, of which the rest is not done."""
        network = Network([90, 2000, 2000, 10], dtype="float32", init="he")
        split = make_split("bytes", 90, 10, count=60_000)
        sent = interrupted_soon()
        with pytest.raises(KeyboardInterrupt):
            getattr(CompiledEngine(2), verb)(network, split)
        assert time.perf_counter() - sent[0] < 1


class TestRefusals:
    """Of the adapter, in sentences. What the core refuses is in test_refusals.py."""

    def test_a_user_reads_a_sentence(self) -> None:
        split = make_split("bytes", 40, 5)
        engine, optimizer = CompiledEngine(1), optimizer_named("sgd")
        with pytest.raises(EngineError, match=r"Labels must lie from 0 to 3\. Got 4"):
            engine.advance(make_network((40, 9, 4)), optimizer, split, np.arange(60)[None], stop=going())
        with pytest.raises(EngineError, match=r"takes 41 features\. Got pixels with 40"):
            engine.predict(make_network((41, 9, 4)), split)
        with pytest.raises(EngineError, match=r"at most 65535 features\. Got 70000"):
            engine.predict(make_network((70_000, 1, 2)), Split(np.zeros((1, 70_000), np.uint8), np.zeros(1, int), 255))
        with pytest.raises(EngineError, match=r"threads must lie from 1 to 1024\. Got 0"):
            CompiledEngine(0)

    def test_what_the_core_has_no_kernel_for_is_refused_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        network, optimizer = make_network((40, 9, 4)), optimizer_named("sgd")
        assert unsupported(network, 40, 20, optimizer) == ""
        network.activation = "swish"
        assert "knows the activations sigmoid, relu" in unsupported(network, 40, 20)
        network = make_network((40, 9, 4))
        monkeypatch.setitem(LOSSES_OF_NN, "hinge", STANDARD_LOSSES["squared"])
        network.loss_name = "hinge"
        assert "knows the losses cross-entropy, textbook" in unsupported(network, 40, 20)
        monkeypatch.setattr(type(optimizer), "name", "lion")
        assert "knows the optimizers sgd, momentum" in unsupported(make_network((40, 9, 4)), 40, 20, optimizer)

    def test_somebody_elses_class_under_a_known_name_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Swish(ACTIVATIONS_OF_NN["sigmoid"]):  # type: ignore[misc]
            pass

        split, engine = make_split("bytes", 40, 4), CompiledEngine(1)
        monkeypatch.setitem(ACTIVATIONS_OF_NN, "relu", Swish)
        network = make_network((40, 9, 4))
        for call in (
            lambda: engine.predict(network, split),
            lambda: engine.advance(network, optimizer_named("sgd"), split, np.zeros((1, 2), int), stop=going()),
            lambda: engine.numerical_gradient(network, split.x, split.t),
        ):
            with pytest.raises(EngineError, match="own layers, losses and methods only"):
                call()

        @dataclass
        class Other(type(optimizer_named("adam"))):  # type: ignore[misc]
            pass

        monkeypatch.undo()
        with pytest.raises(EngineError, match="own optimizers only, and this one under the name 'adam' is another"):
            engine.advance(make_network((40, 9, 4)), Other(), split, np.zeros((1, 2), int), stop=going())

    def test_a_level_that_is_not_there_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ZEROKARA_LEVEL", "v5")
        with pytest.raises(EngineError, match=r"ZEROKARA_LEVEL must be v4, v3 or baseline\. Got v5"):
            CompiledEngine(1)


@cache
def accuracy_on_mnist(engine: type[ReferenceEngine] | type[CompiledEngine], dtype: str, optimizer: str) -> float:
    """On the test images, after six hundred updates."""
    data = zerokara.load("mnist")
    network, own = Network([784, 50, 10], dtype=dtype), optimizer_named(optimizer)
    own.prepare(network.params)
    engine(2).advance(network, own, data.train, make_batches(data.train, 600, 100), stop=going())
    return float((engine(2).classify(network, data.test) == data.test.t).mean())


@pytest.mark.mnist
@pytest.mark.parametrize(("dtype", "optimizer"), [("float32", "sgd"), ("float64", "adam")])
def test_mnist_is_learned_as_by_the_reference(dtype: str, optimizer: str, level: str) -> None:
    learned = accuracy_on_mnist.__wrapped__(CompiledEngine, dtype, optimizer)  # at this level, not at another's
    assert learned > 0.88
    assert abs(learned - accuracy_on_mnist(ReferenceEngine, dtype, optimizer)) < 0.005
