"""A long loop says how long it will take; a short one says nothing. Time is a fake here."""

import numpy as np
import pytest

from zerokara import progress
from zerokara.nn import numerical_gradient
from zerokara.nn.check import CHECKED_LAYER
from zerokara.progress import UNITS, Forecast, Lines, duration
from zerokara.words import LANGUAGES, set_language


class Clock:
    """monotonic() of a world in which nothing takes time unless it says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


WORK = Lines(
    running="{name}: {done} of {total} steps, {elapsed} so far, about {left} left",
    ended="{name}: done after {done} of {total} steps, {elapsed}",
    stopped="{name}: stopped after {done} of {total} steps, {elapsed}",
)


def slow(clock, seconds):
    def f(x):
        clock.now += seconds / 2  # two calls per element
        return 0.0

    return f


def test_a_short_loop_is_silent(clock, capfd):
    numerical_gradient(slow(clock, 0.002), np.zeros(1000))
    assert capfd.readouterr() == ("", "")


def test_a_long_loop_forecasts_on_standard_error(clock, capfd):
    numerical_gradient(slow(clock, 0.125), np.zeros(480))
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "numerical gradient: 4 of 480 elements, 0.5 s so far, about 1 min 0 s left"  # 59.5 s
    assert lines[-1] == "numerical gradient: done after 480 of 480 elements, 1 min 0 s"
    assert 6 <= len(lines) <= 9, "one line each ten seconds where standard error is no terminal"


def test_no_element_needs_to_end_early(clock, capfd):
    """Even a single step that takes a minute is spoken of."""
    numerical_gradient(slow(clock, 60), np.zeros(2))
    assert "1 of 2 elements, 1 min 0 s so far, about 1 min 0 s left" in capfd.readouterr().err


def test_an_interrupted_loop_says_so(clock, capfd):
    x = np.zeros(600)

    def f(x):
        clock.now += 1
        if clock.now > 1020:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        numerical_gradient(f, x)
    assert capfd.readouterr().err.splitlines()[-1].startswith("numerical gradient: stopped after 10 of 600 elements")


def test_on_a_terminal_one_line_is_kept_up_to_date(clock, capfd, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Forecast(100, WORK, name="sorting") as progress:
        for _ in range(100):
            clock.now += 0.25
            progress.advance()
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert err.count("\r\033[K") == 51
    assert "\r\033[K\033[?7lsorting: 52 of 100 steps, 13 s so far, about 12 s left\033[?7h\r" in err
    assert err.endswith("\r\033[Ksorting: done after 100 of 100 steps, 25 s\n")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"), (86399, "23 h 59 min"), (86400, "1 day 0 h"), (8 * 86400 + 3601, "8 days 1 h"),
        (float("inf"), "inf s"), (float("nan"), "nan s"),
    ],
)  # fmt: skip
def test_duration(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ["0.2秒", "59秒", "1分15秒", "3時間2分", "1日0時間", "8日1時間"]),
        ("ko", ["0.2초", "59초", "1분 15초", "3시간 2분", "1일 0시간", "8일 1시간"]),
    ],
)
def test_duration_in_the_language_that_is_spoken(language, words):
    set_language(language)
    try:
        assert [duration(s) for s in (0.25, 59.4, 75, 3 * 3600 + 120, 86400, 8 * 86400 + 3601)] == words
    finally:
        set_language("en")


def test_every_language_has_every_unit():
    assert {language: set(units) for language, units in UNITS.items()} == {name: set(UNITS["en"]) for name in LANGUAGES}


def test_every_line_is_one_sentence(clock, capfd, marked):
    numerical_gradient(slow(clock, 0.125), np.zeros(480))
    progress = Forecast(5, CHECKED_LAYER, layer=2)
    clock.now += 100
    progress.advance()
    progress.__exit__(KeyboardInterrupt, None, None)
    lines = capfd.readouterr().err.splitlines()
    assert [marked(line) for line in lines] == [""] * len(lines)
    assert lines[-3] == "⟦numerical gradient: done after 480 of 480 elements, 1 min 0 s⟧"
    assert lines[-1] == "⟦gradient check, layer 2: stopped after 1 of 5 rows, 1 min 40 s⟧"
