"""What an interpretation has read and what the interpreted code writes. Written things are remembered here only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import (
    CONSTANT,
    Abstract,
    Concrete,
    Counted,
    Entries,
    Fresh,
    Items,
    Once,
    Unknown,
    Value,
    class_of,
)
from zerokara.interpret.counters import Counter, Slot
from zerokara.interpret.guards import Recorder
from zerokara.interpret.refusal import Refused, unknown
from zerokara.words import sentence

Place = tuple[int, Any]
"""Where something is kept: id of an instance's dict, a class, the globals, a cell, or a container; and its name or key.

What the interpreted code makes itself has numbers below 0 instead of ids."""

Written = dict[Place, Value]
Line = tuple[str, int]
"""A file, and the number of a line there."""


@dataclass
class Memory:
    """The state of an interpretation beside its names.

    An attribute that every call writes before reading it, such as a layer's `mask`, is a cache: nothing depends on what
    it was. So `first_read` and `ever_written` must have nothing in common, and no attribute may be written on some
    paths through the code only, or what a call leaves behind would depend on the calls before. Nor may it be read as an
    item of the instance's dict: `dicts` are those whose items were asked for.

    A counter is a whole number to which each call adds the same, and that nothing reads: it may neither be in
    `first_read` nor in `ever_written`.

    Attributes:
        written: what was written last at a place, on this path.
        class_reads: the classes, of instances or themselves, in which a name was looked up.
        counters: by the place where each stands.
        at: the line that is being interpreted; lines: where each place was written first.
    """

    recorder: Recorder

    def __post_init__(self) -> None:
        self.written: Written = {}
        self.ever_written: set[Place] = set()
        self.first_read: set[Place] = set()
        self.dicts: set[int] = set()
        self.class_reads: set[tuple[type, str]] = set()
        self.counters: dict[Place, Counter] = {}
        self.made = 0
        self._found: dict[int, Concrete] = {}
        self.at: Line = ("", 0)
        self.lines: dict[Place, Line] = {}

    def read(self, parent: Concrete, how: Callable[[Any, Any], Any], key: Any = None) -> Concrete:
        """What `how` finds for `key` in an object, guarded from now on; see `guards.Recorder`."""
        if parent.origin == CONSTANT:
            raise unknown(f"{class_of(parent)}.{key}")
        number = self.recorder.read(parent.origin, how, key)
        if number not in self._found:
            self._found[number] = Concrete(self.recorder.values[number], number)
        return self._found[number]

    # Lists and dicts that the code makes

    def make(self, kind: type, content: Items | Entries) -> Fresh:
        """A new list or dict with this in it."""
        self.made += 1
        self.written[-self.made, ""] = content
        return Fresh(-self.made, kind)

    def content(self, made: Fresh) -> Any:
        """What is in it on this path: Items of a list, Entries of a dict."""
        found = self.written.get((made.number, ""), Unknown())
        if isinstance(found, Unknown):
            raise Refused(sentence("It uses a list or dict that differs between branches."))
        return found

    def fill(self, made: Fresh, content: Items | Entries) -> None:
        """Let this be in it from now on."""
        self.written[made.number, ""] = content

    def plain(self, value: Value) -> Value:
        """A value without lists that may still change: as tuples, which hold what is in them now."""
        if isinstance(value, Fresh) and value.kind is list:
            return self.plain(self.content(value))
        if isinstance(value, Items):
            return Items(tuple(map(self.plain, value.elements)))
        return value

    def sources(self, value: Value) -> list[tuple[Fresh, Value]]:
        """The lists and dicts that a loop over this goes through, and what is in them now."""
        found = value.sources if isinstance(value, Once) else (value,) if isinstance(value, Fresh) else ()
        return [(made, self.content(made)) for made in found]

    def check_unchanged(self, sources: list[tuple[Fresh, Value]]) -> None:
        """Raises Refused where one of them is another since."""
        if any(self.written.get((made.number, "")) is not content for made, content in sources):
            raise Refused(sentence("It changes a list or dict while it goes through it."))

    # Counters

    def count(self, owner: Concrete, slot: Slot, key: Any, place: Place, step: int) -> bool:
        """Add to a number that is kept somewhere; False where that is no plain counting."""
        before = self.written.get(place, Counted(0))
        if not isinstance(before, Counted) or self.read(owner, slot.kind, key).value is not int:
            return False
        self.note_line(place)
        self.written[place] = Counted(before.step + step)
        self.counters[place] = Counter(owner.origin, slot, key, 0)
        return True

    # At the end

    def note_line(self, place: Place) -> None:
        """Remember where something was written first."""
        self.lines.setdefault(place, self.at)

    def check(self) -> None:
        """Raises Refused for what carries something from one call to the next, but for counters that nobody reads."""
        places = self.first_read & self.ever_written
        places |= {place for place in self.ever_written if place[0] in self.dicts}
        places |= {place for place in self.counters if self._is_read(place)}
        places |= {place for place in self.ever_written | set(self.counters) if self._differs(place)}
        if places:
            self.at, name = min((self.lines[place], str(place[1])) for place in places)
            raise Refused(sentence("It keeps something from one call to the next in {name}.", name=name))
        for place in self.ever_written:
            self.at = self.lines[place]
            self._check_storable(self.written[place], str(place[1]))

    def _differs(self, place: Place) -> bool:
        return isinstance(self.written.get(place, Unknown()), Unknown)

    def _is_read(self, place: Place) -> bool:
        if place in self.first_read or place in self.ever_written or place[0] in self.dicts:
            return True
        return any(place[1] == name and guards.inherits(kind, place[0]) for kind, name in self.class_reads)

    def _check_storable(self, value: Value, name: str) -> None:
        """Numbers may be kept, and lists and dicts of numbers."""
        if isinstance(value, Fresh):
            value = self.content(value)
        if isinstance(value, Items | Entries):
            for element in value.elements if isinstance(value, Items) else value.values:
                self._check_storable(element, name)
        elif not (isinstance(value, Abstract) or (isinstance(value, Concrete) and (value.is_scalar or value.is_array))):
            raise Refused(sentence("It writes to {name}.", name=name))

    def final_counters(self) -> tuple[Counter, ...]:
        """The counters, with what one call adds to each."""
        found = []
        for place, counter in self.counters.items():
            counted = self.written[place]
            assert isinstance(counted, Counted)
            found.append(counter._replace(step=counted.step))
        self._tell_apart({counter.slot for counter in found})
        return tuple(found)

    def _tell_apart(self, slots: set[Slot]) -> None:
        # Another function may share its globals, or a cell, with one that counts there. Once read, a guard tells.
        for number, value in enumerate(list(self.recorder.values)):
            for slot in slots:
                for key in slot.holders(value):
                    self.recorder.read(number, slot.holder, key)
