"""The verdict: right networks agree, every deliberately broken derivative is found, kinks are no errors."""

import numpy as np
import pytest
from scipy.special import expit

from zerokara.errors import UsageError
from zerokara.nn import Network, TwoLayerNet, gradient_check
from zerokara.nn import network as networks
from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.nn.check import AGREES, CANNOT_BE_TOLD, DISAGREES
from zerokara.nn.error_bounds import is_analysed
from zerokara.nn.functions import LOSSES, STANDARD_LOSSES, Loss
from zerokara.nn.layers import ACTIVATIONS, Affine, Relu, Sigmoid


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
    "gelu forgets the factor 3 of the cube": (ACTIVATIONS["gelu"], "backward", lambda self, dout: dout * (
        expit(1.5957691216057308 * (self.x + 0.044715 * self.x**3)) * (1 + self.x * 1.5957691216057308 * (
        1 + 0.044715 * self.x**2) * expit(-1.5957691216057308 * (self.x + 0.044715 * self.x**3))))),
    "leaky relu does not leak": (ACTIVATIONS["leaky-relu"], "backward", lambda self, dout: dout * self.mask),
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
    right = LOSSES[name]
    monkeypatch.setitem(LOSSES, name, Loss(right.terms, lambda scores, t: right.gradient(scores, t) * 1.01))
    assert not gradient_check(Network((6, 8, 3), loss=name, activation="tanh", init="he"), *batch()).agrees


def test_the_textbooks_inexact_derivative_is_found(monkeypatch):
    """y - t is not the derivative of a loss with 1e-7 in its logarithm where a label is improbable."""
    monkeypatch.setitem(LOSSES, "textbook", Loss(LOSSES["textbook"].terms, LOSSES["cross-entropy"].gradient))
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
    assert check.rows[0].verdict == DISAGREES


def test_the_one_element_that_is_not_a_number_is_located():
    class Wrong(Network):
        def gradient(self, x, t):
            found = dict(super().gradient(x, t))
            found["W1"][3, 5] = np.nan
            return found

    row = gradient_check(Wrong((6, 8, 3), activation="tanh"), *batch()).rows[0]
    assert (row.verdict, row.wrong, row.where) == (DISAGREES, 1, (3, 5))


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


def test_where_the_slope_cancels_a_kink_still_bends():
    """Unit 1 is at its kink, and its slope is ½·0.098 - ½·0.098: only what curves on one side moves the difference."""
    net = Network((1, 5, 5))
    net.params["W1"] = [[1.0, -1, 1, 1, 1]]
    net.params["b1"] = [-1.0, 0, -1, 0, -1]
    net.params["W2"] = [[-1, 0, -1, 0, 0], [0, 1, 0, -1, 0], [0, 1, 1, 1, -1], [0, -1, 1, 1, 0], [-1, 0, -1, -1, 1]]
    net.params["W2"] *= 0.5
    net.params["b2"] = [0.0, -1, 0, -1, 0]
    check = gradient_check(net, [[0.0]], [2])
    assert check.verdict != DISAGREES, str(check)
    assert check.rows[1].difference[1] > 1e-8


def test_kinks_are_those_that_whole_forward_passes_show():
    """Of a deep network and many samples, so that many weights switch some ReLU, of this layer or of a later one."""
    net, (x, t) = Network((6, 8, 7, 5, 3), init="he", seed=1), batch(n=2000)
    check = gradient_check(net, x, t, h=1e-3)
    exact = net.gradient(x, t)

    def look(parameter, index, value):
        before, parameter[index] = parameter[index], value
        loss = net.loss(x, t)
        parameter[index] = before
        return loss, [layer.mask for layer in net.layers if isinstance(layer, Relu)]

    assert check.agrees, str(check)
    for row in check.rows:
        parameter, over, switching = net.params[row.name], 0, 0
        for index in np.ndindex(parameter.shape):
            h = row.steps[index[0] if len(index) == 2 else 0]
            above, masks = look(parameter, index, parameter[index] + h)
            below, others = look(parameter, index, parameter[index] - h)
            switches = any((a != b).any() for a, b in zip(masks, others, strict=True))
            differs = abs((above - below) / (2 * h) - exact[row.name][index]) > row.tolerance[index]
            assert switches or not differs
            over, switching = over + differs, switching + switches
        assert over <= row.kinks <= switching, row.name
        assert over > 0 or row.name not in ("W1", "b1", "W2", "W3"), row.name


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


def test_inputs_of_the_size_of_thousands_are_no_wrong_gradient():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        net = Network((4, 6, 3), activation="sigmoid", init=float(10 ** rng.uniform(-4, 0)), seed=seed)
        check = gradient_check(net, 10 ** rng.uniform(3, 4) * rng.standard_normal((12, 4)), rng.integers(3, size=12))
        assert check.verdict != DISAGREES, f"{seed}\n{check}"


@pytest.mark.parametrize("change", [lambda row: 0 * row, lambda row: -row, lambda row: 1.2 * row])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_wrong_row_beside_far_larger_rows_is_found(activation, change):
    """Rows of W1 differ by nine powers of ten; the smallest is the wrong one."""

    class Wrong(Network):
        def gradient(self, x, t):
            found = dict(super().gradient(x, t))
            found["W1"] = np.vstack([change(found["W1"][:1]), found["W1"][1:]])
            return found

    x, t = batch(features=4)
    x = x * [1e-5, 1, 1e2, 1e4]
    settings = {"activation": activation, "init": 1e-4}
    assert gradient_check(Network((4, 8, 3), **settings), x, t).agrees
    check = gradient_check(Wrong((4, 8, 3), **settings), x, t)
    assert check.verdict == DISAGREES
    assert list(check.rows[0].verdicts) == [DISAGREES, AGREES, AGREES, AGREES]
    assert check.rows[0].where[0] == 0
    assert [row.verdict for row in check.rows[1:]] == [AGREES] * 3


def test_a_large_input_gets_a_small_step_and_the_table_says_it():
    x, t = batch(features=3)
    check = gradient_check(Network((3, 8, 3), activation="tanh", init="he"), x * [1, 1e3, 1e6], t)
    steps = check.rows[0].steps
    assert steps.shape == (3,)
    assert steps[0] / 2e3 < steps[1] < steps[0] / 500
    assert steps[1] / 2e3 < steps[2] < steps[1] / 500
    assert all(np.frexp(steps / 1e-5)[0] == 0.5), "a power of two times h, so that nothing is rounded"
    assert f"{steps[2]:.0e} … {steps[0]:.0e}" in str(check)


def test_h_scales_all_steps_and_a_wide_one_cannot_tell():
    x, t = batch()
    net = Network((6, 8, 3), activation="tanh", init="he")
    narrow, wide = gradient_check(net, x, t, h=1e-5), gradient_check(net, x, t, h=1e-3)
    assert (wide.rows[0].steps > 30 * narrow.rows[0].steps).all()
    assert wide.rows[0].bound.max() > 1e3 * narrow.rows[0].bound.max()
    for h in (1e4, 1e-14):
        check = gradient_check(net, x, t, h=h)
        assert check.verdict == CANNOT_BE_TOLD, str(check)
        assert "cannot be told" in str(check)
        assert not check.agrees


@pytest.mark.parametrize("h", [1e-300, 1e300])
def test_no_step_is_too_far_out(h):
    assert gradient_check(Network((6, 8, 3)), *batch(), h=h).verdict == CANNOT_BE_TOLD


def test_a_step_that_is_none():
    with pytest.raises(UsageError, match=r"h must be a positive number\. Got 0\."):
        gradient_check(Network((6, 3)), *batch(), h=0)


def test_verdicts_by_row_and_which_is_the_gravest():
    """One row is saturated away: e⁻⁸⁰ is all that reaches it."""

    class Wrong(Network):
        def gradient(self, x, t):
            found = dict(super().gradient(x, t))
            found["b2"] = 2 * found["b2"]
            return found

    net = Network((2, 3, 3), activation="sigmoid", init="xavier")
    net.params["b1"] = [0, 0, 80]
    net.params["W2"][:2] = 0
    wrong = Wrong((2, 3, 3), activation="sigmoid")
    wrong.params.update(net.params)
    x, t = batch(features=2)
    check = gradient_check(net, x, t)
    assert list(check.rows[0].verdicts) == [CANNOT_BE_TOLD] * 2
    assert (check.rows[0].verdict, check.rows[2].verdict, check.verdict) == (CANNOT_BE_TOLD, AGREES, CANNOT_BE_TOLD)
    assert (check.untold, check.wrong, check.all_rows) == (3, 0, 7)
    check = gradient_check(wrong, x, t)
    assert (check.verdict, check.untold, check.wrong) == (DISAGREES, 3, 1)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e200])
@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2", "x"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_not_finite_neither_agrees_nor_disagrees(activation, name, value):
    net, (x, t) = Network((6, 8, 3), activation=activation, init="he"), batch()
    (x if name == "x" else net.params[name]).reshape(-1)[0] = value
    check = gradient_check(net, x, t)
    assert check.verdict != DISAGREES, str(check)
    if not np.isfinite(net_loss(net, x, t)):
        assert check.untold == check.all_rows


def net_loss(net, x, t):
    with np.errstate(all="ignore"):
        return net.loss(x, t)


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, dout):
        return dout * 2 * self.x


class WithDecay(Network):
    """A loss that is not ours: weight decay is added."""

    decay = 0.01

    def loss(self, x, t):
        return super().loss(x, t) + self.decay / 2 * sum((p**2).sum() for p in self.params.values())

    def gradient(self, x, t):
        return {name: value + self.decay * self.params[name] for name, value in super().gradient(x, t).items()}


def test_layers_and_losses_of_others():
    net = Network((6, 8, 3), init="he")
    net.layers[1] = Square()
    check = gradient_check(net, *batch())
    assert check.agrees, str(check)
    net = WithDecay((6, 8, 3), init="he")
    check = gradient_check(net, *batch())
    assert check.agrees, str(check)


class Wavy:
    """Its derivative changes by 1,000 times itself, which nobody can know."""

    def forward(self, x):
        self.x = x
        return np.sin(1000 * x) / 1000

    def backward(self, dout):
        return dout * np.cos(1000 * self.x)


class OnAtZero(Relu):
    """The other convention."""

    def forward(self, x):
        self.mask = x >= 0
        return np.maximum(x, 0)


class FarOff(Network):
    """A loss of a million, which rounds its differences to 1e-10."""

    def loss(self, x, t):
        return super().loss(x, t) + 1e6


def test_layers_that_curve_or_bend_as_nobody_knows():
    x, t = batch()
    net = Network((6, 8, 3), init="he")
    net.layers[1] = Wavy()
    assert gradient_check(net, x, t).verdict != DISAGREES
    net.layers[1] = OnAtZero()
    assert gradient_check(net, np.zeros((1, 6)), [1]).verdict != DISAGREES
    assert gradient_check(FarOff((6, 8, 3), init="he"), x, t).verdict != DISAGREES


def test_what_underflows_is_no_wrong_gradient():
    net = Network((1, 3, 3), activation="sigmoid")
    net.params["b1"] = [-737, -740, 0]
    x, t = batch(n=40, features=1)
    check = gradient_check(net, x, t)
    assert 0 < net.gradient(x, t)["W2"][0].max() < 1e-300
    assert check.verdict != DISAGREES, str(check)


def test_a_wrong_gradient_of_a_loss_of_others():
    class Forgotten(WithDecay):
        def gradient(self, x, t):
            return Network.gradient(self, x, t)

    assert gradient_check(Forgotten((6, 8, 3), init="he"), *batch()).verdict == DISAGREES


def test_without_an_engine(monkeypatch):
    monkeypatch.setattr(networks, "fast_gradient", None)
    assert gradient_check(Network((6, 8, 3), init="he"), *batch()).agrees
    monkeypatch.setattr(Sigmoid, "backward", lambda self, dout: dout * self.out)
    assert gradient_check(Network((6, 8, 3), activation="sigmoid"), *batch()).verdict == DISAGREES


def test_every_activation_and_loss_has_its_bounds():
    assert all(is_analysed(kind()) for kind in STANDARD_ACTIVATIONS.values())
    assert all(loss.class_weights for loss in STANDARD_LOSSES.values())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_bound_of_change_holds(activation):
    """|f′| ≤ s, |f″| ≤ c s, |f‴| ≤ c² s and |s′| ≤ c s, by differences of the derivative in small steps."""
    a, h = np.linspace(-9.0125, 9.0125, 1000), 1e-3
    layer = ACTIVATIONS[activation]()
    below, at, above = (layer.derivative(a + shift) for shift in (-h, 0, h))
    out = [layer.forward(a + shift) for shift in (-h, h)]
    np.testing.assert_allclose((out[1] - out[0]) / (2 * h), at, rtol=1e-5, atol=1e-6)
    c, s = layer.change, layer.steepness(a)
    assert (np.abs(at) <= s).all()
    assert (np.abs(above - below) / (2 * h) <= 1.001 * c * s + 1e-9).all()
    assert (np.abs(above - 2 * at + below) / h**2 <= 1.001 * c**2 * s + 1e-8).all()
    assert (np.abs(layer.steepness(a + h) - layer.steepness(a - h)) / (2 * h) <= 1.001 * c * s + 1e-9).all()


class LayerNorm:
    """(x - mean) / √(variance + 1e-5) of each sample (Ba, Kiros, Hinton 2016): steep where units are alike."""

    def forward(self, x):
        self.root = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        self.y = (x - x.mean(axis=1, keepdims=True)) / self.root
        return self.y

    def backward(self, dout):
        mean, along = dout.mean(axis=1, keepdims=True), (dout * self.y).mean(axis=1, keepdims=True)
        return (dout - mean - self.y * along) / self.root


@pytest.mark.parametrize("seed", range(8))
def test_steps_are_short_where_nothing_is_known_of_how_fast_slopes_change(seed, monkeypatch):
    """A step that suits a sigmoid is far too long for what three such layers make of small weights."""
    monkeypatch.setitem(ACTIVATIONS, "layer-norm", LayerNorm)
    x, t = batch(n=17, features=3, seed=seed)
    net = Network((3, 9, 3, 8, 3), activation="layer-norm", init=0.01, seed=seed)
    check = gradient_check(net, x - 0.5, t)
    assert check.wrong == 0, str(check)
    assert not any((row.steps > 1e-5 / np.abs(x - 0.5).max(axis=0).min()).any() for row in check.rows[:1])
