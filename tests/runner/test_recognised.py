"""What was found out about numerical gradients: remarks for people, JSON for programs."""

import json

import pytest

LOOP = """
import numpy as np

def grad(f, x):
    h = 1e-4
    g = np.zeros_like(x)
    for i in range(x.size):
        t = x[i]
        x[i] = t + h
        above = f(x)
        x[i] = t - h
        below = f(x)
        g[i] = (above - below) / (2 * h)
        x[i] = t
    return g

def f(x):
    return np.sum(x ** 2)

print(grad(f, np.array([3.0, 4.0])))
"""

NETWORK = """
import numpy as np
from common.gradient import numerical_gradient

rng = np.random.default_rng(0)
x, t = rng.random((10, 20)), rng.integers(0, 3, 10)
W = rng.standard_normal((20, 3))

def loss(W):
    e = np.exp(x @ W)
    return -np.mean(np.log(e[np.arange(10), t] / e.sum(axis=1)))

def noisy(W):
    return loss(W) * np.random.rand()

for f in (loss, noisy):
    numerical_gradient(f, W)
"""

MISTAKES = {
    "integers": ("np.array([3.0, 4.0])", "np.array([3, 4])", "grad moves an array of integers (int64)"),
    "a step that is lost": ("1e-4", "1e-50", "in grad h = 1e-50 is lost beside x"),
    "half a step": ("(2 * h)", "h", "grad divides by 0.0001, but its two points are 0.0002 apart"),
    "no way back": ("        x[i] = t\n", "", "grad does not put each element back"),
}


@pytest.mark.parametrize(("old", "new", "remark"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_loop_over_two_numbers_is_remarked_on_and_not_mended(run, capfd, old, new, remark):
    source = LOOP.replace(old, new)
    exec(compile(source, "plain.py", "exec"), {})
    expected = capfd.readouterr().out
    result = run(source)
    assert result.out == expected
    assert result.err.count(f"4: Remark: {remark}") == 1
    assert "Remark" not in run(source, "--no-remarks").err


def test_a_right_one_is_passed_over_in_silence(run):
    result = run(LOOP)
    assert result.out == "[6. 8.]\n"
    assert result.err == ""


def test_programs_read_what_was_recognised_and_why_not(run, tmp_path):
    path = tmp_path / "found.json"
    assert run(NETWORK, "--recognised", str(path)).status == 0
    loss, noisy = json.loads(path.read_text(encoding="utf-8"))
    assert list(loss) == ["function", "file", "line", "recognised", "network", "reason"]
    assert (loss["function"], loss["line"], loss["recognised"], loss["reason"]) == ("loss", 9, True, None)
    assert loss["network"] == "20-3 (softmax)"
    assert loss["file"].endswith(".py")
    assert (noisy["function"], noisy["recognised"], noisy["network"]) == ("noisy", False, None)
    assert "14" in noisy["reason"]


def test_a_run_that_fails_has_its_list_too(run, tmp_path):
    path = tmp_path / "found.json"
    assert run(f"{NETWORK}\n1 / 0\n", "--recognised", str(path)).status == 1
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize("place", ["no/such/found.json", "."])
def test_a_place_where_no_file_can_be_is_refused_before_anything_runs(run, tmp_path, place):
    result = run("print('ran')\n", "--recognised", str(tmp_path / place))
    assert (result.status, result.out) == (2, "")
    assert "Nothing was run." in result.err
