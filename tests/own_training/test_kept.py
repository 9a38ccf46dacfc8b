"""What is kept of a learner's training: what they recorded, with nothing guessed."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.data import load, write_idx
from zerokara.own_training import Called, Program, SourceText
from zerokara.own_training.kept import Kept, kept_of, plain_network
from zerokara.own_training.known_data import known_data

NAN = math.nan


class Net:
    """784-50-10 of the textbook, smaller: sigmoid, and softmax at the end of predict."""

    def __init__(self, sizes: tuple[int, int, int] = (64, 5, 10), seed: int = 0) -> None:
        n, h, c = sizes
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": rng.normal(size=(n, h)),
            "b1": rng.normal(size=h),
            "W2": rng.normal(size=(h, c)),
            "b2": np.ones(c),
        }
        self.inputs = np.zeros((3, n))

    def predict(self, x: Any) -> Any:
        z = 1 / (1 + np.exp(-(x @ self.params["W1"] + self.params["b1"])))
        e = np.exp(z @ self.params["W2"] + self.params["b2"])
        return e / e.sum(axis=1, keepdims=True)


def kept(source: str, names: dict[str, Any], calls: tuple[Called, ...] = ()) -> Kept:
    names = {"__name__": __name__, **names}
    return kept_of(Program([SourceText(Path("train.py"), source)], names), calls)


TEXTBOOK = """
for i in range(iters_num):
    if i % iter_per_epoch == 0:
        train_acc_list.append(net.accuracy(x_train, t_train))
"""


def test_of_the_textbooks_loop_all_is_known() -> None:
    losses = [4.0, 3.0, 2.0, 1.0, 0.5]
    names = {"train_loss_list": losses, "train_acc_list": [0.1, 0.5, 0.75], "test_acc_list": [0.2, 0.4, 0.5]}
    data = {"x_train": np.zeros((20, 64)), "batch_size": 10, "iter_per_epoch": 2.0, "iters_num": 5}
    found = kept(TEXTBOOK, names | data | {"net": Net()})
    assert found.losses.tolist() == losses
    rows = [(e.iteration, e.epoch, e.train_accuracy, e.test_accuracy) for e in found.evaluations]
    # i = 0, 2, 4: after one, three and five updates, of which two are an epoch
    assert rows == [(1, 0.5, 0.1, 0.2), (3, 1.5, 0.5, 0.4), (5, 2.5, 0.75, 0.5)]
    assert [e.loss for e in found.evaluations] == [4.0, 2.5, 0.75]
    assert (found.spread, found.counted, found.others) == (False, False, 0)
    assert (found.sizes, found.activation) == ((64, 5, 10), "sigmoid")
    assert list(found.params) == ["W1", "b1", "W2", "b2"]


def test_accuracies_whose_places_nobody_tells_are_spread_and_counted() -> None:
    found = kept("", {"losses": list(range(10)), "val_acc": [0.5, 0.75]})
    assert [(e.iteration, e.epoch, e.test_accuracy) for e in found.evaluations] == [(5, 1.0, 0.5), (10, 2.0, 0.75)]
    assert all(math.isnan(e.train_accuracy) for e in found.evaluations)
    assert (found.spread, found.counted) == (True, True)


def test_a_list_is_read_by_what_it_was_measured_with() -> None:
    source = "for e in range(2):\n    acc = net.accuracy(x_test, t_test)\n    accs.append(acc)"
    assert [e.test_accuracy for e in kept(source, {"accs": [0.5, 0.75]}).evaluations] == [0.5, 0.75]
    assert not kept("accs.append(score)", {"accs": [0.5, 0.75]}).evaluations  # nobody knows on which samples
    assert not kept("", {"test_acc": [50.0, 75.0]}).evaluations  # no shares


@pytest.mark.parametrize(
    ("condition", "n", "iterations"),
    [("i % 4 == 0", 9, [1, 5, 9]), ("(i + 1) % 4 == 0", 12, [4, 8, 12]), ("i % every == 0", 8, [1, 4, 7])],
)
def test_the_condition_of_the_loop_says_when(condition: str, n: int, iterations: list[int]) -> None:
    found = kept(
        f"for i in range(n):\n    if {condition}: pass", {"loss": [1.0] * n, "test_acc": [0.1] * 3, "every": 3}
    )
    assert [e.iteration for e in found.evaluations] == iterations
    assert not found.spread


W, B = np.ones((4, 3)), np.zeros(3)


class Affine:
    def __init__(self) -> None:
        self.W, self.b, self.dW, self.x = W.copy(), B.copy(), W * 2, np.zeros((7, 4))

    def forward(self, x: Any) -> Any:
        return x @ self.W + self.b


class Layered:
    def __init__(self) -> None:
        self.layers = {"Affine1": Affine(), "Affine2": Affine()}

    def predict(self, x: Any) -> Any:
        return self.layers["Affine1"].forward(x)


NET = Layered()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"network": {"W1": W, "b1": B}}, ["W1", "b1"]),
        ({"params": {"W1": W, "b1": B}, "grads": {"W1": W * 9, "b1": B}}, ["W1", "b1"]),
        ({"W1": W, "b1": B, "w": W, "dW1": W}, ["W1", "b1"]),
        ({"net": NET, "layer": NET.layers["Affine2"]}, ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]),
        ({"x_train": W, "grad": {"W1": W}, "batch": W}, []),
        ({"history": {"W": "text"}, "W1": [[1.0]]}, []),
    ],
)
def test_parameters_wherever_they_are(names: dict[str, Any], expected: list[str]) -> None:
    found = kept("", names)
    assert list(found.params) == expected
    assert found.others == 0


def test_the_network_that_was_used_last_is_kept_and_the_others_counted() -> None:
    nets = {"first": Net(seed=1), "second": Net(seed=2)}
    found = kept("", nets, (Called(nets["first"], "gradient"),))
    np.testing.assert_array_equal(found.params["W1"], nets["first"].params["W1"])
    assert found.others == 1
    np.testing.assert_array_equal(kept("", nets).params["W1"], nets["second"].params["W1"])


def test_params_are_copies_in_c_order_and_of_a_known_type() -> None:
    found = kept("", {"params": {"W1": np.asfortranarray(W), "b1": B.astype(np.float16)}})
    assert found.params["W1"].flags.c_contiguous
    assert found.params["W1"] is not W
    assert found.params["b1"].dtype == np.float32


class Odd:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("odd")


class Evil(dict[str, Any]):
    def items(self) -> Any:
        raise ValueError("evil")


def test_values_that_cannot_be_looked_at_are_passed_over() -> None:
    found = kept("", {"odd": Odd(), "evil": Evil(a=1), "losses": [1.0], "params": {"W1": W}})
    assert (found.losses.tolist(), list(found.params)) == ([1.0], ["W1"])


def test_only_equal_answers_make_a_network_a_known_one() -> None:
    net = Net()
    assert plain_network(
        net.params, lambda x: np.maximum(x @ net.params["W1"] + net.params["b1"], 0) @ net.params["W2"] + 1
    ) == (
        (64, 5, 10),
        "relu",
    )
    assert plain_network(net.params, lambda x: net.predict(x) * 1.01) == ((), "")
    assert plain_network(net.params, lambda x: 1 / 0) == ((), "")
    assert plain_network(net.params, lambda x: net.predict(x)[0]) == ((), "")
    assert plain_network({**net.params, "b2": np.ones(9)}, net.predict) == ((), "")
    assert plain_network(net.params, None) == ((), "")


def test_looking_leaves_random_numbers_as_they_were() -> None:
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    plain_network(Net().params, lambda x: np.random.rand(7, 10))
    assert np.random.rand() == expected


digits = load("digits")


@pytest.mark.parametrize(
    ("names", "scale"),
    [
        ({"x_train": digits.train.x}, 1.0),
        ({"x_train": digits.train.x[5:700], "x_test": digits.test.x}, 1.0),
        ({"X_train": digits.train.pixels.reshape(-1, 1, 8, 8)}, 16.0),
        ({"x_train": digits.test.x}, None),  # split anew: what we test with was learnt
        ({"x_train": np.concatenate([digits.train.x, digits.test.x])}, None),
        ({"x_train": digits.train.x - 0.5}, None),
        ({"x_test": digits.test.x}, None),  # who knows what it was trained on
        ({"x_train": np.zeros((3, 64))}, None),
        ({}, None),
    ],
)
def test_data_are_known_by_their_pixels(names: dict[str, Any], scale: float | None) -> None:
    found = known_data(names, (), (64, 5, 10))
    assert (found and (found.dataset.name, found.scale)) == (scale and ("digits", scale))


def test_a_batch_tells_the_data_of_a_training_in_a_function() -> None:
    call = Called(None, "gradient", (digits.train.x[:30], digits.train.t[:30]))
    found = known_data({}, [call], (64, 5, 10))
    assert found is not None
    assert found.dataset.name == "digits"
    assert known_data({}, [call], (64, 5, 7)) is None


def test_nothing_is_fetched_where_files_of_that_name_are_of_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All data sets of the MNIST family have files of the same names."""
    rng = np.random.default_rng(0)
    for kind, count in (("train", 60), ("t10k", 10)):
        write_idx(tmp_path / f"{kind}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        write_idx(tmp_path / f"{kind}-labels-idx1-ubyte", rng.integers(0, 10, count, dtype=np.uint8))
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "cache"))
    asked: list[object] = []
    monkeypatch.setattr("zerokara.data.catalog._fetch_from", lambda *given: asked.append(given))
    x = rng.random((60, 784)).astype(np.float32)
    assert known_data({"x_train": x, "t_train": np.zeros(60, int)}, [], ()) is None
    assert asked == []
