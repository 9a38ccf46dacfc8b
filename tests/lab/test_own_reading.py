"""What is read of a learner's names: small programs of many manners, and what only looks as if it could be read."""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from zerokara.lab import own_reading
from zerokara.lab.own import OwnLab
from zerokara.lab.own_reading import Seen
from zerokara.own_training.program import SourceText

STYLES = Path(__file__).parents[1] / "own_gradients" / "styles"

DATA = """
import numpy as np
np.random.seed(1)
x_train, x_test = np.random.rand(40, 6), np.random.rand(30, 6)
t_train, t_test = np.eye(3)[np.arange(40) % 3], np.eye(3)[np.arange(30) % 3]
train_loss_list, train_acc_list, test_acc_list = [], [], []
"""
NET = """
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

class Net:
    def __init__(self, i=6, h=5, o=3):
        self.params = {'W1': np.random.randn(i, h), 'b1': np.zeros(h), 'W2': np.random.randn(h, o), 'b2': np.zeros(o)}

    def predict(self, x):
        p = self.params
        z = np.maximum(0, x @ p['W1'] + p['b1'])
        return softmax(z @ p['W2'] + p['b2'])

    def loss(self, x, t):
        y = self.predict(x)
        return -np.sum(t * np.log(y + 1e-7)) / len(x)

net = Net()
"""


class Learner:
    """A program whose names are looked at; `step` moves its parameters a little."""

    def __init__(self, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", self.module)
        self.names = vars(self.module)
        self.lab = OwnLab(Path("train.py"), [SourceText(Path("train.py"), source)])
        self.run(source)

    def run(self, source: str) -> None:
        exec(compile(source, "train.py", "exec"), self.names)

    def look(self) -> Seen:
        """What the lab has seen; samples are not looked up in the catalogue."""
        self.lab.look(self.names)
        return self.lab._seen


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Learner]]:
    monkeypatch.setattr(own_reading, "TRIED", 0.0)
    monkeypatch.setattr(own_reading, "SEARCHED", 0.0)
    monkeypatch.setattr(OwnLab, "_recognise", lambda *_: None)
    return lambda source: Learner(source, monkeypatch)


def test_the_textbooks_network_is_read_to_the_last_digit(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET)
    seen = there.look()
    assert (seen.proven.activation, seen.proven.gives_probabilities, seen.loss.name) == ("relu", True, "textbook")
    assert there.lab.tabs() == ("train", "draw", "probe", "step")
    assert seen.unread == ""
    subject, net = there.lab.subject(), there.names["net"]
    x, t = there.names["x_test"], there.names["t_test"]
    assert subject.network.loss(x, t) == pytest.approx(net.loss(x, t), rel=1e-14)
    np.testing.assert_allclose(subject.network.probabilities(x), net.predict(x), rtol=1e-13)
    np.testing.assert_array_equal(subject.dataset.test.rows(np.arange(30), np.float64), x)
    np.testing.assert_array_equal(subject.dataset.train.t, there.names["t_train"].argmax(axis=1))
    assert subject.network.params["W1"] is not net.params["W1"]


LOOKS_ALIKE = {
    "leaky": (
        "np.maximum(0, x @ p['W1'] + p['b1'])",
        "(lambda a: np.where(a > 0, a, 1e-4 * a))(x @ p['W1'] + p['b1'])",
    ),
    "missing bias": ("z @ p['W2'] + p['b2']", "z @ p['W2']"),
    "bias twice": ("x @ p['W1'] + p['b1']", "x @ p['W1'] + 2 * p['b1']"),
    "divided inside": ("    p = self.params\n", "    p = self.params\n        x = x / 255.0\n"),
    "softmax twice": ("return softmax(z @", "return softmax(softmax(z @"),
    "softmax over the batch": (
        "axis=1, keepdims=True))\n    return e / e.sum(axis=1",
        "axis=0))\n    return e / e.sum(axis=0",
    ),
    "other activation": ("np.maximum(0, x @", "np.sin(x @"),
    "clipped activation": ("np.maximum(0, x @ p['W1'] + p['b1'])", "np.clip(x @ p['W1'] + p['b1'], 0, 1.5)"),
    "clipped where it is large": (
        "np.maximum(0, x @ p['W1'] + p['b1'])",
        "np.clip(x @ p['W1'] + p['b1'], 0, 10)",
    ),
    "dropout at test": ("z = np.maximum", "z = 0.85 * np.maximum"),
    "noise": ("z = np.maximum", "z = np.random.rand() * np.maximum"),
}


@pytest.mark.parametrize("name", LOOKS_ALIKE)
def test_what_only_looks_like_ours_is_not_read(name: str, learner: Callable[[str], Learner]) -> None:
    old, new = LOOKS_ALIKE[name]
    assert old in NET
    source = NET.replace(old, new)
    if name == "softmax twice":
        source = source.replace("+ p['b2'])", "+ p['b2']))")
    there = learner(DATA + source)
    seen = there.look()
    assert (seen.proven, seen.params, seen.loss) == (None, None, None)
    assert there.lab.tabs() == ("train",)
    assert seen.unread.startswith("net is none of the networks")


OTHER_LOSSES = {
    "another constant": "-np.sum(t * np.log(y + 1e-8)) / len(x)",
    "a sum": "-np.sum(t * np.log(y + 1e-7))",
    "a mean over all": "-np.mean(t * np.log(y + 1e-7))",
    "squares, half missing": "np.sum((y - t) ** 2) / len(x)",
    "decay of biases": "-np.sum(t * np.log(y)) / len(x) + 0.05 * np.sum(self.params['W1'] ** 2)",
    "of the first sample": "-np.sum(t[0] * np.log(y[0]))",
    "no number": "-np.sum(t * np.log(y + 1e-7), axis=1) / len(x)",
    "logarithm to 2": "-np.sum(t * np.log2(y)) / len(x)",
}


@pytest.mark.parametrize("name", OTHER_LOSSES)
def test_another_loss_leaves_drawing_alone(name: str, learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET.replace("-np.sum(t * np.log(y + 1e-7)) / len(x)", OTHER_LOSSES[name]))
    seen = there.look()
    assert seen.proven is not None
    assert seen.loss is None
    assert there.lab.tabs() == ("train", "draw")
    assert seen.unread.startswith("No function of your code gives a loss of this network that is known here")


def test_a_class_that_weighs_more_shows_also_where_no_sample_is_of_it(learner: Callable[[str], Learner]) -> None:
    weighed = NET.replace("-np.sum(t *", "-np.sum([1, 3, 1] * t *")
    there = learner(DATA + "t_train[:] = t_test[:] = [1, 0, 0]" + weighed)
    seen = there.look()
    assert seen.proven is not None
    assert seen.loss is None


OUR_LOSSES = {
    "cross-entropy": ("-np.sum(t * np.log(y)) / len(x)", 0.0),
    "textbook": ("-np.sum(np.log(y[np.arange(len(x)), t.argmax(1)] + 1e-7)) / len(x)", 0.0),
    "squared": ("0.5 * np.sum((y - t) ** 2) / len(x)", 0.0),
    "decay": (
        "-np.mean(np.log((y * t).sum(1))) + 0.5 * 0.01 * sum(np.sum(self.params[k] ** 2) for k in ('W1', 'W2'))",
        0.01,
    ),
}


@pytest.mark.parametrize("name", OUR_LOSSES)
def test_losses_of_ours_are_recognised_by_their_numbers(name: str, learner: Callable[[str], Learner]) -> None:
    code, decay = OUR_LOSSES[name]
    there = learner(DATA + NET.replace("-np.sum(t * np.log(y + 1e-7)) / len(x)", code))
    seen = there.look()
    assert (seen.loss.name, seen.loss.weight_decay) == ("cross-entropy" if name == "decay" else name, decay)
    network, x, t = there.lab.subject().network, there.names["x_test"], there.names["t_test"]
    assert network.loss(x, t) == pytest.approx(there.names["net"].loss(x, t), rel=1e-12)
    slope = network.gradient(x, t)["W1"][2, 1]
    W1 = there.names["net"].params["W1"]
    h, kept, around = 1e-5, W1[2, 1], []
    for value in (kept + h, kept - h):
        W1[2, 1] = value
        around.append(there.names["net"].loss(x, t))
    assert slope == pytest.approx((around[0] - around[1]) / (2 * h), rel=1e-6, abs=1e-9)


MANNERS = {
    "cells": ("cells.py", "", None, None),
    "functions": ("functions.py", "params = init_params(6, 5, 3)", "relu", "cross-entropy"),
    "methods": ("methods.py", "net = TwoLayerNet(6, 5, 3)", "sigmoid", "textbook"),
    "loops": ("loops.py", "net = Network(6, 5, 3)", "sigmoid", "cross-entropy"),
    "tanh": ("tanh_squares.py", "net = MLP((6, 5, 4, 3))", "tanh", None),
    "leaky": ("leaky.py", "net = Model(6, 5, 3)", None, None),
    "layers": ("layers.py", "net = ThreeLayerNet(6, 5, 3)", None, None),
}


@pytest.mark.parametrize("name", MANNERS)
def test_manners_of_learners(name: str, learner: Callable[[str], Learner]) -> None:
    file, made, activation, loss = MANNERS[name]
    source = (STYLES / file).read_text(encoding="utf-8")
    source = re.sub(r"n_input, n_hidden, n_output = 784, 50, 10", "n_input, n_hidden, n_output = 6, 5, 3", source)
    there = learner(DATA + source + "\n" + made + "\n")
    seen = there.look()
    assert (seen.proven and seen.proven.activation, seen.loss and seen.loss.name) == (activation, loss)


def test_what_stays_is_tried_again_however_soon_it_comes(
    learner: Callable[[str], Learner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_reading, "TRIED", 1e9)
    there = learner(DATA + NET.replace("np.maximum(0,", "np.maximum(leak * (x @ p['W1']),") + "leak = 0\n")
    assert there.look().proven is not None
    there.run("leak = 0.5")
    assert there.look().proven is not None
    there.lab.look(there.names, last=True)
    assert there.lab._seen.proven is None


def test_samples_that_are_overwritten_are_copied_again(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET)
    there.look()
    there.run("x_test *= 0.5")
    there.look()
    np.testing.assert_array_equal(
        there.lab.subject().dataset.test.rows(np.arange(30), np.float64), there.names["x_test"]
    )
    number = there.lab._seen.number
    there.run("x_train[:] = x_train[::-1].copy()")  # as each epoch shuffles them: they are the same ones
    assert there.look().number == number


@pytest.mark.parametrize(
    "line",
    [
        "x_batch = x_train[np.arange(5)] / 255.0",
        "xs = (x_train.astype(np.float64) - x_train.mean()) / x_train.std()",
        "net.loss(x_train[:5] / 255, t_train[:5])",
    ],
)
def test_samples_that_are_changed_on_their_way_are_not_taken(line: str, learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + line)
    seen = there.look()
    assert (seen.proven is not None, seen.parts) == (True, {})
    assert there.lab.tabs() == ("train",)
    assert seen.unread.startswith("The network of your code is given other numbers than x_train holds")


@pytest.mark.parametrize(
    "line",
    [
        "x_train, x_test = x_train / 1.0, x_test / 1.0",
        "x_train = (x_train - 0.0) / 1.0",
        "def scaled(x_train):\n    return x_train / 255.0",
        "print((x_train[0] / 255).shape)",
        "shown = x_train[0].reshape(2, 3) / 255",
    ],
)
def test_samples_that_are_changed_before_they_have_their_name(line: str, learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + line)
    there.look()
    assert there.lab.tabs() == ("train", "draw", "probe", "step")


@pytest.mark.parametrize(("dtype", "tabs"), [("uint8", ("train",)), ("float32", ("train", "draw", "probe", "step"))])
def test_a_network_that_goes_by_the_type_of_its_samples(
    dtype: str, tabs: tuple[str, ...], learner: Callable[[str], Learner]
) -> None:
    net = NET.replace(
        "    p = self.params\n", "    p = self.params\n        x = x / 255 if x.dtype == np.uint8 else x\n"
    )
    scaled = f"x_train = (x_train * {255 if dtype == 'uint8' else 1}).astype(np.{dtype})\n"
    there = learner(DATA + scaled + net)
    there.look()
    assert there.lab.tabs() == tabs


def test_answers_beside_labels_are_no_labels(learner: Callable[[str], Learner]) -> None:
    answers = "label_test, y_test = t_test.argmax(axis=1), np.zeros(30, int)\ndel t_test"
    there = learner(DATA + NET + answers)
    there.look()
    np.testing.assert_array_equal(there.lab.subject().dataset.test.t, np.arange(30) % 3)


def test_what_no_longer_holds_is_withdrawn(learner: Callable[[str], Learner]) -> None:
    """Parameters that are replaced while layers keep the old ones: what learns is not what answers."""
    layers = (
        NET
        + """
class Affine:
    def __init__(self, W, b): self.W, self.b = W, b
class Kept(Net):
    def __init__(self):
        super().__init__()
        self.first, self.last = (Affine(self.params[f'W{i}'], self.params[f'b{i}']) for i in (1, 2))
    def predict(self, x):
        return softmax(np.maximum(0, x @ self.first.W + self.first.b) @ self.last.W + self.last.b)
net = Kept()
"""
    )
    there = learner(DATA + layers)
    assert there.look().proven is not None
    there.run("net.params['W1'] += 0.1")
    seen = there.look()
    assert seen.proven is not None
    np.testing.assert_array_equal(seen.W1, there.names["net"].params["W1"])
    there.run("net.params['W1'] = net.params['W1'] - 0.1")
    seen = there.look()
    assert (seen.proven, seen.params) == (None, None)
    assert there.look().proven is None  # a copy alone would look right again


def test_parameters_may_be_replaced_at_each_step(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET)
    for _ in range(3):
        there.run("net.params = {name: array - 0.01 for name, array in net.params.items()}")
        seen = there.look()
        np.testing.assert_array_equal(seen.params["W2"], there.names["net"].params["W2"])
    assert seen.loss is not None


def test_of_two_networks_the_one_that_changes_is_shown(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + "other = Net(6, 4, 3)\n")
    for name, hidden in (("net", 5), ("other", 4), ("net", 5)):
        there.look()
        there.run(f"{name}.params['W1'] += 0.1")
        there.look()
        assert there.look().proven.layout.sizes == (6, hidden, 3)


def test_a_network_in_an_object_or_class_is_found(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + "class Trainer: pass\ntrainer = Trainer(); trainer.model = Net(); del net")
    assert there.look().loss.name == "textbook"
    there.run("class Setup:\n    model = trainer.model\ndel trainer\nsetup = Setup()")
    assert there.look().loss.name == "textbook"


def test_numbers_that_are_not_finite_change_nothing(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET)
    there.look()
    there.run("net.params['W1'][0, 0] = np.nan; train_loss_list += [1.0, np.nan]")
    seen = there.look()
    assert seen.iteration == 2
    assert seen.proven is not None
    assert np.isnan(seen.params["W1"][0, 0])
    assert there.lab.glance().judgement is not None


def test_nothing_of_looking_is_left(learner: Callable[[str], Learner], capsys: pytest.CaptureFixture[str]) -> None:
    mindful = NET.replace(
        "        p = self.params\n",
        "        global calls\n        calls += 1; Net.calls += 1; self.calls += 1; log.append(x); seen['x'] = x\n"
        "        print('predicting'); np.random.rand(); random.random(); warnings.warn('careful')\n"
        "        np.array([1.0]) / np.zeros(1); open('there.txt', 'r' if calls else 'w')\n"
        "        p = self.params\n",
    ).replace("; open('there.txt', 'r' if calls else 'w')", "")
    start = "import random, warnings\ncalls, log, seen = 0, [], {}\n"
    there = learner(DATA + start + mindful + "Net.calls = net.calls = 0\n")
    filters, printed = list(warnings.filters), capsys.readouterr()
    states = np.random.get_state()[1].tolist(), random.getstate()
    stated = {name: there.names[name] for name in there.names if not name.startswith("__")}
    assert there.look().proven is not None
    assert there.look().proven is not None
    assert states == (np.random.get_state()[1].tolist(), random.getstate())
    assert (there.names["calls"], there.names["Net"].calls, there.names["net"].calls) == (0, 0, 0)
    assert (there.names["log"], there.names["seen"]) == ([], {})
    assert capsys.readouterr() == printed
    assert list(warnings.filters) == filters
    assert "__warningregistry__" not in there.names
    assert stated == {name: there.names[name] for name in there.names if not name.startswith("__")}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "No network was found"),
        (
            "class Conv:\n    def __init__(s): s.params = {'W1': np.ones((3, 1, 5, 5)), 'W2': np.ones((4, 3))}\n"
            "    def predict(s, x): return x\nnet = Conv()",
            "net is none of the networks",
        ),
        ("W1, b1 = np.ones((6, 3)), np.zeros(3)", "The parameters of your code"),
        (NET + "x_train = x_test = None", "No samples were found"),
        (NET + "x_train = 255 * x_train", "The samples of your code are not between 0 and 1"),
    ],
)
def test_what_cannot_be_read_is_said(source: str, said: str, learner: Callable[[str], Learner]) -> None:
    assert learner(DATA + source).look().unread.startswith(said)


def test_a_network_of_a_library_is_named(learner: Callable[[str], Learner], monkeypatch: pytest.MonkeyPatch) -> None:
    there = learner(DATA)
    kind = type("Linear", (), {"__module__": "torch.nn", "parameters": lambda self: []})
    there.names["model"] = kind()
    assert there.look().unread.startswith("Networks of torch cannot be read here")


def test_names_that_are_anything_do_no_harm(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET)
    there.run("""
class Evil:
    def __getattr__(self, name): raise RuntimeError(name)
    def __len__(self): raise RuntimeError
    def __eq__(self, other): raise RuntimeError
    def __del__(self): pass
evil, selfish, losses = Evil(), [], [Evil()]
selfish.append(selfish)
round_about = {'a': None}; round_about['a'] = round_about
test_loss, big = 'x', [10 ** 400, 1]
accuracies = [[1.0]]
""")
    assert there.look().loss.name == "textbook"


def test_a_network_that_holds_too_much_is_left_alone(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + "net.data = [[0.0] * 1000 for _ in range(200)]")
    assert there.look().unread.startswith("net is none of the networks")


def test_large_arrays_are_not_copied_with_a_network(learner: Callable[[str], Learner]) -> None:
    there = learner(DATA + NET + "net.data = np.zeros((300, 100))\n")
    source = NET.replace("p = self.params", "p = self.params; self.data[0, 0] = 1.0").replace("net = Net()", "")
    assert there.look().proven is not None
    there.run(source + "wild = Net(); wild.data = net.data; del net")
    assert there.look().proven is None  # it writes to what it was lent
    assert there.names["wild"].data[0, 0] == 0.0


def test_sums_of_gradients_are_no_parameters(learner: Callable[[str], Learner]) -> None:
    """A dict with the names of parameters, made after them, that moves as they do."""
    source = (STYLES / "functions.py").read_text(encoding="utf-8")
    start = "params = init_params(6, 5, 3)\ntotal = {k: 0 * v for k, v in params.items()}\n"
    there = learner(DATA + source + start + "loss = compute_loss(params, x_train, t_train)\n")
    for _ in range(3):
        np.testing.assert_array_equal(there.look().params["W1"], there.names["params"]["w1"])
        there.run("for key in params: total[key] = total[key] + 1.0; params[key] -= 0.1 * total[key]")
