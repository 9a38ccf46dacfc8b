"""Labels that do not have the form that the code expects, and outputs that are no probabilities."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.findings import Finding
from zerokara.own_training.memory import Memory
from zerokara.own_training.program import Place, Program
from zerokara.own_training.steps import Watched, updated
from zerokara.own_training.training_loops import Training
from zerokara.sources.data_flow import last_name
from zerokara.words import sentence, translatable

Array = NDArray[Any]

BROADCAST = translatable(
    "`{code}` takes labels of the shape {labels} from scores of the shape {scores}: NumPy repeats the labels, and each "
    "score is compared with a class number that is not its own."
)
ONE_HOT = translatable(
    "The labels must be one-hot, (samples, classes): load_mnist(one_hot_label=True), or np.eye({k})[t]."
)


def broadcast(program: Program, training: Training, seen: Watched) -> Iterator[Finding]:
    """`y - t` of (n, k) and (n,) with n == k, or (n, 1): seen while the gradient of a batch is computed."""
    if len(seen.first.batch) != 2 or not _are_classes(seen.first.batch[1]):
        return
    looking = _Looking(program, training)
    with looking:
        seen.watch.again()
    for node, labels, scores in looking.found[:1]:
        yield Finding(
            cause="labels-broadcast",
            text=sentence(BROADCAST, code=ast.unparse(node), labels=labels, scores=scores),
            remedy=sentence(ONE_HOT, k=scores[1]),
            evidence={"labels": list(labels), "scores": list(scores)},
            **program.place(node),
        )


def _are_classes(t: Array) -> bool:
    """Whether labels are class numbers, (n,) or (n, 1)."""
    flat = t.ndim == 1 or (t.ndim == 2 and t.shape[1] == 1)
    return bool(flat and t.size > 1 and np.all(t == np.floor(t)) and t.min() >= 0 and t.max() >= 2)


class _Looking:
    """Looks at differences of labels and scores in the learner's code while it runs."""

    def __init__(self, program: Program, training: Training) -> None:
        self.found: list[tuple[ast.BinOp, tuple[int, ...], tuple[int, ...]]] = []
        self.nodes: dict[tuple[str, int], list[ast.BinOp]] = {}
        inside = {id(node) for node in ast.walk(training.loop)}
        for node in program.nodes:
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                file = "<zerokara>" if id(node) in inside else str(program.place(node)["file"])
                line = program.statement_of(node).lineno
                self.nodes.setdefault((file, line), []).append(node)

    def __enter__(self) -> None:
        self.before = sys.gettrace()
        sys.settrace(self._enter)

    def __exit__(self, *args: object) -> None:
        sys.settrace(self.before)

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        file = frame.f_code.co_filename
        return self._look if any(file == known for known, _ in self.nodes) else None

    def _look(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            for node in self.nodes.get((frame.f_code.co_filename, frame.f_lineno), []):
                one, other = _value(node.left, frame), _value(node.right, frame)
                for scores, labels in ((one, other), (other, one)):
                    if _repeats(scores, labels):
                        self.found.append((node, labels.shape, scores.shape))
        return self._look


def _value(node: ast.expr, frame: FrameType) -> Any:
    """What a name, or an attribute of one, stands for in a frame; None for anything else."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, frame)
        return vars(owner).get(node.attr) if hasattr(owner, "__dict__") else None
    return None


def _repeats(scores: Any, labels: Any) -> bool:
    """Whether class numbers are repeated along scores (n, k)."""
    if not isinstance(scores, np.ndarray) or not isinstance(labels, np.ndarray) or scores.ndim != 2:
        return False
    n, k = scores.shape
    column, row = labels.shape == (n, 1), labels.shape == (n,) == (k,)
    return k >= 3 and scores.dtype.kind == "f" and (column or row) and _are_classes(labels)


NOT_ONE_HOT = translatable(
    "The code needs one-hot labels, (samples, classes), and gets class numbers of the shape {labels}: it ended with an "
    "error."
)


def not_one_hot(program: Program, memory: Memory) -> Iterator[Finding]:
    """A run that ended because (n, k) and (n,) do not go together."""
    shapes = re.search(r"broadcast together with shapes \((\d+),(\d+)\) \((\d+),\)", str(memory.error))
    if not isinstance(memory.error, ValueError) or shapes is None or shapes[1] != shapes[3]:
        return
    labels = [value for name, value in program.names.items() if name[:1] in "tyl" and isinstance(value, np.ndarray)]
    if not any(_are_classes(value) and value.ndim == 1 for value in labels):
        return
    calls = [node for node in program.nodes if isinstance(node, ast.Call) and last_name(node.func) == "load_mnist"]
    asked = [call for call in calls if not any(keyword.arg == "one_hot_label" for keyword in call.keywords)]
    place = program.place(asked[0]) if asked else Place(file=None, line=None)
    yield Finding(
        cause="labels-not-one-hot",
        text=sentence(NOT_ONE_HOT, labels=f"({shapes[3]},)"),
        remedy=sentence(ONE_HOT, k=int(shapes[2])),
        **place,
    )


NO_PROBABILITIES = translatable(
    "The loss is the cross entropy of outputs that are no probabilities: those of one sample add to {least:.3g} up to "
    "{most:.3g}, not to 1, so that all of them may grow at once."
)
TAKE_SOFTMAX = translatable("Take softmax for the last layer.")


def sigmoid_for_softmax(program: Program, training: Training, seen: Watched) -> Iterator[Finding]:
    """-Σ t log y of outputs that are sigmoids."""
    if len(seen.first.batch) != 2 or seen.watch.loss_of is None:
        return
    watch = seen.watch
    loss = watch.loss()
    for name, y in _outputs(seen, training):
        t = seen.second.batch[1]
        k = y.shape[1]
        classes = t.argmax(axis=1) if t.ndim == 2 and t.shape == y.shape else t.ravel()
        if k < 3 or len(classes) != len(y) or not ((y > 0) & (y < 1)).all():
            continue
        place = _sigmoid(program, training, name)
        if place is None or np.isclose(y.sum(), 1) or np.allclose(y.sum(axis=0), 1):  # softmax, along another axis
            continue
        sums = y.sum(axis=1)
        own = y[np.arange(len(y)), classes.astype(int)]
        entropies = [-np.mean(np.log(own + small)) for small in (0, 1e-12, 1e-9, 1e-8, 1e-7)]
        entropies += [entropy * len(y) for entropy in entropies]
        if np.median(np.abs(sums - 1)) > 0.01 and any(np.isclose(loss, entropy, rtol=1e-6) for entropy in entropies):
            yield Finding(
                cause="sigmoid-for-softmax",
                text=sentence(NO_PROBABILITIES, least=sums.min(), most=sums.max()),
                remedy=sentence(TAKE_SOFTMAX),
                evidence={"sums": [float(sums.min()), float(sums.max())]},
                **program.place(place),
            )
            return


def _outputs(seen: Watched, training: Training) -> Iterator[tuple[str, Array]]:
    """(name, y) of what may be the network's output for the last batch."""
    env, x = seen.watch.env, seen.second.batch[0]
    for root in sorted(updated(training)):
        for method in ("predict", "forward"):
            compute = getattr(env.get(root), method, None)
            if callable(compute):
                y = seen.watch.called(compute, x)
                if isinstance(y, np.ndarray) and y.ndim == 2:
                    yield method, y
    for name in sorted(training.stored):
        value = env.get(name)
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f" and len(value) == len(x):
            yield name, value


def _sigmoid(program: Program, training: Training, name: str) -> ast.AST | None:
    """Where the output gets its sigmoid."""
    places: list[ast.stmt] = [*program.functions.get(name, [])] or [
        statement
        for statement in ast.walk(training.loop)
        if isinstance(statement, ast.Assign) and last_name(statement.targets[0]) == name
    ]
    for place in places:
        calls = [n for n in ast.walk(place) if isinstance(n, ast.Call) and "sigmoid" in last_name(n.func).lower()]
        if calls:
            return max(calls, key=lambda call: call.lineno)
        exps = [n for n in ast.walk(place) if isinstance(n, ast.Call) and last_name(n.func) == "exp"]
        if exps:
            return max(exps, key=lambda call: call.lineno)
    return None
