"""What of a learner's training is worth keeping: losses, accuracies, parameters, and which network these make.

Values are taken as they were left; nothing is guessed that a name, the code or a comparison of numbers does not say.
"""

from __future__ import annotations

import ast
import inspect
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network
from zerokara.own_gradients.isolation import TimeUp, time_limit
from zerokara.own_gradients.parameters import arrays_in, is_object
from zerokara.own_gradients.roles import METHODS
from zerokara.own_training.diagnosis import unnoticed
from zerokara.own_training.left_behind import series
from zerokara.own_training.memory import Called
from zerokara.own_training.program import Program
from zerokara.own_training.records import MEASURED, TEST, TRAIN, measured_with
from zerokara.own_training.roles import is_loss
from zerokara.own_training.training_loops import GRADIENT
from zerokara.training.history import Evaluation

logger = logging.getLogger(__name__)

Array = NDArray[Any]
Predict = Callable[[Array], Any]
Found = TypeVar("Found")

WEIGHT = re.compile(
    r"(?:^|[.\]_])(?:w|b|weights?|bias|biases|gamma|beta)_?\d*\]?$|^(?:w|b)_?[a-z]{0,3}\d*$"
    r"|(?:^|\.)(?:w|b|weights?|bias(?:es)?)\[\d+\]$",
    re.IGNORECASE,
)
"""What learners call parameters: W1, b_1, layers[0].W, Affine1.weight, W_xh, weights[0]; neither dW nor batch_size."""
ALONE = re.compile(r"^(?:w|b|weights?|bias)_?\d+$", re.IGNORECASE)
"""The same for a name of the file itself, where much else is called w."""
SECONDS = 5.0
"""That a learner's network may take to answer seven samples."""
ALIKE = 1e-4
"""Relative to the largest score: more than float32 rounds, less than another activation would make."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What a training left behind.

    Attributes:
        losses: (updates,) float64, as recorded.
        evaluations: with NaN for what is not known of them.
        spread: whether nothing says after which updates they were made, so that they stand at equal distances.
        counted: whether nothing says how many updates an epoch has, so that they are counted as if each ended one.
        params: by the names that they have; float32 or float64.
        sizes, activation: of the network of affine layers that these parameters make, found by comparing answers with
            those of the learner's own; empty where it is another.
        others: how many networks there are besides the one whose parameters these are.
    """

    losses: NDArray[np.float64]
    evaluations: tuple[Evaluation, ...] = ()
    spread: bool = False
    counted: bool = False
    params: Mapping[str, Array] = field(default_factory=dict)
    sizes: tuple[int, ...] = ()
    activation: str = ""
    others: int = 0

    def __bool__(self) -> bool:
        return bool(len(self.losses) or self.evaluations or self.params)


def kept_of(program: Program, calls: Sequence[Called] = ()) -> Kept:
    """What the names of a program, and the functions it called last, have of a training."""
    found = list(_recorded(program.names))
    losses = max((values for name, values in found if is_loss(name)), key=len, default=np.zeros(0))
    evaluations, spread = evaluations_of(program, found, losses)
    counted = bool(evaluations) and _updates_per_epoch(program.names) is None
    owners = networks_in(program.names, calls)
    params = owners[0][1] if owners else {}
    predict = _attempted(None, predict_of, owners[0][0], program.names) if owners else None
    sizes, activation = plain_network(params, predict)
    return Kept(losses, evaluations, spread, counted, params, sizes, activation, max(0, len(owners) - 1))


def _recorded(names: Mapping[str, Any]) -> Iterator[tuple[str, Array]]:
    """(name, values) of all lists of numbers, also of those that an object keeps, as the textbook's Trainer does."""
    for name, value in names.items():
        yield from _attempted(list[tuple[str, Array]](), _series, name, value)


def _series(name: str, value: Any) -> list[tuple[str, Array]]:
    return list(series({name: vars(value) if is_object(value) else value}))


def _attempted(nothing: Found, look: Callable[..., Found], *given: Any) -> Found:
    """What looking gives. A learner's values may do anything when they are looked at: then there is nothing to see."""
    try:
        return look(*given)
    except Exception:
        logger.info("a value of a learner's cannot be looked at", exc_info=True)
        return nothing


# Accuracies


def evaluations_of(
    program: Program, found: Sequence[tuple[str, Array]], losses: Array
) -> tuple[tuple[Evaluation, ...], bool]:
    """Those that lists of accuracies tell of, and whether their places are only spread over the updates."""
    parts: dict[str, Array] = {}
    for name, values in found:
        part = part_of(program, name) if MEASURED.search(name) and are_shares(values) else None
        if part is not None and len(values) >= len(parts.get(part, ())):
            parts[part] = values
    if not parts:
        return (), False
    count = max(map(len, parts.values()))
    iterations = iterations_of(program, program.names, len(losses), count)
    places = iterations or [round((i + 1) * max(len(losses), count) / count) for i in range(count)]
    rows = {part: np.concatenate([values, np.full(count - len(values), np.nan)]) for part, values in parts.items()}
    nothing = np.full(count, np.nan)
    accuracies = zip(rows.get("train", nothing).tolist(), rows.get("test", nothing).tolist(), strict=True)
    per_epoch = _updates_per_epoch(program.names)
    made, before = [], 0
    for number, (iteration, (train, test)) in enumerate(zip(places, accuracies, strict=True), start=1):
        since = losses[before:iteration]
        mean = float(np.mean(since)) if len(since) else float("nan")
        epoch = float(number) if per_epoch is None else iteration / per_epoch
        made.append(Evaluation(iteration, epoch, mean, train, test))
        before = iteration
    return tuple(made), not iterations


def are_shares(values: Array) -> bool:
    return bool(np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1)


def part_of(program: Program, name: str) -> str | None:
    """By the name of a list, or by what its accuracies were measured with: "train", "test", or None if not known."""
    for text in (name, *measured_with(program, name)):
        is_test, is_train = TEST.search(text) is not None, TRAIN.search(text) is not None
        if is_test != is_train:
            return "test" if is_test else "train"
    return None


def iterations_of(program: Program, names: Mapping[str, Any], updates: int, count: int) -> list[int]:
    """Updates done at each evaluation, by a condition such as `i % 600 == 0` that held so often; else none.

    Args:
        names: where the 600 may have a name.
    """
    for node in program.nodes:
        condition = _divisor(names, node)
        if condition is not None:
            every, offset = condition
            found = [i + 1 for i in range(updates) if (i + offset) % every == 0]
            if len(found) == count:
                return found
    return []


def _divisor(names: Mapping[str, Any], node: ast.AST) -> tuple[float, int] | None:
    """600 and 0 of `i % 600 == 0`, 600 and 1 of `(i + 1) % 600 == 0`, with the number also under a name."""
    if not (isinstance(node, ast.Compare) and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mod)):
        return None
    counter, every = node.left.left, node.left.right
    value = every.value if isinstance(every, ast.Constant) else names.get(ast.unparse(every))
    to = node.comparators[0]
    if not isinstance(value, int | float) or not value > 0 or not (isinstance(to, ast.Constant) and to.value == 0):
        return None
    if isinstance(counter, ast.Name):
        return value, 0
    one_more = (
        isinstance(counter, ast.BinOp) and isinstance(counter.op, ast.Add) and "1" in ast.unparse(counter).split()
    )
    return (value, 1) if one_more else None


def _updates_per_epoch(names: Mapping[str, Any]) -> float | None:
    """Training samples by samples of a batch, where both have their usual names; else None."""
    train = next((names[name] for name in ("x_train", "X_train") if isinstance(names.get(name), np.ndarray)), None)
    size = names.get("batch_size")
    if train is None or not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= len(train):
        return None
    return len(train) / size


# Parameters


def networks_in(names: Mapping[str, Any], calls: Sequence[Called]) -> list[tuple[Any, dict[str, Array]]]:
    """(owner, parameters) of each network there is: that of the last call first, then those under names, the last
    first."""
    owners = [owner for call in reversed(calls) for owner in (call.owner, *call.args[:1])]
    last_first = [value for name, value in reversed(list(names.items())) if not GRADIENT.search(name)]
    owners += sorted(
        last_first, key=lambda value: isinstance(value, dict)
    )  # a dict may be of anything, such as moments
    found: dict[frozenset[int], tuple[Any, dict[str, Array]]] = {}
    for owner in owners:
        if params := _attempted(dict[str, Array](), params_of, owner):
            found.setdefault(frozenset(map(id, params.values())), (owner, params))
    # A layer that has a name is no network beside the one that it is a part of.
    whole = [each for arrays, each in found.items() if not any(arrays < others for others in found)]
    alone = {name: value for name, value in names.items() if ALONE.search(name) and isinstance(value, np.ndarray)}
    if not whole and has_matrix(alone):
        whole.append((None, alone))
    return [(owner, {name: _float(array) for name, array in params.items()}) for owner, params in whole]


def params_of(owner: Any) -> dict[str, Array]:
    """The parameters of a network, or of a dict of them; none of anything else."""
    if isinstance(owner, dict):
        arrays = {key: value for key, value in owner.items() if isinstance(value, np.ndarray)}
        named = all(isinstance(key, str) and WEIGHT.search(key) for key in arrays)
        return arrays if named and len(arrays) == len(owner) and has_matrix(arrays) else {}
    if not is_object(owner) or not any(callable(getattr(owner, name, None)) for name in OUTPUTS):
        return {}
    own = getattr(owner, "params", None)
    if isinstance(own, Mapping) and has_matrix(own):
        return {str(name): array for name, array in own.items() if isinstance(array, np.ndarray)}
    found = {place.name: place.value for place in arrays_in(owner) if WEIGHT.search(place.name)}
    return found if has_matrix(found) else {}


OUTPUTS = ("predict", "forward", "__call__", "predict_proba", "feedforward", "loss")


def has_matrix(arrays: Mapping[Any, Any]) -> bool:
    return any(
        isinstance(array, np.ndarray) and array.ndim == 2 and array.dtype.kind == "f" for array in arrays.values()
    )


def _float(array: Array) -> Array:
    """A copy in float32 or float64, in C order."""
    kind = np.float32 if array.dtype in (np.float16, np.float32) else np.float64
    return np.array(array, dtype=kind, order="C")


# Which network


def predict_of(owner: Any, names: Mapping[str, Any]) -> Predict | None:
    """What computes the network's output from samples alone."""
    wanted = METHODS["output"]
    if owner is not None and not isinstance(owner, dict):
        names_of = {name.replace("_", "").lower(): name for name in dir(type(owner))}
        named = {plain: getattr(owner, names_of[plain], None) for plain in wanted if plain in names_of}
        return next((method for name in wanted if callable(method := named.get(name)) and _takes(method, 1)), None)
    named = {name.replace("_", "").lower(): value for name, value in names.items() if inspect.isfunction(value)}
    for function in (named[name] for name in wanted if name in named):
        if _takes(function, 1):
            return function
        if owner is not None and _takes(function, 2):
            return lambda x, function=function: function(owner, x)  # type: ignore[misc]
    return None


def _takes(function: Any, count: int) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return (
        sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
        == count
    )


def plain_network(params: Mapping[str, Array], predict: Predict | None) -> tuple[tuple[int, ...], str]:
    """Sizes and activation of the network of affine layers that answers as `predict` does; empty where none does.

    Its scores, or their softmax, must be those of the learner's own for seven random samples.
    """
    sizes = _sizes(params)
    if not sizes or predict is None:
        return (), ""
    x = np.random.default_rng(7).random((7, sizes[0]))
    theirs = _answer(predict, x)
    if theirs is None or theirs.shape != (7, sizes[-1]):
        return (), ""
    for activation in STANDARD_ACTIVATIONS:
        with np.errstate(all="ignore"):
            scores = network_with(params, sizes, activation).predict(x)
            if any(_are_alike(ours, theirs) for ours in (scores, softmax(scores))):
                return sizes, activation
    return (), ""


def network_with(params: Mapping[str, Array], sizes: Sequence[int], activation: str) -> Network:
    """The network with these parameters, in float64."""
    network = Network(list(sizes), activation=activation, init=0.01)
    network.params = {name: np.asarray(array, np.float64) for name, array in params.items()}
    return network


def _sizes(params: Mapping[str, Array]) -> tuple[int, ...]:
    """784, 50 and 10 of W1 (784, 50), b1, W2 (50, 10), b2; nothing where names or shapes are others."""
    layers = len(params) // 2
    if not layers or set(params) != {f"{kind}{i}" for kind in "Wb" for i in range(1, layers + 1)}:
        return ()
    shapes = [params[f"W{i}"].shape for i in range(1, layers + 1)]
    fit = all(len(shape) == 2 for shape in shapes) and all(a[1] == b[0] for a, b in pairwise(shapes))
    if not fit or any(params[f"b{i + 1}"].shape != (shape[1],) for i, shape in enumerate(shapes)):
        return ()
    return (shapes[0][0], *(shape[1] for shape in shapes))


def _answer(predict: Predict, x: Array) -> Array | None:
    try:
        with unnoticed(), time_limit(2 * SECONDS, SECONDS):
            answer = predict(x.copy())
        return np.array(answer, dtype=np.float64)
    except (Exception, SystemExit, TimeUp):
        logger.info("a learner's network does not answer", exc_info=True)
        return None


def _are_alike(ours: Array, theirs: Array) -> bool:
    return bool(np.isfinite(theirs).all() and np.abs(ours - theirs).max() <= ALIKE * max(1e-30, np.abs(theirs).max()))
