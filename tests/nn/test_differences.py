"""Both fast ways to the numerical gradient against the loop that defines it, weight by weight."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zerokara.engine.compiled import CompiledEngine
from zerokara.engine.reference import ReferenceEngine
from zerokara.nn.activations import ACTIVATIONS, STANDARD_ACTIVATIONS, Elementwise
from zerokara.nn.check import gradient_check
from zerokara.nn.functions import STANDARD_LOSSES
from zerokara.nn.network import Network, central_differences
from zerokara.nn.numerical import ForwardPass

Gradient = dict[str, NDArray[np.float64]]

SIZES = [(5, 3), (9, 1), (6, 1, 3), (4, 7, 2), (3, 63, 3), (2, 65, 3), (4, 7, 5, 3), (3, 4, 9, 6, 3)]
TABLE = list(itertools.product(STANDARD_ACTIVATIONS, STANDARD_LOSSES))


def by_numpy(network: Network, x: Any, targets: Any, **options: Any) -> Gradient:
    """Units are moved by NumPy, as the reference engine does it."""
    return ReferenceEngine().numerical_gradient(network, x, targets, **options)


def by_the_core(network: Network, x: Any, targets: Any, **options: Any) -> Gradient:
    pytest.importorskip("zerokara._core", reason="the compiled core was not built")
    return CompiledEngine(2).numerical_gradient(network, x, targets, **options)


WAYS = pytest.mark.parametrize("way", [by_numpy, by_the_core], ids=["numpy", "compiled"])


def make_network(sizes: tuple[int, ...], activation: str, loss: str, scale: float = 1.0, seed: int = 0) -> Network:
    """Weights of standard deviation scale / √fan_in, and biases that are not zero."""
    rng = np.random.default_rng(seed)
    network = Network(sizes, activation=activation, loss=loss)
    for name, value in network.params.items():
        value[...] = rng.normal(size=value.shape) * (scale / np.sqrt(value.shape[0]) if name[0] == "W" else 0.3)
    return network


def make_batch(n: int, features: int, classes: int, soft: bool, seed: int = 1) -> tuple[Any, Any]:
    """Half of the pixels are 0, the others of 5 values, so that inputs repeat; a few are no pixels at all."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 6, (n, features)) / 5
    x[rng.random(x.shape) < 0.1] = -2.7
    x[rng.random(x.shape) < 0.5] = 0
    targets = rng.dirichlet(np.ones(classes), n) if soft else np.eye(classes)[rng.integers(0, classes, n)]
    return x, targets


@cache
def looped(sizes: tuple[int, ...], activation: str, loss: str, soft: bool) -> tuple[Network, Any, Any, Gradient]:
    network = make_network(sizes, activation, loss)
    x, targets = make_batch(7 if len(sizes) < 4 else 3, sizes[0], sizes[-1], soft)
    return network, x, targets, network.numerical_gradient(x, targets, method="loop")


def assert_same(found: Gradient, expected: Gradient, atol: float) -> None:
    assert list(found) == list(expected)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=atol, err_msg=name)


@WAYS
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize(("activation", "loss"), TABLE)
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "-".join(map(str, sizes)))
def test_is_what_the_loop_finds(way: Any, sizes: tuple[int, ...], activation: str, loss: str, soft: bool) -> None:
    network, x, targets, expected = looped(sizes, activation, loss, soft)
    assert_same(way(network, x, targets), expected, 1e-9 * max(1, network.loss(x, targets)))


@WAYS
@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    table=st.sampled_from(TABLE),
    scale=st.sampled_from([0.01, 1.0, 5.0, 40.0, 400.0]),
    h=st.sampled_from([1e-4, 1e-3, 0.03, 0.5, 20.0]),
    soft=st.booleans(),
    decay=st.sampled_from([0.0, 0.0, 1e-4, 0.5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_network_any_step(
    way: Any, sizes: list[int], table: tuple[str, str], scale: float, h: float, soft: bool, decay: float, seed: int
) -> None:
    network = make_network(tuple(sizes), *table, scale=scale, seed=seed)
    network.weight_decay = decay
    x, targets = make_batch(2, sizes[0], sizes[-1], soft, seed)
    expected = network.numerical_gradient(x, targets, h=h, method="loop")
    # Beside its rounding, the loop's losses hold that of scores and weights of this size.
    largest = max(1, network.loss(x, targets), scale, h)
    assert_same(way(network, x, targets, h=h), expected, 1e-9 * largest)


@WAYS
def test_evaluates_the_two_points_and_no_derivative(way: Any) -> None:
    """With a step this long, central differences and derivatives are different numbers."""
    network = make_network((4, 6, 3), "tanh", "cross-entropy", scale=3)
    x, targets = make_batch(5, 4, 3, soft=False)
    found = way(network, x, targets, h=0.5)
    assert abs(found["W1"] - network.gradient(x, targets)["W1"]).max() > 0.01
    assert_same(found, network.numerical_gradient(x, targets, h=0.5, method="loop"), 1e-12)


@WAYS
@pytest.mark.parametrize("bias", [0.0, 4e-5, -4e-5, 2e-4])
def test_a_kink_between_the_points_counts_as_in_the_loop(way: Any, bias: float) -> None:
    """A unit at score b with input 1 and one class pair: the points are max(0, b ± h), whatever the slope at b is."""
    network = Network([1, 1, 2])
    network.params.update(W1=[[0.0]], b1=[bias], W2=[[1.0, 0.0]], b2=[0.0, 0.0])
    found = way(network, np.ones((1, 1)), np.array([[0.0, 1.0]]))
    above, below = (np.log1p(np.exp(max(0, bias + step))) for step in (1e-4, -1e-4))
    np.testing.assert_allclose(found["W1"], [[(above - below) / 2e-4]], rtol=1e-10)
    np.testing.assert_allclose(found["b1"], found["W1"][0], rtol=1e-14)


@WAYS
def test_inputs_that_are_zero_move_nothing(way: Any) -> None:
    network = make_network((3, 4, 2), "sigmoid", "squared")
    found = way(network, np.zeros((2, 3)), np.eye(2))
    assert not found["W1"].any()
    assert found["b1"].all()


@WAYS
@pytest.mark.parametrize("only", ["W1", "b1", "W2", "b3"])
def test_only_one_parameter(way: Any, only: str) -> None:
    network, x, targets, expected = looped((4, 7, 5, 3), "relu", "textbook", True)
    assert_same(way(network, x, targets, only=only), {only: expected[only]}, 1e-9)


@WAYS
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_gives_no_gradient(way: Any, bad: float) -> None:
    network = make_network((3, 4, 2), "relu", "cross-entropy")
    x, targets = np.zeros((2, 3)), np.eye(2)
    network.params["b2"][0] = bad
    with np.errstate(invalid="ignore"):
        found = way(network, x, targets)
    assert all(np.isnan(gradient).all() for gradient in found.values())


@WAYS
def test_samples_are_summed_in_parts_that_fit_together(way: Any) -> None:
    """300 samples are more than go through a network at once."""
    network = make_network((3, 5, 2), "sigmoid", "cross-entropy")
    x, targets = make_batch(300, 3, 2, soft=True)
    expected = network.numerical_gradient(x, targets, method="loop")
    assert_same(way(network, x, targets), expected, 1e-10)


@WAYS
def test_a_raised_flag_stops_it(way: Any) -> None:
    network = make_network((200, 300, 300, 300, 10), "relu", "cross-entropy")
    x, targets = make_batch(100, 200, 10, soft=False)
    way(network, x, targets, stop=np.ones(1, np.uint8))  # minutes otherwise


def test_a_flag_raised_in_the_middle_leaves_nothing_more_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """In NumPy: neither the other units of the part, nor other parts, nor other layers."""
    stop, looked, prepared = np.zeros(1, np.uint8), [0], [0]
    losses_after, samples = ForwardPass.losses_after, ForwardPass.samples

    def raising(*arguments: Any) -> Any:
        looked[0] += 1
        stop[0] = 1
        return losses_after(*arguments)

    def counting(*arguments: Any) -> Any:
        prepared[0] += 1
        return samples(*arguments)

    monkeypatch.setattr(ForwardPass, "losses_after", raising)
    monkeypatch.setattr(ForwardPass, "samples", counting)
    network = make_network((200, 300, 10), "relu", "cross-entropy")
    x, targets = make_batch(100, 200, 10, soft=False)
    central_differences(network, x, targets, stop=stop)
    assert (looked, prepared) == ([2], [1])  # above and below one weight


def digits(n: int) -> tuple[Any, Any]:
    """As sparse as MNIST, with its 256 values of pixels."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (n, 784)) * (rng.random((n, 784)) < 0.19)
    return (pixels.astype(np.float32) / np.float32(255)).astype(np.float64), np.eye(10)[rng.integers(0, 10, n)]


def loop_at(network: Network, name: str, index: Any, x: Any, targets: Any, h: float = 1e-4) -> float:
    """One step of the loop."""
    value = network.params[name]
    before = value[index]
    losses = []
    for value[index] in (before + h, before - h):
        losses.append(network.loss(x, targets))
    value[index] = before
    return (losses[0] - losses[1]) / (2 * h)


@WAYS
@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        pytest.param(*pair, marks=() if "relu" in pair or "cross-entropy" in pair else pytest.mark.slow)
        for pair in TABLE
    ],
)
def test_the_network_of_the_notes(way: Any, activation: str, loss: str) -> None:
    network = Network((784, 50, 10), activation=activation, loss=loss, init=0.05)
    x, targets = digits(100)
    found = way(network, x, targets)
    rng = np.random.default_rng(5)
    for name, count in {"W1": 60, "b1": 10, "W2": 20, "b2": 5}.items():
        for at in rng.integers(0, network.params[name].size, count):
            index = np.unravel_index(at, network.params[name].shape)
            assert found[name][index] == pytest.approx(loop_at(network, name, index, x, targets), rel=0, abs=1e-10)


@pytest.mark.slow
@WAYS
def test_every_weight_of_the_network_of_the_notes(way: Any) -> None:
    network = Network((784, 50, 10), activation="sigmoid", init=0.05)
    x, targets = digits(10)
    expected = network.numerical_gradient(x, targets, method="loop")
    assert_same(way(network, x, targets), expected, 1e-10)


class InPlace(Elementwise):
    """A ReLU that changes its input, and what comes back, as Keras's and PyTorch's in-place layers do."""

    def forward(self, x):
        self.off = x <= 0
        x[self.off] = 0
        return x

    def backward(self, dout):
        dout[self.off] = 0
        return dout


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("sizes", [(4, 1, 3), (4, 7, 3), (4, 7, 5, 3)], ids=str)
def test_an_activation_that_works_in_place(monkeypatch, sizes, n):
    """NumPy's way asks it for several values at the same scores, which must still be there."""
    monkeypatch.setitem(ACTIVATIONS, "in-place", InPlace)
    network, witness = make_network(sizes, "in-place", "cross-entropy"), make_network(sizes, "relu", "cross-entropy")
    x, targets = make_batch(n, sizes[0], sizes[-1], soft=False)
    found, expected = by_numpy(network, x, targets), by_numpy(witness, x, targets)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-11)
    assert gradient_check(network, x, targets).agrees
