"""Remarks from reading a learner's source at the end of a run: what runs, but not as its author meant.

Each is silent on a file that does the thing correctly. Values come from the names the run left behind where it can,
else from constants in the source; where neither says, there is no remark.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.book.cells import Cell
from zerokara.errors import sentence


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


TRAINING_SIZES = ("x_train.shape[0]", "t_train.shape[0]", "len(x_train)", "len(t_train)")
Remark = Callable[[Source], Iterator[tuple[ast.AST, str]]]


def remarks_on(path: Path, cells: list[Cell], names: dict[str, Any]) -> list[str]:
    """The remarks on a file, each with the place it is about; none on one that is not Python.

    Args:
        cells: of a notebook or note, all of them; none for a script.
        names: of `__main__`, as the run left them.
    """
    tree = _tree(path, cells)
    if tree is None:
        return []
    found = [(node, text) for remark in REMARKS for node, text in remark(Source(tree, names))]
    return [sentence("{name}, line {line}: {text}", name=path.name, line=getattr(node, "lineno", 1), text=text) for node, text in found]


def _tree(path: Path, cells: list[Cell]) -> ast.Module | None:
    try:
        if not cells:
            return ast.parse(path.read_bytes())
        parts = [("\n" * (cell.line - 1) + re.sub(r"(?m)^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$", r"\1pass", cell.source)) for cell in cells]
        return ast.Module([statement for part in parts for statement in ast.parse(part).body], [])
    except (SyntaxError, ValueError):
        return None


def fractional_epochs(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`i % iter_per_epoch == 0` with an iter_per_epoch that is not whole."""
    steps = {
        node.right.id for node in source.nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.right, ast.Name)
    }
    for name, value, statement in source.assignments():
        number = source.number(value) if name in steps else None
        if number is not None and number > 1 and number != int(number):
            every = Fraction(number).limit_denominator(1000)
            yield statement, sentence(
                "{name} is {value:g}, not a whole number, so `% {name} == 0` is true only every {whole:,} iterations, {times} "
                "times as rarely as meant. max(int(train_size / batch_size), 1) is a whole number.",
                name=name, value=number, whole=every.numerator, times=every.denominator,
            )


def iterations_per_batch(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`iters_num / batch_size`, where the samples of an epoch were meant."""
    counts = {
        node.iter.args[-1].id for node in source.nodes
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "range"
        and node.iter.args and isinstance(node.iter.args[-1], ast.Name)
    }
    for name, value, statement in source.assignments():
        for node in ast.walk(value):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv) and _is_batch(node.right):
                left = ast.unparse(node.left)
                if left in counts and "epoch" in name.lower():
                    yield statement, sentence(
                        "{expression} is not the iterations of an epoch: an epoch is once through the training data, "
                        "train_size / {batch}. Here accuracy is measured every {got} iterations.",
                        expression=ast.unparse(node), batch=ast.unparse(node.right), got=_short(source.number(value), name),
                    )


def _is_batch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and "batch" in node.id.lower()


def _short(number: float | None, name: str) -> str:
    return name if number is None else f"{number:g}"


def trained_twice(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """A second training, with its lists started anew, on a network that an earlier loop has trained."""
    trained: dict[str, ast.stmt] = {}
    fresh_lists: set[str] = set()
    for statement in source.tree.body:
        for name in _assigned(statement):
            trained.pop(name, None)
        fresh_lists |= _started_lists(statement)
        for network in _trained_in(statement):
            if network in trained and fresh_lists & _appended_in(statement):
                yield statement, sentence(
                    "this loop goes on with {network}, which the loop in line {line} has trained already, although the lists "
                    "start anew. To start over, make a new network first.", network=network, line=trained[network].lineno,
                )
            trained[network] = statement
            fresh_lists = set()


def _assigned(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _started_lists(statement: ast.stmt) -> set[str]:
    empty = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List) and not statement.value.elts
    return _assigned(statement) if empty else set()


def _appended_in(statement: ast.stmt) -> set[str]:
    calls = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    return {ast.unparse(call.value) for call in calls if call.attr == "append"}


def _trained_in(statement: ast.stmt) -> set[str]:
    """The networks that a loop updates: net.params[…] -= …, net.learn(…), optimizer.update(net.params, …)."""
    if not isinstance(statement, ast.For | ast.While):
        return set()
    if any(isinstance(node, ast.Assign) and _makes_network(node.value) for node in ast.walk(statement)):
        return set()
    updated = [node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)]
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    updated += [call.args[0] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "update" and call.args]
    names = {match[1] for node in updated if (match := re.match(r"(\w+)\.params\b", ast.unparse(node)))}
    return names | {ast.unparse(call.func.value) for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "learn"}


def _makes_network(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and "net" in ast.unparse(value.func).rpartition(".")[2].lower()


def integer_input(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`numerical_gradient(f, np.array([3, 4]))`: adding h to an integer changes nothing."""
    if _casts_to_float(source):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "numerical_gradient" and len(node.args) == 2:
            if _is_integer(node.args[1], source):
                yield node, sentence(
                    "numerical_gradient gets the integers {argument}: x + h is cut to an integer again, so the gradient is "
                    "wrong. Write floats, such as np.array([3.0, 4.0]).", argument=ast.unparse(node.args[1]),
                )


def _casts_to_float(source: Source) -> bool:
    """Whether the file has a numerical_gradient of its own that makes floats."""
    own = [node for node in source.nodes if isinstance(node, ast.FunctionDef) and node.name == "numerical_gradient"]
    return any(re.search(r"astype|dtype=float|np\.float|np\.array\(", ast.unparse(node)) for node in own)


def _is_integer(node: ast.expr, source: Source) -> bool:
    if isinstance(node, ast.Name):
        value = source.names.get(node.id)
        if isinstance(value, np.ndarray):
            return value.dtype.kind in "iu"
        assigned = [value for name, value, _ in source.assignments() if name == node.id]
        return bool(assigned) and not isinstance(assigned[-1], ast.Name) and _is_integer(assigned[-1], source)
    if isinstance(node, ast.Call) and re.fullmatch(r"(?:np|numpy)\.(?:array|asarray|arange)", ast.unparse(node.func)) and not node.keywords:
        constants = [n.value for argument in node.args for n in ast.walk(argument) if isinstance(n, ast.Constant)]
        others = [n for argument in node.args for n in ast.walk(argument) if isinstance(n, ast.Name | ast.Call | ast.Attribute)]
        return len(node.args) == 1 and bool(constants) and not others and all(type(value) is int for value in constants)
    return False


def unshuffled(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Images put in a new order, or drawn, without their labels; or batches that are never drawn in another order."""
    yield from _labels_left_behind(source)
    if not re.search(r"shuffle|permut|choice|randint|sample|train_test_split", source.text):
        yield from _always_in_order(source)


def _labels_left_behind(source: Source) -> Iterator[tuple[ast.AST, str]]:
    calls = [node for node in source.nodes if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute)]
    in_place = {ast.unparse(call.args[0]): call for call in calls if re.fullmatch(r"(?:np|numpy|random|rng)(?:\.random)?\.shuffle", ast.unparse(call.func))}
    drawn = {f"{name} = {ast.unparse(value.value)}[{ast.unparse(value.slice)}]": (value, statement)
             for name, value, statement in source.assignments() if isinstance(value, ast.Subscript)}
    for images, call in in_place.items():
        labels = re.sub(r"^x", "t", images)
        if images.startswith("x") and labels in source.text and labels not in in_place:
            yield call, sentence("{images} is shuffled, but {labels} is not: the labels no longer belong to their images. "
                                 "Draw one order and index both with it.", images=images, labels=labels)
    for text, (value, statement) in drawn.items():
        index, images = ast.unparse(value.slice), ast.unparse(value.value)
        labels = re.sub(r"^x", "t", images)
        permuted = re.search(rf"\b{re.escape(index)} = .*(?:permutation|choice|randint)", source.text)
        if images.startswith("x") and permuted and labels in source.text and f"{labels}[{index}]" not in source.text:
            yield statement, sentence("`{text}` puts images in a new order, but nothing indexes {labels} with {index}: the labels "
                                      "no longer belong to their images.", text=text, labels=labels, index=index)


def _always_in_order(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for loop in source.nodes:
        if isinstance(loop, ast.For) and (_trained_in(loop) or ".gradient(" in ast.unparse(loop)):
            for name, value, statement in Source(ast.Module([loop], []), {}).assignments():
                if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice) and ast.unparse(value.value).startswith("t"):
                    yield statement, sentence(
                        "the batches are cut from images and labels in the same order every time. Shuffle them once per epoch: "
                        "order = np.random.permutation(train_size), then index both with it.")
                    return


REMARKS: tuple[Remark, ...] = (fractional_epochs, iterations_per_batch, trained_twice, integer_input, unshuffled)
