"""Identifies the forward pass of a learner's network by numbers: which layers, activations, output and loss it has.

Its arrays are set to random weights, and what the loss returns has to be that of a model, at two weights and at 7 and
11 rows. Where the loss has a penalty of the weights, differences between batches have none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product
from weakref import WeakKeyDictionary

import numpy as np

from zerokara.nn.formulas import Formula
from zerokara.own_gradients.batches import batch
from zerokara.own_gradients.elementwise import ACTIVATIONS, ERRORS, OUTPUTS, SHIFTS, activated
from zerokara.own_gradients.subject import Array, Arrays, Subject
from zerokara.recognise.layout import layouts

ROWS = (7, 11)
"""Primes that are no layer's width."""


@dataclass(frozen=True)
class Layer:
    """Which parameters a layer has, by their keys in `Subject.params`; `transposed`: W is (outputs, inputs)."""

    weight: str
    bias: str | None
    transposed: bool

    def weights(self, params: Mapping[str, Array]) -> Array:
        """W as (inputs, outputs) float64."""
        W = np.asarray(params[self.weight], np.float64)
        return W.T if self.transposed else W

    def biases(self, params: Mapping[str, Array]) -> Array:
        """b as (outputs,) float64; zeros for a layer without."""
        if self.bias is None:
            return np.zeros(self.weights(params).shape[1])
        return np.asarray(params[self.bias], np.float64).reshape(-1)


@dataclass(frozen=True)
class Model:
    """A network whose loss is the learner's: scale · Σ error(output(z), t), over n where `mean`, and the penalties.

    Attributes:
        activations: of the hidden layers.
        shift: what is added to the output before its logarithm.
        penalty: from keys of `Subject.params` to λ of ½ λ Σ W².
        penalty_mean: whether the penalties are divided by n, too.
        columns: whether x is (features, n).
        input_scale: what x is multiplied by before the first layer.
    """

    layers: tuple[Layer, ...]
    activations: tuple[Formula, ...]
    output: str
    error: str
    shift: float = 0.0
    scale: float = 1.0
    mean: bool = True
    penalty: Mapping[str, float] = field(default_factory=dict)
    penalty_mean: bool = False
    columns: bool = False
    input_scale: float = 1.0
    classes: int = 0

    def rows(self, x: Array) -> Array:
        """x as (n, features) float64, as the first layer sees it."""
        return _rows(x, self.columns) * self.input_scale

    def targets(self, t: Array, n: int) -> Array:
        """t as (n, classes) float64."""
        return targets_of(t, n, self.classes)

    def scaled(self, n: int) -> float:
        """What the sum of all terms is multiplied by."""
        return self.scale / n if self.mean else self.scale

    def decays(self, n: int) -> dict[str, float]:
        """λ by the keys of parameters, for n rows."""
        return {name: rate / n if self.penalty_mean else rate for name, rate in self.penalty.items()}

    def loss(self, params: Mapping[str, Array], x: Array, t: Array) -> float:
        """What the learner's loss is."""
        rows = self.rows(x)
        scores = scores_of(self.layers, self.activations, params, rows)
        terms = _sum(self.output, self.error, self.shift, scores, self.targets(t, len(rows)))
        penalties = sum(
            0.5 * rate * float(np.square(np.asarray(params[name], np.float64)).sum())
            for name, rate in self.decays(len(rows)).items()
        )
        return self.scaled(len(rows)) * terms + penalties


def scores_of(
    layers: tuple[Layer, ...], activations: tuple[Formula, ...], params: Mapping[str, Array], rows: Array
) -> Array:
    """z of the last layer."""
    return _scores_after(layers, activations, params, rows @ layers[0].weights(params))


def _scores_after(
    layers: tuple[Layer, ...], activations: tuple[Formula, ...], params: Mapping[str, Array], product: Array
) -> Array:
    """z of the last layer, from x @ W of the first."""
    z = product + layers[0].biases(params)
    for layer, activation in zip(layers[1:], activations, strict=True):
        z = activated(activation, z) @ layer.weights(params) + layer.biases(params)
    return z


def targets_of(t: Array, n: int, classes: int) -> Array:
    """Labels in any form, also (classes, n), as (n, classes) float64. Raises ValueError for others."""
    t = np.asarray(t)
    if t.size == n and classes > 1:
        one_hot: Array = np.eye(classes)[t.reshape(n).astype(int)]
        return one_hot
    if t.shape == (classes, n) and classes != n:
        return t.T.astype(np.float64)
    return t.reshape(n, classes).astype(np.float64)


def _rows(x: Array, columns: bool) -> Array:
    x = np.asarray(x, np.float64)
    rows: Array = x.T if columns else x.reshape(len(x), -1)
    return rows


def _sum(output: str, error: str, shift: float, scores: Array, targets: Array) -> float:
    with np.errstate(all="ignore"):
        return float(ERRORS[error].terms(OUTPUTS[output].value(scores), targets, shift).sum())


_known: WeakKeyDictionary[Subject, Model | None] = WeakKeyDictionary()


def model_of(subject: Subject) -> Model | None:
    """The model whose loss is the subject's; None where none is known. It is found once for each subject.

    The learner's loss is called some ten times; parameters and random state are as before afterwards.
    """
    if subject not in _known:
        with subject.kept(), np.errstate(all="ignore"):
            _known[subject] = _found(subject)
    return _known[subject]


def tolerance(params: Mapping[str, Array]) -> float:
    """How near two numbers are that are equal but for rounding, relative: by the coarsest type of the parameters."""
    floats = [array.dtype for array in params.values() if array.dtype.kind == "f"]
    return max((_TOLERANCES.get(np.dtype(dtype).itemsize, 1e-9) for dtype in floats), default=1e-9)


_TOLERANCES = {2: 5e-3, 4: 3e-6}


@dataclass(frozen=True)
class _Seen:
    """The loss at some weights and a batch; `first`: x @ W of the first layer."""

    params: Arrays
    x: Array
    t: Array
    loss: float
    first: Array


SECONDS = 1.0
"""Of CPU time after which no further candidate is tried."""

MOST_LAYOUTS = 8


def _found(subject: Subject) -> Model | None:
    """The first that fits, the likelier ones before the others."""
    chains = (
        (layers, widths, columns)
        for columns in (False, True)
        for layers, widths in islice(_chains(subject, columns), MOST_LAYOUTS)
    )
    layouts_seen = [(_Observed(subject, layers, columns), widths[-1]) for layers, widths, columns in chains]
    deadline = time.process_time() + SECONDS

    def unlikely(kind: tuple[bool, bool, int]) -> int:
        """Parameters have their order by name, mostly; of many layers there are many mixtures, which take long."""
        mixed, penalized, layout = kind
        return 2 * (layout > 0) + penalized + mixed * (len(layouts_seen[layout][0].layers) - 2)

    kinds = product((False, True), (False, True), range(len(layouts_seen)))
    for mixed, penalized, layout in sorted(kinds, key=unlikely):
        try:
            model = _identified(*layouts_seen[layout], mixed, penalized, deadline)
        except Exception:  # the learner's code may raise anything, at weights that it never had
            continue
        if model is not None:
            return model
    return None


def _chains(subject: Subject, columns: bool) -> Iterator[tuple[tuple[Layer, ...], list[int]]]:
    """The ways in which the parameters can be layers, the order in which they are named first."""
    x, t = np.asarray(subject.x), np.asarray(subject.t)
    if columns and x.ndim != 2:
        return
    names = list(subject.params)
    rows = _rows(x, columns)
    arrays = {number: np.asarray(subject.params[name], np.float64) for number, name in enumerate(names)}
    inputs, labels = len(names), len(names) + 1
    arrays[inputs] = rows.astype(np.float32)  # a type that no parameter has here
    arrays[labels] = (t.T if columns and t.ndim == 2 else t).astype(np.float32)
    for layout in layouts(arrays, flips=True):
        if layout.inputs == inputs and layout.labels == labels:
            parts = zip(layout.weights, layout.biases, layout.flipped, strict=True)
            layers = tuple(Layer(names[w], None if b is None else names[b], flipped) for w, b, flipped in parts)
            yield layers, layout.sizes(arrays)


class _Observed:
    """The loss of a subject at random weights and batches, each called when it is first needed."""

    def __init__(self, subject: Subject, layers: tuple[Layer, ...], columns: bool) -> None:
        self.subject, self.layers, self.columns = subject, layers, columns
        self.tolerance = max(1e-9, 3 * tolerance(subject.params) if tolerance(subject.params) > 1e-9 else 0)
        self.length = row_length(subject.x, columns)
        self._seen: dict[tuple[int, int, int], _Seen] = {}

    def __call__(self, seed: int, n: int, number: int = 0) -> _Seen:
        """At the weights of a seed, with batch `number` of n rows."""
        key = seed, n, number
        if key not in self._seen:
            chosen = batch(self.subject, n, number, self.columns)
            params = set_weights(self.subject, self.layers, seed, self.length)
            first = _rows(chosen.x, self.columns) @ self.layers[0].weights(params)
            self._seen[key] = _Seen(params, chosen.x, chosen.t, float(self.subject.loss(*chosen.copies())), first)
        return self._seen[key]


def row_length(x: Array, columns: bool) -> float:
    """The root mean square of the lengths of the samples."""
    rows = _rows(x, columns)[:200]
    return float(np.sqrt(np.square(rows).sum(axis=1).mean())) or 1.0


def set_weights(subject: Subject, layers: tuple[Layer, ...], seed: int, length: float) -> Arrays:
    """Set random weights, and return what the arrays then hold as float64: a type may have rounded them.

    The first layer's z are N(0, 1.2) whatever the size of the inputs, so that no unit is saturated.
    """
    generator = np.random.default_rng(seed)
    for number, layer in enumerate(layers):
        W = subject.params[layer.weight]
        fan_in = W.shape[1] if layer.transposed else W.shape[0]
        W[...] = generator.normal(0, 1.2 / length if number == 0 else 1.7 / np.sqrt(fan_in), W.shape)
        if layer.bias is not None:
            subject.params[layer.bias][...] = generator.normal(0, 0.3, subject.params[layer.bias].shape)
    return {name: np.array(array, np.float64) for name, array in subject.params.items()}


def _identified(seen: _Observed, classes: int, mixed: bool, penalized: bool, deadline: float) -> Model | None:
    model = Model(seen.layers, (), "", "", columns=seen.columns, classes=classes)
    scales = (1.0, 1 / 255) if np.abs(seen(1, ROWS[0]).x).max() > 2 else (1.0,)
    hidden = len(seen.layers) - 1
    for input_scale, activations in product(scales, _mixed(hidden) if mixed else _uniform(hidden)):
        if time.process_time() > deadline:
            return None
        tried = replace(model, activations=activations, input_scale=input_scale)
        if (found := _with_loss(tried, seen, penalized)) is not None:
            return found
    return None


def _uniform(hidden: int) -> Iterator[tuple[Formula, ...]]:
    """One activation for all hidden layers."""
    yield from ((formula,) * hidden for formula in (ACTIVATIONS if hidden else ACTIVATIONS[:1]))


def _mixed(hidden: int) -> Iterator[tuple[Formula, ...]]:
    few = (*ACTIVATIONS[:4], Formula("identity"))
    if 1 < hidden < 5:
        yield from (mixed for mixed in product(few, repeat=hidden) if len(set(mixed)) > 1)


def _with_loss(model: Model, seen: _Observed, penalized: bool) -> Model | None:
    """The model with its loss. A penalty of the weights is not in the difference of two batches at the same weights."""
    tried = _Tried(model, [[seen(seed, ROWS[0], k) for k in range(1 + penalized)] for seed in (1, 2)])
    for output in OUTPUTS:
        if model.classes == 1 and output.startswith("softmax"):
            continue
        y = tried.outputs(output)
        for error in ERRORS:
            if ERRORS[error].takes_logarithm and output in ("identity", "tanh", "relu"):
                continue
            for shift, factor in tried.factors(y, error, 10 * seen.tolerance):
                candidate = replace(model, output=output, error=error, shift=shift)
                penalty = _penalty(candidate, seen, factor) if penalized else {}
                if (found := _scaled(candidate, seen, factor, penalty)) is not None:
                    return found
    return None


class _Tried:
    """Activations that are tried: the scores they give for pairs of batches, one pair for each weights."""

    def __init__(self, model: Model, pairs: list[list[_Seen]]) -> None:
        layers, activations, scale = model.layers, model.activations, model.input_scale
        self.scores = [[_scores_after(layers, activations, s.params, scale * s.first) for s in p] for p in pairs]
        self.targets = [[model.targets(s.t, len(s.first)) for s in pair] for pair in pairs]
        self.losses = [_difference([s.loss for s in pair]) for pair in pairs]
        self.size = max(abs(s.loss) for pair in pairs for s in pair)

    def outputs(self, output: str) -> list[list[Array]]:
        """y of each batch."""
        return [[OUTPUTS[output].value(z) for z in pair] for pair in self.scores]

    def factors(self, y: list[list[Array]], error: str, within: float) -> Iterator[tuple[float, float]]:
        """What is added before the logarithm, and what the sums are multiplied by, where that is the same twice."""
        if self._factor(y, error, 0.0, 0.02) is None:
            return
        for shift in SHIFTS if ERRORS[error].takes_logarithm else (0.0,):
            if (factor := self._factor(y, error, shift, within)) is not None:
                yield shift, factor

    def _factor(self, y: list[list[Array]], error: str, shift: float, within: float) -> float | None:
        terms = ERRORS[error].terms
        pairs = [zip(ys, ts, strict=True) for ys, ts in zip(y, self.targets, strict=True)]
        one, other = (_difference([float(terms(y, t, shift).sum()) for y, t in pair]) for pair in pairs)
        if not (np.isfinite([one, other]).all() and one and other):
            return None
        factor = self.losses[0] / one
        return factor if abs(factor * other - self.losses[1]) <= within * self.size else None


def _difference(numbers: list[float]) -> float:
    return numbers[0] - sum(numbers[1:])


def _penalty(model: Model, seen: _Observed, scale: float) -> dict[str, float]:
    """λ of each parameter, by least squares; one for all weights, one for each, or biases, too."""
    weights = [layer.weight for layer in model.layers]
    biases = [layer.bias for layer in model.layers if layer.bias is not None]
    observed = [seen(seed, ROWS[0]) for seed in range(1, len(weights) + len(biases) + 4)]
    plain = replace(model, scale=scale, mean=False)
    rests = np.array([s.loss - plain.loss(s.params, s.x, s.t) for s in observed])
    size = max(abs(s.loss) for s in observed)
    for groups in ([weights], [[name] for name in weights], [weights + biases], [[n] for n in weights + biases]):
        squares = np.array(
            [[sum(0.5 * np.square(s.params[name]).sum() for name in group) for group in groups] for s in observed]
        )
        if not (np.isfinite(squares).all() and np.isfinite(rests).all()):
            return {}
        rates = np.linalg.lstsq(squares, rests, rcond=None)[0]
        if np.abs(squares @ rates - rests).max() <= 10 * seen.tolerance * size:
            return {name: float(rate) for rate, group in zip(rates, groups, strict=True) for name in group}
    return {}


def _scaled(model: Model, seen: _Observed, scale: float, penalty: Mapping[str, float]) -> Model | None:
    """The model with its scale, if it gives the losses of more rows, too: as a mean or as a sum."""
    n, more = ROWS
    checks = [seen(1, n), seen(2, n), seen(3, more), seen(4, more)]
    for mean, penalty_mean in product((True, False), (False, True) if penalty else (False,)):
        found = replace(
            model,
            scale=scale * n if mean else scale,
            mean=mean,
            penalty={name: rate * n if penalty_mean else rate for name, rate in penalty.items()},
            penalty_mean=penalty_mean,
        )
        if all(agrees(found, s.params, s.x, s.t, s.loss, 10 * seen.tolerance) for s in checks):
            return replace(found, scale=_rounded(found.scale))
    return None


def agrees(model: Model, params: Mapping[str, Array], x: Array, t: Array, loss: float, within: float) -> bool:
    """Whether a loss is the model's, but for rounding."""
    expected = model.loss(params, x, t)
    return bool(np.isfinite(loss) and abs(loss - expected) <= within * max(abs(expected), abs(loss)))


def _rounded(scale: float) -> float:
    """1/3 or 2 instead of what least squares left of them."""
    for denominator in (*range(1, 101), 1000, 784):
        numerator = round(scale * denominator)
        if numerator and abs(scale * denominator - numerator) <= 1e-7 * abs(numerator) and abs(numerator) < 100:
            ratio: float = numerator / denominator
            return ratio
    return scale
