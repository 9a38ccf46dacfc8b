"""What a learner's gradient, loss or training was called with last is there at the end, and gone after it."""

import ast
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zerokara.runner.noted_calls import is_worth_noting, noted_calls, noted_functions
from zerokara.runner.own_loops import with_questions

NET = """
import numpy as np

class Net:
    def __init__(self):
        self.params = {"W": np.ones((3, 2))}

    def loss(self, x, t):
        return 0.5 * np.sum((x @ self.params["W"] - t) ** 2) / len(x)

    def gradient(self, x, t):
        return {"W": x.T @ (x @ self.params["W"] - t) / len(x)}

def train(x, t, rate):
    net = Net()
    for i in range(3):
        net.params["W"] -= rate * net.gradient(x[i:], t[i:])["W"]
    return net.loss(x, t)

def main():
    return train(np.ones((5, 3)), np.zeros((5, 2)), 0.1)
"""


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """Of a learner's file that notes."""
    noted_calls.forget()
    names: dict[str, Any] = {"__name__": "learner"}
    exec(with_questions(compile(NET, "learner.py", "exec"), NET), names)
    yield names
    noted_calls.forget()


def test_the_last_calls(names: dict[str, Any]) -> None:
    names["main"]()
    called = {call.name: call for call in noted_calls.calls()}
    assert sorted(called) == ["gradient", "loss", "train"]
    assert type(called["gradient"].owner) is names["Net"]
    assert [x.shape for x in called["gradient"].args] == [(3, 3), (3, 2)]
    assert called["loss"].owner is called["gradient"].owner
    assert called["train"].owner is names["train"]
    assert called["train"].args[2] == 0.1


def test_a_function_that_is_no_longer_there_is_left_out(names: dict[str, Any]) -> None:
    train = names.pop("train")
    train(names["np"].ones((5, 3)), names["np"].zeros((5, 2)), 0.1)
    del train
    assert sorted(call.name for call in noted_calls.calls()) == ["gradient", "loss"]


def test_nothing_is_kept_once_it_is_forgotten(names: dict[str, Any]) -> None:
    """Code is not seen by the garbage collector: what led from it back to it would stay for good."""
    names["main"]()
    owner = next(call.owner for call in noted_calls.calls() if call.name == "gradient")
    kept = weakref.ref(owner), weakref.ref(names["Net"])
    del owner
    noted_calls.forget()
    assert noted_calls.filled == []
    names.clear()
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


@pytest.mark.parametrize(
    ("source", "noted"),
    [
        ("def gradient(self, x, t): pass", True),
        ("def calc_grad(X, y, w): pass", True),
        ("def fit(self): pass", True),
        ("def train(x):\n    for i in x: pass", True),
        ("def keisan(self, x):\n    return x.T @ (x @ self.w)", True),
        ("def sigmoid_grad(x): pass", False),  # so short that a note would be felt
        ("def backward(self, dout): return dout @ self.W.T", False),
        ("def predict(self, x): return x @ self.W1 @ self.W2", False),
        ("def __init__(self, loss, grad): pass", False),
        ("@jit\ndef gradient(x, t): pass", False),
        ("async def train(x, t): pass", False),
        ("def train_batches(x, t):\n    yield x", False),
        ("import weakref\ndef gradient(self, x, t): pass", False),
        ("class A:\n    def __del__(self): pass\n    def loss(self, x, t): pass", False),
        ("def gradient(x, *t): pass", False),
    ],
)
def test_which_functions_note(source: str, noted: bool) -> None:
    assert bool(noted_functions(ast.parse(source))) is noted
    assert is_worth_noting(source) or not noted


def test_a_file_without_functions_is_not_even_parsed() -> None:
    assert not is_worth_noting("import numpy as np\nnp.ones(3)")


def test_functions_are_plain_again_once_numba_is_there(run: Any, tmp_path: Path) -> None:
    """It compiles functions from their code, such too that were defined before."""
    (tmp_path / "numba.py").write_text("")
    (tmp_path / "lib.py").write_text("def gradient(x, t):\n    return x\n")
    source = """import importlib
from zerokara.sources.instrumentation import plain_code_of
from lib import gradient
def loss(x, t): return x
def are_plain(): return [plain_code_of(f.__code__) is f.__code__ for f in (gradient, loss)]
print(are_plain())
importlib.import_module("num" + "ba")
print(are_plain(), gradient(1, 2), loss(3, 4))
"""
    assert run(source).out == "[False, False]\n[True, True] 1 3\n"
