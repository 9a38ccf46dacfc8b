"""Networks that are being looked at while others are trained on: who drags a weight must not have it change below."""

from __future__ import annotations

from itertools import count
from threading import Lock

from zerokara.lab.subject import Subject


class Held:
    """The latest subjects that were asked about, by number; any thread may ask.

    Args:
        most: how many are kept, one for each page. Who asks for one that is gone gets the newest.
    """

    def __init__(self, most: int = 8) -> None:
        self._most, self._numbers, self._lock = most, count(1), Lock()
        self._subjects: dict[int, Subject] = {}

    def take(self, newest: Subject, number: object, *, renew: bool = False) -> tuple[int, Subject]:
        """The subject of that number, or the newest and a number for it, which takes the other's place."""
        with self._lock:
            known = self._subjects.pop(number, None) if isinstance(number, int) else None
            if known is None or renew or not isinstance(number, int):
                known, number = newest, next(self._numbers)
            self._subjects[number] = known  # at the end: it was asked for last
            if len(self._subjects) > self._most:
                del self._subjects[next(iter(self._subjects))]
            return number, known
