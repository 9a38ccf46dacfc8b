"""Bounds in the code: those of the network that is found, tried on both sides, and nothing else."""

import numpy as np
import pytest

NEAR = {"rtol": 1e-8, "atol": 1e-10}

BOUNDS = {
    "hidden units at 6": ("def activation(x):\n    return np.minimum(np.maximum(0, x), 6)\n", "capped-relu 6"),
    "hidden units at 60": ("def activation(x):\n    return x.clip(0, 60)\n", "capped-relu 60"),
    "probabilities": (
        "def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(np.clip(y, 1e-3, 1 - 1e-3))) / len(t)\n",
        "kept between 0.001 and 0.999",
    ),
}


@pytest.mark.parametrize(("source", "said"), BOUNDS.values(), ids=BOUNDS.keys())
def test_weights_at_which_numbers_lie_on_a_bound(learner, ask, batch, source, said):
    """A difference across a bound is that of two formulas, in the loop and here."""
    names = learner(source)
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    first = ask(f, net.params["W1"])
    assert first.was_fast
    assert said in first.said
    for scale in (4, 30):
        for value in net.params.values():
            value *= scale
        a = np.dot(batch[0], net.params["W1"]) + net.params["b1"]
        net.params["b1"] += 6 + 3e-5 - a[0]  # of the first sample all lie beside the end
        for value in net.params.values():
            later = ask(f, value)
            np.testing.assert_allclose(later.gradient, later.expected, **NEAR)


REFUSED = {
    "of hidden units, but of a probability as well": (
        "def activation(x):\n    return np.clip(sigmoid(x), 1e-7, 1)\n"
        "def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(np.clip(y, 1e-7, 1))) / len(t)\n",
        r"Line 49 cuts off numbers at 1e-07 \(clip\)",
    ),
    "that no probability reaches": (
        "def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(np.clip(y, 1e-300, 1))) / len(t)\n",
        "Too few of the numbers that were tried lie beyond 1e-300",
    ),
    "of a loss": (
        "def loss_of(net, x, t):\n    return lambda W: np.minimum(net.loss(x, t), 300)\n",
        r"What it does may depend on the size of numbers \(line 49: minimum\)",
    ),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bound(learner, ask, batch, source, reason):
    import re

    names = learner(source)
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert re.search(reason, outcome.said), outcome.said
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_bounds_of_scores_are_no_ends_of_hidden_units(learner, ask, batch):
    """Both at 6: what is an end of the hidden units is something to keep away from for the scores."""
    names = learner("""
def activation(x):
    return np.minimum(np.maximum(0, x), 6)
class Capped(Net):
    def predict(self, x):
        z1 = activation(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.minimum(np.dot(z1, self.params['W2']) + self.params['b2'], 6))
""")
    net = names.Capped(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    ask(f, net.params["W1"])
    net.params["b2"] += [0, 7, 9]
    later = ask(f, net.params["W1"])
    assert later.gradient.tobytes() == later.expected.tobytes()
