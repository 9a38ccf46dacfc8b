"""Reading from the objects a function reaches, as Python would, but without running any of their code.

Also attributes that the interpreted code writes: those are remembered here, and no object is touched.
"""

from __future__ import annotations

from collections import namedtuple
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from zerokara.interpret import counters, guards
from zerokara.interpret.abstract_values import Bound, Concrete, Counted, Super, Unknown, Value, class_of
from zerokara.interpret.containers import Containers
from zerokara.interpret.guards import MISSING
from zerokara.interpret.memory import Place
from zerokara.interpret.refusal import Refused, unknown
from zerokara.words import sentence

_FIELDS = (MemberDescriptorType, type(vars(namedtuple("_Pair", "one other"))["one"]))
"""What a class has for its slots, and a named tuple's for its fields."""


class Getter(NamedTuple):
    """A property: what it is, its function tells."""

    function: Value


class Objects(Containers):
    """All that an interpretation has read, and the attributes that the interpreted code writes."""

    def attribute(self, owner: Concrete | Super, name: str) -> Value | Getter:
        """`owner.name` for a module, a class, or an instance of a learner's class."""
        if isinstance(owner, Super):
            return self._of_parents(owner, name)
        if type(owner.value) is ModuleType:
            return self._in_module(owner, name)
        if guards.is_class(owner.value):
            return self._in_class(owner, name)
        self._check_ordinary(owner, name)
        of_class = self.read(owner, guards.class_attribute, name)
        place = self._place(owner, of_class, name)
        if place in self.written:
            return self._cached(place, name)
        self.first_read.add(place)
        return self._stored(owner, of_class, name)

    def _in_module(self, module: Concrete, name: str) -> Concrete:
        if name not in vars(module.value):
            raise Refused(sentence("{module} has no {name}.", module=module.value.__name__, name=name))
        self.first_read.add((id(vars(module.value)), name))
        return self.read(module, guards.module_name, name)

    def _in_class(self, owner: Concrete, name: str) -> Value | Getter:
        if name.startswith("__") and name.endswith("__"):
            raise Refused(sentence("It reads {name}.", name=name))
        self.class_reads.add((owner.value, name))
        found = self.read(owner, guards.in_class, name)
        if type(found.value) is FunctionType:
            return found
        return self._from_class(owner, owner, found, name)

    def _of_parents(self, owner: Super, name: str) -> Value | Getter:
        """`super().name`, which no instance's dict has."""
        kind = type(owner.owner.value)
        if not guards.is_subclass(kind, owner.after.value):
            raise unknown(f"{guards.class_name(kind)}.{name}")
        self._check_ordinary(owner.owner, name)
        self.class_reads.add((kind, name))
        found = self.read(owner.owner, guards.after_class, (owner.after.value, name))
        if type(found.value) is property:
            return Getter(self.read(found, guards.property_getter))
        return self._from_class(owner.owner, None, found, name)

    def _cached(self, place: Place, name: str) -> Value:
        value = self.written[place]
        if isinstance(value, Unknown):
            raise Refused(sentence("{name} is not written on every path to where it is read.", name=name))
        if isinstance(value, Counted):
            raise Refused(sentence("It uses {name}, which counts its calls.", name=name))
        return value

    def _stored(self, owner: Concrete, of_class: Concrete, name: str) -> Value | Getter:
        # Python's own order: a data descriptor of the class, then the instance's dict, then the class.
        if type(of_class.value) is property:
            # Where a property raises, Python asks `__getattr__`.
            if self.read(owner, guards.class_attribute, "__getattr__").value is not MISSING:
                raise Refused(sentence("{name} is a property.", name=name))
            return Getter(self.read(of_class, guards.property_getter))
        if type(of_class.value) in _FIELDS:
            return self._field(owner, name)
        if of_class.value is not MISSING and _is_data_descriptor(of_class.value):
            raise Refused(sentence("{name} is a property.", name=name))
        if guards.is_ordinary(owner.value):
            own = self.read(owner, guards.own_attribute, name)
            if own.value is not MISSING:
                return own
        self.class_reads.add((type(owner.value), name))
        return self._from_class(owner, None, of_class, name)

    def _field(self, owner: Concrete, name: str) -> Value:
        found = self.read(owner, guards.field, name)
        if found.value is MISSING:
            raise unknown(f"{class_of(owner)}.{name}")
        return found

    def _from_class(self, owner: Concrete, kind: Concrete | None, found: Concrete, name: str) -> Value:
        """What a class says about a name, for one of its instances, or for the class `kind` itself."""
        if type(found.value) is FunctionType:
            return Bound(owner, found)
        if type(found.value) is staticmethod:
            return self.read(found, guards.static_function)
        if type(found.value) is classmethod:
            return Bound(kind or self.read(owner, guards.kind), self.read(found, guards.static_function))
        if found.value is MISSING or (_has(found.value, "__get__") and type(found.value) is not MethodType):
            raise unknown(f"{class_of(owner)}.{name}")
        return found

    def _check_ordinary(self, owner: Concrete, name: str) -> None:
        """Refuse objects that may answer `owner.name` with code of their own."""
        kind = guards.class_name(type(owner.value))
        has_dict = guards.is_ordinary(owner.value)
        if not has_dict and not guards.has_slots(owner.value):
            raise unknown(f"{kind}.{name}")
        if name.startswith("__") and name.endswith("__"):
            raise Refused(sentence("It reads {name}.", name=name))
        if type(owner.value) is SimpleNamespace:
            return
        # Both are guarded by being read: a class that gets a `__getattribute__` later is another class.
        getter = self.read(owner, guards.class_attribute, "__getattribute__").value
        its_dict = self.read(owner, guards.class_attribute, "__dict__").value
        usual = getter is object.__getattribute__ or getter is tuple.__getattribute__
        if not usual or type(its_dict) is not (GetSetDescriptorType if has_dict else object):
            raise Refused(sentence("The class {kind} answers for its attributes itself.", kind=kind))

    # Writing

    def write(self, owner: Value, name: str, value: Value) -> None:
        """`owner.name = value`, for numbers kept in an instance."""
        place = self._place_to_write(owner, name)
        self.ever_written.add(place)
        self.note_line(place)
        self.written[place] = value

    def state_of(self, owner: Value, name: str) -> Value | None:
        """What the code has written to an attribute on this path."""
        return self.written.get(self._place_to_write(owner, name))

    def note_read(self, owner: Concrete, name: str) -> None:
        """Somebody looks whether an instance has an attribute."""
        self.first_read.add(self._place(owner, self.read(owner, guards.class_attribute, name), name))
        self.class_reads.add((type(owner.value), name))

    def count_attribute(self, owner: Value, name: str, step: int) -> bool:
        """`owner.name += step`; False where that is no plain counting."""
        if isinstance(owner, Concrete) and guards.is_class(owner.value):
            return self.count(owner, counters.CLASS_ATTRIBUTE, name, (id(owner.value), name), step)
        place = self._place_to_write(owner, name)
        assert isinstance(owner, Concrete)
        if not guards.is_ordinary(owner.value) or _is_data_descriptor(guards.class_attribute(owner.value, name)):
            return False
        self.class_reads.add((type(owner.value), name))
        return self.count(owner, counters.ATTRIBUTE, name, place, step)

    def _place_to_write(self, owner: Value, name: str) -> Place:
        if not isinstance(owner, Concrete) or not (guards.is_ordinary(owner.value) or guards.has_slots(owner.value)):
            raise Refused(sentence("It writes to {name}.", name=name))
        self._check_ordinary(owner, name)
        setter = self.read(owner, guards.class_attribute, "__setattr__")
        of_class = self.read(owner, guards.class_attribute, name)
        is_usual = setter.value is object.__setattr__ or type(owner.value) is SimpleNamespace
        is_slot = type(of_class.value) is MemberDescriptorType
        if not is_usual or (_is_data_descriptor(of_class.value) and not is_slot):
            raise Refused(sentence("The class {kind} is told when {name} is written.", kind=class_of(owner), name=name))
        if not is_slot and not guards.is_ordinary(owner.value):
            raise Refused(sentence("It writes to {name}.", name=name))
        return self._place(owner, of_class, name)

    def _place(self, owner: Concrete, of_class: Concrete, name: str) -> Place:
        """Where an attribute is kept: several instances may share one dict."""
        if type(of_class.value) is MemberDescriptorType or not guards.is_ordinary(owner.value):
            return id(self.read(owner, guards.itself).value.value), name
        return id(self.read(owner, guards.own_dict).value), name


def _is_data_descriptor(value: Any) -> bool:
    return _has(value, "__set__") or _has(value, "__delete__")


def _has(value: Any, method: str) -> bool:
    return guards.class_attribute(value, method) is not MISSING
