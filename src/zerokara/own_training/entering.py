"""How a run gets into a loop that stands in a function: the statements that bind its arguments, and those before it."""

from __future__ import annotations

import ast
import copy

from zerokara.own_training.copies import CannotWatch
from zerokara.own_training.program import Program, names_in
from zerokara.own_training.slices import sliced
from zerokara.own_training.training_loops import Training
from zerokara.sources.data_flow import last_name

DEEPEST = 3


def entrance(program: Program, training: Training) -> list[ast.stmt]:
    """The statements to run at the top level so that the names of the loop's function have their values.

    Raises CannotWatch where nothing calls the function, or its arguments cannot be told.
    """
    if training.function is None:
        return []
    return _into(program, training.function, training.loop, DEEPEST)


def call_of(program: Program, function: ast.FunctionDef) -> ast.Call:
    """The call of a function, of the top level if there is one there. Raises CannotWatch where there is none."""
    calls = [node for node in program.nodes if isinstance(node, ast.Call) and last_name(node.func) == function.name]
    calls = [call for call in calls if program.function_of(call) is not function]
    if not calls:
        raise CannotWatch
    return max(calls, key=lambda call: (program.function_of(call) is None, call.lineno))


def _into(program: Program, function: ast.FunctionDef, inner: ast.stmt, depth: int) -> list[ast.stmt]:
    if depth == 0:
        raise CannotWatch
    call = call_of(program, function)
    caller, at = program.function_of(call), program.statement_of(call)
    before = _into(program, caller, at, depth - 1) if caller is not None else []
    return [*before, _bound(program, call, function), *_before(program, function, inner)]


def _bound(program: Program, call: ast.Call, function: ast.FunctionDef) -> ast.stmt:
    """The assignment of a call's arguments to the names of a function."""
    arguments = function.args
    if arguments.vararg or arguments.kwarg or any(isinstance(value, ast.Starred) for value in call.args):
        raise CannotWatch
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    given = list(call.args)
    if isinstance(call.func, ast.Attribute) and _is_method(program, function):
        given = [call.func.value, *given]
    values: dict[str, ast.expr | None] = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    values |= dict(zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True))
    values |= dict(zip(names, given, strict=False))
    values |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    known = {name: copy.deepcopy(value) for name, value in values.items() if value is not None}
    if len(known) < len(values) or not set(names) <= set(known):
        raise CannotWatch
    targets = ast.Tuple([ast.Name(name, ast.Store()) for name in known], ast.Store())
    bound = ast.Assign([targets], ast.Tuple(list(known.values()), ast.Load()))
    return ast.copy_location(bound, call)


def _is_method(program: Program, function: ast.FunctionDef) -> bool:
    return isinstance(next(iter(program.around(function)), None), ast.ClassDef)


def _before(program: Program, function: ast.FunctionDef, inner: ast.stmt) -> list[ast.stmt]:
    """What stands before a statement in its function, as far as the statement depends on it."""
    chain: list[ast.AST] = [inner]
    for node in program.around(inner):
        if node is function:
            break
        chain.insert(0, node)
    needed = names_in(chain[0])
    found: list[ast.stmt] = []
    outer: ast.AST = function
    for node in chain:
        block = next((block for block in _blocks(outer) if any(part is node for part in block)), [])
        found += sliced(block[: next((i for i, part in enumerate(block) if part is node), 0)], needed)[0]
        if isinstance(node, ast.For) and node is not inner:
            first = ast.Call(ast.Name("next", ast.Load()), [_iterated(node)], [])
            found.append(ast.copy_location(ast.Assign([copy.deepcopy(node.target)], first), node))
        outer = node
    return found


def _iterated(loop: ast.For) -> ast.expr:
    return ast.Call(ast.Name("iter", ast.Load()), [copy.deepcopy(loop.iter)], [])


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    return [
        getattr(node, field)
        for field in ("body", "orelse", "finalbody")
        if isinstance(getattr(node, field, None), list)
    ]
