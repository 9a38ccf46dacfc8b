"""Which expressions of a training loop are its loss and its batch, by their names and by what they are given to."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np

from zerokara.own_training.program import names_in, root_of
from zerokara.own_training.training_loops import Training, pairs, stored_in
from zerokara.sources.data_flow import last_name

LOSS_NAME = ("loss", "cost", "entropy", "error", "損失", "손실")
NO_LOSS_OF_A_STEP = (
    *("test", "val", "total", "epoch", "sum", "best", "prev", "last", "running", "avg"),
    *("テスト", "検証", "테스트", "검증"),
)


def loss_of(names: Mapping[str, Any], training: Training) -> tuple[ast.expr | None, bool]:
    """The expression of a loop that is the loss of its batch, and whether it takes a step to compute it."""
    assigned, appended = _assigned_losses(names, training), _appended_losses(training)
    if len({node.id for node in assigned}) > 1:
        return None, False  # two networks against one another: neither loss is that of all steps
    made_by_step = _made_by_step(training)
    found = (*assigned, *appended)
    without_step = next((node for node in found if not names_in(node) & made_by_step), None)
    without_step = without_step or _loss_method(names, training)
    return (without_step, False) if without_step is not None else (next(iter(found), None), True)


def _assigned_losses(names: Mapping[str, Any], training: Training) -> list[ast.Name]:
    """The names of numbers that are losses, but for those that another is made of."""
    found: list[ast.Name] = []
    parts: set[str] = set()
    for node in ast.walk(ast.Module(training.body, [])):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            stored = [part for part in ast.walk(node.targets[0]) if isinstance(part, ast.Name) and is_loss(part.id)]
            found += [ast.copy_location(ast.Name(part.id, ast.Load()), node) for part in stored]
            parts |= names_in(node.value) if stored else set()
    numbers = [node for node in found if np.ndim(names.get(node.id, 0)) == 0]  # an array of errors is no loss
    return [node for node in numbers if node.id not in parts] or numbers


def _appended_losses(training: Training) -> list[ast.expr]:
    """What a loop appends to a list of losses."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.Module(training.body, [])):
        appends = isinstance(node, ast.Call) and last_name(node.func) == "append" and len(node.args) == 1
        if appends and isinstance(node, ast.Call) and is_loss(ast.unparse(node.func)):
            found.append(node.args[0])
    return found


def _made_by_step(training: Training) -> set[str]:
    """The names that only a call which takes a step gives their values."""
    steps = {id(update.statement) for update in training.updates if update.target is None}
    made = (_only_made(node) for node in ast.walk(ast.Module(training.body, [])) if id(node) in steps)
    return set[str]().union(*made)


def _only_made(statement: ast.AST) -> set[str]:
    """The names that a statement gives a value without having read them: not the parameters that it steps on."""
    value = getattr(statement, "value", None)
    return stored_in(statement) - (names_in(value) if isinstance(value, ast.expr) else set())


def is_loss(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in LOSS_NAME) and not any(word in lowered for word in NO_LOSS_OF_A_STEP)


def _loss_method(names: Mapping[str, Any], training: Training) -> ast.expr | None:
    """`net.loss(x_batch, t_batch)`, of the network whose gradient the loop takes."""
    batch = batch_of(names, training)
    for node in ast.walk(ast.Module(training.body, [])):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and batch is not None:
            owner = node.func.value
            value = names.get(root_of(owner)) if isinstance(owner, ast.Name) else None
            if node.args[:2] == batch and callable(getattr(value, "loss", None)):
                return ast.Call(ast.Attribute(copy.deepcopy(owner), "loss", ast.Load()), copy.deepcopy(batch), [])
    return None


COMPUTES = (
    "gradient",
    "grad",
    "numerical_gradient",
    "learn",
    "backprop",
    "train_step",
    "loss",
    "step",
    "backward",
    "compute_gradient",
    "gradients",
    "grads",
    "forward",
    "predict",
    "update",
    "fit",
)


def batch_of(names: Mapping[str, Any], training: Training) -> list[ast.expr] | None:
    """The arguments x and t that the loop computes its gradient with, or the names that it gives a batch."""
    found: list[tuple[int, list[ast.expr]]] = []
    for node in ast.walk(ast.Module(training.body, [])):
        if isinstance(node, ast.Call) and len(node.args) >= 2 and last_name(node.func) in COMPUTES:
            pair: list[ast.expr] = [
                arg for arg in node.args if isinstance(arg, ast.Name | ast.Subscript) and is_data(arg)
            ]
            if len(pair) == 2:
                found.append((COMPUTES.index(last_name(node.func)), pair))
    return min(found, key=lambda each: each[0])[1] if found else _taken(names, training)


def _taken(names: Mapping[str, Any], training: Training) -> list[ast.expr] | None:
    """The names x and t of `x, t = x_train[rows], t_train[rows]`, or of `for x, t in …`."""
    taken: list[str] = []
    for node in ast.walk(training.loop):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            taken += [target.id for target, value in pairs(node.targets[0], node.value) if _is_taken(target, value)]
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Tuple):
            taken += [part.id for part in node.target.elts if isinstance(part, ast.Name) and is_data(part)]
    images = [name for name in taken if name not in names or getattr(names[name], "ndim", 0) >= 2]
    labels = [name for name in taken if name[:1].lower() in "tyl" and name not in images[:1]]
    if not images or not labels:
        return None
    return [ast.Name(images[0], ast.Load()), ast.Name(labels[0], ast.Load())]


def _is_taken(target: ast.expr, value: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(target, ast.Name) and isinstance(value, ast.Subscript) and is_data(value) and is_data(target)


def is_data(node: ast.expr) -> bool:
    root = root_of(node).lower()
    return root[:1] in "xtyXTY" or any(word in root for word in ("batch", "image", "label", "data", "input", "target"))
