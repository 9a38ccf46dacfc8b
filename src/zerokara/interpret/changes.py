"""Abstract interpretation of what changes something: `target op= value`, and counters."""

from __future__ import annotations

import ast

from zerokara.interpret import counters
from zerokara.interpret.abstract_values import Abstract, Concrete, Fresh, Items, Value, is_number
from zerokara.interpret.calls import Calls
from zerokara.interpret.containers import kept, put
from zerokara.interpret.expressions import NOTHING
from zerokara.interpret.guards import CONTAINERS
from zerokara.interpret.refusal import Refused, RefusedAt
from zerokara.interpret.scopes import Frame, place_of
from zerokara.words import sentence


class Changes(Calls):
    """Changes arrays, lists and dicts that the code has made, and counts."""

    def _AugAssign(self, node: ast.AugAssign, frame: Frame) -> None:
        """Writes into arrays, and gives numbers a new name; the target is read first."""
        match node.target:
            case ast.Name() as target:
                if not self.counts(target, node.op, node.value, frame):
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

    def counts(self, target: ast.expr, op: ast.operator, expression: ast.expr, frame: Frame) -> bool:
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


def added(node: ast.Assign) -> tuple[ast.operator, ast.expr] | None:
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
