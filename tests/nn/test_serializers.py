"""A network that was copied, sent or read from a file learns, also if the serializer knows no array by two names."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from zerokara.data.dataset import Split
from zerokara.engine import choose_engine
from zerokara.engine.compiled import core
from zerokara.errors import UsageError
from zerokara.nn.layers import Affine
from zerokara.nn.network import Network, TwoLayerNet
from zerokara.training.optimizers import Adam

ENGINES = ["reference", *(["compiled"] if core() is not None else [])]
RNG = np.random.default_rng(0)
X = RNG.random((40, 8)).astype(np.float32)
T = X[:, :3].argmax(axis=1)


def by_joblib(compress: int = 0, mmap_mode: str | None = None) -> Callable[[Any, Path], Any]:
    def twin_of(thing: Any, folder: Path) -> Any:
        file = folder / type(thing).__name__
        joblib.dump(thing, file, compress=compress)
        return joblib.load(file, mmap_mode=mmap_mode)

    return twin_of


def by_buffers(thing: Any, _: Path) -> Any:
    """Protocol 5 with the arrays' bytes beside the pickle, as dask sends them, into writable memory."""
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    return pickle.loads(content, buffers=[bytearray(buffer.raw()) for buffer in buffers])


def by_cloudpickle(thing: Any, _: Path) -> Any:
    cloudpickle = pytest.importorskip("cloudpickle")
    return pickle.loads(cloudpickle.dumps(thing))


def by_another_process(thing: Any, _: Path) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(copy.copy, (thing,))


def as_old_pickles_did(thing: Any, _: Path) -> Any:
    """Layers with arrays of their own, as joblib read what was written before `Network.__setstate__`."""
    if not isinstance(thing, Network):
        return copy.deepcopy(thing)
    state = {**vars(thing), "_params": copy.deepcopy(thing.params), "layers": copy.deepcopy(thing.layers)}
    for i, layer in enumerate((layer for layer in state["layers"] if isinstance(layer, Affine)), start=1):
        layer.W, layer.b = thing.params[f"W{i}"].copy(), thing.params[f"b{i}"].copy()
    twin = object.__new__(type(thing))
    twin.__setstate__(state)
    return twin


SERIALIZERS: dict[str, Callable[[Any, Path], Any]] = {
    **{f"pickle {n}": lambda thing, _, n=n: pickle.loads(pickle.dumps(thing, n)) for n in range(6)},
    "pickle 5, buffers": by_buffers,
    "joblib": by_joblib(),
    "joblib, compressed": by_joblib(compress=3),
    "joblib, r+": by_joblib(mmap_mode="r+"),
    "joblib, c": by_joblib(mmap_mode="c"),
    "cloudpickle": by_cloudpickle,
    "deepcopy": lambda thing, _: copy.deepcopy(thing),
    "another process": by_another_process,
    "old pickles": as_old_pickles_did,
}

READ_ONLY: dict[str, Callable[[Any, Path], Any]] = {
    "joblib, r": by_joblib(mmap_mode="r"),
    "pickle 5, buffers of bytes": lambda thing, _: pickle.loads(
        pickle.dumps(thing, 5, buffer_callback=(kept := []).append), buffers=[bytes(b.raw()) for b in kept]
    ),
}


def make(activation: str = "relu") -> Network:
    return Network([8, 6, 5, 3], activation=activation, init=0.5, dtype=np.float32)


def train(
    engine: str, network: Network, optimizer: Adam, updates: int = 60, gradient: str = "backprop"
) -> np.ndarray[Any, Any]:
    chosen = choose_engine(engine, network, 20)
    rows = np.random.default_rng(1).integers(0, len(X), (updates, 20))
    return chosen.advance(network, optimizer, Split(X, T, None), rows, gradient=gradient, stop=np.zeros(1, np.uint8))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_network_that_was_read_learns_as_the_original_does(serializer: str, engine: str, tmp_path: Path) -> None:
    network, optimizer = make(), Adam(0.01)
    train(engine, network, optimizer, updates=5)
    scores = network.predict(X)
    twin, its_optimizer = (SERIALIZERS[serializer](thing, tmp_path) for thing in (network, optimizer))
    np.testing.assert_array_equal(twin.predict(X), scores)
    losses = train(engine, twin, its_optimizer)
    np.testing.assert_array_equal(network.predict(X), scores, err_msg="the original learned too")
    np.testing.assert_array_equal(losses, train(engine, network, optimizer))
    assert losses[-10:].mean() < 0.9 * losses[:10].mean()
    np.testing.assert_array_equal(twin.predict(X), network.predict(X))
    assert twin.loss(X, T) < 0.9 * losses[:10].mean()
    assert twin.is_standard


@pytest.mark.parametrize("serializer", [name for name in SERIALIZERS if name != "another process"])
def test_a_two_layer_net_that_was_read_learns(serializer: str, tmp_path: Path) -> None:
    net = TwoLayerNet(8, 6, 3, weight_init_std=0.5)
    twin = SERIALIZERS[serializer](net, tmp_path)
    losses = [twin.learn(X, T) for _ in range(20)]
    assert losses == [net.learn(X, T) for _ in range(20)]
    assert losses[-1] < losses[0] - 0.01


def test_a_shallow_copy_shares_its_arrays_with_the_original() -> None:
    net = TwoLayerNet(8, 6, 3)
    twin = copy.copy(net)
    twin.learn(X, T)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert twin.params["W1"] is net.layers[0].W is twin.layers[0].W  # type: ignore[attr-defined]


def test_a_file_has_every_array_once(tmp_path: Path) -> None:
    joblib.dump(Network([500, 100, 10]), tmp_path / "net")
    assert (tmp_path / "net").stat().st_size < 1.1 * 8 * (500 * 100 + 100 * 10)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("serializer", READ_ONLY)
def test_read_only_weights_predict_and_are_trained_in_a_copy_only(serializer: str, engine: str, tmp_path: Path) -> None:
    network = make()
    twin = READ_ONLY[serializer](network, tmp_path)
    scores = network.predict(X)
    np.testing.assert_array_equal(twin.predict(X), scores)
    np.testing.assert_array_equal(choose_engine(engine, twin, 9).classify(twin, Split(X, T, None)), scores.argmax(1))
    twin.gradient(X, T)
    said = r"must be writable. Read-only, .*: W1, b1, W2, .* Nothing was changed. Train network.copy\(\)"
    for gradient in ("backprop", "numerical"):
        with pytest.raises(UsageError, match=said):
            choose_engine(engine, twin, 9).advance(
                twin,
                Adam(),
                Split(X, T, None),
                np.zeros((1, 9), np.int64),
                gradient=gradient,
                stop=np.zeros(1, np.uint8),
            )
    with pytest.raises(UsageError, match=r"Read-only, .*: W1\. Nothing was changed"):
        twin.params["W1"] = np.ones((8, 6))
    with pytest.raises(UsageError, match=said):
        Adam().update(twin.params, network.gradient(X, T))
    np.testing.assert_array_equal(twin.predict(X), scores)
    writable = twin.copy()
    assert type(writable.params["W1"]) is np.ndarray
    losses = train(engine, writable, Adam(0.01))
    assert losses[-10:].mean() < 0.9 * losses[:10].mean()


def test_a_two_layer_net_with_one_read_only_array_is_left_as_it_was() -> None:
    net = TwoLayerNet(8, 6, 3)
    net.params["b2"].flags.writeable = False
    before = {name: array.copy() for name, array in net.params.items()}
    with pytest.raises(UsageError, match=r": b2\. Nothing was changed"):
        net.learn(X, T)
    for name, array in before.items():
        np.testing.assert_array_equal(net.params[name], array)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_optimizer_that_was_mapped_read_only_is_named(engine: str, tmp_path: Path) -> None:
    network, optimizer = make(), Adam()
    train(engine, network, optimizer)
    mapped = by_joblib(mmap_mode="r")(optimizer, tmp_path)
    with pytest.raises(UsageError, match=r": m\['W1'\], m\['b1'\], "):
        train(engine, network, mapped)
