"""The loops of a learner's file whose turns are iterations of a training, found by syntax before it runs.

A loop is taken whose turns begin and end with whole updates: none over parameters, layers, elements or pixels. Where
what takes the step is not seen, as when it is imported, the loop is taken that asks for a gradient or a step by name.
To take one too many costs a hundredth of a microsecond a turn.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from zerokara.sources.data_flow import last_name
from zerokara.sources.instrumentation import Function
from zerokara.sources.turns import Loop

if TYPE_CHECKING:
    from zerokara.own_training.program import Program
    from zerokara.own_training.training_loops import Update

_TRAINS = re.compile(r"grad|backprop|backward|update|learn|step|fit|train|optim|sgd|descent|delta|^d_?W", re.IGNORECASE)
_GRADIENT = re.compile(r"(^|_)grads?(_|$)|gradients?(_|$)|back_?prop|勾配", re.IGNORECASE)
_DESCENT = re.compile(r"descent|method|train|fit|learn|optimi|search", re.IGNORECASE)
_STEP = re.compile(r"^(train|fit|learn|update|step|optimi[sz]e|sgd)(_|$|[A-Z])", re.IGNORECASE)


def may_train(text: str) -> bool:
    """Whether a file may have such a loop: cheap, and never wrong about a no."""
    return ("for" in text or "while" in text) and _MAY_TRAIN.search(text) is not None


_MAY_TRAIN = re.compile(r"[-+]=|-|grad|prop|train|fit|learn|update|step|optimi|sgd|勾配", re.IGNORECASE)


class Found(NamedTuple):
    """The loops of a file that train.

    Attributes:
        turning: the innermost ones whose turns are iterations.
        ending: the outermost ones around these, where they stand directly in the body of a function.
    """

    turning: list[Loop]
    ending: list[Loop]


def training_loops(tree: Any, apart: Collection[Function] = ()) -> Found:
    """The loops of a syntax tree that train.

    Args:
        apart: functions that take numerical gradients, whose loops go over elements.
    """
    found: list[Loop] = [node for node in ast.walk(tree) if isinstance(node, Loop)]
    if not any(_may_step(node) for loop in found for node in ast.walk(loop)):
        return Found([], [])
    # Most of zerokara, which other files need not wait for.
    from zerokara.own_training.program import Program
    from zerokara.own_training.training_loops import trainings

    program = Program.of_statements(tree.body)
    loops = [training.loop for training in trainings(program) if not all(map(_moves_element, training.updates))]
    taken = {id(part) for loop in loops for part in (*ast.walk(loop), *program.around(loop))}
    elements = {id(part) for function in apart for part in ast.walk(function)}
    named = [loop for loop in _named_so(program) if id(loop) not in taken | elements]
    turning = [*loops, *dict.fromkeys(named)]
    outermost = dict.fromkeys([loop, *program.loops_of(loop)][-1] for loop in turning)
    functions = [node for node in program.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    bodies = {id(part) for function in functions for part in function.body}
    return Found(turning, [loop for loop in outermost if id(loop) in bodies])


def _may_step(node: ast.AST) -> bool:
    """Whether this is a name that has to do with training, or adds a product, as `W -= 0.1 * x.T @ d` does."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return isinstance(node.right, ast.BinOp)
    if isinstance(node, ast.AugAssign):
        return isinstance(node.value, ast.BinOp)
    return _TRAINS.search(_name_of(node)) is not None


def _name_of(node: ast.AST) -> str:
    return last_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _moves_element(update: Update) -> bool:
    """Whether a statement moves the element that the loop is at, as in `w[index] += delta`: no step, but a probe."""
    from zerokara.own_training.program import names_in
    from zerokara.own_training.training_loops import stored_in

    if not (isinstance(update.target, ast.Subscript) and update.loops):
        return False
    assigned = [part for part in ast.walk(update.loops[0]) if isinstance(part, ast.Assign)]
    indices = {name for part in assigned for target in part.targets for name in stored_in(target)}
    return bool(names_in(update.target.slice) & indices)


def _named_so(program: Program) -> Iterator[Loop]:
    """The innermost loops around calls of what takes a step, or is named as what does so elsewhere, or as what gives a
    gradient."""
    from zerokara.own_training.training_loops import iterations, steppers, updates

    own = steppers(program, updates(program))
    for node in program.nodes:
        if isinstance(node, ast.Call) and _is_named_so(program, node, own) and not _gives_gradient(program, node):
            yield from iterations(program, node, None)[:1]


def _is_named_so(program: Program, call: ast.Call, own: Collection[str]) -> bool:
    name = last_name(call.func)
    if name in own:  # also where its loss is used at once: `losses.append(net.train_step(x, t))`
        return not name.startswith("__")
    elsewhere = isinstance(call.func, ast.Name) and name not in program.functions
    return _GRADIENT.search(name) is not None or (elsewhere and _STEP.search(name) is not None)


def _gives_gradient(program: Program, node: ast.AST) -> bool:
    """Whether this is inside of a function that is itself named as what gives a gradient."""
    function = program.function_of(node)
    name = "" if function is None else function.name
    return _GRADIENT.search(name) is not None and _DESCENT.search(name) is None
