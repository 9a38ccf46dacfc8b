"""Abstract interpretation of a function and of all it calls: does running it change anything?

Nothing is run. Every statement is followed with what is known of the values: which object a name stands for, or that it
holds numbers. Where a condition is not known, both branches are interpreted, and what is known after them is the join.
What is not understood is refused. (Cousot and Cousot, "Abstract interpretation", POPL 1977.)
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

from zerokara.recognise import guards
from zerokara.recognise.abstract_values import Abstract, Bound, Concrete, Value, is_number, join, join_all
from zerokara.recognise.arithmetic import Arithmetic
from zerokara.recognise.calls import Calls
from zerokara.recognise.evaluation import Evaluation
from zerokara.recognise.expressions import Frame
from zerokara.recognise.guards import ARGUMENT, FUNCTION, MISSING, Guards, Recorder
from zerokara.recognise.interpreted_code import tree_of
from zerokara.recognise.objects import Objects
from zerokara.recognise.refusal import Refused
from zerokara.words import sentence

DEEPEST = 40
_NOT_PLAIN = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
)


@dataclass(frozen=True)
class Purity:
    """A function that only computes: calling it twice is calling it once, but for caches that each call overwrites.

    Attributes:
        guards: what all of this depends on.
        arrays: the numbers of the values that are arrays, in the order they were met; each array once.
        threshold_on: says, for a set of arrays, which threshold depends on them; None if none does.
        assumed: the arrays that must be weights or biases for its thresholds to be harmless.
        clip_bounds: where inputs of an activation are clipped.
        caches: whether it keeps something in objects, that can be looked at later.
        reads_only_argument: whether it knows the x it is called with from nowhere else.
    """

    guards: Guards
    arrays: tuple[int, ...]
    threshold_on: Callable[[set[int]], str | None]
    assumed: frozenset[int]
    clip_bounds: tuple[float, ...]
    caches: bool
    reads_only_argument: bool


def purity_of(f: Any, x: Any) -> Purity:
    """Interpret a call f(x). Raises Refused, with the reason, where f may do more than compute."""
    interpreter = Interpreter(Objects(Recorder(f, x)), Arithmetic())
    try:
        result = interpreter.call_root(Concrete(f, FUNCTION), Concrete(x, ARGUMENT))
    except RecursionError:
        raise Refused(sentence("It calls itself.")) from None
    if not is_number(result):
        raise Refused(sentence("It does not return a number."))
    interpreter.objects.check_caches()  # at the end: what is read early may be written later
    return _verdict(interpreter, interpreter.objects.recorder)


def _verdict(interpreter: Interpreter, recorder: Recorder) -> Purity:
    found = recorder.guards(interpreter.read_argument)
    # One array may have been read from several places; it goes by the first.
    first_of = dict(found.identities)
    arrays = [n for n, first in found.identities if n == first and guards.is_plain_array(recorder.values[n])]

    def threshold_on(weights: set[int]) -> str | None:
        return interpreter.arithmetic.threshold_on({n for n, first in first_of.items() if first in weights})

    assumed = frozenset(first_of[number] for number in interpreter.arithmetic.assumed if number in first_of)
    clip_bounds = tuple(interpreter.arithmetic.clip_bounds)
    elsewhere = any(value is recorder.values[ARGUMENT] for value in recorder.values[ARGUMENT + 1 :])
    return Purity(
        found,
        tuple(arrays),
        threshold_on,
        assumed,
        clip_bounds,
        bool(interpreter.objects.ever_written),
        interpreter.read_argument and not elsewhere,
    )


class Interpreter(Calls):
    """Statements and calls; expressions are evaluated by the class above."""

    depth = 0
    read_argument = False

    def call_root(self, root: Concrete, x: Concrete) -> Value:
        """Interpret f(x), whatever kind of function f is."""
        f = root.value
        if type(f) is Evaluation:
            return self._evaluation(root, x)
        if type(f) is MethodType:
            owner, function = (
                self.objects.read(root, guards.method_self),
                self.objects.read(root, guards.method_function),
            )
            return self.call(Bound(owner, function), [x], {}, "f")
        if type(f) is FunctionType:
            return self.enter(root, [x], {})
        kind = guards.class_name(type(f))
        raise Refused(sentence("It is no plain function but an object of the class {kind}.", kind=kind))

    def _evaluation(self, root: Concrete, x: Concrete) -> Value:
        """A call with arguments of its own, x among them or not."""
        evaluation: Evaluation = root.value
        self.objects.read(root, guards.evaluation_form)
        arguments: list[Value] = [
            x if place == evaluation.place else self.objects.read(root, guards.evaluation_argument, place)
            for place in range(len(evaluation.arguments))
        ]
        keywords: dict[str, Value] = {
            name: x if name == evaluation.place else self.objects.read(root, guards.evaluation_keyword, name)
            for name in evaluation.keywords
        }
        function = self.objects.read(root, guards.evaluation_function)
        if type(function.value) is MethodType:
            owner = self.objects.read(function, guards.method_self)
            return self.call(
                Bound(owner, self.objects.read(function, guards.method_function)), arguments, keywords, "f"
            )
        return self.call(function, arguments, keywords, "f")

    def enter(self, function: Concrete, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Interpret a call of a function, and return what is known of its result."""
        code: CodeType = function.value.__code__
        if code.co_flags & _NOT_PLAIN:
            raise Refused(sentence("{name} is a generator, or takes any arguments.", name=code.co_name))
        node = tree_of(code)
        frame = Frame(function, self._bound(function, arguments, keywords))
        self.depth += 1
        if self.depth > DEEPEST:
            raise Refused(sentence("{name} calls itself.", name=code.co_name))
        result = self._body(node, frame)
        self.depth -= 1
        return result

    def _body(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Value:
        if isinstance(node, ast.Lambda):
            return self.value(node.body, frame)
        if self.block(node.body, frame):
            frame.returned.append((Concrete(None), self.objects.written))
        if not frame.returned:
            raise Refused(sentence("{name} always ends in an error.", name=node.name))
        result, written = frame.returned[0]
        for other, other_written in frame.returned[1:]:
            result, written = join(result, other), join_all(written, other_written)
        self.objects.written = written
        return result

    def _bound(self, function: Concrete, arguments: list[Value], keywords: dict[str, Value]) -> dict[str, Value]:
        """The parameters' values: positional, by keyword, by default."""
        code: CodeType = function.value.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        bound: dict[str, Value] = dict(zip(names[: code.co_argcount], arguments, strict=False))
        fits = len(arguments) <= code.co_argcount and set(keywords) <= set(names[code.co_posonlyargcount :]) - set(
            bound
        )
        bound |= keywords
        for name in names:
            if name not in bound:
                bound[name] = self._default(function, name, names.index(name))
        if not fits:
            raise Refused(sentence("{name} is called with arguments that do not fit.", name=code.co_name))
        return bound

    def _default(self, function: Concrete, name: str, position: int) -> Value:
        count = self.objects.read(function, guards.defaults_count).value
        place = position - (function.value.__code__.co_argcount - count)
        if 0 <= place < count:
            return self.objects.read(function, guards.default, place)
        found = self.objects.read(function, guards.keyword_default, name)
        if found.value is MISSING:
            raise Refused(
                sentence("{function} is called without {name}.", function=function.value.__code__.co_name, name=name)
            )
        return found

    def _Name(self, node: ast.Name, frame: Frame) -> Value:
        value = super()._Name(node, frame)
        if isinstance(value, Concrete) and value.origin == ARGUMENT:
            self.read_argument = True
        return value

    # Statements: each returns whether what follows it is reached

    def block(self, statements: list[ast.stmt], frame: Frame) -> bool:
        """Interpret statements up to one that is left by `return` on every path."""
        return all(self._statement(statement, frame) for statement in statements)

    def _statement(self, node: ast.stmt, frame: Frame) -> bool:
        match node:
            case ast.Return(value=expression):
                value = self.value(expression, frame) if expression else Concrete(None)
                frame.returned.append((value, dict(self.objects.written)))
                return False
            case ast.Assign(targets=targets, value=expression):
                value = self.value(expression, frame)
                for target in targets:
                    self.assign(target, value, frame)
            case ast.AnnAssign(target=ast.Name() as target, value=expression):
                if expression is not None:
                    self.assign(target, self.value(expression, frame), frame)
            case ast.AugAssign(target=target, op=op, value=expression):
                self._change(target, op, expression, frame)
            case ast.Expr(value=expression):
                self.value(expression, frame)
            case ast.Pass():
                pass
            case ast.If():
                return self._if(node, frame)
            case ast.For():
                self._for(node, frame)
            case ast.Assert(test=test):
                self._assert(test, frame)
            case _:
                raise Refused(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
        return True

    def _change(self, target: ast.expr, op: ast.operator, expression: ast.expr, frame: Frame) -> None:
        """`target op= expression`, which writes into arrays and gives numbers a new name; the target is read first."""
        if isinstance(target, ast.Subscript):
            owner, index = self.value(target.value, frame), self.value(target.slice, frame)
            self.arithmetic.write_into(owner, [index, self.value(expression, frame)])
            return
        if not isinstance(target, ast.Name | ast.Attribute):
            raise Refused(sentence("Line {line} assigns in a way of its own.", line=target.lineno))
        source = ast.Name(target.id) if isinstance(target, ast.Name) else ast.Attribute(target.value, target.attr)
        before = self.value(ast.copy_location(source, target), frame)
        value = self.value(expression, frame)
        after = self.arithmetic.binary(op, before, value)
        # `x += y` changes an array in place, which others may see, but gives a number's name another number.
        if not (isinstance(before, Concrete) and before.is_scalar):
            self.arithmetic.write_into(before, [value], after if isinstance(after, Abstract) else None)
        self.assign(target, after, frame)

    def _assert(self, test: ast.expr, frame: Frame) -> None:
        condition = self.truth(self.value(test, frame), "assert")
        if condition is False:
            raise Refused(sentence("An assert fails."))

    def _if(self, node: ast.If, frame: Frame) -> bool:
        condition = self.truth(self.value(node.test, frame), "if")
        if condition is not None:
            return self.block(node.body if condition else node.orelse, frame)
        names, written = dict(frame.names), dict(self.objects.written)
        first = self.block(node.body, frame)
        after = frame.names, self.objects.written
        frame.names, self.objects.written = names, written
        second = self.block(node.orelse, frame)
        if first and second:
            frame.names = join_all(after[0], frame.names)
            self.objects.written = join_all(after[1], self.objects.written)
        elif first:
            frame.names, self.objects.written = after
        return first or second

    def _for(self, node: ast.For, frame: Frame) -> None:
        iterable = self.value(node.iter, frame)
        elements = self.objects.elements(iterable)
        if elements is None or node.orelse:
            raise Refused(sentence("Line {line} loops over what is not known.", line=node.lineno))
        # The elements are known, so the loop is unrolled and needs no fixed point; one that may end early is refused.
        for element in elements:
            self.assign(node.target, element, frame)
            returned = len(frame.returned)
            if not self.block(node.body, frame) or len(frame.returned) > returned:
                raise Refused(sentence("Line {line} may leave its loop early.", line=node.lineno))
