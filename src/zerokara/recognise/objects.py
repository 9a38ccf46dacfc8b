"""Reading from the objects a function reaches, as Python would, but without running any of their code.

Also attributes that the interpreted code writes: those are remembered here, and no object is touched.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

from zerokara.recognise import guards
from zerokara.recognise.abstract_values import CONSTANT, Abstract, Bound, Concrete, Items, Unknown, Value, class_of
from zerokara.recognise.guards import CONTAINERS, MISSING, Recorder
from zerokara.recognise.refusal import Refused, unknown
from zerokara.words import sentence

MOST_ELEMENTS = 1_000

Written = dict[tuple[int, str], Value]


@dataclass
class Objects:
    """All that an interpretation has read, and the attributes that the interpreted code writes.

    An attribute that every call writes before reading it, such as a layer's `mask`, is a cache: nothing depends on what
    it was. So `first_read` and `ever_written` must have nothing in common, and no attribute may be written on some
    paths through the code only, or what a call leaves behind would depend on the calls before. Nor may it be read as an
    item of the instance's dict: `dicts` are those whose items were asked for.

    Attributes:
        written: (id of the instance's dict, name) → what was written there last on this path.
    """

    recorder: Recorder

    def __post_init__(self) -> None:
        self.written: Written = {}
        self.ever_written: set[tuple[int, str]] = set()
        self.first_read: set[tuple[int, str]] = set()
        self.dicts: set[int] = set()

    def read(self, parent: Concrete, how: Callable[[Any, Any], Any], key: Any = None) -> Concrete:
        """What `how` finds for `key` in an object, guarded from now on; see `guards.Recorder`."""
        if parent.origin == CONSTANT:
            raise unknown(f"{class_of(parent)}.{key}")
        number = self.recorder.read(parent.origin, how, key)
        return Concrete(self.recorder.values[number], number)

    def check_caches(self) -> None:
        """Raises Refused for an attribute that carries something from one call to the next."""
        carried = {name for _, name in self.first_read & self.ever_written}
        carried |= {name for place, name in self.ever_written if place in self.dicts}
        sometimes = {name for (_, name), value in self.written.items() if isinstance(value, Unknown)}
        if carried or sometimes:
            name = min(carried | sometimes)
            raise Refused(sentence("It keeps something from one call to the next in {name}.", name=name))

    # Modules and instances

    def attribute(self, owner: Concrete, name: str) -> Value:
        """`owner.name` for a module or an instance of a learner's class."""
        if type(owner.value) is ModuleType:
            return self._in_module(owner, name)
        self._check_ordinary(owner, name)
        place = self._place(owner, name)
        if place in self.written:
            return self._cached(place, name)
        self.first_read.add(place)
        return self._stored(owner, name)

    def _in_module(self, module: Concrete, name: str) -> Concrete:
        if name not in vars(module.value):
            raise Refused(sentence("{module} has no {name}.", module=module.value.__name__, name=name))
        return self.read(module, guards.module_name, name)

    def _cached(self, place: tuple[int, str], name: str) -> Value:
        value = self.written[place]
        if isinstance(value, Unknown):
            raise Refused(sentence("{name} is not written on every path to where it is read.", name=name))
        return value

    def _stored(self, owner: Concrete, name: str) -> Value:
        # Python's own order: a data descriptor of the class, then the instance's dict, then the class.
        of_class = self.read(owner, guards.class_attribute, name)
        if of_class.value is not MISSING and _is_data_descriptor(of_class.value):
            raise Refused(sentence("{name} is a property.", name=name))
        own = self.read(owner, guards.own_attribute, name)
        if own.value is not MISSING:
            return own
        return self._from_class(owner, of_class, name)

    def _from_class(self, owner: Concrete, found: Concrete, name: str) -> Value:
        if type(found.value) is FunctionType:
            return Bound(owner, found)
        if type(found.value) is staticmethod:
            return self.read(found, guards.static_function)
        if found.value is MISSING or _has(found.value, "__get__"):
            raise unknown(f"{class_of(owner)}.{name}")
        return found

    def _check_ordinary(self, owner: Concrete, name: str) -> None:
        """Refuse objects that may answer `owner.name` with code of their own."""
        kind = guards.class_name(type(owner.value))
        if not guards.is_ordinary(owner.value):
            raise unknown(f"{kind}.{name}")
        if name.startswith("__"):
            raise Refused(sentence("It reads {name}.", name=name))
        # Both are guarded by being read: a class that gets a `__getattribute__` later is another class.
        getter = self.read(owner, guards.class_attribute, "__getattribute__")
        its_dict = self.read(owner, guards.class_attribute, "__dict__")
        if getter.value is not object.__getattribute__ or type(its_dict.value) is not GetSetDescriptorType:
            raise Refused(sentence("The class {kind} answers for its attributes itself.", kind=kind))

    def write(self, owner: Value, name: str, value: Value) -> None:
        """`owner.name = value`, for numbers kept in an instance."""
        if not isinstance(owner, Concrete) or isinstance(value, Bound | Unknown) or not _is_storable(value):
            raise Refused(sentence("It writes to {name}.", name=name))
        self._check_ordinary(owner, name)
        setter = self.read(owner, guards.class_attribute, "__setattr__")
        of_class = self.read(owner, guards.class_attribute, name)
        if setter.value is not object.__setattr__ or _is_data_descriptor(of_class.value):
            raise Refused(sentence("The class {kind} is told when {name} is written.", kind=class_of(owner), name=name))
        self.ever_written.add(self._place(owner, name))
        self.written[self._place(owner, name)] = value

    def _place(self, owner: Concrete, name: str) -> tuple[int, str]:
        """Where an attribute is kept: several instances may share one dict."""
        return id(self.read(owner, guards.own_dict).value), name

    # Dicts, lists and tuples

    def item(self, owner: Concrete, key: Value) -> Value:
        """`owner[key]` for a dict, list or tuple."""
        if type(owner.value) not in CONTAINERS or not isinstance(key, Concrete) or not key.is_scalar:
            raise unknown(f"{class_of(owner)}[…]")
        if type(owner.value) in (list, tuple):
            if type(key.value) is not int or not -len(owner.value) <= key.value < len(owner.value):
                raise Refused(sentence("It asks for an item that is not there."))
            return self.read(owner, guards.sequence_item, key.value)
        if key.value not in self._keys(owner):
            raise Refused(sentence("There is no item {key!r}.", key=key.value))
        return self.read(owner, guards.mapping_item, key.value)

    def _keys(self, owner: Concrete) -> tuple[Any, ...]:
        # All keys are guarded although one is asked for: another order is another order of layers.
        self.dicts.add(id(owner.value))
        found: tuple[Any, ...] = self.read(owner, guards.keys).value
        if not all(map(guards.is_scalar, found)):
            raise Refused(sentence("A dict that it reads has keys that are no plain strings or numbers."))
        return found

    def view(self, owner: Concrete, which: str) -> Items:
        """`owner.keys()`, `owner.values()` or `owner.items()` of a dict."""
        keys: list[Value] = [Concrete(key) for key in self._keys(owner)]
        if which == "keys":
            return Items(tuple(keys))
        values = [self.item(owner, key) for key in keys]
        return Items(tuple(values) if which == "values" else tuple(map(Items, zip(keys, values, strict=True))))

    def elements(self, value: Value) -> tuple[Value, ...] | None:
        """The elements of what a loop goes through, where they are known one by one; None for numbers."""
        if isinstance(value, Items):
            return value.elements
        if isinstance(value, Concrete) and type(value.value) in (dict, OrderedDict):
            return self.view(value, "keys").elements
        if isinstance(value, Concrete) and type(value.value) in (list, tuple) and value.origin >= 0:
            count = self.read(value, guards.length).value
            if count > MOST_ELEMENTS:
                raise Refused(sentence("It goes through a list of {count:,} elements.", count=count))
            return tuple(self.read(value, guards.sequence_item, i) for i in range(count))
        return None


def _is_data_descriptor(value: Any) -> bool:
    return _has(value, "__set__") or _has(value, "__delete__")


def _has(value: Any, method: str) -> bool:
    return guards.class_attribute(value, method) is not MISSING


def _is_storable(value: Value) -> bool:
    if isinstance(value, Items):
        return all(map(_is_storable, value.elements))
    return isinstance(value, Abstract) or (isinstance(value, Concrete) and (value.is_scalar or value.is_array))
