"""The five learners' notes and their scripts, byte for byte, against what each must print or leave.

Those that train by numerical gradient would run for hours: their first updates are watched, then Ctrl-C ends them.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

pytestmark = [pytest.mark.notes, pytest.mark.mnist]

Run = Callable[..., Any]
SCRIPTS = Path(os.environ.get("ZEROKARA_NOTES", "nowhere")).absolute()


def copied(name: str, folder: Path) -> str:
    """A script, or the note whose number it has, copied to where pictures may be written."""
    source = SCRIPTS / name if name.endswith(".py") else next(SCRIPTS.parent.glob(f"{name}_*.txt"))
    shutil.copy(source, folder)
    return source.name


@pytest.mark.parametrize(
    ("name", "options", "out", "supplied"),
    [
        ("001_twolayernet_class.py", [], "", "common.functions, common.gradient"),
        ("003_fancy_index.py", ["--prelude"], "[ 0 30 50]\n", ""),
        (
            "004_shapes.py",
            [],
            "|W1|= (784, 50)\n|b1|= (50,)\n|W2|= (50, 10)\n|b2|= (10,)\n",
            "common.functions, common.gradient",
        ),
        ("001", ["--cells", "2"], "", "common.functions, common.gradient"),
        (
            "004",
            ["--cells", "1-3"],
            "|W1|= (784, 50)\n|b1|= (50,)\n|W2|= (50, 10)\n|b2|= (10,)\n",
            "common.functions, common.gradient",
        ),
    ],
)
def test_short_ones(run_apart: Run, tmp_path: Path, name: str, options: list[str], out: str, supplied: str) -> None:
    result = run_apart(*options, copied(name, tmp_path), cwd=tmp_path)
    assert (result.status, result.out) == (0, out)
    assert result.err == (f"zerokara supplied {supplied}.\n" if supplied else "")


W_OF_THE_NOTE = "[[0.81712406, 0.99336792, 0.80548288], [0.74296342, 0.23464375, 0.46333048]]"


@pytest.mark.parametrize(("name", "options"), [("001_simplenet.py", []), ("001", ["--cells", "1"])])
def test_simple_net_with_the_weights_of_the_note(run_apart: Run, tmp_path: Path, name: str, options: list[str]) -> None:
    file = copied(name, tmp_path)
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace("np.random.rand(2, 3)", f"np.array({W_OF_THE_NOTE})"))
    result = run_apart(*options, file, cwd=tmp_path)
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", result.out)][6:]
    expected = [
        1.15894151,
        0.80720013,
        0.90028716,
        1.16511738,
        0.24237012,
        0.17049818,
        -0.4128683,
        0.36355518,
        0.25574726,
        -0.61930244,
    ]
    assert_allclose(numbers, expected, atol=2e-8)


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("002_eval.py", "NameError: name 'batch_size' is not defined", "batch_size is defined only in line 79"),
        ("004_train_acc_alone.py", "NameError: name 'net' is not defined", "net is defined nowhere in this file"),
        ("003_train.py", "NameError: name 'load_mnist' is not defined", "zerokara run --prelude"),
        ("003", "NameError: name 'load_mnist' is not defined", "zerokara run --prelude"),
    ],
)
def test_slips_are_shown_and_explained(run_apart: Run, tmp_path: Path, name: str, error: str, hint: str) -> None:
    result = run_apart(copied(name, tmp_path), cwd=tmp_path)
    assert result.status == 1
    assert error in result.err
    assert re.search(f"Hint: .*{hint}", result.err)
    assert result.causes == []


def shortened(name: str, folder: Path, iterations: int) -> str:
    """A copy that trains for fewer iterations, so that every run of the tests can afford it."""
    file = copied(name, folder)
    text, count = re.subn(r"(?m)^iters_num = 10000", f"iters_num = {iterations}", (folder / file).read_text())
    assert count
    (folder / file).write_text(text)
    return file


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "pictures"), [("000", [], 2), ("003", ["--prelude"], 2)])
def test_trainings_begin_as_they_should(
    run_apart: Run, tmp_path: Path, name: str, options: list[str], pictures: int
) -> None:
    result = run_apart(*options, "--seed", "0", shortened(name, tmp_path, 601), cwd=tmp_path)
    assert result.status == 0, result.err
    accuracies = [float(number) for number in re.findall(r"\b0\.\d{3,}", result.out)]
    assert max(accuracies) > 0.75
    assert len(list(tmp_path.glob("*-figure-*.png"))) == pictures
    assert "Remark" not in result.err
    assert result.causes == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pictures"), [("003_train_plots.py", 1), ("003_all_in_order.py", 2)])
def test_pictures_of_note_003(run_apart: Run, tmp_path: Path, name: str, pictures: int) -> None:
    """Of a short training; `test_training_of_note_003` trains the same network to the end."""
    result = run_apart("--prelude", "--seed", "0", shortened(name, tmp_path, 601), cwd=tmp_path)
    assert (result.status, result.causes) == (0, []), result.err
    assert len(list(tmp_path.glob("*.png"))) == pictures


LONG = [
    ("001_twolayernet_numgrad.py", [], "of 39,200 elements"),
    pytest.param("001", [], "of 39,200 elements", marks=pytest.mark.slow),
    ("002_numgrad_soft.py", [], "of 78,400 elements"),
    pytest.param("002", ["--cells", "1-8"], "of 78,400 elements", marks=pytest.mark.slow),
    ("004_train.py", [], "of 39,200 elements"),
    pytest.param("004", [], "of 39,200 elements", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "options", "forecast"), LONG)
def test_hours_of_loop_are_forecast_and_can_be_stopped(
    interrupted: Any, tmp_path: Path, name: str, options: list[str], forecast: str
) -> None:
    result, _ = interrupted("--no-accelerate", *options, copied(name, tmp_path), cwd=tmp_path, after="left")
    assert result.status == 130
    assert re.search(rf"numerical gradient: [\d,]+ {forecast}, .* so far, about .* left", result.out)
    assert "The numerical gradient had done " in result.out
    assert "Traceback" not in result.out


def test_the_transcripts_own_folder_is_passed_over(run_apart: Run, tmp_path: Path) -> None:
    result = run_apart("--cells", "1-7", copied("002", tmp_path), cwd=tmp_path)
    assert result.status == 0
    assert "%cd ../deep-learning-from-scratch/ch04: there is no such folder." in result.err
    assert "(784, 100)\n(100,)\n(100, 10)\n(10,)\n" in result.out
    assert result.out.count("Out[") == 2
    assert result.causes == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_training_of_note_000(run_apart: Run, tmp_path: Path) -> None:
    result = run_apart("--seed", "0", copied("000_train_plots.py", tmp_path), cwd=tmp_path)
    rows = np.array(
        [[float(number) for number in re.findall(r"\d+\.\d+|\d+", line)] for line in result.out.splitlines()]
    )
    assert rows.shape == (17, 4)
    assert_allclose(rows[1], [600, rows[1, 1], 0.906, 0.910], atol=0.01)
    assert_allclose(rows[16], [9600, rows[16, 1], 0.979, 0.970], atol=0.004)
    assert len(list(tmp_path.glob("*.png"))) == 2
    assert result.causes == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_training_of_note_003(run_apart: Run, tmp_path: Path) -> None:
    result = run_apart("--prelude", "--seed", "0", copied("003_train_merged.py", tmp_path), cwd=tmp_path)
    assert (result.status, result.causes) == (0, [])
    assert len(list(tmp_path.glob("*.png"))) == 1
    rows = np.array([[float(number) for number in re.findall(r"\d+\.\d+", line)] for line in result.out.splitlines()])
    assert rows.shape == (17, 2)
    assert_allclose(rows[0], [0.09915, 0.1009], atol=1e-12)
    assert_allclose(rows[1], [0.775, 0.78], atol=0.025)
    assert_allclose(rows[16], [0.946, 0.944], atol=0.005)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_numerical_gradient_of_the_seeded_run(run_apart: Run, tmp_path: Path) -> None:
    """The loss of the batch after the first update by numerical gradient, against the seeded reference."""
    source = """
from dataset.mnist import load_mnist
from two_layer_net import *
import numpy as np
(x_train, t_train), _ = load_mnist(one_hot_label=True)
np.random.seed(0)
network = TwoLayerNet(784, 50, 10)
mask = np.random.choice(60000, 100)
grad = network.numerical_gradient(x_train[mask], t_train[mask])
for key in grad:
    network.params[key] -= 0.1 * grad[key]
print(network.loss(x_train[mask], t_train[mask]))
"""
    (tmp_path / "one.py").write_text(source)
    assert_allclose(float(run_apart("one.py", cwd=tmp_path).out), 2.293806110942571, rtol=1e-11)
