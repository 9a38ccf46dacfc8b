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

from .own_loops_written import RIGHT, WRONG

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
    (found,) = [record for record in records if record.function == "own"]
    assert (found.mistake, found.recognised) == (mistake[0], False)
    assert mistake[1] in found.remark
    assert marked(found.remark) == ""


def test_integers(ran):
    source = RIGHT["ndindex"].replace("own(f, net.params[key])", "own(f, np.ones((9, 9), int))")
    results, _, said, records = ran(source)
    assert PROVEN not in said
    (found,) = [record for record in records if record.function == "own"]
    assert found.mistake is Mistake.INTEGERS
    assert "moves an array of integers (int64): adding h = 0.0001 to one changes nothing" in found.remark
    assert not any(gradient.any() for gradient in results[0].values())
