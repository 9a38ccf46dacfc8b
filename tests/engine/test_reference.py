"""What only the reference engine decides; its numbers are those of nn, and the compiled engine is tested against it."""

from typing import Any

import numpy as np
import pytest

from zerokara.data.dataset import Split
from zerokara.engine.reference import ReferenceEngine
from zerokara.nn.network import Network
from zerokara.training.optimizers import optimizer_named


class StoppedInside(ReferenceEngine):
    """Somebody raises the flag while gradient number `at` is being computed, so it comes back unfinished."""

    def __init__(self, at: int) -> None:
        self.at, self.begun = at, 0

    def numerical_gradient(self, *arguments: Any, stop: Any = None, **options: Any) -> Any:
        stop[0] = self.begun == self.at
        self.begun += 1
        return super().numerical_gradient(*arguments, stop=stop, **options)


@pytest.mark.parametrize("at", [0, 2])
def test_an_unfinished_gradient_is_not_applied(at: int) -> None:
    rng = np.random.default_rng(0)
    split = Split(rng.random((8, 5)), rng.integers(0, 3, 8), None)
    network = Network([5, 4, 3], activation="tanh", init=0.5)
    expected, stop, batches = network.copy(), np.zeros(1, np.uint8), np.arange(8).reshape(4, 2)
    momentum, same = optimizer_named("momentum"), optimizer_named("momentum")
    momentum.prepare(network.params)
    ReferenceEngine().advance(expected, same, split, batches[:at], gradient="numerical", stop=np.zeros(1, np.uint8))
    losses = StoppedInside(at).advance(network, momentum, split, batches, gradient="numerical", stop=stop)
    assert len(losses) == momentum.steps == at
    for name, value in expected.params.items():
        np.testing.assert_array_equal(network.params[name], value)


@pytest.mark.parametrize("samples", [999, 1000, 1001, 2500])
def test_predictions_in_parts_are_those_of_all_at_once(samples: int) -> None:
    rng = np.random.default_rng(1)
    split = Split(rng.integers(0, 256, (samples, 6), np.uint8), np.zeros(samples, int), 255)
    network = Network([6, 5, 4], init="he", seed=2)
    scores = ReferenceEngine().predict(network, split)
    np.testing.assert_allclose(scores, network.predict(split.x), rtol=1e-13)
