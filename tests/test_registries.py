"""Whatever stands in ACTIVATIONS, LOSSES and OPTIMIZERS passes this: zerokara's own entries, and those put in here.

What CONTRIBUTING.md says of the Python half of each "to add" is what these entries do, after the import.
"""

from __future__ import annotations

import itertools
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

import zerokara
from zerokara.nn.activations import ACTIVATIONS, Elementwise
from zerokara.nn.check import DISAGREES
from zerokara.nn.functions import LOSSES, Loss, softmax, softmax_backward
from zerokara.nn.network import Network, central_differences
from zerokara.training.optimizers import OPTIMIZERS, Optimizer, optimizer_named

Array = NDArray[Any]


class Cosine:
    """An activation with forward and backward and nothing else: only the loop can differentiate it."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.cos(x)

    def backward(self, dout: Array) -> Array:
        return -dout * np.sin(self.x)


class Softsign(Elementwise):
    """x / (1 + |x|), which says that it works element by element, and not how its derivative changes."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x / (1 + np.abs(x))

    def backward(self, dout: Array) -> Array:
        return dout / (1 + np.abs(self.x)) ** 2


class Arctan(Elementwise):
    """arctan x, which says all there is to say: s = 1 / (1 + x²), |f″| = 2|x| s² ≤ s, |f‴| ≤ 2 s."""

    change = 1.5

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.arctan(x)

    def backward(self, dout: Array) -> Array:
        return dout * self.derivative(self.x)

    def derivative(self, a: Array) -> Array:
        return 1 / (1 + a * a)


def brier_terms(scores: Array, targets: Array) -> Array:
    return (softmax(scores) - targets) ** 2


def brier_grad(scores: Array, targets: Array) -> Array:
    p = softmax(scores)
    return softmax_backward(p, 2 * (p - targets) / len(scores))


@dataclass
class Damped(Optimizer):
    """p ← p - η g / (1 + |g|)."""

    learning_rate: float = 0.5
    name: ClassVar[str] = "damped"

    def step(self, p: Array, g: Array) -> None:  # type: ignore[override]
        p -= self.learning_rate * g / (1 + np.abs(g))


OWN = {"cosine": Cosine, "softsign": Softsign, "arctan": Arctan}
EVERY_ACTIVATION, EVERY_LOSS = [*ACTIVATIONS, *OWN], [*LOSSES, "brier"]
PAIRS = list(itertools.product(EVERY_ACTIVATION, EVERY_LOSS))
TRAINED = [
    pytest.param(activation, loss, marks=() if activation == "relu" or loss == "cross-entropy" else pytest.mark.slow)
    for activation, loss in PAIRS
]
"""Each with one of the other kind, and all with all in the slow stage: a whole run takes its time."""


@pytest.fixture(autouse=True)
def _entries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in OWN.items():
        monkeypatch.setitem(zerokara.nn.layers.ACTIVATIONS, name, kind)  # as users write it
    monkeypatch.setitem(LOSSES, "brier", Loss(brier_terms, brier_grad))
    monkeypatch.setitem(OPTIMIZERS, "damped", Damped)
    return


def make(activation: str, loss: str, sizes: tuple[int, ...] = (5, 6, 4, 3), decay: float = 0.01) -> Network:
    """Biases that are not 0, so that no pre-activation lies at a kink."""
    network = Network(sizes, activation=activation, loss=loss, init="xavier", seed=3, weight_decay=decay)
    rng = np.random.default_rng(5)
    for name, value in network.params.items():
        if name[0] == "b":
            value += 0.5 * rng.standard_normal(value.shape)
    return network


def batch(n: int = 6) -> tuple[Array, Array]:
    rng = np.random.default_rng(7)
    return rng.random((n, 5)), rng.integers(0, 3, n)


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_backpropagation_and_both_ways_of_differences_agree(activation: str, loss: str) -> None:
    network, (x, t) = make(activation, loss), batch()
    exact, looped = network.gradient(x, t), network.numerical_gradient(x, t, method="loop")
    fast = network.numerical_gradient(x, t)
    for name in network.params:
        # truncation is h²/6 of third derivatives of about 1, and h is 1e-4; the loop rounds losses, over h
        assert_allclose(exact[name], looped[name], rtol=1e-6, atol=1e-8, err_msg=name)
        assert_allclose(fast[name], looped[name], rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_the_check_agrees_and_finds_a_mistake(activation: str, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network, (x, t) = make(activation, loss), batch()
    check = zerokara.gradient_check(network, x, t)
    assert check.agrees, str(check)
    right = ACTIVATIONS[activation].backward
    monkeypatch.setattr(ACTIVATIONS[activation], "backward", lambda self, dout: 1.001 * right(self, dout))
    assert zerokara.gradient_check(network, x, t).verdict == DISAGREES


@pytest.mark.parametrize("activation", EVERY_ACTIVATION)
@pytest.mark.parametrize("where", [(np.zeros((1, 5)), 0.0), (1e4 * np.ones((2, 5)), 0.5)], ids=["at 0", "far out"])
def test_no_right_network_is_accused_at_a_kink_or_far_out(activation: str, where: tuple[Array, float]) -> None:
    network = Network([5, 6, 4, 3], activation=activation, weight_decay=where[1])
    check = zerokara.gradient_check(network, where[0], [1] * len(where[0]))
    assert check.verdict != DISAGREES, str(check)


class AtZero(Elementwise):
    """ReLU once more, as somebody writes it who says nothing of its kink; at 0 it is on."""

    def forward(self, x: Array) -> Array:
        self.mask = x >= 0
        return x * self.mask

    def backward(self, dout: Array) -> Array:
        return dout * self.mask


@pytest.mark.parametrize("bias", [0.0, 1e-6, 3.3e-6, -4e-6, 6e-6, -9e-6])
def test_a_kink_that_nobody_has_declared_is_no_error(bias: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it lies within the step of about 1e-5, also at w itself."""
    monkeypatch.setitem(ACTIVATIONS, "at zero", AtZero)
    network = Network([2, 3, 2], activation="at zero", init=0.5)
    network.params["b1"][...] = bias
    assert zerokara.gradient_check(network, np.zeros((1, 2)), [1]).verdict != DISAGREES


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_pickles_and_copies_compute_the_same(activation: str, loss: str) -> None:
    network, (x, t) = make(activation, loss), batch()
    for twin in (pickle.loads(pickle.dumps(network)), network.copy()):
        assert twin.loss(x, t) == network.loss(x, t)
        assert twin.is_standard == network.is_standard
    assert network.is_standard == (activation not in OWN and loss != "brier")


@pytest.mark.parametrize("gradient", ["backprop", "numerical"])
@pytest.mark.parametrize(("activation", "loss"), TRAINED)
def test_every_pair_trains_on_the_reference_engine(activation: str, loss: str, gradient: str, tmp_path: Path) -> None:
    """And the run can be opened again: `recipe.toml` has the names."""
    run = zerokara.train(
        "digits",
        activation=activation,
        loss=loss,
        gradient=gradient,
        hidden=3,
        weight_decay=1e-4,
        iterations=20 if gradient == "backprop" else 1,
        batch_size=10,
        engine="reference",
        plots=False,
        out=tmp_path,
    )
    again = zerokara.open_run(run.path)
    assert (again.recipe.activation, again.recipe.loss, again.recipe.weight_decay) == (activation, loss, 1e-4)
    for name, value in run.network.params.items():
        assert_array_equal(again.network.params[name], value)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "damped"])
def test_every_optimizer_lowers_a_loss_and_goes_on_from_its_state(name: str) -> None:
    network, (x, t) = make("tanh", "cross-entropy"), batch()
    optimizer, before = optimizer_named(name), network.loss(x, t)
    for updates in range(30):
        optimizer.update(network.params, network.gradient(x, t))
        if updates == 10:
            twin, other = network.copy(), pickle.loads(pickle.dumps(optimizer))
    assert network.loss(x, t) < before
    for _ in range(19):
        other.update(twin.params, twin.gradient(x, t))
    assert_array_equal(twin.params["W1"], network.params["W1"])


def test_an_optimizer_of_somebodys_own_trains(tmp_path: Path) -> None:
    run = zerokara.train("digits", optimizer="damped", engine="reference", epochs=20, plots=False, out=tmp_path)
    assert run.recipe.learning_rate == 0.5
    assert run.history.losses[-1] < 0.7 * run.history.losses[0]


def test_the_loop_that_is_left_for_some_is_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the evaluation in which the flag is raised, and the other half of that difference."""
    stop, evaluated = np.zeros(1, np.uint8), [0]
    forward = Cosine.forward

    def raising(self: Cosine, x: Array) -> Array:
        evaluated[0] += 1
        stop[0] = evaluated[0] >= 7
        return forward(self, x)

    monkeypatch.setattr(Cosine, "forward", raising)
    network = make("cosine", "cross-entropy", sizes=(5, 60, 3))
    found = central_differences(network, *batch(), stop=stop)
    assert evaluated == [8]
    assert list(found) == list(network.params)
    assert not found["W2"].any()


class WithoutBackward:
    def forward(self, x: Array) -> Array:
        return x


@pytest.mark.parametrize(
    ("table", "option", "entry", "words"),
    [
        (ACTIVATIONS, "activation", WithoutBackward, "a class with forward"),
        (ACTIVATIONS, "activation", Cosine(), "a class with forward"),
        (ACTIVATIONS, "activation", None, "a class with forward"),
        (LOSSES, "loss", (brier_terms, brier_grad), "a Loss"),
        (OPTIMIZERS, "optimizer", Cosine, "a dataclass that is an Optimizer"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: dict[str, Any], option: str, entry: Any, words: str
) -> None:
    monkeypatch.setitem(table, "mine", entry)
    with pytest.raises(zerokara.UsageError, match=rf"^The {option} 'mine' must be {words}.* Got "):
        zerokara.train("digits", iterations=1, out=tmp_path, plots=False, **{option: "mine"})
    assert not list(tmp_path.iterdir())
