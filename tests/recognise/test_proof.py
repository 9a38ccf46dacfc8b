"""Weights come back bit for bit, whatever happens in the middle."""

import numpy as np
import pytest

from zerokara.book.common.gradient import numerical_gradient
from zerokara.recognise import accelerated, plan, proof, sampling


def snapshot(net):
    return {key: value.tobytes() for key, value in net.params.items()}


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 20, 33])
def test_ctrl_c_at_any_call_of_f(learner, batch, monkeypatch, number):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"][0, 0], net.params["b1"][0] = -0.0, 5e-324
    before = snapshot(net)
    calls, real = 0, sampling.value_at

    def value_at(f, x):
        nonlocal calls
        calls += 1
        if calls == number:
            raise KeyboardInterrupt
        return real(f, x)

    for module in (sampling, proof, plan):
        monkeypatch.setattr(module, "value_at", value_at)
    with pytest.raises(KeyboardInterrupt):
        accelerated(names.loss_of(net, *batch), net.params["W1"])
    assert snapshot(net) == before


def test_weights_are_back_before_the_interruption_is_seen(learner, batch, monkeypatch):
    """Also while its traceback keeps all frames alive, between two random samples."""
    names = learner()
    net = names.Net(np.random.default_rng(0))
    before = snapshot(net)

    def interrupted(f, x, count=[0]):  # noqa: B006
        count[0] += 1
        if count[0] == 3:
            assert snapshot(net) != before
            raise KeyboardInterrupt
        return real(f, x)

    real = sampling.value_at
    monkeypatch.setattr(sampling, "value_at", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        accelerated(names.loss_of(net, *batch), net.params["W1"])
    assert caught.tb is not None
    assert snapshot(net) == before


def test_ctrl_c_while_weights_are_being_put_back():
    class Slow:
        """Interrupts the first attempt to write to it."""

        def __init__(self):
            self.array, self.writes = np.ones(3), 0

        def copy(self):
            return self.array.copy()

        def __setitem__(self, index, value):
            self.writes += 1
            if self.writes == 1:
                raise KeyboardInterrupt
            self.array[index] = value

    slow = Slow()
    with pytest.raises(KeyboardInterrupt), sampling.restoring([slow]):
        slow.array[:] = 7
    np.testing.assert_array_equal(slow.array, np.ones(3))


def test_an_error_of_the_learners_is_the_loops_own(learner, batch, capfd):
    """The proof meets the error first, puts everything back, and leaves it to the loop to show."""
    names = learner("""
class Bad(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)[7]
""")
    net = names.Bad(np.random.default_rng(0))
    before = snapshot(net)
    with pytest.raises(IndexError):
        numerical_gradient(names.loss_of(net, *batch), net.params["W1"])
    assert snapshot(net) == before
    assert "It raises IndexError." in capfd.readouterr().err


def test_numpys_global_generator_is_not_touched(learner, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    np.random.seed(1)
    before = np.random.get_state()[1].tobytes()
    assert accelerated(names.loss_of(net, *batch), net.params["W1"]) is not None
    assert np.random.get_state()[1].tobytes() == before


def test_weights_are_the_same_bits_after_a_proof(learner, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"][0, 0], net.params["b1"][0] = -0.0, 5e-324
    before = snapshot(net)
    assert accelerated(names.loss_of(net, *batch), net.params["W1"]) is not None
    assert snapshot(net) == before
