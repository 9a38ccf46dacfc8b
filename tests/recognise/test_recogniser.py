"""What is said, how it is switched off, and the two ways that are compared."""

import inspect

import numpy as np
import pytest

import zerokara
from zerokara import recognise
from zerokara.book.common.gradient import numerical_gradient
from zerokara.errors import UsageError, ZerokaraError
from zerokara.recognise import plan, recogniser


@pytest.fixture
def net_and_f(learner, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    return net, names.loss_of(net, *batch)


def test_it_says_once_what_was_recognised(net_and_f, capfd):
    net, f = net_and_f
    for _ in range(3):
        for value in net.params.values():
            numerical_gradient(f, value)
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "loss_of.<locals>.<lambda> (line" in said
    assert "network 20-7-3 (sigmoid, softmax), proven by its code" in said
    assert "It is the cross entropy with 1e-7 in the logarithm." in said


def test_small_gradients_are_left_to_the_loop_in_silence(capfd):
    assert numerical_gradient(lambda x: np.sum(x**2), np.arange(3.0)).round(6).tolist() == [0, 2, 4]
    assert capfd.readouterr().err == ""


def test_off(net_and_f, ask):
    net, f = net_and_f
    with recognise.mode("off"):
        outcome = ask(f, net.params["W1"])
    assert outcome.calls == 2 * 140
    assert outcome.said == ""
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_verify_compares_every_weight_and_gives_the_loops(net_and_f, ask):
    net, f = net_and_f
    with recognise.mode("verify"):
        outcome = ask(f, net.params["W1"])
    assert outcome.calls > 2 * 140
    assert "Verified: all 140 elements of (20, 7) agree with the plain loop's" in outcome.said
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_verify_sees_one_wrong_weight(net_and_f, monkeypatch):
    net, f = net_and_f
    with recognise.mode("verify"):
        numerical_gradient(f, net.params["W1"])
        right = plan.Plan.gradient

        def wrong(*asked, **keywords):
            gradient = right(*asked, **keywords)
            gradient[3, 3] += 1e-7
            return gradient

        monkeypatch.setattr(plan.Plan, "gradient", wrong)
        said = r"--verify found a gradient of shape \(20, 7\) that differs"
        with pytest.raises(ZerokaraError, match=said) as caught:
            numerical_gradient(f, net.params["W1"])
        assert caught.value.code == "not-verified"


def test_the_four_gradients_of_an_update_are_computed_at_once(net_and_f, monkeypatch):
    net, f = net_and_f
    numerical_gradient(f, net.params["W1"])
    same = []
    monkeypatch.setattr(
        plan.Plan,
        "_same_weights",
        lambda self, arrays, real=plan.Plan._same_weights: same.append(real(self, arrays)) or same[-1],
    )
    for value in net.params.values():
        numerical_gradient(f, value)
    assert same == [True] * 4
    net.params["W2"][1, 1] = np.nextafter(net.params["W2"][1, 1], 1)
    numerical_gradient(f, net.params["b2"])
    assert same[4:] == [False]


def test_a_single_weight_changed_by_one_bit_changes_the_gradient(net_and_f, ask):
    net, f = net_and_f
    numerical_gradient(f, net.params["W1"])
    net.params["W1"][0, 0] += 1e-3
    outcome = ask(f, net.params["b2"])
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_zerokaras_own_numerical_gradient_only_when_asked(net_and_f, capfd):
    net, f = net_and_f
    slow = zerokara.numerical_gradient(f, net.params["W1"])
    assert capfd.readouterr().err == ""
    fast = zerokara.numerical_gradient(f, net.params["W1"], accelerate=True)
    assert "is the loss of a network" in capfd.readouterr().err
    np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-10)
    other = zerokara.numerical_gradient(f, net.params["W1"], h=1e-3, accelerate=True)
    np.testing.assert_allclose(other, zerokara.numerical_gradient(f, net.params["W1"], h=1e-3), rtol=1e-8, atol=1e-10)


def test_a_mistake_in_here_leaves_all_to_the_loop(net_and_f, monkeypatch, capfd):
    net, f = net_and_f
    monkeypatch.setattr(recogniser, "purity_of", None)
    slow = zerokara.numerical_gradient(f, net.params["W1"])
    assert numerical_gradient(f, net.params["W1"]).tobytes() == slow.tobytes()
    assert "Looking into it failed (TypeError(" in capfd.readouterr().err


def test_refused_functions_of_few_weights_are_looked_at_ever_less_often(learner, batch, monkeypatch):
    names = learner("def activation(x):\n    return sigmoid(x) + 0 * np.random.rand()\n")
    net = names.Net(np.random.default_rng(0))
    looks = []
    real = recogniser.purity_of
    monkeypatch.setattr(recogniser, "purity_of", lambda f, x: looks.append(1) or real(f, x))
    for _ in range(9):
        numerical_gradient(names.loss_of(net, *batch), net.params["W1"])
    assert len(looks) == 4  # the 1st, 2nd, 4th and 8th


def test_gradients_belong_to_the_caller(net_and_f):
    """Writing into one, as Relu.backward of the textbook does, changes no later one."""
    net, f = net_and_f
    first = numerical_gradient(f, net.params["W1"])
    kept = first.copy()
    first[:] = 7
    np.testing.assert_array_equal(numerical_gradient(f, net.params["W1"]), kept)


def test_a_mode_that_is_none():
    with (
        pytest.raises(UsageError, match=r"mode must be one of on, off, verify\. Got 'of'\. Did you mean off\?"),
        recognise.mode("of"),
    ):
        pass


def test_the_log_tells_what_was_recognised_or_refused_and_how_long_it_took(net_and_f, caplog):
    """In the words that are said, and each time, where they are said once."""
    net, f = net_and_f
    with caplog.at_level("DEBUG", logger="zerokara"):
        numerical_gradient(f, net.params["W1"])
        for _ in range(2):
            numerical_gradient(lambda W: np.sum(net.params["W1"]) * len(dir()), net.params["W1"])
    said = [record.getMessage() for record in caplog.records if record.name == "zerokara.recognise.recogniser"]
    assert "is the loss of a network 20-7-3" in said[0]
    assert said[1].startswith("proving loss_of.<locals>.<lambda> (line")
    assert said[1].endswith(" ms")
    line = inspect.currentframe().f_code.co_firstlineno + 6
    reason = f"It calls dir, and nothing is known of that. That is in line {line}."
    assert [text.partition("). ")[2] for text in said[2:]] == [reason] * 2
