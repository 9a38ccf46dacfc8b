"""Initial weights: the rule, its measured effect, and that float32 starts where float64 does."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.errors import UsageError
from zerokara.nn.initializers import initial_params, standard_deviation

SIZES = (784, 400, 300, 10)


def params(init="auto", activation="relu", sizes=SIZES, seed=0, dtype=np.float64):
    return initial_params(sizes, activation, init, np.random.default_rng(seed), dtype)


@pytest.mark.parametrize(
    ("init", "activation", "hidden_layers", "expected"),
    [
        ("auto", "relu", 0, 0.01),
        ("auto", "relu", 1, 0.01),
        ("auto", "sigmoid", 1, 0.01),
        ("auto", "relu", 2, 0.1),
        ("auto", "sigmoid", 2, np.sqrt(0.005)),
        ("auto", "tanh", 5, np.sqrt(0.005)),
        ("auto", "gelu", 2, 0.1),
        ("auto", "leaky-relu", 2, 0.1),
        ("he", "sigmoid", 1, 0.1),
        ("xavier", "relu", 1, np.sqrt(0.005)),
        (0.3, "relu", 4, 0.3),
        (0, "relu", 4, 0.0),
    ],
)
def test_the_rule(init, activation, hidden_layers, expected):
    assert standard_deviation(init, 200, activation, hidden_layers) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("init", "squared"), [("he", 2.0), ("xavier", 1.0)])
def test_measured_spread_keeps_the_size_of_a_signal(init, squared):
    """fan_in · std² is 2 or 1. 120,000 draws measure a standard deviation to 0.2 %; five times that is allowed."""
    W2 = params(init)["W2"]
    assert 400 * W2.std() ** 2 == pytest.approx(squared, rel=0.02)
    assert abs(W2.mean()) < 5 * W2.std() / np.sqrt(W2.size)


def test_names_shapes_and_zero_biases_in_order():
    made = params()
    assert list(made) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert [made[name].shape for name in made] == [(784, 400), (400,), (400, 300), (300,), (300, 10), (10,)]
    assert not any(made[name].any() for name in ("b1", "b2", "b3"))


def test_float32_is_the_float64_start_rounded():
    wide, narrow = params(), params(dtype=np.float32)
    for name, value in wide.items():
        assert narrow[name].dtype == np.float32
        assert_array_equal(narrow[name], value.astype(np.float32))


def test_the_seed_decides():
    assert_array_equal(params(seed=7)["W1"], params(seed=7)["W1"])
    assert (params(seed=7)["W1"] != params(seed=8)["W1"]).mean() > 0.99


@pytest.mark.parametrize("init", [-0.1, np.nan, np.inf, None, True, [0.1]])
def test_not_a_standard_deviation(init):
    with pytest.raises(UsageError, match=r"init must be a standard deviation of 0 or more, or one of .*\. Got "):
        standard_deviation(init, 10, "relu", 1)


def test_an_unknown_name():
    with pytest.raises(
        UsageError, match=r"init must be one of auto, he, xavier, or a number\. Got 'hee'\. Did you mean he\?"
    ):
        standard_deviation("hee", 10, "relu", 1)
