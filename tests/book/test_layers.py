"""`common.layers` and the convolutions: derivatives against central differences, values against hand-worked ones."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from scipy.special import i0

from zerokara.book.common import layers, util
from zerokara.book.common.gradient import numerical_gradient
from zerokara.book.common.layers import Affine, BatchNormalization, Dropout, Relu, Sigmoid, SoftmaxWithLoss
from zerokara.book.convolution import Convolution, Pooling, col2im, conv_output_size, im2col
from zerokara.book.layer_naive import AddLayer, MulLayer

Array = NDArray[Any]
RNG = np.random.default_rng(5)


def assert_backward_is_right(layer: Any, x: Array, **params: tuple[Array, str]) -> None:
    """dx, and each parameter's derivative, against the differences of Σ out · dout."""
    dout = RNG.normal(size=layer.forward(x).shape)
    f = lambda _: (layer.forward(x) * dout).sum()  # noqa: E731
    numerical = {name: numerical_gradient(f, array) for name, (array, _) in params.items()}
    numerical_x = numerical_gradient(f, x)
    layer.forward(x)
    assert_allclose(layer.backward(dout.copy()), numerical_x, atol=1e-6)
    for name, (_, attribute) in params.items():
        assert_allclose(getattr(layer, attribute), numerical[name], atol=1e-6)


def test_star_import_brings_numpy_and_functions() -> None:  # [2]
    names: dict[str, Any] = {}
    exec("from zerokara.book.common.layers import *", names)
    assert names["np"] is np
    assert {"softmax", "cross_entropy_error", "Affine", "Relu", "Convolution", "Pooling"} <= set(names)


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3), (4, 1, 2, 3)])
def test_affine(shape: tuple[int, ...]) -> None:
    W, b = RNG.normal(size=(6, 3)), RNG.normal(size=3)
    assert_backward_is_right(Affine(W, b), RNG.normal(size=shape), W=(W, "dW"), b=(b, "db"))


def test_affine_of_one_sample() -> None:  # [10]
    layer = Affine(np.array([[1.0, 2], [3, 4]]), np.array([10.0, 20]))
    assert_array_equal(layer.forward(np.array([1.0, 1.0])), [14, 26])
    assert_array_equal(layer.backward(np.array([1.0, 0.0])), [1, 3])
    assert_array_equal(layer.dW, [[1, 0], [1, 0]])


def test_affine_of_integers_gives_integers() -> None:  # [7]
    layer = Affine(np.array([[1, 2, 3], [4, 5, 6]]), np.array([1, 2, 3]))
    out = layer.forward(np.array([[1, 1], [0, 2]]))
    assert_array_equal(out, [[6, 9, 12], [9, 12, 15]])
    assert out.dtype.kind == "i"
    assert layer.backward(np.ones((2, 3), int)).dtype.kind == "i"


def test_affine_shares_its_arrays() -> None:  # [5]
    W, b = np.ones((2, 2)), np.zeros(2)
    layer = Affine(W, b)
    W[...] = 0
    assert layer.W is W
    assert layer.b is b
    assert_array_equal(layer.forward(np.ones((1, 2))), [[0, 0]])


def test_relu_mask_and_its_backward_in_place() -> None:  # [7]
    layer, x = Relu(), np.array([[1.0, -0.5], [-2.0, 3.0]])
    assert_array_equal(layer.forward(x), [[1, 0], [0, 3]])
    assert_array_equal(layer.mask, [[False, True], [True, False]])
    assert_array_equal(x, [[1, -0.5], [-2, 3]])
    dout = np.ones((2, 2))
    assert layer.backward(dout) is dout
    assert_array_equal(dout, [[1, 0], [0, 1]])
    assert layer.forward(np.array([-1, 2])).dtype.kind == "i"


def test_sigmoid() -> None:
    layer = Sigmoid()
    assert_backward_is_right(layer, RNG.normal(size=(3, 2)))
    assert_array_equal(layer.forward(np.zeros(2)), layer.out)


@pytest.mark.parametrize("labels", [np.array([2, 0]), np.array([[0, 0, 1], [1, 0, 0]])])
def test_softmax_with_loss(labels: Array) -> None:
    scores = RNG.normal(size=(2, 3))
    layer = SoftmaxWithLoss()
    numerical = numerical_gradient(lambda s: layer.forward(s, labels), scores)
    assert layer.forward(scores, labels) == layer.loss
    assert layer.t is labels
    p = layer.y[[0, 1], [2, 0]][:, None]
    assert_allclose(layer.backward() * p / (p + 1e-7), numerical, atol=1e-8)  # [4]: the factor that gradient leaves out
    assert_allclose(layer.y.sum(axis=1), 1)
    assert layer.y.dtype == np.float64


def test_softmax_with_loss_leaves_soft_labels_soft_backward() -> None:
    layer = SoftmaxWithLoss()
    layer.forward(np.zeros((1, 2)), np.array([[0.7, 0.3]]))
    assert_allclose(layer.backward(), [[-0.2, 0.2]])


def test_softmax_with_loss_of_one_sample() -> None:
    layer = SoftmaxWithLoss()
    assert_allclose(layer.forward(np.zeros(2), np.array([0, 1])), np.log(2), rtol=1e-6)
    assert_allclose(layer.backward(), [0.5, -0.5])


def test_softmax_with_loss_passes_on_what_comes_from_behind() -> None:
    """As when the loss is a part of a larger sum; the textbook's own line calls it with 1."""
    layer = SoftmaxWithLoss()
    layer.forward(np.array([[0.0, 1.0], [2.0, 0.5]]), np.array([1, 1]))
    assert_allclose(layer.backward(-3.0), -3 * layer.backward())
    assert_allclose(layer.backward(1), layer.backward())


def test_dropout_draws_once_from_the_global_generator() -> None:  # [8]
    x = np.ones((50, 40))
    np.random.seed(3)
    expected = np.random.rand(50, 40) > 0.3
    np.random.seed(3)
    layer = Dropout(0.3)
    assert_array_equal(layer.forward(x), expected)
    assert_array_equal(layer.backward(np.full_like(x, 2)), 2 * expected)
    assert_allclose(layer.forward(x, train_flg=False), 0.7)


@pytest.mark.parametrize("shape", [(7, 3), (5, 3, 2, 2)])
def test_batch_normalization(shape: tuple[int, ...]) -> None:
    features = int(np.prod(shape[1:]))
    gamma, beta = RNG.normal(size=features), RNG.normal(size=features)
    layer = BatchNormalization(gamma, beta)
    assert_backward_is_right(layer, RNG.normal(size=shape), gamma=(gamma, "dgamma"), beta=(beta, "dbeta"))


def test_batch_normalization_by_hand_and_its_running_statistics() -> None:
    layer = BatchNormalization(np.array([2.0]), np.array([1.0]), momentum=0.9)
    out = layer.forward(np.array([[1.0], [3.0]]))  # mean 2, variance 1
    assert_allclose(out, [[-1], [3]], atol=1e-5)
    assert_allclose([layer.running_mean, layer.running_var], [[0.2], [0.1]])
    assert_allclose(layer.forward(np.array([[0.2]]), train_flg=False), [[1]])


@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (2, 1), (1, 2)])
def test_convolution(stride: int, pad: int) -> None:
    W, b = RNG.normal(size=(4, 3, 3, 2)), RNG.normal(size=4)
    layer = Convolution(W, b, stride, pad)
    assert_backward_is_right(layer, RNG.normal(size=(2, 3, 7, 6)), W=(W, "dW"), b=(b, "db"))


def test_convolution_by_hand() -> None:
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    out = Convolution(np.array([[[[1.0, 0], [0, -1]]]]), np.array([10.0])).forward(x)
    assert_array_equal(out, np.full((1, 1, 2, 2), 6))  # x[i, j] - x[i+1, j+1] = -4 everywhere


@pytest.mark.parametrize(("stride", "pad"), [(2, 0), (1, 0), (3, 1)])
def test_pooling(stride: int, pad: int) -> None:
    x = RNG.permutation(2 * 3 * 36).reshape(2, 3, 6, 6) / 10.0  # no two alike within reach of h
    assert_backward_is_right(Pooling(2, 3, stride, pad), x + 1)


def test_pooling_by_hand() -> None:
    x = np.array([[1.0, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]]).reshape(1, 1, 4, 4)
    assert_array_equal(Pooling(2, 2, stride=2).forward(x), [[[[2, 3], [4, 2]]]])


def test_im2col_rows_are_windows() -> None:
    x = RNG.normal(size=(2, 3, 5, 4))
    col = im2col(x, 3, 2)
    assert col.shape == (2 * 3 * 3, 3 * 3 * 2)
    assert_array_equal(col[0], x[0, :, :3, :2].ravel())
    assert_array_equal(col[-1], x[1, :, 2:, 2:].ravel())


def test_col2im_is_the_transpose_of_im2col() -> None:
    x, shape = RNG.normal(size=(2, 3, 6, 5)), (2, 3, 6, 5)
    col = im2col(x, 3, 2, stride=2, pad=1)
    other = RNG.normal(size=col.shape)
    assert_allclose((col * other).sum(), (x * col2im(other, shape, 3, 2, stride=2, pad=1)).sum())
    assert conv_output_size(6, 3, stride=2, pad=1) == 3


def test_util_offers_the_same_functions() -> None:
    assert util.im2col is im2col
    assert util.col2im is col2im
    assert layers.Convolution is Convolution


def test_smooth_curve_keeps_length_and_straight_lines() -> None:
    line = np.arange(30.0)
    smooth = util.smooth_curve(list(line))
    assert smooth.shape == (30,)
    assert_allclose(smooth[5:-5], line[5:-5])
    noisy = line + RNG.normal(size=30)
    assert np.abs(np.diff(util.smooth_curve(noisy) - line)).max() < np.abs(np.diff(noisy - line)).max()


def test_smooth_curve_weighs_by_a_kaiser_window_and_mirrors_the_ends() -> None:
    """The window by its definition, I0(β √(1 - x²)) / I0(β) with β = 2, and SciPy's convolution."""
    window = i0(2 * np.sqrt(1 - np.linspace(-1, 1, 11) ** 2))
    curve = RNG.normal(size=25)
    assert_allclose(util.smooth_curve(curve), convolve1d(curve, window / window.sum(), mode="mirror"), rtol=1e-12)


def test_shuffle_dataset_keeps_pairs_and_draws_one_permutation() -> None:  # [8]
    x, t = np.arange(20).reshape(10, 1, 2), np.arange(10)
    np.random.seed(1)
    order = np.random.permutation(10)
    np.random.seed(1)
    x2, t2 = util.shuffle_dataset(x, t)
    assert_array_equal(t2, order)
    assert_array_equal(x2[:, 0, 0], 2 * order)


def test_naive_layers_of_an_apple() -> None:
    apple, tax = MulLayer(), MulLayer()
    assert tax.forward(apple.forward(100, 2), 1.5) == 300
    dprice, dtax = tax.backward(1)
    assert (apple.backward(dprice), dtax) == ((3, 150), 200)
    add = AddLayer()
    assert (add.forward(2, 3), add.backward(4)) == (5, (4, 4))
