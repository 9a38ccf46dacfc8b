"""The network as its users hold it: shapes, labels, parameters that may be changed in place, refusals."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax, softmax

import zerokara.nn.layers
from zerokara.errors import UsageError
from zerokara.nn import Network, TwoLayerNet
from zerokara.nn.functions import LOSSES
from zerokara.nn.layers import ACTIVATIONS

DEPTHS = [(6, 4), (6, 5, 4), (6, 5, 3, 4)]
WITNESS = {
    "relu": lambda a: a.clip(min=0),
    "sigmoid": expit,
    "tanh": np.tanh,
    "gelu": lambda a: a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))),
    "leaky-relu": lambda a: np.where(a > 0, a, a / 100),
}


def batch(n=8, features=6, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n, features)), rng.integers(classes, size=n)


def network(sizes=(6, 5, 4), **options):
    options = {"init": 0.5, **options}
    made = Network(sizes, **options)
    rng = np.random.default_rng(9)
    for name, value in made.params.items():
        if name.startswith("b"):
            value += 0.3 * rng.standard_normal(value.shape)
    return made


def numbers(params):
    return {name: value.copy() for name, value in params.items()}


# Scores, losses, accuracy


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", DEPTHS)
def test_scores_are_the_formula(sizes, activation):
    net = network(sizes, activation=activation)
    x, _ = batch()
    z = x
    for i in range(1, len(sizes)):
        a = z @ net.params[f"W{i}"] + net.params[f"b{i}"]
        z = WITNESS[activation](a)
    assert_allclose(net.predict(x), a, rtol=1e-13)
    assert_allclose(net.probabilities(x), softmax(a, axis=1), rtol=1e-13)


def test_a_network_worked_by_hand():
    """x = (1, 2): a1 = (1·1 + 2·0 + 1, -1·1 + 2·0 - 1) = (2, -2), z1 = (2, 0), scores (2·1 + 0, 2·0 + ln 3)."""
    net = Network([2, 2, 2])
    net.params["W1"][...] = [[1, -1], [0, 0]]
    net.params["b1"][...] = [1, -1]
    net.params["W2"][...] = [[1, 0], [5, 5]]
    net.params["b2"][...] = [-2, np.log(3)]
    assert_array_equal(net.predict([1.0, 2.0]), [0, np.log(3)])
    assert_allclose(net.probabilities([1.0, 2.0]), [0.25, 0.75])
    assert net.loss([1.0, 2.0], 0) == pytest.approx(np.log(4), rel=1e-14)
    assert net.accuracy([1.0, 2.0], 1) == 1.0
    # dL/do = p - t = (-3/4, 3/4); dW2 = z1ᵀ do; only the first hidden unit is on: da1 = (-3/4, 0); dW1 = xᵀ da1
    grads = net.gradient([1.0, 2.0], 0)
    assert list(grads) == ["W1", "b1", "W2", "b2"]
    assert_allclose(grads["b2"], [-0.75, 0.75])
    assert_allclose(grads["W2"], [[-1.5, 1.5], [0, 0]])
    assert_allclose(grads["b1"], [-0.75, 0])
    assert_allclose(grads["W1"], [[-0.75, 0], [-1.5, 0]])


@pytest.mark.parametrize("loss", LOSSES)
def test_indices_and_one_hot_rows_mean_the_same(loss):
    net, (x, t) = network(loss=loss), batch()
    rows = np.eye(4)[t]
    assert net.loss(x, t) == net.loss(x, rows)
    assert net.accuracy(x, t) == net.accuracy(x, rows)
    for name, grad in net.gradient(x, t).items():
        assert_array_equal(grad, net.gradient(x, rows)[name])


def test_a_soft_label_is_a_mixture_of_losses():
    """Cross entropy is linear in the labels: that of ¾ a + ¼ b is ¾ that of a + ¼ that of b."""
    net, (x, t) = network(), batch()
    other = (t + 1) % 4
    soft = 0.75 * np.eye(4)[t] + 0.25 * np.eye(4)[other]
    assert net.loss(x, soft) == pytest.approx(0.75 * net.loss(x, t) + 0.25 * net.loss(x, other), rel=1e-14)
    assert net.accuracy(x, soft) == net.accuracy(x, t)


def test_loss_is_scipys():
    net, (x, t) = network(), batch()
    assert net.loss(x, t) == pytest.approx(-log_softmax(net.predict(x), axis=1)[np.arange(8), t].mean(), rel=1e-14)


def test_one_sample_may_come_without_its_batch():
    net, (x, t) = network(), batch()
    assert net.predict(x[0]).shape == net.probabilities(x[0]).shape == (4,)
    assert net.predict(x[:1]).shape == (1, 4)
    for label in (t[0], int(t[0]), t[:1], np.eye(4)[t[0]]):
        assert net.loss(x[0], label) == net.loss(x[:1], t[:1])
        assert net.accuracy(x[0], label) == net.accuracy(x[:1], t[:1])
        assert_array_equal(net.gradient(x[0], label)["W1"], net.gradient(x[:1], t[:1])["W1"])


def test_accuracy_counts():
    net = Network([3, 3])
    net.params["W1"][...] = np.eye(3)
    assert net.accuracy(np.eye(3)[[0, 1, 2, 2]], [0, 1, 2, 1]) == 0.75


def test_the_gradient_of_a_batch_is_the_mean_over_its_samples():
    net, (x, t) = network(), batch()
    each = [net.gradient(x[i], t[i]) for i in range(8)]
    for name, grad in net.gradient(x, t).items():
        assert_allclose(grad, np.mean([one[name] for one in each], axis=0), rtol=1e-12, atol=1e-16)


def test_gradients_are_the_callers_to_keep():
    """A later gradient must not write into an earlier one, nor into the parameters."""
    net, (x, t) = network(), batch()
    before = numbers(net.params)
    first = net.gradient(x, t)
    kept = numbers(first)
    net.gradient(x[::-1] + 1, t)
    for name in first:
        assert_array_equal(first[name], kept[name])
        assert_array_equal(net.params[name], before[name])
        assert not np.shares_memory(first[name], net.params[name])


# Precision


def test_float64_unless_float32_is_asked_for():
    for dtype in (np.float64, np.float32):
        net, (x, t) = network(dtype=dtype), batch()
        assert net.predict(x).dtype == dtype
        assert all(p.dtype == dtype for p in net.params.values())
        assert all(g.dtype == dtype for g in net.gradient(x, t).values())
    assert Network([2, 2]).dtype == np.float64


def test_float32_agrees_with_float64_within_rounding():
    wide, (x, t) = network(), batch()
    narrow = wide.copy(np.float32)
    x = x.astype(np.float32).astype(np.float64)
    assert narrow.loss(x, t) == pytest.approx(wide.loss(x, t), rel=1e-6)
    for name, grad in wide.gradient(x, t).items():
        assert_allclose(narrow.gradient(x, t)[name], grad, rtol=1e-4, atol=1e-6)


def test_whole_numbers_may_be_fed():
    net = network()
    x = np.arange(12).reshape(2, 6)
    assert_array_equal(net.predict(x), net.predict(x.astype(float)))


# Parameters


def test_changes_in_place_reach_the_layers():
    net, (x, _) = network(), batch()
    before = net.predict(x)
    net.params["b2"] += 1
    assert_allclose(net.predict(x), before + 1)
    net.params["b2"][...] = 0
    net.params["W2"] *= 0
    assert_array_equal(net.predict(x), np.zeros((8, 4)))


@pytest.mark.parametrize("assign", ["item", "update", "or", "setter"])
def test_assignment_copies_the_value_into_the_array_that_the_layer_reads(assign):
    net, (x, _) = network(), batch()
    array, value = net.params["W2"], np.full((5, 4), 0.5)
    match assign:
        case "item":
            net.params["W2"] = value
        case "update":
            net.params.update(W2=value)
        case "or":
            net.params |= {"W2": value}
        case "setter":
            net.params = {**net.params, "W2": value}
    assert net.params["W2"] is array
    assert_array_equal(array, value)
    value[...] = 7  # the caller's own array, no longer the network's business
    hidden = np.maximum(x @ net.params["W1"] + net.params["b1"], 0)
    assert_allclose(net.predict(x), hidden @ np.full((5, 4), 0.5) + net.params["b2"])


def test_the_textbooks_update_works():
    net, (x, t) = network(), batch()
    before, grads = numbers(net.params), net.gradient(x, t)
    for key in ("W1", "b1", "W2", "b2"):
        net.params[key] -= 0.1 * grads[key]
        assert_allclose(net.params[key], before[key] - 0.1 * grads[key], rtol=1e-15)
    for key in ("W1", "b1", "W2", "b2"):
        net.params[key] = net.params[key] - 0.1 * grads[key]
        assert_allclose(net.params[key], before[key] - 0.2 * grads[key], rtol=1e-12)
    assert_allclose(net.layers[0].W, before["W1"] - 0.2 * grads["W1"], rtol=1e-12)


REFUSED = {
    "wrong shape": (lambda p: p.__setitem__("b2", np.zeros(5)), r"params\['b2'\] has shape \(4,\)\. Got \(5,\)"),
    "scalar": (lambda p: p.__setitem__("b2", 0.0), r"params\['b2'\] has shape \(4,\)\. Got \(\)"),
    "would broadcast": (lambda p: p.__setitem__("W2", np.zeros((1, 4))), r"has shape \(5, 4\)\. Got \(1, 4\)"),
    "new name": (lambda p: p.__setitem__("W3", np.zeros(5)), r"params has W1, b1, W2, b2\. Got 'W3'"),
    "update, second one wrong": (lambda p: p.update({"W1": np.zeros((6, 5)), "b1": 0.0}), r"params\['b1'\] has shape"),
    "or, new name": (lambda p: p.__ior__({"W1": np.zeros((6, 5)), "v": 0.0}), r"Got 'v'"),
    "del": (lambda p: p.__delitem__("W1"), "none can be added or removed"),
    "pop": (lambda p: p.pop("W1"), "none can be added or removed"),
    "popitem": (lambda p: p.popitem(), "none can be added or removed"),
    "clear": (lambda p: p.clear(), "none can be added or removed"),
    "setdefault": (lambda p: p.setdefault("W3", np.zeros(1)), "none can be added or removed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_params_refuse_and_stay_as_they_were(case):
    change, words = REFUSED[case]
    net, (x, _) = network(), batch()
    before, scores = numbers(net.params), net.predict(x)
    with pytest.raises(UsageError, match=words + ".*[Nn]othing was changed"):
        change(net.params)
    assert list(net.params) == list(before)
    for name, value in before.items():
        assert_array_equal(net.params[name], value)
    assert_array_equal(net.predict(x), scores)


@pytest.mark.parametrize("values", [{}, {"W1": 0}, {"W1": 0, "b1": 0, "W2": 0, "b2": 0, "W3": 0}])
def test_the_setter_wants_exactly_the_same_names(values):
    with pytest.raises(UsageError, match=r"params must have the names W1, b1, W2, b2\. Got .*; nothing was changed"):
        network().params = values


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), Network.copy])
def test_a_copy_computes_the_same_and_is_independent(twin_of):
    net, (x, t) = network(activation="tanh", loss="textbook"), batch()
    scores = net.predict(x)
    twin = twin_of(net)
    assert_array_equal(twin.predict(x), scores)
    assert twin.loss(x, t) == net.loss(x, t)
    twin.params["W1"] += 1  # its layers must see this, and the original must not
    assert np.abs(twin.predict(x) - scores).max() > 0.01
    assert_array_equal(net.predict(x), scores)
    assert type(twin.params) is type(net.params)
    with pytest.raises(UsageError, match="has shape"):
        twin.params["W1"] = 0


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), TwoLayerNet.copy])
def test_a_copied_two_layer_net_still_learns(twin_of):
    net, (x, t) = TwoLayerNet(6, 5, 4, weight_init_std=0.5, learning_rate=0.25), batch()
    twin = twin_of(net)
    assert isinstance(twin, TwoLayerNet)
    assert twin.learn(x, t) == net.learn(x, t)
    assert_array_equal(twin.params["W1"], net.params["W1"])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_pickle_does_not_carry_the_latest_batch(activation):
    """A look at 60,000 pictures would add 400 MB to it."""
    net, (x, t) = network(activation=activation), batch(n=5000)
    size = len(pickle.dumps(net))
    net.gradient(x, t)
    assert len(pickle.dumps(net)) == size
    assert_array_equal(pickle.loads(pickle.dumps(net)).gradient(x, t)["W1"], net.gradient(x, t)["W1"])


def test_params_alone_can_be_pickled():
    params = network().params
    again = pickle.loads(pickle.dumps(params))
    assert list(again) == list(params)
    assert_array_equal(again["W1"], params["W1"])


def test_copy_changes_the_dtype_and_keeps_a_layer_somebody_put_in():
    class Twice:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 2 * dout

    net, (x, _) = network(), batch()
    net.layers[1] = Twice()
    expected = net.predict(x)
    twin = net.copy(np.float32)
    assert twin.params["W1"].dtype == twin.predict(x).dtype == np.float32
    assert_allclose(twin.predict(x), expected, rtol=1e-5)
    assert net.params["W1"].dtype == np.float64


def other_targets(self, t, n):
    return 0.5 * Network._targets(self, t, n)


def other_rows(self, x):
    return Network._rows(self, x) ** 2


def other_forward(self, x):
    return 3 * Network._forward(self, x)


def other_loss(self, x, t):
    return 2 * Network.loss(self, x, t)


OTHER = {"_targets": other_targets, "_rows": other_rows, "_forward": other_forward, "loss": other_loss}


@pytest.mark.parametrize("name", OTHER)
def test_a_network_with_a_method_of_its_own_is_not_plain_and_keeps_its_own_gradient(name):
    """A fast way to the numerical gradient would compute that of a plain network instead."""
    own = type("Own", (Network,), {name: OTHER[name]})([6, 5, 4], activation="tanh", init=0.5)
    assert Network([6, 5, 4]).is_standard
    assert not own.is_standard
    x, t = batch()
    plain = Network([6, 5, 4], activation="tanh", init=0.5).numerical_gradient(x, t, method="loop")
    fast, slow = own.numerical_gradient(x, t), own.numerical_gradient(x, t, method="loop")
    for key in own.params:
        assert_array_equal(fast[key], slow[key])
    assert abs(fast["W2"] - plain["W2"]).max() > 1e-3


@pytest.mark.parametrize("name", ["gradient", "loss_and_gradient", "_backward"])
def test_a_network_with_a_gradient_of_its_own_is_not_standard_but_its_loss_is(name):
    own = type("Own", (Network,), {name: lambda self, *given: getattr(Network, name)(self, *given)})([6, 5, 4])
    assert not own.is_standard
    assert own.has_standard_loss
    assert TwoLayerNet(6, 5, 4).is_standard


def test_a_method_put_into_one_network_alone_is_seen():
    net = network()
    net.loss = lambda x, t: 0.0
    assert not net.is_standard
    assert network().is_standard


class Cube:
    """An activation of somebody's own, with no more than it must have."""

    def forward(self, x):
        self.x = x
        return x**3

    def backward(self, dout):
        return dout * 3 * self.x**2


def test_what_somebody_put_under_a_name_is_used_and_is_not_standard(monkeypatch):
    before = network()
    monkeypatch.setitem(ACTIVATIONS, "relu", Cube)
    assert ACTIVATIONS is zerokara.nn.layers.ACTIVATIONS
    after, (x, _) = network(), batch()
    assert (before.is_standard, after.is_standard) == (True, False)
    W1, b1, W2, b2 = after.params.values()
    assert_allclose(after.predict(x), (x @ W1 + b1) ** 3 @ W2 + b2, rtol=1e-13)
    monkeypatch.setitem(LOSSES, "squared", LOSSES["textbook"])
    assert not network(activation="tanh", loss="squared").is_standard
    assert network(activation="tanh", loss="textbook").is_standard


# Weight decay


class Elu(zerokara.nn.layers.Elementwise):
    """With a number of its own, which is no batch."""

    def __init__(self):
        self.alpha = 0.5

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * np.expm1(x))

    def backward(self, dout):
        return dout * np.where(self.x > 0, 1, self.alpha * np.exp(self.x))


def test_a_copy_keeps_the_numbers_of_somebodys_activation(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "elu", Elu)
    net = network(activation="elu", init=1.0)
    x, t = batch()
    a = x @ net.params["W1"] + net.params["b1"]
    expected = np.where(a > 0, a, np.expm1(a) / 2) @ net.params["W2"] + net.params["b2"]
    for twin in (net.copy(), copy.deepcopy(net)):
        assert_allclose(twin.predict(x), expected, rtol=1e-13)
    exact, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    for name in exact:
        assert_allclose(numerical[name], exact[name], atol=1e-6)


class Scaled(zerokara.nn.layers.Affine):
    """An affine layer with a number of its own."""

    scale = 1.0

    def forward(self, x):
        return self.scale * super().forward(x)


def test_a_copy_keeps_the_numbers_of_somebodys_affine_layer():
    net = network()
    net.layers[2] = Scaled(net.params["W2"], net.params["b2"])
    net.layers[2].scale = 3.0
    x, _ = batch()
    for twin in (net.copy(), copy.deepcopy(net)):
        assert_array_equal(twin.predict(x), net.predict(x))


@pytest.mark.parametrize(
    ("at", "method"), [(0, "forward"), (0, "find_gradients"), (2, "backward"), (1, "forward"), (1, "backward")]
)
def test_a_method_put_into_one_layer_alone_is_seen(at, method):
    """Copies keep it, and no engine may compute what the name says instead."""
    net = network()
    assert net.is_standard
    own = getattr(net.layers[at], method)
    setattr(net.layers[at], method, own)
    assert not net.is_standard
    assert not net.copy().is_standard
    assert net.has_standard_loss == (method != "forward")


def test_another_loss_name_is_another_loss():
    """Also of copies and pickles, which know a loss by its name."""
    net = network()
    x, t = batch()
    net.loss_name = "squared"
    p = softmax(net.predict(x), axis=1)
    expected = ((p - np.eye(4)[t]) ** 2).sum() / 2 / len(x)
    for twin in (net, net.copy(), pickle.loads(pickle.dumps(net))):
        assert twin.loss(x, t) == pytest.approx(expected)
    with pytest.raises(UsageError, match="loss must be one of"):
        net.loss_name = "cubed"
    assert net.loss_name == "squared"


def test_a_penalty_is_in_double_precision_for_float32_too():
    """1e20² is too large for float32, and 1e-30² too small."""
    for size in (1e20, 1e-30):
        net = network((1, 1), dtype=np.float32, weight_decay=2.0)
        net.params["W1"][...] = size
        assert net._penalty() == pytest.approx(float(np.float32(size)) ** 2, rel=1e-12)


def test_weight_decay_by_hand():
    """½ · 0.5 · (1² + 2² + 3²) = 3.5 more in the loss, 0.5 W more in the gradient of W, and nothing in that of b."""
    plain, decaying = Network([1, 3]), Network([1, 3], weight_decay=0.5)
    for net in (plain, decaying):
        net.params.update(W1=[[1.0, -2.0, 3.0]], b1=[4.0, 5.0, 6.0])
    loss, grads = plain.loss_and_gradient([[2.0]], [1])
    more, decayed = decaying.loss_and_gradient([[2.0]], [1])
    assert more == decaying.loss([[2.0]], [1]) == pytest.approx(loss + 3.5, rel=1e-15)
    assert_allclose(decayed["W1"], grads["W1"] + [[0.5, -1.0, 1.5]], rtol=1e-15)
    assert_array_equal(decayed["b1"], grads["b1"])
    assert repr(decaying) == "<Network 1-3, relu, cross-entropy, weight decay 0.5, float64>"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_weight_decay_not_a_bit_changes(dtype):
    (x, t), net = batch(), network(dtype=dtype, weight_decay=0)
    scores = net.predict(x)
    assert net.loss(x, t) == net._loss.value(scores, net._targets(t, 8))
    grads = net.gradient(x, t)
    assert grads["W1"] is net.layers[0].dW
    assert {g.dtype for g in network(dtype=dtype, weight_decay=0.1).gradient(x, t).values()} == {np.dtype(dtype)}


def test_copies_and_pickles_keep_the_weight_decay():
    net = network(weight_decay=0.25)
    for twin in (net.copy(), net.copy(np.float32), copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.weight_decay == 0.25
        assert twin.loss(*batch()) == pytest.approx(net.loss(*batch()), rel=1e-6)
    assert TwoLayerNet(2, 2, 2, weight_decay=0.5).weight_decay == 0.5


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, "0.1", None, True, [0.1]])
def test_what_is_not_a_weight_decay(value):
    words = r"weight_decay must be 0 or a positive number\. Got "
    with pytest.raises(UsageError, match=words):
        Network([2, 2], weight_decay=value)
    net = Network([2, 2], weight_decay=0.5)
    with pytest.raises(UsageError, match=words):
        net.weight_decay = value
    assert net.weight_decay == 0.5


@pytest.mark.parametrize(("name", "loss"), [("network", 0.687406226139533), ("two_layer_net", 0.24092349945154531)])
def test_pickles_from_before_there_was_weight_decay_are_read(name, loss):
    """Written by the version before, with the loss that it found."""
    net = pickle.loads((Path(__file__).parent / "written_before" / f"{name}.pickle").read_bytes())
    assert net.loss(np.eye(3), [0, 1, 0]) == pytest.approx(loss, rel=1e-14)
    assert net.weight_decay == 0
    assert net.is_standard


# TwoLayerNet


def test_learn_is_one_step_of_gradient_descent_and_returns_the_loss_before():
    net, (x, t) = TwoLayerNet(6, 5, 4, weight_init_std=0.5, learning_rate=0.25), batch()
    before, loss, grads = numbers(net.params), net.loss(x, t), net.gradient(x, t)
    assert net.learn(x, t) == loss
    for name, grad in grads.items():
        assert_allclose(net.params[name], before[name] - 0.25 * grad, rtol=1e-14, atol=1e-18)
    assert net.loss(x, t) < loss


def test_two_layer_net_is_the_network_with_one_hidden_layer():
    x, _ = batch()
    two = TwoLayerNet(6, 5, 4, activation="sigmoid", weight_init_std=0.3, seed=4)
    assert_array_equal(two.predict(x), Network([6, 5, 4], activation="sigmoid", init=0.3, seed=4).predict(x))


def test_two_layer_net_by_position_as_in_the_textbook():
    net = TwoLayerNet(input_size=784, hidden_size=50, output_size=10)
    assert net.params["W1"].std() == pytest.approx(0.01, rel=0.02)
    assert {name: p.shape for name, p in net.params.items()} == {
        "W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,),
    }  # fmt: skip


def test_learning_makes_a_network_right():
    x = np.eye(4).repeat(3, axis=0)
    t = np.arange(4).repeat(3)
    net = TwoLayerNet(4, 8, 4, weight_init_std=0.5, learning_rate=1.0)
    for _ in range(200):
        net.learn(x, t)
    assert net.accuracy(x, t) == 1
    assert net.loss(x, t) < 0.05


# Seeds


def test_a_seed_is_a_number_or_a_generator():
    a = Network([6, 5, 4], seed=3)
    b = Network([6, 5, 4], seed=np.random.default_rng(3))
    assert_array_equal(a.params["W1"], b.params["W1"])
    assert (Network([6, 5, 4], seed=4).params["W1"] != a.params["W1"]).all()


def test_global_randomness_is_not_used():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    net = Network([6, 5, 4], seed=1)
    assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(5)
    assert_array_equal(Network([6, 5, 4], seed=1).params["W1"], net.params["W1"])


# Refusals


@pytest.mark.parametrize("seed", [-1, 1.5, None, "0", True])
def test_what_is_not_a_seed(seed):
    with pytest.raises(
        UsageError, match=r"seed must be a whole number of 0 or more, or a numpy.random.Generator\. Got "
    ):
        Network([2, 2], seed=seed)


@pytest.mark.parametrize(
    "sizes", [[], [784], [784, 0, 10], [784, -50, 10], [784, 50.0, 10], [784, "50", 10], 784, None, [True, 10], "12"]
)
def test_what_are_not_sizes(sizes):
    with pytest.raises(UsageError, match=r"sizes must be two or more positive whole numbers.*\. Got "):
        Network(sizes)


@pytest.mark.parametrize("dtype", [np.float16, int, "float16", "nonsense", None, object()])
def test_what_is_not_a_dtype(dtype):
    with pytest.raises(UsageError, match=r"dtype must be float32 or float64\. Got "):
        Network([2, 2], dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, float, "float64", np.dtype("float64"), "f8"])
def test_what_is_a_dtype(dtype):
    assert Network([2, 2], dtype=dtype).dtype == np.float64


@pytest.mark.parametrize(
    ("option", "value", "near"),
    [
        ("activation", "rleu", "relu"),
        ("activation", "Sigmoid", "sigmoid"),
        ("loss", "square", "squared"),
        ("init", "h", "he"),
    ],
)
def test_unknown_names(option, value, near):
    with pytest.raises(UsageError, match=rf"{option} must be one of .*\. Got '{value}'\. Did you mean {near}\?"):
        Network([2, 2, 2], **{option: value})


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.1", None, True])
def test_what_is_not_a_learning_rate(rate):
    with pytest.raises(UsageError, match=rf"learning_rate must be a positive number\. Got {rate!r}"):
        TwoLayerNet(2, 2, 2, learning_rate=rate)


@pytest.mark.parametrize("option", ["activation", "loss", "init"])
@pytest.mark.parametrize("value", [None, ["relu"], True, {}])
def test_what_is_not_a_name(option, value):
    with pytest.raises(UsageError, match=rf"{option} must be .*\. Got "):
        Network([2, 2, 2], **{option: value})


NOT_NUMBERS = {
    "text": np.full((8, 6), "a"),
    "complex": np.full((8, 6), 1j),
    "objects": np.full((8, 6), 0.5, object),
    "None": None,
    "dates": np.full((8, 6), np.datetime64("2020-01-01")),
}


@pytest.mark.parametrize("kind", NOT_NUMBERS)
@pytest.mark.parametrize(
    "method", ["predict", "probabilities", "loss", "accuracy", "gradient", "loss_and_gradient", "numerical_gradient"]
)
def test_x_that_is_not_made_of_numbers(method, kind):
    given = (NOT_NUMBERS[kind],) if method in ("predict", "probabilities") else (NOT_NUMBERS[kind], [0] * 8)
    with pytest.raises(UsageError, match=r"x must be an array of numbers\. Got "):
        getattr(network(), method)(*given)


@pytest.mark.parametrize("method", ["loss", "accuracy", "gradient"])
def test_rows_of_unequal_length_and_labels_that_are_no_numbers(method):
    x, _ = batch(n=2)
    with pytest.raises(UsageError, match=r"x must be an array, with rows of equal length\. Got \[\[1\], \[1, 2\]\]"):
        getattr(network(), method)([[1], [1, 2]], [0, 1])
    with pytest.raises(UsageError, match=r"t must be an array, with rows of equal length\. Got \[\[1\], \[1, 2\]\]"):
        getattr(network(), method)(x, [[1], [1, 2]])
    for rows in (np.full((2, 4), "a"), np.full((2, 4), 1j), np.full((2, 4), None)):
        with pytest.raises(UsageError, match=r"t must be an array of numbers\. Got "):
            getattr(network(), method)(x, rows)
    for indices in (["a", "b"], [0.0, 1.0], [None, 1], [True, False]):
        with pytest.raises(UsageError, match=r"Class indices must be integers"):
            getattr(network(), method)(x, indices)


@pytest.mark.parametrize("value", ["a", [["a", "b"]], [[1], [1, 2]], [[1j, 2]], None])
def test_params_that_are_no_numbers(value):
    net = Network([1, 2])
    before = net.params["W1"].copy()
    with pytest.raises(UsageError, match=r"params\['W1'\] must be an array"):
        net.params["W1"] = value
    assert_array_equal(net.params["W1"], before)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (6, 3), (2, 3, 6), ()])
def test_x_that_does_not_fit(shape):
    words = rf"x must have shape \(samples, 6\) or \(6,\)\. Got {re.escape(str(shape))}"
    with pytest.raises(UsageError, match=words):
        network().predict(np.zeros(shape))


def test_no_samples():
    with pytest.raises(UsageError, match=r"at least one sample. Got shape \(0, 6\)"):
        network().accuracy(np.zeros((0, 6)), np.zeros(0, int))


@pytest.mark.parametrize("method", ["loss", "accuracy", "gradient", "numerical_gradient"])
def test_labels_that_do_not_fit(method):
    with pytest.raises(UsageError, match=r"Labels for 8 samples of 4 classes must have shape .*Got \(7,\)"):
        getattr(network(), method)(batch()[0], np.zeros(7, int))


def test_repr_says_what_it_is():
    assert repr(network(activation="tanh")) == "<Network 6-5-4, tanh, cross-entropy, float64>"
