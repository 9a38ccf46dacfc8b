"""What can be known about a learner's file from its source and from the names its run left behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.sources.cells import Cell
from zerokara.sources.magics import syntax_tree

TRAINING_SIZES = ("x_train.shape[0]", "t_train.shape[0]", "len(x_train)", "len(t_train)")
"""Expressions that are 60,000 in a file that loads MNIST."""


def tree_of_file(path: Path, cells: list[Cell]) -> ast.Module | None:
    """The syntax tree of a script, or of these cells of a notebook or note together; None where it is not Python."""
    if cells:
        trees = [tree for cell in cells if (tree := syntax_tree(cell.in_place))]
        is_python = len(trees) == len(cells)
        return ast.Module([statement for tree in trees for statement in tree.body], []) if is_python else None
    try:
        return ast.parse(path.read_bytes())  # bytes: the first line may say which encoding they have
    except (SyntaxError, ValueError):
        return None


class Source:
    """What is known about a file: its syntax tree and the values of its names.

    Attributes:
        tree: of all cells together; lines are those of the file, or of the cell where a notebook has them.
        names: of `__main__` at the end of the run.
    """

    def __init__(self, tree: ast.Module, names: dict[str, Any]) -> None:
        self.tree, self.names = tree, names
        self.nodes = list(ast.walk(tree))
        self.text = ast.unparse(tree)

    def assignments(self) -> Iterator[tuple[str, ast.expr, ast.stmt]]:
        """(name, value, statement) of every plain assignment to one name."""
        for node in self.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id, node.value, node

    def number(self, node: ast.expr) -> float | None:
        """The value of an arithmetic expression, or None."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, int | float) else None
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Mult):
            left, right = self.number(node.left), self.number(node.right)
            if left is None or not right:
                return None
            return left / right if isinstance(node.op, ast.Div) else left * right
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "max":
            values = [self.number(argument) for argument in node.args]
            return None if None in values else max(value for value in values if value is not None)
        return 60000 if ast.unparse(node) in TRAINING_SIZES and "load_mnist" in self.text else None

    def _named(self, name: str) -> float | None:
        value = self.names.get(name)
        if isinstance(value, int | float | np.number):
            return float(value)
        assigned = [value for other, value, _ in self.assignments() if other == name]
        simple = assigned and not any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(assigned[-1]))
        return self.number(assigned[-1]) if simple else None
