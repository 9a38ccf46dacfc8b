"""Learners' networks as files of their own, the plain loop as the witness, and a count of how often f was called."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zerokara import recognise
from zerokara.book.common.gradient import numerical_gradient
from zerokara.nn.numerical import numerical_gradient as plain_loop
from zerokara.runner.own_loops import with_questions
from zerokara.sources.instrumentation import plain_code_of

TEXTBOOK = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def relu(x):
    return np.maximum(0, x)

def softmax(x):
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))

def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size

activation = sigmoid

class Net:
    def __init__(self, rng, sizes=(20, 7, 3)):
        self.params = {}
        for i, (a, b) in enumerate(zip(sizes, sizes[1:]), 1):
            self.params['W%d' % i] = 0.3 * rng.standard_normal((a, b))
            self.params['b%d' % i] = 0.1 * rng.standard_normal(b)

    def predict(self, x):
        a1 = np.dot(x, self.params['W1']) + self.params['b1']
        z1 = activation(a1)
        a2 = np.dot(z1, self.params['W2']) + self.params['b2']
        return softmax(a2)

    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)

def loss_of(net, x, t):
    return lambda W: net.loss(x, t)
"""
"""Chapters 3 and 4 as learners type them."""


@dataclass
class Outcome:
    gradient: np.ndarray
    expected: np.ndarray
    calls: int
    said: str

    @property
    def was_fast(self) -> bool:
        return "is the loss of a network" in self.said


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with recognise.mode("on"):
        yield


@pytest.fixture
def textbook() -> str:
    return TEXTBOOK


@pytest.fixture
def learner(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """learner(source, **names): run the textbook's code and then the source, from a file; its names are attributes."""
    count = 0

    def learner(source: str = "", *, base: str = TEXTBOOK, **names: Any) -> SimpleNamespace:
        nonlocal count
        count += 1
        path = tmp_path / f"learner{count}.py"
        path.write_text(base + source, encoding="utf-8")
        namespace: dict[str, Any] = {"__name__": "learner", **names}
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), namespace)
        return SimpleNamespace(**namespace)

    return learner


@pytest.fixture
def asking(tmp_path: Path) -> Callable[[str], Callable[..., Any]]:
    """asking(source): the function own that a file with this source defines, as the runner compiles it."""

    def asking(source: str) -> Callable[..., Any]:
        path = tmp_path / "own.py"
        path.write_text(source, encoding="utf-8")
        plain = compile(source, str(path), "exec", dont_inherit=True)
        names: dict[str, Any] = {"np": np}
        exec(with_questions(plain, source), names)
        assert plain_code_of(names["own"].__code__) is not names["own"].__code__
        own: Callable[..., Any] = names["own"]
        return own

    return asking


@pytest.fixture
def batch() -> tuple[np.ndarray, np.ndarray]:
    """Ten samples of 20 features, three classes, one-hot."""
    rng = np.random.default_rng(7)
    return rng.random((10, 20)), np.eye(3)[rng.integers(0, 3, 10)]


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """ask(f, x): the gradient by the book's function, the plain loop's, and how often the first called f."""

    def ask(f: Callable[[Any], Any], x: np.ndarray) -> Outcome:
        code = getattr(f, "__func__", f).__code__
        before = x.copy()
        capfd.readouterr()
        calls = 0

        def watch(frame: Any, event: str, argument: Any) -> None:
            nonlocal calls
            calls += event == "call" and frame.f_code is code

        sys.setprofile(watch)
        try:
            gradient = numerical_gradient(f, x)
        finally:
            sys.setprofile(None)
        assert x.tobytes() == before.tobytes()
        said = capfd.readouterr().err
        assert "Looking into it failed" not in said
        expected = np.asarray(plain_loop(f, x)) if x.dtype.kind == "f" else gradient
        return Outcome(gradient, expected, calls, said)

    return ask
