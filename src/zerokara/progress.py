"""How far a long loop is and how long it will still take, on standard error."""

import sys
import time
from types import TracebackType
from typing import Self


class Forecast:
    """Counts the steps of a loop; silent unless the loop will take more than a few seconds.

    On a terminal one line is kept up to date; elsewhere a line appears every 10 seconds.

    Args:
        total: how many steps there will be.
        what: what is being done, such as "numerical gradient".
        unit: what a step is, in the plural.
    """

    silent_seconds = 3.0

    def __init__(self, total: int, what: str, unit: str) -> None:
        self.total, self.what, self.unit = total, what, unit
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
            now = time.monotonic()
            ended = "done" if kind is None else "stopped"
            self._write(
                f"{self.what}: {ended} after {self.done:,} of {self.total:,} {self.unit}, {duration(now - self.began)}",
                end="\n",
            )

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
            self._write(
                f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, "
                f"{duration(elapsed)} so far, about {duration(left)} left",
                end="" if terminal else "\n",
            )

    def _write(self, text: str, end: str) -> None:
        start = "\r\033[K" if sys.stderr.isatty() else ""
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(0.25), duration(75), duration(3 * 3600 + 120), duration(8 * 86400)
    ('0.2 s', '1 min 15 s', '3 h 2 min', '8 days 0 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    if rounded < 86400:
        return f"{rounded // 3600} h {rounded % 3600 // 60} min"
    days = rounded // 86400
    return f"{days} day{'s' * (days > 1)} {rounded % 86400 // 3600} h"
