"""`zerokara run` with --no-accelerate, --accelerate and --verify."""

import re
import sys

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


OWN = """
import numpy as np
print('own')

def numerical_gradient(f, x):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + 1e-4
        above = f(x)
        x[i] = before - 1e-4
        grad[i] = (above - f(x)) / 2e-4
        x[i] = before
    return grad
"""


def forget(package):
    """Each run is a process of its own to its learner."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


@pytest.mark.parametrize("package", [True, False])
def test_a_gradient_of_the_learners_own(run, tmp_path, package):
    """It wins; with --accelerate its loop is spared where its formula is proven."""
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "gradient.py").write_text(OWN)
    if package:
        (tmp_path / "common" / "__init__.py").write_text("")
    theirs = run(SCRIPT, "--seed", "0")
    assert theirs.out.startswith("own\n")
    assert RECOGNISED not in theirs.err
    forget("common")
    fast = run(SCRIPT, "--seed", "0", "--accelerate")
    assert RECOGNISED in fast.err
    assert "is proven to be the central difference with h = 0.0001" in fast.err
    numbers = [[float(line) for line in result.out.split()[1:]] for result in (fast, theirs)]
    assert fast.out.startswith("own\n")
    np.testing.assert_allclose(*numbers, rtol=0, atol=1e-10)
    assert numbers[0] != numbers[1]  # the loop's rounding is the loop's own
    forget("common")
    assert RECOGNISED not in run(SCRIPT, "--seed", "0").err  # it was for that run only


FORWARD = OWN.replace("before - 1e-4", "before").replace("before + 1e-4", "before + 1e-2").replace("2e-4", "1e-2")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (FORWARD, r"It computes a forward difference, \(f\(x \+ h\) - f\(x\)\) / h, with h = 0\.01\."),
        (OWN.replace("    return grad", "    print(grad.size)\n    return grad"), "It uses print, and may do more"),
    ],
    ids=["forward", "prints"],
)
def test_a_gradient_of_the_learners_own_that_computes_something_else(run, tmp_path, source, reason):
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "gradient.py").write_text(source)
    theirs = run(SCRIPT, "--seed", "0")
    forget("common")
    asked = run(SCRIPT, "--seed", "0", "--accelerate")
    assert re.search(f"--accelerate leaves numerical_gradient of .*gradient.py as it is\\. {reason}", asked.err)
    assert asked.out == theirs.out


def test_another_h_of_the_learners_own(run, tmp_path):
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "gradient.py").write_text(OWN.replace("1e-4", "1e-2").replace("2e-4", "2e-2"))
    theirs = run(SCRIPT, "--seed", "0")
    forget("common")
    fast = run(SCRIPT, "--seed", "0", "--accelerate")
    assert RECOGNISED in fast.err
    numbers = [[float(line) for line in result.out.split()[1:]] for result in (fast, theirs)]
    np.testing.assert_allclose(*numbers, rtol=0, atol=1e-11)


@pytest.mark.parametrize("other", ["--accelerate", "--verify"])
def test_options_that_contradict_each_other(run, other):
    result = run(SCRIPT, "--no-accelerate", other)
    assert result.status == 2
    assert "Nothing was run" in result.err
