"""Which way a learner's own update goes: `+=` with (t - y) is as right as `-=` with (y - t)."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator
from types import FunctionType

from zerokara.own_gradients.roles import role_of


def steps_up(functions: Iterable[FunctionType]) -> bool:
    """Whether an update near these functions, in their files, adds the gradient: W += lr * dW, or W = W + lr * dW."""
    files = dict.fromkeys(function.__code__.co_filename for function in functions)
    directions = [sign for file in files for sign in _updates(file)]
    return bool(directions) and all(sign > 0 for sign in directions)


def _updates(file: str) -> Iterator[int]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub) and _has_rate(node.value):
            yield 1 if isinstance(node.op, ast.Add) else -1
        elif isinstance(node, ast.Assign) and isinstance(value := node.value, ast.BinOp) and _has_rate(value.right):
            if isinstance(value.op, ast.Add | ast.Sub) and ast.unparse(node.targets[0]) == ast.unparse(value.left):
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
