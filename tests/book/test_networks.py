"""The networks: their names and behaviour, seeded references, and backpropagation against central differences."""

import copy
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zerokara.book import chapter4, chapter5, twolayernet
from zerokara.book.common.layers import Affine, BatchNormalization, Convolution, Dropout
from zerokara.book.common.multi_layer_net import MultiLayerNet
from zerokara.book.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.book.dataset.mnist import load_mnist
from zerokara.book.deep_convnet import DeepConvNet
from zerokara.book.simple_convnet import SimpleConvNet
from zerokara.errors import UsageError

RNG = np.random.default_rng(6)
X = RNG.random((4, 6))
LABELS = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[LABELS]
SMALL_CONV = {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}


def small(kind: Any, **options: Any) -> Any:
    np.random.seed(2)
    return kind(6, 5, 3, weight_init_std=0.5, **options)


TWO_LAYERS = [chapter4.TwoLayerNet, chapter5.TwoLayerNet, twolayernet.TwoLayerNet]


def assert_gradients_agree(network: Any, x: Any, t: Any) -> None:
    """By [4], up to p / (p + 1e-7): with weights of this size every p is above 0.01."""
    numerical, exact = network.numerical_gradient(x, t), network.gradient(x, t)
    assert list(numerical) == list(exact) == list(network.params)
    for key in numerical:
        assert_allclose(exact[key], numerical[key], rtol=1e-5, atol=2e-6, err_msg=key)


@pytest.mark.parametrize("kind", TWO_LAYERS)
def test_two_layers(kind: Any) -> None:
    network = small(kind)
    assert list(network.params) == ["W1", "b1", "W2", "b2"]
    assert [p.shape for p in network.params.values()] == [(6, 5), (5,), (5, 3), (3,)]
    assert_gradients_agree(network, X, ONE_HOT)
    assert_allclose(network.predict(X[0]), network.predict(X)[0])  # [10]
    for value in (network.loss(X, ONE_HOT), network.accuracy(X, ONE_HOT)):
        assert isinstance(value, np.floating)
    assert type(pickle.loads(pickle.dumps(network.params))) is dict  # [12]


@pytest.mark.parametrize("kind", TWO_LAYERS)
def test_weights_are_drawn_first_W1_then_W2_and_nothing_else(kind: Any) -> None:  # [8]
    np.random.seed(0)
    W1, W2, after = 0.01 * np.random.randn(6, 5), 0.01 * np.random.randn(5, 3), np.random.rand()
    np.random.seed(0)
    network = kind(6, 5, 3)
    network.gradient(X, ONE_HOT)
    network.accuracy(X, ONE_HOT)
    assert_array_equal(network.params["W1"], W1)
    assert_array_equal(network.params["W2"], W2)
    assert np.random.rand() == after


def test_chapter4_predicts_probabilities_and_wants_one_hot_labels() -> None:  # [10]
    network = small(chapter4.TwoLayerNet)
    assert_allclose(network.predict(X).sum(axis=1), 1)
    with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of bounds"):
        network.accuracy(X, LABELS)
    with pytest.raises(ValueError, match="could not be broadcast"):
        network.gradient(X, LABELS)


@pytest.mark.parametrize("kind", TWO_LAYERS[1:])
def test_chapter5_predicts_scores_and_takes_both_labels(kind: Any) -> None:  # [10]
    network = small(kind)
    assert np.abs(network.predict(X).sum(axis=1) - 1).min() > 1e-3
    assert network.accuracy(X, LABELS) == network.accuracy(X, ONE_HOT)
    by_index, by_row = network.gradient(X, LABELS), network.gradient(X, ONE_HOT)
    for key in by_row:
        assert_allclose(by_index[key], by_row[key])
    assert list(network.layers) == ["Affine1", "Relu1", "Affine2"]


def test_params_and_layers_share_arrays() -> None:  # [5]
    network = small(chapter5.TwoLayerNet)
    assert network.params["W1"] is network.layers["Affine1"].W
    before = network.predict(X)
    for key, grad in network.gradient(X, LABELS).items():
        network.params[key] -= 0.1 * grad
    assert np.abs(network.predict(X) - before).max() > 1e-3
    network.params["W2"][...] = 0
    network.params["b2"][...] = 7
    assert_array_equal(network.predict(X), np.full((4, 3), 7))


def test_a_pickled_network_still_shares_its_arrays() -> None:
    network = pickle.loads(pickle.dumps(small(chapter5.TwoLayerNet)))
    assert network.params["W1"] is network.layers["Affine1"].W


IMAGES = RNG.random((6, 1, 8, 8))
SHARING = {
    "chapter 5": (lambda: small(chapter5.TwoLayerNet), X),
    "learn": (lambda: small(twolayernet.TwoLayerNet), X),
    "deep": (lambda: MultiLayerNet(6, [5, 4], 3), X),
    "batch normalization": (lambda: MultiLayerNetExtend(6, [5, 4], 3, use_batchnorm=True, use_dropout=True), X),
    "convolution": (lambda: SimpleConvNet((1, 8, 8), SMALL_CONV, 5, 3), IMAGES[:4]),
    "deep convolution": (lambda: DeepConvNet((1, 8, 8), *[SMALL_CONV] * 6, hidden_size=5, output_size=3), IMAGES[:4]),
}


@pytest.mark.parametrize("by", ["joblib", "joblib, c", "pickle", "deepcopy"])
@pytest.mark.parametrize("kind", SHARING)
def test_a_network_that_was_read_still_learns(kind: str, by: str, tmp_path: Path) -> None:
    """joblib reads two arrays where there was one; an update of `params` must reach the layers."""
    make, x = SHARING[kind]
    network = make()
    scores = network.predict(x)
    if by == "joblib":
        joblib.dump(network, tmp_path / "network")
        twin = joblib.load(tmp_path / "network")
    elif by == "joblib, c":
        joblib.dump(network, tmp_path / "network")
        twin = joblib.load(tmp_path / "network", mmap_mode="c")
    else:
        twin = pickle.loads(pickle.dumps(network)) if by == "pickle" else copy.deepcopy(network)
    assert_array_equal(twin.predict(x), scores)
    assert vars(twin).keys() == vars(network).keys()
    for param in twin.params.values():
        param[...] = 0.5
    assert np.ptp(twin.predict(x), axis=1).max() < 1e-12  # all classes alike
    assert_array_equal(network.predict(x), scores)


def test_what_a_learner_took_apart_stays_apart(tmp_path: Path) -> None:
    network = small(chapter5.TwoLayerNet)
    network.params["W1"] = network.params["W1"] * 0  # the layer keeps the old array, as in the textbook
    scores = network.predict(X)
    joblib.dump(network, tmp_path / "network")
    twin = joblib.load(tmp_path / "network")
    assert_array_equal(twin.predict(X), scores)
    assert_array_equal(twin.params["W1"], np.zeros((6, 5)))


def test_float32_batches_compute_in_float64() -> None:  # [7]
    network = small(chapter5.TwoLayerNet)
    assert network.predict(X.astype(np.float32)).dtype == np.float64


def test_learn_takes_one_step() -> None:
    network = small(twolayernet.TwoLayerNet, learning_rate=0.5)
    expected = {key: p - 0.5 * network.gradient(X, LABELS)[key] for key, p in network.params.items()}
    network.learn(X, LABELS)
    for key, value in expected.items():
        assert_allclose(network.params[key], value)


@pytest.mark.mnist
def test_seeded_reference_of_the_sigmoid_network() -> None:
    """The textbook's own run, `np.random.seed(0)`: the batch's losses after updates 1, 2 and 3, to the last digits."""
    (x_train, t_train), _ = load_mnist(one_hot_label=True)
    np.random.seed(0)
    network = chapter4.TwoLayerNet(784, 50, 10)
    losses = []
    for _ in range(3):
        mask = np.random.choice(60000, 100)
        x, t = x_train[mask], t_train[mask]
        for key, grad in network.gradient(x, t).items():
            network.params[key] -= 0.1 * grad
        losses.append(network.loss(x, t))
    assert_allclose(losses, [2.2938061065760658, 2.294626433903726, 2.297869324385668], rtol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "ReLU"])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_multi_layer_net(activation: str, decay: float) -> None:
    np.random.seed(1)
    network = MultiLayerNet(6, [5, 4], 3, activation=activation, weight_init_std=0.7, weight_decay_lambda=decay)
    assert_gradients_agree(network, X, LABELS)
    assert list(network.layers)[:2] == ["Affine1", "Activation_function1"]
    assert network.params["W3"] is network.layers["Affine3"].W
    assert network.accuracy(X, LABELS) == network.accuracy(X, ONE_HOT)


def test_weight_decay_is_half_lambda_sum_of_squares() -> None:
    np.random.seed(1)
    network = MultiLayerNet(6, [5], 3, weight_decay_lambda=0.1)
    plain = network.last_layer.forward(network.predict(X), LABELS)
    squares = sum((network.params[key] ** 2).sum() for key in ("W1", "W2"))
    assert_allclose(network.loss(X, LABELS) - plain, 0.05 * squares)


@pytest.mark.parametrize(("name", "numerator"), [("relu", 2), ("He", 2), ("sigmoid", 1), ("xavier", 1)])
def test_initial_weights_by_name(name: str, numerator: float) -> None:
    np.random.seed(1)
    network = MultiLayerNet(400, [300], 3, weight_init_std=name)
    assert_allclose(network.params["W1"].std(), np.sqrt(numerator / 400), rtol=0.02)
    assert_allclose(network.params["W2"].std(), np.sqrt(numerator / 300), rtol=0.1)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="activation must be one of sigmoid, relu"):
        MultiLayerNet(6, [5], 3, activation="rleu")
    with pytest.raises(UsageError, match="weight_init_std must be one of"):
        MultiLayerNet(6, [5], 3, weight_init_std="hee")
    with pytest.raises(UsageError, match="weight_init_std must be one of"):
        SimpleConvNet(weight_init_std="hee")


def test_batch_normalized_network() -> None:
    np.random.seed(1)
    network = MultiLayerNetExtend(6, [5, 4], 3, weight_init_std=0.7, weight_decay_lambda=0.1, use_batchnorm=True)
    assert {"gamma1", "beta1", "gamma2", "beta2"} < set(network.params)
    assert isinstance(network.layers["BatchNorm1"], BatchNormalization)
    assert network.params["gamma2"] is network.layers["BatchNorm2"].gamma
    assert_gradients_agree(network, X, LABELS)


def test_dropout_network_drops_only_in_training() -> None:
    np.random.seed(1)
    network = MultiLayerNetExtend(6, [50], 3, use_dropout=True, dropout_ration=0.5)
    assert isinstance(network.layers["Dropout1"], Dropout)
    assert_array_equal(network.predict(X), network.predict(X))
    assert np.abs(network.predict(X, train_flg=True) - network.predict(X, train_flg=True)).max() > 0
    assert network.loss(X, LABELS) == network.loss(X, LABELS, train_flg=False)


def test_simple_convnet() -> None:
    np.random.seed(0)
    network = SimpleConvNet((1, 8, 8), SMALL_CONV, hidden_size=6, output_size=3, weight_init_std=0.3)
    x = RNG.random((3, 1, 8, 8))
    assert [p.shape for p in network.params.values()] == [(2, 1, 3, 3), (2,), (32, 6), (6,), (6, 3), (3,)]
    assert_gradients_agree(network, x, np.array([0, 1, 2]))
    assert list(network.layers) == ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]


def test_simple_convnet_by_default() -> None:
    network = SimpleConvNet()
    assert network.params["W1"].shape == (30, 1, 5, 5)
    assert network.params["W2"].shape == (30 * 12 * 12, 100)
    assert network.predict(np.zeros((2, 1, 28, 28))).shape == (2, 10)


def test_saved_params_are_plain_and_come_back(tmp_path: Path) -> None:
    network = SimpleConvNet((1, 8, 8), SMALL_CONV, hidden_size=6, output_size=3)
    x = RNG.random((5, 1, 8, 8))
    before = network.predict(x)
    network.save_params(str(tmp_path / "params.pkl"))
    saved = pickle.loads((tmp_path / "params.pkl").read_bytes())
    assert type(saved) is dict
    assert {type(value) for value in saved.values()} == {np.ndarray}
    for param in network.params.values():
        param[...] = 0
    network.load_params(str(tmp_path / "params.pkl"))
    assert_array_equal(network.predict(x), before)


def test_accuracy_counts_every_sample_of_uneven_batches() -> None:
    network = SimpleConvNet((1, 8, 8), SMALL_CONV, hidden_size=6, output_size=3)
    x = RNG.random((7, 1, 8, 8))
    right = network.predict(x).argmax(axis=1)
    assert network.accuracy(x, right, batch_size=3) == 1
    assert network.accuracy(x, np.eye(3)[right], batch_size=3) == 1
    right[-1] = (right[-1] + 1) % 3
    assert_allclose(network.accuracy(x, right, batch_size=3), 6 / 7)


def test_deep_convnet() -> None:
    np.random.seed(0)
    network = DeepConvNet()
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == [
        *(["Convolution", "Relu", "Convolution", "Relu", "Pooling"] * 3),
        *["Affine", "Relu", "Dropout", "Affine", "Dropout"],
    ]
    assert network.params["W7"].shape == (64 * 4 * 4, 50)
    assert network.params["W8"] is [layer for layer in network.layers if isinstance(layer, Affine)][-1].W
    assert network.predict(np.zeros((2, 1, 28, 28))).shape == (2, 10)
    stds = [layer.W.std() for layer in network.layers if isinstance(layer, Convolution)]
    assert_allclose(stds, np.sqrt(2 / (9 * np.array([1, 16, 16, 32, 32, 64]))), rtol=0.2)


def test_deep_convnet_backward() -> None:
    """One weight of each layer against its central difference, with every dropout's mask held still."""
    np.random.seed(3)
    conv = {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}
    network = DeepConvNet((1, 8, 8), conv, conv, conv, conv, conv, conv, hidden_size=4, output_size=3)
    for param in network.params.values():
        param += 0.1 * RNG.normal(size=param.shape)  # a bias of 0 may put a ReLU exactly on its kink
    x, t = RNG.random((4, 1, 8, 8)), np.array([0, 1, 2, 0])

    def loss() -> Any:
        np.random.seed(9)
        return network.loss(x, t)

    np.random.seed(9)
    grads = network.gradient(x, t)
    for key, param in network.params.items():
        where = np.unravel_index(np.abs(grads[key]).argmax(), param.shape)
        before = param[where]
        ends = []
        for h in (1e-6, -1e-6):
            param[where] = before + h
            ends.append(loss())
        param[where] = before
        assert_allclose(grads[key][where], (ends[0] - ends[1]) / 2e-6, rtol=1e-4, atol=1e-7, err_msg=key)


@pytest.mark.mnist
@pytest.mark.slow
def test_seeded_accuracies_of_the_sigmoid_network() -> None:
    """Two thousand updates of the textbook's run; the reference's gradient is exact, so a sample or two may differ."""
    (x_train, t_train), (x_test, t_test) = load_mnist(one_hot_label=True)
    np.random.seed(0)
    network = chapter4.TwoLayerNet(784, 50, 10)
    accuracies = []
    for i in range(2001):
        mask = np.random.choice(60000, 100)
        grads = network.gradient(x_train[mask], t_train[mask])
        for key in grads:
            network.params[key] -= 0.1 * grads[key]
        if i % 500 == 0:
            accuracies.append([network.accuracy(x_train, t_train), network.accuracy(x_test, t_test)])
    expected = [[0.09915, 0.1009], [0.74213, 0.7447], [0.85988, 0.8635], [0.89172, 0.8927], [0.90287, 0.9044]]
    assert_allclose(accuracies, expected, atol=2e-4)
