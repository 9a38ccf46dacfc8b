"""Networks that are being looked at while others are trained on: who drags a weight must not have it change below."""

from __future__ import annotations

from itertools import count
from threading import Lock

from zerokara.lab.subject import Subject


class Held:
    """The latest subjects that were asked about, by number; any thread may ask.

    Args:
        most: how many are kept. Whoever asks for one that is gone gets the newest.
    """

    def __init__(self, most: int = 8) -> None:
        self._most, self._numbers, self._lock = most, count(1), Lock()
        self._subjects: dict[int, Subject] = {}

    def take(self, newest: Subject, number: object) -> tuple[int, Subject]:
        """The subject of that number, or the newest and a number for it."""
        with self._lock:
            found = number if isinstance(number, int) and number in self._subjects else self._number_of(newest)
            subject = self._subjects[found] = self._subjects.pop(found)  # to the end: it was asked for last
            return found, subject

    def _number_of(self, newest: Subject) -> int:
        for number, subject in self._subjects.items():
            if subject.network is newest.network and subject.recipe == newest.recipe:
                return number
        number = next(self._numbers)
        self._subjects[number] = newest
        if len(self._subjects) > self._most:
            del self._subjects[next(iter(self._subjects))]
        return number
