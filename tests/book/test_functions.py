"""`common.functions`, against values worked by hand; numbers in brackets are those of docs/BOOK.md."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.book.common import functions as f
from zerokara.book.common.gradient import numerical_gradient

LN2 = math.log(2)


def test_star_import_brings_numpy() -> None:  # [2]
    names: dict[str, Any] = {}
    exec("from zerokara.book.common.functions import *", names)
    assert names["np"] is np
    expected = {
        "sigmoid", "sigmoid_grad", "identity_function", "step_function", "relu", "relu_grad", "softmax",
        "cross_entropy_error", "sum_squared_error", "mean_squared_error", "softmax_loss", "np",
    }  # fmt: skip
    assert set(names) - {"__builtins__"} == expected


def test_activations() -> None:
    x = np.array([-1.0, 0.0, math.log(3)])
    assert_allclose(f.sigmoid(x), [1 / (1 + math.e), 0.5, 0.75])
    assert_array_equal(f.step_function(x), [0, 0, 1])
    assert f.step_function(x).dtype == int
    assert_array_equal(f.relu(x), [0, 0, math.log(3)])
    assert f.identity_function(x) is x


def test_of_plain_numbers() -> None:
    assert (f.step_function(3.0), f.relu(-2), float(f.sigmoid(0)), float(f.relu_grad(2.0))) == (1, 0, 0.5, 1)


@pytest.mark.parametrize(("function", "derivative"), [(f.sigmoid, f.sigmoid_grad), (f.relu, f.relu_grad)])
def test_derivatives(function: Any, derivative: Any) -> None:
    x = np.array([-2.0, -0.3, 0.4, 3.0])
    assert_allclose(derivative(x), numerical_gradient(lambda x: function(x).sum(), x.copy()), atol=1e-8)


def test_softmax_of_one_sample_and_of_a_batch() -> None:
    assert_allclose(f.softmax(np.array([0, LN2, LN2])), [0.2, 0.4, 0.4])
    assert_allclose(f.softmax(np.array([[0, LN2, LN2], [1000.0, 1000.0, 1000.0]])), [[0.2, 0.4, 0.4], [1 / 3] * 3])


def test_cross_entropy_by_hand() -> None:
    y = np.array([[0.5, 0.5], [0.25, 0.75]])
    expected = -(math.log(0.5 + 1e-7) + math.log(0.25 + 1e-7)) / 2
    assert_allclose(f.cross_entropy_error(y, np.array([1, 0])), expected, rtol=1e-14)
    assert_allclose(f.cross_entropy_error(y, np.array([[0, 1], [1, 0]])), expected, rtol=1e-14)
    assert_allclose(f.cross_entropy_error(y[0], np.array([0, 1])), -math.log(0.5 + 1e-7), rtol=1e-14)


def test_soft_labels_count_as_hard_ones() -> None:  # [4]
    y = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])
    soft = np.array([[0.4, 0.35, 0.25], [0.3, 0.4, 0.3]])
    assert f.cross_entropy_error(y, soft) == f.cross_entropy_error(y, np.array([0, 1]))


def test_logarithm_of_zero_is_kept_finite() -> None:  # [4]
    assert_allclose(f.cross_entropy_error(np.array([1.0, 0.0]), np.array([0, 1])), -math.log(1e-7))


def test_squared_error_is_a_sum_under_both_names() -> None:
    y, t = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[1, 0], [1, 0]])
    assert f.sum_squared_error(y, t) == 0.25
    assert f.mean_squared_error is f.sum_squared_error


def test_softmax_loss() -> None:
    assert_allclose(f.softmax_loss(np.array([[0, LN2, LN2]]), np.array([0])), -math.log(0.2 + 1e-7))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "relu", "softmax", "sigmoid_grad", "relu_grad"])
def test_dtype_is_kept(name: str, dtype: Any) -> None:  # [7]
    assert getattr(f, name)(np.array([[-1, 0.5]], dtype)).dtype == dtype


def test_integers_stay_integers() -> None:  # [7]
    assert f.relu(np.array([-1, 2])).dtype.kind == "i"
    assert f.relu_grad(np.array([-1, 2])).dtype.kind == "i"


def test_overflow_is_a_warning_as_in_numpy() -> None:  # [11]
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert_array_equal(f.sigmoid(np.array([-1000.0])), [0])
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(f.softmax(np.array([np.inf, 0.0]))).all()
