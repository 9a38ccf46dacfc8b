"""`zerokara run` with --no-accelerate, --accelerate and --verify."""

import re

import numpy as np
import pytest

SCRIPT = """
import numpy as np
from common.functions import *
from common.gradient import numerical_gradient

class TwoLayerNet:
    def __init__(self):
        self.params = {'W1': np.random.randn(20, 7), 'b1': np.zeros(7), 'W2': np.random.randn(7, 3), 'b2': np.zeros(3)}

    def predict(self, x):
        W1, W2 = self.params['W1'], self.params['W2']
        b1, b2 = self.params['b1'], self.params['b2']
        return softmax(np.dot(sigmoid(np.dot(x, W1) + b1), W2) + b2)

    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)

    def numerical_gradient(self, x, t):
        loss_W = lambda W: self.loss(x, t)
        grads = {}
        for key in self.params:
            grads[key] = numerical_gradient(loss_W, self.params[key])
        return grads

net = TwoLayerNet()
x, t = np.random.rand(10, 20), np.random.randint(0, 3, 10)
for i in range(3):
    grads = net.numerical_gradient(x, t)
    for key in grads:
        net.params[key] -= 0.5 * grads[key]
    print(repr(float(net.loss(x, t))))
"""

RECOGNISED = (
    "is the loss of a network 20-7-3 (sigmoid, softmax), proven by its code and at random weights. It is the "
    "cross entropy "
)


def losses(result):
    assert result.status == 0, result.err
    return [float(line) for line in result.out.split()]


def test_the_same_losses_with_and_without(run):
    fast, slow = run(SCRIPT, "--seed", "0"), run(SCRIPT, "--seed", "0", "--no-accelerate")
    assert fast.err.count(RECOGNISED) == 1
    assert "loop" not in slow.err
    np.testing.assert_allclose(losses(fast), losses(slow), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["note.md", "note.txt"])
def test_a_note(run, name):
    result = run(f"# 学習\n\n```python\n{SCRIPT}```\n\nおわり。\n", "--seed", "0", name=name)
    assert RECOGNISED in result.err
    np.testing.assert_allclose(losses(result), losses(run(SCRIPT, "--seed", "0")), rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook(run):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("IPython")
    cells = [nbformat.v4.new_code_cell(part) for part in SCRIPT.split("\nnet = ")]
    cells[1].source = "net = " + cells[1].source
    result = run(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), "--seed", "0", name="train.ipynb")
    assert RECOGNISED in result.err
    np.testing.assert_allclose(losses(result), losses(run(SCRIPT, "--seed", "0")), rtol=0, atol=1e-12)


def test_verify_compares_every_weight(run):
    result = run(SCRIPT, "--seed", "0", "--verify")
    assert re.findall(r"all (\d+) elements", result.err) == ["140", "7", "21", "3"] * 3


def test_an_option_of_before(run):
    """--accelerate asked for what is done without asking by now."""
    fast, asked = run(SCRIPT, "--seed", "0"), run(SCRIPT, "--seed", "0", "--accelerate")
    assert (asked.out, asked.err) == (fast.out, fast.err)


@pytest.mark.parametrize("other", ["--accelerate", "--verify"])
def test_options_that_contradict_each_other(run, other):
    result = run(SCRIPT, "--no-accelerate", other)
    assert result.status == 2
    assert "Nothing was run" in result.err
