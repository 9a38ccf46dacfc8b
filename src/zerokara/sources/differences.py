"""Functions that look like a numerical gradient: a difference quotient in a loop over the elements of an array.

Whatever its name and place, such a function calls the same function several times, subtracts one value from another,
and divides that by a step:

    for i in range(x.size):
        …
        grad[i] = (f(x) - before) / h

Only its syntax is looked at. What it really computes is proven elsewhere, when it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from zerokara.sources.data_flow import Comprehension, Flows, last_name, passes_on
from zerokara.sources.instrumentation import Function

_COMPILED = ("jit", "njit", "vectorize", "guvectorize", "cfunc", "stencil", "compile", "script", "function")
"""Decorators that compile a function from its code, and understand no code but Python's own."""

_CALLS, _SUBTRACTS, _DIVIDES = 1, 2, 4
_DOES: dict[type[ast.AST], int] = {
    ast.Call: _CALLS,
    **dict.fromkeys((ast.Sub, ast.USub), _SUBTRACTS),
    **dict.fromkeys((ast.Div, ast.Pow), _DIVIDES),
}
_NAMED_SO = {
    **dict.fromkeys(("subtract", "sub", "diff"), _SUBTRACTS),
    **dict.fromkeys(("divide", "true_divide", "truediv"), _DIVIDES),
}


def difference_loops(tree: ast.AST, parts: Collection[str] = ()) -> list[Function]:
    """The functions in a syntax tree whose calls may be those of a numerical gradient, inner ones first.

    Args:
        parts: functions of other cells that compute a difference quotient, such as `quotient_parts` finds.
    """
    functions = _functions(tree)
    found: list[Function] = []
    names = set(parts)
    for function, does in functions:
        looped = _quotients(Flows(function, apart=found)) if _may_have_quotient(function, does) else []
        if looped:
            names |= _names_of(function, tree)
        if any(looped) and _can_answer(function):
            found.append(function)
    if names:
        others = [function for function, does in functions if does & _CALLS and function not in found]
        found += [one for one in others if _calls_in_loop(one, names) and _can_answer(one)]
    return found


def quotient_parts(tree: ast.AST) -> set[str]:
    """The names of the functions in a syntax tree that compute a difference quotient, with or without a loop."""
    found: set[str] = set()
    for function, does in _functions(tree):
        if _may_have_quotient(function, does) and _quotients(Flows(function)):
            found |= _names_of(function, tree)
    return found


def _functions(tree: ast.AST) -> list[tuple[Function, int]]:
    """All functions, inner ones first, and what each of them does: it calls, subtracts, divides."""
    found: list[tuple[Function, int]] = []

    # Every statement of a learner's is looked at here: ast.walk, with its generators, takes several times as long.
    def visit(node: ast.AST) -> int:
        does = _DOES.get(node.__class__, 0)
        for value in node.__dict__.values():
            if value.__class__ is list:
                for child in value:
                    if isinstance(child, ast.AST):
                        does |= visit(child)
            elif isinstance(value, ast.AST):
                does |= visit(value)
        if does & _CALLS and node.__class__ is ast.Call:
            does |= _NAMED_SO.get(last_name(node.func), 0)
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            found.append((node, does))
        return does

    visit(tree)
    return found


def _may_have_quotient(function: Function, does: int) -> bool:
    """Whether a look at where its values go is worth it: something is called twice, or for several values."""
    if does != _CALLS | _SUBTRACTS | _DIVIDES:
        return False
    called: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, Comprehension) or (
            isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple | ast.List)
        ):
            return True
        if isinstance(node, ast.Call) and not passes_on(node):
            name = last_name(node.func)
            if name in called:
                return True
            called.add(name)
    return False


def _quotients(flows: Flows) -> list[bool]:
    """Of each kind of difference quotient in the function, whether a loop evaluates it."""
    marks = frozenset().union(*flows.names.values(), *map(flows.marks, flows.arithmetic))
    return [bool(mark.site) for mark in marks if mark.kind == "quotient"]


def _names_of(function: Function, tree: ast.AST) -> set[str]:
    """What other code may call it by."""
    if isinstance(function, ast.FunctionDef):
        return {function.name}
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.value is function]
    return {last_name(target) for node in assigned for target in node.targets} - {""}


def _can_answer(function: Function) -> bool:
    """Whether a statement of its own may return for it, and nothing reads its code but Python."""
    if isinstance(function, ast.Lambda):
        return True
    decorators = [part.func if isinstance(part, ast.Call) else part for part in function.decorator_list]
    return not any(last_name(part) in _COMPILED for part in decorators) and not any(map(_yields, function.body))


def _yields(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return isinstance(node, ast.Yield | ast.YieldFrom) or any(map(_yields, ast.iter_child_nodes(node)))


def _calls_in_loop(function: Function, names: Collection[str]) -> bool:
    """Whether its loop fills something with what one of these functions says of the present element or row."""
    called = [node for node in ast.walk(function) if isinstance(node, ast.Call) and last_name(node.func) in names]
    if not called:
        return False
    flows = Flows(function)
    kept = frozenset().union(*(flows.marks(flow.value) for flow in flows.flows if flow.kept and flow.operator is None))
    sites = {mark.site for mark in kept if mark.kind in ("call", "part")}
    for node in called:
        place = flows.place_of(node)
        given = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        # A descent's next point comes from the gradient at this one; the next element comes from nothing.
        goes_on = any(mark.site == id(node) for name in given for mark in flows.names.get(name, ()))
        many = place.looped and (place.several or id(node) in sites)
        if given & place.turning and not goes_on and (many or (place.inside != "" and flows.maps)):
            return True
    return False
