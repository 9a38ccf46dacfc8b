"""What is added to a loss, by least squares: losses and penalties written out here, with numbers that nobody told."""

import numpy as np
import pytest

from zerokara.nn.formulas import Formula
from zerokara.recognise.linear_terms import Fit, LinearTerms, explained, rounded

SAMPLES, N, CLASSES = 16, 5, 4


def softmax(o):
    e = np.exp(o)
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(o):
    return 1 / (1 + np.exp(-o))


LOSSES = {
    "cross-entropy": (Formula("cross-entropy"), lambda o, t: -t * np.log(softmax(o))),
    "textbook": (Formula("textbook", (1e-5,)), lambda o, t: -t * np.log(softmax(o) + 1e-5)),
    "squared": (Formula("squared"), lambda o, t: 0.5 * (softmax(o) - t) ** 2),
    "identity-squared": (Formula("identity-squared"), lambda o, t: 0.5 * (o - t) ** 2),
    "sigmoid-squared": (Formula("sigmoid-squared"), lambda o, t: 0.5 * (sigmoid(o) - t) ** 2),
    "binary": (
        Formula("binary", (1e-5,)),
        lambda o, t: -t * np.log(sigmoid(o) + 1e-5) - (1 - t) * np.log(1 - sigmoid(o) + 1e-5),
    ),
}
TERMS = {
    "nothing": LinearTerms(),
    "a factor": LinearTerms(2.5),
    "smoothing": LinearTerms(1.0, 0.9, 0.1 / CLASSES),
    "decay": LinearTerms(1.0, decay=(0.1, 0.0)),
    "two decays and a constant": LinearTerms(0.5, decay=(1e-4, -0.3), constant=2.0),
    "everything": LinearTerms(3.0, 0.8, 0.2 / CLASSES, (1e-6, 0.02), -1.25),
}


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS.keys())
@pytest.mark.parametrize("loss", LOSSES)
def test_terms_are_found_again(loss, terms):
    formula, written_out = LOSSES[loss]
    rng = np.random.default_rng(0)
    targets = np.eye(CLASSES)[rng.integers(0, CLASSES, N)]
    scores = [rng.standard_normal((N, CLASSES)) for _ in range(SAMPLES)]
    squares = [rng.uniform(1, 20, SAMPLES), rng.uniform(1, 5, SAMPLES)]

    def mean(o, t):
        return written_out(o, t).sum() / N

    smoothed = terms.keep * targets + terms.rest
    values = np.array([terms.factor * mean(o, smoothed) for o in scores]) + terms.constant
    for rate, square in zip(terms.decay, squares, strict=False):
        values += rate * square
    fit = Fit(formula, targets, N)
    columns = [np.array([mean(o, t) for o in scores]) for t in fit.regressors]
    found = next(fit.solutions(values, columns, squares, (0.1, 1e-4, 0.9)))
    np.testing.assert_allclose(found[:3], terms[:3], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.decay or (0.0, 0.0), terms.decay or (0.0, 0.0), rtol=1e-7, atol=1e-14)
    assert found.constant == pytest.approx(terms.constant, abs=1e-9)


def test_more_samples_than_numbers_are_to_be_explained():
    rng = np.random.default_rng(0)
    columns = [rng.standard_normal(7) for _ in range(3)]
    values = columns[0] + 2 * columns[1] - 3 * columns[2]
    assert explained(values, columns)
    assert not explained(values + 1e-7 * rng.standard_normal(7), columns)


@pytest.mark.parametrize(
    ("factor", "expected"), [(100 + 1e-10, 100.0), (-1 + 1e-15, -1.0), (0.2 - 1e-16, 0.2), (1.00001, 1.00001)]
)
def test_a_factor_without_the_rounding_that_it_came_with(factor, expected):
    assert rounded(factor, 100, 10) == expected
