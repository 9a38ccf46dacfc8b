"""What is said of a numerical gradient that is left to its loop and is slow: how long the whole run will take, and why.

It is said after the first update, when that has taken more than two seconds: when the same function is asked for the
gradient of an array of the same shape again. Where the counting loops around it then stand says how many are left.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from types import CodeType, FrameType

from zerokara.progress import duration
from zerokara.say import say
from zerokara.sources.loops import Turn, turn_of
from zerokara.words import paragraph, sentence

Shapes = tuple[tuple[int, ...], ...]

SLOW = 2.0
"""Seconds of an update that nobody minds."""

MANY = 1_000
"""Elements from which on a gradient that was asked for once may have taken long."""


@dataclass(frozen=True)
class _Update:
    """The first gradient of an update: when it began, in which turn of the loops around it, and why it has a loop."""

    began: float
    turn: Turn | None
    reason: str
    size: int


@dataclass
class SlowLoops:
    """The gradients of one run that were left to a loop.

    Attributes:
        updates: by the function's code and the shapes of its arrays, the first of each.
        timed: the functions of which it is known how long an update takes.
    """

    updates: dict[tuple[CodeType, Shapes], _Update] = field(default_factory=dict)
    timed: set[CodeType] = field(default_factory=set)

    def left_to_loop(self, code: CodeType, shapes: Shapes, reason: str, caller: FrameType) -> None:
        """A loop begins; once it is known how long an update takes, say it if that is long.

        Args:
            code: of the function whose loop it is, or of the function that it differentiates.
            shapes: of x, or of all arrays that it is called with.
            reason: why it is left to its loop, in whole sentences; empty where that was said already.
            caller: the frame that asks for the gradient.
        """
        if code in self.timed:
            return
        now = time.monotonic()
        update = self.updates.get((code, shapes))
        if update is None:
            self.updates[code, shapes] = _Update(now, turn_of(caller), reason, max(map(math.prod, shapes), default=0))
            return
        self.timed.add(code)
        if now - update.began > SLOW:
            self._say(code, update, now - update.began, turn_of(caller))

    def finish(self) -> None:
        """At the end of a run: why gradients that were asked for once, and may have taken long, had a loop."""
        for (code, _), update in self.updates.items():
            may_be_slow = update.size >= MANY and time.monotonic() - update.began > SLOW
            if may_be_slow and update.reason and code not in self.timed:
                self.timed.add(code)
                name, line = code.co_qualname, code.co_firstlineno
                text = sentence("{name} (line {line}) was left to its loop.", name=name, line=line)
                say(paragraph(text, update.reason))
        self.updates.clear()
        self.timed.clear()

    def _say(self, code: CodeType, update: _Update, seconds: float, turn: Turn | None) -> None:
        name, line, each = code.co_qualname, code.co_firstlineno, duration(seconds)
        left = _updates_left(update.turn, turn)
        if left:
            text = sentence(
                "{name} (line {line}) is left to its loop: an update takes {each}, and the {left:,} to come take about "
                "{time}.",
                name=name,
                line=line,
                each=each,
                left=left,
                time=duration(left * seconds),
            )
        else:
            text = sentence(
                "{name} (line {line}) is left to its loop: an update takes {each}.", name=name, line=line, each=each
            )
        say(paragraph(text, update.reason) if update.reason else text)


def _updates_left(first: Turn | None, second: Turn | None) -> int:
    """How many updates are to come when the second begins; 0 where the turns do not say."""
    if first is None or second is None or first.total != second.total or second.done <= first.done:
        return 0
    return (second.total - second.done) // (second.done - first.done)


slow_loops = SlowLoops()
