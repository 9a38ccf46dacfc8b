"""Random learners' programs, and the textbook's network at its full size, with and without acceleration."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from zerokara.nn.numerical import numerical_gradient
from zerokara.recognise import accelerated

PROGRAMS = Path(__file__).parents[2] / "benchmarks" / "programs.py"


@pytest.fixture(scope="module")
def programs():
    spec = importlib.util.spec_from_file_location("programs", PROGRAMS)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PROGRAMS.parent)
        patch.setitem(importlib.sys.modules, "programs", module)
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize(
    "count", [6, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(600)])], ids=["few", "many"]
)
def test_no_random_program_shows_a_difference(programs, count, tmp_path):
    found = programs.tried(count, seed=2026, folder=tmp_path)
    print(f"{count} programs, {found.gradients} gradients, {found.recognised} of them without the loop")
    assert not found.failures
    assert found.recognised > 0.1 * found.gradients


def test_a_wrong_gradient_would_be_noticed(programs, tmp_path, monkeypatch):
    """A millionth too much, in one element."""
    real = programs.accelerated

    def wrong(f, x, h):
        gradient = real(f, x, h)
        if gradient is not None:
            gradient.flat[np.abs(gradient).argmax()] *= 1 + 1e-6
        return gradient

    monkeypatch.setattr(programs, "accelerated", wrong)
    failures = programs.tried(6, seed=2026, folder=tmp_path).failures
    assert failures
    assert any("where rounding explains" in text for _, texts in failures for text in texts)


def test_an_answer_to_every_loop_of_the_learners_own_would_be_noticed(programs, tmp_path, monkeypatch):
    """One that takes each for the textbook's: its order, its formula, its way to put x back."""

    def answer(call):
        f, x, *_ = call.arguments.values()
        return numerical_gradient(f, x, h=program.h)

    monkeypatch.setattr(programs, "own_loop_result", answer)
    rng = np.random.default_rng(2026)
    kinds = ("in place", "forward", "backward")
    noticed = set()
    for _ in range(2000):
        program = programs.random_program(rng)
        moves = program.forms.get("moves")
        if moves in {*kinds} - noticed and program.own == "an array" and program.h >= 1e-4:
            found, _, _ = programs.differences(program, tmp_path)
            noticed |= {moves} if found else set()
        if noticed == {*kinds}:
            return
    pytest.fail(f"of {kinds} only {noticed}")


CASES = {
    "the textbook's own": "",
    "ReLU": "activation = relu\n",
    "nothing in the logarithm": """
def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y)) / len(t)
""",
}


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", CASES.values(), ids=CASES.keys())
def test_all_39760_weights_of_an_update_on_mnist(learner, source):
    import zerokara

    mnist = zerokara.load("mnist")
    names = learner(source)
    net = names.Net(np.random.default_rng(0), (784, 50, 10))
    rows = np.random.default_rng(1).choice(60_000, 100)
    f = names.loss_of(net, mnist.train.x[rows], np.eye(10)[mnist.train.t[rows]])
    for parameter in net.params.values():
        fast = accelerated(f, parameter)
        assert fast is not None
        np.testing.assert_allclose(fast, numerical_gradient(f, parameter), rtol=1e-8, atol=3e-10)
