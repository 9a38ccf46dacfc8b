"""Remarks from reading a learner's source at the end of a run: what runs, but not as its author meant.

Each is silent on a file that does the thing correctly. Values come from the names the run left behind where it can,
else from constants in the source; where neither says, there is no remark.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.sources.cells import Cell
from zerokara.sources.syntax import Source, tree_of_file
from zerokara.words import sentence, translatable

Remark = Callable[[Source], Iterator[tuple[ast.AST, str]]]


def remarks_on(path: Path, cells: list[Cell], names: dict[str, Any], found: Iterable[Finding] = ()) -> list[str]:
    """The remarks on a file, each after the place it is about, `train.py:12:`; none on one that is not Python.

    Args:
        cells: of a notebook or note, those that were run; none for a script.
        names: of `__main__`, as the run left them.
        found: what is said otherwise, and with its proof: there is no remark on the same thing.
    """
    tree = tree_of_file(path, cells)
    return [] if tree is None else [f"{path.name}:{one.place}: {one.text}" for one in remarks_in(tree, names, found)]


@dataclass(frozen=True)
class Remarked:
    """A remark on one place of a file.

    Attributes:
        place: the line, after its cell where nodes have one: 12, or In[3]:5.
        cause: of a finding that would say the same.
    """

    place: str
    text: str
    cause: str | None


def remarks_in(tree: ast.Module, names: Mapping[str, Any], found: Iterable[Finding]) -> list[Remarked]:
    """The remarks on a syntax tree, but for those on what was found."""
    source, causes = Source(tree, dict(names)), {finding.cause for finding in found}
    wanted = [(remark, cause) for remark, cause in REMARKS.items() if cause not in causes]
    return [Remarked(_place(node), text, cause) for remark, cause in wanted for node, text in remark(source)]


def _place(node: ast.AST) -> str:
    line, cell = getattr(node, "lineno", 1), getattr(node, "cell", None)
    return str(line) if cell is None else f"{cell}:{line}"


TRUE_RARELY = translatable(
    "Remark: {name} is {value:g}, not a whole number, so `% {name} == 0` is true only every {again:,} iterations, not "
    "once per epoch. max(int(train_size / batch_size), 1) is a whole number."
)
TRUE_AT_FIRST = translatable(
    "Remark: {name} is {value:g}, not a whole number, so `% {name} == 0` is true only at the very first iteration, not "
    "once per epoch. max(int(train_size / batch_size), 1) is a whole number."
)


def fractional_epochs(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`i % iter_per_epoch == 0` with an iter_per_epoch that is not whole."""
    remainders = [node for node in source.nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)]
    steps = {ast.unparse(node.right) for node in remainders}
    for name, value, statement in source.assignments():
        number = source.number(value) if name in steps else None
        if number is not None and number > 1 and number != int(number):
            again = Fraction(number).numerator  # the first i > 0 that this very float divides
            if again < 10**6:
                yield statement, sentence(TRUE_RARELY, name=name, value=number, again=again)
            else:
                yield statement, sentence(TRUE_AT_FIRST, name=name, value=number)


NOT_AN_EPOCH = translatable(
    "Remark: {expression} is not the iterations of an epoch: an epoch is once through the training data, "
    "train_size / {batch}. Here accuracy is measured every {got} iterations."
)


def iterations_per_batch(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`iters_num / batch_size`, where the samples of an epoch were meant."""
    counts = {_count_of(node.iter) for node in source.nodes if isinstance(node, ast.For)}
    for name, value, statement in source.assignments():
        quotients = [node for node in ast.walk(value) if isinstance(node, ast.BinOp) and _is_by_batch(node)]
        for node in quotients:
            if ast.unparse(node.left) in counts and "epoch" in name.lower():
                number = source.number(value)
                got = name if number is None else f"{number:g}"
                batch, expression = ast.unparse(node.right), ast.unparse(node)
                yield statement, sentence(NOT_AN_EPOCH, expression=expression, batch=batch, got=got)


def _count_of(iterable: ast.expr) -> str | None:
    """`iters_num` of `range(iters_num)`."""
    if isinstance(iterable, ast.Call) and ast.unparse(iterable.func) == "range" and iterable.args:
        return ast.unparse(iterable.args[-1])
    return None


def _is_by_batch(node: ast.BinOp) -> bool:
    divided = isinstance(node.op, ast.Div | ast.FloorDiv)
    return divided and isinstance(node.right, ast.Name) and "batch" in node.right.id.lower()


TRAINED_ALREADY = translatable(
    "Remark: this loop goes on with {network}, which the loop in line {line} has trained already, although the lists "
    "start anew. To start over, make a new network first."
)


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
                yield statement, sentence(TRAINED_ALREADY, network=network, line=_place(trained[network]))
            trained[network] = statement
            fresh_lists = set()


def _assigned(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _started_lists(statement: ast.stmt) -> set[str]:
    empty = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List) and not statement.value.elts
    return _assigned(statement) if empty else set()


def _appended_in(statement: ast.stmt) -> set[str]:
    calls = (
        node.func for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )
    return {ast.unparse(call.value) for call in calls if call.attr == "append"}


def _trained_in(statement: ast.stmt) -> set[str]:
    """The networks that a loop updates: net.params[…] -= …, net.learn(…), optimizer.update(net.params, …)."""
    if not isinstance(statement, ast.For | ast.While):
        return set()
    if any(isinstance(node, ast.Assign) and _makes_network(node.value) for node in ast.walk(statement)):
        return set()
    updated: list[ast.expr] = [node.target for node in ast.walk(statement) if isinstance(node, ast.AugAssign)]
    calls = [
        node for node in ast.walk(statement) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    updated += [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "update" and call.args
    ]
    names = {match[1] for node in updated if (match := re.match(r"(\w+)\.params\b", ast.unparse(node)))}
    return names | {
        ast.unparse(call.func.value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "learn"
    }


def _makes_network(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and "net" in ast.unparse(value.func).rpartition(".")[2].lower()


INTEGERS = translatable(
    "Remark: numerical_gradient gets the integers {argument}: x + h is cut to an integer again, so the gradient is "
    "wrong. Write floats, such as np.array([3.0, 4.0])."
)


def integer_input(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """`numerical_gradient(f, np.array([3, 4]))`: adding h to an integer changes nothing."""
    if _casts_to_float(source):
        return
    calls = [node for node in source.nodes if isinstance(node, ast.Call) and len(node.args) == 2]
    for call in calls:
        if ast.unparse(call.func) == "numerical_gradient" and _is_integer(call.args[1], source):
            yield call, sentence(INTEGERS, argument=ast.unparse(call.args[1]))


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
    if (
        isinstance(node, ast.Call)
        and re.fullmatch(r"(?:np|numpy)\.(?:array|asarray|arange)", ast.unparse(node.func))
        and not node.keywords
    ):
        constants = [n.value for argument in node.args for n in ast.walk(argument) if isinstance(n, ast.Constant)]
        others = [
            n
            for argument in node.args
            for n in ast.walk(argument)
            if isinstance(n, ast.Name | ast.Call | ast.Attribute)
        ]
        return len(node.args) == 1 and bool(constants) and not others and all(type(value) is int for value in constants)
    return False


SHUFFLED_ALONE = translatable(
    "Remark: {images} is shuffled, but {labels} is not: the labels no longer belong to their images. "
    "Draw one order and index both with it."
)
INDEXED_ALONE = translatable(
    "Remark: `{code}` takes images in a new order, but nothing indexes {labels} with {index}: the labels no longer "
    "belong to their images."
)
ALWAYS_IN_ORDER = translatable(
    "Remark: the batches are cut from images and labels in the same order every time. Shuffle them once per epoch: "
    "order = np.random.permutation(train_size), then index both with it."
)


def _labels_of(images: str) -> str | None:
    """The name that the labels of `x_train` go by, `t_train`."""
    return f"t{images[1:]}" if re.match(r"x(_|$)", images) else None


def shuffled_alone(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Images that are shuffled without their labels."""
    calls = [node for node in source.nodes if isinstance(node, ast.Call) and len(node.args) == 1]
    shuffled = {ast.unparse(call.args[0]): call for call in calls if ast.unparse(call.func).endswith("random.shuffle")}
    for images, call in shuffled.items():
        labels = _labels_of(images)
        if labels and labels in source.text and labels not in shuffled:
            yield call, sentence(SHUFFLED_ALONE, images=images, labels=labels)


def indexed_alone(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Images that are drawn or put in a new order without their labels."""
    for name, value, statement in source.assignments():
        if isinstance(value, ast.Subscript) and (labels := _labels_of(ast.unparse(value.value))):
            index = ast.unparse(value.slice)
            drawn = re.search(rf"\b{re.escape(index)} = .*(?:permutation|choice|randint)", source.text)
            if drawn and labels in source.text and f"{labels}[{index}]" not in source.text:
                code = f"{name} = {ast.unparse(value)}"
                yield statement, sentence(INDEXED_ALONE, code=code, labels=labels, index=index)


def always_in_order(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Batches that never come in another order."""
    if re.search(r"shuffle|permut|choice|randint|sample|train_test_split", source.text):
        return
    loops = [node for node in source.nodes if isinstance(node, ast.For)]
    training = [loop for loop in loops if _trained_in(loop) or ".gradient(" in ast.unparse(loop)]
    for _, value, statement in Source(ast.Module(list(training[-1:]), []), {}).assignments():
        cut = isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice)
        if cut and ast.unparse(value).startswith("t"):
            yield statement, sentence(ALWAYS_IN_ORDER)


REMARKS: Mapping[Remark, str | None] = {
    fractional_epochs: "epoch-test",
    iterations_per_batch: "epoch-test",
    trained_twice: None,
    integer_input: "dtype",
    shuffled_alone: "wrong-labels",
    indexed_alone: "wrong-labels",
    always_in_order: "same-order",
}
"""Each with the cause of a finding that would say the same."""
