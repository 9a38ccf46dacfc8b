"""What was proven once need not hold for other weights, batches and steps: a gradient is confirmed, or the loop's."""

import sys
import threading
import warnings

import numpy as np
import pytest

import zerokara
from zerokara.book.common.gradient import numerical_gradient
from zerokara.nn.numerical import numerical_gradient as plain_loop
from zerokara.recognise import accelerated, recogniser

NEAR = {"rtol": 1e-8, "atol": 1e-10}

SINGLE = """
class Single:
    def __init__(self, W):
        self.W = W
    def scores(self, x):
        return np.dot(x, self.W)
    def loss(self, x, t):
        return cross_entropy_error(softmax(self.scores(x)), t)
"""
"""Softmax regression, as learners begin."""


def is_the_loops(outcome):
    """Bit for bit, and nothing was said to be recognised."""
    assert not outcome.was_fast
    assert outcome.gradient.tobytes() == outcome.expected.tobytes()


def quietly(ask, f, x):
    """Some of these overflow, as they do without zerokara."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ask(f, x)


# The moved points w ± h

INCOMES = {
    "a clip against overflow": "def softmax(x):\n    e = np.exp(np.clip(x, -500, 500))\n"
    "    return e / np.sum(e, axis=1, keepdims=True)\n",
    "1e-15 in the logarithm": "def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(y + 1e-15)) / len(t)\n",
    "nothing in the logarithm": "def cross_entropy_error(y, t):\n    return -np.sum(t * np.log(y)) / len(t)\n",
    "1e-7 in the logarithm": "",
    "no maximum taken off": "def softmax(x):\n    e = np.exp(x)\n    return e / np.sum(e, axis=1, keepdims=True)\n",
}


@pytest.mark.parametrize("source", INCOMES.values(), ids=INCOMES.keys())
def test_inputs_of_millions_whose_step_reaches_other_formulas(learner, ask, source):
    names = learner(source + SINGLE)
    rng = np.random.default_rng(0)
    x, t = rng.uniform(0, 1, (10, 20)), np.eye(3)[rng.integers(0, 3, 10)]
    x[:, -1] = 0
    net = names.Single(1e-9 * rng.standard_normal((20, 3)))
    assert ask(names.loss_of(net, x, t), net.W).was_fast
    is_the_loops(quietly(ask, names.loss_of(net, x * rng.uniform(2e6, 9e7, 20), t), net.W))


def test_a_warning_at_moved_points_only_is_not_lost(learner, batch):
    """Nothing overflows at the weights themselves, and neither at the last of the moved points."""
    names = learner()
    net = names.Net(np.random.default_rng(0))
    x, t = batch
    x[:, 0] = 5e6
    net.params["W1"][0] = -704 / 5e6
    net.params["W1"][1:] *= 0.01
    f = names.loss_of(net, x, t)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f(None)
    with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        plain_loop(f, net.params["W1"])
    with pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        numerical_gradient(f, net.params["W1"])


def test_a_step_that_is_large_only_behind_large_weights(learner, ask, batch):
    """h moves the hidden units by 1e-4, and W2 makes 20 of that: beyond what a clip of the scores leaves."""
    names = learner("""
def softmax(x):
    e = np.exp(np.clip(x, -40, 40))
    return e / np.sum(e, axis=1, keepdims=True)
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y)) / len(t)
activation = relu
""")
    net = names.Net(np.random.default_rng(0))
    x, t = batch
    f = names.loss_of(net, x, t)
    assert ask(f, net.params["W1"]).was_fast
    net.params["W2"][...] = [6e5, -6e5, 6e5]
    net.params["b1"][...] = -np.dot(x, net.params["W1"]).max(axis=0)  # no unit is on yet
    net.params["b1"][-1] = -100
    is_the_loops(ask(f, net.params["W1"]))


BARE = "activation = relu\ndef cross_entropy_error(y, t):\n    return -np.sum(t * np.log(y)) / len(t)\n"
"""Nothing in the logarithm: at a score of 750 below the largest it is that of 0."""


def test_a_step_that_is_large_only_behind_large_hidden_units(learner, ask, batch):
    names = learner(BARE)
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    assert ask(f, net.params["W1"]).was_fast
    net.params["W1"] *= 1e8
    net.params["W2"] *= 1e-9
    is_the_loops(quietly(ask, f, net.params["W2"]))


def test_a_step_that_grows_from_layer_to_layer(learner, ask, batch):
    names = learner(
        BARE
        + """
class Net(Net):
    def predict(self, x):
        p = self.params
        z = relu(np.dot(relu(np.dot(x, p['W1']) + p['b1']), p['W2']) + p['b2'])
        return softmax(np.dot(z, p['W3']) + p['b3'])
"""
    )
    net = names.Net(np.random.default_rng(0), (20, 7, 6, 3))
    f = names.loss_of(net, *batch)
    assert ask(f, net.params["W1"]).was_fast
    for key, value in {"W1": 0, "b1": 0, "b2": 0, "W2": 8e3}.items():
        net.params[key][...] = value
    net.params["W3"] *= 1e4
    is_the_loops(quietly(ask, f, net.params["W1"]))


def test_weights_beside_which_h_is_lost(learner, ask, batch):
    names = learner("activation = relu")
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    assert ask(f, net.params["W1"]).was_fast
    batch[0][:, 0] = 0  # so that even a huge weight changes nothing
    net.params["W1"][0, 0] = 1e13
    outcome = ask(f, net.params["W1"])
    is_the_loops(outcome)
    assert "h is hardly more than rounding beside such large weights" in outcome.said


def test_what_is_computed_beside_the_learners_code_does_not_warn(learner):
    """Their sums are clipped and so nothing underflows; the scores of a network without clips would."""
    names = learner(
        SINGLE
        + "def softmax(x):\n    e = np.exp(np.clip(x, -20, 20))\n    return e / np.sum(e, axis=1, keepdims=True)\n"
    )
    rng = np.random.default_rng(0)
    f = names.loss_of(
        names.Single(rng.standard_normal((20, 3))), rng.random((10, 20)) * 1e6, np.eye(3)[np.arange(10) % 3]
    )
    with np.errstate(all="warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert accelerated(f, f.__closure__[0].cell_contents.W) is None
    assert not caught


# Values that tell nothing

BLIND = {
    "labels that were smoothed": ("", lambda x, t: (x, 0.5 * t + 0.5 / 3)),
    "balanced classes": (
        """
def cross_entropy_error(y, t):
    weights = len(t) / (3.0 * np.sum(t * np.sum(t, axis=0), axis=1))
    return -np.sum(weights * np.sum(t * np.log(y + 1e-7), axis=1)) / len(t)
""",
        lambda x, t: (x[[0, 0, 0, *range(3, 9)]], t[[0, 0, 0, *range(3, 9)]]),
    ),
    "inputs that are scaled if they are large": (
        "def prepared(x):\n    if x.max() > 1:\n        x = x / 255\n    return x\n",
        lambda x, t: (x * 255, t),
    ),
    "inputs that become 0 and 1": ("def prepared(x):\n    return (x > 0.5) * 1.0\n", lambda x, t: (x * 0.9, t)),
    "inputs that are squared": ("def prepared(x):\n    return x ** 2\n", lambda x, t: (x * 0.9, t)),
}


@pytest.mark.parametrize("zero", ["softmax regression from zero", "two layers with W2 = 0"])
@pytest.mark.parametrize(("source", "later"), BLIND.values(), ids=BLIND.keys())
def test_a_batch_that_changes_what_the_function_does_at_zero_scores(learner, ask, source, later, zero):
    """The loss is log 3 whatever x and t are, and the last weight belongs to an input that is 0."""
    base = """
def prepared(x):
    return x
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7)) / len(t)
"""
    single = SINGLE.replace("np.dot(x,", "np.dot(prepared(x),")
    double = """
class Double(Net):
    def predict(self, x):
        z1 = activation(np.dot(prepared(x), self.params['W1']) + self.params['b1'])
        return softmax(np.dot(z1, self.params['W2']))
"""
    names = learner("activation = relu\n" + base + source + single + double)
    rng = np.random.default_rng(0)
    x, t = np.round(rng.random((9, 20))), np.eye(3)[np.arange(9) % 3]
    x[:, -1] = 0
    if zero.startswith("softmax"):
        net = names.Single(np.zeros((20, 3)))
        weights = [net.W]
    else:
        net = names.Double(rng)
        net.params["W2"][...] = 0
        net.params["b1"][-1] = -100  # so that the last unit is never on
        del net.params["b2"]
        weights = list(net.params.values())
    outcomes = []
    for batch in ((x, t), later(x, t)):
        outcomes += [ask(names.loss_of(net, *batch), array) for array in weights]
    assert outcomes[0].was_fast
    for outcome in outcomes:
        np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


def test_saturated_weights_prove_nothing(learner, ask, batch):
    """Every loss is that of p = 0, whatever a small term does elsewhere."""
    names = learner(
        SINGLE + "def loss_of(net, x, t):\n    return lambda W: net.loss(x, t) + 1e-3 * np.exp(-np.sum(net.W ** 2))\n"
    )
    net = names.Single(30 * np.random.default_rng(0).standard_normal((20, 3)))
    outcome = ask(names.loss_of(net, *batch), net.W)
    is_the_loops(outcome)


# Two threads


def test_threads_that_ask_at_the_same_time(learner):
    names = learner()
    rng = np.random.default_rng(0)
    nets = [names.Net(rng, sizes) for sizes in 4 * [(20, 7, 3), (12, 9, 4), (20, 7, 3)]]
    expected, found, problems = {}, {}, []
    functions = []
    for number, net in enumerate(nets):
        size, classes = len(net.params["W1"]), net.params["W2"].shape[1]
        functions.append(names.loss_of(net, rng.random((6, size)), rng.integers(0, classes, 6)))
        expected[number] = {key: plain_loop(functions[-1], value) for key, value in net.params.items()}

    def work(number):
        try:
            for _ in range(20):
                grads = {key: accelerated(functions[number], value) for key, value in nets[number].params.items()}
                for key, grad in grads.items():
                    if grad is not None:
                        np.testing.assert_allclose(grad, expected[number][key], **NEAR)
                found[number] = grads
        except BaseException as error:
            problems.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(nets))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not problems
    assert all(grads["W1"] is not None for grads in found.values())


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_of_a_process_that_was_asking(learner, batch):
    """A thread holds the lock while another forks: the child has a lock of its own."""
    import os

    names = learner()
    net = names.Net(np.random.default_rng(0))
    holding, over = threading.Event(), threading.Event()

    def hold():
        with recogniser.current.lock:
            holding.set()
            over.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(60)
    child = os.fork()
    if not child:
        import signal

        signal.alarm(20)
        os._exit(0 if accelerated(names.loss_of(net, *batch), net.params["W1"]) is not None else 3)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        over.set()
        thread.join()


# Private names


def test_names_that_are_mangled_in_a_class(learner, ask, batch):
    """In class Net, `__scale` is `_Net__scale`, be it a global name, an attribute or a parameter."""
    names = learner("""
__scale, _Net__scale, _Deep__scale = 5.0, 2.0, 3.0
class Net(Net):
    __more = 10.0
    def __own(self, __value):
        return __value * self.__more
    def loss(self, x, t):
        return __scale * self.__own(cross_entropy_error(self.predict(x), t))
    class __Deep:
        pass
""")
    net = names.Net(np.random.default_rng(0))
    outcome = ask(names.loss_of(net, *batch), net.params["W1"])
    assert outcome.was_fast
    np.testing.assert_allclose(outcome.gradient, outcome.expected, **NEAR)


# Guards


@pytest.mark.parametrize("h", [1e-3, 1e-4, 1e-5])
def test_a_step_that_is_large_enough_for_the_fast_way(learner, batch, h):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    fast = accelerated(f, net.params["W1"], h)
    assert fast is not None
    np.testing.assert_allclose(fast, plain_loop(f, net.params["W1"], h=h), rtol=1e-8, atol=1e-11 / (h / 1e-4))


@pytest.mark.parametrize("h", [1e-8, 1e-10, 1e-12])
def test_a_step_so_small_that_the_loops_rounding_is_what_one_looks_at(learner, batch, h, capfd):
    """The right arm of the V: error over h, log against log."""
    names = learner()
    net = names.Net(np.random.default_rng(0))
    f = names.loss_of(net, *batch)
    exact = plain_loop(f, net.params["W1"], h=1e-5)
    asked = zerokara.numerical_gradient(f, net.params["W1"], h=h, accelerate=True)
    assert asked.tobytes() == plain_loop(f, net.params["W1"], h=h).tobytes()
    assert np.abs(asked - exact).max() > 1e-17 / h
    assert "h is so small that the loop's own rounding shows" in capfd.readouterr().err


# Labels


@pytest.mark.parametrize("wrong", [3, -4])
def test_a_label_out_of_range_is_the_learners_own_error(learner, batch, wrong, capfd):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    t = batch[1].argmax(axis=1)
    f = names.loss_of(net, batch[0], t)
    assert accelerated(f, net.params["W1"]) is not None
    t[4] = wrong
    with pytest.raises(IndexError, match=rf"index {wrong} is out of bounds"):
        numerical_gradient(f, net.params["W1"])
    said = capfd.readouterr().err
    assert "A label is none of its classes, 0 to 2." in said
    assert "Looking into it failed" not in said


def test_a_negative_label_counts_from_the_end(learner, ask, batch):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    t = batch[1].argmax(axis=1)
    assert ask(names.loss_of(net, batch[0], t), net.params["W1"]).was_fast
    is_the_loops(ask(names.loss_of(net, batch[0], t - 1), net.params["W1"]))
