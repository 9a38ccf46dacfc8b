"""How far a long loop is and how long it will still take, on standard error."""

import math
import sys
import time
from types import TracebackType
from typing import Literal, Self, TypedDict

from zerokara.words import language, paragraph, sentence

Moment = Literal["running", "ended", "stopped"]


class Lines(TypedDict):
    """What is said of one kind of loop, each a translatable text with the facts {done}, {total}, and {elapsed}.

    `running` has {left} too, the time that is left. More facts are given to the forecast.
    """

    running: str
    ended: str
    stopped: str


class Forecast:
    """Counts the steps of a loop; silent unless the loop will take more than a few seconds.

    On a terminal one line is kept up to date; elsewhere a line appears every 10 seconds.

    Args:
        total: how many steps there will be.
        lines: what is said.
        facts: what else the lines name.
    """

    silent_seconds = 3.0

    def __init__(self, total: int, lines: Lines, **facts: object) -> None:
        self.total, self.lines, self.facts = total, lines, facts
        self.done = 0
        self.began = time.monotonic()
        self.next_look = self.began + 0.5
        self.spoke = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.spoke:
            elapsed = time.monotonic() - self.began
            self._write("ended" if kind is None else "stopped", "\n", elapsed=duration(elapsed))

    def advance(self) -> None:
        """One step more is done."""
        self.done += 1
        now = time.monotonic()
        if now >= self.next_look:
            self._look(now)

    def _look(self, now: float) -> None:
        elapsed = now - self.began
        left = elapsed / self.done * (self.total - self.done)
        terminal = sys.stderr.isatty()
        self.next_look = now + (0.5 if terminal or not self.spoke else 10)
        if self.spoke or elapsed + left > self.silent_seconds:
            self.spoke = True
            end = "" if terminal else "\n"
            self._write("running", end, elapsed=duration(elapsed), left=duration(left))

    def _write(self, moment: Moment, end: str, **times: str) -> None:
        text = sentence(self.lines[moment], done=self.done, total=self.total, **self.facts, **times)
        if sys.stderr.isatty():
            # Cut off at the edge while it is kept up to date: a line that wraps could not be written over.
            text = f"\r\033[K{text}" if end else f"\r\033[K\033[?7l{text}\033[?7h"
        print(text, end=end, file=sys.stderr, flush=True)


UNITS = {
    "en": {"s": "{} s", "min": "{} min", "h": "{} h", "day": "{} day", "days": "{} days"},
    "ja": {"s": "{}秒", "min": "{}分", "h": "{}時間", "day": "{}日", "days": "{}日"},
    "ko": {"s": "{}초", "min": "{}분", "h": "{}시간", "day": "{}일", "days": "{}일"},
}
"""A number and its unit in each language. No sentences: a duration is a fact of them, as any number with its unit."""


def duration(seconds: float) -> str:
    """A time as people say it in the language that is spoken.

    >>> duration(0.25), duration(75), duration(3 * 3600 + 120), duration(8 * 86400)
    ('0.2 s', '1 min 15 s', '3 h 2 min', '8 days 0 h')
    """
    if seconds < 9.95 or not math.isfinite(seconds):
        return _in_units(s=f"{seconds:.1f}")
    rounded = round(seconds)
    if rounded < 60:
        return _in_units(s=rounded)
    if rounded < 3600:
        return _in_units(min=rounded // 60, s=rounded % 60)
    if rounded < 86400:
        return _in_units(h=rounded // 3600, min=rounded % 3600 // 60)
    days, hours = rounded // 86400, rounded % 86400 // 3600
    return _in_units(day=days, h=hours) if days == 1 else _in_units(days=days, h=hours)


def _in_units(**amounts: object) -> str:
    units = UNITS[language()]
    return paragraph(*(units[unit].format(amount) for unit, amount in amounts.items()))
