"""`zerokara run --keep NAME FILE`: what a file leaves behind, whatever becomes of it."""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.runs.script_reporting import script_reported
from zerokara.runs.scripts import read_script

Run = Callable[..., Any]

SCRIPT = """
import numpy as np
from zerokara.data import load

data = load("digits")
x_train, t_train, x_test, t_test = data.train.x, np.eye(10)[data.train.t], data.test.x, np.eye(10)[data.test.t]

class TwoLayerNet:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"W1": 0.1 * rng.normal(size=(64, 8)), "b1": np.zeros(8)}
        self.params |= {"W2": 0.1 * rng.normal(size=(8, 10)), "b2": np.zeros(10)}

    def predict(self, x):
        self.z = np.tanh(x @ self.params["W1"] + self.params["b1"])
        return self.z @ self.params["W2"] + self.params["b2"]

    def accuracy(self, x, t):
        return np.mean(self.predict(x).argmax(axis=1) == t.argmax(axis=1))

    def loss(self, x, t):
        y = self.predict(x)
        p = np.exp(y - y.max(axis=1, keepdims=True))
        self.p = p / p.sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.p[t == 1]))

    def gradient(self, x, t):
        self.loss(x, t)
        d = (self.p - t) / len(x)
        h = d @ self.params["W2"].T * (1 - self.z ** 2)
        return {"W1": x.T @ h, "b1": h.sum(axis=0), "W2": self.z.T @ d, "b2": d.sum(axis=0)}

net = TwoLayerNet()
train_loss_list, train_acc_list, test_acc_list = [], [], []
rng = np.random.default_rng(1)
batch_size = 100
for i in range(60):
    rows = rng.choice(len(x_train), batch_size)
    grad = net.gradient(x_train[rows], t_train[rows])
    for key in net.params:
        net.params[key] -= 0.5 * grad[key]
    train_loss_list.append(net.loss(x_train[rows], t_train[rows]))
    if i % 20 == 0:
        train_acc_list.append(net.accuracy(x_train, t_train))
        test_acc_list.append(net.accuracy(x_test, t_test))
print(net.accuracy(x_test, t_test))
"""


def kept_path(tmp_path: Path, name: str = "hand") -> Path:
    return tmp_path / "runs" / name


def test_a_script_is_kept_and_its_network_answers_as_it_did(run: Run, tmp_path: Path) -> None:
    result = run(SCRIPT, "--keep", "hand")
    assert result.status == 0
    assert (
        f"{kept_path(tmp_path)} keeps what train.py left behind. Losses: 60. Accuracies: 3. Arrays of parameters: 4."
        in result.err
    )
    told = script_reported(kept_path(tmp_path))
    assert told.answers is not None
    assert told.answers.accuracy.value == float(result.out)  # what the script itself measured
    assert [e.iteration for e in told.evaluations] == [1, 21, 41]
    assert told.findings is not None
    assert not told.findings
    assert told.missing == ()
    facts = read_script(kept_path(tmp_path)).facts
    assert facts.digest == f"sha256:{sha256(SCRIPT.encode()).hexdigest()}"
    assert (facts.dataset, facts.activation, facts.error) == ("digits", "tanh", "")


BAD = """
train_loss_list = [2.0, 1.0]
params = {"W1": __import__("numpy").ones((2, 3))}
"""


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("", 0, ""),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("exit(3)", 3, ""),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
)
def test_whatever_the_end_is_what_is_there_is_kept(run: Run, tmp_path: Path, end: str, status: int, error: str) -> None:
    result = run(BAD + end, "--keep", "hand")
    assert result.status == status
    assert "Losses: 2. Accuracies: 0. Arrays of parameters: 1." in result.err
    script = read_script(kept_path(tmp_path))
    assert (script.facts.error, script.facts.looked_into) == (error, error != "KeyboardInterrupt")
    np.testing.assert_array_equal(script.params["W1"], np.ones((2, 3)))


@pytest.mark.parametrize("source", ["x = 1", "import ("])
def test_nothing_to_keep_is_said_and_leaves_nothing(run: Run, tmp_path: Path, source: str) -> None:
    result = run(source, "--keep", "hand")
    assert result.status == 1
    assert "train.py left nothing to keep" in result.err
    assert not kept_path(tmp_path).exists()


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".x", "-x", "x" * 101, "a\nb", "C:x"])
def test_a_name_is_checked_before_anything_runs(run: Run, tmp_path: Path, name: str) -> None:
    result = run("open('ran', 'w')", f"--keep={name}")
    assert result.status == 2
    assert "--keep must be a plain folder name" in result.err
    assert not (tmp_path / "ran").exists()


def test_what_exists_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    kept_path(tmp_path).mkdir(parents=True)
    result = run("open('ran', 'w')", "--keep", "hand")
    assert result.status == 2
    assert "exists and is left as it is. Choose another --keep, or remove it." in result.err
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_cannot_be_made_is_told_before_anything_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("no folder")
    result = run("open('ran', 'w')", "--keep", "hand")
    assert result.status == 1
    assert "No run folder can be made" in result.err
    assert not (tmp_path / "ran").exists()


def test_out_says_where_and_needs_keep(run: Run, tmp_path: Path) -> None:
    assert run(BAD, "--keep", "hand", "--out", "mine").status == 0
    assert read_script(tmp_path / "mine" / "hand").facts.losses == 2
    assert "--keep is not given" in run("open('ran', 'w')", "--out", "mine").err
    assert not (tmp_path / "ran").exists()


def test_a_script_that_goes_elsewhere_and_changes_itself_is_kept_here(run: Run, tmp_path: Path) -> None:
    source = BAD + "import os\nos.truncate(__file__, 0)\nos.mkdir('y')\nos.chdir('y')"
    run(source, "--keep", "hand")
    assert read_script(kept_path(tmp_path)).facts.digest == f"sha256:{sha256(source.encode()).hexdigest()}"


def test_a_note_is_kept_too(run: Run, tmp_path: Path) -> None:
    run(f"# Note\n\n```python\n{BAD}\n```\n", "--keep", "note", name="note.md")
    facts = read_script(kept_path(tmp_path, "note")).facts
    assert (facts.file, facts.losses, facts.params) == ("note.md", 2, ["W1"])


@pytest.mark.slow
def test_a_notebook_is_kept_where_the_command_was_given(run_apart: Run, tmp_path: Path) -> None:
    pytest.importorskip("IPython", reason="the extra notebook is not installed")
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": BAD}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "lesson").mkdir()
    (tmp_path / "lesson" / "book.ipynb").write_text(json.dumps(notebook))
    run_apart("--keep", "book", "lesson/book.ipynb", cwd=tmp_path)
    facts = read_script(kept_path(tmp_path, "book")).facts
    assert (facts.file, facts.losses, facts.params) == ("book.ipynb", 2, ["W1"])


def test_a_training_in_a_function_is_kept_by_its_last_call(run: Run, tmp_path: Path) -> None:
    head, loop = SCRIPT.split("net = TwoLayerNet()")
    body = "\n".join(f"    {line}" for line in loop.splitlines())
    run(
        f"{head}\ndef main():\n    net = TwoLayerNet()\n{body}\n    return train_loss_list\n\nlosses = main()\n",
        "--keep",
        "hand",
    )
    script = read_script(kept_path(tmp_path))
    assert (script.facts.losses, list(script.params)) == (60, ["W1", "b1", "W2", "b2"])


WRONG = SCRIPT.replace("self.p - t", "t - self.p")


@pytest.mark.slow
def test_findings_are_kept_without_folders(run: Run, tmp_path: Path) -> None:
    result = run(WRONG, "--keep", "hand")
    (finding,) = read_script(kept_path(tmp_path)).findings
    assert [finding.cause] == result.causes
    assert finding.place.startswith("train.py:")
    assert str(tmp_path).encode() not in b"".join(path.read_bytes() for path in kept_path(tmp_path).iterdir())


def test_what_is_said_is_whole(run: Run, marked: Callable[[str], str]) -> None:
    for name, source in (("some", BAD), ("nothing", "x = 1")):
        assert marked(run(source, "--keep", name).err) == ""


def test_a_full_disk_is_told_and_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zerokara.runs.directory import Directory

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Directory, "replace", full)
    result = run(BAD, "--keep", "hand")
    assert result.status == 1
    assert "No space left on device" in result.err
    assert os.listdir(tmp_path / "runs") == []


TRAINER = """
from dataset.mnist import load_mnist
from common.multi_layer_net import MultiLayerNet
from common.trainer import Trainer

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)
x_train, t_train = x_train[:300], t_train[:300]
network = MultiLayerNet(input_size=784, hidden_size_list=[20, 20], output_size=10)
trainer = Trainer(
    network, x_train, t_train, x_test, t_test, 3, mini_batch_size=100, optimizer_param={"lr": 0.01}, verbose=False
)
trainer.train()
print(network.accuracy(x_test, t_test))
"""


@pytest.mark.slow
@pytest.mark.mnist
def test_the_textbooks_trainer_on_pixels_that_are_not_scaled(run: Run, tmp_path: Path) -> None:
    result = run(TRAINER, "--keep", "hand")
    facts = read_script(kept_path(tmp_path)).facts
    assert (facts.losses, facts.evaluations, facts.sizes, facts.scale) == (9, 3, [784, 20, 20, 10], 255.0)
    told = script_reported(kept_path(tmp_path))
    assert told.answers is not None
    assert told.answers.accuracy.value == float(result.out)
