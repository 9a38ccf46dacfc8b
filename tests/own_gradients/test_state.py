"""Mistakes of state and update, on classes whose only flaw they are, and what must be silent."""

import copy
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.state import state_findings
from zerokara.own_gradients.subject import Subject

from .measured import verdict_on
from .planted import SMALL, STYLES, all_mistakes, batch, correct, made

serial = itertools.count()

NET = """
import numpy as np

class Net:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.W1, self.b1 = rng.normal(0, 1, (9, 6)), np.zeros(6)
        self.W2, self.b2 = rng.normal(0, 1, (6, 4)), np.zeros(4)
        self.lr = 0.1
        self.dW1 = np.zeros((9, 6))
        self.calls = 0
        self.v = 0.0

    def forward(self, x):
        self.h = np.tanh(x @ self.W1 + self.b1)
        #forward
        return self.h @ self.W2 + self.b2

    def loss(self, x, t):
        return 0.5 * np.sum((self.forward(x) - t) ** 2) / len(x)

    def gradient(self, x, t):
        d2 = (self.forward(x) - t) / len(x)
        dW2 = self.h.T @ d2
        #early
        d1 = (d2 @ self.W2.T) * (1 - self.h ** 2)
        self.dW1 = x.T @ d1
        #end
        return {"W1": self.dW1, "b1": d1.sum(axis=0), "W2": dW2, "b2": d2.sum(axis=0)}
"""

WRONG = {
    "updated too early": ("updated-too-early", "#early", "self.W2 -= self.lr * dW2", "W1"),
    "replaced too early": ("updated-too-early", "#early", "self.W2 = self.W2 - self.lr * dW2", "W1"),
    "overwritten": ("overwritten", "#early", "self.W2[...] = dW2", "W1"),
    "overwritten afterwards": ("overwritten", "#end", "self.W2[...] = dW2", "W2"),
    "x changed": ("changed-in-place", "#end", "x -= 0.5", None),
    "t changed": ("changed-in-place", "#end", "t *= 2", None),
    "weights changed": ("changed-in-place", "#end", "np.clip(self.W1, -0.1, 0.1, out=self.W1)", "W1"),
    "accumulates": ("accumulates", "self.dW1 = x.T @ d1", "self.dW1 += x.T @ d1", "W1"),
    "random": (
        "random-gradient",
        "self.dW1 = x.T @ d1",
        "self.dW1 = x.T @ (d1 * (np.random.rand(*d1.shape) > 0.5))",
        "W1",
    ),
    "parameter": ("gradient-is-parameter", "self.dW1 = x.T @ d1", "self.dW1 = self.W1", "W1"),
    "stale": (
        "forward-differs",
        "self.dW1 = x.T @ d1",
        "self.x = getattr(self, 'x', x); self.dW1 = self.x.T @ d1",
        "W1",
    ),
}

RIGHT = {
    "as it is": ("#end", ""),
    "updates": ("#end", "self.W1 -= self.lr * self.dW1; self.W2 -= self.lr * dW2"),
    "counts": ("#end", "self.calls += 1"),
    "keeps a mean of losses": ("#end", "self.v = 0.9 * self.v + 0.1 * np.sum(d2 ** 2)"),
    "dropout in its forward pass": ("#forward", "self.h = self.h * (np.random.rand(*self.h.shape) > 0.5)"),
    "refills its array": ("self.dW1 = x.T @ d1", "self.dW1[...] = x.T @ d1"),
    "zeroes and adds": ("self.dW1 = x.T @ d1", "self.dW1[:] = 0; self.dW1 += x.T @ d1"),
    "draws and throws away": ("#end", "np.random.rand(3)"),
    "a view of the weights": ("#early", "flat = self.W2.reshape(-1); d2 = d2 + 0 * flat[0]"),
    "in place on its own": ("#early", "d2 *= 1.0"),
    "tells": ("#end", "print('gradient')"),
}


def network(folder, old, new):
    """A net of a file of its own, and its source, in which a line is another."""
    source = NET.replace(old, new)
    assert source != NET
    path = Path(folder) / f"net_{next(serial)}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Net(), source


def subject_of(net):
    x, t = batch(SMALL, 20)
    return subjects_of(net, x, t)[0]


@pytest.mark.parametrize("name", WRONG)
def test_it_is_named_on_its_line(name, tmp_path):
    cause, old, new, parameter = WRONG[name]
    net, source = network(tmp_path, old, new)
    found = state_findings(subject_of(net))
    assert [finding.cause for finding in found] == [cause]
    assert found[0].parameter == parameter
    if cause not in ("gradient-is-parameter", "forward-differs"):
        assert source.splitlines()[found[0].line - 1].strip() == new
        assert found[0].file.name.startswith("net_")


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not_accused(name, tmp_path, capsys):
    old, new = RIGHT[name]
    net, _ = network(tmp_path, old, new)
    subject = subject_of(net)
    capsys.readouterr()
    assert state_findings(subject) == ()
    assert capsys.readouterr() == ("", "")


def test_an_update_with_momentum_does_what_it_is_for(tmp_path):
    old = NET[NET.index("        return {") :]
    new = "        self.v = 0.9 * self.v - lr * self.dW1\n        self.W1 += self.v\n        self.W2 -= lr * dW2\n"
    (tmp_path / "net.py").write_text(
        NET.replace(old, new).replace("gradient(self, x, t)", "train_step(self, x, t, lr)")
    )
    spec = importlib.util.spec_from_file_location("net", tmp_path / "net.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    subject = subject_of(module.Net())
    assert state_findings(subject) == ()


def test_one_array_in_two_places_of_a_list(tmp_path):
    style = "tanh_squares"
    [mistake] = [each for each in all_mistakes() if each.style == style and "biases[1] = self.biases[0]" in each.source]
    network = made(style, mistake.source, tmp_path)
    found = state_findings(subjects_of(network.obj, *batch(SMALL))[0])
    assert [finding.cause for finding in found] == ["shared-arrays"]


@pytest.mark.parametrize("name", ["b1", "b2", "w1", "w2"])
def test_a_gradient_that_is_added_to_its_parameters_own_array(name, tmp_path):
    source = correct("loops").replace(f"np.zeros_like(self.{name})", f"self.{name}", 1)
    found = state_findings(subjects_of(made("loops", source, tmp_path).obj, *batch(SMALL))[0])
    assert (found[0].cause, found[0].parameter) == ("shared-arrays", name)
    assert f"{name} and d{name} are one array" in found[0].text
    assert "missing-gradient" not in verdict_on("loops", source, tmp_path).causes


def test_whole_numbers_are_cut():
    W = np.random.default_rng(1).normal(size=(5, 3))

    def gradient(x, t):
        return {"W": (x // 2 * 2).T @ (x @ W - t)} if x.dtype.kind == "u" else {"W": x.T @ (x @ W - t)}

    def loss(x, t):
        return 0.5 * np.sum((x @ W - t) ** 2)

    x, t = np.arange(100, dtype=np.uint8).reshape(20, 5), np.ones((20, 3))
    [finding] = state_findings(Subject("f", {"W": W}, loss, gradient, x, t))
    assert (finding.cause, finding.evidence) == ("dtype", {"dtype": "uint8"})


def test_code_that_fails_is_left_in_peace():
    def gradient(x, t):
        raise SystemExit("no")

    W = np.ones((5, 3))
    assert state_findings(Subject("f", {"W": W}, gradient, gradient, np.ones((8, 5)), np.ones((8, 3)))) == ()


@pytest.mark.parametrize("style", STYLES)
def test_correct_classes_are_silent_and_left_as_they_were(style, tmp_path):
    net = made(style, correct(style), tmp_path)
    obj = net.obj if not hasattr(net.obj, "__spec__") else vars(net.obj)
    subject = subjects_of(obj, *batch(SMALL))[0]
    arrays, state = [copy.deepcopy(array) for array in net.arrays()], np.random.get_state()[1].copy()
    assert state_findings(subject) == ()
    for array, before in zip(net.arrays(), arrays, strict=True):
        np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_sentences_are_whole_in_every_language(tmp_path, marked):
    for cause, old, new, _ in WRONG.values():
        net, _ = network(tmp_path, old, new)
        for finding in state_findings(subject_of(net)):
            for text in (finding.text, finding.remedy):
                assert not text or (text.startswith("⟦") and text.endswith("⟧") and text.count("⟦") == 1), cause
