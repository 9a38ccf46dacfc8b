"""Names the mistakes in a learner's gradient by proof: it equals, at all weights and batches tried, what they make of it.

BACKPROP by known mistakes is `beam.py`; here are the observations that a name must hold on, and the words.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_gradients.beam import Path, Replay, Step, explained, replayed
from zerokara.own_gradients.factors import Law, law
from zerokara.own_gradients.forward import Model, model_of
from zerokara.own_gradients.matches import Match
from zerokara.own_gradients.observing import Observation, observations
from zerokara.own_gradients.subject import Array, Subject
from zerokara.own_gradients.truth import right_deltas, truth_at
from zerokara.own_gradients.words_of_mistakes import finding_of

SILENT = 1e-6
"""Relative difference of a gradient that is right: many write p + 1e-7 in one place only."""


@dataclass(frozen=True)
class Named:
    """A mistake that holds on all observations.

    Attributes:
        cause: a name of `CAUSES`.
        form: how it is written, a formula or a name of `deltas.py` and `matches.py`.
        places: where it shows, (layer, "W" or "b") each, the topmost first.
        law: of a factor.
    """

    cause: str
    form: str
    places: tuple[tuple[int, str], ...]
    law: Law | None = None


def named(subject: Subject) -> Findings:
    """The mistakes in a subject's gradient, the topmost layer's first; none where it is right.

    Parameters and random state are as before afterwards. Of a forward pass that is not known nothing is named.
    """
    model = model_of(subject)
    if model is None:
        return Findings()
    with subject.kept(), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = observations(subject, model)
    return Findings(_findings(subject, model, seen))


def _findings(subject: Subject, model: Model, seen: list[Observation]) -> Iterator[Finding]:
    if any(array.dtype.kind in "iub" for array in subject.params.values()):
        return
    if all(is_right(each) for each in seen[:3]):
        return
    mistakes = mistakes_of(seen)
    yield from (finding_of(subject, model, seen, mistake) for mistake in mistakes)


def is_right(seen: Observation) -> bool:
    """Whether every gradient is the right one, in either form of the last δ (see `right_deltas`)."""
    return any(not _wrong(seen, delta) for delta in right_deltas(seen.model, seen.truth.z[seen.truth.depth], seen.truth.targets))


def _wrong(seen: Observation, delta: Array) -> list[str]:
    """Parameters whose gradient differs from what follows from a δ of the last layer."""
    truth = seen.truth
    right = truth.gradient if delta is truth.delta[truth.depth] else _following(seen, delta)
    within = max(SILENT, 3 * seen.within)
    return [name for name, expected in right.items() if not _near(seen.gradient.get(name), expected, within)]


def _following(seen: Observation, delta: Array) -> dict[str, Array]:
    return truth_at(seen.model, seen.params, seen.x, seen.t, delta).gradient


def _near(gradient: Array | None, expected: Array, within: float) -> bool:
    if gradient is None or gradient.size != expected.size or _squeezed(gradient) != _squeezed(expected):
        return False
    size = max(float(np.linalg.norm(expected)), 1e-12)
    return bool(np.linalg.norm(gradient.reshape(expected.shape) - expected) <= within * size)


def _squeezed(array: Array) -> tuple[int, ...]:
    return tuple(length for length in array.shape if length != 1)


def mistakes_of(seen: list[Observation]) -> list[Named]:
    """The mistakes of the best explanation that holds on all observations; of several as good ones the plainest."""
    for path in explained(seen[0]):
        replays = [replay for each in seen if (replay := replayed(path, each)) is not None]
        if len(replays) == len(seen) and (found := _named(path, replays, seen[0].within)) is not None:
            return found
    return [Named("unknown-difference", "", tuple(_wrong_places(seen[0])))]


def _wrong_places(seen: Observation) -> Iterator[tuple[int, str]]:
    """Where gradients are wrong, the topmost first."""
    wrong = _wrong(seen, seen.truth.delta[seen.truth.depth])
    for number in range(seen.truth.depth, 0, -1):
        place = seen.model.layers[number - 1]
        yield from ((number, letter) for letter, name in (("W", place.weight), ("b", place.bias)) if name in wrong)


def _named(path: Path, replays: list[Replay], within: float) -> list[Named] | None:
    """The mistakes of a path; None where a factor follows no law."""
    found: dict[tuple[str, str, Law | None], list[tuple[int, str]]] = {}
    for step in path.steps:
        for letter, match in (("W", step.weight), ("b", step.bias)):
            if match is None:
                if letter == "W" or step.has_bias:
                    found.setdefault(("unknown-difference", "", None), []).append((step.layer, letter))
                continue
            laws = _laws(step, letter, match, replays, within)
            if laws is None:
                return None
            for cause, form, factor in _mistakes(match, laws):
                key = ("wrong-operand" if _is_local(step, match) and cause in OF_DELTA else cause, form, factor)
                found.setdefault(key, []).append((step.layer, letter))
    return [Named(cause, form, tuple(places), factor) for (cause, form, factor), places in found.items()]


OF_DELTA = frozenset({"loss-mismatch", "activation-derivative", "softmax-derivative", "upstream-dropped", "forward-differs"})
"""Causes of a wrong δ. Where the right one is there, too, and only this gradient has another, a wrong array was taken."""


def _is_local(step: Step, match: Match) -> bool:
    """Whether another δ than the match's is used further down, or in the other gradient of the layer, and is right."""
    if not match.delta or match.delta == step.carried:
        return False
    other = step.bias if match is step.weight else step.weight
    others_right = other is not None and bool(other.delta) and other.delta != match.delta and other.cost == 0
    return others_right or (step.layer > 1 and step.carried_right)


def _laws(step: Step, letter: str, match: Match, replays: list[Replay], within: float) -> list[Law] | None:
    """Of the factor of a match, and of what was added."""
    laws = []
    for number in range(1 + len(match.rest)):
        factors = [(replay.n, replay.factors[step.layer, letter][number]) for replay in replays]
        if (found := law(factors, max(1e-6, 100 * within))) is None:
            return None
        laws.append(found)
    return laws


def _mistakes(match: Match, laws: list[Law]) -> Iterator[tuple[str, str, Law | None]]:
    for cause, form in match.wrong:
        yield cause, form, None
    if match.scaled and not laws[0].is_one:
        yield laws[0].cause, "", laws[0]
    for (name, _), rate in zip(match.rest, laws[1:], strict=True):
        yield "decay-not-in-loss", name, rate
