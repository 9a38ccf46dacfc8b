"""A world of stand-ins in which a learner's loop runs: small arrays, and a function that answers at random.

Everything that the loop reads from outside, its arguments, names of its file, attributes of a network, is read once
from the real objects, without running code of theirs, and guarded (see `guards`). In its place the loop is given a
stand-in.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Bound, Concrete
from zerokara.interpret.guards import FUNCTION, Recorder
from zerokara.interpret.objects import Objects
from zerokara.interpret.refusal import Refused
from zerokara.own_loops.call import OwnCall
from zerokara.own_loops.library import is_known, numpy_names
from zerokara.own_loops.values import Extent
from zerokara.sources.instrumentation import plain_function_of
from zerokara.words import sentence

MOST_ITEMS = 100


class Enough(BaseException):
    """Raised by the stand-in of the function, to end a run after so many calls. No learner's `except` catches it."""


class Reader:
    """Reads the real objects, and knows which names each function of the loop has read.

    Attributes:
        names: global names that were read, by the number of the function that reads them.
        evaluated: the code of functions that are called as wholes, and not read as parts of the loop.
        asks: whether a part of the loop is such a loop itself, and asks when it is called.
    """

    def __init__(self, call: OwnCall) -> None:
        self.call = call
        self.recorder = Recorder(call.plain, call.arguments)
        self.objects = Objects(self.recorder)
        self.names: dict[int, dict[str, int]] = {}
        self.evaluated: set[CodeType] = set()
        self.asks = False

    def value(self, number: int) -> Any:
        return self.recorder.values[number]

    def first(self, number: int) -> int:
        """The smallest number of that very object: it may have been read from several places."""
        value = self.value(number)
        return next(n for n, other in enumerate(self.recorder.values) if other is value)

    def lengths(self) -> frozenset[int]:
        """The lengths of axes that a whole number of those that were read is equal to."""
        numbers = {value for value in self.recorder.values if type(value) is int}
        arrays = [value for value in self.recorder.values if type(value) is np.ndarray]
        return frozenset(length for array in arrays for length in array.shape if length > 1 and length in numbers)

    def argument(self, name: str) -> int:
        return self.recorder.read(guards.ARGUMENT, guards.mapping_item, name)

    def global_name(self, function: int, name: str) -> int:
        try:
            number = self.recorder.read(function, guards.global_name, name)
        except KeyError:
            raise Refused(sentence("There is no {name}.", name=name)) from None
        self.names.setdefault(function, {})[name] = number
        return number

    def cell(self, function: int, name: str) -> int:
        try:
            return self.recorder.read(function, guards.cell, name)
        except ValueError:
            raise Refused(sentence("There is no {name}.", name=name)) from None

    def attribute(self, number: int, name: str) -> tuple[int, int | None]:
        """The number of what `owner.name` is and, of a method, of its owner."""
        found = self.objects.attribute(Concrete(self.value(number), number), name)
        if isinstance(found, Bound) and isinstance(found.function, Concrete):
            return found.function.origin, number
        assert isinstance(found, Concrete)
        return found.origin, None

    def plain(self, number: int) -> FunctionType:
        """The learner's function as Python would have compiled it."""
        function: FunctionType = self.value(number)
        return plain_function_of(function)


class Token:
    """What is handed on to the function, and nothing else is done with."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __bool__(self) -> bool:
        raise Refused(sentence("What it does depends on what it hands on."))


class ObjectStandIn:
    """Stands in for an object: its attributes are read when they are asked for."""

    __slots__ = ("_number", "_world")

    def __init__(self, world: World, number: int) -> None:
        object.__setattr__(self, "_world", world)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        return object.__getattribute__(self, "_world").attribute(object.__getattribute__(self, "_number"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise Refused(sentence("It writes to {name}.", name=name))

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        world, number = object.__getattribute__(self, "_world"), object.__getattribute__(self, "_number")
        return world.called(FunctionStandIn(world, number), arguments, keywords)


@dataclass(eq=False)
class FunctionStandIn:
    """Stands in for a function: one that is a part of the loop is run, any other is evaluated.

    Attributes:
        number: of the function among all that was read; receiver: of what it is a method of.
    """

    world: World
    number: int
    receiver: int | None = None

    @property
    def is_part(self) -> bool:
        return self.world.is_part(self.number)

    def arguments(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """All of them, the receiver first."""
        return arguments if self.receiver is None else (self.world.mirror(self.receiver), *arguments)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if self.is_part:
            return self.world.rebuilt(self.number)(*self.arguments(arguments), **keywords)
        return self.world.called(self, arguments, keywords)


@dataclass(eq=False)
class Evaluated:
    """One call of the function that is differentiated, in the world of stand-ins.

    Attributes:
        stands: where each array stands, by its number.
        given: copies of the arrays among the arguments that stand for nothing that was there before, by their place.
        objects: the arrays themselves, by their place: one that is moved is the same again.
    """

    function: FunctionStandIn
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    stands: dict[int, NDArray[Any]]
    given: dict[int | str, NDArray[Any]]
    answer: float


Shape = tuple[int, ...]


def places_of(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[int | str, Any]:
    """The arguments of a call by their positions and keywords."""
    places: dict[int | str, Any] = dict(enumerate(arguments))
    places.update(keywords)
    return places


@dataclass(eq=False)
class World:
    """Stand-ins for all that one run of the loop reads.

    Attributes:
        shape_of: how large the stand-in of an array is.
        fill: what numbers there are in it.
        tokens: the ids of real arrays that are only handed on.
        limit: after how many calls the run ends.
        answer_as: how the function answers: as NumPy's float, or as Python's.
        far: the arrays whose elements are moved in place, and how far.
        extents: whole numbers that are taken for lengths of axes, and how long these are here.
    """

    reader: Reader
    shape_of: Callable[[NDArray[Any]], Shape]
    fill: Callable[[np.random.Generator, Shape], NDArray[np.float64]]
    is_part: Callable[[int], bool]
    seed: int = 0
    tokens: frozenset[int] = frozenset()
    limit: int | None = None
    answer_as: Callable[[float], Any] = np.float64
    calls: list[Evaluated] = field(default_factory=list)
    far: dict[int, float] = field(default_factory=dict)
    extents: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.answers = np.random.default_rng(self.seed + 1)
        self.by_value: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        self.arrays: dict[int, NDArray[Any]] = {}
        self.initial: dict[int, NDArray[Any]] = {}
        self.containers: list[tuple[Any, Any]] = []
        self._functions: dict[int, FunctionType] = {}
        self._kept: list[Any] = []

    # What is there

    def mirror(self, number: int, receiver: int | None = None) -> Any:
        """The stand-in of the value of that number."""
        value = self.reader.value(number)
        if type(value) is int and value in self.extents:
            return Extent(self.extents[value])
        if guards.is_scalar(value) or is_known(value):
            return value
        if receiver is not None:
            return self._keep(FunctionStandIn(self, number, receiver))
        if id(value) not in self.by_value:
            number = self.reader.first(number)
            self.by_value[id(value)] = self._keep(self._made(number, value))
            self.numbers.setdefault(id(self.by_value[id(value)]), number)
        return self.by_value[id(value)]

    def _keep(self, stand_in: Any) -> Any:
        self._kept.append(stand_in)  # ids are of living objects only
        return stand_in

    def _made(self, number: int, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray and id(value) not in self.tokens and guards.is_plain_array(value):
            return self._array(number, value)
        if kind in guards.CONTAINERS:
            return self._container(number, value)
        if kind is FunctionType:
            return FunctionStandIn(self, number)
        if kind is MethodType:
            function = self.reader.recorder.read(number, guards.method_function)
            return FunctionStandIn(self, function, self.reader.recorder.read(number, guards.method_self))
        if value is np:
            return numpy_names()
        if kind is ModuleType or guards.is_ordinary(value):
            return ObjectStandIn(self, number)
        return Token(number)

    def _array(self, number: int, value: NDArray[Any]) -> NDArray[Any]:
        made = self.fill(self.rng, self.shape_of(value))
        self.arrays[number], self.initial[number] = made, made.copy()
        return made

    def _container(self, number: int, value: Any) -> Any:
        read = self.reader.recorder.read
        if len(value) > MOST_ITEMS:
            return Token(number)
        if type(value) in (dict, OrderedDict):
            keys = read(number, guards.keys)
            names = self.reader.value(keys)
            made: Any = type(value)((key, self.mirror(read(number, guards.mapping_item, key))) for key in names)
        else:
            count = self.reader.value(read(number, guards.length))
            made = type(value)(self.mirror(read(number, guards.sequence_item, i)) for i in range(count))
        self.containers.append((made, type(made)(made)))
        return made

    def attribute(self, number: int, name: str) -> Any:
        return self.mirror(*self.reader.attribute(number, name))

    def number_of(self, stand_in: Any) -> int | None:
        """What a stand-in stands for; None for what the loop has made."""
        return self.numbers.get(id(stand_in))

    def stand(self, call: Evaluated, number: int) -> NDArray[Any]:
        """Where an array stood in a call; one that was not read until then, where it was in the beginning."""
        return call.stands.get(number, self.initial[number])

    def check_containers(self) -> None:
        """Raises Refused where the loop has put something into a dict or a list that was there before."""
        for made, before in self.containers:
            same = len(made) == len(before) and all(a is b for a, b in zip(_leaves(made), _leaves(before), strict=True))
            if not same:
                raise Refused(sentence("It keeps something beyond the call."))

    # Running

    def rebuilt(self, number: int) -> FunctionType:
        """A function of the loop with stand-ins for the names it reads."""
        if number not in self._functions:
            function = self.reader.plain(number)
            code = function.__code__
            names: dict[str, Any] = {"__builtins__": {}, "__name__": "stand_ins"}
            names |= {name: self.mirror(n) for name, n in self.reader.names.get(number, {}).items()}
            cells = tuple(CellType(self.mirror(self.reader.cell(number, name))) for name in code.co_freevars)
            made = FunctionType(code, names, code.co_name, self._defaults(number), cells)
            made.__kwdefaults__ = self._keyword_defaults(number)
            self._functions[number] = made
        return self._functions[number]

    def _defaults(self, number: int) -> tuple[Any, ...] | None:
        if number == FUNCTION:
            return None
        read = self.reader.recorder.read
        count = self.reader.value(read(number, guards.defaults_count))
        return tuple(self.mirror(read(number, guards.default, i)) for i in range(count)) or None

    def _keyword_defaults(self, number: int) -> dict[str, Any] | None:
        if number == FUNCTION:
            return None
        names = self.reader.value(number).__kwdefaults__ or {}
        read = self.reader.recorder.read
        return {name: self.mirror(read(number, guards.keyword_default, name)) for name in names} or None

    def arguments(self) -> dict[str, Any]:
        return {name: self.mirror(self.reader.argument(name)) for name in self.reader.call.arguments}

    def run(self) -> Any:
        """Run the plain loop among the stand-ins, and return what it returns."""
        own = OwnCall(self.rebuilt(FUNCTION), self.arguments())
        return own.run()

    def called(self, function: FunctionStandIn, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Answer with a random number, and keep where everything stands."""
        if self.limit is not None and len(self.calls) >= self.limit:
            raise Enough
        places = places_of(arguments, keywords)
        made = {p: a for p, a in places.items() if type(a) is np.ndarray and self.number_of(a) is None}
        # All sizes and both signs, so that a bound, a rounding or an abs in the formula shows in some quotient.
        answer = float(
            self.answers.choice((-1, 1)) * self.answers.uniform(1, 2) * 10.0 ** self.answers.integers(-9, 10)
        )
        stands = {number: array.copy() for number, array in self.arrays.items()}
        copies = {place: array.copy() for place, array in made.items()}
        self._kept += made.values()
        self.calls.append(Evaluated(function, arguments, keywords, stands, copies, answer))
        return self.answer_as(answer)


def _leaves(container: Any) -> Any:
    return itertools.chain(container.keys(), container.values()) if isinstance(container, dict) else container
