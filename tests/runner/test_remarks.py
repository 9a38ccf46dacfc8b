"""Remarks at the end of a run: each is there for its mistake and silent on the correct form of the same file."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zerokara.runner.remarks import REMARKS, Source, remarks_on

Run = Callable[..., Any]


def remarks(source: str, **names: Any) -> list[str]:
    known = Source(ast.parse(source), names)
    return [text for remark in REMARKS for _, text in remark(known)]


LOOP = """
for i in range(iters_num):
    batch_mask = np.random.choice(train_size, batch_size)
    x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
    for key in net.params:
        net.params[key] -= 0.1 * net.gradient(x_batch, t_batch)[key]
    losses.append(1)
    if i % iter_per_epoch == 0:
        pass
"""
SIZES = (
    "from dataset.mnist import load_mnist\nx_train = 0\niters_num = 1000\ntrain_size = x_train.shape[0]\nlosses = []\n"
)


@pytest.mark.parametrize(
    ("batch", "value", "when"),
    [(128, "468.75", "only every 1,875 iterations"), (70, "857.143", "only at the very first iteration")],
)
def test_fractional_epochs(batch: int, value: str, when: str) -> None:
    (text,) = remarks(f"{SIZES}batch_size = {batch}\niter_per_epoch = max(train_size / batch_size, 1)\n{LOOP}")
    start = f"Remark: iter_per_epoch is {value}, not a whole number, so `% iter_per_epoch == 0` is true "
    assert text.startswith(f"{start}{when}, not once per epoch.")
    what_python_does = [i for i in range(10_000) if i % (60000 / batch) == 0]
    assert what_python_does == (list(range(0, 10_000, 1875)) if batch == 128 else [0])


@pytest.mark.parametrize(
    "line",
    [
        "batch_size = 100\niter_per_epoch = max(train_size / batch_size, 1)",
        "batch_size = 128\niter_per_epoch = max(int(train_size / batch_size), 1)",
        "batch_size = 128\niter_per_epoch = train_size // batch_size",
        "batch_size = 128\nratio = train_size / batch_size\niter_per_epoch = 5",
        "train_size = 50\nbatch_size = 100\niter_per_epoch = train_size / batch_size",  # i % 0.5 == 0 always
    ],
)
def test_whole_epochs_are_fine(line: str) -> None:
    assert remarks(f"{SIZES}{line}\n{LOOP}") == []


def test_values_of_the_run_come_first() -> None:
    source = f"{SIZES}batch_size = int(input())\niter_per_epoch = train_size / batch_size\n{LOOP}"
    assert remarks(source) == []
    assert "iter_per_epoch is 7.5" in remarks(source, train_size=750, batch_size=100)[0]


def test_iterations_divided_by_the_batch() -> None:
    (text,) = remarks(f"{SIZES}batch_size = 100\niter_per_epoch = max(iters_num / batch_size,1)\n{LOOP}")
    assert "iters_num / batch_size is not the iterations of an epoch" in text
    assert "every 10 iterations" in text


TWICE = "net = TwoLayerNet(784, 50, 10)\nlosses = []\niter_per_epoch = 600\n" + LOOP + "{between}" + LOOP


def test_a_trained_network_used_again() -> None:
    (text,) = remarks(TWICE.format(between="losses = []\n"))
    assert "this loop goes on with net, which the loop in line 5 has trained already" in text


@pytest.mark.parametrize("between", ["losses = []\nnet = TwoLayerNet(784, 50, 10)\n", "learning_rate = 0.01\n"])
def test_a_new_network_or_going_on_meant_so(between: str) -> None:
    assert remarks(TWICE.format(between=between)) == []


COMPARED = """
for std in (1, 2):
    net = TwoLayerNet(2, 3, 4, std)
    losses = []
    for i in range(3):
        net.learn(x, t)
        losses.append(1)
"""


def test_networks_compared_in_one_loop() -> None:
    assert remarks(COMPARED) == []


@pytest.mark.parametrize(
    "call",
    [
        "numerical_gradient(f, np.array([3, 4]))",
        "x = np.array([[3, 4]])\nnumerical_gradient(f, x)",
        "x = np.arange(5)\nnumerical_gradient(f, x)",
    ],
)
def test_integer_input(call: str) -> None:
    (text,) = remarks(call)
    assert text.startswith("Remark: numerical_gradient gets the integers ")


@pytest.mark.parametrize(
    "call",
    [
        "numerical_gradient(f, np.array([3.0, 4]))",
        "numerical_gradient(f, np.array([3, 4], dtype=float))",
        "numerical_gradient(f, net.W)",
        "x = np.array([3, 4])\nx = x.astype(float)\nnumerical_gradient(f, x)",
        "x = np.arange(0, 5, 0.1)\nnumerical_gradient(f, x)",
        "def numerical_gradient(f, x):\n    x = x.astype(float)\n\nnumerical_gradient(f, np.array([3, 4]))",
    ],
)
def test_float_input(call: str) -> None:
    assert remarks(call) == []


IN_ORDER = """
for epoch in range(10):
{shuffle}
    for i in range(0, len(x_train), 100):
        x_batch = x_train[i:i+100]
        t_batch = t_train[i:i+100]
        net.learn(x_batch, t_batch)
"""


def test_batches_never_shuffled() -> None:
    (text,) = remarks(IN_ORDER.format(shuffle=""))
    assert text.startswith("Remark: the batches are cut from images and labels in the same order every time")
    both = "    order = np.random.permutation(len(x_train))\n    x_train = x_train[order]\n    t_train = t_train[order]"
    assert remarks(IN_ORDER.format(shuffle=both)) == []


def test_prediction_in_order_is_fine() -> None:
    assert remarks("for i in range(0, len(x), 100):\n    t_batch = t[i:i+100]\n    y = predict(x[i:i+100])\n") == []


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("np.random.shuffle(x_train)\nnet.fit(x_train, t_train)", "x_train is shuffled, but t_train is not"),
        (
            "order = np.random.permutation(60000)\nx_train = x_train[order]\nnet.fit(x_train, t_train)",
            "nothing indexes t_train with order",
        ),
        (
            "mask = np.random.choice(60000, 100)\nx_batch = x_train[mask]\nt_batch = t_train[:100]",
            "nothing indexes t_train with mask",
        ),
    ],
)
def test_labels_left_behind(source: str, match: str) -> None:
    (text,) = remarks(source)
    assert match in text


def test_labels_that_come_along() -> None:
    assert remarks("mask = np.random.choice(60000, 100)\nx_batch = x_train[mask]\nt_batch = t_train[mask]") == []
    assert remarks("np.random.shuffle(deck)") == []


def test_at_the_end_of_a_run_unless_switched_off(run: Run) -> None:
    source = "from common.gradient import *\n\nprint(numerical_gradient(lambda x: x.sum(), np.array([3, 4])))"
    result = run(source)
    assert result.status == 0
    assert "train.py:3: Remark: numerical_gradient gets the integers" in result.err
    assert "Remark" not in run(source, "--no-remarks").err
    note = f"# t\n\n```python\n{source}\n```"
    assert "note.md:6: Remark: " in run(note, name="note.md").err


def test_magics_do_not_silence_remarks_and_broken_files_do(tmp_path: Path) -> None:
    from zerokara.sources.cells import Cell

    cells = [
        Cell(1, "%matplotlib inline\n!ls\nimport numpy as np"),
        Cell(2, "numerical_gradient(f, np.array([3, 4]))", 8),
    ]
    (text,) = remarks_on(tmp_path / "a.ipynb", cells, {})
    assert text.startswith("a.ipynb:8: Remark: ")
    assert remarks_on(tmp_path / "a.ipynb", [*cells, Cell(3, "def f(:")], {}) == []
