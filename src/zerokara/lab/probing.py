"""One weight: the loss along it, the two points of the central difference, and both slopes."""

from __future__ import annotations

from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject


def probed(subject: Subject, message: Message) -> Message:
    """The loss along the weight `parameter`, `index`."""
    raise NotImplementedError


ANSWERS = {"probe": probed}
