"""What a hostile reader found: programs that look harmless to an interpretation of their code and are not."""

import gc
import signal
import warnings

import numpy as np
import pytest

from zerokara.book.common.gradient import numerical_gradient
from zerokara.nn.numerical import numerical_gradient as plain_loop
from zerokara.recognise import accelerated

NEAR = {"rtol": 1e-8, "atol": 1e-10}

LEFT = {
    "a list keeps labels": "zs = [None] * 2\n        zs[0] = t\n        zs[0] *= 2.0",
    "a repeated list": "y = ([t] * 1)[0]\n        y += 1.0",
    "a repeated tuple": "y = ((t,) * 2)[1]\n        y += 1.0",
    "a list keeps inputs": "zs = [None] * 3\n        zs[0] = x\n        zs[0] += 1.0",
    "a list keeps weights": "zs = [0.0]\n        zs = zs * 2\n        zs[0] = self.params['b2']\n        zs[0] += 1.0",
    "a list of numbers": "y = x.tolist()\n        y[0] = t\n        y[0] += 1.0",
    "an old value read first": "self.calls += self.one()",
    "a generator that runs later": "p = len\n        g = (p(v) for v in (x,))\n        p = seen.append\n        [*g]",
    "a generator that never runs": "g = (self.one() for _ in (0,))\n        self.calls = self.calls + 1",
    "attributes as items": "self.calls = self.all['calls'] + 1",
    "two with one dict": "self.calls = self.twin.calls + 1",
}


@pytest.mark.parametrize("line", LEFT.values(), ids=LEFT.keys())
def test_what_is_left_behind_is_the_loops(learner, batch, line):
    names = learner(f"""
seen = []
class Other:
    pass
class Attacked(Net):
    def __init__(self, rng):
        super().__init__(rng)
        self.calls = 0
        self.all = vars(self)
        self.twin = Other()
        self.twin.__dict__ = self.__dict__
    def one(self):
        self.calls = 0
        return 1
    def loss(self, x, t):
        {line}
        return cross_entropy_error(self.predict(x), t.argmax(axis=1))
""")
    ends = []
    for gradient in (plain_loop, numerical_gradient):
        names.seen.clear()
        net = names.Attacked(np.random.default_rng(0))
        x, t = (array.copy() for array in batch)
        with np.errstate(all="ignore"):
            found = gradient(names.loss_of(net, x, t), net.params["W1"])
        ends.append((x.tobytes(), t.tobytes(), net.params["b2"].tobytes(), net.calls, len(names.seen), found))
    assert ends[0][:-1] == ends[1][:-1]
    np.testing.assert_allclose(ends[1][-1], ends[0][-1], **NEAR)


# Jumps and bends that begin close to weights at which the function was recognised

BENDS = {
    "how many are negative": "2 * value if len(a[a < 0]) == 0 else value",
    "how many are positive": "2 * value if a[a > 0].size == a.size else value",
    "whether all are positive": "value * (1 + np.prod(a > 0))",
    "how long a range is": "value + np.sum(np.arange(50.0, np.max(a)))",
    "a root of a square": "value + np.sum(np.sqrt((a - 50) ** 2) + (a - 50))",
    "a logarithm of a square": "value + 1e3 * np.sum(np.sqrt(np.exp(np.log((a - 50) ** 2))) + (a - 50))",
    "a steep curve": "value + np.sum(np.exp(3e6 * (np.tanh(a - 50.00003) - np.tanh(1e-4))))",
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("value", BENDS.values(), ids=BENDS.keys())
def test_a_bend_that_begins_within_a_step(learner, batch, value, seed):
    """First far from it, where the network is recognised; then one element of a is 3e-5 before 0, or before 50."""
    names = learner(f"""
activation = relu
class Bent(Net):
    def loss(self, x, t):
        a = np.dot(x, self.params['W1']) + self.params['b1']
        value = cross_entropy_error(self.predict(x), t)
        return {value}
""")
    x, t = batch
    net = names.Bent(np.random.default_rng(seed))
    f = names.loss_of(net, x, t)
    numerical_gradient(f, net.params["W1"])
    for edge, extreme in ((0.0, np.min), (50.0, np.max)):
        a = np.dot(x, net.params["W1"]) + net.params["b1"]
        net.params["b1"] += edge - 3e-5 - extreme(a)
        for parameter in net.params.values():
            np.testing.assert_allclose(numerical_gradient(f, parameter), plain_loop(f, parameter), **NEAR)


@pytest.mark.parametrize("share", [0.97, 1.0])
def test_a_likelihood_as_a_product(learner, share):
    """Its logarithm is cross entropy until the product of a batch is less than the smallest number."""
    names = learner("""
class Single:
    def __init__(self):
        self.W = np.zeros((20, 3))
    def loss(self, x, t):
        return -np.log(np.prod(np.sum(softmax(np.dot(x, self.W)) * t, axis=1))) / len(t)
""")
    rng = np.random.default_rng(0)
    x, t, net = rng.uniform(2500, 5000, (100, 20)), np.eye(3)[np.zeros(100, int)], names.Single()
    f = names.loss_of(net, x, t)
    numerical_gradient(f, net.W)
    net.W[:, 1] = share * 7.2 / x.sum(axis=1).mean()
    with warnings.catch_warnings(record=True) as expected, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        slow = plain_loop(f, net.W)
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        fast = numerical_gradient(f, net.W)
    np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-8)
    assert {str(w.message) for w in caught} == {str(w.message) for w in expected}


# Warnings and errors


@pytest.mark.parametrize("large", [1e155, 1e200, 1e300])
def test_inputs_beyond_all_measure_add_no_warning(learner, batch, large):
    names = learner("""
class Single:
    def __init__(self):
        self.W = np.zeros((20, 3))
    def loss(self, x, t):
        return cross_entropy_error(softmax(np.dot(x, self.W)), t)
""")
    x, t = batch
    net = names.Single()
    assert accelerated(names.loss_of(net, x, t), net.W) is not None
    x[:, 0] = large
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numerical_gradient(names.loss_of(net, x, t), net.W)


def test_what_only_random_weights_would_warn_of(learner, batch):
    names = learner("""
class Sure(Net):
    def loss(self, x, t):
        y = self.predict(x)
        self.sure = np.mean(y[y > 0.2])
        return cross_entropy_error(y, t)
""")
    net = names.Sure(np.random.default_rng(0))
    net.params["W1"] *= 0.01
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numerical_gradient(names.loss_of(net, *batch), net.params["W1"])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such timers here")
def test_what_a_signals_handler_raises_reaches_whoever_asked(learner):
    names = learner()
    rng = np.random.default_rng(0)
    x, t = rng.random((200, 400)), np.eye(3)[rng.integers(0, 3, 200)]
    net = names.Net(rng, (400, 60, 3))
    f = names.loss_of(net, x, t)

    class Late(Exception):
        pass

    def late(*_):
        raise Late

    gc.disable()  # Python drops what a handler raises while a callback of the collector runs, and hypothesis has one
    before = signal.signal(signal.SIGALRM, late)
    weights = {key: value.tobytes() for key, value in net.params.items()}

    def ask_again_and_again():
        for _ in range(10_000):
            net.params["b1"][0] = np.nextafter(net.params["b1"][0], 1)  # so that it is computed anew
            weights["b1"] = net.params["b1"].tobytes()
            accelerated(f, net.params["W1"])

    try:
        for delay in np.linspace(2e-4, 8e-3, 25):
            signal.setitimer(signal.ITIMER_REAL, delay)
            with pytest.raises(Late):
                ask_again_and_again()
            assert {key: value.tobytes() for key, value in net.params.items()} == weights
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Gradient functions of the learner's own

BODY = """
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        x[index] = before + 1e-4
        above = f(x)
        x[index] = before - 1e-4
        below = f(x)
        grad[index] = (above - below) / 2e-4
        x[index] = before
    return grad
"""


def test_one_that_stops_early_at_large_x_is_asked_for_its_own_numbers(learner, batch, asking):
    body = BODY.replace("    for index", "    n = 0\n    for index").replace(
        "        before = x[index]\n",
        "        n = n + 1\n        if n == 130:\n            break\n        before = x[index]\n",
    )
    source = "def own(func, x):" + body.replace("f(x)", "func(x)")
    names = {"np": np}
    exec(source, names)
    net_names = learner()
    net = net_names.Net(np.random.default_rng(0))
    f = net_names.loss_of(net, *batch)
    own = asking(source)
    found = own(func=f, x=net.params["W1"])
    assert found.tobytes() == names["own"](f, net.params["W1"]).tobytes()
    assert not found.reshape(-1)[129:].any()
    small = own(x=net.params["b1"], func=f)
    np.testing.assert_allclose(small, plain_loop(f, net.params["b1"]), **NEAR)
