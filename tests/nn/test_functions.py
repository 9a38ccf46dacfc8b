"""Softmax and losses: hand-worked values, scipy and scikit-learn as witnesses, central differences."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import log_loss

from zerokara.errors import UsageError
from zerokara.nn.functions import LOSSES, loss_named, softmax
from zerokara.nn.labels import one_hot


@pytest.fixture(autouse=True)
def _strict_floats() -> Iterator[None]:
    """Overflow, division by zero and NaN raise. Underflow is meant: exp(-1000) is 0."""
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        yield


def scores_and_indices(seed: int = 0, n: int = 7, classes: int = 5, scale: float = 3.0):
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((n, classes)), rng.integers(classes, size=n)


# Softmax


def test_softmax_is_scipys():
    scores, _ = scores_and_indices(scale=30)
    assert_allclose(softmax(scores), scipy_softmax(scores, axis=1), rtol=1e-14)


def test_softmax_by_hand():
    assert_allclose(softmax(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]], rtol=1e-15)


@pytest.mark.parametrize("shift", [-1e4, -1.0, 1e4])
def test_softmax_does_not_see_a_shift(shift):
    scores = np.array([[0.25, -1.5, 3.0], [8.0, 0.5, 0.0]])  # exact in binary, so the shifted ones are too
    assert_array_equal(softmax(scores + shift), softmax(scores))


def test_softmax_of_one_row_and_of_extreme_scores():
    assert_array_equal(softmax(np.array([1000.0, -1000.0])), [1, 0])
    assert_array_equal(softmax(np.full((2, 4), -1e300)), np.full((2, 4), 0.25))


def test_softmax_leaves_its_argument_alone():
    scores = np.array([[1.0, 2.0]])
    softmax(scores)
    assert_array_equal(scores, [[1, 2]])


# Losses


def by_scipy(scores, targets):
    return -(targets * log_softmax(scores, axis=1)).sum(axis=1).mean()


def test_cross_entropy_by_hand():
    """Two samples, p = (1/8, 1/4, 5/8) and (1/2, 1/4, 1/4), labels 2 and 0: (ln 8/5 + ln 2) / 2 = ln(16/5) / 2."""
    scores = np.log(np.array([[1.0, 2.0, 5.0], [2.0, 1.0, 1.0]]))
    loss = LOSSES["cross-entropy"].value(scores, one_hot(np.array([2, 0]), 3))
    assert loss == pytest.approx(np.log(3.2) / 2, rel=1e-14)


def test_textbook_loss_by_hand():
    scores = np.log(np.array([[1.0, 2.0, 5.0], [2.0, 1.0, 1.0]]))
    expected = -(np.log(0.6250001) + np.log(0.5000001)) / 2
    assert LOSSES["textbook"].value(scores, one_hot(np.array([2, 0]), 3)) == pytest.approx(expected, rel=1e-14)


def test_squared_loss_by_hand():
    """½ ((1/8)² + (1/4)² + (3/8)²) = 7/64 and ½ ((1/2)² + 2 (1/4)²) = 12/64; their mean is 19/128."""
    scores = np.log(np.array([[1.0, 2.0, 5.0], [2.0, 1.0, 1.0]]))
    assert LOSSES["squared"].value(scores, one_hot(np.array([2, 0]), 3)) == pytest.approx(19 / 128, rel=1e-14)


def test_cross_entropy_is_scipys_and_scikit_learns():
    scores, indices = scores_and_indices()
    targets = one_hot(indices, 5)
    assert LOSSES["cross-entropy"].value(scores, targets) == pytest.approx(by_scipy(scores, targets), rel=1e-14)
    ours = LOSSES["cross-entropy"].value(scores, targets)
    assert ours == pytest.approx(log_loss(indices, scipy_softmax(scores, axis=1), labels=range(5)), rel=1e-12)


def test_cross_entropy_of_soft_labels_that_do_not_sum_to_one():
    scores, _ = scores_and_indices()
    targets = np.random.default_rng(1).random(scores.shape)
    assert LOSSES["cross-entropy"].value(scores, targets) == pytest.approx(by_scipy(scores, targets), rel=1e-14)


def test_cross_entropy_is_finite_where_the_probability_rounds_to_zero():
    """p = exp(-2000) is 0 as a float; its logarithm is not."""
    assert LOSSES["cross-entropy"].value(np.array([[1000.0, -1000.0]]), np.array([[0.0, 1.0]])) == 2000


def test_textbook_loss_stops_at_the_logarithm_of_its_epsilon():
    assert LOSSES["textbook"].value(np.array([[1000.0, -1000.0]]), np.array([[0.0, 1.0]])) == -np.log(1e-7)


def test_textbook_loss_is_the_textbooks_formula():
    """Worked as the book works it: probabilities first, picked by fancy indexing."""
    scores, indices = scores_and_indices()
    y = scipy_softmax(scores, axis=1)
    expected = -np.sum(np.log(y[np.arange(len(y)), indices] + 1e-7)) / len(y)
    assert LOSSES["textbook"].value(scores, one_hot(indices, 5)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_over_samples(name):
    scores, indices = scores_and_indices()
    targets = one_hot(indices, 5)
    each = [LOSSES[name].value(scores[i : i + 1], targets[i : i + 1]) for i in range(len(scores))]
    assert LOSSES[name].value(scores, targets) == pytest.approx(np.mean(each), rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("labels", ["one-hot", "soft", "unnormalised"])
def test_the_derivative_of_a_loss_is_a_central_difference(name, labels):
    scores, indices = scores_and_indices(seed=3)
    soft = np.random.default_rng(4).random(scores.shape)
    targets = {
        "one-hot": one_hot(indices, 5),
        "soft": soft / soft.sum(axis=1, keepdims=True),
        "unnormalised": soft,
    }[labels]
    expected = np.zeros_like(scores)
    for index in np.ndindex(scores.shape):
        step = np.zeros_like(scores)
        step[index] = h = 1e-5
        expected[index] = (LOSSES[name].value(scores + step, targets) - LOSSES[name].value(scores - step, targets)) / (
            2 * h
        )
    assert_allclose(LOSSES[name].gradient(scores, targets), expected, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_and_derivatives_of_extreme_scores_are_finite(name, dtype):
    scores = np.array([[1000, -1000, 0], [-1000, -1000, -1000], [80, -80, 0]], dtype)
    targets = one_hot(np.array([1, 0, 1]), 3, dtype)
    assert np.isfinite(LOSSES[name].value(scores, targets))
    gradient = LOSSES[name].gradient(scores, targets)
    assert gradient.dtype == dtype
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", LOSSES)
def test_no_gradient_along_the_shift_that_softmax_does_not_see(name):
    scores, indices = scores_and_indices()
    assert_allclose(LOSSES[name].gradient(scores, one_hot(indices, 5)).sum(axis=1), 0, atol=1e-16)


def test_an_unknown_loss():
    with pytest.raises(
        UsageError, match=r"loss must be one of cross-entropy, .*Got 'cross-entorpy'. Did you mean cross-"
    ):
        loss_named("cross-entorpy")
