"""Abstract interpretation of statements: which paths there are through a function, and what is known at their ends."""

from __future__ import annotations

import ast
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from zerokara.recognise import counters, guards
from zerokara.recognise.abstract_values import (
    Abstract,
    Closure,
    Concrete,
    Fresh,
    Items,
    Text,
    Unknown,
    Value,
    is_number,
)
from zerokara.recognise.calls import Calls
from zerokara.recognise.containers import kept, put
from zerokara.recognise.expressions import NOTHING
from zerokara.recognise.guards import CONTAINERS
from zerokara.recognise.interpreted_code import code_inside
from zerokara.recognise.known_calls import MOST_TURNS
from zerokara.recognise.refusal import Refused, RefusedAt
from zerokara.recognise.scopes import Frame, Loop, Outcome, State, join_states, place_of
from zerokara.words import sentence

_ERRORSTATE = {"all", "divide", "over", "under", "invalid"}


class Statements(Calls):
    """Runs statements; one method for each class of syntax node. Each says whether what follows it is reached."""

    def block(self, statements: list[ast.stmt], frame: Frame) -> bool:
        """Interpret statements up to one that is left on every path."""
        return all(self._statement(statement, frame) for statement in statements)

    def _statement(self, node: ast.stmt, frame: Frame) -> bool:
        self.steps += 1
        run = self.method_for(node)
        self.line = node.lineno
        self.objects.at = frame.code.co_filename, node.lineno
        try:
            return run(node, frame) is not False
        except Refused as reason:
            self.locate(reason, frame.code.co_filename, node.lineno)
            raise

    def locate(self, reason: Refused, file: str, line: int) -> None:
        """Say where a refusal was found."""
        raise NotImplementedError

    def _state(self, frame: Frame) -> State:
        return State(dict(frame.names), dict(self.objects.written))

    def _go_on(self, frame: Frame, states: list[State]) -> bool:
        """Go on from where these paths meet; whether there is any."""
        if states:
            frame.names, self.objects.written = join_states(states)
        return bool(states)

    # Simple statements

    def _Return(self, node: ast.Return, frame: Frame) -> bool:
        value = self.value(node.value, frame) if node.value else Concrete(None)
        frame.returned.append(Outcome(value, self._state(frame)))
        return False

    def _Expr(self, node: ast.Expr, frame: Frame) -> None:
        self.value(node.value, frame)

    def _Pass(self, node: ast.stmt, frame: Frame) -> None:
        pass

    _Global = _Nonlocal = _Pass  # which name is whose, the code object knows

    def _Assign(self, node: ast.Assign, frame: Frame) -> None:
        if len(node.targets) == 1 and (added := _added(node)) is not None:
            op, expression = added
            if self._counts(node.targets[0], op, expression, frame):
                return
        value = self.value(node.value, frame)
        for target in node.targets:
            self.assign(target, value, frame)

    def _AnnAssign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, frame), frame)

    def _Delete(self, node: ast.Delete, frame: Frame) -> None:
        for target in node.targets:
            if not (isinstance(target, ast.Name) and target.id in frame.names):
                raise RefusedAt(sentence("Line {line} deletes what others may see.", line=node.lineno))
            del frame.names[target.id]

    def _FunctionDef(self, node: ast.FunctionDef, frame: Frame) -> None:
        if node.decorator_list:
            raise RefusedAt(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))
        self.assign(ast.copy_location(ast.Name(node.name), node), self.closure(node, frame), frame)

    def closure(self, node: ast.Lambda | ast.FunctionDef, frame: Frame) -> Closure:
        """The function that a definition inside the interpreted code makes."""
        code: CodeType = code_inside(frame.code, node)
        defaults = tuple(kept(self.value(default, frame)) for default in node.args.defaults)
        by_keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        return Closure(
            node,
            code,
            frame,
            defaults,
            {arg.arg: kept(self.value(default, frame)) for arg, default in by_keyword if default is not None},
        )

    # Changes: `target op= value`

    def _AugAssign(self, node: ast.AugAssign, frame: Frame) -> None:
        """Writes into arrays, and gives numbers a new name; the target is read first."""
        match node.target:
            case ast.Name() as target:
                if not self._counts(target, node.op, node.value, frame):
                    before = self.value(_read(target), frame)
                    self.assign(target, self._changed(node.op, before, self.value(node.value, frame)), frame)
            case ast.Attribute(value=holder, attr=name):
                owner = self.value(holder, frame)
                step = self._step(node.op, node.value, frame)
                if step is None or not self.objects.count_attribute(owner, name, step):
                    before = self.attribute(owner, name)
                    self.objects.write(owner, name, self._changed(node.op, before, self.value(node.value, frame)))
            case ast.Subscript(value=holder, slice=index):
                owner, key = self.value(holder, frame), self.value(index, frame)
                self._change_item(owner, key, node, frame)

    def _change_item(self, owner: Value, key: Value, node: ast.AugAssign, frame: Frame) -> None:
        if isinstance(owner, Fresh):
            after = self._changed(node.op, self.item(owner, key), self.value(node.value, frame))
            self.put(owner, key, after)
        elif not self._counts_item(owner, key, self._step(node.op, node.value, frame)):
            self._write_into(owner, key, self.numbers(node.value, frame))

    def _changed(self, op: ast.operator, before: Value, value: Value) -> Value:
        """What stands there after `before op= value`."""
        if isinstance(before, Fresh) and before.kind is list and isinstance(op, ast.Add):
            elements = self.elements(value)
            if elements is None:
                raise Refused(sentence("It puts something into a list."))
            self.objects.fill(before, Items(self.objects.content(before).elements + elements))
            return before
        after = self.binary(op, before, value)
        # `x += y` changes an array in place, which others may see, but gives a number's name another number.
        if not (isinstance(before, Items) or (isinstance(before, Concrete) and before.is_scalar)):
            parts = [self.objects.plain(value)]
            self.arithmetic.write_into(before, parts, after if isinstance(after, Abstract) else None)
        return after

    def put(self, owner: Value, key: Value, value: Value) -> None:
        """`owner[key] = value`."""
        if isinstance(owner, Fresh) and not isinstance(key, Abstract):
            self.objects.fill(owner, put(self.objects.content(owner), key, kept(value)))
        else:
            self._write_into(owner, key, self.objects.plain(value))

    def _write_into(self, owner: Value, key: Value, value: Value) -> None:
        if isinstance(owner, Concrete) and type(owner.value) in CONTAINERS:
            raise RefusedAt(sentence("Line {line} changes a list or dict that was there before.", line=self.line))
        self.arithmetic.write_into(owner, [self._index(key), value])

    # Counters

    def _counts(self, target: ast.expr, op: ast.operator, expression: ast.expr, frame: Frame) -> bool:
        """Whether `target = target op expression` adds a known whole number to one that is kept between calls."""
        step = self._step(op, expression, frame)
        match target:
            case ast.Name(id=name) if step is not None:
                return self._counts_name(name, step, frame)
            case ast.Attribute(value=ast.Name() as holder, attr=name) if step is not None:
                return self.objects.count_attribute(self.value(holder, frame), name, step)
            case ast.Subscript(value=ast.Name() as holder, slice=ast.Constant() as index):
                return self._counts_item(self.value(holder, frame), self.value(index, frame), step)
        return False

    def _counts_name(self, name: str, step: int, frame: Frame) -> bool:
        if frame.owns(name) or frame.outer is not None:
            return False
        slot = counters.CELL if name in frame.code.co_freevars else counters.GLOBAL
        names = frame.function.value.__globals__
        if slot is counters.GLOBAL and not (type(names) is dict and name in names):
            return False
        return self.objects.count(frame.function, slot, name, place_of(name, frame), step)

    def _counts_item(self, owner: Value, key: Value, step: int | None) -> bool:
        if not (isinstance(owner, Concrete) and isinstance(key, Concrete)) or step is None:
            return False
        if type(owner.value) is list and type(key.value) is int:
            length = self.objects.length(owner) or 0
            place = key.value % length if -length <= key.value < length else None
        elif type(owner.value) is dict and type(key.value) in (str, int) and key.value in owner.value:
            place = key.value
        else:
            return False
        return place is not None and self.objects.count(owner, counters.ITEM, place, (id(owner.value), place), step)

    def _step(self, op: ast.operator, expression: ast.expr, frame: Frame) -> int | None:
        """The whole number that is added, where the expression does nothing but read."""
        match expression:
            case ast.Constant() | ast.Name() | ast.UnaryOp(operand=ast.Constant()):
                value = self.value(expression, frame)
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name()]):
                value = self.value(expression, frame)
            case ast.Subscript(value=ast.Attribute(value=ast.Name() as array, attr="shape"), slice=ast.Constant()):
                value = self.value(expression, frame) if is_number(self.value(array, frame)) else NOTHING
            case _:
                return None
        if not (isinstance(value, Concrete) and type(value.value) is int and isinstance(op, ast.Add | ast.Sub)):
            return None
        return -value.value if isinstance(op, ast.Sub) else value.value

    # Branches

    def _Assert(self, node: ast.Assert, frame: Frame) -> bool:
        condition = self.truth(self.value(node.test, frame), "assert")
        if condition is not True and node.msg is not None:
            before = self._state(frame)
            self.value(node.msg, frame)
            self._go_on(frame, [before])
        return condition is not False

    def _Raise(self, node: ast.Raise, frame: Frame) -> bool:
        """The end of this path: whoever comes here raises in the loop, too. But making the error must only compute."""
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

    def _If(self, node: ast.If, frame: Frame) -> bool:
        condition = self.truth(self.value(node.test, frame), "if")
        if condition is not None:
            return self.block(node.body if condition else node.orelse, frame)
        before, ends = self._state(frame), []
        if self.block(node.body, frame):
            ends.append(self._state(frame))
        frame.names, self.objects.written = before
        if self.block(node.orelse, frame):
            ends.append(self._state(frame))
        return self._go_on(frame, ends)

    # Loops: what they go through is known, so they are unrolled, and need no fixed point

    def _For(self, node: ast.For, frame: Frame) -> bool:
        iterable = self.value(node.iter, frame)
        elements, sources = self.elements(iterable), self.objects.sources(iterable)
        if elements is None:
            raise RefusedAt(sentence("Line {line} loops over what is not known.", line=node.lineno))
        loop, goes_on = Loop(), True
        frame.loops.append(loop)
        for element in elements:
            self.assign(node.target, element, frame)
            goes_on = self._turn(node.body, frame, loop)
            if not goes_on:
                break
            self.objects.check_unchanged(sources)
        return self._after(node.orelse, frame, loop, goes_on)

    def _While(self, node: ast.While, frame: Frame) -> bool:
        loop, goes_on = Loop(), True
        frame.loops.append(loop)
        for _ in range(MOST_TURNS):
            condition = self.truth(self.value(node.test, frame), "while")
            if condition is None:
                raise RefusedAt(sentence("Line {line} loops as long as numbers tell.", line=node.lineno))
            goes_on = condition and self._turn(node.body, frame, loop)
            if not goes_on:
                return self._after(node.orelse, frame, loop, not condition)
        raise RefusedAt(sentence("Line {line} loops over what is not known.", line=node.lineno))

    def _turn(self, body: list[ast.stmt], frame: Frame, loop: Loop) -> bool:
        """One turn; whether there is a path to the next."""
        goes_on = self.block(body, frame)
        if not loop.continued:
            return goes_on
        ends, loop.continued = [*([self._state(frame)] if goes_on else []), *loop.continued], []
        return self._go_on(frame, ends)

    def _after(self, orelse: list[ast.stmt], frame: Frame, loop: Loop, goes_on: bool) -> bool:
        frame.loops.pop()
        goes_on = goes_on and self.block(orelse, frame)
        if not loop.left:
            return goes_on
        return self._go_on(frame, [*([self._state(frame)] if goes_on else []), *loop.left])

    def _Break(self, node: ast.Break, frame: Frame) -> bool:
        frame.loops[-1].left.append(self._state(frame))
        return False

    def _Continue(self, node: ast.Continue, frame: Frame) -> bool:
        frame.loops[-1].continued.append(self._state(frame))
        return False

    # With and try

    def _With(self, node: ast.With, frame: Frame) -> bool:
        for item in node.items:
            if item.optional_vars is not None or not self._is_silence(item.context_expr, frame):
                raise RefusedAt(
                    sentence("Line {line} enters something that only running it can tell.", line=node.lineno)
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
            raise RefusedAt(sentence("Line {line} leaves a loop out of a try.", line=node.lineno))
        loop.left, loop.continued = left, continued
        after = self._state(frame) if goes_on else None
        for value, state in inside:
            self._finally(node, frame, state)
            returned.append(Outcome(value, self._state(frame)))
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
        before = self._state(frame)
        ends = [self._state(frame)] if self.block(node.body, frame) and self.block(node.orelse, frame) else []
        start = self._wherever(before, self._state(frame))
        for handler in node.handlers:
            kinds = self._errors(handler, frame)
            if all(kind in _NEVER for kind in kinds):
                continue
            returned, loops = len(frame.returned), [(len(loop.left), len(loop.continued)) for loop in frame.loops]
            frame.names, self.objects.written = State(dict(start.names), dict(start.written))
            if handler.name:
                frame.names[handler.name] = Text()
            if self.block(handler.body, frame):
                ends.append(self._state(frame))
                returned -= 1
            went_on = len(frame.returned) != returned or loops != [
                (len(loop.left), len(loop.continued)) for loop in frame.loops
            ]
            if went_on and not all(kind in _BY_CLASS for kind in kinds):
                raise RefusedAt(sentence("Line {line} catches errors, and may hide one.", line=handler.lineno))
        return self._go_on(frame, ends)

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
"""What is missing is found while interpreting, and refused."""
_BY_CLASS = (*_NEVER, AttributeError)
"""Classes and names decide whether these are raised, not numbers."""
_ERRSTATE = np.errstate


def _is_text(value: Value) -> bool:
    return isinstance(value, Concrete) and type(value.value) is str


def _read(target: ast.expr) -> ast.expr:
    """A target, to be read."""
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name), target)
        case ast.Attribute(value=value, attr=name):
            return ast.copy_location(ast.Attribute(value, name), target)
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index), target)
    raise RefusedAt(sentence("Line {line} assigns in a way of its own.", line=target.lineno))


def _added(node: ast.Assign) -> tuple[ast.operator, ast.expr] | None:
    """Of `target = target + value`, or `value + target`: the operator and the value."""
    target, value = node.targets[0], node.value
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add | ast.Sub):
        return None
    if isinstance(target, ast.Tuple | ast.List | ast.Starred):
        return None
    if _is_same(target, value.left):
        return value.op, value.right
    return (value.op, value.left) if isinstance(value.op, ast.Add) and _is_same(target, value.right) else None


def _is_same(target: ast.expr, read: ast.expr) -> bool:
    """Whether both are the same name, an attribute of it, or an item with the same key."""
    match target, read:
        case ast.Name(id=name), ast.Name(id=other):
            return name == other
        case ast.Attribute(value=owner, attr=name), ast.Attribute(value=another, attr=other):
            return name == other and _is_same(owner, another)
        case ast.Subscript(value=owner, slice=ast.Constant(value=key)), ast.Subscript(
            value=another, slice=ast.Constant(value=other)
        ):
            return repr(key) == repr(other) and _is_same(owner, another)
    return False
