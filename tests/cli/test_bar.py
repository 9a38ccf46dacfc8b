"""The bar while a network trains, on a terminal of 60 columns."""

import io
import re
from collections.abc import Iterator

import pytest

from zerokara import words
from zerokara.cells import width
from zerokara.cli.bar import Bar
from zerokara.words import LANGUAGES


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "20")
    yield Terminal()
    words.set_language("en")


def frames(terminal: Terminal) -> list[str]:
    """What was drawn, one frame after the other; a frame that was broken into lines would be two."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    return [frame for frame in re.split(r"[\r\n]+", text) if frame.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("total", "speed"), [(1500, 30.0), (10_000, 8_123.4), (5_000_000, 123_456.7)])
def test_it_fits_and_shows_all_of_it(terminal: Terminal, language: str, total: int, speed: float) -> None:
    words.set_language(language)
    bar = Bar(terminal, 0, total)
    for part in (0.0, 0.001, 0.5, 0.999):
        bar.advance(int(part * total), speed, 0.123456)
        bar.draw()
    bar.stop()
    drawn = frames(terminal)
    assert len(drawn) >= 4
    for frame in drawn:
        assert width(frame) <= 60, frame
        assert "…" not in frame, "something was cut off"
    assert f"{speed:,.0f}" in drawn[-1]
    assert "0.1235" in drawn[-1]
    assert "100%" in drawn[-1]
    assert all("━" in frame for frame in drawn), "there is a bar"


def test_the_first_frame_says_nothing_of_a_loss(terminal: Terminal) -> None:
    Bar(terminal, 0, 100).stop()
    assert frames(terminal)
    assert "nan" not in terminal.getvalue()
    assert "loss" not in terminal.getvalue()


def test_a_wide_terminal_is_told_how_many_updates_are_done(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    bar = Bar(terminal, 0, 1000)
    bar.advance(250, 10.0, 2.0)
    bar.draw()
    bar.stop()
    assert " 250/1000 10 updates/s, loss 2.000" in frames(terminal)[-1]


def test_a_loss_that_is_not_finite_is_said_and_an_immense_one_is_short(terminal: Terminal) -> None:
    bar = Bar(terminal, 0, 1000)
    for loss in (1.5e30, float("nan")):
        bar.advance(250, 10.0, loss)
        bar.draw()
    bar.stop()
    assert "loss 1.500e+30" in terminal.getvalue()
    assert "loss nan" in terminal.getvalue()
