"""Abstract interpretation of a function and of all it calls: does running it change anything?

Nothing is run. Every statement is followed with what is known of the values: which object a name stands for, or that it
holds numbers. Where a condition is not known, both branches are interpreted, and what is known after them is the join.
What is not understood is refused. (Cousot and Cousot, "Abstract interpretation", POPL 1977.)
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Closure, Concrete, Entries, Items, Value, is_number
from zerokara.interpret.arithmetic import Arithmetic
from zerokara.interpret.clues import Clues
from zerokara.interpret.containers import kept
from zerokara.interpret.counters import Counter
from zerokara.interpret.evaluation import Evaluation
from zerokara.interpret.exceptions import Exceptions
from zerokara.interpret.guards import ARGUMENT, FUNCTION, MISSING, Guards, Recorder
from zerokara.interpret.interpreted_code import is_from_library, tree_of
from zerokara.interpret.objects import Objects
from zerokara.interpret.refusal import Refused
from zerokara.interpret.scopes import Frame, Outcome, State, join_outcomes
from zerokara.interpret.thresholds import Threshold
from zerokara.words import sentence

DEEPEST = 40
_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclass(frozen=True)
class Purity:
    """A function that only computes: calling it twice is calling it once, but for caches that each call overwrites.

    Attributes:
        guards: what all of this depends on.
        arrays: the numbers of the values that are arrays, in the order they were met; each array once.
        threshold_on: says, for a set of arrays, which threshold depends on them; None if none does.
        assumed: sets of arrays; of each one must be weights or a bias, for its thresholds to be harmless.
        clues: what its code says about the network.
        caches: whether it keeps something in objects, that can be looked at later.
        reads_only_argument: whether it knows the x it is called with from nowhere else.
        counters: whole numbers that it adds to, and that nothing it does depends on.
        writes: the names of what it keeps and counts.
    """

    guards: Guards
    arrays: tuple[int, ...]
    threshold_on: Callable[[set[int]], Threshold | None]
    assumed: frozenset[frozenset[int]]
    clues: Clues
    caches: bool
    reads_only_argument: bool
    counters: tuple[Counter, ...] = ()
    writes: frozenset[str] = frozenset()


def purity_of(f: Any, x: Any) -> Purity:
    """Interpret a call f(x). Raises Refused, with the reason, where f may do more than compute."""
    interpreter = Interpreter(Objects(Recorder(f, x)), Arithmetic())
    try:
        result = interpreter.objects.plain(interpreter.call_root(Concrete(f, FUNCTION), Concrete(x, ARGUMENT)))
    except RecursionError:
        raise Refused(sentence("It calls itself.")) from None
    if not is_number(result):
        raise Refused(sentence("It does not return a number."))
    try:
        interpreter.objects.check()  # at the end: what is read early may be written later
    except Refused as reason:
        interpreter.locate(reason, *interpreter.objects.at)
        raise
    return _verdict(interpreter, interpreter.objects.recorder, interpreter.objects.final_counters())


def code_of(f: Any) -> CodeType | None:
    """The code that runs when f is called; None where that is not Python's, or not found without running any."""
    while type(f) in (Evaluation, MethodType, functools.partial):
        f = f.func if type(f) is functools.partial else f.__func__ if type(f) is MethodType else f.function
    if guards.is_ordinary(f) or guards.has_slots(f):
        f = guards.class_attribute(f, "__call__")
    return f.__code__ if type(f) is FunctionType else None


def _verdict(interpreter: Interpreter, recorder: Recorder, counters: tuple[Counter, ...]) -> Purity:
    found = recorder.guards(interpreter.read_argument)
    # One array may have been read from several places; it goes by the first.
    first_of = dict(found.identities)
    arrays = [n for n, first in found.identities if n == first and guards.is_plain_array(recorder.values[n])]

    def threshold_on(weights: set[int]) -> Threshold | None:
        return interpreter.arithmetic.threshold_on({n for n, first in first_of.items() if first in weights})

    assumed = frozenset(
        frozenset(first_of.get(number, number) for number in numbers) for numbers in interpreter.arithmetic.assumed
    )
    elsewhere = any(value is recorder.values[ARGUMENT] for value in recorder.values[ARGUMENT + 1 :])
    return Purity(
        found,
        tuple(arrays),
        threshold_on,
        assumed,
        interpreter.arithmetic.clues(first_of),
        bool(interpreter.objects.ever_written),
        interpreter.read_argument and not elsewhere,
        counters,
        frozenset(str(name) for _, name in {*interpreter.objects.ever_written, *interpreter.objects.counters}),
    )


class Interpreter(Exceptions):
    """Enters functions; statements and expressions are the business of the classes above."""

    depth = 0
    read_argument = False
    root_file = ""

    def call_root(self, root: Concrete, x: Concrete) -> Value:
        """Interpret f(x), whatever kind of function f is."""
        # A method has all attributes of its function, so that guards of one might hold for the other.
        self.objects.read(root, guards.kind)
        return self.call(root, [x], {}, "f")

    def locate(self, reason: Refused, file: str, line: int) -> None:
        """Say where a refusal was found: in the learner's code, which may have called a library's."""
        if line and not is_from_library(file):
            reason.locate(line, None if file == self.root_file else os.path.basename(file))

    def enter(self, function: Concrete | Closure, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Interpret a call of a function, and return what is known of its result."""
        if isinstance(function, Closure):
            code, node = function.code, function.node
            frame = Frame(function.frame.function, {}, code, function.frame)
        else:
            code = function.value.__code__
            frame = Frame(function, {}, code)
        if code.co_flags & _NOT_PLAIN:
            raise Refused(sentence("{name} is a generator.", name=code.co_name))
        if isinstance(function, Concrete):
            node = tree_of(code, writes=True)
        self.root_file = self.root_file or code.co_filename
        frame.names = self._bound(function, code, arguments, keywords)
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refused(sentence("{name} calls itself.", name=code.co_name))
        line, result = self.line, self._body(node, frame)
        self.depth, self.line = self.depth - 1, line
        return result

    def _body(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Value:
        if isinstance(node, ast.Lambda):
            return self._of_lambda(node, frame)
        if self.block(node.body, frame):
            frame.returned.append(Outcome(Concrete(None), State(frame.names, self.objects.written)))
        if not frame.returned:
            raise Refused(sentence("{name} always ends in an error.", name=node.name))
        value, self.objects.written = join_outcomes(frame.returned)
        # What is defined inside may be called later, and then sees the names as they were in the end.
        frame.names, frame.has_ended = frame.returned[0].state.names, len(frame.returned) > 1
        return value

    def _of_lambda(self, node: ast.Lambda, frame: Frame) -> Value:
        try:
            return self.value(node.body, frame)
        except Refused as reason:
            self.locate(reason, frame.code.co_filename, node.body.lineno)
            raise

    # Arguments

    def _bound(
        self, function: Concrete | Closure, code: CodeType, arguments: list[Value], keywords: dict[str, Value]
    ) -> dict[str, Value]:
        """The parameters' values: positional, by keyword, by default, and the rest."""
        count = code.co_argcount
        names = code.co_varnames[: count + code.co_kwonlyargcount]
        for value in [*arguments, *keywords.values()]:
            kept(value)
        bound: dict[str, Value] = dict(zip(names[:count], arguments, strict=False))
        named = set(names[code.co_posonlyargcount :])
        rest = {name: value for name, value in keywords.items() if name not in named}
        fits = not named & set(keywords) & set(bound)
        bound |= {name: value for name, value in keywords.items() if name in named}
        bound |= self._rest(code, arguments[count:], rest)
        fits = fits and (len(arguments) <= count or bool(code.co_flags & inspect.CO_VARARGS))
        if not fits or (rest and not code.co_flags & inspect.CO_VARKEYWORDS):
            raise Refused(sentence("{name} is called with arguments that do not fit.", name=code.co_name))
        for place, name in enumerate(names):
            if name not in bound:
                bound[name] = self._default(function, code, name, place)
        return bound

    def _rest(self, code: CodeType, arguments: list[Value], keywords: dict[str, Value]) -> dict[str, Value]:
        """What `*args` and `**kwargs` stand for."""
        places = iter(code.co_varnames[code.co_argcount + code.co_kwonlyargcount :])
        bound: dict[str, Value] = {}
        if code.co_flags & inspect.CO_VARARGS:
            bound[next(places)] = Items(tuple(arguments))
        if code.co_flags & inspect.CO_VARKEYWORDS:
            self.read_argument |= any(map(_is_argument, keywords.values()))
            bound[next(places)] = self.objects.make(dict, Entries(tuple(keywords), tuple(keywords.values())))
        return bound

    def _default(self, function: Concrete | Closure, code: CodeType, name: str, position: int) -> Value:
        found: Value
        if isinstance(function, Closure):
            place = position - (code.co_argcount - len(function.defaults))
            if 0 <= place < len(function.defaults):
                return function.defaults[place]
            found = function.keyword_defaults.get(name, Concrete(MISSING))
        else:
            count = self.objects.read(function, guards.defaults_count).value
            place = position - (code.co_argcount - count)
            if 0 <= place < count:
                return self.objects.read(function, guards.default, place)
            found = self.objects.read(function, guards.keyword_default, name)
        if isinstance(found, Concrete) and found.value is MISSING:
            raise Refused(sentence("{function} is called without {name}.", function=code.co_name, name=name))
        return found

    def named(self, name: str, frame: Frame) -> Value:
        """What a name means; of x, it is noted that it was used."""
        value = super().named(name, frame)
        if _is_argument(value) or (isinstance(value, Items) and any(map(_is_argument, value.elements))):
            self.read_argument = True
        return value


def _is_argument(value: Value) -> bool:
    return isinstance(value, Concrete) and value.origin == ARGUMENT
