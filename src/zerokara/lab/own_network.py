"""Which network of ours a learner's is: proven by comparing answers, for weights drawn at random and for its own.

Its parameters are named W1, b1, W2, … as ours are. Then a copy of it, whose parameters are others, must answer as ours
does with the same; and later on, again and again, as it is at that moment. Equal numbers for weights drawn at random
leave no other function of the kind: a bias that is never added or a leaking ReLU shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.lab.own_calls import CannotCall, called, numbers
from zerokara.nn.activations import STANDARD_ACTIVATIONS
from zerokara.nn.functions import softmax
from zerokara.nn.network import Network

Array = NDArray[Any]
Predict = Callable[[Array], Any]
Shapes = tuple[tuple[str, str, bool], ...]

SAMPLES = 5
CLOSE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 2e-5}
"""How far answers may be apart, relative to the largest: what rounding in another order makes."""
TRIALS = 3
"""Sets of random parameters; the last one makes hidden values large, where some networks stop them."""
LARGE = 12.0
"""How many times as large; an exponential of it is still a float32."""
MOST_PARTS = 30
"""Of an answer."""
SPREAD = 3.0
"""How far apart scores are for those: softmax is neither flat nor all on one class."""


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a chain of affine layers are among a learner's.

    Attributes:
        places: for W1, b1, W2, …: (ours, theirs, whether theirs lies transposed).
        sizes: of the layers, inputs first.
    """

    places: Shapes
    sizes: tuple[int, ...]

    def ours(self, params: Mapping[str, Array]) -> dict[str, Array] | None:
        """Copies of them as ours, float64 or float32; None where they have come apart."""
        found: dict[str, Array] = {}
        for name, theirs, transposed in self.places:
            array = params.get(theirs)
            if array is None or array.dtype.kind != "f":
                return None
            kind = np.float32 if array.dtype.itemsize <= 4 else np.float64
            array = array.T if transposed else array
            found[name] = np.array(array if name[0] == "W" else array.reshape(-1), kind, order="C")
        return found if _sizes(found) == self.sizes else None

    def write(self, values: Mapping[str, Array], params: Mapping[str, Array]) -> None:
        """Put values of ours into their arrays."""
        for name, theirs, transposed in self.places:
            array = params[theirs]
            array[...] = (values[name].T if transposed else values[name]).reshape(array.shape)


def _sizes(params: Mapping[str, Array]) -> tuple[int, ...]:
    layers = len(params) // 2
    return (params["W1"].shape[0], *(params[f"W{i}"].shape[1] for i in range(1, layers + 1)))


def layouts(params: Mapping[str, Array]) -> Iterator[Layout]:
    """The ways in which parameters may be a chain of affine layers, by their shapes and order."""
    arrays = {name: array for name, array in params.items() if array.dtype.kind == "f"}
    matrices = [name for name, array in arrays.items() if array.ndim == 2 and 1 not in array.shape]
    vectors = [name for name, array in arrays.items() if name not in matrices and array.size == max(array.shape)]
    if len(matrices) < 2 or len(arrays) != len(params) or len(matrices) + len(vectors) != len(arrays):
        return
    for transposed in (False, True):
        for order in _orders(matrices):
            shapes = [arrays[name].shape[::-1] if transposed else arrays[name].shape for name in order]
            biases = _biases(order, vectors, [shape[1] for shape in shapes], arrays)
            if biases is None or any(a[1] != b[0] for a, b in pairwise(shapes)):
                continue
            places = []
            for i, (matrix, bias) in enumerate(zip(order, biases, strict=True), start=1):
                places += [(f"W{i}", matrix, transposed), (f"b{i}", bias, False)]
            yield Layout(tuple(places), (shapes[0][0], *(shape[1] for shape in shapes)))


def _orders(names: Sequence[str]) -> list[list[str]]:
    """As they are kept, and by their names: W1 may have been put in after W2."""
    orders = [list(names), sorted(names, key=lambda name: (len(name), name))]
    return orders[:1] if orders[0] == orders[1] else orders


def _biases(matrices: Sequence[str], vectors: Sequence[str], sizes: Sequence[int], arrays: Any) -> list[str] | None:
    if len(vectors) != len(matrices):
        return None
    for order in _orders(vectors):
        if [arrays[name].size for name in order] == list(sizes):
            return order
    return None


@dataclass(frozen=True)
class Proven:
    """What was proven of a network.

    Attributes:
        layout: where its parameters are; activation: between its layers.
        gives_probabilities: whether its answer is the softmax of its scores.
        form: how samples are given to it, of `FORMS`; part: which of several things that it gives is the answer.
    """

    layout: Layout
    activation: str
    gives_probabilities: bool
    form: str
    part: Any = None

    def network(self, params: Mapping[str, Array], loss: str = "cross-entropy", weight_decay: float = 0.0) -> Network:
        """Ours, with these parameters."""
        return network_of(params, self.layout.sizes, self.activation, loss, weight_decay)

    def answers(self, params: Mapping[str, Array], x: Array) -> Array:
        """What ours answers in double precision, in the way of theirs: scores, or probabilities."""
        scores = self.network({name: np.asarray(array, np.float64) for name, array in params.items()}).predict(x)
        return softmax(scores) if self.gives_probabilities else scores


FORMS: Mapping[str, tuple[Callable[[Array], list[Array]], Callable[[list[Array]], Array]]] = {
    "rows": (lambda x: [x], lambda answers: answers[0]),
    "columns": (lambda x: [np.ascontiguousarray(x.T)], lambda answers: answers[0].T),
    "single_rows": (lambda x: list(x), lambda answers: np.array(answers)),
    "single_columns": (lambda x: [row[:, None] for row in x], lambda answers: np.array([a[:, 0] for a in answers])),
}
"""How a batch (n, features) is given to a network, and its answers put together again as (n, classes)."""


def answers(predict: Predict, x: Array, form: str, *, limited: bool = True) -> dict[Any, Array]:
    """What a network answers to samples, (n, classes), by where in its answer it is; None where it is all of it.

    A learner's forward pass may give all that a backward pass needs, as a tuple or a dict. Raises CannotCall.
    """
    taken_apart, put_together = FORMS[form]
    given = [called(predict, part.copy(), limited=limited) for part in taken_apart(x)]
    found: dict[Any, Array] = {}
    for key in _keys(given[0]):
        try:
            found[key] = put_together([numbers(one if key is None else one[key]) for one in given])
        except (CannotCall, IndexError, KeyError, TypeError, ValueError):
            continue
    return found


def _keys(answer: Any) -> list[Any]:
    if isinstance(answer, dict):
        return list(answer)[:MOST_PARTS]
    return list(range(min(len(answer), MOST_PARTS))) if isinstance(answer, tuple) else [None]


def samples(features: int, count: int = SAMPLES) -> Array:
    """(count, features) that show what a network computes: of both signs, none of them 0."""
    return np.random.default_rng(7).uniform(-1, 1, (count, features))


def random_params(sizes: Sequence[int], trial: int) -> dict[str, Array]:
    """Weights and biases, float64, with which every layer has values of about 1 of both signs."""
    rng = np.random.default_rng(trial)
    drawn: dict[str, Array] = {}
    for i, (inputs, units) in enumerate(pairwise(sizes), start=1):
        scale = SPREAD if i == len(sizes) - 1 else 1.5
        drawn[f"W{i}"] = rng.standard_normal((inputs, units)) * scale / np.sqrt(inputs)
        drawn[f"b{i}"] = rng.standard_normal(units)
    if trial == TRIALS - 1:
        drawn |= {"W1": drawn["W1"] * LARGE, "b1": drawn["b1"] * LARGE}
        drawn[f"W{len(sizes) - 1}"] /= LARGE
    return drawn


def network_of(
    params: Mapping[str, Array],
    sizes: Sequence[int],
    activation: str,
    loss: str = "cross-entropy",
    weight_decay: float = 0.0,
) -> Network:
    """Ours with these parameters, in their precision. Its arrays are copies."""
    kinds = {array.dtype for array in params.values()}
    kind = np.float32 if kinds == {np.dtype(np.float32)} else np.float64
    network = Network(sizes, activation=activation, loss=loss, init=0.0, dtype=kind, weight_decay=weight_decay)
    network.params = params
    return network


def are_alike(ours: Array, theirs: Array, tolerance: float) -> bool:
    """Whether two answers are the same but for rounding."""
    if ours.shape != theirs.shape or not np.isfinite(theirs).all():
        return False
    return bool(np.abs(ours - theirs).max() <= tolerance * max(1e-30, float(np.abs(theirs).max())))


def proven(predict: Predict, arrays: Mapping[str, Array], tolerance: float) -> Proven | None:
    """The network of ours that answers as theirs does, with any parameters; None where none does.

    Args:
        predict: what answers for a copy of their network.
        arrays: of that copy, which get other values here.
    """
    for layout in layouts(arrays):
        alike: set[_Way] | None = None
        for trial in range(TRIALS):
            layout.write(random_params(layout.sizes, trial), arrays)
            values = layout.ours(arrays)  # rounded as theirs are
            assert values is not None, "they have just been found"
            x = samples(layout.sizes[0], SAMPLES + trial)
            alike = set(_alike(predict, x, layout, values, tolerance, alike))
            if not alike:
                break
        if alike:
            return Proven(layout, *min(alike, key=lambda one: (list(FORMS).index(one[2]), one[1], str(one[3]))))
    return None


_Way = tuple[str, bool, str, Any]
"""Activation, whether probabilities, form and part of a `Proven`."""


def _alike(
    predict: Predict,
    x: Array,
    layout: Layout,
    values: Mapping[str, Array],
    tolerance: float,
    among: set[_Way] | None,
) -> Iterator[_Way]:
    """The ways in which ours answers as theirs does."""
    double = {name: np.asarray(array, np.float64) for name, array in values.items()}
    all_scores = {name: network_of(double, layout.sizes, name).predict(x) for name in STANDARD_ACTIVATIONS}
    for form in FORMS if among is None else {way[2] for way in among}:
        try:
            theirs = answers(predict, x, form)
        except CannotCall:
            continue
        alone = sum(answer.shape == (len(x), layout.sizes[-1]) for answer in theirs.values()) == 1
        for part, answer in theirs.items():
            for activation, scores in all_scores.items():
                for probabilities, ours in ((False, scores), (True, softmax(scores))):
                    way = activation, probabilities, form, part
                    # scores beside something else of their shape may be squashed by another function than softmax
                    known = (among is None or way in among) and (probabilities or alone)
                    if known and are_alike(ours, answer, tolerance):
                        yield way
        if any(answer.shape == (len(x), layout.sizes[-1]) for answer in theirs.values()):
            return  # that is how it is asked, and what it answers to single samples is something else
