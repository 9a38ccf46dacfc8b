"""Which way the steps of a loop go, where the gradient is computed in the loop itself."""

from typing import Any

import pytest

SCRIPT = """import numpy as np

generator = np.random.default_rng(0)
x_train = generator.random((300, 6))
t_train = np.eye(3)[x_train[:, :3].argmax(axis=1)]
W, b = 0.01 * generator.standard_normal((6, 3)), np.zeros(3)
losses = []
for i in range(200):
    mask = np.random.choice(300, 50)
    x, t = x_train[mask], t_train[mask]
    e = np.exp(x @ W + b)
    y = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(t * np.log(y + 1e-7)) / len(x)
    error = (ERROR) / len(x)
    W STEP 0.5 * (x.T @ error)
    b STEP 0.5 * error.sum(axis=0)
    losses.append(loss)
"""


@pytest.mark.parametrize(
    ("error", "step", "cause"),
    [
        ("y - t", "-=", None),
        ("t - y", "+=", None),
        ("y - t", "+=", "step-up-the-gradient"),
        ("t - y", "-=", "sign"),
    ],
)
def test_the_way_of_a_step(ran: Any, error: str, step: str, cause: str | None) -> None:
    found = ran(SCRIPT.replace("ERROR", error).replace("STEP", step)).found
    assert [(one.cause, one.line) for one in found] == ([] if cause is None else [(cause, 15)])
