"""The notes' training with NumPy's old global seed, number for number: what the textbook's own code gives.

The references were computed with the textbook's modules: `np.random.seed(0)`, `0.01 * randn` for W1 and W2, one
`choice(60000, 100)` per update, sigmoid, learning rate 0.1, and the loss with 1e-7 inside its logarithm. The book's
backpropagation leaves that 1e-7 out of its derivative, which is exactly the gradient of our cross entropy; its
numerical gradient, of course, does not, and is the gradient of our textbook loss.
"""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import zerokara
from zerokara.nn import network as networks

BACKPROP = [2.2938061065760658, 2.294626433903726, 2.297869324385668]
NUMERICAL = [2.293806110942571, 2.294626444319049, 2.2978693333951865]
ACCURACIES = {
    # after the update of this index: the last one is the end of 2,000 updates
    0: (0.09915, 0.1009),
    500: (0.74213, 0.7447),
    1000: (0.85988, 0.8635),
    1500: (0.89172, 0.8927),
    1999: (0.90287, 0.9044),
}


@pytest.fixture(scope="module")
def mnist():
    return zerokara.load("mnist")


@pytest.fixture(autouse=True)
def _one_thread():
    """Two threads of OpenBLAS that wait for each other on a busy machine take ten times longer."""
    with threadpool_limits(1):
        yield


class Seeded:
    """The network and the batches that `np.random.seed(0)` gives the notes' loop."""

    def __init__(self, mnist, loss="textbook"):
        random = np.random.RandomState(0)  # the generator behind np.random.seed(0), without touching global state
        self.mnist, self.random = mnist, random
        self.network = zerokara.TwoLayerNet(784, 50, 10, activation="sigmoid", loss=loss)
        self.network.params["W1"] = 0.01 * random.randn(784, 50)
        self.network.params["W2"] = 0.01 * random.randn(50, 10)
        assert not self.network.params["b1"].any()
        assert not self.network.params["b2"].any()

    def batch(self):
        chosen = self.random.choice(60000, 100)
        return self.mnist.train.x[chosen], self.mnist.train.t[chosen]

    def step(self, grad):
        for key in ("W1", "b1", "W2", "b2"):
            self.network.params[key] -= 0.1 * grad[key]


@pytest.mark.mnist
@pytest.mark.parametrize("form", ["indices", "one-hot"])
def test_losses_by_the_books_backpropagation(mnist, form):
    """Its gradient is that of cross entropy; the loss it reports has the 1e-7."""
    seeded, losses = Seeded(mnist, "cross-entropy"), []
    reporting = Seeded(mnist, "textbook").network
    for _ in BACKPROP:
        x, t = seeded.batch()
        if form == "one-hot":
            t = np.eye(10)[t]
        seeded.step(seeded.network.gradient(x, t))
        reporting.params = seeded.network.params
        losses.append(reporting.loss(x, t))
    assert losses == pytest.approx(BACKPROP, abs=1e-9, rel=0)


@pytest.mark.mnist
def test_losses_by_the_exact_gradient_are_those_of_the_numerical_one(mnist):
    seeded, losses = Seeded(mnist), []
    for _ in NUMERICAL:
        x, t = seeded.batch()
        seeded.step(seeded.network.gradient(x, t))
        losses.append(seeded.network.loss(x, t))
    assert losses == pytest.approx(NUMERICAL, abs=1e-9, rel=0)


@pytest.mark.mnist
def test_the_two_references_are_told_apart():
    """They differ by 4e-9 to 1e-8: a tolerance of 1e-9 sees it."""
    assert min(abs(np.subtract(BACKPROP, NUMERICAL))) > 4e-9


@pytest.mark.mnist
def test_losses_by_the_numerical_gradient(mnist):
    """By the faster way to the same differences, where there is one; the loop's turn is below."""
    if networks.fast_gradient is None:
        pytest.skip("there is no faster way than the loop here")
    seeded, losses = Seeded(mnist), []
    for _ in NUMERICAL:
        x, t = seeded.batch()
        seeded.step(seeded.network.numerical_gradient(x, t))
        losses.append(seeded.network.loss(x, t))
    assert losses == pytest.approx(NUMERICAL, abs=1e-9, rel=0)


@pytest.mark.mnist
@pytest.mark.slow
def test_the_loop_over_all_weights(mnist):
    """Each element is that of the exact gradient and of the faster way, whose three losses are tested above."""
    seeded = Seeded(mnist)
    x, t = seeded.batch()
    loop = seeded.network.numerical_gradient(x, t, method="loop")
    for other in (seeded.network.gradient(x, t), seeded.network.numerical_gradient(x, t)):
        for name, gradient in loop.items():
            np.testing.assert_allclose(gradient, other[name], rtol=0, atol=1e-9)
    seeded.step(loop)
    assert seeded.network.loss(x, t) == pytest.approx(NUMERICAL[0], abs=1e-9, rel=0)


@pytest.mark.mnist
def test_the_loop_on_a_hand_sized_part_of_the_weights(mnist):
    """b1, W2, b2 and one row of W1, a pixel in the middle, at the first batch."""
    seeded = Seeded(mnist)
    x, t = seeded.batch()
    exact = seeded.network.gradient(x, t)
    for name in ("b1", "W2", "b2"):
        loop = seeded.network.numerical_gradient(x, t, only=name, method="loop")[name]
        np.testing.assert_allclose(loop, exact[name], atol=1e-9)
    row = seeded.network.params["W1"][400]  # a view: moving it moves the network
    loop = zerokara.numerical_gradient(lambda _: seeded.network.loss(x, t), row)
    assert np.abs(exact["W1"][400]).max() > 1e-4
    np.testing.assert_allclose(loop, exact["W1"][400], atol=1e-9)


@pytest.mark.mnist
def test_accuracies_on_the_way(mnist):
    """2,000 updates by the exact gradient in float64; looked at in float32, which may turn a tie (one sample: 2e-5)."""
    seeded, found = Seeded(mnist), {}
    for i in range(2000):
        x, t = seeded.batch()
        seeded.step(seeded.network.gradient(x, t))
        if i in ACCURACIES:
            network = seeded.network.copy(np.float32)
            found[i] = [network.accuracy(split.x, split.t) for split in (mnist.train, mnist.test)]
    for i, expected in ACCURACIES.items():
        assert found[i] == pytest.approx(expected, abs=3e-5, rel=0), i
