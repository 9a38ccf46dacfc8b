"""Finds the loops that train, and the statements in them that take a step, by syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zerokara.own_training.program import Loop, Program, names_in, root_of, words_in
from zerokara.sources.data_flow import last_name

GRADIENT = re.compile(
    r"grad|delta|nabla|veloc|moment|^[dg]_?[Wwbz]\d*$|^[dg]_?[Wwbz]\d*_|^d[A-Z]|^[gvm]\d*$|^d[abhlz]\d+$|_hat$|勾配"
)
"""Words for a gradient, or for what an optimizer makes of it."""
RATE = re.compile(r"^(lr|eta|alpha|rate|step_?size)|learning_?rate|_lr$|_rate$", re.IGNORECASE)
COUNTED = re.compile(
    r"loss|cost|acc|count|cnt|total|correct|epoch|^n_|^i$|step|index|idx|pos|ptr|reward", re.IGNORECASE
)
"""Words for what is added up and is no parameter."""
INPUTS = re.compile(r"^(x|img|image|pixel|noise|pert|adv|dream|style|content)", re.IGNORECASE)
"""Words for inputs, which some change up the gradient on purpose."""
STEPS = re.compile(
    r"^(update|learn|train_step|train_batch|train_on_batch|partial_fit|step|sgd|optimi[sz]e)", re.IGNORECASE
)
BARS = re.compile(r"bar|tqdm|hist|log|stats|metric|counter|set$|seen", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Update:
    """A statement that takes a step.

    Attributes:
        statement: the assignment, or the call of what has the assignments.
        target: what is updated, such as `net.params[key]`; None for a call.
        old: what the step is added to or taken from, mostly the same.
        sign: 1 for `+=`, -1 for `-=`, 0 for a call.
        loops: of the iterations around it, the innermost first; loops over parameters or layers are left out.
    """

    statement: ast.stmt
    target: ast.expr | None
    old: ast.expr | None
    sign: int
    loops: tuple[Loop, ...]

    @property
    def root(self) -> str:
        """The name that what is updated hangs on: `net`."""
        if isinstance(self.target, ast.Call):
            return root_of(self.target.args[0])
        if self.target is not None:
            return root_of(self.target)
        call = _call_of(self.statement)
        return root_of(call.func) if call is not None and isinstance(call.func, ast.Attribute) else ""


@dataclass(frozen=True, eq=False)
class Training:
    """A loop that trains.

    Attributes:
        loop: the innermost one whose turns are iterations.
        outer: the loops around it, the innermost first.
        updates: the steps in it.
        function: that it stands in; None for the top level.
    """

    loop: Loop
    outer: tuple[Loop, ...]
    updates: tuple[Update, ...]
    function: ast.FunctionDef | None

    @property
    def body(self) -> list[ast.stmt]:
        return self.loop.body

    @cached_property
    def stored(self) -> set[str]:
        """The names that it assigns."""
        return stored_in(self.loop)


def stored_in(node: ast.AST) -> set[str]:
    """The names that a piece of code assigns."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def trainings(program: Program) -> list[Training]:
    """The loops that train, in the order of the source."""
    found: dict[int, list[Update]] = {}
    for update in updates(program):
        if update.loops:
            found.setdefault(id(update.loops[0]), []).append(update)
    return [
        Training(steps[0].loops[0], steps[0].loops[1:], tuple(steps), program.function_of(steps[0].statement))
        for steps in found.values()
    ]


def updates(program: Program) -> Iterator[Update]:
    """The statements that take a step, wherever they stand; calls only of what takes one."""
    direct = [update for node in program.nodes for update in _assigned(program, node)]
    yield from direct
    own = steppers(program, direct)
    for node in program.nodes:
        call = _call_of(node)
        if call is not None and isinstance(node, ast.stmt) and _steps(program, call, own):
            loops = iterations(program, node, None)
            if loops:
                yield Update(node, None, None, 0, loops)


def steppers(program: Program, found: Iterable[Update]) -> set[str]:
    """The names of the program's functions that take one of these steps, once."""
    stepping = [program.function_of(update.statement) for update in found if not update.loops]
    return {function.name for function in (*stepping, *_returning(program)) if function is not None}


def _assigned(program: Program, node: ast.AST) -> Iterator[Update]:
    """The updates in an assignment: `w -= lr * g`, `w = w - lr * g`, `w1, w2 = w1 - lr * g1, w2 - lr * g2`."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield from _update(program, node, node.target, node.target, node.op, node.value)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        for target, value in pairs(node.targets[0], node.value):
            if (changed := _first_changed(value)) is not None:
                yield from _update(program, node, target, changed.left, changed.op, changed.right)
    elif isinstance(node, ast.Expr):
        yield from _set_attribute(program, node)


def _returning(program: Program) -> Iterator[ast.FunctionDef]:
    """Functions that return new parameters: `return {key: params[key] - lr * grads[key] for key in params}`."""
    for node in program.nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            values = [part.value for part in ast.walk(node.value) if isinstance(part, ast.DictComp)]
            changed = [part for value in values if (part := _first_changed(value)) is not None]
            function = program.function_of(node)
            if function is not None and any(_is_step(part.right) for part in changed) and not program.loops_of(node):
                yield function


def _set_attribute(program: Program, node: ast.stmt) -> Iterator[Update]:
    """`setattr(net, name, getattr(net, name) - lr * g)`."""
    call = _call_of(node)
    if call is not None and last_name(call.func) == "setattr" and len(call.args) == 3:
        changed = _first_changed(call.args[2])
        if changed is not None:
            target = ast.copy_location(ast.Call(ast.Name("getattr", ast.Load()), call.args[:2], []), node)
            yield from _update(program, node, target, changed.left, changed.op, changed.right)


def pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value.value if isinstance(value, ast.DictComp) else value)]


def _update(
    program: Program, node: ast.stmt, target: ast.expr, old: ast.expr, op: ast.operator, value: ast.expr
) -> Iterator[Update]:
    comprehended = isinstance(node, ast.Assign) and isinstance(node.value, ast.DictComp)
    elsewhere = ast.unparse(old) != ast.unparse(target) and not comprehended
    if _is_counted(program, target) or not (_is_explicit(value) if elsewhere else _is_step(value)):
        return
    if elsewhere and _is_counted(program, old):
        return
    sign = 1 if isinstance(op, ast.Add) else -1
    sign = -sign if _is_negated(value) else sign
    before = target if comprehended else old
    yield Update(node, _loaded(target), _loaded(before), sign, iterations(program, node, target))


def _is_explicit(value: ast.expr) -> bool:
    """Whether a step is a rate times a gradient."""
    words = words_in(value)
    product = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult)
    return product and any(map(RATE.search, words)) and any(map(GRADIENT.search, words))


def _first_changed(value: ast.expr) -> ast.BinOp | None:
    """`w - lr * g` in `w - lr * g - decay * w`."""
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        if not (isinstance(value.left, ast.BinOp) and isinstance(value.left.op, ast.Add | ast.Sub)):
            return value
        value = value.left
    return None


SUMMING = frozenset({"T", "sum", "mean"})
"""What the gradient of a weight or a bias is summed over the samples with."""


def _is_step(value: ast.expr) -> bool:
    words = words_in(value)
    if any(GRADIENT.search(word) for word in words):
        return True
    scaled = any(map(RATE.search, words)) or any(isinstance(part, ast.Constant) for part in ast.walk(value))
    product = isinstance(value, ast.BinOp) and (bool(words & SUMMING) or any(map(RATE.search, words)))
    return product and scaled  # lr * x.T @ delta, 0.1 * delta.sum(axis=0)


def _is_negated(value: ast.expr) -> bool:
    """Whether a step begins with a minus: `-lr * g`."""
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult | ast.Div | ast.MatMult):
        value = value.left
    return isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub)


def _is_counted(program: Program, target: ast.expr) -> bool:
    """Whether a target adds something up that is no parameter: a number, a sum of losses, gradients or moments."""
    name = last_name(target) if not isinstance(target, ast.Subscript) else root_of(target)
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute):
        name = target.value.attr
    if isinstance(target, ast.Name) and isinstance(program.names.get(name), int | float | np.number):
        return True
    return any(pattern.search(name) for pattern in (COUNTED, GRADIENT, RATE, INPUTS))


def _loaded(target: ast.expr) -> ast.expr:
    """The same expression, to be read."""
    parsed = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(parsed, target)


def iterations(program: Program, node: ast.AST, target: ast.expr | None) -> tuple[Loop, ...]:
    """The loops around a statement, but for those over parameters, layers or the units of one."""
    loops = program.loops_of(node)
    while loops and _goes_over_parts(loops[0], node, target):
        loops = loops[1:]
    return tuple(loops)


PARTS = re.compile(
    r"param|grads?\b|keys\(|layer|weight|items\(|bias|depth|reversed\(|len\((self\.)?[Wwb]s?\)|self\.[Wwb]s?\b"
    r"|range\((1, )?(self\.)?L\b"
)
"""What the loops over parameters or layers go over."""


def _goes_over_parts(loop: Loop, node: ast.AST, target: ast.expr | None) -> bool:
    if not isinstance(loop, ast.For):
        return False
    turning = names_in(loop.target)
    if target is not None and turning & names_in(target):
        return True
    if any(turning & names_in(part.slice) and GRADIENT.search(root_of(part)) for part in _subscripts(node)):
        return True
    if isinstance(loop.iter, ast.Tuple | ast.List) and all(map(_is_text, loop.iter.elts)):
        return bool(turning & names_in(node))
    return bool(PARTS.search(ast.unparse(loop.iter)))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _subscripts(node: ast.AST) -> list[ast.Subscript]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Subscript)]


def _call_of(node: ast.AST) -> ast.Call | None:
    """The call that a statement consists of, its result assigned or not."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    return value if isinstance(value, ast.Call) else None


def _steps(program: Program, call: ast.Call, steppers: set[str]) -> bool:
    """Whether a call takes a step: of a learner's function that has one, or of an optimizer."""
    name = last_name(call.func)
    if name in steppers:
        return not name.startswith("__")
    if name in program.functions or not isinstance(call.func, ast.Attribute):
        return False  # of theirs, and without a step, or with a whole training in it
    if BARS.search(root_of(call.func)):
        return False
    given = set[str]().union(*map(words_in, call.args)) if call.args else set()
    if name == "update":
        return len(call.args) >= 2 or any("param" in word for word in given)
    return bool(STEPS.match(name)) and name != "update"
