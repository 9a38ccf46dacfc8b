"""A learner's own numerical gradients, answered without their loop; the loop itself is the witness."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara import recognise
from zerokara.recognise import recogniser
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
    assert PROVEN in said, (said, [r for r in records])
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
