"""How a learner's file uses a gradient: which way its updates go, and whether it asks for samples one by one."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import FunctionType

from zerokara.own_gradients.roles import role_of
from zerokara.own_gradients.subject import Array, Arrays, Subject


def steps_up(functions: Iterable[FunctionType]) -> bool:
    """Whether an update near these functions, in their files, adds the gradient: W += lr * dW, or W = W + lr * dW."""
    directions = [sign for tree in _trees(functions) for sign in _updates(tree)]
    return bool(directions) and all(sign > 0 for sign in directions)


def turned_around(subject: Subject) -> Subject:
    """The same with the negative of its gradient."""

    def turned(x: Array, t: Array) -> Arrays:
        return {name: -array for name, array in subject.gradient(x, t).items()}

    return replace(subject, gradient=turned)


def called_one_by_one(functions: Iterable[FunctionType]) -> bool:
    """Whether a loop near these functions hands its own variables to one of them: for x, y in batch: backprop(x, y)."""
    names = {function.__name__ for function in functions}
    for tree in _trees(functions):
        loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
        for loop in loops:
            own = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            if any("batch" in name.lower() for name in own) or not isinstance(loop, ast.For):
                continue
            calls = (node for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Call))
            if any(_called(call) in names and _hands_over(call, own) for call in calls):
                return True
    return False


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _hands_over(call: ast.Call, names: set[str]) -> bool:
    """Whether an argument is one of these names, or an element at one of them: x, or x[i]."""
    given = [argument.slice if isinstance(argument, ast.Subscript) else argument for argument in call.args]
    return any(isinstance(argument, ast.Name) and argument.id in names for argument in given)


def _trees(functions: Iterable[FunctionType]) -> Iterator[ast.Module]:
    for file in dict.fromkeys(function.__code__.co_filename for function in functions):
        try:
            yield ast.parse("".join(linecache.getlines(file)))
        except (SyntaxError, ValueError):
            continue


def _updates(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub) and _has_rate(node.value):
            yield 1 if isinstance(node.op, ast.Add) else -1
        elif isinstance(node, ast.Assign) and isinstance(value := node.value, ast.BinOp):
            same = ast.unparse(node.targets[0]) == ast.unparse(value.left)
            if same and isinstance(value.op, ast.Add | ast.Sub) and _has_rate(value.right):
                yield 1 if isinstance(value.op, ast.Add) else -1


def _has_rate(value: ast.expr) -> bool:
    """Whether the value is a product with a learning rate, or with a number below 1."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Mult | ast.Div):
        return False
    factors = [node for node in ast.walk(value) if isinstance(node, ast.Name | ast.Attribute | ast.Constant)]
    return any(_is_rate(factor) for factor in factors)


def _is_rate(factor: ast.expr) -> bool:
    if isinstance(factor, ast.Constant):
        return isinstance(factor.value, float) and 0 < factor.value < 1
    name = factor.id if isinstance(factor, ast.Name) else getattr(factor, "attr", "")
    return role_of(name) == "rate"
