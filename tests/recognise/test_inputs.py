"""What is done to the inputs first: batch after batch, as the loop does it, also where it rounds."""

import numpy as np
import pytest

NEAR = {"rtol": 1e-8, "atol": 1e-10}

MAPS = {
    "x / 255.0": np.uint8,
    "x.astype(np.float32) / 255": np.uint8,
    "(x - self.mean) / self.std": np.float64,
    "(x / 255.0 - 0.1307) / 0.3081": np.float32,
    "np.array(x, dtype=float) * (1 / 255)": np.uint8,
    "x.reshape(x.shape[0], -1) / 255.0": np.uint8,
    "2 * (x / 255.0) - 1": np.uint8,
    "-x + 3": np.float64,
}


@pytest.mark.parametrize(("formula", "dtype"), MAPS.items(), ids=MAPS.keys())
def test_inputs_that_are_scaled_first(learner, ask, formula, dtype):
    names = learner(f"""
class Scaled(Net):
    mean, std = np.linspace(0.2, 0.6, 20), np.linspace(0.5, 1.5, 20)
    def loss(self, x, t):
        x = {formula}
        return cross_entropy_error(self.predict(x), t)
""")
    rng = np.random.default_rng(0)
    net = names.Scaled(rng)
    for number in range(3):
        x, t = ((1 if dtype is np.float64 else 256) * rng.random((10, 20))).astype(dtype), rng.integers(0, 3, 10)
        outcome = ask(names.loss_of(net, x, t), net.params["W1"])
        assert outcome.was_fast if number == 0 else outcome.calls == 3
        np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_means_that_change(learner, ask, batch):
    names = learner("""
class Scaled(Net):
    mean = np.linspace(0.2, 0.6, 20)
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x - self.mean), t)
""")
    net = names.Scaled(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    assert ask(f, net.params["W1"]).was_fast
    names.Scaled.mean += 0.5
    outcome = ask(f, net.params["W1"])
    assert outcome.calls == 3
    np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_means_as_what_is_moved(learner, ask, batch):
    names = learner("""
class Scaled(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.mean = np.ones((10, 20))
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x - self.mean), t)
""")
    net = names.Scaled(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.mean)
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


OTHERS = {
    "by their own mean": "x - x.mean()",
    "by their own maximum": "x / np.max(x)",
    "each by its mean": "x - np.mean(x, axis=1, keepdims=True)",
    "squared": "x ** 2",
    "by a threshold": "(x > 0.5) * 1.0",
    "by their labels": "x * (1 + t.sum(axis=1, keepdims=True) / 255)",
}


@pytest.mark.parametrize("formula", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_scaling_is_named(learner, ask, batch, formula):
    names = learner(f"""
class Other(Net):
    def loss(self, x, t):
        x = {formula}
        return cross_entropy_error(self.predict(x), t)
""")
    net = names.Other(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert "What it makes of its inputs is not known here: see line 51." in outcome.said
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()
