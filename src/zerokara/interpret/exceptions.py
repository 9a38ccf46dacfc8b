"""Abstract interpretation of exceptions and contexts: assert, raise, try and with."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

import numpy as np

from zerokara.interpret import guards
from zerokara.interpret.abstract_values import Concrete, Text, Unknown, Value
from zerokara.interpret.paths import Paths
from zerokara.interpret.refusal import RefusedAt
from zerokara.interpret.scopes import Frame, Loop, Outcome, State
from zerokara.words import sentence

_ERRORSTATE = {"all", "divide", "over", "under", "invalid"}


class Exceptions(Paths):
    """Paths that end in an error, and those that catch one."""

    raised = 0

    def _Assert(self, node: ast.Assert, frame: Frame) -> bool:
        if not __debug__:  # python -O leaves them out
            return True
        condition = self.truth(self.value(node.test, frame), "assert")
        self.raised += condition is not True
        if condition is not True and node.msg is not None:
            before = self.state(frame)
            self.value(node.msg, frame)
            self.go_on(frame, [before])
        return condition is not False

    def _Raise(self, node: ast.Raise, frame: Frame) -> bool:
        """The end of this path: whoever comes here raises in the loop, too. But making the error must only compute."""
        self.raised += 1
        for part in (node.exc, node.cause):
            if isinstance(part, ast.Call):
                self._check_error(self.value(part.func, frame), node.lineno)
                for argument in [*part.args, *(keyword.value for keyword in part.keywords)]:
                    self.value(argument, frame)
            elif part is not None:
                value = self.value(part, frame)
                if not (isinstance(value, Text) or (isinstance(value, Concrete) and value.value is None)):
                    self._check_error(value, node.lineno)
        return False

    def _check_error(self, value: Value, line: int) -> None:
        if isinstance(value, Concrete) and type(value.value) is type and guards.is_subclass(value.value, BaseException):
            made = [self.objects.read(value, guards.in_class, name).value for name in ("__init__", "__new__")]
            if not any(type(function) in (FunctionType, staticmethod) for function in made):
                return
        raise RefusedAt(sentence("Line {line} raises something that is not known.", line=line))

    # With and try

    def _With(self, node: ast.With, frame: Frame) -> bool:
        for item in node.items:
            if item.optional_vars is not None or not self._is_silence(item.context_expr, frame):
                raise RefusedAt(
                    sentence("Line {line} holds a with statement that only running it can tell.", line=node.lineno)
                )
        return self.block(node.body, frame)

    def _is_silence(self, expression: ast.expr, frame: Frame) -> bool:
        """`np.errstate(…="ignore")` changes nothing but what NumPy says inside, where the loop hears nothing either.

        Not "warn": for a proof, which tries other weights, would warn where the loop does not.
        """
        if not isinstance(expression, ast.Call) or expression.args:
            return False
        callee = self.value(expression.func, frame)
        modes = [self.value(keyword.value, frame) for keyword in expression.keywords]
        known = all(
            isinstance(mode, Concrete) and mode.value in ("ignore", "raise") for mode in modes if _is_text(mode)
        )
        named = all(keyword.arg in _ERRORSTATE for keyword in expression.keywords)
        is_errstate = isinstance(callee, Concrete) and callee.value is _ERRSTATE
        return is_errstate and known and named and all(map(_is_text, modes))

    def _Try(self, node: ast.Try, frame: Frame) -> bool:
        if not node.finalbody:
            return self._guarded(node, frame)
        # What a path has left behind is left after `finally`: of those that return, too.
        returned, frame.returned = frame.returned, []
        loop = frame.loops[-1] if frame.loops else Loop()
        left, continued = loop.left, loop.continued
        loop.left, loop.continued = [], []
        goes_on = self._guarded(node, frame)
        inside = frame.returned
        frame.returned = []
        if loop.left or loop.continued:
            raise RefusedAt(sentence("Line {line} leaves a loop from inside a try.", line=node.lineno))
        loop.left, loop.continued = left, continued
        after = self.state(frame) if goes_on else None
        for value, state in inside:
            self._finally(node, frame, state)
            returned.append(Outcome(value, self.state(frame)))
        frame.returned = returned
        if after is not None:
            self._finally(node, frame, after)
        return goes_on

    def _finally(self, node: ast.Try, frame: Frame, state: State) -> None:
        frame.names, self.objects.written = State(dict(state.names), dict(state.written))
        if not self.block(node.finalbody, frame) or frame.returned:
            raise RefusedAt(sentence("Line {line} leaves by its finally.", line=node.lineno))

    def _guarded(self, node: ast.Try, frame: Frame) -> bool:
        """The body of a try, and its handlers.

        A handler that goes on hides an error, which the loop's user would see, or which a proof takes for a sign. So it
        must raise again; or it must be for what classes and names decide, not numbers, and is another path.
        """
        before, raised = self.state(frame), self.raised
        ends = [self.state(frame)] if self.block(node.body, frame) and self.block(node.orelse, frame) else []
        start = self._wherever(before, self.state(frame))
        for handler in node.handlers:
            kinds = self._errors(handler, frame)
            if self.raised == raised and all(kind in _NEVER for kind in kinds):
                continue
            returned, loops = len(frame.returned), [(len(loop.left), len(loop.continued)) for loop in frame.loops]
            frame.names, self.objects.written = State(dict(start.names), dict(start.written))
            if handler.name:
                frame.names[handler.name] = Text()
            if self.block(handler.body, frame):
                ends.append(self.state(frame))
                returned -= 1
            went_on = len(frame.returned) != returned or loops != [
                (len(loop.left), len(loop.continued)) for loop in frame.loops
            ]
            if went_on and not all(kind in _BY_CLASS for kind in kinds):
                raise RefusedAt(sentence("Line {line} catches errors, and may hide one.", line=handler.lineno))
        return self.go_on(frame, ends)

    def _wherever(self, before: State, after: State) -> State:
        """What is known wherever in a block an error comes."""
        names = {name: value for name, value in before.names.items() if after.names.get(name) is value}
        written = {
            place: value if after.written.get(place) is value else Unknown() for place, value in before.written.items()
        }
        return State(names, {**dict.fromkeys(after.written, Unknown()), **written})

    def _errors(self, handler: ast.ExceptHandler, frame: Frame) -> list[Any]:
        """The classes of errors that a handler is for."""
        if handler.type is None:
            return [BaseException]
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        found = [self.value(kind, frame) for kind in kinds]
        return [
            kind.value if isinstance(kind, Concrete) and type(kind.value) is type else BaseException for kind in found
        ]


_NEVER = (KeyError, NameError, ImportError, ModuleNotFoundError)
"""Of what is missing while interpreting, all is refused; so only `raise` itself leads to these."""
_BY_CLASS = (*_NEVER, AttributeError)
"""Classes and names decide whether these are raised, not numbers."""
_ERRSTATE = np.errstate


def _is_text(value: Value) -> bool:
    return isinstance(value, Concrete) and type(value.value) is str
