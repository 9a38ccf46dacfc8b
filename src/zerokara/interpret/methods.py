"""Abstract interpretation of calls of methods: of arrays, lists, dicts and texts."""

from __future__ import annotations

from zerokara.interpret import allowed
from zerokara.interpret.abstract_values import (
    Bound,
    Concrete,
    Entries,
    Fresh,
    Items,
    Text,
    Value,
    class_of,
    is_number,
)
from zerokara.interpret.comprehensions import Comprehensions
from zerokara.interpret.containers import kept, put
from zerokara.interpret.expressions import NOTHING
from zerokara.interpret.guards import CONTAINERS, MAPPINGS
from zerokara.interpret.refusal import Refused, RefusedAt
from zerokara.interpret.texts import as_text, ask_text
from zerokara.words import sentence

_CHANGES = ("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault")
Keywords = dict[str, Value]


class Methods(Comprehensions):
    """Evaluates calls of what stands behind a dot."""

    def call_bound(self, callee: Bound, arguments: list[Value], keywords: Keywords) -> Value:
        owner, function = callee.receiver, callee.function
        if isinstance(function, Concrete):
            return self.call(function, [owner, *arguments], keywords, class_of(owner))
        if isinstance(owner, Concrete) and type(owner.value) in CONTAINERS and function in _CHANGES:
            raise RefusedAt(sentence("Line {line} changes a list or dict that was there before.", line=self.line))
        if isinstance(owner, Fresh) and owner.kind is list:
            return self._ask_list(owner, function, arguments, keywords)
        if isinstance(owner, Fresh) or (isinstance(owner, Concrete) and type(owner.value) in MAPPINGS):
            return self._ask_dict(owner, function, arguments, keywords)
        if isinstance(owner, Text) or (isinstance(owner, Concrete) and type(owner.value) is str):
            return self._ask_text(owner, function, arguments, keywords)
        if not is_number(owner) or isinstance(owner, Items):
            raise unknown_call(f"{class_of(owner)}.{function}")
        if function == "astype":
            return self.arithmetic.cast(owner, arguments, keywords)
        if function not in allowed.METHODS:
            raise unknown_call(f"{class_of(owner)}.{function}")
        kind, most = allowed.METHODS[function]
        operation = allowed.Operation(kind, most + 1)
        plain = [self.objects.plain(argument) for argument in arguments]
        return self.arithmetic.apply(function, operation, [owner, *plain], keywords)

    def _ask_list(self, owner: Fresh, name: str, arguments: list[Value], keywords: Keywords) -> Value:
        """A method of a list that the code has made."""
        before: tuple[Value, ...] = self.objects.content(owner).elements
        after: tuple[Value, ...]
        if name == "append" and len(arguments) == 1:
            after = (*before, kept(arguments[0]))
        elif name == "extend" and len(arguments) == 1 and (more := self.elements(arguments[0])) is not None:
            after = (*before, *more)
        elif name == "insert" and len(arguments) == 2 and isinstance(at := arguments[0], Concrete) and at.value == 0:
            after = (kept(arguments[1]), *before)
        elif name == "reverse" and not arguments:
            after = before[::-1]
        elif name == "copy" and not arguments:
            return self.objects.make(list, Items(before))
        elif name == "pop" and not arguments and before:
            self.objects.fill(owner, Items(before[:-1]))
            return before[-1]
        else:
            raise unknown_call(f"{list.__name__}.{name}")
        if keywords:
            raise unknown_call(f"{list.__name__}.{name}")
        self.objects.fill(owner, Items(after))
        return Concrete(None)

    def _ask_dict(self, owner: Value, name: str, arguments: list[Value], keywords: Keywords) -> Value:
        if name in ("keys", "values", "items") and not arguments and not keywords:
            return self.objects.live_view(owner, name)
        if name == "get" and 1 <= len(arguments) <= 2 and not keywords and isinstance(arguments[0], Concrete):
            of = owner if isinstance(owner, Concrete) else self.objects.entries(owner)
            if arguments[0].is_scalar and not self.objects.has_key(of, arguments[0]):
                return arguments[1] if len(arguments) == 2 else Concrete(None)
            return self.objects.item(owner, arguments[0])
        if name == "copy" and not arguments:
            return self.objects.make(dict, self.objects.entries(owner))
        if name == "update" and isinstance(owner, Fresh) and len(arguments) <= 1:
            self.objects.fill(owner, self._updated(owner, arguments, keywords))
            return Concrete(None)
        raise unknown_call(f"{class_of(owner)}.{name}")

    def _updated(self, owner: Fresh, arguments: list[Value], keywords: Keywords) -> Entries:
        made: Items | Entries = self.objects.entries(owner)
        for more in [self.objects.entries(argument) for argument in arguments]:
            for key, value in zip(more.keys, more.values, strict=True):
                made = put(made, Concrete(key), value)
        for name, value in keywords.items():
            made = put(made, Concrete(name), kept(value))
        assert isinstance(made, Entries)
        return made

    def _ask_text(self, owner: Value, name: str, arguments: list[Value], keywords: Keywords) -> Value:
        plain = [self.objects.plain(argument) for argument in arguments]
        values = [_known(argument) for argument in plain]
        if isinstance(owner, Concrete) and not keywords and all(value is not NOTHING for value in values):
            return ask_text(owner.value, name, values)
        if name == "format":  # for an error's message
            for value in [*plain, *keywords.values()]:
                as_text(value)
            return Text()
        raise unknown_call(f"{str.__name__}.{name}")


def _known(value: Value) -> object:
    """What Python's own methods of texts can be given; NOTHING where it is not known."""
    if isinstance(value, Items):
        inner = [_known(element) for element in value.elements]
        return NOTHING if any(found is NOTHING for found in inner) else inner
    return value.value if isinstance(value, Concrete) and value.is_scalar else NOTHING


def unknown_call(name: str) -> Refused:
    return Refused(sentence("It calls {name}, and nothing is known of that.", name=name))
