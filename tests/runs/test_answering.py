"""What a network is heard to answer is what its evaluations counted."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from zerokara.data import load
from zerokara.engine.choosing import ENGINES
from zerokara.nn.network import Network
from zerokara.runs.answering import answers_of


@pytest.fixture(scope="module")
def network() -> Network:
    return Network([64, 20, 10], init=1.0, seed=1)


@pytest.mark.parametrize("engine", [*ENGINES, "auto", "somebody's own"])
def test_probabilities_are_softmax_in_float64(network: Network, engine: str) -> None:
    test = load("digits").test
    answers = answers_of(network, test, engine)
    exponentials = np.exp(network.predict(test.x).astype(np.float64))
    assert_allclose(answers.probabilities, exponentials / exponentials.sum(axis=1, keepdims=True), rtol=1e-3)
    assert answers.probabilities.dtype == np.float64
    assert answers.accuracy.value == network.accuracy(test.x, test.t)


def test_in_parts_as_at_once(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    test = load("digits").test
    whole = answers_of(network, test).probabilities
    monkeypatch.setattr("zerokara.runs.answering.EVALUATED_AT_ONCE", 100)
    assert_allclose(answers_of(network, test).probabilities, whole, rtol=1e-5)


def test_no_finite_score_no_answer(network: Network) -> None:
    broken = network.copy()
    broken.params["b2"][3] = np.nan
    answers = answers_of(broken, load("digits").test)
    assert np.isnan(answers.probabilities).all()
    assert set(answers.answers) == {-1}
    for everywhere in (np.inf, -np.inf):
        endless = network.copy()
        endless.params["b2"][:] = everywhere
        assert set(answers_of(endless, load("digits").test).answers) == {-1}
    endless = network.copy()
    endless.params["b2"][3] = -np.inf  # one class is impossible: the others are not
    assert (answers_of(endless, load("digits").test).answers >= 0).all()
