"""What a training loop records under a name that says something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from zerokara.findings import Finding
from zerokara.own_training.program import Program, words_in
from zerokara.words import sentence, translatable

TEST = re.compile(r"(^|_)test|^[xty]_?te(_|$)|val|テスト|検証|테스트|검증", re.IGNORECASE)
OF_TEST = re.compile(r"(^|_)test(_|$)", re.IGNORECASE)
TRAIN = re.compile(r"(^|_)(train|training)(_|$)|^x_?tr|^t_?tr|^y_?tr|訓練|훈련", re.IGNORECASE)
MEASURED = re.compile(r"acc|score|correct|precision|正解率|認識率|精度|정확도|정답률", re.IGNORECASE)
LOSS = re.compile(r"loss|cost|損失|손실", re.IGNORECASE)

ON_TRAINING = translatable(
    "{name} is measured with {data}, which the network is trained on: it says nothing about samples it has not seen."
)
ON_TEST_INSTEAD = translatable("Measure it with the test samples: {code}.")


def test_on_training(program: Program) -> Iterator[Finding]:
    """`test_acc = net.accuracy(x_train, t_train)`."""
    for name, value, node in _recorded(program):
        call = _measuring(value)
        if call is None or not (OF_TEST.search(name) and MEASURED.search(name)) or TRAIN.search(name):
            continue
        if not all(isinstance(argument, ast.Name) for argument in call.args):
            continue  # a part of the training samples may be held out
        data = [word for argument in call.args for word in sorted(words_in(argument))]
        on_training, on_test = [w for w in data if TRAIN.search(w)], [w for w in data if TEST.search(w)]
        instead = {word: TRAIN_TO_TEST.sub("test", word) for word in on_training}
        known = words_in(program.tree)
        if on_training and not on_test and all(other in known for other in instead.values()):
            code = ast.unparse(call)
            right = re.sub(r"\b(" + "|".join(instead) + r")\b", lambda word: TRAIN_TO_TEST.sub("test", word[0]), code)
            yield Finding(
                cause="test-on-training",
                text=sentence(ON_TRAINING, name=name, data=", ".join(on_training)),
                remedy=sentence(ON_TEST_INSTEAD, code=right),
                evidence={"name": name, "code": code},
                **program.place(node),
            )


TRAIN_TO_TEST = re.compile("train(ing)?")


def _recorded(program: Program) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """(name, value, node) of what is assigned to a name or appended to a list."""
    yield from program.assignments()
    for node in program.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            yield from _appended(node.func, node.args[0], node)


def _appended(func: ast.Attribute, value: ast.expr, node: ast.AST) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    owner = func.value
    if func.attr != "append":
        return
    if isinstance(owner, ast.Name | ast.Attribute):
        yield owner.id if isinstance(owner, ast.Name) else owner.attr, value, node
    elif isinstance(owner, ast.Subscript) and isinstance(owner.slice, ast.Constant):
        yield str(owner.slice.value), value, node


def measured_with(program: Program, name: str) -> Iterator[str]:
    """The words for the data that the accuracies in a list of this name were measured with."""
    for recorded, value, _ in _recorded(program):
        if recorded == name:
            values = [value, *(other for n, other, _ in program.assignments() if ast.unparse(value) == n)]
            calls = [call for value in values if (call := _measuring(value)) is not None]
            yield from (word for call in calls for argument in call.args for word in sorted(words_in(argument)))


def _measuring(value: ast.expr) -> ast.Call | None:
    """The call that measures an accuracy, with the data for its arguments."""
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call) and node.args)
    return next((call for call in calls if MEASURED.search(ast.unparse(call.func))), None)


NOT_CALLED = translatable("{name} holds {code} itself and not the loss that it computes: it is not called.")
CALL_IT = translatable("Call it: {code}.")
ITSELF = translatable("{name} is appended to itself: there are no losses in it.")
APPEND_LOSS = translatable("Append the loss of this iteration.")


def not_the_loss(program: Program) -> Iterator[Finding]:
    """`train_loss_list.append(net.loss)` without a call, or the list itself."""
    for name, value, node in _recorded(program):
        kept = program.names.get(name)
        if not LOSS.search(name) or not isinstance(kept, list) or not kept or not isinstance(node, ast.Call):
            continue
        facts: dict[str, Any] = {"evidence": {"name": name}, **program.place(node)}
        code = ast.unparse(value)
        if callable(kept[-1]) and isinstance(value, ast.Name | ast.Attribute):
            text, remedy = (
                sentence(NOT_CALLED, name=name, code=code),
                sentence(CALL_IT, code=f"{code}(x_batch, t_batch)"),
            )
            yield Finding(cause="not-the-loss", text=text, remedy=remedy, **facts)
        elif kept[-1] is kept:
            text, remedy = sentence(ITSELF, name=name), sentence(APPEND_LOSS)
            yield Finding(cause="not-the-loss", text=text, remedy=remedy, **facts)
        elif _counts(kept, program, value, node):
            text = sentence("{name} holds {code}, the number of the iteration, and not the loss.", name=name, code=code)
            yield Finding(cause="not-the-loss", text=text, remedy=sentence(APPEND_LOSS), **facts)


def _counts(kept: list[Any], program: Program, value: ast.expr, node: ast.AST) -> bool:
    """Whether what is appended is the name that a loop counts with."""
    counters = {ast.unparse(loop.target) for loop in program.loops_of(node) if isinstance(loop, ast.For)}
    numbers = all(isinstance(number, int | np.integer) for number in kept)
    return isinstance(value, ast.Name) and value.id in counters and numbers
