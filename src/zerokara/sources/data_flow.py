"""Where the values of a function's calls go: through names, arithmetic and NumPy's functions, by syntax alone.

The order of statements is not looked at: a name stands for all that is ever assigned to it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from zerokara.sources.instrumentation import Function

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

NUMPY = ("np", "numpy", "math", "cp", "jnp", "operator")
CLOCKS = ("time", "perf_counter", "process_time", "monotonic", "default_timer", "timer", "clock", "now", "time_ns")
PASSING = ("item", "sum", "mean", "copy", "astype", "squeeze", "reshape", "ravel", "flatten", "tolist", "detach", "cpu")
"""Methods whose result is still the value they were asked of."""
KEEPING = ("append", "extend", "insert", "appendleft", "itemset", "put", "fill")
"""Methods that put what they are given into what they are asked of."""
MAPPING = ("map", "vectorize", "fromiter", "fromfunction", "frompyfunc", "apply_along_axis", "starmap", "reduce")
"""Functions that call another one many times."""


class Mark(NamedTuple):
    """What a value has come from.

    Attributes:
        kind: "call", its value itself; "part", that over something; "difference" of two calls, "quotient", that over
            something.
        callee: what was called, as the code has it.
        site: which call, by its place in `Flows.calls`; of a difference, 1 if a loop evaluates it, else 0.
    """

    kind: str
    callee: str
    site: int


Marks = frozenset[Mark]
NOTHING: Marks = frozenset()


class Place(NamedTuple):
    """Where an expression stands.

    Attributes:
        looped: in a loop.
        several: where one call is several values side by side, as in a list that is comprehended.
        inside: the nested function around it, if any.
        turning: the names that change from one turn of the loops around it to the next.
    """

    looped: bool = False
    several: bool = False
    inside: str = ""
    turning: frozenset[str] = frozenset()


class Flow(NamedTuple):
    """A value that is assigned: to a name, or, `kept`, into an array, list or dict of that name."""

    target: str
    value: ast.expr
    kept: bool
    operator: ast.operator | None = None


@dataclass
class Flows:
    """The calls of a function and where their values go. Functions in `apart`, and classes, are left out.

    Attributes:
        calls: all calls and where they stand, by the id of their node.
        arithmetic: all operations, and calls, which may be NumPy's.
        flows: all assignments.
        names: what each name may hold.
        moves: whether something is put into an array, or a loop's own name is moved, as an element is for a difference.
        maps: whether a function is handed to one that calls it many times.
        loops: whether there is a loop or a comprehension.
    """

    function: Function
    apart: Collection[ast.AST] = ()
    calls: dict[int, tuple[ast.Call, Place]] = field(default_factory=dict)
    arithmetic: list[ast.expr] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    names: dict[str, Marks] = field(default_factory=dict)
    moves: bool = False
    maps: bool = False
    loops: bool = False

    def __post_init__(self) -> None:
        body = [self.function.body] if isinstance(self.function, ast.Lambda) else self.function.body
        for part in body:
            self._visit(part, Place())
        left_out = {id(node.body) for node in self.apart if isinstance(node, ast.Lambda)}
        self.flows = [flow for flow in self.flows if id(flow.value) not in left_out]
        self.reciprocals = {flow.target for flow in self.flows if _has_reciprocal(flow.value)}
        while self._spread():
            pass

    def _spread(self) -> bool:
        """Let what each value is made of reach its names; whether anything new did."""
        changed = False
        for flow in self.flows:
            before = self.names.get(flow.target, NOTHING)
            found = before | self.marks(flow.value)
            if flow.operator is not None:
                found |= self._combined(flow.operator, before, self.marks(flow.value), flow.value)
            if found != before:
                self.names[flow.target] = found
                changed = True
        return changed

    # What there is

    def _visit(self, node: ast.AST, place: Place) -> None:
        if node in self.apart or isinstance(node, ast.ClassDef):
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._visit_function(node, place)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self._visit_loop(node, place)
        elif isinstance(node, Comprehension):
            self._visit_comprehension(node, place)
        else:
            self.flows += _flows_of(node)
            self._note(node, place)
            for child in ast.iter_child_nodes(node):
                self._visit(child, place)

    def _note(self, node: ast.AST, place: Place) -> None:
        if isinstance(node, ast.BinOp | ast.Call):
            self.arithmetic.append(node)
        if isinstance(node, ast.Call):
            self.calls[id(node)] = node, place
            self.maps |= last_name(node.func) in MAPPING
            self.moves |= last_name(node.func) in ("itemset", "put", "fill")
        elif isinstance(node, ast.Subscript):
            self.moves |= not isinstance(node.ctx, ast.Load)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.moves |= node.target.id in place.turning
        elif isinstance(node, ast.Return) and node.value is not None and place.inside:
            self.flows.append(Flow(f"{place.inside}()", node.value, kept=False))

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, place: Place) -> None:
        arguments = frozenset(part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg))
        name = "lambda" if isinstance(node, ast.Lambda) else node.name
        inside = place._replace(inside=name, turning=place.turning | arguments)
        for part in [node.body] if isinstance(node, ast.Lambda) else node.body:
            self._visit(part, inside)

    def _visit_loop(self, node: ast.For | ast.AsyncFor | ast.While, place: Place) -> None:
        self.loops = True
        inside = place._replace(looped=True, turning=place.turning | set(_turning(node)))
        if isinstance(node, ast.While):
            self._visit(node.test, inside)
        else:
            self._visit(node.iter, place)
            self._visit(node.target, inside)
            self.flows += _assigned(node.target, node.iter)
            inside = inside._replace(several=place.several or isinstance(node.iter, ast.Tuple | ast.List))
        for statement in (*node.body, *node.orelse):
            self._visit(statement, inside)

    def _visit_comprehension(self, node: Comprehension, place: Place) -> None:
        self.loops = True
        for generator in node.generators:
            self._visit(generator.iter, place)
            self.flows += _assigned(generator.target, generator.iter)
            turning = frozenset(part.id for part in ast.walk(generator.target) if isinstance(part, ast.Name))
            place = place._replace(looped=True, several=True, turning=place.turning | turning)
            for condition in generator.ifs:
                self._visit(condition, place)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self._visit(part, place)

    def place_of(self, call: ast.Call) -> Place:
        """Where a call stands; one in a nested class stands nowhere here."""
        return self.calls[id(call)][1] if id(call) in self.calls else Place()

    # What a value has come from

    def marks(self, node: ast.AST | None) -> Marks:
        """What the value of an expression has come from."""
        match node:
            case ast.Name() | ast.Attribute():
                own = self.names.get(ast.unparse(node), NOTHING)
                return own | self.marks(node.value) if isinstance(node, ast.Attribute) else own
            case ast.Subscript() | ast.Starred() | ast.NamedExpr() | ast.keyword():
                return self.marks(node.value)
            case ast.UnaryOp():
                return self.marks(node.operand)
            case ast.BinOp():
                return self._of_arithmetic(node)
            case ast.Call():
                return self._of_call(node)
            case ast.IfExp():
                return self.marks(node.body) | self.marks(node.orelse)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._of_all(node.elts)
            case ast.Dict() | ast.BoolOp():
                return self._of_all(node.values)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.marks(node.elt)
            case ast.DictComp():
                return self.marks(node.value)
        return NOTHING

    def _of_all(self, nodes: Collection[ast.AST]) -> Marks:
        return NOTHING.union(*map(self.marks, nodes))

    def _of_call(self, node: ast.Call) -> Marks:
        name, given = last_name(node.func), [*node.args, *node.keywords]
        if name in CLOCKS:
            return NOTHING
        if passes_on(node):
            return self._of_numpy(name, node) | self._of_all(given)
        if isinstance(node.func, ast.Attribute) and name in PASSING:
            return self.marks(node.func.value)
        callee = ast.unparse(node.func)
        return self.names.get(f"{callee}()", NOTHING) | {Mark("call", callee, id(node))}

    def _of_numpy(self, name: str, node: ast.Call) -> Marks:
        """What one of NumPy's operations, written as a call, makes of its arguments."""
        operator = _OPERATORS.get(name)
        if operator is not None and len(node.args) >= 2:
            return self._combined(operator, self.marks(node.args[0]), self.marks(node.args[1]), node.args[1])
        if name == "diff" and node.args:
            return self._difference(self.marks(node.args[0]), self.marks(node.args[0]))
        return NOTHING

    def _of_arithmetic(self, node: ast.BinOp) -> Marks:
        left, right, operator = self.marks(node.left), self.marks(node.right), node.op
        if isinstance(operator, ast.Add) and (_is_negative(node.left) or _is_negative(node.right)):
            operator = ast.Sub()
        found = left | right | self._combined(operator, left, right, node.right)
        if isinstance(operator, ast.Mult):
            found |= self._combined(operator, right, left, node.left)
        return found

    def _combined(self, operator: ast.operator, left: Marks, right: Marks, by: ast.expr) -> Marks:
        """What an operation makes of what its sides have come from; `by` is the right one."""
        if isinstance(operator, ast.Sub):
            return self._difference(left, right)
        if isinstance(operator, ast.Div) and not _is_count(by):
            return _over(left, right)
        if isinstance(operator, ast.Mult) and self._is_reciprocal(by):
            return _over(left, right)
        return NOTHING

    def _is_reciprocal(self, node: ast.expr) -> bool:
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        return _has_reciprocal(node) or bool(names & self.reciprocals)

    def _difference(self, left: Marks, right: Marks) -> Marks:
        found: set[Mark] = set()
        parts = {mark.callee for mark in left if mark.kind == "part"} & {m.callee for m in right if m.kind == "part"}
        for one in left:
            for other in right:
                if one.kind == other.kind == "call" and one.callee == other.callee and self._moved(one, other):
                    looped = int(self._looped(one) or self._looped(other))
                    found.add(Mark("difference", one.callee, looped))
                    if one.callee in parts:
                        found.add(Mark("quotient", one.callee, looped))
        return frozenset(found)

    def _moved(self, one: Mark, other: Mark) -> bool:
        """Whether two calls may be at two points."""
        if one.site == other.site:
            return self.calls[one.site][1].several
        return self.moves or _arguments(self.calls[one.site][0]) != _arguments(self.calls[other.site][0])

    def _looped(self, mark: Mark) -> bool:
        place = self.calls[mark.site][1]
        return place.looped or (place.inside != "" and (self.loops or self.maps))


def _over(top: Marks, bottom: Marks) -> Marks:
    """Of a division; one by another value of the same function is a relative change, and no quotient."""
    below = {mark.callee for mark in bottom}
    kinds = {"call": "part", "difference": "quotient"}
    return frozenset(
        mark._replace(kind=kinds[mark.kind]) for mark in top if mark.kind in kinds and mark.callee not in below
    )


_OPERATORS: dict[str, ast.operator] = {
    "subtract": ast.Sub(),
    "sub": ast.Sub(),
    "divide": ast.Div(),
    "true_divide": ast.Div(),
    "truediv": ast.Div(),
    "multiply": ast.Mult(),
    "mul": ast.Mult(),
}


def passes_on(call: ast.Call) -> bool:
    """Whether NumPy or Python itself is called: what comes out is made of what is given."""
    if isinstance(call.func, ast.Name):
        return call.func.id in vars(builtins)
    return (
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id in NUMPY
    )


def last_name(node: ast.expr) -> str:
    """`loss` of `self.net.loss`; empty where it is no name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _flows_of(node: ast.AST) -> Iterator[Flow]:
    match node:
        case ast.Assign():
            for target in node.targets:
                yield from _assigned(target, node.value)
        case ast.AnnAssign(value=ast.expr()) | ast.NamedExpr():
            yield from _assigned(node.target, node.value)  # type: ignore[arg-type]
        case ast.AugAssign():
            yield from (flow._replace(operator=node.op) for flow in _assigned(node.target, node.value))
        case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name in KEEPING:
            yield from (Flow(_key(owner), value, kept=True) for value in node.args)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[Flow]:
    """The flows of `target = value`."""
    if isinstance(target, ast.Starred):
        target = target.value
    if not isinstance(target, ast.Tuple | ast.List):
        yield Flow(_key(target), value, kept=isinstance(target, ast.Subscript))
        if isinstance(value, ast.Lambda):  # what a call of that name gives
            yield Flow(f"{_key(target)}()", value.body, kept=False)
        return
    each = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
    for number, part in enumerate(target.elts):
        yield from _assigned(part, value.elts[number] if each else value)  # type: ignore[attr-defined]


def _turning(loop: ast.AST) -> Iterator[str]:
    """The names that a loop assigns, or asks to go on, as `it.iternext()` does."""
    for node in ast.walk(loop):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
                yield name


def _key(target: ast.expr) -> str:
    """The name that is assigned to, or into."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return ast.unparse(target)


def _arguments(node: ast.Call) -> str:
    return ast.dump(ast.Tuple([*node.args, *(keyword.value for keyword in node.keywords)]))


def _has_reciprocal(node: ast.expr) -> bool:
    """Whether it divides, as in `0.5 / h` or `h ** -1`."""
    operators = [part.op for part in ast.walk(node) if isinstance(part, ast.BinOp)]
    return any(isinstance(operator, ast.Div | ast.Pow) for operator in operators)


def _is_negative(node: ast.expr) -> bool:
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Add):
        node = node.left
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _is_count(node: ast.expr) -> bool:
    """Whether it counts elements, as of a mean: 2, len(x), x.size, x.shape[0]."""
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    if isinstance(node, ast.BinOp):
        return _is_count(node.left) and _is_count(node.right)
    named = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else node
    return last_name(named) in ("len", "size", "shape")
