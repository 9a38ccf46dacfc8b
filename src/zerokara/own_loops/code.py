"""Reading a loop's code: statements and calls. What it may do is all that is known here, and a line is named otherwise.

(Abstract interpretation for which element is which, with real small arrays in place of abstract ones.)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from zerokara.interpret.guards import FUNCTION
from zerokara.interpret.interpreted_code import tree_of
from zerokara.interpret.refusal import Refused
from zerokara.own_loops import library
from zerokara.own_loops.calls import Calls
from zerokara.own_loops.expressions import Frame, Nested
from zerokara.own_loops.stand_ins import FunctionStandIn, World
from zerokara.own_loops.values import SHAPES, Kind, Value, binary, constant, plain, tagged, truth
from zerokara.words import sentence

MOST_STATEMENTS = 20_000
DEEPEST = 20
_NUMBERS = (Kind.NUMBER, Kind.ARRAY, Kind.CONSTANT)


class _Return(Exception):
    def __init__(self, value: Value) -> None:
        self.value = value


class _Break(Exception):
    """`break`."""


class _Continue(Exception):
    """`continue`."""


class Loop(Calls):
    """One reading of a loop in a world of stand-ins."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.left = MOST_STATEMENTS
        self.entered: list[int] = []
        self.depth = 0

    def read(self) -> Any:
        """What the loop returns, with stand-ins in the place of what was there before."""
        given = {name: tagged(stand_in) for name, stand_in in self.world.arguments().items()}
        result = self._body(tree_of(self.world.reader.call.plain.__code__), Frame(FUNCTION, given))
        for leaf in library.leaves(result):
            is_value = leaf.kind is Kind.NUMBER and self.world.calls and leaf.raw == self.world.calls[0].answer
            if leaf.kind in (*SHAPES, Kind.NUMBER) and not is_value:
                raise Refused(sentence("It returns more than gradients."))
        return plain(result)

    def enter(self, function: FunctionStandIn | Nested, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        if self.depth >= DEEPEST:
            raise Refused(sentence("It calls itself."))
        self.depth += 1
        if isinstance(function, Nested):
            node, frame = function.node, Frame(function.frame.function, {}, function.frame)
            frame.names = _bound(node.args, arguments, keywords, function.defaults)
        else:
            self.entered.append(function.number)
            reader = self.world.reader
            reader.asks |= reader.plain(function.number) is not reader.value(function.number)
            node = tree_of(self.world.reader.plain(function.number).__code__)
            frame = Frame(function.number, _bound(node.args, arguments, keywords, self._defaults(function, node.args)))
        result = self._body(node, frame)
        self.depth -= 1
        if isinstance(function, FunctionStandIn):
            self.entered.pop()
        return result

    def _defaults(self, function: FunctionStandIn, arguments: ast.arguments) -> dict[str, Value]:
        if function.number == FUNCTION:
            return {}
        rebuilt = self.world.rebuilt(function.number)
        names = [parameter.arg for parameter in (*arguments.posonlyargs, *arguments.args)]
        defaults = rebuilt.__defaults__ or ()
        found = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) | (rebuilt.__kwdefaults__ or {})
        return {name: tagged(value) for name, value in found.items()}

    def _body(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Value:
        if isinstance(node, ast.Lambda):
            return self.value(node.body, frame)
        try:
            self.block(node.body, frame)
        except _Return as returned:
            return returned.value
        return constant(None)

    def block(self, statements: list[ast.stmt], frame: Frame) -> None:
        """Statements one after the other."""
        for statement in statements:
            self.left -= 1
            if self.left < 0:
                raise Refused(sentence("Its loop does not end."))
            self._statement(statement, frame)

    def _statement(self, node: ast.stmt, frame: Frame) -> None:
        match node:
            case ast.Expr(value=expression):
                self.value(expression, frame)
            case ast.Assign(targets=targets, value=expression):
                value = self.value(expression, frame)
                for target in targets:
                    self.assign(target, value, frame)
            case ast.AnnAssign(target=target, value=expression):
                if expression is not None:
                    self.assign(target, self.value(expression, frame), frame)
            case ast.AugAssign():
                self._change(node, frame)
            case ast.For() | ast.While():
                self._loop(node, frame)
            case ast.If(test=test, body=body, orelse=orelse):
                self.block(body if truth(self.value(test, frame), node.lineno) else orelse, frame)
            case ast.Return(value=expression):
                raise _Return(self.value(expression, frame) if expression else constant(None))
            case ast.Try(body=body, handlers=[], orelse=orelse, finalbody=finalbody):
                self._try([*body, *orelse], finalbody, frame)
            case ast.FunctionDef(decorator_list=[]):
                frame.names[node.name] = Value(Nested(node, frame, self.defaults(node.args, frame)), Kind.OBJECT)
            case _:
                self._other(node, frame)

    def _other(self, node: ast.stmt, frame: Frame) -> None:
        match node:
            case ast.Pass():
                pass
            case ast.Break():
                raise _Break
            case ast.Continue():
                raise _Continue
            case ast.Assert(test=test):
                if not truth(self.value(test, frame), node.lineno):
                    raise Refused(sentence("An assert fails."))
            case ast.Delete(targets=targets) if all(isinstance(target, ast.Name) for target in targets):
                for target in targets:
                    del frame.names[target.id]  # type: ignore[attr-defined]
            case ast.With(items=[ast.withitem(context_expr=expression, optional_vars=name)], body=body):
                turn = self.value(expression, frame)
                if not isinstance(turn.raw, np.nditer):
                    raise Refused(_only_running(node))
                if name is not None:
                    self.assign(name, turn, frame)
                self.block(body, frame)
            case _:
                raise _only_running(node)

    def _try(self, body: list[ast.stmt], finalbody: list[ast.stmt], frame: Frame) -> None:
        try:
            self.block(body, frame)
        except (_Return, _Break, _Continue):
            self.block(finalbody, frame)
            raise
        self.block(finalbody, frame)

    # Names and elements that are written

    def _change(self, node: ast.AugAssign, frame: Frame) -> None:
        """`target op= expression`."""
        target, line = node.target, node.lineno
        if isinstance(target, ast.Subscript):
            owner, key = self.value(target.value, frame), self.value(target.slice, frame)
            before = self.item(owner, key, line)
            after = binary(node.op, before, self.value(node.value, frame), line, in_place=True)
            self._put(owner, key, after, line)
            return
        if not isinstance(target, ast.Name):
            raise Refused(sentence("Line {line} keeps something beyond the call.", line=line))
        if target.id not in frame.names:
            raise Refused(sentence("There is no {name}.", name=target.id))
        before = frame.names[target.id]
        value = self.value(node.value, frame)
        if before.kind is Kind.ITEMS and type(before.raw) is list and value.kind is Kind.ITEMS:
            before.raw.extend(map(self.kept, value.raw))
            before.grown |= self.turning > 0
            return
        frame.names[target.id] = binary(node.op, before, value, line, in_place=True)

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """`target = value`."""
        match target:
            case ast.Name(id=name):
                frame.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                items = list(library.elements(value, target.lineno))
                if len(items) != len(targets):
                    raise _only_running(target)
                for part, item in zip(targets, items, strict=True):
                    self.assign(part, item, frame)
            case ast.Subscript(value=owner, slice=key):
                self._put(self.value(owner, frame), self.value(key, frame), value, target.lineno)
            case _:
                raise Refused(sentence("Line {line} keeps something beyond the call.", line=target.lineno))

    def _put(self, owner: Value, key: Value, value: Value, line: int) -> None:
        if owner.kind is Kind.ARRAY or isinstance(owner.raw, np.flatiter):
            if value.kind not in _NUMBERS or isinstance(value.raw, bool | str):
                raise Refused(sentence("Line {line} writes what is no number of the function's.", line=line))
            owner.raw[self.index(key, line)] = value.raw
        elif isinstance(owner.raw, np.nditer) and key.raw == 0 and np.ndim(value.raw) == 0 and value.kind in _NUMBERS:
            owner.raw[0] = value.raw
        elif owner.kind is Kind.ITEMS and type(owner.raw) in (dict, list):
            if key.kind is not Kind.CONSTANT and not (key.kind in SHAPES and owner.grown):
                raise Refused(sentence("Line {line} computes a key or a position in a list.", line=line))
            owner.raw[key.raw] = self.kept(value)
        else:
            raise Refused(sentence("Line {line} keeps something beyond the call.", line=line))

    # Loops

    def _loop(self, node: ast.For | ast.While, frame: Frame) -> None:
        if node.orelse:
            raise _only_running(node)
        source = self.value(node.iter, frame) if isinstance(node, ast.For) else None
        turns = source is None or not library.is_fixed(source)
        before = dict(frame.names)
        if turns:
            frame.count({part.id for part in ast.walk(node) if isinstance(part, ast.Name) and _is_stored(part)})
        self.turning += turns
        try:
            for item in self._tests(node, frame) if source is None else library.elements(source, node.lineno):
                if turns:
                    frame.next_turn(before)
                if isinstance(node, ast.For):
                    self.assign(node.target, item, frame)
                self._turn(node.body, frame)
        except _Break:
            pass
        finally:
            self.turning -= turns
            if turns:
                frame.next_turn(before)

    def _tests(self, node: Any, frame: Frame) -> Iterator[Value]:
        """One more turn for as long as the condition of a `while` holds."""
        while truth(test := self.value(node.test, frame), node.lineno):
            yield test

    def _turn(self, body: list[ast.stmt], frame: Frame) -> None:
        with suppress(_Continue):
            self.block(body, frame)


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _only_running(node: Any) -> Refused:
    return Refused(sentence("Line {line} holds something that only running it can tell.", line=node.lineno))


def _bound(
    parameters: ast.arguments, arguments: list[Value], keywords: dict[str, Value], defaults: dict[str, Value]
) -> dict[str, Value]:
    """The values of the parameters of a function that is a part of the loop."""
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    every = [*names, *(parameter.arg for parameter in parameters.kwonlyargs)]
    bound = dict(zip(names, arguments, strict=False))
    rest = arguments[len(names) :]
    fits = parameters.vararg is not None or not rest
    if parameters.vararg is not None:
        bound[parameters.vararg.arg] = Value(tuple(rest), Kind.ITEMS)
    others = {name: value for name, value in keywords.items() if name not in every}
    if parameters.kwarg is not None:
        bound[parameters.kwarg.arg] = Value(others, Kind.ITEMS)
        others = {}
    bound |= {name: value for name, value in keywords.items() if name in every}
    bound = {name: value for name, value in defaults.items() if name in every} | bound
    if not fits or others or not set(every) <= set(bound):
        raise Refused(sentence("A function of its loop is called with arguments that do not fit."))
    return bound
