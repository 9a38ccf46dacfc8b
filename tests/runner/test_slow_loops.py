"""What is said of a loop that takes long: when, why, and how long the run will take."""

import sys

import pytest

from zerokara.runner import slow_loops as module
from zerokara.runner.slow_loops import SlowLoops


@pytest.fixture
def clock(monkeypatch):
    """A clock that only a test moves; all that is said is in `clock.said`."""

    class Clock:
        now = 0.0
        said: list[str]

    Clock.said = []
    monkeypatch.setattr(module.time, "monotonic", lambda: Clock.now)
    monkeypatch.setattr(module, "say", Clock.said.append)
    return Clock


def loss(W):
    return 0.0


def test_after_the_first_update_and_once(clock):
    loops = SlowLoops()
    for _i in range(100):
        for shape in ((784, 50), (50,)):
            loops.left_to_loop(loss.__code__, (shape,), "Line 7 prints.", sys._getframe())
            clock.now += 5
    line = loss.__code__.co_firstlineno
    assert clock.said == [
        f"loss (line {line}) is left to its loop: an update takes 10 s, and the 99 to come take about 16 min 30 s. "
        "Line 7 prints."
    ]


def test_a_quick_one_is_silent(clock):
    loops = SlowLoops()
    for _ in range(5):
        loops.left_to_loop(loss.__code__, ((784, 50),), "Line 7 prints.", sys._getframe())
        clock.now += 0.4
    loops.finish()
    assert clock.said == []


def test_where_nothing_counts(clock):
    loops = SlowLoops()
    loops.left_to_loop(loss.__code__, ((3,),), "", sys._getframe())
    clock.now += 3
    loops.left_to_loop(loss.__code__, ((3,),), "", sys._getframe())
    assert clock.said == [f"loss (line {loss.__code__.co_firstlineno}) is left to its loop: an update takes 3.0 s."]


def test_one_that_is_asked_for_once_is_explained_at_the_end(clock):
    loops = SlowLoops()
    loops.left_to_loop(loss.__code__, ((784, 50),), "Line 7 prints.", sys._getframe())
    loops.left_to_loop(loss.__code__, ((50,),), "Line 7 prints.", sys._getframe())
    clock.now += 11
    loops.finish()
    loops.finish()
    assert clock.said == [f"loss (line {loss.__code__.co_firstlineno}) was left to its loop. Line 7 prints."]


def test_small_or_explained_ones_are_not(clock):
    loops = SlowLoops()
    loops.left_to_loop(loss.__code__, ((784, 50),), "", sys._getframe())
    loops.left_to_loop(test_a_quick_one_is_silent.__code__, ((3,),), "Line 7 prints.", sys._getframe())
    clock.now += 11
    loops.finish()
    assert clock.said == []
