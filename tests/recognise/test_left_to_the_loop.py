"""Functions that only the loop can do justice to: it calls them exactly twice per weight, and nothing else does."""

import numpy as np
import pytest

IMPURE = {
    "prints": """
class Bad(Net):
    def loss(self, x, t):
        print('.', end='')
        return Net.loss(self, x, t)
""",
    "prints deep inside": "def activation(x):\n    print('.', end='')\n    return sigmoid(x)\n",
    "counts in an array": """
calls = np.zeros(1)
def activation(x):
    calls[0] += 1
    return sigmoid(x)
""",
    "appends": """
history = []
def loss_of(net, x, t):
    def f(W):
        value = net.loss(x, t)
        history.append(value)
        return value
    return f
""",
    "appends to a default": """
def activation(x, seen=[]):
    seen.append(1)
    return sigmoid(x)
""",
    "draws": "def activation(x):\n    return sigmoid(x) + 0 * np.random.rand()\n",
    "draws from a generator": """
rng = np.random.default_rng(0)
def activation(x):
    return sigmoid(x) + 0 * rng.random()
""",
    "dropout": """
class Bad(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        self.mask = np.random.rand(*z1.shape) > 0.5
        return softmax(np.dot(z1 * self.mask, self.params['W2']) + self.params['b2'])
""",
    "keeps an average": """
class Bad(Net):
    mean = 0.0
    def loss(self, x, t):
        value = cross_entropy_error(self.predict(x), t)
        self.mean = 0.9 * self.mean + 0.1 * value
        return value
""",
    "remembers sometimes": """
class Bad(Net):
    def loss(self, x, t):
        value = cross_entropy_error(self.predict(x), t)
        if value > 1.0:
            self.large = value
        return value
""",
    "writes into its inputs": """
class Bad(Net):
    def loss(self, x, t):
        x *= 1
        return cross_entropy_error(self.predict(x), t)
""",
    "writes through a view": """
class Bad(Net):
    def loss(self, x, t):
        rows = x.reshape(x.shape)
        rows *= 1
        return cross_entropy_error(self.predict(x), t)
""",
    "writes through a view of a view": """
class Bad(Net):
    def loss(self, x, t):
        part = np.asarray(x).T[1:]
        part[0] = part[0]
        return cross_entropy_error(self.predict(x), t)
""",
    "writes by position": """
class Bad(Net):
    def loss(self, x, t):
        np.multiply(x, 1, x)
        return cross_entropy_error(self.predict(x), t)
""",
    "writes by keyword": """
class Bad(Net):
    def loss(self, x, t):
        np.multiply(x, 1, out=x)
        return cross_entropy_error(self.predict(x), t)
""",
    "replaces its params": """
class Bad(Net):
    def loss(self, x, t):
        self.params = dict(self.params)
        return cross_entropy_error(self.predict(x), t)
""",
    "writes to its params": """
class Bad(Net):
    def loss(self, x, t):
        self.params['W2'] = self.params['W2'] * 1.0
        return cross_entropy_error(self.predict(x), t)
""",
    "has a decorated method": """
import functools
calls = []
def counted(method):
    @functools.wraps(method)
    def inner(*args):
        calls.append(1)
        return method(*args)
    return inner
class Bad(Net):
    loss = counted(Net.loss)
""",
    "is cached": """
import functools
class Bad(Net):
    @functools.lru_cache
    def scale(self):
        return 1.0
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) * self.scale()
""",
    "has a property": """
seen = []
class Bad(Net):
    @property
    def scale(self):
        seen.append(1)
        return 1.0
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) * self.scale
""",
    "has a property in front of an attribute": """
seen = []
class Bad(Net):
    def __init__(self, rng):
        super().__init__(rng)
        vars(self)['scale'] = 1.0
    scale = property(lambda self: seen.append(1) or 1.0, None)
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) * self.scale
""",
    "writes to a global name": """
last = None
def activation(x):
    if False:
        global last
    last = sigmoid(x)
    return last
""",
    "has a setter": """
seen = []
class Bad(Net):
    def _set(self, value):
        seen.append(value)
    last = property(None, _set)
    def loss(self, x, t):
        self.last = cross_entropy_error(self.predict(x), t)
        return cross_entropy_error(self.predict(x), t)
""",
    "answers for its attributes": """
seen = []
class Bad(Net):
    def __getattribute__(self, name):
        object.__getattribute__(self, '__dict__')
        seen.append(name)
        return object.__getattribute__(self, name)
""",
    "is told of its attributes": """
seen = []
class Bad(Net):
    def __setattr__(self, name, value):
        seen.append(name)
        object.__setattr__(self, name, value)
    def loss(self, x, t):
        self.value = cross_entropy_error(self.predict(x), t)
        return self.value
""",
    "makes up its attributes": """
class Bad(Net):
    def __getattr__(self, name):
        return 1.0
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) * self.nothing
""",
    "has numbers of its own": """
seen = []
class One:
    __array_ufunc__ = None
    def __rmul__(self, other):
        seen.append(1)
        return other
one = One()
def activation(x):
    return sigmoid(x) * one
""",
    "has a subclass of dict": """
seen = []
class Params(dict):
    def __getitem__(self, key):
        seen.append(key)
        return dict.__getitem__(self, key)
class Bad(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.params = Params(self.params)
""",
    "has batches from a generator": """
def batches(x, t):
    for i in range(0, len(x), 5):
        yield x[i:i + 5], t[i:i + 5]
class Bad(Net):
    def loss(self, x, t):
        return sum(cross_entropy_error(self.predict(xb), tb) for xb, tb in batches(x, t)) / 2
""",
    "takes the next of an iterator": """
numbers = iter(range(10 ** 9))
def activation(x):
    return sigmoid(x + 0 * next(numbers))
""",
    "catches errors": """
def activation(x):
    try:
        return sigmoid(x)
    except FloatingPointError:
        return x
""",
    "looks at the clock": """
import time
def activation(x):
    return sigmoid(x) + 0 * time.time()
""",
    "calls itself": """
def activation(x, n=3):
    return activation(x, n - 1) if n and x.size else sigmoid(x)
seen = [print]
class Bad(Net):
    def loss(self, x, t):
        return seen[0](end='') or cross_entropy_error(self.predict(x), t)
""",
    "shows another class": """
seen = []
class Bad(Net):
    @property
    def __class__(self):
        seen.append(1)
        return Net
    @property
    def __dict__(self):
        seen.append(1)
        return {'params': 0}
""",
    "has a metaclass": """
seen = []
class Meta(type):
    def __getattribute__(cls, name):
        seen.append(name)
        return type.__getattribute__(cls, name)
class Bad(Net, metaclass=Meta):
    pass
""",
    "makes a layer each time": """
class Layer:
    def __init__(self):
        self.n = 0
def activation(x):
    layer = Layer()
    return sigmoid(x)
""",
    "reads memory that nobody wrote": """
def activation(x):
    return sigmoid(x) + 0 * np.empty_like(x)
""",
    "sorts": "order = [3, 1, 2]\ndef activation(x):\n    order.sort()\n    return sigmoid(x)\n",
    "returns an array": """
def loss_of(net, x, t):
    return lambda W: [net.loss(x, t)][print() or 0]
""",
    "vectorizes": """
import math
@np.vectorize
def activation(x):
    return 1 / (1 + math.exp(-x))
""",
    "imports": "def activation(x):\n    import math\n    return sigmoid(x)\n",
    "is made by exec": "exec('def activation(x):\\n    return 1 / (1 + np.exp(-x))')\n",
    "evaluates text": "def activation(x):\n    return eval('1 / (1 + np.exp(-x))')\n",
}


@pytest.mark.parametrize("source", IMPURE.values(), ids=IMPURE.keys())
def test_what_may_do_more_than_compute_is_called_exactly_twice_per_weight(learner, ask, batch, source, marked):
    """And one paragraph says so: what, why, and where, if the second does not name the line."""
    names = learner(source)
    net = getattr(names, "Bad", names.Net)(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140
    assert outcome.said.startswith("⟦The plain loop computes the gradient of ")
    assert outcome.said.count("⟦") in (2, 3)
    assert marked(outcome.said) == ""


def test_numpys_functions_replaced_by_somebody(learner, ask, batch, monkeypatch):
    seen = []
    real = np.exp
    monkeypatch.setattr(np, "exp", lambda x: seen.append(1) or real(x))
    names = learner()
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140


def test_a_method_replaced_between_two_calls(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    seen = []
    old = names.Net.predict
    names.Net.predict = lambda self, x: seen.append(1) or old(self, x)
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140


REPLACED = {
    "by one of the same file": "def other(x):\n    seen.append(1)\n    return sigmoid(x)\n",
    "by one with the same names": "def other(x):\n    return sigmoid(x + 0 * len(seen.append(1) or seen))\n",
    "by an object of Python's own": "from functools import partial\n"
    "other = partial(lambda x: seen.append(1) or sigmoid(x))\n",
    "by an object of the learner's": "class Other:\n    def __call__(self, x):\n        seen.append(1)\n"
    "        return sigmoid(x)\nother = Other()\n",
}


@pytest.mark.parametrize("source", REPLACED.values(), ids=REPLACED.keys())
@pytest.mark.parametrize("before", ["sigmoid", "np.tanh"])
def test_an_activation_replaced_between_two_calls(learner, ask, batch, source, before):
    names = learner(f"seen = []\nactivation = {before}\n{source}")
    net = names.Net(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    names.Net.predict.__globals__["activation"] = names.other
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_a_global_function_replaced_between_two_calls(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    names.Net.predict.__globals__["activation"] = np.tanh
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls < 100
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


DIFFERENT = {
    "batch normalisation": """
def activation(x):
    return sigmoid((x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-6))
""",
    "a bug in the forward pass": """
class Bad(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'] + z1[:, :3])
""",
    "softmax over the whole batch": """
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)
""",
    "a loss that ends at 300": """
def loss_of(net, x, t):
    return lambda W: min(net.loss(x, t), 300)
""",
    "a branch on the loss": """
class Bad(Net):
    def loss(self, x, t):
        value = cross_entropy_error(self.predict(x), t)
        if value > 30:
            value = 30 * value
        return value
""",
    "a branch on weights": """
class Bad(Net):
    def predict(self, x):
        W1 = self.params['W1']
        z1 = sigmoid(np.dot(x, W1) + self.params['b1']) if np.sum(W1) < 1e3 else x[:, :7]
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""",
    "probabilities kept off 0": """
def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.clip(e / np.sum(e, axis=1, keepdims=True), 1e-9, 1)
""",
    "two networks": """
def loss_of(net, x, t):
    other = Net(np.random.default_rng(9))
    return lambda W: net.loss(x, t) + other.loss(x, t)
""",
    "weights used twice": """
class Bad(Net):
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2']) + 0.01 * np.sum(self.params['W2'])
""",
    "float32 inside": """
def activation(x):
    return sigmoid(x.astype(np.float32))
""",
    "a threshold on a sum": """
def activation(x):
    return sigmoid(x) + np.maximum(0, sum(x) - 1000)
""",
    "a gate that has never opened": """
def activation(x):
    a = x - 1000
    return sigmoid(x) + np.maximum(0, a)
""",
    "a gate on a value that was moved in place": """
def activation(x):
    z = sigmoid(x)
    x -= 1000
    return z + np.maximum(0, x)
""",
    "a gate on an alias of it": """
def activation(x):
    z, y = sigmoid(x), x
    y -= 1000
    return z + x * (x > 0)
""",
    "a gate on what was moved through a part of it": """
def activation(x):
    z = sigmoid(x)
    part = x[:]
    part -= 1000
    return z + np.maximum(0, x)
""",
    "a gate on what was moved through a part of a part": """
def activation(x):
    z = sigmoid(x)
    rows = np.asarray(x[:])
    rows[...] = rows - 1000
    return z + np.maximum(0, x)
""",
    "a gate on memory that was zeros": """
def activation(x):
    y = np.zeros(x.shape)
    y[:] = x - 1000
    return sigmoid(x) + y * (y > 0)
""",
    "a gate on a list": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7)) / len(t)
class Bad(Net):
    def loss(self, x, t):
        value = cross_entropy_error(self.predict(x), t)
        kept = [0] * 2
        kept[0] = value
        return value if kept[0] < 300 else 300.0
""",
    "a gate on an array of constants": """
def activation(x):
    y = np.array([0.0, 0.0])
    z = y
    y[0] = np.sum(x) - 1e6
    return sigmoid(x) + np.maximum(0, z[0])
""",
    "a gate on a name that grew": """
class Bad(Net):
    def loss(self, x, t):
        value = 0 * x.shape[0]
        value += cross_entropy_error(self.predict(x), t)
        return value if value < 300 else 300.0
""",
    "a gate on what was kept": """
class Bad(Net):
    def loss(self, x, t):
        self.buffer = np.ones(3)
        self.buffer[1] = cross_entropy_error(self.predict(x), t)
        return self.buffer[1] if self.buffer[1] < 300 else self.buffer[0]
""",
    "the largest of a padded array": """
def softmax(x):
    c = np.max(np.concatenate((x, np.full_like(x, 300.0) if x.ndim > 5 else np.zeros_like(x) + 300)))
    e = np.exp(x)
    return e / np.sum(e, axis=1, keepdims=True) * (1 + c - 300)
""",
    "a largest that begins at 600": """
def activation(x):
    return sigmoid(x) + (np.max(x, axis=1, keepdims=True, initial=600) - 600)
""",
    "rounded": "def activation(x):\n    return sigmoid(np.floor(x * 1e9) / 1e9)\n",
    "a leak that begins beside 0": "def activation(x):\n    return np.where(x > 1e-3, x, 0.01 * x)\n",
    "a leak beside another line": "def activation(x):\n    return np.maximum(0.01 * x, x + 1e-3)\n",
    "a leak beside an end": "def activation(x):\n    return np.maximum(0.01 * x, np.minimum(x, 600))\n",
    "two ends": "def activation(x):\n    return np.where(x > 6.5, 6.4, np.clip(x, 0, 6))\n",
    "an end of what is scaled": "def activation(x):\n    return np.minimum(np.maximum(0, x) * 0.001, 6)\n",
    "a band within an end": """
def activation(x):
    return np.where((x > 3) & (x < 3.0001), 1e3, np.minimum(np.maximum(0, x), 6))
""",
    "softplus that ends early": """
def activation(x):
    return np.where(x > 5, x, np.log1p(np.exp(np.minimum(x, 5))))
""",
    "GELU of squares": """
def activation(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 2)))
""",
    "a swish of two rates": "def activation(x):\n    return x * sigmoid(1.702 * x + 1e-6 * x ** 2)\n",
    "a sigmoid that is kept off 0 and 1 like probabilities": """
def safe(v):
    return np.clip(v, 1e-7, 1 - 1e-7)
def activation(x):
    return safe(sigmoid(x))
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(safe(y))) / len(t)
""",
    "a loss that is kept off 0 like probabilities": """
def safe(v):
    return np.maximum(v, 1e-7)
def cross_entropy_error(y, t):
    return safe(-np.sum(t * np.log(safe(y))) / len(t))
""",
    "a bound beside the probability": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(np.where(1.0001 * y > 1e-7, y, 1e-7))) / len(t)
""",
    "a bound of what a probability was before": """
def cross_entropy_error(y, t):
    y = y * 1.0001
    z, mask = y, y > 1e-7
    y /= 1.0001
    return -np.sum(t * np.log(np.where(mask, z, 1e-7))) / len(t)
""",
    "a bound of a multiple": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(np.clip(y * 1.0001, 1e-7, 1))) / len(t)
""",
    "a bound that no number reaches": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(np.clip(y, 1e-300, 1))) / len(t)
""",
    "one row decays more": """
class Bad(Net):
    def loss(self, x, t):
        W = self.params['W1']
        return cross_entropy_error(self.predict(x), t) + 1e-3 * np.sum(W ** 2) + 1e-9 * np.sum(W[-1] ** 2)
""",
    "a decay of fourth powers": """
class Bad(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) + 1e-6 * np.sum(self.params['W1'] ** 4)
""",
    "a sum of weights": """
class Bad(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t) + 1e-3 * np.sum(self.params['W1'])
""",
    "labels smoothed by how often they occur": """
def cross_entropy_error(y, t):
    return -np.sum((0.9 * t + 0.1 * np.mean(t, axis=0)) * np.log(y + 1e-7)) / len(t)
""",
    "one class counts a little more": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.array([1.0, 1.0, 1.000001]) * np.log(y + 1e-7)) / len(t)
""",
    "binary cross entropy of two deltas": """
softmax = sigmoid
def cross_entropy_error(y, t):
    return -np.mean(t * np.log(y + 1e-7) + (1 - t) * np.log(1 - y + 1e-8))
""",
    "two losses": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7)) / len(t) + 0.5 * np.sum((y - t) ** 2) / len(t)
""",
    "inputs less their mean": """
class Bad(Net):
    def loss(self, x, t):
        return cross_entropy_error(self.predict(x - x.mean()), t)
""",
}


@pytest.mark.parametrize("source", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_is_another_function_gets_the_loops_own_bits(learner, ask, batch, source):
    """These only compute, so trying them cannot be seen; but their gradient is the loop's, bit for bit."""
    names = learner(source)
    net = getattr(names, "Bad", names.Net)(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert outcome.calls >= 2 * 140
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_weights_that_are_swapped_by_their_names(learner, ask, batch):
    """W1 is used where W2 belongs: the names mean nothing, the numbers decide."""
    names = learner("""
class Bad(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.params['W1'], self.params['W2'] = self.params['W2'], self.params['W1']
        self.params['b1'], self.params['b2'] = self.params['b2'], self.params['b1']
    def predict(self, x):
        z1 = sigmoid(np.dot(x, self.params['W2']) + self.params['b2'])
        return softmax(np.dot(z1, self.params['W1']) + self.params['b1'])
""")
    net = names.Bad(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W2"])
    assert outcome.was_fast
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_weights_that_are_not_float64(learner, ask, batch, dtype):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    for key in net.params:
        net.params[key] = (10 * net.params[key]).astype(dtype)
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140
    assert outcome.gradient.dtype == dtype


def test_one_array_of_float32_among_the_weights(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W2"] = net.params["W2"].astype(np.float32)
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_weights_in_one_block_of_memory_are_told_apart(learner, ask, batch):
    """Views of one array: moving one weight moves no other, so this may be fast; overlapping ones may not."""
    names = learner()
    net = names.Net(np.random.default_rng(0))
    block = np.random.default_rng(1).standard_normal(400)
    net.params["W1"], net.params["b1"] = block[:140].reshape(20, 7), block[140:147]
    apart = ask(names.loss_of(net, *batch), net.params["W1"])
    np.testing.assert_allclose(apart.gradient, apart.expected, rtol=1e-8, atol=1e-10)
    net.params["b1"] = block[139:146]
    overlapping = ask(names.loss_of(net, *batch), net.params["W1"])
    assert overlapping.calls == 2 * 140
    assert overlapping.gradient.tobytes() == overlapping.expected.tobytes()


def test_weights_that_are_every_second_of_an_array(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"] = np.random.default_rng(1).standard_normal((40, 21))[::2, ::3]
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_weights_whose_elements_are_one_number(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"] = np.lib.stride_tricks.as_strided(np.full(7, 0.1), (20, 7), (0, 8))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_an_x_that_is_not_the_array_in_the_dict(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    for stranger in (net.params["W1"].copy(), net.params["W1"][:], np.ones((20, 7))):
        outcome = ask(names.loss_of(net, *batch), stranger)
        assert outcome.calls == 2 * 140
        assert outcome.gradient.tobytes() == outcome.expected.tobytes()
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    assert ask(names.loss_of(net, *batch), net.params["W1"].copy()).calls == 2 * 140  # also when a plan is there


def test_the_inputs_or_labels_as_x(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    for x in batch:
        outcome = ask(names.loss_of(net, *batch), x)
        assert not outcome.was_fast
        assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_params_replaced_between_calls(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    old = net.params["W1"]
    assert ask(f, old).was_fast
    net.params = names.Net(np.random.default_rng(1)).params
    new = ask(f, net.params["W1"])
    assert new.calls == 3
    np.testing.assert_allclose(new.gradient, new.expected, rtol=1e-8, atol=1e-10)
    gone = ask(f, old)
    assert gone.calls == 2 * 140
    assert not gone.gradient.any()


def test_an_object_is_never_asked_by_its_own_methods(learner, ask, batch):
    """Looking into it must not run its code: here even `vars(net)` and `isinstance(net, …)` would."""
    names = learner("""
seen = []
class Bad(Net):
    @property
    def __class__(self):
        seen.append('class')
        return Net
    @property
    def __dict__(self):
        seen.append('dict')
        return {'params': params}
""")
    net = names.Bad(np.random.default_rng(0))
    names.Net.predict.__globals__["params"] = net.params
    names.seen.clear()
    assert ask(names.loss_of(net, *batch), net.params["W1"]).calls == 2 * 140
    assert names.seen == []


def test_labels_changed_in_place_between_calls(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    x, t = batch
    f = names.loss_of(net, x, t)
    assert ask(f, net.params["W1"]).was_fast
    t[:] = np.roll(t, 1, axis=0)
    outcome = ask(f, net.params["W1"])
    assert outcome.calls == 3
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_a_batch_changed_in_place_between_calls(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    x, t = batch
    f = names.loss_of(net, x, t)
    assert ask(f, net.params["W1"]).was_fast
    x *= 0.5
    t[:] = np.roll(t, 1, axis=0)
    outcome = ask(f, net.params["W1"])
    assert outcome.calls == 3
    np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_labels_that_mean_something_else_later(learner, ask, batch):
    """One-hot labels fit both meanings. When soft ones show which it was, the network is proven anew."""
    names = learner("def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(y + 1e-7)) / len(t)\n")
    net = names.Net(np.random.default_rng(0))
    x, t = batch
    assert ask(names.loss_of(net, x, t), net.params["W1"]).was_fast
    soft = np.random.default_rng(2).random(t.shape)
    first, second = (ask(names.loss_of(net, x, soft), net.params["W1"]) for _ in range(2))
    assert first.calls < 100
    assert second.calls == 1
    for outcome in (first, second):
        np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_a_subclass_of_ndarray(learner, ask, batch):
    class Loud(np.ndarray):
        seen = 0

        def __array_finalize__(self, other):
            Loud.seen += 1

    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W2"] = net.params["W2"].view(Loud)
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140


@pytest.mark.parametrize(
    "source",
    [
        "x = np.clip(x, -30, 30)\n    return 1 / (1 + np.exp(-x / 1))",
        "return np.where(x > 0, x, np.where(x < -30, 0.010001 * x - 3e-5, 0.01 * x))",
        "return np.where(2 * x > 60, x + 1e-9 * (x - 30), np.log(1 + np.exp(np.minimum(x, 31))))",
    ],
)
def test_inputs_of_an_activation_that_come_near_to_where_they_are_clipped(learner, ask, batch, source):
    names = learner(f"def activation(x):\n    {source}\n")
    net = names.Net(np.random.default_rng(0))
    assert ask(names.loss_of(net, *batch), net.params["W1"]).was_fast
    inputs = np.dot(batch[0], net.params["W1"]) + net.params["b1"]
    for key in ("W1", "b1"):
        net.params[key] *= 29.5 / np.abs(inputs).max()
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert "clips" in outcome.said
    assert outcome.calls == 2 * 140
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_subclasses(learner, ask, batch):
    """One that overrides a method is another function, and is recognised as what it is."""
    names = learner("""
class Relu(Net):
    def predict(self, x):
        z1 = relu(np.dot(x, self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']) + self.params['b2'])
""")
    for kind, activation in ((names.Net, "sigmoid"), (names.Relu, "relu")):
        net = kind(np.random.default_rng(0))
        outcome = ask(names.loss_of(net, *batch), net.params["W1"])
        assert activation in outcome.said
        np.testing.assert_allclose(outcome.gradient, outcome.expected, rtol=1e-8, atol=1e-10)


def test_numbers_that_overflow_warn_as_in_the_loop(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    net.params["W1"] *= -3000
    with pytest.warns(RuntimeWarning, match="overflow"):
        outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def test_a_source_that_has_changed_since(learner, ask, batch, tmp_path, textbook):
    names = learner(base=textbook.replace("1e-7", "3e-7"))  # code of its own: a proof holds for equal code anywhere
    path = tmp_path / "learner1.py"
    path.write_text(path.read_text().replace("3e-7", "1e-7"))
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.calls == 2 * 140
    assert "source" in outcome.said
