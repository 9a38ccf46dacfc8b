"""What a network makes of a picture that somebody drew, dropped or edited."""

from __future__ import annotations

from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject


def drawn(subject: Subject, message: Message) -> Message:
    """What the network answers to a drawing: `arrays["ink"]` (h, w) uint8, 0 without ink to 255."""
    raise NotImplementedError


ANSWERS = {"draw": drawn}
