"""Dicts, lists and tuples: those that were there before, read without running code, and those that the code makes."""

from __future__ import annotations

from typing import Any

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Concrete, Entries, Fresh, Items, Once, Value, class_of
from zerokara.interpret.guards import CONTAINERS, MAPPINGS
from zerokara.interpret.memory import Memory
from zerokara.interpret.refusal import Refused, RefusedAt, unknown
from zerokara.words import sentence

MOST_ELEMENTS = 1_000


class Containers(Memory):
    """Items of containers, and the elements of what a loop goes through."""

    def item(self, owner: Value, key: Value) -> Value:
        """`owner[key]` for a dict, list or tuple."""
        if isinstance(owner, Fresh):
            owner = self.content(owner)
        if isinstance(owner, Items):
            return _element(owner, key)
        if not isinstance(key, Concrete):
            raise unknown(f"{class_of(owner)}[…]")
        if isinstance(owner, Entries):
            return _entry(owner, key)
        if not isinstance(owner, Concrete) or not (type(owner.value) in CONTAINERS or self.is_record(owner)):
            raise unknown(f"{class_of(owner)}[…]")
        if type(key.value) is slice:
            return _element(Items(self.elements(owner) or ()), key)
        return self._stored_item(owner, key)

    def _stored_item(self, owner: Concrete, key: Concrete) -> Value:
        if not key.is_scalar:
            raise unknown(f"{class_of(owner)}[…]")
        if type(owner.value) not in MAPPINGS:
            if type(key.value) is not int or not -len(owner.value) <= key.value < len(owner.value):
                raise Refused(sentence("It asks for an item that is not there."))
            return self._sequence_item(owner, key.value)
        if not self.has_key(owner, key):
            raise Refused(sentence("There is no item {key!r}.", key=key.value))
        return self.read(owner, guards.mapping_item, key.value)

    def _sequence_item(self, owner: Concrete, position: int) -> Concrete:
        self.first_read.add((id(owner.value), position % len(owner.value)))
        return self.read(owner, guards.sequence_item, position)

    def has_key(self, owner: Concrete | Entries, key: Concrete) -> bool:
        """Whether a dict has an item."""
        keys = owner.keys if isinstance(owner, Entries) else self.keys(owner)
        return key.value in keys

    def keys(self, owner: Concrete) -> tuple[Any, ...]:
        """The keys of a dict, in order."""
        # All keys are guarded although one is asked for: another order is another order of layers.
        self.dicts.add(id(owner.value))
        found: tuple[Any, ...] = self.read(owner, guards.keys).value
        if not all(map(guards.is_scalar, found)):
            raise Refused(sentence("A dict that it reads has keys that are no plain strings or numbers."))
        return found

    def entries(self, owner: Value) -> Entries:
        """All that is in a dict. Raises Refused for what is none."""
        if isinstance(owner, Fresh) and owner.kind is dict:
            return self.content(owner)  # type: ignore[no-any-return]
        if not (isinstance(owner, Concrete) and type(owner.value) in MAPPINGS):
            raise unknown(f"{class_of(owner)}[…]")
        keys = self.keys(owner)
        return Entries(keys, tuple(self.read(owner, guards.mapping_item, key) for key in keys))

    def live_view(self, owner: Value, which: str) -> Items | Once:
        """The same, which changes with a dict that does."""
        found = self.view(owner, which)
        return Once(found.elements, (owner,)) if isinstance(owner, Fresh) else found

    def view(self, owner: Value, which: str) -> Items:
        """`owner.keys()`, `owner.values()` or `owner.items()` of a dict, as it is now."""
        if which == "keys" and isinstance(owner, Concrete):
            return Items(tuple(map(Concrete, self.keys(owner))))
        entries = self.entries(owner)
        keys: list[Value] = [Concrete(key) for key in entries.keys]
        if which == "keys":
            return Items(tuple(keys))
        return Items(entries.values if which == "values" else tuple(map(Items, zip(keys, entries.values, strict=True))))

    def length(self, value: Value) -> int | None:
        """How many elements a container has; None for what is none."""
        if isinstance(value, Fresh):
            value = self.content(value)
        if isinstance(value, Items):
            return len(value.elements)
        if isinstance(value, Entries):
            return len(value.keys)
        if isinstance(value, Concrete) and type(value.value) in MAPPINGS:
            return len(self.keys(value))
        if isinstance(value, Concrete) and (type(value.value) in (list, tuple) or self.is_record(value)):
            return int(self.read(value, guards.length).value)
        return None

    def elements(self, value: Value) -> tuple[Value, ...] | None:
        """The elements of what a loop goes through, where they are known one by one; None for others."""
        if isinstance(value, Fresh):
            return self.view(value, "keys").elements if value.kind is dict else self.content(value).elements
        if isinstance(value, Items | Once):
            return value.elements
        if isinstance(value, Concrete) and type(value.value) is str and len(value.value) <= MOST_ELEMENTS:
            return tuple(map(Concrete, value.value))
        if isinstance(value, Concrete) and type(value.value) in MAPPINGS:
            return self.view(value, "keys").elements
        if isinstance(value, Concrete) and (type(value.value) in (list, tuple) or self.is_record(value)):
            if value.origin < 0:
                return tuple(map(Concrete, value.value)) if type(value.value) is tuple else None
            count = self.length(value) or 0
            if count > MOST_ELEMENTS:
                raise Refused(sentence("It goes through a list of {count:,} elements.", count=count))
            return tuple(self._sequence_item(value, i) for i in range(count))
        return None

    def is_record(self, owner: Concrete) -> bool:
        """Whether it is a named tuple that is asked as any tuple is."""
        if not (guards.has_slots(owner.value) and guards.is_subclass(type(owner.value), tuple)) or owner.origin < 0:
            return False
        methods = {"__iter__": tuple.__iter__, "__getitem__": tuple.__getitem__, "__len__": tuple.__len__}
        return all(self.read(owner, guards.class_attribute, name).value is own for name, own in methods.items())


def _element(owner: Items, key: Value) -> Value:
    if isinstance(key, Concrete) and type(key.value) is slice and key.value.step != 0:
        return Items(owner.elements[key.value])
    count = len(owner.elements)
    if isinstance(key, Concrete) and type(key.value) in (int, bool) and -count <= key.value < count:
        return owner.elements[int(key.value)]
    raise Refused(sentence("It takes a part of a tuple or list that is not known."))


def _entry(owner: Entries, key: Concrete) -> Value:
    if not key.is_scalar or key.value not in owner.keys:
        raise Refused(sentence("It asks for an item that is not there."))
    return owner.values[owner.keys.index(key.value)]


def put(owner: Items | Entries, key: Value, value: Value) -> Items | Entries:
    """What a list or dict is after `owner[key] = value`. Raises Refused where that is not known."""
    if isinstance(key, Concrete) and isinstance(owner, Entries) and key.is_scalar:
        if key.value in owner.keys:
            place = owner.keys.index(key.value)
            return Entries(owner.keys, (*owner.values[:place], value, *owner.values[place + 1 :]))
        return Entries((*owner.keys, key.value), (*owner.values, value))
    if isinstance(key, Concrete) and isinstance(owner, Items) and type(key.value) is int:
        count = len(owner.elements)
        if -count <= key.value < count:
            place = key.value % count
            return Items((*owner.elements[:place], value, *owner.elements[place + 1 :]))
    raise Refused(sentence("It takes a part of a tuple or list that is not known."))


def kept(value: Value) -> Value:
    """A value that gets a name, or a place in a list. Raises Refused for what is used up by going through it."""
    if isinstance(value, Once):
        raise Refused(sentence("It keeps something that can be gone through only once, or that changes with a dict."))
    return value


def known_key(key: Value) -> Any:
    """A key of a dict that is made. Raises Refused where it is not known."""
    if not isinstance(key, Concrete) or type(key.value) not in (str, int, float, bool, type(None)):
        raise Refused(sentence("It makes a dict with keys that are not known."))
    return key.value


def known_set(elements: tuple[Value, ...], line: int) -> Concrete:
    """A set that is made. Nobody may go through it: the order of its elements is another each time."""
    if not all(isinstance(element, Concrete) and element.is_scalar for element in elements):
        raise RefusedAt(sentence("Line {line} makes a set of what is not known.", line=line))
    return Concrete(frozenset(element.value for element in elements if isinstance(element, Concrete)))
