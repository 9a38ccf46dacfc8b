"""One page or notebook cell that looks at a training, and what it may ask.

Messages from Python:

    hello        once, and again with another data set or other tabs: view, version, language, texts, tabs, steerable,
                 engine, sizes, dataset, class_names, image_shape, form, recipe, and all that a frame has; where: the
                 state that the lab was opened with, as `open_state` answers it, else null; of a learner's script also
                 script {name, lines: [{number, text, cell}]}, form is empty, recipe null
    frame        how the training stands and what is new (`zerokara.lab.frames`); at most 10 a second, and none before
                 the one before was `seen`
    refused      what was asked cannot be done: text, and errors by field where a recipe was refused

Messages to Python; where they have an `id`, they are answered with the same:

    seen         {frame}: it has been painted
    recipe       {values: field → text} → {toml, command, errors, updates}; nothing is changed
    runs         → {runs}; overlay {run} → the curves of one of them
    lessons, and states of the lab: `zerokara.lab.lesson_messages`
    what is asked about the network: `zerokara.lab.drawing`, `zerokara.lab.probing`, `zerokara.lab.one_update`

and, from the view that steers, or from any while none does; answered by `done`:

    start        {values}: begin a new run
    pause, go, stop
    pace         {mode: "full"} or {mode: "rate", rate}
    step         {updates} or {epochs}: so many more, then pause
    until        {accuracy}: pause at the first evaluation with that test accuracy
    change       {field, value}: of the learning rate, momentum or weight decay
    rewind       {iteration}: go back
    steer        (any view) steer from now on
"""

from __future__ import annotations

import logging
import secrets
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Any

from zerokara.errors import UsageError, ZerokaraError
from zerokara.lab import drawing, one_update, probing
from zerokara.lab.form import RefusedRecipe
from zerokara.lab.frames import Frames
from zerokara.lab.messages import Message
from zerokara.lab.shown import Fields, Shown
from zerokara.lab.subject import Subject
from zerokara.lab.texts import texts
from zerokara.runs.run import finite
from zerokara.version import VERSION
from zerokara.words import language, sentence

logger = logging.getLogger(__name__)

Send = Callable[[Message], None]
Answer = Callable[[Subject, Message], Message]
ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "draw": drawing.ANSWERS,
    "probe": probing.ANSWERS,
    "step": one_update.ANSWERS,
}
"""What is asked about a network at a moment, by the tab that asks it and the type of the message."""
TAB_OF = {type: tab for tab, answers in ANSWERS.items() for type in answers}
DONE = "done"
SHARE_UNSEEN = 0.05
"""How much later, of the time since a frame was last seen, the next one comes all the same: nobody may be there."""


class Audience:
    """The views of one lab, and which of them steers: the first; when it is gone, the next one that wants to.

    Attributes:
        views: those that are connected.
        steering: the one that steers; None: whoever asks for something first.
    """

    def __init__(self) -> None:
        self.views: list[View] = []
        self.steering: View | None = None
        self._lock = Lock()

    def join(self, view: View) -> None:
        """One more."""
        with self._lock:
            self.views = [*self.views, view]
            self.steering = self.steering or view
        self.notify()

    def leave(self, view: View) -> None:
        """One is gone."""
        with self._lock:
            self.views = [other for other in self.views if other is not view]
            if self.steering is view:
                self.steering = None
        self.notify()

    def steer(self, view: View, *, take_over: bool = False) -> bool:
        """Whether a view steers; it may where none does, and may take over."""
        with self._lock:
            if self.steering is None or take_over:
                self.steering = view
            return self.steering is view

    def notify(self) -> None:
        """Have all views look whether there is something new."""
        for view in self.views:
            view.wake()


class View:
    """What it asks is answered in the thread that brings the question; frames come from a thread of its own."""

    def __init__(
        self,
        shown: Shown,
        audience: Audience,
        send: Send,
        seconds_between_frames: float,
        seconds_between_weights: float,
        patience: float | None = None,
    ) -> None:
        self.shown, self.audience, self.name = shown, audience, secrets.token_hex(8)
        self._patience = patience
        self._send_on = send
        self._between, self._between_weights = seconds_between_frames, seconds_between_weights
        self._frames: Frames
        self._told: Any = None
        self._number = 0
        self._seen, self._news = Event(), Event()
        self._closed = False
        self._thread = Thread(target=self._tell_all, name="zerokara-lab-view", daemon=True)

    def begin(self) -> None:
        """Greet, and tell from now on what is new."""
        self._greet()
        self._heard = time.monotonic()
        self._thread.start()

    def wake(self) -> None:
        """There may be something new."""
        self._news.set()

    def close(self) -> None:
        """The page is gone."""
        self._closed = True
        self._seen.set()
        self._news.set()
        self.audience.leave(self)

    def receive(self, message: Message) -> None:
        """Answer a message of the page."""
        number = message.fields.get("id")
        number = number if isinstance(number, int | str) else None
        try:
            reply = self._reply(message)
        except RefusedRecipe as error:
            reply = Message("refused", {"text": str(error), "errors": error.errors})
        except ZerokaraError as error:
            reply = Message("refused", {"text": str(error)})
        except Exception as error:  # of one question; the training and all others go on
            logger.exception("a question of a page failed")
            text = sentence("That could not be answered: {reason!r:.200}.", reason=error)
            reply = Message("refused", {"text": text})
        if reply.type == "refused" or number is not None:
            self._send(Message(reply.type, {**reply.fields, "id": number}, reply.arrays))

    def _reply(self, message: Message) -> Message:
        shown, type = self.shown, message.type
        if type in TAB_OF and TAB_OF[type] in shown.tabs():
            return ANSWERS[TAB_OF[type]][type](shown.subject(), message)
        if type in shown.commands:
            self._must_steer()
            answer = shown.commands[type](message.fields)
            self.audience.notify()
            return answer or Message(DONE)
        if type in shown.questions:
            return shown.questions[type](message.fields)
        if type in QUESTIONS:
            return QUESTIONS[type](self, message.fields)
        raise UsageError(sentence("The page asked for {type!r:.40}, which is not known here.", type=type))

    def _must_steer(self) -> None:
        if not self.audience.steer(self):
            raise UsageError(sentence("Another page steers this training. Take over there or here first."))

    def _see(self, fields: Fields) -> Message:
        if fields.get("frame") == self._number:
            self._seen.set()
        return Message(DONE)

    def _steer(self, fields: Fields) -> Message:
        self.audience.steer(self, take_over=True)
        self.audience.notify()
        return Message(DONE)

    def _greet(self) -> None:
        self._greeted, told, source = self.shown.greeting()
        self._frames = Frames(source)
        hello = {"version": VERSION, "language": language(), "texts": texts(), "steerable": bool(self.shown.commands)}
        self._push("hello", {**hello, **told})

    def _tell_all(self) -> None:
        """Frame after frame, until the view is closed; a view that cannot be sent to is left."""
        try:
            while not self._closed:
                self._tell_next()
        except Exception:
            logger.info("a view is gone", exc_info=True)
            self.close()

    def _tell_next(self) -> None:
        self._wait_until_seen()
        while not self._closed and not self._is_new():
            self._news.wait(self._between)
            self._news.clear()
        if self._closed:
            return
        if (left := self._pushed + self._between - time.monotonic()) > 0:
            time.sleep(left)
        if self.shown.key is not self._greeted:
            self._greet()
            return
        source = self.shown.source()
        if source != self._frames.source:
            self._frames = Frames(source)
        self._push("frame", {})

    def _wait_until_seen(self) -> None:
        """Until the page has painted; with patience, only that long at first, and longer and longer."""
        if self._patience is None:
            self._seen.wait()
            return
        patience = max(self._patience, SHARE_UNSEEN * (time.monotonic() - self._heard))
        if self._seen.wait(patience):
            self._heard = time.monotonic()

    def _is_new(self) -> bool:
        return self._frames.pending or bool(self._state() != self._told)

    def _state(self) -> Any:
        """All that a frame depends on, but for numbers that change with these."""
        shown, audience = self.shown, self.audience
        return shown.key, shown.stands(), shown.problem, len(audience.views), audience.steering in (self, None)

    def _push(self, type: str, fields: Mapping[str, Any]) -> None:
        self._pushed = now = time.monotonic()
        self._told = self._state()
        weights = now - self._weights_pushed >= self._between_weights
        told, arrays = self._frames.next(weights=weights)
        if "W1" in arrays:
            self._weights_pushed = now
        self._number += 1
        self._seen.clear()
        views = {
            "frame": self._number,
            "steering": self.audience.steering in (self, None),
            "viewers": len(self.audience.views),
            "problem": self.shown.problem,
            "furthest": self.shown.furthest,
        }
        self._send(Message(type, finite({**told, **fields, **views}), arrays))

    _pushed = _weights_pushed = _heard = 0.0

    def _send(self, message: Message) -> None:
        self._send_on(Message(message.type, {**message.fields, "view": self.name}, message.arrays))


QUESTIONS: Mapping[str, Callable[[View, Fields], Message]] = {"seen": View._see, "steer": View._steer}
"""What any view may say, whatever is shown."""


class Viewable(Shown):
    """Something shown that views can connect to.

    Attributes:
        audience: those that did.
    """

    def __init__(self) -> None:
        self.audience = Audience()

    @property
    def views(self) -> list[View]:
        """Who looks on."""
        return self.audience.views

    def connect(
        self,
        send: Send,
        *,
        seconds_between_frames: float = 0.1,
        seconds_between_weights: float = 0.0,
        patience: float | None = None,
    ) -> View:
        """A new view; it is greeted at once, and the first one steers.

        Args:
            patience: the seconds after which the next frame is sent though the one before was not `seen`: a kernel may
                not hear that while a cell runs. It grows as long as nothing is heard. None: wait.
        """
        view = View(self, self.audience, send, seconds_between_frames, seconds_between_weights, patience)
        self.audience.join(view)
        try:
            view.begin()
        except BaseException:
            view.close()
            raise
        return view

    def notify(self) -> None:
        """Have all views look whether there is something new."""
        self.audience.notify()

    @abstractmethod
    def close(self) -> None:
        """End what is shown, and leave the views."""
