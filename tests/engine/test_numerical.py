"""What only the compiled numerical gradient has: threads, levels, signals.

Its numbers are in test_differences.py, what it refuses in test_refusals.py.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from decimal import Decimal
from types import FrameType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .exact import ACTIVATIONS as EXACT_ACTIVATIONS
from .exact import LOSSES as EXACT_LOSSES
from .exact import PI, exact_differences, with_parameters

core = pytest.importorskip("zerokara._core", reason="the compiled core was not built")

LEVELS = ["baseline", "v3", "v4"]
ACTIVATIONS: list[str] = core.capabilities()["activations"]
LOSSES: list[str] = core.capabilities()["losses"]


def central(h: float) -> dict[str, float]:
    return {"above": h, "below": -h}


def arguments(sizes: tuple[int, ...], n: int = 9, seed: int = 0) -> dict[str, Any]:
    """A call of the core for a random network and batch; half of the inputs are 0."""
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(sizes))
    x = rng.integers(0, 5, (n, sizes[0])) * (rng.random((n, sizes[0])) < 0.5) / 4.0
    return {
        "weights": [rng.normal(size=shape) / np.sqrt(shape[0]) for shape in shapes],
        "biases": [rng.normal(size=shape[1]) for shape in shapes],
        "activation": "tanh",
        "activation_parameters": None,
        "loss": "cross-entropy",
        "loss_parameters": None,
        "weight_decay": 0.0,
        "x": x,
        "targets": np.eye(sizes[-1])[rng.integers(0, sizes[-1], n)],
        **central(1e-4),
        "weight_gradients": [np.empty(shape) for shape in shapes],
        "bias_gradients": [np.empty(shape[1]) for shape in shapes],
        "stop": None,
        "threads": 1,
    }


def gradients(call: dict[str, Any], **changes: Any) -> list[NDArray[np.float64]]:
    """Copies of all gradients, after a call with some arguments changed."""
    core.numerical_gradient(**(call | changes))
    return [array.copy() for array in call["weight_gradients"] + call["bias_gradients"]]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
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
    for activation, loss in itertools.product(ACTIVATIONS, LOSSES):
        h = (1e-4, 0.05, 2.0)[(len(activation) + len(loss)) % 3]
        call = arguments(sizes) | {"activation": activation, "loss": loss} | central(h)
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


CLOSED = ["sigmoid", "relu", "tanh", "leaky-relu"]
"""Those of which the core forms differences without rounding two values."""


TRAINED: dict[str, tuple[Decimal, ...]] = {
    "leaky-relu": (Decimal("0.01"),),
    "gelu": ((2 / PI).sqrt(), Decimal("0.044715")),
    "textbook": (Decimal("1e-7"),),
}
"""The parameters of formulas that training has."""


def exact_gradients(call: dict[str, Any]) -> list[NDArray[np.float64]]:
    """What the call should find, of all weights and then of all biases."""
    activation, loss = (
        with_parameters(table[call[name]], TRAINED.get(call[name], ()))
        for name, table in (("activation", EXACT_ACTIVATIONS), ("loss", EXACT_LOSSES))
    )
    arrays = (call[name] for name in ("weights", "biases"))
    return exact_differences(*arrays, activation, loss, *(call[n] for n in ("x", "targets", "above", "below")))


def moved_by(shift: float, layers: int) -> dict[str, Any]:
    """A call in which h · x reaches from h to `shift`; scores move as far as their units, some against each other."""
    x = shift * 2**13
    weights = np.array([[0.7, -0.2, 0.4], [0.3, 0.5, -0.6], [0.1, -0.2, 0.3]]) / [[x], [x], [3]]
    last = np.array([[1.0, -1.0, 0.25], [-0.5, 1.0, -1.0]])
    call = arguments((3, 2, 3) if layers == 2 else (3, 3), n=1)
    call["weights"] = [weights[:, :2].copy(), last] if layers == 2 else [weights]
    call["biases"] = [np.array([0.2, 0.1])] * (layers - 1) + [np.array([3.0, 0.0, 0.5])]
    return call | {"x": np.array([[x, -x, 3.0]]), "targets": np.array([[0.0, 1.0, 0.0]])} | central(2.0**-13)


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
@pytest.mark.parametrize("activation", CLOSED)
@pytest.mark.parametrize("layers", [1, 2])
def test_series_are_exact_to_double_precision_up_to_their_bounds(layers: int, activation: str, loss: str) -> None:
    """Short series reach 1/128, long ones 1/4. Squared errors p - t themselves cancel, which costs a digit."""
    close = 1e-14 if loss == "squared" else 2e-15
    for shift, times in ((2**-8, 1), (2**-8, 8), (2**-7, 1), (2**-7 + 2**-30, 1), (2**-2, 1)):
        call = moved_by(shift, layers) | {"activation": activation, "loss": loss}
        if layers == 2 and loss != "squared":
            call["weights"][1] *= times  # scores then move farther than their unit, and more of them cancels
        for found, exact in zip(gradients(call), exact_gradients(call), strict=True):
            np.testing.assert_allclose(found, exact, rtol=0, atol=times * close * abs(exact).max(), err_msg=str(shift))


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
@pytest.mark.parametrize("activation", [*CLOSED, "gelu"])
@pytest.mark.parametrize("layers", [1, 2])
def test_beyond_the_series_only_the_rounding_of_two_losses_is_left(layers: int, activation: str, loss: str) -> None:
    for shift in (2**-2 + 2**-30, 0.45, 30.0):
        call = moved_by(shift, layers) | {"activation": activation, "loss": loss}
        if shift == 0.45:
            call["x"] = -abs(call["x"])  # no input is large, but for its sign
        rounding = 4 * np.finfo(float).eps * (3 + shift) / (2 * call["above"])
        for found, exact in zip(gradients(call), exact_gradients(call), strict=True):
            np.testing.assert_allclose(found, exact, rtol=1e-14, atol=rounding, err_msg=str(shift))


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
def test_gelu_is_as_exact_until_its_sigmoid_moves_too_far(loss: str) -> None:
    """That moves by 1.6 times as much, or more; beyond 1/4 the rounding of two activations is left."""
    for shift in (2**-8, 2**-7 + 2**-30, 0.14, 2**-2):
        call = moved_by(shift, layers=2) | {"activation": "gelu", "loss": loss}
        rounding = 1e-14 if shift < 0.2 else 4 * np.finfo(float).eps / (2 * call["above"])
        for found, exact in zip(gradients(call), exact_gradients(call), strict=True):
            np.testing.assert_allclose(found, exact, rtol=1e-14, atol=rounding, err_msg=str(shift))


@pytest.mark.parametrize("slope", [1.0, 0.01])
@pytest.mark.parametrize(("bias", "step"), [(3e-5, 1e-4), (-3e-5, 1e-4), (0.0, 1e-4), (5.0, 9.0), (-5.0, 9.0)])
def test_a_leak_is_found_to_the_last_digits_on_both_sides_of_its_kink(slope: float, bias: float, step: float) -> None:
    """One unit at `bias` with input 1, whose output is the only score that moves: by φ(b + h) and φ(b - h)."""
    call = arguments((1, 1, 2), n=1) | {"activation": "leaky-relu"} | central(step)
    call |= {"weights": [np.zeros((1, 1)), np.array([[slope, 0.0]])], "biases": [np.array([bias]), np.zeros(2)]}
    call |= {"x": np.ones((1, 1)), "targets": np.array([[0.0, 1.0]])}
    for found, exact in zip(gradients(call), exact_gradients(call), strict=True):
        np.testing.assert_allclose(found, exact, rtol=4e-15, atol=0)


@pytest.mark.parametrize("points", [(1e-4, -1e-4), (0.5, -0.5), (0.5, 0.0), (-0.1, -0.2)])
@pytest.mark.parametrize("sizes", [(6, 3), (6, 4, 3)])
def test_weight_decay_adds_its_own_difference(sizes: tuple[int, ...], points: tuple[float, float]) -> None:
    """Of ½ λ w² it is λ w between the points, for central ones whatever h; the loss gets ½ λ Σ w²; no bias decays."""
    call = arguments(sizes) | dict(zip(("above", "below"), points, strict=True))
    plain, loss = gradients(call), core.numerical_gradient(**call)
    decayed, with_penalty = gradients(call, weight_decay=0.3), core.numerical_gradient(**(call | {"weight_decay": 0.3}))
    expected = [0.3 * (w + sum(points) / 2) for w in call["weights"]] + [0 * b for b in call["biases"]]
    for before, after, difference in zip(plain, decayed, expected, strict=True):
        np.testing.assert_allclose(after - before, difference, rtol=0, atol=1e-15)
    assert with_penalty - loss == pytest.approx(0.15 * sum((w**2).sum() for w in call["weights"]), rel=1e-13)


def test_a_penalty_that_is_not_finite_gives_no_gradient() -> None:
    call = arguments((5, 4, 3))
    call["weights"][0][0, 0] = 1e200
    call["x"][:, 0] = 0
    assert np.isfinite(gradients(call)[0]).all()
    assert all(np.isnan(array).all() for array in gradients(call, weight_decay=0.1))


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "changes",
    [
        lambda c: {"x": c["x"].astype(np.float32)},
        lambda c: {"x": np.asfortranarray(c["x"])},
        lambda c: {"weight_gradients": [a.T for a in c["weight_gradients"]]},
        lambda c: {"bias_gradients": [read_only(a) for a in c["bias_gradients"]]},
    ],
)
def test_arrays_of_another_kind_are_not_copied_but_refused(changes: Any) -> None:
    call = arguments((5, 4, 3))
    with pytest.raises(TypeError, match="incompatible function arguments"):
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
