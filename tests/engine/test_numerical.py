"""What only the compiled numerical gradient has: threads, levels, refusals, signals. Its numbers: test_differences."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from types import FrameType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

core = pytest.importorskip("zerokara._core", reason="the compiled core was not built")

LEVELS = ["baseline", "v3", "v4"]


def arguments(sizes: tuple[int, ...], n: int = 9, seed: int = 0) -> dict[str, Any]:
    """A call of the core for a random network and batch; half of the inputs are 0."""
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(sizes))
    x = rng.integers(0, 5, (n, sizes[0])) * (rng.random((n, sizes[0])) < 0.5) / 4.0
    return {
        "weights": [rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes],
        "biases": [rng.normal(size=shape[1]) for shape in shapes],
        "activation": "tanh",
        "loss": "cross-entropy",
        "x": x,
        "targets": np.eye(sizes[-1])[rng.integers(0, sizes[-1], n)],
        "h": 1e-4,
        "weight_gradients": [np.empty(shape) for shape in shapes],
        "bias_gradients": [np.empty(shape[1]) for shape in shapes],
        "stop": None,
        "threads": 1,
    }


def gradients(call: dict[str, Any], **changes: Any) -> list[NDArray[np.float64]]:
    """Copies of all gradients, after a call with some arguments changed."""
    core.numerical_gradient(**(call | changes))
    return [array.copy() for array in call["weight_gradients"] + call["bias_gradients"]]


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("sizes", [(30, 65, 10), (8, 9, 11, 7)])
def test_threads_change_no_bit(sizes: tuple[int, ...], activation: str, loss: str) -> None:
    call = arguments(sizes, n=150) | {"activation": activation, "loss": loss}
    alone = gradients(call)
    for threads in (2, 3, 8):
        for together, expected in zip(gradients(call, threads=threads), alone, strict=True):
            np.testing.assert_array_equal(together, expected)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("sizes", [(30, 65, 10), (8, 9, 11, 7)])
def test_levels_agree(sizes: tuple[int, ...], level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if LEVELS.index(level) > LEVELS.index(core.best_level()):
        pytest.skip(f"this machine has no {level}")
    for activation, loss, h in [
        ("sigmoid", "cross-entropy", 1e-4),
        ("relu", "textbook", 0.05),
        ("tanh", "squared", 2.0),
    ]:
        call = arguments(sizes) | {"activation": activation, "loss": loss, "h": h}
        monkeypatch.setenv("ZEROKARA_LEVEL", "baseline")
        expected = gradients(call)
        monkeypatch.setenv("ZEROKARA_LEVEL", level)
        for found, same in zip(gradients(call), expected, strict=True):
            np.testing.assert_allclose(found, same, rtol=0, atol=1e-11)


def test_returns_the_loss_of_the_batch() -> None:
    call = arguments((4, 3), n=200)
    scores = call["x"] @ call["weights"][0] + call["biases"][0]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert core.numerical_gradient(**call) == pytest.approx(
        -(call["targets"] * np.log(p)).sum(axis=1).mean(), rel=1e-13
    )


def test_writes_only_what_is_asked_for() -> None:
    call = arguments((5, 4, 3))
    expected = gradients(call)[1]
    only = [None, np.empty((4, 3))]
    gradients(call, weight_gradients=only, bias_gradients=[None, None])
    np.testing.assert_array_equal(only[1], expected)


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        (lambda c: {"x": c["x"].astype(np.float32)}, TypeError, "incompatible function arguments"),
        (lambda c: {"x": np.asfortranarray(c["x"])}, TypeError, "incompatible function arguments"),
        (lambda c: {"weight_gradients": [a.T for a in c["weight_gradients"]]}, TypeError, "incompatible"),
        (lambda c: {"bias_gradients": [read_only(a) for a in c["bias_gradients"]]}, TypeError, "incompatible"),
        (lambda c: {"x": c["x"][:, :-1].copy()}, ValueError, "as many columns as W1 has rows"),
        (lambda c: {"x": c["x"][:0], "targets": c["targets"][:0]}, ValueError, "at least one row"),
        (lambda c: {"targets": c["targets"][1:]}, ValueError, "one row per row of x"),
        (lambda c: {"targets": c["targets"][:, 1:].copy()}, ValueError, "one column per class"),
        (
            lambda c: {"weights": c["weights"][:1] * 2, "biases": c["biases"][:1] * 2},
            ValueError,
            "as many rows as the layer before",
        ),
        (lambda c: {"biases": c["biases"][:1]}, ValueError, "lists of the same length"),
        (lambda c: {"bias_gradients": c["bias_gradients"][::-1]}, ValueError, "shape of its parameter"),
        (lambda c: {"weight_gradients": c["weight_gradients"][:1]}, ValueError, "for each parameter"),
        (lambda c: {"activation": "rleu"}, ValueError, "activation must be one of sigmoid, relu, tanh. Got rleu"),
        (lambda c: {"loss": "hinge"}, ValueError, "loss must be one of"),
        (lambda c: {"h": 0.0}, ValueError, "h must be a positive number"),
        (lambda c: {"h": np.nan}, ValueError, "h must be a positive number"),
        (lambda c: {"threads": 0}, ValueError, "threads must lie from 1"),
    ],
)
def test_refuses_what_does_not_fit(changes: Any, error: type[Exception], says: str) -> None:
    call = arguments((5, 4, 3))
    with pytest.raises(error, match=says):
        core.numerical_gradient(**(call | changes(call)))


class Rang(Exception):
    """Raised by a signal handler."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_signal_handler_is_heard_in_the_middle(threads: int) -> None:
    def ring(number: int, frame: FrameType | None) -> None:
        gradients(arguments((5, 4, 3)))  # a second gradient, while the first holds its memory
        raise Rang

    call = arguments((300, 400, 400, 400, 10), n=64)  # minutes of work
    before = signal.signal(signal.SIGALRM, ring)
    try:
        start = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Rang):
            core.numerical_gradient(**(call | {"threads": threads}))
        assert time.perf_counter() - start < 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_flag_raised_by_another_thread_stops_it() -> None:
    stop = np.zeros(1, np.uint8)
    timer = threading.Timer(0.1, lambda: stop.fill(1))  # runs only because the lock is released
    timer.start()
    core.numerical_gradient(**(arguments((300, 400, 400, 400, 10), n=64) | {"stop": stop, "threads": 2}))
    timer.join()


def test_python_threads_may_call_at_the_same_time() -> None:
    call = arguments((40, 30, 10), n=60)
    expected = gradients(call)
    found: list[list[NDArray[np.float64]]] = []

    def work() -> None:
        mine = arguments((40, 30, 10), n=60)
        for _ in range(20):
            found.append(gradients(mine, threads=2))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 60
    for arrays in found:
        for array, same in zip(arrays, expected, strict=True):
            np.testing.assert_array_equal(array, same)
