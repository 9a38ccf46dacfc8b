"""Networks of many makes are read: their parameters, loss and gradient are found, and left as they were."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from zerokara.book import chapter4, chapter5
from zerokara.errors import UsageError
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.roles import named_for, roles_in
from zerokara.own_gradients.subject import Subject

from .planted import SMALL, STYLES, batch, correct, made


def data(n: int = 7, features: int = 6, classes: int = 3) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    return generator.random((n, features)), np.eye(classes)[generator.integers(0, classes, n)]


def witnessed(subject: Subject, name: str, where: tuple[int, ...]) -> float:
    """∂loss/∂ one element, by a loop of the test's own."""
    array, losses = subject.params[name], []
    kept = array[where]
    for step in (1e-5, -1e-5):
        array[where] = kept + step
        losses.append(subject.loss(subject.x.copy(), subject.t.copy()))
    array[where] = kept
    return (losses[0] - losses[1]) / 2e-5


def agrees(subject: Subject) -> None:
    gradient = subject.gradient(subject.x.copy(), subject.t.copy())
    assert set(gradient) == set(subject.params)
    for name, array in subject.params.items():
        where = tuple(np.random.default_rng(1).integers(0, array.shape).tolist())
        assert gradient[name].reshape(array.shape)[where] == pytest.approx(witnessed(subject, name, where), abs=1e-6)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_read(style: str, tmp_path: Any) -> None:
    network = made(style, correct(style), tmp_path)
    (subject,) = subjects_of(network.obj, *batch(SMALL, 7))
    assert {id(array) for array in subject.params.values()} == {id(array) for array in network.arrays()}
    agrees(subject)


@pytest.mark.parametrize("module", [chapter4, chapter5])
def test_the_textbook_s_networks(module: Any) -> None:
    (subject,) = subjects_of(module.TwoLayerNet(6, 4, 3), *data())
    assert list(subject.params) == ["W1", "b1", "W2", "b2"]
    assert subject.scores is not None
    assert subject.scores(subject.x).shape == (7, 3)
    agrees(subject)


class Columns:
    """Samples are columns, gradients attributes; the backward pass wants the output."""

    def __init__(self) -> None:
        generator = np.random.default_rng(2)
        self.W = generator.normal(size=(3, 6))
        self.b = np.zeros((3, 1))
        self.seen = generator.normal(size=4)

    def forward(self, X: Any) -> Any:
        self.X = X
        return 1 / (1 + np.exp(-(self.W @ X + self.b)))

    def cost(self, A: Any, Y: Any) -> Any:
        return 0.5 * np.sum((A - Y) ** 2) / Y.shape[1]

    def backward(self, Y: Any, A: Any) -> None:
        dZ = (A - Y) * A * (1 - A) / Y.shape[1]
        self.dW, self.db = dZ @ self.X.T, dZ.sum(axis=1, keepdims=True)


class OneByOne:
    """Takes one sample, and its gradient is read off what a step changes; the step puts new arrays there."""

    def __init__(self, rate: float = 0.5) -> None:
        self.weights = np.random.default_rng(2).normal(size=(3, 6))
        self.learning_rate = rate

    def loss(self, x: Any, t: Any) -> Any:
        return 0.5 * np.sum((np.dot(self.weights, x) - t) ** 2)

    def train(self, x: Any, t: Any) -> None:
        error = t - np.dot(self.weights, x)
        self.weights = self.weights + self.learning_rate * np.outer(error, x)


class LossWithGradients:
    """loss gives both; labels are numbers."""

    def __init__(self) -> None:
        self.theta = {"β": np.random.default_rng(2).normal(size=(6, 3))}

    def loss(self, X: Any, y: Any = None, reg: float = 0.0) -> Any:
        p = np.exp(X @ self.theta["β"])
        p /= p.sum(axis=1, keepdims=True)
        if y is None:
            return p
        value = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        return value, {"β": X.T @ p / len(y)}


@pytest.mark.parametrize(
    ("kind", "names"), [(Columns, ["W", "b"]), (OneByOne, ["weights"]), (LossWithGradients, ["β"])]
)
def test_other_makes(kind: type, names: list[str]) -> None:
    x, t = data()
    (subject,) = subjects_of(kind(), x, t.argmax(axis=1), chosen=False)
    assert list(subject.params) == names
    agrees(subject)


def test_the_rate_of_an_update_is_its_own_or_fitted() -> None:
    (subject,) = subjects_of(OneByOne(), *data(), chosen=False)
    assert subject.rate == 0.5

    class Hidden(OneByOne):
        def train(self, x: Any, t: Any) -> None:
            self.weights = self.weights + 0.03 * np.outer(t - np.dot(self.weights, x), x)

    made = Hidden()
    del made.learning_rate
    (subject,) = subjects_of(made, *data(), chosen=False)
    assert subject.rate == pytest.approx(0.03)


@pytest.mark.parametrize("kind", [Columns, OneByOne, LossWithGradients])
def test_reading_leaves_nothing_behind(kind: type) -> None:
    made = kind()
    before, arrays, random = copy.deepcopy(vars(made)), dict(vars(made)), np.random.get_state()
    (subject,) = subjects_of(made, *data(), chosen=False)
    with subject.kept():
        subject.gradient(subject.x, subject.t)
        subject.set(subject.weights(3))
    assert list(vars(made)) == list(before)
    assert all(vars(made)[name] is arrays[name] for name in arrays)
    np.testing.assert_equal(vars(made), before)
    np.testing.assert_equal(np.random.get_state(), random)


def test_names_say_what_arguments_are() -> None:
    assert roles_in(lambda x, y: None) == {"x": "x", "y": "t"}
    assert roles_in(lambda y, t: None) == {"y": "output", "t": "t"}
    assert roles_in(lambda y_hat, y: None) == {"y_hat": "output", "y": "t"}
    assert roles_in(lambda AL, Y: None) == {"AL": "output", "Y": "t"}
    assert roles_in(lambda X, y, lr=0.1: None) == {"X": "x", "y": "t", "lr": "rate"}


def test_a_name_for_something_else_is_not_taken() -> None:
    names = ["numerical_gradient", "gradient", "accuracy", "sigmoid_derivative", "check_gradient"]
    assert named_for("gradient", names) == ["gradient"]


class NoGradient:
    def __init__(self) -> None:
        self.W = np.ones((6, 3))

    def loss(self, x: Any, t: Any) -> Any:
        return np.sum((x @ self.W - t) ** 2)


class OutputForLoss(NoGradient):
    def loss(self, x: Any, t: Any) -> Any:
        return x @ self.W

    def gradient(self, x: Any, t: Any) -> Any:
        return {"W": x.T}


class NotANumber(OutputForLoss):
    def loss(self, x: Any, t: Any) -> Any:
        return np.log(-1.0)


class Raises(NoGradient):
    def gradient(self, x: Any, t: Any) -> Any:
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (NoGradient, "NoGradient has nothing to check. Expected parameters"),
        (OutputForLoss, r"The loss has the shape \(7, 3\). Expected one number: a function that returns the network's"),
        (NotANumber, "The loss is nan, so there are no slopes"),
        (Raises, r"The code raised RuntimeError in line \d+ of test_reading.py: “not today”."),
        (dict, "has nothing to check"),
    ],
)
def test_what_cannot_be_checked_is_said(kind: type, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        subjects_of(kind(), *data())
