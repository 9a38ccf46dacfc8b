"""A learner's own numerical gradients, answered without their loop; the loop itself is the witness."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara import recognise
from zerokara.recognise import recogniser
from zerokara.recognise.record import Mistake
from zerokara.runner.own_loops import with_questions

from .own_loops_written import CALLS, METHOD, RIGHT, WRONG

PROVEN = "is proven to be the"


@pytest.fixture
def ran(textbook: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """ran(source, mode): what `run` returns, what it leaves, and what was said."""
    count = 0

    def ran(source: str, mode: str = "on", updates: int = 1) -> Any:
        nonlocal count
        count += 1
        path = tmp_path / f"own{count}.py"
        path.write_text(textbook + source, encoding="utf-8")
        names: dict[str, Any] = {"__name__": "learner"}
        exec(with_questions(compile(path.read_text(), str(path), "exec", dont_inherit=True), path.read_text()), names)
        rng = np.random.default_rng(7)
        net = names["Net"](rng)
        x, t = rng.random((10, 20)), np.eye(3)[rng.integers(0, 3, 10)]
        capfd.readouterr()
        with recognise.mode(mode):
            results = [names["run"](net, x, t) for _ in range(updates)]
            records = list(recogniser.current.records)
        left = [value.tobytes() for value in (*net.params.values(), x, t)]
        return results, left, capfd.readouterr().err, records

    return ran


def assert_alike(fast: Any, slow: Any) -> None:
    assert type(fast) is type(slow)
    if isinstance(fast, dict):
        assert list(fast) == list(slow)
        fast, slow = list(fast.values()), list(slow.values())
    if isinstance(fast, list | tuple):
        assert len(fast) == len(slow)
        for one, other in zip(fast, slow, strict=True):
            assert_alike(one, other)
    elif isinstance(fast, np.ndarray):
        assert fast.dtype == slow.dtype
        assert fast.shape == slow.shape
        assert fast.strides == slow.strides
        np.testing.assert_allclose(fast, slow, rtol=1e-8, atol=1e-10)
    else:
        assert fast == slow


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_answered(ran, source):
    fast, left, said, records = ran(source, updates=2)
    assert PROVEN in said, (said, list(records))
    slow, expected, silence, _ = ran(source, "off", updates=2)
    assert silence == ""
    assert_alike(fast, slow)
    assert left == expected


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG.keys())
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore:.*:DeprecationWarning")
def test_what_is_something_else_is_left_to_itself(ran, source):
    np.random.seed(1)
    try:
        fast, left, said, records = ran(source)
    except Exception as error:
        fast, left, said, records = repr(error), None, "", []
    np.random.seed(1)
    try:
        slow, expected, _, _ = ran(source, "off")
    except Exception as error:
        slow, expected = repr(error), None
    assert PROVEN not in said
    np.testing.assert_equal(fast, slow)
    assert left == expected
    assert not any(record.recognised and record.function == "own" for record in records)


REASONS = {
    "skips the last": ("does not move every element", ""),
    "h by the size of x": ("calls abs, and may do more than compute.", "abs(before)"),
    "zeros otherwise": ("depends on the size of numbers, or of arrays.", "if before == 0:"),
    "rounds": ("calls round, and may do more than compute.", "round("),
    "state in a default": ("calls seen.append, and may do more than compute.", "seen.append"),
    "a global number": ("writes to names that are not its own", ""),
    "an attribute of f": ("keeps something beyond the call.", "f.count = 1"),
    "large ones otherwise": ("depends on the size of numbers, or of arrays.", "x.size < 100"),
    "prints": ("calls print, and may do more than compute.", "print("),
    "a float32 result": ("computes in another class of numbers than float64.", "np.float32"),
    "catches": ("holds something that only running it can tell.", "try:"),
}


@pytest.mark.parametrize(("name", "reason"), REASONS.items(), ids=REASONS.keys())
def test_the_line_that_does_not_fit_is_named(ran, marked, textbook, name, reason):
    *_, records = ran(WRONG[name])
    (found,) = [record.reason for record in records if record.function == "own"]
    assert reason[0] in found
    assert marked(found) == ""
    if reason[1]:
        line = int(re.search(r"[Ll]ine (\d+)", found)[1])
        assert reason[1] in (textbook + WRONG[name]).splitlines()[line - 1]


MISTAKES = {
    "a wrong divisor": (
        Mistake.WRONG_DIVISOR,
        "divides by 0.0001, but its two points are 0.0002 apart: every number is 2 times",
    ),
    "forward over 2h": (
        Mistake.WRONG_DIVISOR,
        "divides by 0.0002, but its two points are 0.0001 apart: every number is 0.5 times",
    ),
    "an h that is lost": (
        Mistake.LOST_STEP,
        "h = 1e-50 is lost beside x, for x + h is x again: the gradient is 0 there.",
    ),
    "leaves x moved": (Mistake.NOT_RESTORED, "does not put each element back before it moves the next"),
    "updates as it goes": (Mistake.NOT_RESTORED, "does not put each element back before it moves the next"),
}


@pytest.mark.parametrize(("name", "mistake"), MISTAKES.items(), ids=MISTAKES.keys())
def test_a_mistake_is_named(ran, marked, name, mistake):
    *_, records = ran(WRONG[name])
    (found,) = [record for record in records if record.remark]
    assert found.function == "own"
    assert (found.mistake, found.recognised) == (mistake[0], False)
    assert mistake[1] in found.remark
    assert marked(found.remark) == ""


def test_integers(ran):
    source = RIGHT["ndindex"].replace("own(f, net.params[key])", "own(f, np.ones((9, 9), int))")
    results, _, said, records = ran(source)
    assert PROVEN not in said
    (found,) = [record for record in records if record.function == "own"]
    assert found.mistake is Mistake.INTEGERS
    assert "Remark: own moves an array of integers (int64): x + h is cut to an integer again" in found.remark
    assert not any(gradient.any() for gradient in results[0].values())


@pytest.mark.slow
@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT.keys())
def test_verify_runs_the_loop_and_compares(ran, source):
    found, left, said, _ = ran(source, "verify")
    slow, expected, _, _ = ran(source, "off")
    assert "Verified: all" in said
    np.testing.assert_equal(found, slow)
    assert left == expected


STATE = {
    "a counter": """
class Mine(Net):
    def __init__(self, net):
        self.params, self.calls = net.params, 0
    def loss(self, x, t):
        self.calls += 1
        return super().loss(x, t)

def run(net, x, t):
    mine = Mine(net)
    return own(mine, x, t), mine.calls
""",
    "a counter of a file": """
calls = 0
class Mine(Net):
    def __init__(self, net):
        self.params = net.params
    def loss(self, x, t):
        global calls
        calls += 1
        return super().loss(x, t)

def run(net, x, t):
    grads = own(Mine(net), x, t)
    return grads, calls
""",
    "a cache": """
class Mine(Net):
    def __init__(self, net):
        self.params = net.params
    def predict(self, x):
        self.y = super().predict(x)
        return self.y

def run(net, x, t):
    mine = Mine(net)
    return own(mine, x, t), mine.y.tobytes()
""",
    "a list of values": """
class Mine(Net):
    def __init__(self, net):
        self.params, self.seen = net.params, []
    def loss(self, x, t):
        self.seen.append(1)
        return super().loss(x, t)

def run(net, x, t):
    mine = Mine(net)
    return own(mine, x, t), len(mine.seen)
""",
    "weights that change each time": """
class Mine(Net):
    def __init__(self, net):
        self.params = net.params
    def loss(self, x, t):
        self.params['b2'] = self.params['b2'] + 0.001
        return super().loss(x, t)

def run(net, x, t):
    return own(Mine(net), x, t)
""",
}
LOOPS = {name: RIGHT[name].replace(METHOD, "") for name in ("all of a network", "the loss, too")}
FORWARD_LOOP = RIGHT["all of it by items, forward"].replace(METHOD, "")


@pytest.mark.parametrize("loop", [*LOOPS.values(), FORWARD_LOOP], ids=["central", "with f(x)", "forward"])
@pytest.mark.parametrize("source", STATE.values(), ids=STATE.keys())
@pytest.mark.parametrize("mode", ["on", pytest.param("verify", marks=pytest.mark.slow)])
def test_the_function_is_left_as_by_the_loop(ran, loop, source, mode):
    fast, left, _, _ = ran(loop + source, mode, updates=2)
    slow, expected, _, _ = ran(loop + source, "off", updates=2)
    assert_alike(fast, slow)
    assert left == expected


def test_a_loss_that_writes_what_the_loop_reads(ran):
    source = RIGHT["a method"].replace(
        "class Mine(Net):\n    h = 1e-4",
        """class Mine(Net):
    h = 1e-3
    def loss(self, x, t):
        self.h = 1e-4
        return super().loss(x, t)
""",
    )
    fast, left, said, _ = ran(source)
    slow, expected, _, _ = ran(source, "off")
    assert PROVEN not in said
    np.testing.assert_equal(fast, slow)
    assert left == expected


ARRAYS = {
    "float32": "net.params['W1'].astype(np.float32)",
    "Fortran's order": "np.asfortranarray(net.params['W1'])",
    "a transposed view": "net.params['W1'].T.copy().T",
    "every second row": "np.repeat(net.params['W1'], 2, axis=0)[::2]",
    "a subclass": "np.ma.masked_array(net.params['W1'])",
    "a matrix": "net.params['W1'].view(np.matrix)",
    "not native": "net.params['W1'].astype('>f8')",
    "with nan": "np.where(net.params['W1'] > 0.5, np.nan, net.params['W1'])",
    "with infinity": "np.where(net.params['W1'] > 0.5, np.inf, net.params['W1'])",
    "saturated": "1e6 * net.params['W1']",
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS.keys())
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", ["the textbook's", "reshape(-1)", "copies", "plus, minus, plus"])
def test_other_arrays_are_left_to_the_loop(ran, array, name):
    source = (
        RIGHT[name].split("\ndef run")[0]
        + f"""
def run(net, x, t):
    net.params['W1'] = {array}
    def loss(W):
        z = sigmoid(np.dot(x, W) + net.params['b1'])
        return cross_entropy_error(softmax(np.dot(z, net.params['W2']) + net.params['b2']), t)
    try:
        return own(loss, net.params['W1'])
    except Exception as error:
        return repr(error)
"""
    )
    fast, left, said, _ = ran(source)
    slow, expected, _, _ = ran(source, "off")
    assert PROVEN not in said
    np.testing.assert_equal(fast, slow)
    assert left == expected


SHARED = {
    "the inputs are filled": "own(f, net.params['W1'], x[:7].reshape(20, 7)[:20])",
    "the array itself is filled": "own(f, net.params['W1'], net.params['W1'])",
    "a view of it is filled": "own(f, net.params['W1'], net.params['W1'][:])",
    "half of it is filled": "own(f, net.params['W1'][:10], net.params['W1'][10:])",
}


@pytest.mark.parametrize("call", SHARED.values(), ids=SHARED.keys())
def test_a_gradient_in_the_memory_of_something_else(ran, call):
    source = (
        RIGHT["filled"].split("\ndef run")[0]
        + f"""
def run(net, x, t):
    x = np.random.default_rng(3).random(200)[:140].reshape(7, 20) if 'x[' in {call!r} else x
    t = np.eye(3)[np.arange(len(x)) % 3]
    f = lambda W: net.loss(x, t)
    return {call.replace("x[:7].reshape(20, 7)[:20]", "x.reshape(20, 7)")}, x
"""
    )
    fast, left, said, _ = ran(source)
    slow, expected, _, _ = ran(source, "off")
    assert PROVEN not in said
    np.testing.assert_equal(fast, slow)
    assert left == expected


def test_an_h_that_changes(ran):
    source = RIGHT["a global h"].replace(
        CALLS,
        """
def run(net, x, t):
    global eps
    found = []
    for eps in (1e-4, 1e-2, 1e-4, 1e-3):
        found.append(own(lambda W: net.loss(x, t), net.params['W1']))
    return found
""",
    )
    fast, _, said, _ = ran(source)
    slow, _, _, _ = ran(source, "off")
    assert PROVEN in said
    assert_alike(fast, slow)
    assert np.abs(fast[0][0] - fast[0][1]).max() > 1e-9


def test_a_negative_zero_that_copies_lose(ran):
    source = RIGHT["unit vectors"].replace(
        "def run(net, x, t):", "def run(net, x, t):\n    net.params['W1'][3, 3] = -0.0"
    )
    fast, _, said, _ = ran(source)
    slow, _, _, _ = ran(source, "off")
    assert PROVEN not in said
    np.testing.assert_equal(fast, slow)
