import numpy as np
import pytest
from numpy.testing import assert_allclose

from zerokara.doctor.probes import Samples, level, line_test, probe
from zerokara.nn.network import Network


@pytest.fixture
def samples() -> Samples:
    rng = np.random.default_rng(0)
    return Samples(rng.random((60, 6)), rng.integers(3, size=60))


def test_the_level_of_a_network_that_knows_nothing_is_1() -> None:
    assert level(np.zeros((7, 5)), np.arange(7) % 5) == pytest.approx(1)
    assert level(np.array([[0.0, np.log(3)]]), np.array([1])) == pytest.approx(np.log(4 / 3) / np.log(2))


def test_dead_units_are_those_that_give_0_for_every_sample(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.5)
    network.params["b1"][:] = [-100, 100, -100, 100]
    assert probe(network, samples, 0).dead == (0.5,)
    assert probe(network, samples, 0).saturated == (0,)


def test_saturated_units_are_those_whose_slope_is_nearly_0(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.5, activation="sigmoid")
    network.params["b1"][:] = [-100, 100, 0, 0]
    assert probe(network, samples, 0).saturated == (0.5,)
    assert probe(network, samples, 0).dead == (0,)


def test_units_with_the_weights_of_another_are_alike(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.5)
    assert probe(network, samples, 0).alike == 0
    network.params["W1"][:, 2] = network.params["W1"][:, 0]
    assert probe(network, samples, 0).alike == 0  # what goes out of them differs, and so will their gradients
    network.params["W2"][2] = network.params["W2"][0]
    assert probe(network, samples, 0).alike == 0.5
    assert probe(network, samples, 7).alike is None


def test_norms_are_those_of_numerical_gradients(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.5, activation="tanh")
    grads = network.numerical_gradient(samples.x, samples.t)
    assert_allclose(probe(network, samples, 0).norms, [np.linalg.norm(grads[name]) for name in ("W1", "W2")], rtol=1e-6)


def test_rows_of_inputs_that_are_always_0_do_not_count_in_the_size_of_weights(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.0)
    samples.x[:, 0] = 0
    network.params["W1"][1:] = 2
    network.params["W2"][:] = 3
    assert probe(network, samples, 0).sizes == (2, 3)


def test_the_line_test_goes_three_times_as_far(samples: Samples) -> None:
    before, after, beyond = (Network([6, 3], init=0.0) for _ in range(3))
    after.params["b1"][:] = [1, 0, 0]
    beyond.params["b1"][:] = [4, 0, 0]
    ratio = beyond.loss(samples.x, samples.t) / after.loss(samples.x, samples.t)
    assert line_test(before, after, samples) == pytest.approx(ratio)


def test_held_out_samples_are_judged_class_by_class() -> None:
    network = Network([2, 2], init=0.0)
    network.params["b1"][:] = [1, 0]
    seen = Samples(np.zeros((4, 2)), np.array([0, 0, 0, 1]))
    measured = probe(network, seen, 0, held=Samples(np.zeros((10, 2)), np.array([0] * 9 + [1])))
    assert (measured.accuracy, measured.held_accuracy, measured.recall) == (0.75, 0.9, 0.5)
    assert measured.answers == (1, 0)


def test_nothing_is_changed_and_infinity_is_no_error(samples: Samples) -> None:
    network = Network([6, 4, 3], init=0.5)
    network.predict(samples.x[:2])
    before, kept = network.copy(), network.layers[0].x
    probe(network, samples, 3, held=samples, before=before)
    assert all(np.array_equal(before.params[name], array) for name, array in network.params.items())
    assert network.layers[0].x is kept
    network.params["W1"][:] = np.inf
    assert not probe(network, samples, 3, before=before).is_finite
