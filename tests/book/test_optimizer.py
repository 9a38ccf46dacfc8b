"""`common.optimizer`: steps worked by hand, on arrays in place and on plain floats, against zerokara.training's."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from zerokara.book.common import optimizer as book
from zerokara.training import optimizers as training

PAIRS = [
    (book.SGD(lr=0.1), training.SGD(0.1)),
    (book.Momentum(lr=0.1, momentum=0.8), training.Momentum(0.1, 0.8)),
    (book.Nesterov(lr=0.1, momentum=0.8), training.Nesterov(0.1, 0.8)),
    (book.AdaGrad(lr=0.1), training.AdaGrad(0.1)),
    (book.RMSprop(lr=0.1, decay_rate=0.9), training.RMSprop(0.1, 0.9)),
    (book.Adam(lr=0.1, beta1=0.8, beta2=0.95), training.Adam(0.1, 0.8, 0.95)),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda o: type(o).__name__)
def test_five_steps_agree_with_the_other_implementation(ours: Any, theirs: Any) -> None:
    rng = np.random.default_rng(0)
    mine, other = {"W": rng.normal(size=(2, 3)), "x": 1.5}, {}
    other = {"W": mine["W"].copy(), "x": np.array([1.5])}
    array = mine["W"]
    for _ in range(5):
        grads = {"W": rng.normal(size=(2, 3)), "x": rng.normal()}
        ours.update(mine, grads)
        theirs.update(other, {"W": grads["W"], "x": np.array([grads["x"]])})
    assert mine["W"] is array  # [5]: in place
    assert_allclose(mine["W"], other["W"], rtol=1e-12)
    assert isinstance(mine["x"], float)  # [6]: plain floats
    assert_allclose(mine["x"], other["x"][0], rtol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (book.SGD(lr=0.5), [9.0, 8.0]),
        (book.Momentum(lr=0.5, momentum=0.5), [9.0, 7.5]),
        (book.Nesterov(lr=0.5, momentum=0.5), [8.5, 6.75]),
        (book.AdaGrad(lr=0.5), [9.5, 9.5 - 0.5 / np.sqrt(2)]),
        (book.RMSprop(lr=0.5, decay_rate=0.75), [9.0, 9.0 - 0.5 / np.sqrt(0.4375)]),
        (book.Adam(lr=0.5), [9.5, 9.0]),
    ],
    ids=lambda o: type(o).__name__,
)
def test_two_steps_by_hand_with_gradient_two(optimizer: Any, expected: list[float]) -> None:
    params = {"x": 10.0}
    for value in expected:
        optimizer.update(params, {"x": 2.0})
        assert_allclose(params["x"], value, atol=1e-6)


def test_learning_rate_may_change_in_between() -> None:
    sgd, params = book.SGD(), {"x": 1.0}
    assert sgd.lr == 0.01
    sgd.lr = 1.0
    sgd.update(params, {"x": 1.0})
    assert params == {"x": 0.0}


def test_star_import_brings_numpy() -> None:
    names: dict[str, Any] = {}
    exec("from zerokara.book.common.optimizer import *", names)
    assert names["np"] is np


def test_settings_that_scripts_leave_out_are_the_textbooks() -> None:
    """Chapter 6.1, and common/optimizer.py that comes with it."""
    names = [name for name in book.__all__ if name != "np"]
    assert {name: vars(getattr(book, name)()) for name in names} == {
        "SGD": {"lr": 0.01},
        "Momentum": {"lr": 0.01, "momentum": 0.9, "v": None},
        "Nesterov": {"lr": 0.01, "momentum": 0.9, "v": None},
        "AdaGrad": {"lr": 0.01, "h": None},
        "RMSprop": {"lr": 0.01, "decay_rate": 0.99, "h": None},
        "Adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "iter": 0, "m": None, "v": None},
    }
