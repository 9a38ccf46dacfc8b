"""One weight: the loss along it, the two points of the central difference, and both slopes.

Four questions. All of them name a weight, `parameter` and `index`, such as "W1" and [405, 12]; without `index`, the
steepest of the parameter is taken, which the answer names. They also take `samples`, how many the loss is the mean of,
`precision`, "float64" or "float32", and `at`, the value that the weight was dragged to. Every answer has `held`, a
number for the network that it is about: whoever sends it back is answered from the same network, however far training
has gone meanwhile, until they want another one with `renew`.

- `probe` {h} → `probed`: the losses at w, w + h and w - h, both slopes, accuracy, and what there is to say. Numbers
  are null where they are not finite; `shown` has them as they are to be printed.
- `probe_curve` {range} → `probed_curve`: the loss along the weight, `curve` (m, 2), and where its own unit switches,
  `kinks` (k,). The range is "adaptive", half the width, or "step": around w ± h, by the textbook's loop.
- `probe_errors` → `probed_errors`: `errors` (m, 2), |numerical - backprop| for h from 1 to 1e-12.
- `probe_surface` {other: {parameter, index}, range} → `probed_surface`: the loss over two weights, `losses` (n, n), a
  row for each value of the other one; `path` (m, 3): both at earlier updates, and at which. Without an index, the other
  is the steepest after the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from zerokara.errors import UsageError
from zerokara.lab.messages import Message
from zerokara.lab.one_core import one_core
from zerokara.lab.slope_remarks import about_h, about_nothing
from zerokara.lab.slopes import STEPS, Slopes, errors, kinks_between, outlasts_rounding, slopes
from zerokara.lab.subject import Subject
from zerokara.lab.weight_questions import Question, most_samples
from zerokara.lab.weight_ranges import RANGES, ROOM, adaptive_range, around, path_of, range_of_map
from zerokara.nn.arguments import is_number, positive
from zerokara.nn.network import Network
from zerokara.nn.one_weight import (
    is_multiplied_by_nothing,
    is_off,
    losses_along,
    losses_by_definition,
    losses_over,
    switches_along,
)
from zerokara.words import paragraph, sentence

Answer = Callable[[Subject, Message], Message]

CURVE, CLOSE_CURVE, GRID = 161, 61, 31
"""Points of a curve, of one that is evaluated by the textbook's loop, and of a map along each weight."""
CLOSE = 2.5
"""How many h a close curve reaches to both sides."""
MOST_KINKS = 400
NUMBERS = ("h", "below_at", "at", "above_at", "below", "loss", "above", "numerical", "backprop", "error")


def probed(subject: Subject, message: Message) -> Message:
    """The loss, the two points and both slopes where a weight is, or where it was dragged to."""
    question = Question.of(subject, message)
    x, t, weight, network = question.x, question.t, question.weight, question.moved
    found, value = slopes(network, x, t, weight, _step(message)), weight.value(question.network)
    with np.errstate(all="ignore"):
        before, accuracies = question.network.loss(x, t), [net.accuracy(x, t) for net in (network, question.network)]
    numbers: dict[str, Any] = {name: _finite(getattr(found, name)) for name in NUMBERS}
    return question.answer(
        "probed",
        parameters=[{"name": name, "shape": list(array.shape)} for name, array in network.params.items()],
        steps=list(STEPS),
        most_samples=most_samples(question.subject),
        value=value,
        moved=found.at != value,
        loss_before=_finite(before),
        accuracy=accuracies[0],
        precision=str(network.dtype),
        decay=network.weight_decay,
        remark=_remark(question, network, found),
        shown=shown(found, value, before, *accuracies),
        **numbers,
    )


def probed_curve(subject: Subject, message: Message) -> Message:
    """The loss along a weight."""
    if message.fields.get("range") == "step":
        return _close_curve(Question.of(subject, message), _step(message))
    question = Question.of(subject, message, "float64")
    x, t, weight, network = question.x, question.t, question.weight, question.network
    value, half = weight.value(network), _range(message)
    if half is None:
        away = 0.0 if question.moved_to is None else abs(question.moved_to - value)
        half = max(adaptive_range(network, x, t, weight), ROOM * away)
    values = around(value, half, CURVE)
    with np.errstate(all="ignore"):
        curve = np.column_stack([values, losses_along(network, x, t, weight, values)])
        kinks = switches_along(network, x, t, weight)
    kinks = kinks[np.abs(kinks - value) <= half]
    kinks = kinks[:: max(1, -(-len(kinks) // MOST_KINKS))]
    return question.answer("probed_curve", {"curve": curve, "kinks": kinks}, center=value, half=half, close=False)


def _close_curve(question: Question, h: float) -> Message:
    """Around the two points, rounded as the losses there are."""
    network = question.moved
    center = question.weight.value(network)
    values = around(center, CLOSE * h, question.points(CLOSE_CURVE))
    with np.errstate(all="ignore"):
        losses = losses_by_definition(network, question.x, question.t, question.weight, values)
    arrays = {"curve": np.column_stack([values, losses]), "kinks": np.empty(0)}
    return question.answer("probed_curve", arrays, center=center, half=CLOSE * h, close=True)


def probed_errors(subject: Subject, message: Message) -> Message:
    """The V that the error makes over h."""
    question = Question.of(subject, message)
    every = 1 if question.points(len(STEPS)) >= len(STEPS) else 3  # 1, 0.1, 0.01, … in a large network
    found = errors(question.moved, question.x, question.t, question.weight, STEPS[::every])
    return question.answer("probed_errors", {"errors": found})


def probed_surface(subject: Subject, message: Message) -> Message:
    """The loss over two weights, and the way that these went."""
    question = Question.of(subject, message, "float64")
    x, t, network, weight = question.x, question.t, question.network, question.weight
    other, half = question.another(message.fields.get("other")), _range(message)
    path = path_of(question.subject, weight, other)
    half = range_of_map(network, x, t, path, weight, other) if half is None else half
    points = question.points(GRID)
    values, others = (around(one.value(network), half, points) for one in (weight, other))
    with np.errstate(all="ignore"):
        losses = losses_over(network, x, t, weight, values, other, others)
        gradient = network.gradient(x, t)
    return question.answer(
        "probed_surface",
        {"losses": losses, "path": path},
        other={"parameter": other.name, "index": list(map(int, other.index))},
        center=[weight.value(network), other.value(network)],
        half=half,
        descent=[_finite(-float(gradient[one.name][one.index])) for one in (weight, other)],
    )


def _on_one_core(answer: Answer) -> Answer:
    def answered(subject: Subject, message: Message) -> Message:
        with one_core(subject.engine):
            return answer(subject, message)

    return answered


ANSWERS: Mapping[str, Answer] = {
    "probe": _on_one_core(probed),
    "probe_curve": _on_one_core(probed_curve),
    "probe_errors": _on_one_core(probed_errors),
    "probe_surface": _on_one_core(probed_surface),
}


def shown(found: Slopes, value: float, before: float, accuracy: float, accuracy_before: float) -> dict[str, str]:
    """The numbers as they are printed: losses and slopes to the last digit that their precision has."""
    digits = 17 if found.epsilon < 1e-10 else 9
    losses = aligned([found.above, found.loss, found.below], digits)
    both = aligned([found.numerical, found.backprop], digits)
    return {
        **dict(zip(("above", "loss", "below", "numerical", "backprop"), losses + both, strict=True)),
        "error": f"{found.error:.2e}",
        "at": f"{found.at:.6g}",
        "value": f"{value:.6g}",
        "short": f"{found.loss:.6g}",
        "before": f"{before:.6g}",
        "accuracy": f"{accuracy:.1%}",
        "accuracy_before": f"{accuracy_before:.1%}",
    }


def aligned(numbers: list[float], digits: int) -> list[str]:
    """Numbers to so many digits of the largest, one below the other: all with as many decimals.

    >>> aligned([0.25, -0.125, 0.0], 3)
    ['0.250', '-0.125', '0.000']
    """
    largest = max((abs(value) for value in numbers if math.isfinite(value)), default=0.0)
    decimals = digits - 1 - (math.floor(math.log10(largest)) if largest else 0)
    if not 0 <= decimals <= 24:
        return [f"{value:.{digits - 1}e}" for value in numbers]
    return [f"{value:.{decimals}f}" for value in numbers]


def _remark(question: Question, network: Network, found: Slopes) -> str:
    weight, x, t = question.weight, question.x, question.t
    with np.errstate(all="ignore"):
        kinks = kinks_between(network, x, weight, found.h)
        stays, off = is_multiplied_by_nothing(network, x, t, weight), is_off(network, x, t, weight)
    if not stays and (not off or kinks):
        return about_h(found, kinks, stays=outlasts_rounding(network, x, t, weight, found))
    decays = network.weight_decay > 0 and not weight.is_bias
    return paragraph(about_nothing(stays, decays), about_h(found, 0) if decays else "")


def _step(message: Message) -> float:
    return positive("h", message.fields.get("h", 1e-4))


def _range(message: Message) -> float | None:
    """Half the width that was asked for; None: whatever shows something."""
    got = message.fields.get("range", "adaptive")
    if got == "adaptive":
        return None
    if not is_number(got) or not RANGES[0] / 10 <= got <= 10 * RANGES[-1]:
        raise UsageError(
            sentence("range must be adaptive, or a number from 0.01 to 100. Got {got!r:.40}.", got=got), "wrong-value"
        )
    return float(got)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
