"""Which difference a gradient function of the learner's computes, and what it must not do besides."""

import numpy as np
import pytest

from zerokara.recognise.formula import step_of
from zerokara.recognise.refusal import Refused


def textbook(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp_val
        it.iternext()
    return grad


def flat(f, x, h=None):
    grad = np.zeros(x.shape)
    for i in range(x.size):
        before = x.flat[i]
        x.flat[i] = before + 0.5
        above = f(x)
        x.flat[i] = before - 0.5
        below = f(x)
        x.flat[i] = before
        grad.flat[i] = above - below
    return grad


def test_h_is_read_off_what_it_does():
    assert step_of(textbook) == 1e-4


def written(body, head="def own(f, x):", tail="    return grad"):
    names = {"np": np, "counter": [0]}
    text = f"""{head}
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
{body}
        x[i] = before
{tail}
"""
    exec(text, names)
    return names["own"]


CENTRAL = """        x[i] = before + 1e-3
        above = f(x)
        x[i] = before - 1e-3
        below = f(x)
"""
FORWARD = CENTRAL.replace("before - 1e-3", "before")
BACKWARD = CENTRAL.replace("before + 1e-3", "before")
SWAPPED = CENTRAL.replace("before +", "B").replace("before -", "before +").replace("B", "before -")
HALF = "        grad[i] = (above - below) / 2e-3"
WHOLE = "        grad[i] = (above - below) / 1e-3"
OTHERS = {
    "forward": (FORWARD + WHOLE, "forward difference"),
    "backward": (BACKWARD + WHOLE, "backward"),
    "twice of it": (CENTRAL + WHOLE, "What it returns is not"),
    "a step that grows with x": (CENTRAL.replace("1e-3", "1e-3 * (1 + abs(before))") + HALF, "element by element"),
    "the other order": (SWAPPED + "        grad[i] = (below - above) / 2e-3", "does not evaluate"),
    "rounded": (CENTRAL + "        grad[i] = round((above - below) / 2e-3, 3)", "It uses round"),
    "counts": (CENTRAL + "        counter[0] += 1\n" + HALF, "It uses counter"),
    "copies": (CENTRAL.replace("f(x)", "f(x.copy())") + HALF, "with x itself"),
    "an integer": (CENTRAL + "        grad[i] = int((above - below) / 2e-3)", "What it returns is not"),
    "leaves x moved": (CENTRAL + HALF + "\n        before = x[i]", r"x back|moved in one element"),
}


def test_one_that_is_written_here():
    assert step_of(written(CENTRAL + HALF)) == 1e-3


@pytest.mark.parametrize(("body", "reason"), OTHERS.values(), ids=OTHERS.keys())
def test_another_formula(body, reason):
    with pytest.raises(Refused, match=reason):
        step_of(written(body))


@pytest.mark.parametrize(
    "own", [print, np.gradient, flat, lambda f: f], ids=["C", "NumPy's", "default", "one argument"]
)
def test_what_is_no_such_function(own):
    with pytest.raises(Refused, match=r"^It "):
        step_of(own)
