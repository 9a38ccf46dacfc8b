"""The loops of a learner's file whose turns are iterations of a training, found by syntax before it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from typing import Any

from zerokara.sources.data_flow import last_name
from zerokara.sources.instrumentation import Function, Loop

_TRAINS = re.compile(r"grad|backprop|backward|update|learn|step|fit|train|optimi|sgd|descent|delta", re.IGNORECASE)


def may_train(text: str) -> bool:
    """Whether a file may have such a loop: cheap, and never wrong about a no."""
    return ("for" in text or "while" in text) and ("=" in text or "(" in text)


def training_loops(tree: Any, apart: Sequence[Function], steppers: Collection[str] = ()) -> list[Loop]:
    """The innermost loops of a syntax tree whose turns are iterations.

    Args:
        apart: functions that take numerical gradients, whose loops go over elements.
        steppers: functions of other cells that take a step.
    """
    found: list[Loop] = [node for node in ast.walk(tree) if isinstance(node, Loop)]
    if not any(_TRAINS.search(_name_of(node)) for loop in found for node in ast.walk(loop)):
        return []
    # Most of zerokara, which other files need not wait for.
    from zerokara.own_training.program import Program
    from zerokara.own_training.training_loops import trainings

    elements = {id(node) for function in apart for node in ast.walk(function)}
    loops = [training.loop for training in trainings(Program.of_statements(tree.body))]
    return [loop for loop in loops if id(loop) not in elements]


def _name_of(node: ast.AST) -> str:
    return last_name(node) if isinstance(node, ast.Name | ast.Attribute) else ""
