"""The verdict: right networks agree, every deliberately broken derivative is found, kinks are no errors."""

import numpy as np
import pytest

from zerokara.nn import Network, TwoLayerNet, gradient_check
from zerokara.nn.functions import LOSSES, Loss
from zerokara.nn.layers import ACTIVATIONS, Affine, Relu


def batch(n=10, features=6, classes=3, seed=2):
    rng = np.random.default_rng(seed)
    return rng.random((n, features)), rng.integers(classes, size=n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(6, 3), (6, 8, 3), (6, 8, 5, 3)], ids=str)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_right_networks_agree(activation, loss, sizes, dtype):
    net = Network(sizes, activation=activation, loss=loss, init="he", dtype=dtype)
    check = gradient_check(net, *batch())
    assert check.agrees, str(check)
    assert [row.name for row in check.rows] == list(net.params)
    assert "DISAGREES" not in str(check)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("init", [0.01, "he", 2.0])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_pixels_that_nobody_has_scaled_are_no_wrong_gradient(activation, init, loss):
    """With h = 1e-4 a pixel of 255 moves a sum by 0.03, and the differences are too coarse for a verdict."""
    x, t = batch(n=30)
    check = gradient_check(Network((6, 8, 3), activation=activation, loss=loss, init=init), 255 * x, t)
    assert check.agrees, str(check)


def test_the_textbooks_own_network_agrees():
    assert gradient_check(TwoLayerNet(6, 50, 3, activation="sigmoid"), *batch()).agrees


BROKEN = {
    "affine forgets to transpose x": (Affine, "find_gradients", lambda self, dout: (
        setattr(self, "dW", np.abs(self.x.T @ dout)), setattr(self, "db", dout.sum(axis=0)))),
    "affine takes the mean of db": (Affine, "find_gradients", lambda self, dout: (
        setattr(self, "dW", self.x.T @ dout), setattr(self, "db", dout.mean(axis=0)))),
    "affine passes on the wrong dx": (Affine, "backward", lambda self, dout: (
        self.find_gradients(dout), 1.001 * dout @ self.W.T)[1]),
    "relu lets everything through": (ACTIVATIONS["relu"], "backward", lambda self, dout: dout),
    "relu lets nothing through": (ACTIVATIONS["relu"], "backward", lambda self, dout: 0 * dout),
    "sigmoid forgets 1 - y": (ACTIVATIONS["sigmoid"], "backward", lambda self, dout: dout * self.out),
    "tanh forgets the square": (ACTIVATIONS["tanh"], "backward", lambda self, dout: dout * (1 - self.out)),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_layer_is_found(case, monkeypatch):
    kind, method, wrong = BROKEN[case]
    activation = next((name for name, made in ACTIVATIONS.items() if made is kind), "tanh")
    net = Network((6, 8, 3), activation=activation, init="he")
    assert gradient_check(net, *batch()).agrees
    monkeypatch.setattr(kind, method, wrong)
    check = gradient_check(net, *batch())
    assert not check.agrees
    assert "DISAGREES" in str(check)


def test_every_activation_has_a_broken_twin_here():
    assert set(ACTIVATIONS.values()) <= {kind for kind, _, _ in BROKEN.values()}


@pytest.mark.parametrize("name", LOSSES)
def test_a_broken_loss_is_found(name, monkeypatch):
    value, gradient = LOSSES[name]
    monkeypatch.setitem(LOSSES, name, Loss(value, lambda scores, t: gradient(scores, t) * 1.01))
    assert not gradient_check(Network((6, 8, 3), loss=name, activation="tanh", init="he"), *batch()).agrees


def test_the_textbooks_inexact_derivative_is_found(monkeypatch):
    """y - t is not the derivative of a loss with 1e-7 in its logarithm where a label is improbable."""
    monkeypatch.setitem(LOSSES, "textbook", Loss(LOSSES["textbook"].value, LOSSES["cross-entropy"].gradient))
    net = Network((6, 8, 3), loss="textbook", activation="tanh", init=4.0)
    assert not gradient_check(net, *batch()).agrees


def test_one_wrong_weight_is_found_and_located(monkeypatch):
    right = Affine.find_gradients

    def wrong(self, dout):
        right(self, dout)
        if self.dW.shape == (6, 8):
            self.dW[4, 2] += 1e-3

    monkeypatch.setattr(Affine, "find_gradients", wrong)
    check = gradient_check(Network((6, 8, 3), activation="sigmoid", init="xavier"), *batch())
    assert [row.name for row in check.rows if not row.agrees] == ["W1"]
    row = check.rows[0]
    assert row.where == (4, 2)
    assert row.largest_difference == pytest.approx(1e-3, rel=1e-4)
    assert row.difference.shape == row.shape == (6, 8)
    assert row.relative_difference > 1e-3


def test_a_gradient_that_is_not_a_number_disagrees(monkeypatch):
    monkeypatch.setattr(ACTIVATIONS["tanh"], "backward", lambda self, dout: dout * np.nan)
    check = gradient_check(Network((6, 8, 3), activation="tanh"), *batch())
    assert [row.agrees for row in check.rows] == [False, False, True, True]


def test_a_layer_somebody_put_in_is_the_one_that_is_checked():
    class Wrong:
        def forward(self, x):
            return x**2

        def backward(self, dout):
            return dout

    net = Network((6, 8, 3), init="he")
    net.layers[1] = Wrong()
    assert not gradient_check(net, *batch()).agrees


def test_kinks_are_counted_and_are_no_error():
    """Zero biases and a sample of zeros put every pre-activation on the kink itself: half a gradient against none."""
    net = Network((6, 8, 3), init="he")
    check = gradient_check(net, np.zeros((1, 6)), [1])
    assert check.agrees, str(check)
    kinks = {row.name: row.kinks for row in check.rows}
    assert kinks["b1"] == 8
    assert kinks["W1"] == kinks["W2"] == kinks["b2"] == 0


def test_a_kink_between_the_two_points():
    """One unit, pre-activation 5e-5 at weight 5e-5: with h = 1e-4 one point is on and the other off."""
    net = Network((1, 1, 2), init=1.0)
    net.params["W1"][...] = 5e-5
    check = gradient_check(net, [[1.0]], [0], h=1e-4)
    assert check.agrees
    assert {row.name: row.kinks for row in check.rows} == {"W1": 1, "b1": 1, "W2": 0, "b2": 0}


def test_kinks_are_those_that_whole_forward_passes_show():
    """Of a deep network and many samples, so that many weights switch some ReLU, of this layer or of a later one."""
    h = 1e-4
    net, (x, t) = Network((6, 8, 7, 5, 3), init="he", seed=1), batch(n=2000)
    check = gradient_check(net, x, t, h=h)

    def masks():
        net.predict(x)
        return [layer.mask for layer in net.layers if isinstance(layer, Relu)]

    expected = dict.fromkeys(net.params, 0)
    for row in check.rows:
        parameter = net.params[row.name]
        for index in map(tuple, np.argwhere(row.difference > row.tolerance)):
            before = parameter[index]
            parameter[index] = before + h
            above = masks()
            parameter[index] = before - h
            expected[row.name] += any((a != b).any() for a, b in zip(above, masks(), strict=True))
            parameter[index] = before
    assert check.agrees, str(check)
    assert {row.name: row.kinks for row in check.rows} == expected
    assert all(expected[name] > 0 for name in ("W1", "b1", "W2", "W3"))


@pytest.mark.parametrize(("n", "h"), [(3000, 1e-5), (3000, 1e-4), (30, 1e-3)])
@pytest.mark.parametrize("factor", [1.5, -3.0])
@pytest.mark.parametrize("name", ["W1", "b1", "W2"])
def test_kinks_excuse_no_wrong_gradient(name, factor, n, h):
    """With many samples or a wide step nearly every element has some sample whose ReLU switches."""

    class Wrong(Network):
        def gradient(self, x, t):
            found = dict(super().gradient(x, t))
            found[name] = factor * found[name]
            return found

    x, t = batch(n=n, features=20)
    check = gradient_check(Wrong((20, 10, 9, 3), init="he"), x, t, h=h)
    assert [row.agrees for row in check.rows] == [row.name != name for row in check.rows], str(check)


def test_smooth_activations_have_no_kinks(monkeypatch):
    monkeypatch.setattr(ACTIVATIONS["sigmoid"], "backward", lambda self, dout: dout)
    check = gradient_check(Network((6, 8, 3), activation="sigmoid", init="he"), np.zeros((2, 6)), [1, 2])
    assert not check.agrees
    assert all(row.kinks == 0 for row in check.rows)


def test_the_network_is_left_as_it_was():
    net = Network((6, 8, 3), init="he", dtype=np.float32)
    before = {name: p.tobytes() for name, p in net.params.items()}
    gradient_check(net, np.zeros((1, 6)), [1])
    assert {name: p.tobytes() for name, p in net.params.items()} == before


def test_labels_in_every_form():
    net, (x, t) = Network((6, 8, 3), init="he"), batch()
    assert str(gradient_check(net, x, t)) == str(gradient_check(net, x, np.eye(3)[t]))
    assert gradient_check(net, x[0], int(t[0])).agrees
