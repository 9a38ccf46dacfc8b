"""Whether the bounds that stand in the code are those of the network that was found (see `thresholds.Limit`).

A bound at which nothing was tried proves nothing. So the function is called at weights at which many of the numbers
that a bound is for lie on either side of it. A bound of a = x W + b itself that the network has not, such as one that
keeps exp from overflowing, is harmless as long as no a comes near it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np

from zerokara.interpret.clues import Clues
from zerokara.interpret.refusal import Refused
from zerokara.interpret.thresholds import Limit
from zerokara.nn.activations import sigmoid
from zerokara.nn.formulas import activation_formula, loss_formula
from zerokara.nn.functions import softmax
from zerokara.recognise.forward import Floats, activated
from zerokara.recognise.identification import Model
from zerokara.recognise.layout import Arrays, rows_of
from zerokara.recognise.sampling import RandomSamples, size_of
from zerokara.words import sentence

FEWEST, MOST = 4, 40
"""Sets of weights at which the function is called on either side of its bounds."""

LEAST = 3
"""Numbers that must have been on either side of a bound."""

LARGEST_SCORES = 40.0
"""How large scores are made, about: then some probabilities are about 1e-50."""


def check_limits(model: Model, clues: Clues, at_random: RandomSamples) -> Model:
    """The model, with what it must keep away from. Raises Refused for a bound that it lacks, or that was not tried."""
    ends = [k for k in activation_formula(model.activation).kinks(*model.activation.parameters) if k != 0]
    bounds = [b for b in loss_formula(model.loss).kinks(*model.loss.parameters) if 0 < b < 1]
    last = model.layout.weights[-1]
    _check_bounds([limit for limit in clues.limits if not limit.of_input], bounds, last)
    if len(model.layout.weights) == 1:
        ends = []
    if ends or bounds:
        _check_both_sides(model, ends, bounds, at_random)
    # What is an end of hidden units is none of scores.
    away = [
        abs(limit.number)
        for limit in clues.limits
        if limit.of_input and (limit.number not in ends or last in limit.weights)
    ]
    return replace(model, keep_within=min(away, default=math.inf))


def _check_bounds(limits: list[Limit], bounds: list[float], last: int) -> None:
    """Each bound must be one of the loss, of what comes from the last weights, and stand at one place in the code.

    Only what is found there was tried.
    """
    sites, numbers = defaultdict(set), defaultdict(set)
    for limit in limits:
        sites[limit.number].add(limit.site)
        numbers[limit.site].add(limit.number)
    for limit in limits:
        # What is kept above a bound of the loss is a probability, and no bound at 1 or more does anything to it.
        of_probability = last in limit.weights and bool(numbers[limit.site] & set(bounds))
        known = of_probability and (limit.number in bounds or limit.number >= 1)
        if not known or (limit.number in bounds and len(sites[limit.number]) > 1):
            raise Refused(
                sentence(
                    "Line {line} cuts off numbers at {number:g} ({code}), which its network, as found, does not.",
                    line=limit.line,
                    number=limit.number,
                    code=limit.what,
                )
            )


def _check_both_sides(model: Model, ends: list[float], bounds: list[float], at_random: RandomSamples) -> None:
    arrays, layout = at_random.arrays, model.layout
    rows, targets = rows_of(arrays[layout.inputs]), model.targets(arrays)
    hidden = range(len(layout.weights) - 1)
    seen = {(layer, end): [0, 0] for layer in hidden for end in ends} | {(-1, bound): [0, 0] for bound in bounds}
    for tried in range(MOST):
        if tried >= FEWEST and min(map(min, seen.values())) >= LEAST:
            return
        weights, inputs = _far(model, arrays, rows, ends, bounds, at_random.rng)
        sample = at_random.at(weights)
        if not model.agrees(sample.value, inputs[-1], targets, model.added(sample.arrays)):
            raise Refused(sentence("Where numbers are large it is not the network that it is elsewhere."))
        for (layer, number), sides in seen.items():
            _count(sides, _probabilities(model, inputs[-1], targets) if layer < 0 else inputs[layer], number)
    number = next(number for (_, number), sides in seen.items() if min(sides) < LEAST)
    raise Refused(
        sentence("Too few of the numbers that were tried lie beyond {number:g}, where it cuts off.", number=number)
    )


def _count(sides: list[int], numbers: Floats, bound: float) -> None:
    above = int((numbers > bound).sum())
    sides[0] += numbers.size - above
    sides[1] += above


def _probabilities(model: Model, scores: Floats, targets: Floats) -> Floats:
    """Those that matter to the loss."""
    if model.loss.name.startswith("binary"):
        return sigmoid(scores)
    probabilities = sigmoid(scores) if model.loss.name.startswith("sigmoid") else softmax(scores)
    counted: Floats = probabilities[targets != 0]
    return counted


def _far(
    model: Model, arrays: Arrays, rows: Floats, ends: list[float], bounds: list[float], rng: np.random.Generator
) -> tuple[Arrays, list[Floats]]:
    """Random parameters, and the inputs of activations that they make: as large as the bounds."""
    layout, weights, inputs = model.layout, dict[int, Floats](), list[Floats]()
    hidden = max([1.0, *(1.2 * abs(end) for end in ends)])
    last = min(LARGEST_SCORES, max((-1.5 * math.log(min(b, 1 - b)) for b in bounds), default=2.0))
    for layer, number in enumerate(layout.weights):
        if layer:
            rows = activated(model.activation, inputs[-1])
        is_last = layer == len(layout.weights) - 1
        deviation = (last if is_last else hidden) / max(size_of(rows), 1e-6)
        weights[number] = deviation * rng.standard_normal(arrays[number].shape)
        bias = layout.biases[layer]
        if bias is not None:
            weights[bias] = 0.5 * rng.standard_normal(arrays[bias].shape)
        known = {**arrays, **weights}
        rows = rows @ layout.weight(known, layer)
        inputs.append(rows if (b := layout.bias(known, layer)) is None else rows + b)
    return weights, inputs
