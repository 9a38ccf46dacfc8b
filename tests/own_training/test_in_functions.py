"""Mistakes in loops that stand in functions and methods, and in optimizers written by hand."""

from typing import Any

import pytest

from . import correct

CASES = {
    "a method that fits": (
        "class with fit",
        "getattr(self, name) - lr * g[name])",
        "getattr(self, name) + lr * g[name])",
        "step-up-the-gradient",
    ),
    "a method with a local name": (
        "class with fit",
        "setattr(self, name, getattr(self, name) - lr * g[name])",
        "W = getattr(self, name) - lr * g[name]",
        "never-written-back",
    ),
    "a function that steps up": (
        "functions that return params",
        "new[key] = params[key] - lr * grads[key]",
        "new[key] = params[key] + lr * grads[key]",
        "step-up-the-gradient",
    ),
    "a result that is dropped": (
        "functions that return params",
        "params = update(params, gradients",
        "new = update(params, gradients",
        "never-written-back",
    ),
    "a rate that is given": (
        "functions that return params",
        "params = update(params, gradients(params, x[rows], t[rows]), 0.1)",
        "params = update(params, gradients(params, x[rows], t[rows]), 1e-6)",
        "rate-too-low",
    ),
    "one of two results dropped": (
        "returned params at the top",
        "params, loss = step(",
        "new, loss = step(",
        "never-written-back",
    ),
    "main steps up": (
        "main",
        "params[key] -= 0.1 * grads[key]",
        "params[key] += 0.1 * grads[key]",
        "step-up-the-gradient",
    ),
    "main makes anew": (
        "main",
        "        rows = np.random.choice(len(x_train), 50)\n",
        "        rows = np.random.choice(len(x_train), 50)\n        params = init_params()  # HERE\n",
        "network-made-anew",
    ),
    "main draws once": (
        "main",
        "    for i in range(100):\n        rows = np.random.choice(len(x_train), 50)\n",
        "    rows = np.random.choice(len(x_train), 50)  # HERE\n    for i in range(100):\n",
        "batch-drawn-once",
    ),
    "a generator in order": (
        "generator",
        "    order = np.random.permutation(len(x))\n",
        "    order = np.arange(len(x))\n",
        "same-order",
    ),
    "momentum up": ("momentum", "- 0.02 * grads[key]", "+ 0.02 * grads[key]", "step-up-the-gradient"),
    "Adam up": ("adam", "params[k] -= lr * m_hat", "params[k] += lr * m_hat", "step-up-the-gradient"),
    "a delta of the wrong sign": ("t - y and plus", "(t - y) / 50", "(y - t) / 50", "step-up-the-gradient"),
    "made anew in each epoch": (
        "epochs of permutations",
        "    perm = np",
        "    params = init_params()  # HERE\n    perm = np",
        "network-made-anew",
    ),
    "a rate of 300": ("while", "- 0.1 * grads", "- 300 * grads", "rate-too-high"),
}
LINES = {
    "momentum up": "params[key] += v[key]",
    "a delta of the wrong sign": "W2 += 0.5 * h.T @ delta2",
    "a generator in order": "for xb, tb in batches(x_train, t_train, 60):",
}
"""Where it is not the changed line."""


def check(name: str, ran: Any) -> None:
    script, old, new, cause = CASES[name]
    source = correct.SCRIPTS[script]
    assert source.count(old) == 1
    first = ran(source.replace(old, new)).found[0]
    assert first.cause == cause
    marked = next((line for line in new.splitlines() if "# HERE" in line), new.strip().splitlines()[0])
    assert LINES.get(name, marked.strip()) in source.replace(old, new).splitlines()[first.line - 1]


@pytest.mark.parametrize("name", ["a method that fits", "one of two results dropped", "main draws once", "Adam up"])
def test_on_pictures_that_are_made_up(name: str, ran: Any, made_up: None) -> None:
    check(name, ran)


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("name", CASES)
def test_on_mnist(name: str, ran: Any) -> None:
    check(name, ran)
