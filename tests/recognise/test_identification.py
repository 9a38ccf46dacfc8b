"""The candidates that a loss is compared with: recognition's own, whatever is added to nn."""

import numpy as np
import pytest

from zerokara.interpret.clues import Clues
from zerokara.interpret.thresholds import Limit
from zerokara.nn import functions, layers
from zerokara.nn.formulas import ACTIVATION_FORMULAS, LOSS_FORMULAS, activation_formula
from zerokara.recognise import candidates

POINTS = np.linspace(-20, 20, 40_001)
EVERYTHING = Clues(
    (0.01, 1e-7, 6.0, 1.702, 0.5),
    frozenset(["compare", "maximum", "exp", "log", "erf"]),
    limits=(
        Limit("clip", 1, 6.0, of_input=True, site=1),
        Limit("clip", 2, 1e-7, of_input=False, site=2),
        Limit("clip", 2, 1 - 1e-7, of_input=False, site=2),
    ),
)
ACTIVATIONS = list(candidates.activations(EVERYTHING, last=9))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_no_candidate_is_steeper_or_larger_than_its_table_says(activation):
    """What `Plan._farthest` takes for granted."""
    formula = activation_formula(activation)
    steepest = formula.steepest(*activation.parameters)
    values = formula.value(POINTS.copy(), *activation.parameters)
    assert np.abs(np.diff(values) / np.diff(POINTS)).max() <= steepest + 1e-9
    at_zero = abs(formula.value(np.zeros(1), *activation.parameters)[0])
    assert (np.abs(values) <= steepest * np.abs(POINTS) + at_zero + 1e-12).all()


def test_all_formulas_are_candidates():
    assert {activation.name for activation in ACTIVATIONS} == set(ACTIVATION_FORMULAS)
    assert {loss.name for loss in candidates.losses(EVERYTHING)} == set(LOSS_FORMULAS)


@pytest.mark.parametrize("delta", ["0", "1e-15", "1.1e-15", "1e-12", "1e-10", "np.finfo(float).eps", "1e-7", "1.1e-7"])
def test_a_delta_that_shows_only_where_probabilities_are_as_small(learner, ask, batch, delta):
    names = learner(f"""
others = [1e-15, 1.1e-15, 1e-12]
def cross_entropy_error(y, t):
    delta = {delta}
    return -np.sum(t * np.log(y + delta)) / len(t) + 0 * (others[0] + others[1] + others[2])
""")
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.was_fast
    for other in ("1e-15", "1.1e-15", "1e-12", "1e-10", "2.220446049250313e-16", "1e-7", "1.1e-7"):
        is_that = delta != "0" and float(other) == pytest.approx(eval(delta, {"np": np}), rel=1e-4, abs=0)
        assert (f"with {other} in" in outcome.said) == is_that, outcome.said


def test_a_loss_that_somebody_adds_is_no_candidate(learner, ask, batch, monkeypatch):
    """Σ (y - t)⁴ / n: nn may train with it, but nobody has proven here that an engine's differences are the loop's."""

    def fourth_power(scores, targets):
        return (functions.softmax(scores) - targets) ** 4

    monkeypatch.setitem(functions.LOSSES, "fourth-power", functions.Loss(fourth_power, None))
    names = learner("def cross_entropy_error(y, t):\n    return np.sum((y - t) ** 4) / len(t)\n")
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert "Its loss is none that is known here: see line 49." in outcome.said
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
    for rate in (0, 0.1, 0):
        net.weight_decay_lambda = rate
        outcome = ask(names.loss_of(net, *batch), net.params["W1"])
        assert outcome.calls < 100
        assert ("weight decay of 0.1" in outcome.said) == (rate == 0.1)
        np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)
