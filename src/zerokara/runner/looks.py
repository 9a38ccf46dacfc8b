"""Looks at a learner's training in the learner's own thread, between two of its updates, for a lab that shows it.

Loops that train (`training_turns`) begin each turn with a statement that asks whether a look is due
(`sources.instrumentation.Turns`). A thread of ours says when: the looking itself is all done in the thread that trains,
which alone knows that no update is half done. With no lab open nothing is ever due.

    with looks.opened(lab):
        …  # the learner's file; lab.look(names) is called by its loops
        looks.last(vars(main))
        looks.end(findings, status, error)
"""

from __future__ import annotations

import _thread
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

from zerokara.findings import Findings
from zerokara.runner.frame_names import CO_OPTIMIZED, names_of, nearest_of_learner
from zerokara.runner.noted_calls import noted_calls
from zerokara.runner.undisturbed import signals_kept, undisturbed
from zerokara.sources.turns import Due, Turns

logger = logging.getLogger(__name__)

Names = Mapping[str, Any]


class OwnLab(Protocol):
    """What shows a learner's own training, as `zerokara.lab`'s does."""

    @property
    def views(self) -> Sequence[Any]:
        """Who looks on now."""

    def look(self, names: Names, *, last: bool) -> None:
        """Copy what is to be shown; called in the thread that trains, between two updates.

        Args:
            names: the learner's, those of the function that trains over those of its module. Nothing of it is kept.
            last: whether the training has ended, so that what is shown stays.
        """

    def end(self, findings: Findings, status: int, error: BaseException | None) -> None:
        """The file, or cell, has ended.

        Args:
            findings: what was found about the training.
            status: that the process will end with: 0, 1 after an error, 130 after Ctrl-C.
            error: what it ended with.
        """


@dataclass(frozen=True)
class Pacing:
    """How long a training has to itself between two looks, in seconds.

    Attributes:
        share: of all time, what the looks may take.
        ahead: what they may have taken beyond it at any time: the first of them finds out which network it is, and a
            training of a few seconds shall not be over before the second.
        shortest: from the beginning of one look to that of the next.
        unwatched: the same, while nobody looks on.
        other_thread: for how long a training is followed before that of another thread is.
    """

    share: float = 0.03
    ahead: float = 0.15
    shortest: float = 0.25
    unwatched: float = 0.5
    other_thread: float = 2.0

    def left(self, before: float, since: float, took: float) -> float:
        """What looks may take after one more; before it, and some time ago, they could take that much."""
        return min(self.ahead, before + self.share * since) - (1 - self.share) * took

    def rest(self, left: float, took: float, watched: bool) -> float:
        """How long the next look waits after one that took so long."""
        between = self.shortest if watched else self.unwatched
        return max(-left / self.share, between - took, 0.0)


@dataclass(eq=False)
class _Looking:
    """One lab that is open, and the thread that says when it looks.

    Attributes:
        thread: the identity of the one that was looked at last; at: when. in_function: whether its loop stood in one;
            ended: whether it had ended.
        left: what looks may take, by their share of the time so far; rest: how long the next one waits.
        closed: tells the thread to end; looked: that there is a new time.
    """

    lab: OwnLab
    due: Due
    pacing: Pacing
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    thread: int = 0
    at: float = -math.inf
    in_function: bool = False
    ended: bool = False
    left: float = math.inf
    rest: float = 0.0
    closed: bool = False
    looked: threading.Event = field(default_factory=threading.Event)

    def say_when(self) -> None:
        """Let a look be due whenever the last one is long enough ago."""
        while not self.closed:
            self.looked.wait()
            self.looked.clear()
            self.sleep(self.rest)  # it is short, and nothing waits for its end
            if not self.closed:
                self.due[:] = [None]

    def is_for(self, thread: int) -> bool:
        """Whether this thread is looked at: the one that was, as long as it trains."""
        return thread == self.thread or self.clock() - self.at > self.pacing.other_thread

    def may_see_end(self) -> bool:
        """Whether a look that is not due can be afforded: of a loop that ends often, not each time."""
        return self.pacing.left(self.left, self.clock() - self.at, 0.0) >= 0

    def turn(self, frame: FrameType, more: Names, ended: bool) -> None:
        """Look at the names of a loop's frame, and at more over them."""
        self.thread, self.ended = threading.get_ident(), ended
        self.in_function = bool(frame.f_code.co_flags & CO_OPTIMIZED)
        self.look(names_of(frame) | dict(more), last=ended)

    def look(self, names: Names, *, last: bool) -> None:
        """Look, and rest."""
        began = self.clock()
        try:
            with undisturbed():
                self.lab.look(names, last=last)
        except BaseException:  # whatever goes wrong in here, the training does not need it
            logger.info("a look at a training failed", exc_info=True)
        finally:
            now = self.clock()
            took = now - began
            self.left = self.pacing.left(self.left, began - self.at, took)
            self.at, self.rest = now, self.pacing.rest(self.left, took, watched=bool(self.lab.views))
            self.looked.set()


class Looks:
    """The looks of this process: at most one lab is open.

    Attributes:
        wanted: whether loops that are compiled from now on may be looked at.
        turns: what these do at the beginning of each turn.
    """

    def __init__(
        self,
        pacing: Pacing | None = None,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.wanted = False
        self.due, self.ended = Due(), Due()
        self.turns = Turns(self.due, self._turn, self.ended, self._end)
        self._pacing, self._clock, self._sleep = pacing or Pacing(), clock, sleep
        self._open: _Looking | None = None
        self._busy = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    @contextmanager
    def opened(self, lab: OwnLab | None) -> Iterator[None]:
        """For the time of a `with`, let this lab look; None for none."""
        if lab is None:
            yield
            return
        before, self.wanted = self.wanted, True
        self.open(lab)
        try:
            yield
        finally:
            self.wanted = before
            self.close()

    def open(self, lab: OwnLab) -> None:
        """Let this lab look from now on, in the place of one that did."""
        self.close()
        self._open = looking = _Looking(lab, self.due, self._pacing, self._clock, self._sleep)
        _thread.start_new_thread(looking.say_when, ())  # not in a learner's `threading.enumerate()`
        self.due[:] = self.ended[:] = [None]

    def close(self) -> None:
        """Look no more."""
        self._nothing_due()
        if self._open is not None:
            self._open.closed = True
            self._open.looked.set()
            self._open = None

    def _forget(self) -> None:
        """In a process that was forked: its training is not the one that is shown."""
        self._nothing_due()
        self._open, self._busy = None, threading.Lock()

    def _nothing_due(self) -> None:
        self.due.clear()
        self.ended.clear()

    def last(self, names: Names) -> None:
        """A look at these names of a file or cell that has ended.

        Of a training in a function they are not. If that was seen at its end, this stays; else there is what functions
        were called with last.
        """
        looking = self._open
        if looking is not None:
            self._nothing_due()
            if not looking.in_function:
                looking.look(names, last=True)
            elif not looking.ended:
                looking.look({**names, **_noted()}, last=True)

    def end(self, findings: Findings, status: int, error: BaseException | None) -> None:
        """Tell the lab how it ended."""
        if self._open is not None:
            try:
                self._open.lab.end(findings, status, error)
            except Exception:
                logger.info("a lab was not told of the end", exc_info=True)

    def step(self, trainer: Any) -> None:
        """The textbook's Trainer begins an update. Its own names are looked at over those of whoever called it."""
        if self.due:
            any(self._looked(nearest_of_learner(sys._getframe(1)), vars(trainer)))

    def _turn(self) -> Iterable[Any]:
        """A turn of a loop begins, and a look is due."""
        return self._looked(sys._getframe(1), {})

    def _end(self) -> Iterable[Any]:
        """A loop in a function has ended: what is not seen now is never seen."""
        looking = self._open
        return () if looking is None or not looking.may_see_end() else self._looked(sys._getframe(1), {}, ended=True)

    def _looked(self, frame: FrameType, more: Names, *, ended: bool = False) -> Iterable[Any]:
        """Look at the names of a frame. Gives what hands over the signals that arrived meanwhile."""
        looking = self._open
        if looking is None or not looking.is_for(threading.get_ident()) or not self._busy.acquire(blocking=False):
            return ()
        signals: list[int] = []
        try:
            self.due.clear()
            with signals_kept(signals):
                looking.turn(frame, more, ended)
        except KeyboardInterrupt:  # just before or after
            if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
                raise
            signals.append(signal.SIGINT)
        finally:
            self._busy.release()
        return map(signal.raise_signal, signals)


def _noted() -> dict[str, Any]:
    """What functions that look like a training were called with last, by the names of their parameters."""
    return {
        name: value
        for note in noted_calls.filled
        for name, value in zip(note.plain.co_varnames, tuple(note), strict=False)
    }


looks = Looks()
