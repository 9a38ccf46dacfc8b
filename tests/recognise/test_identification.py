"""The candidates that a loss is compared with: recognition's own, whatever is added to nn."""

import numpy as np
import pytest

from zerokara.nn import functions, layers
from zerokara.recognise.forward import KNOWN_ACTIVATIONS
from zerokara.recognise.identification import KNOWN_LOSSES

POINTS = np.linspace(-20, 20, 40_001)


@pytest.mark.parametrize("name", KNOWN_ACTIVATIONS)
def test_no_candidate_is_steeper_than_one_or_larger_than_its_input(name):
    """What `Plan._farthest` takes for granted; GELU, whose slope reaches 1.129, could not be one."""
    values = KNOWN_ACTIVATIONS[name](POINTS)
    assert np.abs(np.diff(values) / np.diff(POINTS)).max() <= 1 + 1e-9
    assert (np.abs(values) <= np.maximum(1, np.abs(POINTS))).all()


def test_candidates_are_names_that_nn_knows_for_the_same_functions():
    assert set(KNOWN_ACTIVATIONS) <= set(layers.ACTIVATIONS)
    assert set(KNOWN_LOSSES) <= set(functions.STANDARD_LOSSES)
    for name, activation in KNOWN_ACTIVATIONS.items():
        np.testing.assert_array_equal(activation(POINTS), layers.ACTIVATIONS[name]().forward(POINTS))


def test_a_loss_that_somebody_adds_is_no_candidate(learner, ask, batch, monkeypatch):
    """Σ (y - t)⁴ / n: nn may train with it, but nobody has proven here that an engine's differences are the loop's."""

    def fourth_power(scores, targets):
        return (functions.softmax(scores) - targets) ** 4

    monkeypatch.setitem(functions.LOSSES, "fourth-power", functions.Loss(fourth_power, None))
    names = learner("def cross_entropy_error(y, t):\n    return np.sum((y - t) ** 4) / len(t)\n")
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert "Its values are not those of a network that is known here." in outcome.said
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_an_activation_that_somebody_adds_is_no_candidate(learner, ask, batch, monkeypatch):
    class Square(layers.Tanh):
        def forward(self, x):
            return x**2

    monkeypatch.setitem(layers.ACTIVATIONS, "square", Square)
    names = learner("def activation(x):\n    return x ** 2\n")
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_weight_decay_that_begins_between_two_updates(learner, ask, batch):
    """λ = 0 adds nothing, and the network is recognised; the λ of the next update is another number."""
    names = learner("""
class Decayed(Net):
    weight_decay_lambda = 0
    def loss(self, x, t):
        penalty = sum(np.sum(W ** 2) for W in [self.params['W1'], self.params['W2']])
        return cross_entropy_error(self.predict(x), t) + 0.5 * self.weight_decay_lambda * penalty
""")
    net = names.Decayed(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    net.weight_decay_lambda = 0.1
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()
