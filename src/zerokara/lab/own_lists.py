"""The lists of losses and accuracies in a learner's names, followed while they grow.

Everything here happens in the learner's thread. What has been read is not read again: of a list that grew only its new
end is copied, and one that was begun anew, or replaced by another, is another training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.curve import Curve
from zerokara.lab.evaluations import Evaluations
from zerokara.own_gradients.keeping import attributes_of
from zerokara.own_gradients.parameters import is_object
from zerokara.own_training.kept import are_shares, iterations_of, part_of
from zerokara.own_training.program import Program
from zerokara.own_training.records import LOSS, MEASURED, TEST
from zerokara.own_training.roles import is_loss
from zerokara.training.history import Evaluation

Names = Mapping[str, Any]
Path = tuple[str, ...]
"""`("history", "loss")`: a name, and the attribute or key below it."""
Numbers = NDArray[np.float64]

USUAL_TOTAL = 100_000
"""Updates that the smoothed loss is made for where nobody says how many there will be: it looks back over 1,000."""
MOST_PARTS = 500


class Replaced(Exception):
    """A list is gone, or no longer goes on from what was read of it."""


class Followed:
    """One list of numbers.

    Attributes:
        path: where it is.
        values: that were read so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: Numbers = np.zeros(0)
        self._fill: float | None = None

    def read(self, names: Names) -> Numbers:
        """The numbers that are new. Raises Replaced."""
        value = reached(names, self.path)
        known = len(self.values)
        if not is_series(value) or len(value) < known or (known and not _same(value[known - 1], self.values[-1])):
            raise Replaced
        if not known:
            self._fill = filled_with(value)
        try:
            new = np.array(value[known:], np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise Replaced from error
        if new.ndim != 1:
            raise Replaced
        new = new[: _count_of(new, self._fill)]
        self.values = np.concatenate([self.values, new]) if len(new) else self.values
        return new


def is_series(value: Any) -> bool:
    """Whether it is a list of numbers, or an array with one axis, by its ends."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "fiu"
    return isinstance(value, list | tuple) and all(map(_is_number, [*value[:1], *value[-1:]]))


def _is_number(value: Any) -> bool:
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return plain or (isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "fiu")


def _same(now: Any, before: float) -> bool:
    try:
        return float(now) == before or (math.isnan(now) and math.isnan(before))
    except (TypeError, ValueError):
        return False


def filled_with(value: Any) -> float | None:
    """0 or NaN where a series was made in its whole length and is filled step by step; None where it grows."""
    end = [float(one) for one in value[-2:]]
    if len(end) < 2:
        return None
    if end == [0.0, 0.0]:
        return 0.0
    return math.nan if isinstance(value, np.ndarray) and all(map(math.isnan, end)) else None


def _count_of(new: Numbers, fill: float | None) -> int:
    """How many of the numbers were written, where the others still have what the list was made with."""
    if fill is None:
        return len(new)
    written = np.flatnonzero(~np.isnan(new) if math.isnan(fill) else new != fill)
    return int(written[-1]) + 1 if len(written) else 0


def reached(names: Names, path: Path) -> Any:
    """What is there; None where nothing is."""
    value = names.get(path[0])
    for key in path[1:]:
        value = value.get(key) if isinstance(value, dict) else of_object(value).get(key)
    return value


def of_object(value: Any) -> dict[str, Any]:
    """The attributes of an object, those of its class under them; none of anything else."""
    if not is_object(value):
        return {}
    of_class = {k: v for kind in reversed(type(value).__mro__) for k, v in vars(kind).items() if kind is not object}
    return of_class | attributes_of(value)


def lists_in(names: Names) -> Iterator[Path]:
    """Where there are lists of numbers: under names, in dicts, and among the attributes of objects."""
    for name, value in list(names.items()):
        if name.startswith("_"):
            continue
        if is_series(value):
            yield (name,)
        else:
            parts = value if isinstance(value, dict) else of_object(value)
            if len(parts) <= MOST_PARTS:
                yield from (
                    (name, key) for key, part in list(parts.items()) if isinstance(key, str) and is_series(part)
                )


def _is_part_of_losses(names: Names, path: Path) -> bool:
    """Whether it is one of several lists of losses, in a dict by what made them: `train_loss["Adam"]`."""
    return len(path) > 1 and is_loss(path[0]) and isinstance(names.get(path[0]), dict)


class Lists:
    """Those of one program.

    Attributes:
        program: whose they are.
        curve: of the losses; evaluations: what the accuracies make. Others read them at any time.
        serial: another number whenever these begin anew.
        losses: the list that is followed; None before there is one.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.serial = 0
        self.losses: Followed | None = None
        self._accuracies: dict[str, Followed] = {}
        self._begin()

    def _begin(self) -> None:
        self.serial += 1
        self.curve, self.evaluations = Curve(USUAL_TOTAL), Evaluations()
        self._rows = 0

    @property
    def count(self) -> int:
        """Losses that were read."""
        return 0 if self.losses is None else len(self.losses.values)

    def search(self, names: Names) -> None:
        """Find the lists, or better ones than those that are followed."""
        found = list(lists_in(names))
        self._search_losses(names, found)
        for path in found:
            part = self._part(names, path)
            known = self._accuracies.get(part or "")
            is_better = known is None or (known.path != path and len(reached(names, path)) > len(known.values))
            if part is not None and is_better:
                self._accuracies[part] = Followed(path)

    def _search_losses(self, names: Names, found: Sequence[Path]) -> None:
        losses = [path for path in found if is_loss(path[-1]) or _is_part_of_losses(names, path)]
        losses = losses or [path for path in found if LOSS.search(path[-1]) and not TEST.search(path[-1])]
        longest = max(losses, key=lambda path: len(reached(names, path)), default=None)
        if longest is None or (self.losses is not None and longest == self.losses.path):
            return
        if self.losses is None or len(reached(names, longest)) > len(self.losses.values):
            if self.count:
                self._begin()
            self.losses = Followed(longest)

    def _part(self, names: Names, path: Path) -> str | None:
        if not MEASURED.search(path[-1]):
            return None
        values = np.array(reached(names, path), np.float64)
        return part_of(self.program, path[-1]) if values.ndim == 1 and len(values) and are_shares(values) else None

    def read(self, names: Names) -> None:
        """Copy what is new."""
        if not self._read_losses(names):
            self._forget()
            self.search(names)  # it may have been begun anew, and there may be no later look
            if not self._read_losses(names):
                self._forget()
                return
        for part, followed in list(self._accuracies.items()):
            try:
                followed.read(names)
            except Replaced:
                del self._accuracies[part]
        self._feed_evaluations(names)

    def _read_losses(self, names: Names) -> bool:
        """Whether the list that is followed is still there."""
        if self.losses is None:
            return True
        try:
            new = self.losses.read(names)
        except Replaced:
            return False
        if len(new):
            self.curve.feed(new)
        return True

    def _forget(self) -> None:
        """What was followed is gone: what comes now is another training."""
        self.losses, self._accuracies = None, {}
        self._begin()

    def _feed_evaluations(self, names: Names) -> None:
        count = max((len(followed.values) for followed in self._accuracies.values()), default=0)
        if count <= self._rows:
            return
        places = iterations_of(self.program, names, self.count, count)
        before = first = self.evaluations.latest.iteration if self.evaluations.latest else 0
        for row in range(self._rows, count):
            at = places[row] if places else self._seen_at(row, count, first)
            since = self.losses.values[before:at] if self.losses is not None else np.zeros(0)
            with np.errstate(all="ignore"):
                mean = float(np.mean(since)) if len(since) else math.nan
            train, test = (self._value(part, row) for part in ("train", "test"))
            self.evaluations.feed(Evaluation(at, math.nan, mean, train, test))
            before = at
        self._rows = count

    def _seen_at(self, row: int, count: int, first: int) -> int:
        """After which loss an accuracy came, where no condition of the code says it: since the last one, evenly."""
        now = max(self.count, count)
        return first + round((now - first) * (row + 1 - self._rows) / (count - self._rows))

    def _value(self, part: str, row: int) -> float:
        values = self._accuracies[part].values if part in self._accuracies else ()
        return float(values[row]) if row < len(values) else math.nan
