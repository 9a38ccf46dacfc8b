"""What the abstract interpretation of a function notes: thresholds, and writing that would be seen."""

import numpy as np
import pytest

from zerokara.interpret.interpreter import purity_of
from zerokara.interpret.refusal import Refused
from zerokara.nn.numerical import numerical_gradient

THRESHOLDS = {
    "the length of a choice": ("np.sum(W) * len(W[W > 0])", "shape"),
    "the shape of a choice": ("np.sum(W) * W[W > 0].shape[0]", "shape"),
    "the size of a choice": ("np.sum(W) * np.size(W[W > 0])", "shape"),
    "a range": ("np.sum(np.arange(0.0, np.sum(W)))", "arange"),
    "a product of all": ("np.prod(W)", "prod"),
}


@pytest.mark.parametrize(("value", "what"), THRESHOLDS.values(), ids=THRESHOLDS.keys())
def test_a_threshold_that_depends_on_weights(learner, value, what):
    names = learner(f"def f(W):\n    return {value}\n")
    purity = purity_of(names.f, np.ones((4, 5)))
    assert purity.threshold_on(set(purity.arrays)).what in (what, "a > b")
    named = {threshold.what for threshold in purity.threshold_on.__closure__[1].cell_contents.arithmetic.thresholds}
    assert what in named


def test_what_depends_on_shapes_only_is_no_threshold(learner):
    names = learner("def f(W):\n    return np.sum(np.arange(W.shape[0])) + np.sum(W[1:]) * len(W[1:])\n")
    purity = purity_of(names.f, np.ones((4, 5)))
    assert purity.threshold_on(set(purity.arrays)) is None


def test_nobody_may_write_into_what_is_one_of_two_arrays(learner):
    names = learner("""
other = np.ones((4, 5))
def f(W):
    q = W * 1.0
    v = q if np.max(other) > 0 else other * 2.0
    v += 1.0
    return np.sum(q)
""")
    with pytest.raises(Refused, match=r"^It writes into an array\. That is in line 53\.$"):
        purity_of(names.f, np.ones((4, 5)))


def test_dicts_that_become_one_are_another_function(learner):
    names = learner("""
class Part:
    def __init__(self):
        self.scale = 1.0
one, two = Part(), Part()
def f(W):
    one.kept = np.sum(W)
    two.kept = np.sum(W) * 2
    return one.kept * two.scale
""")
    x = np.ones((4, 5))
    purity = purity_of(names.f, x)
    assert purity.guards.check(names.f, x) is not None
    names.two.__dict__ = names.one.__dict__
    assert purity.guards.check(names.f, x) is None


COPIES = """
def own(f, x):
    # x.reshape(-1) is x itself, in C order only: elsewhere it moves a copy, and finds zeros.
    flat = x.reshape(-1)
    grad = np.zeros_like(flat)
    for i in range(flat.size):
        before = flat[i]
        flat[i] = before + 1e-4
        above = f(x)
        flat[i] = before - 1e-4
        below = f(x)
        flat[i] = before
        grad[i] = (above - below) / 2e-4
    return grad.reshape(x.shape)
"""


def test_a_gradient_function_that_suits_one_order_of_memory(learner, batch, asking):
    names = learner()
    net = names.Net(np.random.default_rng(0))
    own = asking(COPIES)
    f = names.loss_of(net, *batch)
    np.testing.assert_allclose(own(f, net.params["W1"]), numerical_gradient(f, net.params["W1"]), rtol=1e-8, atol=1e-10)
    net.params["W1"] = np.asfortranarray(net.params["W1"])
    assert not own(f, net.params["W1"]).any()
