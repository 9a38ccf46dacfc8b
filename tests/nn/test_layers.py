"""Each layer: a value worked by hand, and backward against central differences of forward."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.nn.layers import ACTIVATIONS, Affine


def differences(f, x, h=1e-6):
    """d f(x)[...] / dx weighed by a fixed dout is the gradient of Σ dout · f; here by central differences."""
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        x[index] = before + h
        above = f()
        x[index] = before - h
        grad[index] = (above - f()) / (2 * h)
        x[index] = before
    return grad


def test_affine_by_hand():
    layer = Affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0]))
    assert_array_equal(layer.forward(np.array([[1.0, 0.0], [1.0, 1.0]])), [[11, 22], [14, 26]])
    assert_array_equal(layer.backward(np.array([[1.0, 0.0], [0.0, 2.0]])), [[1, 3], [4, 8]])
    assert_array_equal(layer.dW, [[1, 2], [0, 2]])
    assert_array_equal(layer.db, [1, 2])


def test_affine_backward_is_a_central_difference():
    rng = np.random.default_rng(0)
    x, W, b, dout = (rng.standard_normal(shape) for shape in [(4, 3), (3, 2), (2,), (4, 2)])
    layer = Affine(W, b)
    layer.forward(x)
    dx, dW, db = layer.backward(dout), layer.dW, layer.db
    for grad, array in [(dx, x), (dW, W), (db, b)]:
        assert_allclose(grad, differences(lambda: (dout * layer.forward(x)).sum(), array), rtol=1e-7, atol=1e-9)


def test_relu_has_no_slope_at_0_itself():
    """Units without input, such as those of blank pixels and biases of 0, lie exactly there."""
    layer = ACTIVATIONS["relu"]()
    assert_array_equal(layer.forward(np.array([-1.0, 0.0, -0.0, 2.0])), [0, 0, 0, 2])
    assert_array_equal(layer.backward(np.full(4, 3.0)), [0, 0, 0, 3])


def test_affine_shares_its_arrays_and_leaves_its_input_alone():
    W, b, x = np.eye(2), np.zeros(2), np.ones((1, 2))
    layer = Affine(W, b)
    b += 5
    assert_array_equal(layer.forward(x), [[6, 6]])
    assert_array_equal(x, [[1, 1]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_backward_is_a_central_difference(name):
    rng = np.random.default_rng(1)
    x, dout = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    layer = ACTIVATIONS[name]()
    layer.forward(x)
    dx = layer.backward(dout)
    witness = ACTIVATIONS[name]()
    assert_allclose(dx, differences(lambda: (dout * witness.forward(x)).sum(), x), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_change_neither_input_nor_upstream_gradient(name):
    x, dout = np.array([[-1.0, 2.0]]), np.array([[3.0, 4.0]])
    layer = ACTIVATIONS[name]()
    layer.forward(x)
    layer.backward(dout)
    assert_array_equal(x, [[-1, 2]])
    assert_array_equal(dout, [[3, 4]])
