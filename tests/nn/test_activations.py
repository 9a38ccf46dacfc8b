"""Each activation: hand-worked values, scipy as a witness, its derivative and its layer against central differences."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, ndtr

from zerokara.nn.activations import (
    ACTIVATIONS,
    STANDARD_ACTIVATIONS,
    gelu,
    gelu_grad,
    leaky_relu,
    leaky_relu_grad,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    tanh,
    tanh_grad,
)

EXTREME = np.array([-1000.0, -745.0, -37.0, -1e-8, 0.0, 1e-8, 37.0, 745.0, 1000.0])
ACTIVATION_FUNCTIONS = {
    # name: (value, its derivative as a function of x)
    "sigmoid": (sigmoid, lambda x: sigmoid_grad(sigmoid(x))),
    "relu": (relu, relu_grad),
    "tanh": (tanh, lambda x: tanh_grad(tanh(x))),
    "gelu": (gelu, gelu_grad),
    "leaky-relu": (leaky_relu, leaky_relu_grad),
}


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    """Overflow, division by zero and NaN raise. Underflow is meant: exp(-1000) is 0."""
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        yield


# Activations


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATION_FUNCTIONS)
def test_no_activation_overflows(name, dtype):
    value, derivative = ACTIVATION_FUNCTIONS[name]
    x = EXTREME.astype(dtype)
    assert np.isfinite(value(x)).all()
    assert np.isfinite(derivative(x)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATION_FUNCTIONS)
def test_activations_keep_shape_and_dtype(name, dtype):
    value, derivative = ACTIVATION_FUNCTIONS[name]
    x = np.linspace(-2, 2, 12, dtype=dtype).reshape(3, 4)
    assert (value(x).shape, value(x).dtype) == ((3, 4), dtype)
    assert (derivative(x).shape, derivative(x).dtype) == ((3, 4), dtype)


def test_sigmoid_is_scipys():
    x = np.concatenate([EXTREME, np.linspace(-40, 40, 1001)])
    assert_allclose(sigmoid(x), expit(x), rtol=4e-16, atol=1e-300)


def test_sigmoid_keeps_its_small_values():
    """1 - sigmoid would be 0 here: the negative side must not be computed from the positive one."""
    assert_allclose(sigmoid(np.array([-700.0])), np.exp(-700.0), rtol=1e-12)


def test_relu_by_hand():
    x = np.array([-1.5, -0.0, 0.0, 2.0])
    assert_array_equal(relu(x), [0, 0, 0, 2])
    assert_array_equal(relu_grad(x), [0, 0, 0, 1])


@pytest.mark.parametrize("name", ACTIVATION_FUNCTIONS)
def test_derivatives_are_central_differences(name):
    value, derivative = ACTIVATION_FUNCTIONS[name]
    x = np.array([-3.0, -0.7, -0.01, 0.01, 0.4, 2.5])
    h = 1e-6
    assert_allclose(derivative(x), (value(x + h) - value(x - h)) / (2 * h), rtol=1e-8, atol=1e-10)


def test_gelu_by_hand_and_near_its_exact_form():
    """gelu(1) = ½ (1 + tanh(√(2/π) · 1.044715)) = 0.8411920; x Φ(x) differs by less than 5e-4."""
    assert gelu(np.array([1.0])) == pytest.approx(0.841191990608, rel=1e-11)
    x = np.linspace(-6, 6, 1001)
    assert np.abs(gelu(x) - x * ndtr(x)).max() < 5e-4
    assert_allclose(gelu(x), x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), rtol=1e-13, atol=1e-15)


def test_gelu_keeps_its_digits_far_below_0():
    """½ (1 + tanh u) is e^(2u) to double precision where u is this small, and 1 + tanh u would be 0."""
    u = np.sqrt(2 / np.pi) * (-7 - 0.044715 * 343)
    assert gelu(np.array([-7.0])) == pytest.approx(-7 * np.exp(2 * u), rel=1e-13)


def test_leaky_relu_by_hand():
    x = np.array([-2.0, -0.0, 0.0, 3.0])
    assert_array_equal(leaky_relu(x), [-0.02, 0, 0, 3])
    assert_array_equal(leaky_relu_grad(x), [0.01, 0.01, 0.01, 1])


@pytest.mark.parametrize("name", STANDARD_ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_keeps_the_dtype_and_its_backward_is_its_derivative(name, dtype):
    layer, x = STANDARD_ACTIVATIONS[name](), np.linspace(-3, 3, 30, dtype=dtype).reshape(5, 6)
    out, slope = layer.forward(x), layer.backward(np.full_like(x, 2))
    assert out.dtype == slope.dtype == dtype
    assert_allclose(slope, 2 * layer.derivative(x), rtol=1e-5 if dtype == np.float32 else 1e-13)


def test_every_activation_is_tested_here():
    assert set(ACTIVATION_FUNCTIONS) == set(ACTIVATIONS)
