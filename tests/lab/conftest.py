"""A lab, and a view that plays the page: it paints nothing, answers `seen`, and puts together what it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Condition, Timer
from typing import Any

import numpy as np
import pytest

from zerokara.lab.core import Lab
from zerokara.lab.messages import Message, packed, unpacked
from zerokara.training.recipe import Recipe

PATIENCE = 20.0


class ScriptedView:
    """Connects to a lab, and remembers all it is sent.

    Attributes:
        facts: every field of the frames so far, the latest of each; arrays: likewise.
        losses, evaluations: curves of the training that is shown, put together from their pieces.
        sizes: bytes of each message.
    """

    def __init__(self, lab: Lab, *, seconds_to_paint: float = 0.0) -> None:
        self.messages: list[Message] = []
        self.facts: dict[str, Any] = {}
        self.arrays: dict[str, Any] = {}
        self.sizes: list[int] = []
        self.losses, self.smoothed = np.empty((0, 3)), np.empty(0)
        self.evaluations = np.empty((0, 4))
        self.paints = True
        self._delay = seconds_to_paint
        self._numbers = count(1)
        self._came = Condition()
        self._early: list[Message] = []
        self.view: Any = None
        self.view = lab.connect(self._take)
        for message in self._early:
            self._see(message)

    def _take(self, message: Message) -> None:
        frame = packed(message)
        content = unpacked(frame)
        with self._came:
            self.sizes.append(len(frame))
            self.messages.append(content)
            if content.type in ("hello", "frame"):
                self._put_together(content)
            self._came.notify_all()
        if content.type in ("hello", "frame") and self.paints:
            self._see(content)

    def _see(self, content: Message) -> None:
        def seen() -> None:
            self.view.receive(Message("seen", {"frame": content.fields["frame"]}))

        if self.view is None:
            self._early.append(content)
        elif self._delay:
            Timer(self._delay, seen).start()
        else:
            seen()

    def _put_together(self, content: Message) -> None:
        if content.fields["training"] != self.facts.get("training"):
            self.losses, self.smoothed, self.evaluations = np.empty((0, 3)), np.empty(0), np.empty((0, 4))
        self.facts |= content.fields
        self.arrays |= content.arrays
        if "losses" in content.fields:
            offset = content.fields["losses"]["offset"]
            assert offset <= len(self.losses)
            self.losses = np.concatenate([self.losses[:offset], content.arrays["losses"]])
            self.smoothed = np.concatenate([self.smoothed[:offset], content.arrays["smoothed"]])
        if "evaluations" in content.fields:
            offset = content.fields["evaluations"]["offset"]
            assert offset <= len(self.evaluations)
            self.evaluations = np.concatenate([self.evaluations[:offset], content.arrays["evaluations"]])

    def ask(self, type: str, **fields: Any) -> Message:
        """What comes back."""
        number = next(self._numbers)
        self.view.receive(Message(type, {**fields, "id": number}))
        with self._came:
            return next(message for message in reversed(self.messages) if message.fields.get("id") == number)

    def done(self, type: str, **fields: Any) -> None:
        """Ask for what must be done."""
        answer = self.ask(type, **fields)
        assert answer.type == "done", answer.fields

    def refused(self, type: str, **fields: Any) -> str:
        """Ask for what must be refused; the sentence."""
        answer = self.ask(type, **fields)
        assert answer.type == "refused", answer
        return str(answer.fields["text"])

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The facts as soon as they are so."""
        deadline = time.monotonic() + PATIENCE
        with self._came:
            while not holds(self.facts):
                left = deadline - time.monotonic()
                assert left > 0, self.facts
                self._came.wait(left)
            return dict(self.facts)

    def at(self, state: str, iteration: int | None = None) -> dict[str, Any]:
        """The facts as soon as the training is in that state, after so many updates, with all its pieces here."""
        return self.until(
            lambda facts: (
                facts["state"] == state
                and iteration in (None, facts["iteration"])
                and (facts["iteration"] == 0 or self._updates() == facts["iteration"])
            )
        )

    def _updates(self) -> int:
        return int(self.facts["losses"]["updates"]) if "losses" in self.facts else 0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab of a small network on digits, in an empty folder of runs."""
    recipe = Recipe(dataset="digits", hidden=12, iterations=120, evaluate_every=30, seed=3)
    made = Lab(recipe, out=tmp_path / "runs", plots=False)
    yield made
    made.close()


@pytest.fixture
def watch() -> type[ScriptedView]:
    """Connects a scripted view: `watch(lab)`."""
    return ScriptedView


@pytest.fixture
def served(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A lab on a server that nobody has trained yet; nothing on any of its pages may go wrong."""
    from .pages import Served

    made = Served(browser, tmp_path / "runs")
    yield made
    made.close()
    assert made.complaints == []
