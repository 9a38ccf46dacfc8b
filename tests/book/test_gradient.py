"""`common.gradient`: everything a learner's function can observe of the loop; [3] of docs/BOOK.md, and [4]."""

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from zerokara.book import gradient_2d
from zerokara.book.common import gradient
from zerokara.book.common.functions import cross_entropy_error, softmax
from zerokara.book.common.gradient import _numerical_gradient_1d, numerical_gradient, numerical_gradient_2d

Array = NDArray[Any]
RNG = np.random.default_rng(4)


class Witness:
    """A function that writes down what it is called with."""

    def __init__(self, x: Array) -> None:
        self.x, self.before, self.moved = x, x.copy(), list[tuple[int, float]]()
        self.same_array = True

    def __call__(self, x: Array) -> float:
        self.same_array &= x is self.x
        (index,) = np.flatnonzero((x != self.before).ravel())
        self.moved.append((int(index), float((x - self.before).ravel()[index])))
        return float((x**2).sum())


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 2), (2, 1, 3, 2)])
def test_what_the_function_sees(shape: tuple[int, ...]) -> None:
    witness = Witness(RNG.normal(size=shape))
    bits = witness.x.tobytes()
    grad = numerical_gradient(witness, witness.x)
    assert witness.same_array
    assert [index for index, _ in witness.moved] == [i for i in range(witness.x.size) for _ in range(2)]  # C order
    assert_allclose([step for _, step in witness.moved], [1e-4, -1e-4] * witness.x.size, rtol=1e-9)
    assert witness.x.tobytes() == bits
    assert_allclose(grad, 2 * witness.x, rtol=1e-7)


@pytest.mark.parametrize("view", [lambda a: a.T, lambda a: a[::2, 1:], lambda a: a[:, ::-1]])
def test_arrays_that_are_not_contiguous(view: Callable[[Array], Array]) -> None:
    whole = RNG.normal(size=(4, 6))
    before = whole.copy()
    witness = Witness(view(whole))
    assert_allclose(numerical_gradient(witness, witness.x), 2 * view(before), rtol=1e-7)
    assert [index for index, _ in witness.moved][::2] == list(range(witness.x.size))
    assert whole.tobytes() == before.tobytes()


def test_function_may_ignore_its_argument() -> None:
    params = {"W": np.array([1.0, 2.0])}
    assert_allclose(numerical_gradient(lambda _: params["W"] @ params["W"], params["W"]), [2, 4], rtol=1e-8)


def test_float32_stays_float32() -> None:
    grad = numerical_gradient(lambda x: x.sum(), np.ones(3, np.float32))
    assert grad.dtype == np.float32


def test_integers_come_out_wrong_and_restored() -> None:
    """As in the textbook: 3 + h is cut to 3, 3 - h to 2; a remark says so at the end of a run."""
    x = np.array([3, 4])
    grad = numerical_gradient(lambda x: (x**2).sum(), x)
    assert_array_equal(x, [3, 4])
    assert grad.dtype == x.dtype
    assert_array_equal(grad, [25000, 35000])


def test_restored_when_the_function_fails() -> None:
    x = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError, match="zero"):
        numerical_gradient(lambda _: 1 / 0, x)
    assert_array_equal(x, [1, 2])


def test_equals_backpropagation_of_the_hard_labels_times_a_factor() -> None:  # [4]
    scores, soft = RNG.normal(size=(3, 4)), RNG.random((3, 4))
    scores[0] *= 20  # so that some probability is near 1e-7
    labels = soft.argmax(axis=1)
    p = softmax(scores)
    at_label = p[np.arange(3), labels]
    backprop = (p - np.eye(4)[labels]) / 3
    numerical = numerical_gradient(lambda s: cross_entropy_error(softmax(s), soft), scores)
    assert_allclose(numerical, backprop * (at_label / (at_label + 1e-7))[:, None], atol=1e-8)
    assert np.abs(numerical - (p - soft) / 3).max() > 0.01


def test_rows_one_at_a_time() -> None:
    points = np.array([[3.0, 4.0], [0.0, 2.0]])
    f = lambda x: x[0] ** 2 + x[1] ** 2  # noqa: E731  (what learners write)
    assert_allclose(numerical_gradient_2d(f, points), 2 * points, atol=1e-8)
    assert_allclose(numerical_gradient_2d(f, points[0]), [6, 8])
    assert_allclose(_numerical_gradient_1d(f, points[0]), [6, 8])
    assert gradient_2d.numerical_gradient is numerical_gradient_2d


def test_faster_way_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gradient, "faster", lambda f, x: asked.append(x))
    x = np.array([1.0])
    assert_allclose(numerical_gradient(lambda x: x[0], x), [1])
    assert asked[0] is x
    monkeypatch.setattr(gradient, "faster", lambda f, x: x + 41)
    assert numerical_gradient(lambda x: 1 / 0, x) == 42


def test_forecast_stays_off_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gradient._Progress, "silent_seconds", -1.0)
    monkeypatch.setattr(gradient._Progress, "long_ones", 0)
    clock = iter(np.arange(0, 1e4, 0.4))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    for _ in range(5):
        numerical_gradient(lambda x: x.sum(), np.ones(9))
    out, err = capsys.readouterr()
    assert out == ""
    assert "elements" in err
    assert "long gradient number 2" in err
    assert "long gradient number 3" not in err
    assert "long gradient number 4" in err


def test_interruption_says_how_far_it_was() -> None:
    calls = 0

    def f(x: Array) -> float:
        nonlocal calls
        calls += 1
        if calls == 7:
            signal.raise_signal(signal.SIGINT)
        return float(x.sum())

    x = np.ones(1000)
    with pytest.raises(KeyboardInterrupt) as caught:
        numerical_gradient(f, x)
    assert caught.value.__notes__ == ["The numerical gradient had done 3 of 1,000 elements."]
    assert_array_equal(x, 1)
