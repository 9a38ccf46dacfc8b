"""The gradient of the networks that a script left behind, or called, is checked however well it went."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.findings import Finding
from zerokara.own_gradients.checking import checked
from zerokara.own_gradients.reached import names_called
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.subject import Array
from zerokara.own_training.memory import Memory
from zerokara.own_training.program import Program
from zerokara.sources.differences import difference_loops

ROWS = 7
"""Of a batch: a prime that is the width of no layer."""

Batch = tuple[Array, Array]


def wrong_gradient(program: Program, memory: Memory, batch: Batch | None, deadline: float) -> Iterator[Finding]:
    """What is wrong with the gradients of a learner's networks: one finding, of the first that is wrong."""
    kinds: set[Any] = set()
    loops = {function.name for function in difference_loops(program.tree) if isinstance(function, ast.FunctionDef)}
    for obj, given in _networks(program, memory, batch):
        kind = type(obj) if not isinstance(obj, dict) else dict
        if kind in kinds or time.thread_time() > deadline:
            continue
        kinds.add(kind)
        found = list(_found(obj, given, loops))
        yield from found
        if found:
            return


def _found(obj: Any, batch: Batch, loops: set[str]) -> Iterator[Finding]:
    """Of backpropagation only: a loop of difference quotients is compared and remarked on while it runs.

    Args:
        loops: names of functions with such loops.
    """
    x, t = (np.array(part[:ROWS]) for part in batch)
    try:
        for subject in subjects_of(obj, x, t):
            if loops and loops & names_called(subject.functions, subject.state):
                continue
            yield from checked(subject).findings
    except UsageError:
        return


def _networks(program: Program, memory: Memory, batch: Batch | None) -> Iterator[tuple[Any, Batch]]:
    """(object, batch) of what may have a gradient of the learner's own, the last that was called first."""
    for call in reversed(memory.calls):
        if not isinstance(call.owner, FunctionType) and _is_own(call.owner) and len(call.args) >= 2:
            x, t = call.args[:2]
            if isinstance(x, np.ndarray) and isinstance(t, np.ndarray):
                yield call.owner, (x, t)
    batch = batch or _batch_left(program)
    if batch is None:
        return
    for value in list(program.names.values()):
        if _is_own(value):
            yield value, batch
    own = {name: value for name, value in program.names.items() if isinstance(value, FunctionType | np.ndarray | dict)}
    if any("grad" in name.lower() or "backward" in name.lower() for name in program.functions):
        yield own | {"__name__": program.names.get("__name__", "__main__")}, batch


def _is_own(value: Any) -> bool:
    """Whether a value is an instance of a learner's class that computes a gradient."""
    kind = type(value)
    if kind.__module__.split(".")[0] in ("zerokara", "numpy", "builtins", "matplotlib", "collections"):
        return False
    names = [name for name in dir(kind) if not name.startswith("__")]
    return any(word in name.lower() for name in names for word in ("grad", "backward", "backprop", "learn", "train"))


def _batch_left(program: Program) -> Batch | None:
    """A batch, or the first training samples."""
    for x_name, t_name in (("x_batch", "t_batch"), ("x_train", "t_train"), ("x", "t"), ("X_train", "y_train")):
        x, t = program.names.get(x_name), program.names.get(t_name)
        if isinstance(x, np.ndarray) and isinstance(t, np.ndarray) and len(x) == len(t) >= ROWS and x.ndim >= 2:
            return x, t
    return None
