"""Which gradients are checked when a training has ended."""

from typing import Any

import pytest

BACKPROP = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {"W": np.full((6, 3), 0.1)}

    def loss(self, x, t):
        return 0.5 * np.sum((np.dot(x, self.params["W"]) - t) ** 2) / len(x)

    def gradient(self, x, t):
        return {"W": np.dot(x.T, np.dot(x, self.params["W"]) - t)}

"""
LOOP = """
    def slopes(self, x, t):
        W, calls = self.params["W"], []
        grad = np.zeros_like(W)
        for i in range(W.size):
            old = W.flat[i]
            W.flat[i] = old + 1e-4
            above = self.loss(x, t)
            W.flat[i] = old - 1e-4
            below = self.loss(x, t)
            W.flat[i] = old
            grad.flat[i] = (above - below) / 1e-4
        asked.append(1)
        return {"W": grad}

"""
REST = """
asked = []
x_train = np.random.default_rng(0).random((20, 6))
t_train = np.eye(3)[np.arange(20) % 3]
network = Net()
"""


def test_a_wrong_gradient_is_found_though_nothing_was_trained(ran: Any):
    assert [finding.cause for finding in ran(BACKPROP + REST).found] == ["batch-factor"]


@pytest.mark.parametrize("has_both", [True, False])
def test_a_loop_of_difference_quotients_is_not_asked(ran: Any, has_both: bool):
    """It is twice the gradient, of which its own remark tells while it runs; to compare it again would take long.

    Once it may be asked: what a function returns is seen by calling it.
    """
    own = BACKPROP if has_both else BACKPROP.replace("def gradient", "def unused")
    if not has_both:
        own = own[: own.index("    def unused")]
    script = ran(own + (LOOP if has_both else LOOP.replace("slopes", "gradient")) + REST)
    assert [finding.cause for finding in script.found] == (["batch-factor"] if has_both else [])
    assert len(script.names["asked"]) <= 1
