"""`zerokara check`: agreement, disagreement, and what it leaves."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara.cli import main
from zerokara.nn.layers import Relu
from zerokara.runner import finder


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_fresh_network_agrees_and_the_picture_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    Path("gradients.png").write_text("mine")
    assert main(["check", "--dataset", "digits", "--hidden", "9,7", "--activation", "tanh"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[3:9]] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert "The gradients agree." in out
    assert Path("gradients.png").read_text() == "mine"
    assert np.asarray(Image.open("gradients-2.png").convert("L")).std() > 10, "the picture is blank"


def test_a_broken_layer_is_found_and_exits_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relu, "backward", lambda self, dout: dout)
    assert main(["check", "--dataset", "digits", "--no-plots"]) == 1
    out = capsys.readouterr().out
    assert "W1" in out
    assert "DISAGREES" in out
    assert "The gradients DISAGREE in " in out
    assert not list(Path().glob("*.png"))


def test_the_help_says_how_it_exits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--help"]) == 0
    assert "Exits with 1 where they disagree, and where none can be told" in " ".join(capsys.readouterr().out.split())
    assert main(["--help"]) == 0
    assert "Exits" not in capsys.readouterr().out, "one line in the list of commands"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"b1": np.nan}, 1, "No row can be told: loss or gradients are not finite"),
        ({"W2": 0.0}, 0, "The gradients agree."),
        ({"b1": 700.0}, 0, "of 77 cannot be told: a mistake there could hide behind rounding"),
    ],
    ids=str,
)
def test_what_cannot_be_told_is_no_accusation(
    change: dict[str, float],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def network(*_: object) -> zerokara.Network:
        net = zerokara.Network([64, 11, 10], activation="sigmoid", init="xavier")
        for name, value in change.items():
            net.params[name][...] = value
        return net

    monkeypatch.setattr("zerokara.cli.check.build_network", network)
    assert main(["check", "--dataset", "digits", "--no-plots"]) == status
    out, err = capsys.readouterr()
    assert words in out
    assert "DISAGREE" not in out
    assert not err


def test_as_many_samples_as_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--dataset", "digits", "--samples", "1438", "--hidden", "1", "--no-plots"]) != 2
    assert "on 1438 samples of digits" in capsys.readouterr().out


def test_a_trained_network_is_checked_after_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    run = zerokara.train("digits", hidden=11, iterations=30, activation="sigmoid", plots=False)
    assert main(["check", str(run.path), "--no-plots", "--samples", "20"]) == 0
    assert "64-11-10, sigmoid" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["check", "digits"], "digits is a data set; give it as --dataset digits."),
        (["check", "--samples", "0"], "samples must be a positive whole number. Got 0."),
        (["check", "--samples", "2.5"], "2.5"),
        (
            ["check", "--dataset", "digits", "--samples", "1439"],
            "digits has 1,438 training samples",
        ),
    ],
)
def test_wrong_usage(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_a_folder_that_is_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere"]) == 1
    assert "nowhere does not exist" in capsys.readouterr().err


NET = """import sys

import numpy as np
import beside
from common.functions import *

print("the top level is not run")
inputs, hidden, outputs = 64, 9, 10  # of "digits"


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        print("noise")
        self.params = {"W": 0.1 * np.random.randn(n_in, n_hidden), "V": 0.1 * np.random.randn(n_hidden, n_out)}

    def predict(self, x):
        self.h = sigmoid(x @ self.params["W"])
        return softmax(self.h @ self.params["V"])

    def loss(self, x, t):
        return cross_entropy_error(self.predict(x), t)

    def gradient(self, x, t):
        d = (self.predict(x) - t) / len(x)
        below = d @ self.params["V"].T * self.h * (1 - self.h)
        return {"W": x.T @ below, "V": self.h.T @ d}


class Twice:
    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 2 * dout


net = Net(inputs, hidden, outputs)
for i in range(10**9):
    net.loss(None, None)
"""
PRINT, LOSS = 'print("noise")', "return cross_entropy_error(self.predict(x), t)"
RIGHT, WRONG = "self.h * (1 - self.h)", "self.h * (1 + self.h)"


def written(name: str, source: str = NET) -> str:
    Path("beside.py").write_text("VALUE = 1\n", encoding="utf-8")
    Path(name).write_text(source, encoding="utf-8")
    return name


@pytest.fixture
def own_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    finder.uninstall()
    assert "beside" not in set(sys.modules) - before


@pytest.mark.usefixtures("own_modules")
def test_everything_in_a_file_is_checked_and_nothing_trained(capsys: pytest.CaptureFixture[str]) -> None:
    state = np.random.get_state()
    assert main(["check", written("net.py")]) == 0
    out, err = capsys.readouterr()
    assert out.split("\n\n") == [
        "beside.py was run as a whole, because it is imported; of net.py, only definitions were run.",
        "Net (net.py:11): the gradient agrees with central differences of the loss, on 18 samples of digits.",
        "Twice (net.py:29): backward agrees with central differences of forward.\n",
    ]
    assert not err
    np.testing.assert_equal(np.random.get_state(), state)
    assert sorted(path.name for path in Path().iterdir()) == ["beside.py", "net.py"]


@pytest.mark.usefixtures("own_modules")
def test_a_mistake_in_a_file_is_named_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("net.py", NET.replace(RIGHT, WRONG))
    assert main(["check", f"{name}:Net"]) == 1
    out = capsys.readouterr().out
    assert "Net (net.py:11): the gradient is WRONG." in out
    assert "net.py:25: " in out
    assert "Twice" not in out
    assert main(["check", name, "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["cause"], Path(finding["file"]).name, finding["line"]) == ("activation-derivative", "net.py", 25)


@pytest.mark.slow
@pytest.mark.usefixtures("own_modules")
def test_json_of_what_is_right_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", written("net.py"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"findings": []}


@pytest.mark.slow
@pytest.mark.usefixtures("own_modules")
def test_a_note_and_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    cells = NET.replace(RIGHT, WRONG).split("\n\nclass Net")
    note = (
        f"# My net\n\n```python\n%matplotlib inline\n{cells[0]}\n```\n\nThen\n\n```python\nclass Net{cells[1]}\n```\n"
    )
    assert main(["check", written("net.md", note), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert "(1 + self.h)" in note.splitlines()[finding["line"] - 1]


@pytest.mark.usefixtures("own_modules")
def test_arguments_are_read_and_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    name = written("net.py", NET.replace("n_in, n_hidden, n_out", "a, b, c", 1).replace("n_in", "a").replace(
        "n_hidden", "b").replace("n_out", "c").replace("\nnet = ", "\n# "))  # fmt: skip
    assert main(["check", f"{name}:Net", "--args", "64, 5, c=10"]) == 0
    assert "on 18 samples of digits" in capsys.readouterr().out
    assert main(["check", name, "--args", "print(1), 2"]) == 2
    assert "--args must be the arguments of the class as literals" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("def f(:\n", 2, "net.py is not Python in line 1: invalid syntax."),
        ("import nowhere_at_all\n", 2, "The code raised ModuleNotFoundError in line 1 of net.py: “No module named"),
        ("x = 1\n", 2, "net.py has nothing to check. Expected a class, or functions, with parameters"),
        ("", 2, "net.py has nothing to check."),
        (NET.replace(PRINT, "raise ValueError('no')"), 0, "The code raised ValueError in line 13 of net.py: “no”."),
        pytest.param(NET.replace(PRINT, "exit(3)"), 0, "SystemExit in line 13 of net.py: “3”.", marks=pytest.mark.slow),
        pytest.param(
            NET.replace(PRINT, "open('new', 'w')"), 0, "zerokara check writes no files: new", marks=pytest.mark.slow
        ),
        pytest.param(NET.replace(LOSS, "return self.predict(x)"), 0, "Expected one number", marks=pytest.mark.slow),
        (NET.replace(LOSS, "exit(3)"), 0, "The code raised SystemExit in line 21 of net.py: “3”."),
        (NET.replace("d = (self", "raise KeyError('W3')\n        d = (self"), 0, "The code raised KeyError in line 24"),
    ],
)
@pytest.mark.usefixtures("own_modules")
def test_whatever_a_file_does_is_said_in_a_sentence(
    source: str, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", written("net.py", source)]) == status
    out, err = capsys.readouterr()
    assert words in out + err
    assert "Traceback" not in out + err
    assert not Path("new").exists()


@pytest.mark.parametrize("place", ["import", "constructor", "loss"])
@pytest.mark.usefixtures("own_modules")
def test_code_that_does_not_end_is_stopped(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zerokara.own_gradients.files.SECONDS", 0.3)
    monkeypatch.setattr("zerokara.own_gradients.files.SECONDS_EACH", 0.3)
    endless = "while True:\n            try:\n                pass\n            except Exception:\n                pass"
    sources = {
        "import": NET,
        "constructor": NET.replace(PRINT, endless),
        "loss": NET.replace(LOSS, endless),
    }
    name = written("net.py", sources[place])
    if place == "import":
        Path("beside.py").write_text("while True:\n    pass\n", encoding="utf-8")
    assert main(["check", name]) == (2 if place == "import" else 0)
    out, err = capsys.readouterr()
    words = "The imports and definitions of net.py took more than" if place == "import" else "It took more than 0.3 s"
    assert words in out + err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["check", "nowhere.py"], "There is no file nowhere.py"),
        (["check", "net.py:Other"], "net.py defines no Other."),
        (["check", "net.py", "--hidden", "5"], "net.py has its own network and data. Got --hidden too"),
        (["check", "--args", "5"], "--args and --json go with a FILE of your own"),
        (["check", "--json"], "--args and --json go with a FILE of your own"),
    ],
)
@pytest.mark.usefixtures("own_modules")
def test_wrong_usage_with_a_file(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    written("net.py")
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_a_run_whose_folder_is_called_like_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    run = zerokara.train("digits", hidden=5, iterations=3, plots=False)
    run.path.rename("net.py")
    assert main(["check", "net.py", "--no-plots", "--samples", "20"]) in (0, 1)
    assert "64-5-10" in capsys.readouterr().out


def test_everything_said_is_a_sentence_that_is_translated(marked: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", written("net.py", NET.replace(RIGHT, WRONG))]) == 1
    said = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert all(line.count("⟦") == line.count("⟧") for line in said)
    assert said[0].startswith("⟦beside.py was run")
    assert said[1].startswith("⟦Net (net.py:11): the gradient is WRONG.⟧")
    finder.uninstall()
