"""Networks that are recognised: the loop's numbers from a handful of calls."""

import numpy as np
import pytest

from zerokara.book import chapter4, chapter5
from zerokara.book.common.multi_layer_net import MultiLayerNet

NEAR = {"rtol": 1e-8, "atol": 1e-10}  # the loop's own rounding: 1e-16 · loss / 2h


def check(outcome):
    assert outcome.was_fast, outcome.said
    assert outcome.calls < 100
    np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_the_textbooks_network_and_all_four_gradients(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, *batch), net.params["W1"]))
    for key in ("b1", "W2", "b2"):
        later = ask(names.loss_of(net, *batch), net.params[key])
        assert later.calls == 1
        assert later.said == ""
        np.testing.assert_allclose(later.gradient, later.expected, **NEAR)


SIGMOIDS = {
    "tanh": "def activation(x): return 0.5 * (1 + np.tanh(x / 2))",
    "exp over": "def activation(x): return np.exp(x) / (np.exp(x) + 1)",
    "where": "def activation(x): return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))",
    "clip": "def activation(x): return 1.0 / (1.0 + np.exp(-np.clip(x, -500, 500)))",
    "power": "def activation(x): return (1 + np.exp(-x)) ** -1",
    "masks": """
def activation(x):
    y = np.zeros_like(x)
    positive = x >= 0
    y[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    y[~positive] = e / (1 + e)
    return y
""",
    "masks without names": """
def activation(x):
    y = np.zeros(x.shape)
    y[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))
    y[x < 0] = np.exp(x[x < 0]) / (1 + np.exp(x[x < 0]))
    return y
""",
    "lambda": "activation = lambda x: np.reciprocal(1 + np.exp(-1 * x))",
    "relu": "activation = relu",
    "relu in place": "def activation(x):\n    x[x < 0] = 0\n    return x\n",
    "relu by mask": "def activation(x): return x * (x > 0)",
    "relu by abs": "def activation(x): return (x + np.abs(x)) / 2",
    "hyperbolic": "activation = np.tanh",
}


@pytest.mark.parametrize("source", SIGMOIDS.values(), ids=SIGMOIDS.keys())
def test_activations_however_they_are_written(learner, ask, batch, source):
    names = learner(source)
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, *batch), net.params["W1"]))


FORMS = {
    "L2 decay": """
def loss_of(net, x, t):
    return lambda W: net.loss(x, t) + 0.05 * (np.sum(net.params['W1'] ** 2) + np.sum(net.params['W2'] ** 2))
""",
    "the textbook's weight decay": """
class Other(Net):
    weight_decay_lambda = 0.1
    def loss(self, x, t):
        weight_decay = 0
        for idx in range(1, 3):
            W = self.params['W' + str(idx)]
            weight_decay += 0.5 * self.weight_decay_lambda * np.sum(W ** 2)
        return cross_entropy_error(self.predict(x), t) + weight_decay
""",
    "a weight decay of 1e-6": """
class Other(Net):
    def loss(self, x, t):
        penalty = sum(np.sum(W * W) for W in [self.params['W1'], self.params['W2']])
        return cross_entropy_error(self.predict(x), t) + 0.5 * 1e-6 * penalty
""",
    "a decay of biases alone": """
def loss_of(net, x, t):
    return lambda W: net.loss(x, t) + 0.5 * 0.01 * (np.sum(net.params['b1'] ** 2) + np.sum(net.params['b2'] ** 2))
""",
    "tiny L2 decay": """
def loss_of(net, x, t):
    return lambda W: net.loss(x, t) + 1e-10 * np.sum(net.params['W1'] ** 2)
""",
    "a hidden layer without activation": "def activation(x):\n    return x\n",
    "no softmax": "softmax = sigmoid\n",
    "a leaky ReLU": "def activation(x):\n    return np.where(x > 0, x, 0.01 * x)\n",
    "a leaky ReLU by its maximum": "def activation(x):\n    return np.maximum(0.01 * x, x)\n",
    "a leaky ReLU by its mask": """
def activation(x):
    out = x.copy()
    out[x <= 0] *= 0.01
    return out
""",
    "a leaky ReLU of almost nothing": "def activation(x):\n    return np.where(x > 0, x, 1e-9 * x)\n",
    "GELU": """
def activation(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
""",
    "GELU by sigmoid": "def activation(x):\n    return x * sigmoid(1.702 * x)\n",
    "softplus": "def activation(x):\n    return np.log(1 + np.exp(x))\n",
    "a ReLU that ends at 6": "def activation(x):\n    return np.minimum(np.maximum(0, x), 6)\n",
    "a ReLU that ends at 600": "def activation(x):\n    return np.clip(np.maximum(0, x), 0, 600)\n",
    "no activation and no bias": """
class Other(Net):
    def predict(self, x):
        return softmax(np.dot(np.dot(x, self.params['W1']), self.params['W2']))
""",
    "softplus without overflow": "def activation(x):\n    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))\n",
    "ELU": "def activation(x, alpha=0.7):\n    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))\n",
    "SiLU": "def activation(x):\n    return x / (1 + np.exp(-x))\n",
    "probabilities within bounds": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(np.clip(y, 1e-7, 1 - 1e-7))) / len(t)
""",
    "probabilities above a bound": """
def cross_entropy_error(y, t):
    y = y.copy()
    y[y < 1e-12] = 1e-12
    return -np.sum(t * np.log(y)) / len(t)
""",
    "labels that are smoothed": """
def cross_entropy_error(y, t):
    return -np.sum((0.9 * t + 0.1 / 3) * np.log(y + 1e-7)) / len(t)
""",
    "binary cross entropy": """
softmax = sigmoid
def cross_entropy_error(y, t):
    return -np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-7))
""",
    "squared error of scores": """
class Other(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return np.dot(z1, self.params['W2']) + self.params['b2']
    def loss(self, x, t):
        return 0.5 * np.sum((self.predict(x) - t) ** 2)
""",
    "a constant, and a factor": "def loss_of(net, x, t):\n    return lambda W: 2.5 * net.loss(x, t) + 3\n",
    "inputs that are scaled": """
class Other(Net):
    mean, std = np.linspace(0.2, 0.6, 20), np.linspace(0.5, 1.5, 20)
    def loss(self, x, t):
        return cross_entropy_error(self.predict((x - self.mean) / self.std), t)
""",
}


@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS.keys())
def test_networks_and_losses_of_other_forms(learner, ask, batch, source):
    names = learner(source)
    net = getattr(names, "Other", names.Net)(np.random.default_rng(0))
    check(ask(names.loss_of(net, *batch), net.params["W1"]))
    for value in net.params.values():
        value *= 3
        later = ask(names.loss_of(net, *batch), value)
        np.testing.assert_allclose(later.gradient, later.expected, **NEAR)


LOSSES = {
    "sum": "-np.sum(t * np.log(y + 1e-7))",
    "mean": "-(t * np.log(y + 1e-7)).sum(axis=1).mean()",
    "no epsilon": "-np.sum(t * np.log(y)) / len(y)",
    "squared": "0.5 * np.sum((y - t) ** 2)",
    "mean squared": "np.mean((y - t) ** 2)",
    "likelihood": "np.sum(np.log(y + 1e-7) * t)",
}


@pytest.mark.parametrize("formula", LOSSES.values(), ids=LOSSES.keys())
def test_losses_with_any_factor(learner, ask, batch, formula):
    names = learner(f"def cross_entropy_error(y, t):\n    return {formula}\n")
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, *batch), net.params["W1"]))


@pytest.mark.parametrize("labels", ["one-hot", "soft", "index", "bytes"])
def test_labels_as_the_textbook_takes_them(learner, ask, batch, labels):
    x, hot = batch
    rng = np.random.default_rng(3)
    t = {"one-hot": hot, "soft": rng.random(hot.shape), "index": hot.argmax(1), "bytes": hot.argmax(1).astype(np.uint8)}
    names = learner()
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, x, t[labels]), net.params["W1"]))


def test_soft_labels_that_count_as_they_are(learner, ask, batch):
    names = learner("def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(y + 1e-7)) / len(t)\n")
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, batch[0], np.random.default_rng(3).random((10, 3))), net.params["W1"]))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.float64])
def test_inputs_of_any_class(learner, ask, batch, dtype):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    x = (batch[0] * 3).astype(dtype)
    check(ask(names.loss_of(net, x, batch[1]), net.params["W1"]))


def test_networks_of_the_book_and_their_caches(ask, batch):
    """The layers hold what the loop's last call, at the last element minus h, leaves in them."""
    x, t = batch
    np.random.seed(0)
    for net in (chapter4.TwoLayerNet(20, 7, 3), chapter5.TwoLayerNet(20, 7, 3), MultiLayerNet(20, [7, 7, 7], 3)):
        for value in net.params.values():
            value += 0.3 * np.random.randn(*value.shape)
        check(ask(lambda W, net=net: net.loss(x, t), net.params["W1"]))
    net = chapter5.TwoLayerNet(20, 7, 3)
    outcome = ask(lambda W: net.loss(x, t), net.params["W1"])
    after_loop = {name: vars(layer).copy() for name, layer in [*net.layers.items(), ("last", net.lastLayer)]}
    ask(lambda W: net.loss(x, t), net.params["W1"] * 1)  # leaves other caches
    again = ask(lambda W: net.loss(x, t), net.params["W1"])
    assert outcome.gradient.tobytes() == again.gradient.tobytes()
    for name, layer in [*net.layers.items(), ("last", net.lastLayer)]:
        for attribute, value in vars(layer).items():
            np.testing.assert_array_equal(value, after_loop[name][attribute])


def test_caches_after_a_fast_gradient_are_those_of_the_loop(batch):
    from zerokara.nn.numerical import numerical_gradient
    from zerokara.recognise import accelerated

    x, t = batch
    np.random.seed(0)
    net = chapter5.TwoLayerNet(20, 7, 3, weight_init_std=0.5)
    net.params["b1"] += 3  # every unit is on, so that each weight matters
    layers = [*net.layers.values(), net.lastLayer]
    caches = []
    for gradient in (numerical_gradient, accelerated):
        for layer in layers:
            for name in ("x", "mask", "loss", "y", "t"):
                vars(layer).pop(name, None)
        assert gradient(lambda W: net.loss(x, t), net.params["W1"]) is not None
        caches.append([vars(layer).copy() for layer in layers])
        before, net.params["W1"][-1, -1] = net.params["W1"][-1, -1], net.params["W1"][-1, -1] - 1e-4
        assert net.lastLayer.loss == net.loss(x, t)
        net.params["W1"][-1, -1] = before
    for by_loop, fast in zip(*caches, strict=True):
        assert by_loop.keys() == fast.keys()
        for name in by_loop:
            np.testing.assert_array_equal(fast[name], by_loop[name])


@pytest.mark.parametrize("keys", [("w0", "bias0", "w1", "bias1"), (0, 1, 2, 3), ("b1", "W1", "b2", "W2")])
def test_whatever_the_keys_are_called(learner, ask, batch, keys):
    names = learner("""
class Net:
    def __init__(self, rng, keys):
        shapes = [(20, 7), (7,), (7, 3), (3,)]
        self.weights = {key: rng.standard_normal(shape) for key, shape in zip(keys, shapes)}
        self.keys = keys
    def loss(self, x, t):
        W1, b1, W2, b2 = self.weights.values()
        return cross_entropy_error(softmax(sigmoid(x @ W1 + b1) @ W2 + b2), t)
""")
    net = names.Net(np.random.default_rng(0), keys)
    check(ask(names.loss_of(net, *batch), net.weights[keys[0]]))


@pytest.mark.parametrize("key", ["'{0}' + str(i)", "f'{0}{{i}}'", "'{0}'.strip() + str(i)"])
def test_keys_that_are_put_together(learner, ask, batch, key):
    names = learner(f"""
class Keyed(Net):
    def predict(self, x):
        for i in range(1, 3):
            a = np.dot(x, self.params[{key.format("W")}]) + self.params[{key.format("b")}]
            x = sigmoid(a)
        return softmax(a)
""")
    net = names.Keyed(np.random.default_rng(0))
    check(ask(names.loss_of(net, *batch), net.params["W1"]))


def test_square_layers_that_only_numbers_tell_apart(learner, ask):
    """Two hidden matrices of one shape, read in the wrong order."""
    names = learner("""
class Net:
    def __init__(self, rng):
        self.W = [rng.standard_normal((6, 6)) for _ in range(3)]
        self.b = [rng.standard_normal(6) for _ in range(3)]
    def loss(self, x, t):
        W3, W1, W2 = self.W[0], self.W[1], self.W[2]
        b2, b3, b1 = self.b
        z = np.tanh(np.dot(x, W1) + b1)
        z = np.tanh(np.dot(z, W2) + b2)
        return cross_entropy_error(softmax(np.dot(z, W3) + b3), t)
""")
    rng = np.random.default_rng(0)
    net, x, t = names.Net(rng), rng.random((8, 6)), rng.integers(0, 6, 8)
    for W in net.W:
        outcome = ask(names.loss_of(net, x, t), W)
        if outcome.said:
            check(outcome)
        np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_a_layer_without_bias_and_a_network_of_one_layer(learner, ask, batch):
    names = learner("""
class Net:
    def __init__(self, rng):
        self.W1, self.W2 = rng.standard_normal((20, 7)), rng.standard_normal((7, 3))
        self.b2 = rng.standard_normal((1, 3))
    def loss(self, x, t):
        return cross_entropy_error(softmax(np.matmul(sigmoid(x.dot(self.W1)), self.W2) + self.b2), t)

class Single:
    def __init__(self, rng):
        self.W = rng.standard_normal((20, 3))
    def loss(self, x, t):
        return cross_entropy_error(softmax(np.dot(x, self.W)), t)
""")
    for net in (names.Net(np.random.default_rng(0)), names.Single(np.random.default_rng(0))):
        for name, value in vars(net).items():
            outcome = ask(names.loss_of(net, *batch), value)
            assert outcome.calls < 100 or name == "b2", outcome.said
            np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_one_sample(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    check(ask(names.loss_of(net, batch[0][0], batch[1][0]), net.params["W1"]))


def test_weights_in_fortran_order_give_a_gradient_in_fortran_order(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"] = np.asfortranarray(net.params["W1"])
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    check(outcome)
    assert outcome.gradient.flags.f_contiguous


def test_a_bound_method_and_a_function_of_its_argument(learner, ask, batch):
    names = learner("""
class Held(Net):
    def value(self, W):
        return self.loss(self.x, self.t)

def through(net, x, t):
    def f(W):
        z1 = sigmoid(np.dot(x, W) + net.params['b1'])
        return cross_entropy_error(softmax(np.dot(z1, net.params['W2']) + net.params['b2']), t)
    return f
""")
    net = names.Held(np.random.default_rng(0))
    net.x, net.t = batch
    check(ask(net.value, net.params["W1"]))
    check(ask(names.through(net, *batch), net.params["W1"]))


def test_a_training_equals_the_loops(learner, batch):
    """Weights change, batches change, the last batch is smaller: every step is the loop's."""
    from zerokara.book.common.gradient import numerical_gradient
    from zerokara.nn.numerical import numerical_gradient as plain_loop

    names = learner()
    rng = np.random.default_rng(5)
    xs, ts = rng.random((5, 10, 20)), rng.integers(0, 3, (5, 10))
    trained = []
    for gradient in (plain_loop, numerical_gradient):
        net = names.Net(np.random.default_rng(0))
        for x, t in [*zip(xs, ts, strict=True), (xs[0, :4], ts[0, :4])]:
            f = names.loss_of(net, x, t)
            grads = {key: gradient(f, net.params[key]) for key in net.params}
            for key in net.params:
                net.params[key] -= 0.5 * grads[key]
        trained.append(net.params)
    for key in trained[0]:
        np.testing.assert_allclose(trained[1][key], trained[0][key], rtol=0, atol=1e-10)
