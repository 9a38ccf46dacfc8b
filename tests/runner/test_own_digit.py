"""`zerokara run --predict`: the network that a script leaves behind is found, asked as it was trained, left alone."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zerokara.runner.own_digit import Range, answers, candidates, input_range

Run = Callable[..., Any]

NET = """
import numpy as np

class Net:
    def __init__(self, answer):
        self.W = np.zeros((784, 10))
        self.W[:, answer] = 0.1
        self.asked = 0

    def predict(self, x):
        self.asked += 1
        return x @ self.W
"""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A stroke in MNIST's box."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:16] = 255
    Image.fromarray(pixels).save(tmp_path / "my.png")
    return tmp_path / "my.png"


def test_the_network_is_asked_at_the_end(run: Run, picture: Path) -> None:
    result = run(f"{NET}net = Net(4)\nprint('done')", "--predict", "my.png")
    assert (result.status, result.out) == (0, "done\n")
    lines = result.err.splitlines()
    share = np.exp(60 * 0.1) / (np.exp(60 * 0.1) + 9)  # 60 pixels of ink, a weight of 0.1 each
    assert lines[:2] == ["net was asked:", f"my.png: 4, {share:.1%}"]
    assert lines[-1].startswith("The network knows only digits")


def test_nothing_of_it_changes(picture: Path) -> None:
    """Neither the object, nor a dict of parameters, nor the working folder."""
    import os

    class Net:
        asked = 0

        def predict(self, x: Any) -> Any:
            self.asked += 1
            os.chdir("/")
            return np.arange(10.0)

    def predict(params: Any, x: Any) -> Any:
        params["b"] += 1
        return np.arange(10.0)

    net, params, folder = Net(), {"W": np.ones((784, 10)), "b": np.zeros(10)}, os.getcwd()
    assert len(list(answers(picture, {"net": net}, []))) == 3
    assert len(list(answers(picture, {"params": params, "predict": predict}, []))) == 3
    assert (net.asked, params["b"].sum(), os.getcwd()) == (0, 0, folder)


def test_of_several_the_last_one_that_answers_is_asked(run: Run, picture: Path) -> None:
    other = "class Gate:\n    def predict(self, x):\n        return x[:, 0] * x[:, 1]\n"
    source = f"{NET}{other}nets = {{}}\nfor k in (1, 5):\n    nets[k] = Net(k)\ngate = Gate()"
    lines = run(source, "--predict", "my.png").err.splitlines()
    assert lines[0] == "nets[5] was asked:"
    assert lines[1].startswith("my.png: 5, ")


@pytest.mark.parametrize(
    "source",
    [
        "def predict(x, params):\n    return x @ params['W']\nnet = {'W': W}",
        "def predict(network, x):\n    return x @ network['W']\nnetwork = {'W': W}",
        "def predict(x, W, b=0):\n    return x @ W + b",
        "def predict(x):\n    return x @ W",
        "predict = lambda img: img @ W",
    ],
)
def test_functions_of_parameters_that_lie_beside_them(run: Run, picture: Path, source: str) -> None:
    first = "import numpy as np\nW = np.zeros((784, 10))\nW[:, 6] = 0.1\n"
    lines = run(first + source, "--predict", "my.png").err.splitlines()
    assert lines[0] == "predict was asked:"
    assert lines[1].startswith("my.png: 6, ")


def test_a_network_within_a_function_is_found_by_its_last_call(run: Run, picture: Path) -> None:
    source = f"""{NET}
    def gradient(self, x, t):
        y = self.predict(x)
        return x.T @ (y - t)

def main():
    net = Net(8)
    x, t = np.ones((5, 784)), np.zeros((5, 10))
    for i in range(3):
        grad = net.gradient(x, t)

main()
"""
    lines = run(source, "--predict", "my.png", "--no-remarks").err.splitlines()
    assert lines[0] == "Net was asked:"
    assert lines[1].startswith("my.png: 8, ")


def test_without_a_network_that_is_said(run: Run, picture: Path) -> None:
    result = run("import zerokara\nfrom zerokara import predict\nx = 1", "--predict", "my.png")
    assert result.status == 0
    assert "the script left no object with a method predict(x) behind" in result.err


def test_after_an_error_it_is_asked_all_the_same(run: Run, picture: Path) -> None:
    result = run(f"{NET}net = Net(4)\n1 / 0", "--predict", "my.png")
    assert result.status == 1
    assert "net was asked:" in result.err


def test_what_cannot_be_asked_is_said_and_the_script_has_ended_well(run: Run, picture: Path) -> None:
    (picture.parent / "broken.png").write_bytes(b"none")
    result = run(f"{NET}net = Net(4)", "--predict", "broken.png")
    assert result.status == 0
    assert "broken.png cannot be read as a picture" in result.err
    result = run(
        "class Net:\n    def predict(self, x):\n        raise OSError('x')\nnet = Net()", "--predict", "my.png"
    )
    assert result.status == 0
    assert "OSError: x" in result.err


def test_a_picture_that_is_not_there_is_said_before_the_script(run: Run) -> None:
    result = run("print('started')", "--predict", "none.png")
    assert (result.status, result.out) == (2, "")
    assert "--predict needs a picture that is there. Got none.png. Nothing was run." in result.err


# What the network was trained on


def pictures(high: float, low: float = 0.0, n: int = 200) -> Any:
    rows = np.full((n, 784), low)
    rows[0, 0] = high
    return rows


def test_the_range_of_a_batch_goes_before_that_of_all_data() -> None:
    assert input_range([], {"x_train": pictures(255)}) == Range(0, 255)
    assert input_range([], {"x_train": pictures(255), "x_batch": pictures(1, n=10)}) == Range(0, 1)
    assert input_range([3, pictures(1, n=10)], {"x_batch": pictures(255)}) == Range(0, 1)
    assert input_range([], {"W1": np.ones((784, 50)), "t": np.ones((5, 10))}) == Range(0, 1)
    assert input_range([], {"x": np.full((5, 1, 28, 28), 7, np.uint8)}) == Range(7, 7)


@pytest.mark.parametrize(("high", "asked_with"), [(1.0, 1.0), (255.0, 255.0), (256.0, 1.0)])
def test_a_picture_is_given_as_the_data_were(picture: Path, high: float, asked_with: float) -> None:
    seen: list[float] = []

    class Net:
        def predict(self, x: Any) -> Any:
            seen.append(float(x.max()))
            return np.arange(10.0)

    told = list(answers(picture, {"x_train": pictures(high), "net": Net()}, []))
    assert set(seen) == {asked_with}
    assert ("It was given 0 to 255, as its training data are." in told) == (asked_with == 255)
    assert any("do not believe" in line for line in told) == (high == 256)


def test_data_that_are_standardized_are_warned_of(picture: Path) -> None:
    names = {"x_train": pictures(2.8, -0.4), "predict": lambda x: np.arange(10.0)}
    assert any("from -0.4 to 2.8: do not believe this answer." in line for line in answers(picture, names, []))


def test_what_cannot_be_copied_is_not_asked(picture: Path) -> None:
    class Net:
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("a lock")

        def predict(self, x: Any) -> Any:
            raise AssertionError

    assert list(answers(picture, {"net": Net()}, [])) == ["Net cannot be copied, so it was not asked: a lock"]


def test_classes_modules_and_other_names_are_no_networks() -> None:
    class Net:
        def predict(self, x: Any) -> Any:
            return x

    module = ModuleType("module")
    module.predict = lambda x: x  # type: ignore[attr-defined]
    names = {"Net": Net, "module": module, "x": 3, "several": [Net(), 1], "net": Net()}
    assert [candidate.name for candidate in candidates(names)] == ["several[0]", "net"]
