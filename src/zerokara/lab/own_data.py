"""The samples of a learner's training: what a subject asks, copied in part from their arrays, as they are there."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data import Dataset
from zerokara.data.dataset import Split
from zerokara.data.entries import ENTRIES
from zerokara.data.loading import load_at_hand
from zerokara.errors import ZerokaraError
from zerokara.lab.own_lists import Names
from zerokara.own_gradients.parameters import is_object
from zerokara.own_training.left_behind import TEST, TRAIN
from zerokara.own_training.program import Program, names_in

Array = NDArray[Any]

COPIED = 1_000
"""Samples of either part that are copied."""
LOOKED_AT = 50
"""Samples that tell a data set."""
SCALES = (1.0, 255.0)
"""What learners divide pixels by so that white is 1, or do not divide by."""
OF_X = re.compile(r"^(x|images?|data)_?", re.IGNORECASE)


LABELS = re.compile(r"^(t|y|labels?|targets?)_?(tr|train|training|te|test)$", re.IGNORECASE)


class AsTheyAre(Split):
    """A split whose values are not rounded to float32: a learner's float64 stay what they are."""

    def _values(self, pixels: Array) -> Array:
        values: Array = pixels if self.full is None else pixels / pixels.dtype.type(self.full)
        return values.astype(np.float32) if values.dtype.kind != "f" else values.copy()


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the samples under a name, and their labels.

    Attributes:
        x: (n, features) float32, float64 or uint8; t: (n,) integer.
        name: of the array; total: samples there.
        one_hot: whether labels were rows there; is_gray: whether all of x lies between 0 and 1.
        numbers, rows: of samples all over it, as float64; all_t: the labels of all samples.
    """

    x: Array
    t: Array
    name: str
    total: int
    one_hot: bool
    is_gray: bool
    numbers: Array
    rows: Array
    all_t: Array


def parts_in(names: Names, features: int, classes: int) -> dict[str, Part]:
    """Copies of the beginnings of the training and the test samples that names have, by "train" and "test"."""
    found: dict[str, Part] = {}
    for space in _spaces(names):
        for name, value in list(space.items()):
            kind = "train" if TRAIN.match(name) else "test" if TEST.match(name) else None
            if kind is None or kind in found or not _is_samples(value, features):
                continue
            labels = _labels_for(space, name, len(value), classes)
            if labels is not None:
                found[kind] = _part(name, value, labels, classes)
    return found


def arrays_of(names: Names) -> tuple[Any, ...]:
    """Which arrays of samples there are: another value where there are others, or others are in them."""
    return tuple(
        (name, value.shape, value.__array_interface__["data"][0], _print_of(value))
        for space in _spaces(names)
        for name, value in list(space.items())
        if isinstance(value, np.ndarray) and (TRAIN.match(name) or TEST.match(name))
    )


def _print_of(x: Array) -> bytes:
    """Is the same for samples that were only put into another order, as most of those are that are trained on."""
    some = x[:: max(1, len(x) // LOOKED_AT)]
    return np.array([some.min(), some.max()]).tobytes() if some.size and some.dtype.kind in "fiu" else b""


def _spaces(names: Names) -> Iterator[Mapping[str, Any]]:
    """The names themselves, and the attributes of objects such as the textbook's Trainer."""
    yield {name: value for name, value in list(names.items()) if isinstance(name, str)}
    for value in list(names.values()):
        if is_object(value) and isinstance(getattr(value, "__dict__", None), dict):
            yield vars(value)


def _is_samples(value: Any, features: int) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.ndim >= 2
        and value.dtype.kind in "fiu"
        and len(value) > 0
        and value.size == len(value) * features
    )


def _labels_for(space: Mapping[str, Any], name: str, count: int, classes: int) -> Array | None:
    """The labels beside samples: t_train, y_train or label_train beside x_train."""
    ending = OF_X.sub("", name)
    # y last: in the textbook's letters it is what a network answers
    for beginning in ("t", "label", "labels", "target", "targets", "T", "y", "Y"):
        for between in ("_", ""):
            value = space.get(f"{beginning}{between}{ending}")
            if isinstance(value, np.ndarray) and len(value) == count and _are_labels(value, classes):
                return value
    return None


def _are_labels(value: Array, classes: int) -> bool:
    if value.ndim == 2:
        first = value[:COPIED]
        return value.shape[1] == classes and bool(
            ((first == 0) | (first == 1)).all() and (first.sum(axis=1) == 1).all()
        )
    return value.ndim == 1 and value.dtype.kind in "iu" and value.min() >= 0 and value.max() < classes


def _part(name: str, x: Array, t: Array, classes: int) -> Part:
    numbers = np.unique(np.linspace(0, len(x) - 1, LOOKED_AT).astype(int))
    kind = x.dtype if x.dtype in (np.uint8, np.float32) else np.float64
    first = np.ascontiguousarray(x[:COPIED].reshape(min(COPIED, len(x)), -1), kind).copy()
    all_t = t.argmax(axis=1) if t.ndim == 2 else t.copy()
    rows = x[numbers].reshape(len(numbers), -1).astype(np.float64)
    is_gray = bool(first.min() >= 0 and first.max() <= 1)
    return Part(first, all_t[:COPIED].astype(np.int64), name, len(x), t.ndim == 2, is_gray, numbers, rows, all_t)


def changed_on_the_way(program: Program) -> frozenset[str]:
    """The samples that a program has other numbers made of for its network, as in `x_batch = x_train[mask] / 255`."""
    found = set()
    for node in program.nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Sub) and not _is_one(node.left):
            name = _rooted(node.left)
            if (TRAIN.match(name) or TEST.match(name)) and _is_for_network(program, node, name):
                found.add(name)
    return frozenset(found)


def _rooted(node: ast.expr) -> str:
    """The name whose samples, or some of them, stand there, be they of another type or shape; else ""."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner, attr="astype" | "reshape")):
            return _rooted(inner)
    return ""


def _is_one(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant | ast.UnaryOp)
        for part in ast.walk(node)
    )


def _is_for_network(program: Program, node: ast.BinOp, name: str) -> bool:
    """Whether what is computed gets a name other than that of the samples, or is given away together with labels."""
    whole: ast.AST = node
    for around in program.around(node):
        if isinstance(around, ast.Assign) and around.value is whole:
            return not any(name in names_in(target) for target in around.targets)
        if isinstance(around, ast.Call) and whole in around.args:
            return any(LABELS.match(_rooted(argument)) for argument in around.args)
        if not isinstance(around, ast.BinOp) or around.left is not whole:
            return False
        whole = around
    return False


def dataset_of(parts: Mapping[str, Part], features: int, classes: int) -> Dataset:
    """The copied samples as a data set; the training samples take the place of test samples that are not there."""
    train = parts["train"] if "train" in parts else parts["test"]
    test = parts.get("test", train)
    side = math.isqrt(features)
    return Dataset(
        name=train.name,
        train=AsTheyAre(train.x, train.t, None),
        test=AsTheyAre(test.x, test.t, None),
        class_names=tuple(map(str, range(classes))),
        image_shape=(side, side) if side * side == features else (features,),
        checksum="",
        source="",
    )


def recognised(dataset: Dataset, parts: Mapping[str, Part]) -> Dataset:
    """The same where the samples are, one by one, those of the catalogue: with its name and classes, and all that a
    test part has. Whatever differs, be it one label, leaves it as it is. Reads files: not for the learner's thread."""
    for name, entry in ENTRIES.items():
        if math.prod(entry.image_shape) != dataset.train.pixels.shape[1]:
            continue
        try:
            known = load_at_hand(name)
        except ZerokaraError:
            continue
        if known is None:
            continue
        scales = {kind: _scale(getattr(known, kind), part) for kind, part in parts.items()}
        if None in scales.values() or len(set(scales.values())) != 1:
            continue
        scale = next(iter(scales.values())) or 1.0
        test = dataset.test
        if "test" in parts:
            whole = known.test.part(0, parts["test"].total)
            test = Split(whole.pixels, whole.t, (whole.full or 1.0) / scale)
        return replace(
            dataset,
            name=name,
            test=test,
            class_names=known.class_names,
            image_shape=known.image_shape,
            source=known.source,
        )
    return dataset


def _scale(split: Split, part: Part) -> float | None:
    """What theirs are, divided by ours from 0 to 1; None where a sample or a label is another."""
    if part.total > len(split) or not np.array_equal(split.t[: part.total], part.all_t):
        return None
    ours = split.rows(part.numbers, np.float64)
    for scale in SCALES:
        if np.abs(ours * scale - part.rows).max() <= 1e-6 * scale:
            return scale
    return None
