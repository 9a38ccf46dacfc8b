"""Names the mistakes in a learner's gradient by proof: it equals what they make of it, at all weights that were tried.

`beam.py` finds them on one batch; here they are held against others, and followed by what else can be shown.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_gradients.beam import UNKNOWN, Path, Replay, Step, explained, replayed
from zerokara.own_gradients.descent import steps_up, turned_around
from zerokara.own_gradients.factors import Law, law
from zerokara.own_gradients.forward import Model, model_of
from zerokara.own_gradients.isolation import quietly
from zerokara.own_gradients.keeping import Snapshot
from zerokara.own_gradients.match import Match
from zerokara.own_gradients.observing import Observation, observations
from zerokara.own_gradients.solving import cause_of
from zerokara.own_gradients.state import state_findings
from zerokara.own_gradients.subject import Array, Subject
from zerokara.own_gradients.truth import right_deltas, truth_at
from zerokara.own_gradients.variants import plausible, variants
from zerokara.own_gradients.wording import Named, finding_of

SILENT = 1e-6
"""Relative difference of a gradient that is right: many write p + 1e-7 in one place only."""


def named(subject: Subject) -> Findings:
    """The mistakes in a subject's gradient: those of state first, then the topmost layer's; none where it is right.

    Everything is as before afterwards. Of a forward pass that is not known only mistakes of state are named.
    """
    state = state_findings(subject)
    before = Snapshot([*subject.state, *subject.functions, *subject.params.values()])
    try:
        with subject.kept(), quietly():
            found = list(_of_one_call(subject))
    except (Exception, SystemExit):  # the learner's code may raise anything, at weights that it never had
        found = []
    finally:
        before.restore()
    return Findings([*state, *(finding for finding in found if not _follows(finding, state))])


SYMPTOMS: Mapping[str, frozenset[str]] = {
    "overwritten": frozenset({"wrong-operand", "updated-too-early", "gradient-is-parameter"}),
    "updated-too-early": frozenset({"wrong-operand", "upstream-dropped"}),
    "changed-in-place": frozenset(
        {"wrong-operand", "constant-factor", "forward-differs", "loss-mismatch", "updated-too-early"}
    ),
    "shared-arrays": frozenset({"wrong-operand"}),
}
"""What follows from mistakes of state, and looks as if it were one of its own."""


def _follows(finding: Finding, state: Findings) -> bool:
    if state and finding.cause == "unknown-difference":
        return True
    return any(finding.cause == other.cause or finding.cause in SYMPTOMS.get(other.cause, ()) for other in state)


def _of_one_call(subject: Subject) -> Iterator[Finding]:
    model = model_of(subject)
    if model is None:
        return
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = observations(subject, model)
        if _opposes(seen[0]) and steps_up(subject.functions):  # what is added to the parameters is right so
            subject = turned_around(subject)
            seen = observations(subject, model)
        yield from _findings(subject, model, seen)


def _opposes(seen: Observation) -> bool:
    """Whether the gradient of the last layer, which most mistakes leave alone, points away from the right one."""
    place = seen.model.layers[-1]
    pairs = [(seen.gradient.get(name), seen.truth.gradient.get(name)) for name in (place.weight, place.bias) if name]
    return sum(float((a * b).sum()) for a, b in pairs if a is not None and b is not None and a.shape == b.shape) < 0


def _findings(subject: Subject, model: Model, seen: list[Observation]) -> Iterator[Finding]:
    if any(array.dtype.kind in "iub" for array in subject.params.values()):
        return
    if all(is_right(each) for each in seen[:3]):
        return
    mistakes = mistakes_of(subject, seen)
    yield from (finding_of(subject, model, seen, mistake) for mistake in mistakes)


def is_right(seen: Observation) -> bool:
    """Whether every gradient is the right one, in either form of the last δ (see `right_deltas`)."""
    return any(
        not _wrong(seen, delta)
        for delta in right_deltas(seen.model, seen.truth.z[seen.truth.depth], seen.truth.targets)
    )


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


def mistakes_of(subject: Subject, seen: list[Observation]) -> list[Named]:
    """The mistakes of the best explanation that holds on all observations; of several as good ones the plainest."""
    path, found = _holding(explained(seen[0]), seen)
    if _cost(found) > 1:
        for variant in variants(seen[0]):
            if plausible(seen[0], variant) is None:
                continue
            changed = [variant.seen(each) for each in seen]
            _, others = _holding(explained(changed[0]), changed)
            if _cost(others) + 1 < _cost(found):
                places = tuple(_wrong_places(seen[0])) or ((1, "W"),)
                found = [Named("forward-differs", variant.name, places, digits=_least(others)), *others]
    return [*_known(subject, seen, path, found)] or [Named(UNKNOWN_CAUSE, "", tuple(_wrong_places(seen[0])))]


UNKNOWN_CAUSE = "unknown-difference"


def _known(subject: Subject, seen: list[Observation], path: Path, found: list[Named]) -> Iterator[Named]:
    """The mistakes, the topmost unknown one with what can be shown of it; lower ones may follow from it."""
    unknown = False
    for mistake in found:
        if mistake.cause != UNKNOWN_CAUSE:
            yield mistake
        elif not unknown:
            unknown = True
            layer, letter = mistake.places[0]
            cause = cause_of(subject, seen, path, layer, letter) if path.steps else None
            places = tuple(place for place in mistake.places if place[0] == layer)
            yield replace(mistake, cause=cause, places=places) if cause else mistake


def _holding(paths: list[Path], seen: list[Observation]) -> tuple[Path, list[Named]]:
    """The first path that holds on all observations, and its mistakes; none where no path does."""
    for path in paths:
        replays = [replay for each in seen if (replay := replayed(path, each)) is not None]
        if len(replays) == len(seen) and (found := _named(path, replays, seen[0].within)) is not None:
            return path, found
    return Path(), [Named(UNKNOWN_CAUSE, "", tuple(_wrong_places(seen[0])) or ((1, "W"),))]


def _cost(mistakes: list[Named]) -> float:
    return sum(UNKNOWN if mistake.cause == UNKNOWN_CAUSE else 1.0 for mistake in mistakes)


def _least(mistakes: list[Named]) -> float:
    return min((mistake.digits for mistake in mistakes), default=9.0)


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
                    found.setdefault((UNKNOWN_CAUSE, "", None), []).append((step.layer, letter))
                continue
            laws = _laws(step, letter, match, replays, within)
            if laws is None:
                return None
            for cause, form, factor in _mistakes(match, laws):
                key = ("wrong-operand" if _is_local(step, match) and cause in OF_DELTA else cause, form, factor)
                found.setdefault(key, []).append((step.layer, letter))
    return [
        Named(cause, form, tuple(places), factor, _digits(places, replays))
        for (cause, form, factor), places in found.items()
    ]


def _digits(places: list[tuple[int, str]], replays: list[Replay]) -> float:
    """To how many digits the gradients of these places equal what was found, where it is fewest."""
    rest = max(replay.rest(*place) for place in places for replay in replays)
    return -math.log10(max(rest, 1e-16))


OF_DELTA = frozenset(
    {"loss-mismatch", "activation-derivative", "softmax-derivative", "upstream-dropped", "forward-differs"}
)
"""Causes of a wrong δ. Where only one gradient of a layer has it, a wrong array was taken."""


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
        yield from ((part.cause, "", part) for part in laws[0].parts())
    for (name, _), rate in zip(match.rest, laws[1:], strict=True):
        yield "decay-not-in-loss", name, rate
