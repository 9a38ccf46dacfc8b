"""One weight against the definition: the loss of the whole network, evaluated at each value."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.errors import UsageError
from zerokara.nn.activations import ACTIVATIONS
from zerokara.nn.network import Network
from zerokara.nn.one_weight import (
    Weight,
    is_multiplied_by_nothing,
    is_off,
    losses_along,
    losses_by_definition,
    losses_over,
    switched,
    switches_along,
)

PLACES = [("W1", (2, 1)), ("b1", (3,)), ("W2", (1, 2)), ("b2", (0,)), ("W3", (0, 1)), ("b3", (2,))]


class Doubled:
    """A layer that nobody can look into."""

    def forward(self, x):
        return 2 * np.tanh(x)

    def backward(self, dout):
        return dout


def samples(n=7, features=4, classes=3):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, features)) * (rng.random((n, features)) < 0.7)
    return x, rng.integers(0, classes, n)


def network(activation="relu", loss="cross-entropy", decay=0.0, init=0.7) -> Network:
    return Network([4, 5, 4, 3], activation=activation, loss=loss, init=init, seed=4, weight_decay=decay)


def defined(net: Network, x, t, weight: Weight, values) -> np.ndarray:
    """Each value put into the network itself."""
    before, losses = net.params[weight.name][weight.index], []
    for value in values:
        net.params[weight.name][weight.index] = value
        losses.append(net.loss(x, t))
    net.params[weight.name][weight.index] = before
    return np.array(losses)


KINDS = [
    *((activation, "cross-entropy", 0.1) for activation in ("relu", "sigmoid", "tanh", "gelu", "leaky-relu")),
    *(("relu", loss, 0.0) for loss in ("cross-entropy", "textbook", "squared")),
]


@pytest.mark.parametrize(("activation", "loss", "decay"), KINDS)
def test_the_loss_along_every_kind_of_weight_is_that_of_the_definition(activation, loss, decay):
    net, (x, t), values = network(activation, loss, decay), samples(), np.linspace(-3, 3, 5)
    for place in PLACES:
        weight = Weight.of(net, *place)
        expected = defined(net, x, t, weight, values)
        assert_allclose(losses_along(net, x, t, weight, values), expected, rtol=1e-13)
        assert_array_equal(losses_by_definition(net, x, t, weight, values), expected)


def test_a_layer_that_cannot_be_looked_into_is_evaluated(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "doubled", Doubled)
    net, (x, t), values = network("doubled"), samples(), np.array([-1.0, 0.0, 2.0])
    weight = Weight("W1", (1, 1))
    assert_array_equal(losses_along(net, x, t, weight, values), defined(net, x, t, weight, values))
    assert len(switches_along(net, x, t, weight)) == 0
    assert not is_off(net, x, t, weight)


def test_the_loss_over_two_weights_is_that_of_the_definition():
    net, (x, t) = network(decay=0.01), samples()
    first, second = Weight("W1", (1, 0)), Weight("W2", (0, 2))
    values, others = np.linspace(-1, 1, 5), np.linspace(-2, 2, 3)
    over = losses_over(net, x, t, first, values, second, others)
    expected = [defined(second.placed(net, other), x, t, first, values) for other in others]
    assert over.shape == (3, 5)
    assert_allclose(over, expected, rtol=1e-13)


def test_the_network_stays_as_it_is():
    net, (x, t) = network(), samples()
    before = {name: array.copy() for name, array in net.params.items()}
    losses_over(net, x, t, Weight("W1", (0, 0)), np.zeros(2), Weight("b3", (1,)), np.ones(2))
    switches_along(net, x, t, Weight("W1", (0, 0)))
    for name, array in before.items():
        assert_array_equal(net.params[name], array)


def test_kinks_are_where_the_own_unit_gets_zero():
    net, (x, t), weight = network(), samples(), Weight("W1", (2, 1))
    kinks = switches_along(net, x, t, weight)
    moving = x[:, 2] != 0
    assert len(kinks) == moving.sum()
    for kink in kinks:
        moved = weight.placed(net, kink)
        scores = x @ moved.params["W1"][:, 1] + moved.params["b1"][1]
        assert np.abs(scores[moving]).min() < 1e-14


@pytest.mark.parametrize(("activation", "place"), [("sigmoid", ("W1", (0, 0))), ("relu", ("W3", (0, 0)))])
def test_what_is_smooth_has_no_kinks(activation, place):
    net, (x, t) = network(activation), samples()
    assert len(switches_along(net, x, t, Weight(*place))) == 0


def test_relus_that_switch_are_counted_for_each_sample():
    net = Network([1, 2, 2], seed=0)
    net.params = {"W1": [[1.0, -1.0]], "b1": [-1.0, 5.0], "W2": np.ones((2, 2)), "b2": np.zeros(2)}
    x, weight = np.array([[1.0], [2.0], [0.0]]), Weight("W1", (0, 0))
    # the first unit gets w x - 1: on at w > 1 for x = 1, at w > 0.5 for x = 2, never for x = 0
    counts = [switched(weight.placed(net, 0.4), weight.placed(net, value), x) for value in (0.45, 0.6, 1.2)]
    assert counts == [0, 1, 2]


def test_weights_that_nothing_moves():
    net, x, t = Network([3, 2, 2], seed=1), np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 1.0]]), np.array([0, 1])
    net.params["W1"][:, 1] = -1.0
    assert is_multiplied_by_nothing(net, x, t, Weight("W1", (0, 0)))
    assert not is_multiplied_by_nothing(net, x, t, Weight("W1", (1, 0)))
    assert is_off(net, x, t, Weight("W1", (1, 1)))
    assert is_off(net, x, t, Weight("b1", (1,)))
    assert is_multiplied_by_nothing(net, x, t, Weight("W2", (1, 0)))  # the unit that is off gives 0
    assert not is_off(net, x, t, Weight("W2", (0, 0)))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("W1", [4, 0]), ("W1", [-1, 0]), ("W1", [0]), ("W1", [0, 0, 0]), ("b1", [0, 0]), ("b1", 0), ("W1", None),
        ("W1", "ab"), ("W1", [True, 0]), ("W1", [0.0, 0]), ("W1", [[0], 0]), ("W1", {"0": 0}), ("b1", [10**400]),
    ],
)  # fmt: skip
def test_an_index_that_is_none_is_refused(name, index):
    with pytest.raises(UsageError, match=rf"The index of a weight in {name} must be"):
        Weight.of(network(), name, index)


@pytest.mark.parametrize("name", ["W4", "w1", "", "x" * 100_000, None, 3, ["W1"], {}])
def test_a_parameter_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="parameter must be one of W1, b1, W2, b2, W3, b3") as refused:
        Weight.of(network(), name, [0, 0])
    assert len(str(refused.value)) < 200
