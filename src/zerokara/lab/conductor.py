"""Steers a training between its chunks: how fast it goes, where it pauses, what is changed meanwhile.

The conductor is the last listener of a training. It alone touches the trainer; what other threads want of it they leave
here, and it takes it up before the next chunk. While training waits, it waits in here.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition

from zerokara.errors import UsageError
from zerokara.finalization import rest
from zerokara.training.events import Advanced, Ended, Evaluated, Event, Paused
from zerokara.training.trainer import CHUNK_SECONDS, FASTER_BY, Trainer

SLICE_SECONDS = 0.05
"""Of waiting, until it is looked whether training was stopped, or Python ends."""
USUAL_RATE = 500.0
"""Updates a second of a training that begins."""


class Conductor:
    """A listener that waits, and the levers for it. All methods but the call itself may be called by any thread.

    Args:
        trainer: whose listener it is.
        between: called between two chunks, in the thread that trains, also while it waits.
        told: called in that thread after it has paused.

    Attributes:
        rate: updates a second at most; None: as fast as it can.
        paused: whether it waits, or will before the next chunk.
        until: the iteration that it pauses at; goal: the test accuracy.
        at_rest: whether the training thread waits in here, paused.
    """

    def __init__(self, trainer: Trainer, between: Callable[[], None], told: Callable[[], None]) -> None:
        self.trainer, self._between, self._told = trainer, between, told
        self.rate: float | None = USUAL_RATE
        self.paused, self.at_rest = False, False
        self.until: int | None = None
        self.goal: float | None = None
        self.iteration = trainer.iteration
        self._changes: list[tuple[str, float]] = []
        self._condition = Condition()
        self._usual_rate: float | None = self.rate
        self._is_on_its_way = self._goes_on = False
        self._due = 0.0
        self._chunk, self._seconds = 1, 0.0
        self._marks: deque[tuple[float, int]] = deque(maxlen=64)

    def __call__(self, event: Event) -> None:
        """Between two chunks: do what was asked for, wait if need be, and say how long the next chunk may be."""
        done = 0
        if isinstance(event, Advanced):
            done = len(event.losses)
            self.iteration = event.iteration
            self._measure(event)
        if isinstance(event, Paused):
            return
        if isinstance(event, Evaluated) and self.goal is not None and event.evaluation.test_accuracy >= self.goal:
            self.pause()
        if self.until is not None and self.iteration >= self.until:
            self._arrive()
        if isinstance(event, Ended):  # its last checkpoint is written, and a change now would be in no update
            self._between()
            return
        self._take_up()
        if self.iteration >= self.trainer.iterations:
            return
        self._keep_time(done)
        if self.paused:
            self._wait()
        self.trainer.chunk = self._next_chunk()

    def pause(self) -> None:
        """Wait before the next chunk."""
        with self._condition:
            self._put_rate_back()
            self.paused, self.until, self.goal = True, None, None
            self._condition.notify_all()

    def go(self, *, until: int | None = None, goal: float | None = None) -> None:
        """Go on; pause again after `until` updates in all, or at a test accuracy of `goal`."""
        with self._condition:
            self._put_rate_back()
            self.paused, self.until, self.goal = False, until, goal
            self._condition.notify_all()

    def go_to(self, until: int, rate: float | None, *, goes_on: bool = False) -> None:
        """Go on up to there, at that rate; when it pauses there, or goes on otherwise, the rate is as before.

        `goes_on`: as fast as it can up to there, and without a pause on from there, at that rate.
        """
        with self._condition:
            self._put_rate_back()
            self._usual_rate, self.rate, self._due = self.rate, None if goes_on else rate, 0.0
            self._is_on_its_way, self._goes_on = True, goes_on
            if goes_on and rate is not None:
                self._usual_rate = rate
            self.paused, self.until, self.goal = False, until, None
            self._condition.notify_all()

    def pace(self, rate: float | None) -> None:
        """Do so many updates a second at most, or as many as can be done."""
        with self._condition:
            self._is_on_its_way = False
            self.rate, self._due = rate, 0.0
            self._condition.notify_all()

    def change(self, field: str, value: float) -> None:
        """Have a setting changed before the next chunk; it must have been found to fit."""
        with self._condition:
            self._changes.append((field, value))
            self._condition.notify_all()

    def stop(self) -> None:
        """End training."""
        self.trainer.request_stop()
        self.wake()

    def wake(self) -> None:
        """Have whoever waits in here look again, and call `between`."""
        with self._condition:
            self._condition.notify_all()

    @property
    def updates_per_second(self) -> float:
        """Over the last second; 0.0 while it waits."""
        now = time.monotonic()
        marks = [mark for mark in list(self._marks) if now - mark[0] <= 1.0]
        if self.at_rest or len(marks) < 2:
            return 0.0
        return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])

    def _arrive(self) -> None:
        """Pause at `until`, or go on from there."""
        with self._condition:
            if self._is_on_its_way and self._goes_on:
                self._put_rate_back()
                self.until = None
            else:
                self.pause()

    def _put_rate_back(self) -> None:
        """The rate that somebody chose, where it was another one up to some update."""
        if self._is_on_its_way:
            self.rate, self._is_on_its_way, self._due = self._usual_rate, False, 0.0

    def _take_up(self) -> None:
        with self._condition:
            changes, self._changes = self._changes, []
        for field, value in changes:
            with suppress(UsageError):  # it was found to fit; there may be too many by now
                self.trainer.change(field, value)
        self._between()

    def _wait(self) -> None:
        """Until somebody has it go on."""
        trainer = self.trainer
        if trainer.iteration and trainer.iteration % trainer.evaluate_every == 0:
            trainer.evaluate()  # the next chunk would begin with it, and who pauses after an epoch wants to see it
        if not self.paused:  # that was told here too, and waited for
            return
        trainer.apply_changes()  # given beforehand, for the update to come: who looks at settings sees them
        trainer.pause()
        self.at_rest = True
        self._told()
        while self.paused and not trainer.stop[0]:
            rest()
            with self._condition:
                if self.paused and not self._changes:
                    self._condition.wait(SLICE_SECONDS)
            self._take_up()
        self.at_rest = False
        self._marks.clear()
        self._due = time.monotonic()

    def _keep_time(self, done: int) -> None:
        rate = self.rate
        if rate is None or self.paused:
            return
        now = time.monotonic()
        self._due = max(self._due, now - CHUNK_SECONDS) + done / rate
        while self.rate == rate and (left := self._due - time.monotonic()) > 0 and not self._is_called():
            rest()
            with self._condition:
                self._condition.wait(min(left, SLICE_SECONDS))
            self._take_up()

    def _is_called(self) -> bool:
        return self.paused or bool(self.trainer.stop[0])

    def _measure(self, event: Advanced) -> None:
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] >= SLICE_SECONDS:
            self._marks.append((now, event.iteration))
        if len(event.losses):
            self._chunk, self._seconds = len(event.losses), event.seconds / len(event.losses)

    def _next_chunk(self) -> int | None:
        """At most a twentieth of a second's updates, and none beyond `until`; as long as others where none is asked."""
        limits = []
        if self.rate is not None:
            limits.append(max(1, round(self.rate * CHUNK_SECONDS)))
        if self.until is not None:
            limits.append(max(1, self.until - self.trainer.iteration))
        if not limits:
            return None
        in_time = int(CHUNK_SECONDS / self._seconds) if self._seconds else 1
        return max(1, min(*limits, in_time, FASTER_BY * self._chunk))
