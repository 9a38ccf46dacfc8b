"""Identifies the network that a loss belongs to, by numbers: activation, loss, what its labels mean, and what is added.

Every candidate (see `candidates`) is evaluated at random weights. What learners add to a loss or multiply it by enters
the function's value linearly:

    value = F · L(scores, t′) + Σ_p λ_p ½ Σ p² + constant,  t′ = keep · t + rest  (label smoothing)

for every loss here is a polynomial of its targets, so L(t′) is a sum of L(t), L(1), L(0) and a constant, each times a
number. So these numbers, in whatever form they were written, are found by least squares, from more samples than there
are numbers, and have to fit them all but for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zerokara.interpret.clues import Clues
from zerokara.interpret.refusal import Refused, RefusedNow
from zerokara.nn.formulas import Formula, terms_of
from zerokara.recognise import candidates
from zerokara.recognise.forward import Floats, activated, scores_of
from zerokara.recognise.inputs import InputMap
from zerokara.recognise.layout import Arrays, Layout, rows_of
from zerokara.recognise.linear_terms import Fit, LinearTerms, explained, rounded
from zerokara.recognise.unknown_parts import unknown_layers, unknown_loss
from zerokara.words import sentence

TOLERANCE = 1e-12

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Model:
    """A network that computes what the function computes.

    Attributes:
        layout: which of the function's arrays are x, t and each W and b.
        activation, loss: formulas of `zerokara.nn.formulas`.
        labels: "argmax" (the largest of a row is the label), "index" or "soft" (as they are).
        terms: what the loss is multiplied by, what its labels become, and what is added.
        input_map: what becomes of x before the first layer.
        keep_within: how far from 0 inputs of activations may be, for other formulas may begin there.
    """

    layout: Layout
    activation: Formula
    loss: Formula
    labels: str
    terms: LinearTerms = field(default_factory=LinearTerms)
    input_map: InputMap = field(default_factory=InputMap)
    keep_within: float = math.inf

    def scores(self, arrays: Arrays, rows: Floats) -> Floats:
        """The scores (n, classes) of inputs (n, features), with the parameters among `arrays`."""
        return scores_of(self.layout, self.activation, arrays, rows)

    def value(self, scores: Floats, targets: Floats, arrays: Arrays) -> float:
        """The function's value for scores and targets (n, classes), and the parameters among `arrays`."""
        return self.terms.factor * mean(self.loss, scores, targets) + self.added(arrays)

    def added(self, arrays: Arrays) -> float:
        """What is added to the loss: weight decay, and a constant."""
        decay = zip(self.terms.decay, self.layout.parameters, strict=False)
        return sum(rate * half_square(arrays[number]) for rate, number in decay if rate) + self.terms.constant

    def agrees(self, value: float, scores: Floats, targets: Floats, added: float) -> bool:
        """Whether a value is that of these scores and targets, and what is added, but for rounding.

        That is 1e-12 relative; and what the rounding of the scores themselves, or of p near 1, does to log p.
        """
        # Scores of size s carry rounding of some eps · s, and log p moves by no more than they do.
        loss = self.terms.factor * mean(self.loss, scores, targets)
        rounding = 8 * EPS * abs(self.terms.factor) * max(1.0, float(np.abs(scores).max()))
        size = abs(loss) + abs(added) + abs(self.terms.constant)
        return bool(abs(value - loss - added) <= TOLERANCE * size + rounding + 8 * self.cancellation(scores, targets))

    def cancellation(self, scores: Floats, targets: Floats) -> float:
        """By how much log(1 - p), which others compute by that difference, may be off where p is near 1."""
        if not self.loss.name.startswith("binary"):
            return 0.0
        with np.errstate(all="ignore"):
            p, rest = 1 / (1 + np.exp(-scores)), 1 / (1 + np.exp(scores))
            least = 1 - self.loss.parameters[1] if self.loss.name == "binary-clipped" else self.loss.parameters[0]
            off = np.abs(1 - targets) * EPS * p / np.maximum(rest, max(least, EPS))
        # Each of many roundings has a sign of its own.
        return float(abs(self.terms.factor) * np.sqrt(np.square(off).sum()) / len(scores))

    def targets(self, arrays: Arrays) -> Floats:
        """What the labels become, (n, classes). Raises Refused for labels that cannot have this meaning."""
        n, classes = len(rows_of(arrays[self.layout.inputs])), self.layout.sizes(arrays)[-1]
        meanings = dict(_meanings(arrays[self.layout.labels], n, classes))
        if self.labels not in meanings:
            raise RefusedNow(sentence("A label is none of its classes, 0 to {last}.", last=classes - 1))
        return self.terms.smoothed(meanings[self.labels])


def mean(loss: Formula, scores: Floats, targets: Floats) -> float:
    """L, the mean over the samples."""
    return float(terms_of(loss)(scores, targets).sum() / len(scores))


def half_square(array: NDArray[np.float64]) -> float:
    """½ Σ p², the penalty of weight decay."""
    return 0.5 * float(np.square(array).sum())


@dataclass(frozen=True)
class Sample:
    """What the function returned at some weights: all arrays that it reads, as they were, and the value."""

    arrays: Arrays
    value: float


@dataclass
class Samples:
    """A function's values at random weights.

    Attributes:
        few: at weights of several sizes, the present ones last; enough where nothing is added to the loss.
        of_loss: makes some for a layout, at which its last weights are 0: then the scores are the last bias. That is
            random for 0.0; and for 1.0 the same in all, and other parameters are not.
        more: makes others: some whose weights have the same absolute values; and some with any.
    """

    few: list[Sample]
    of_loss: Callable[[Layout, float], list[Sample]]
    more: Callable[[], tuple[list[Sample], list[Sample]]]


def model_of(fitting: list[Layout], samples: Samples, clues: Clues) -> Model:
    """The candidate that gives the values of all samples. Raises Refused, with what does not fit, if there is none."""
    ends = _ends(fitting, samples, clues)
    if not any(ends):
        raise Refused(unknown_loss(clues))
    for layout, known in zip(fitting, ends, strict=True):
        tried = _Tried(layout, samples.few)
        for candidate in _candidates(layout, known, clues):
            if (model := _plain(candidate, tried, clues)) is not None:
                return model
    alike, varied = samples.more()
    for layout, known in zip(fitting, ends, strict=True):
        tried = _Tried(layout, [*alike, *varied, *samples.few])
        for candidate in _candidates(layout, known, clues):
            if (model := _with_terms(candidate, tried, len(alike), clues)) is not None:
                return model
    raise Refused(unknown_layers(clues, _added_line(fitting[0], samples, clues)))


def _added_line(layout: Layout, samples: Samples, clues: Clues) -> int | None:
    """The line of something that is added to the loss, if it is no sum of squares: then it shows at equal scores."""
    lines = [line for line, origins in clues.added_lines if origins & set(layout.parameters)]
    if not lines:
        return None
    found = samples.of_loss(layout, 1.0)
    squares = [np.array([half_square(sample.arrays[number]) for sample in found]) for number in layout.parameters]
    values = np.array([sample.value for sample in found])
    return None if explained(values, [*squares, np.ones(len(found))]) else lines[0]


End = tuple[str, Formula]
"""What labels mean, and a loss."""


def _ends(fitting: list[Layout], samples: Samples, clues: Clues) -> list[list[End]]:
    """For each layout the losses that fit where the scores are its last bias; all of them where it has none."""
    known: dict[tuple[int, ...], list[End]] = {}
    ends = []
    for layout in fitting:
        bias = layout.biases[-1]
        if bias is None or len(layout.weights) == 1:
            ends.append(list(_all_ends(layout, samples.few[0].arrays, clues)))
            continue
        key = (layout.inputs, layout.labels, layout.weights[-1], bias)
        if key not in known:
            known[key] = _fitting_ends(layout, samples.of_loss(layout, 0.0), bias, clues)
        ends.append(known[key])
    return ends


def _all_ends(layout: Layout, arrays: Arrays, clues: Clues) -> Iterator[End]:
    n, classes = len(rows_of(arrays[layout.inputs])), layout.sizes(arrays)[-1]
    losses = list(candidates.losses(clues))
    for labels, _ in _meanings(arrays[layout.labels], n, classes):
        yield from ((labels, loss) for loss in losses)


def _fitting_ends(layout: Layout, samples: list[Sample], bias: int, clues: Clues) -> list[End]:
    arrays = samples[0].arrays
    n, classes = len(rows_of(arrays[layout.inputs])), layout.sizes(arrays)[-1]
    values = np.array([sample.value for sample in samples])
    added = [np.array([half_square(sample.arrays[bias]) for sample in samples]), np.ones(len(samples))]
    ends = []
    for labels, meaning in _meanings(arrays[layout.labels], n, classes):
        # All samples have the same scores, so that equal labels have the same loss.
        targets, counts = np.unique(meaning, axis=0, return_counts=True)
        scores = [np.repeat(sample.arrays[bias].reshape(1, -1), len(targets), axis=0) for sample in samples]
        for loss in candidates.losses(clues):
            fit = Fit(loss, targets, n)
            columns = [
                np.array([float((terms_of(loss)(each, t).sum(axis=1) * counts).sum()) / n for each in scores])
                for t in fit.regressors
            ]
            if explained(values, [*columns, *added]):
                ends.append((labels, loss))
    return ends


def _candidates(layout: Layout, ends: list[End], clues: Clues) -> Iterator[Model]:
    # One layer has no activation: any name will do.
    last = layout.weights[-1]
    activations = candidates.activations(clues, last) if len(layout.weights) > 1 else [Formula("identity")]
    for activation in activations if ends else []:
        yield from (Model(layout, activation, loss, labels) for labels, loss in ends)


class _Tried:
    """The samples of one layout, with what several candidates share."""

    def __init__(self, layout: Layout, samples: list[Sample]) -> None:
        self.layout, self.samples = layout, samples
        self.values = np.array([sample.value for sample in samples])
        arrays = samples[0].arrays
        self.rows = rows_of(arrays[layout.inputs])
        self.n, self.classes = len(self.rows), layout.sizes(arrays)[-1]
        self.meanings = dict(_meanings(arrays[layout.labels], self.n, self.classes))
        self._first: dict[int, Floats] = {}
        self._scores: dict[tuple[Formula, int], Floats] = {}

    def scores(self, activation: Formula, number: int) -> Floats:
        """Of sample `number`."""
        if (activation, number) not in self._scores:
            arrays, layout = self.samples[number].arrays, self.layout
            if number not in self._first:
                first = self.rows @ layout.weight(arrays, 0)
                self._first[number] = first if (b := layout.bias(arrays, 0)) is None else first + b
            a = self._first[number]
            for layer in range(1, len(layout.weights)):
                a = activated(activation, a) @ layout.weight(arrays, layer)
                if (b := layout.bias(arrays, layer)) is not None:
                    a += b
            self._scores[activation, number] = a
        return self._scores[activation, number]

    def means(self, model: Model, targets: Floats, count: int) -> Floats:
        """L of the first samples."""
        return np.array([mean(model.loss, self.scores(model.activation, i), targets) for i in range(count)])

    def fits(self, model: Model) -> bool:
        """Whether a model gives the values of all samples."""
        targets = model.terms.smoothed(self.meanings[model.labels])
        return all(
            model.agrees(sample.value, self.scores(model.activation, i), targets, model.added(sample.arrays))
            for i, sample in enumerate(self.samples)
        )


def _plain(candidate: Model, tried: _Tried, clues: Clues) -> Model | None:
    """The candidate with the factor that makes it fit the first sample, if it fits the others."""
    targets = tried.meanings[candidate.labels]
    one, other = tried.means(candidate, targets, 2)
    with np.errstate(all="ignore"):
        factor, check = tried.values[:2] / (one, other)
    if not (np.isfinite(factor) and factor != 0 and abs(check - factor) <= 1e-8 * abs(factor)):
        return None
    terms = LinearTerms(rounded(float(factor), tried.n, tried.classes, clues.constants))
    model = Model(candidate.layout, candidate.activation, candidate.loss, candidate.labels, terms)
    return model if tried.fits(model) else None


def _with_terms(candidate: Model, tried: _Tried, alike: int, clues: Clues) -> Model | None:
    """The candidate with what is added to it and what its labels become, if it fits with any such numbers."""
    fit = Fit(candidate.loss, tried.meanings[candidate.labels], tried.n)
    for count in (alike - 2, alike):  # most candidates are seen to be wrong by the first five
        columns = [tried.means(candidate, targets, count) for targets in fit.regressors]
        # Weight decay is one number for all of these samples.
        if not explained(tried.values[:count], [*columns, np.ones(count)]):
            return None
    columns = [tried.means(candidate, targets, len(tried.samples)) for targets in fit.regressors]
    squares = [
        np.array([half_square(sample.arrays[number]) for sample in tried.samples])
        for number in candidate.layout.parameters
    ]
    for terms in fit.solutions(tried.values, columns, squares, clues.constants):
        model = Model(candidate.layout, candidate.activation, candidate.loss, candidate.labels, terms)
        if tried.fits(model):
            return model
    return None


def _meanings(labels: NDArray[np.generic], n: int, classes: int) -> Iterator[tuple[str, Floats]]:
    """What labels can mean, each as targets (n, classes); see docs/BOOK.md, 4."""
    if labels.size == n * classes:
        rows = labels.reshape(n, classes)
        if classes > 1:  # argmax first: of one-hot rows both are right, and the textbook's is argmax
            yield "argmax", np.eye(classes)[rows.argmax(axis=1)]
        yield "soft", rows.astype(np.float64)
    if labels.size == n and labels.dtype.kind in "iu" and n and labels.min() >= 0 and labels.max() < classes:
        yield "index", np.eye(classes)[labels.reshape(n)]
