"""One update, step by step: the messages of the tab Step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zerokara.lab.messages import Message
from zerokara.lab.subject import Subject

ANSWERS: Mapping[str, Callable[[Subject, Message], Message]] = {}
