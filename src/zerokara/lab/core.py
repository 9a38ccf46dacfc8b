"""The lab without any web: a training that can be watched and steered, and what is asked about it.

A view, be it a page or a notebook cell, connects with a function that sends, and hands over what it receives. Requests
have an `id`, and their answer has the same; whatever cannot be answered is `refused`, with a sentence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from zerokara.data import load
from zerokara.data.description import DataDescription
from zerokara.errors import UsageError, ZerokaraError
from zerokara.lab import drawing, probing
from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject
from zerokara.lab.texts import texts
from zerokara.training.build import build_network
from zerokara.training.recipe import Recipe
from zerokara.words import language, sentence

logger = logging.getLogger(__name__)

Send = Callable[[Message], None]
Answer = Callable[[Subject, Message], Message]
ANSWERS: Mapping[str, Answer] = {**drawing.ANSWERS, **probing.ANSWERS}
"""What is asked about a network at a moment, by the type of the message."""


class Lab:
    """One training and those who watch it.

    Args:
        recipe: what to train first.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe.resolved()
        self.dataset = load(self.recipe.dataset)
        self._network = build_network(self.recipe, self.dataset)

    def subject(self) -> Subject:
        """The network as it was when it was last copied."""
        described = DataDescription.of(self.dataset)
        return Subject(self.recipe, self.dataset, described, self._network, 0, "compiled")

    def connect(self, send: Send) -> View:
        """A new view; it is greeted at once."""
        view = View(self, send)
        view.greet()
        return view


class View:
    """One page or notebook cell. What it asks is answered in the thread that brings the question."""

    def __init__(self, lab: Lab, send: Send) -> None:
        self.lab, self.send = lab, send

    def greet(self) -> None:
        """Say what there is."""
        subject = self.lab.subject()
        self.send(
            Message(
                "hello",
                {
                    "language": language(),
                    "texts": texts(),
                    "sizes": list(subject.network.sizes),
                    "class_names": list(subject.described.class_names),
                    "image_shape": list(subject.described.image_shape),
                },
            )
        )

    def receive(self, message: Message) -> None:
        """Answer a message of the page."""
        answer = ANSWERS.get(message.type)
        try:
            if answer is None:
                raise UsageError(
                    sentence("The page asked for {type!r:.40}, which is not known here.", type=message.type)
                )
            reply = answer(self.lab.subject(), message)
        except ZerokaraError as error:
            reply = Message("refused", {"text": str(error)})
        self.send(Message(reply.type, {**reply.fields, "id": message.fields.get("id")}, reply.arrays))

    def close(self) -> None:
        """The page is gone."""
