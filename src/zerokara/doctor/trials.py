"""Tries what findings propose: trains again with the change and without it, and counts on samples of neither training.

A trial is a function that is given: fields of the recipe in, what came of them out. Both trainings are whole and have
the same seed; in a third of its updates a change "improves" 21 of 125 healthy runs, in all of them 2.
"""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerokara.doctor.ways import WAYS, Change, rivals
from zerokara.errors import ZerokaraError
from zerokara.findings import Finding, Findings
from zerokara.training.recipe import LENGTHS, Recipe
from zerokara.words import sentence

LEAST_GAIN = 0.03
"""By so much of the held-out samples a change must help: a run within 3 points of the best is a healthy one."""
LEAST_UNPROMPTED_GAIN = 0.10
"""The same where no signal speaks for the change: within 10 points of the best no run is ill."""
DEVIATIONS = 2.0
"""And by so many standard deviations of what chance would make of two equally good networks (McNemar 1947)."""
GOOD = 0.9
"""Where so many are right no other way is tried."""
MOST_TRAININGS = 12
SYMPTOMS = ("dead-units", "saturated-units")
EXACT = ("symmetric-weights", "overfitting", "diverged")
"""Facts and no guesses: what these findings say holds also where no change helps."""


@dataclass(frozen=True)
class Trial:
    """What came of one training.

    Attributes:
        right: (n,) bool: which of the held-out samples the network gives their label; the same samples in every trial.
    """

    right: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        """The share of them, 0 to 1."""
        return float(self.right.mean())


Train = Callable[[Change], Trial | None]
"""Trains with these fields of the recipe changed; with none, as it is. None where it was ended before its time; raises
ZerokaraError for a change that cannot be made."""


class Outcome(NamedTuple):
    """What trials came to.

    Attributes:
        findings: those whose change helps most, and those that no recipe heals, such as wrong labels.
        trainings: how many were made.
        complete: whether time sufficed for everything that was to be tried.
    """

    findings: Findings
    trainings: int
    complete: bool


class Healed(NamedTuple):
    """The best of the ways that were tried for one cause."""

    finding: Finding
    change: Change
    after: Trial


@dataclass
class Trials:
    """Trainings, each made once, while there is time."""

    train: Train
    recipe: Recipe
    seconds: float
    made: dict[str, Trial | None] = field(default_factory=dict)
    complete: bool = True
    longest: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def of(self, change: Change) -> Trial | None:
        """What came of a change; None where it cannot be made, or no time is left."""
        key = repr(sorted(change.items()))
        if key not in self.made:
            length = self._length(change)
            began = time.monotonic()
            if len(self.made) >= MOST_TRAININGS or began - self.began + self.longest * length > self.seconds:
                self.complete = False
                return None
            self.made[key] = self._trained(change)
            self.longest = max(self.longest, (time.monotonic() - began) / length)
            self.complete &= time.monotonic() - self.began <= self.seconds
        return self.made[key]

    def _trained(self, change: Change) -> Trial | None:
        try:
            return self.train(change)
        except ZerokaraError:  # no proposal then
            return None

    def _length(self, change: Change) -> float:
        """How many times the recipe's own updates it takes."""
        before = {name: getattr(self.recipe, name) for name in LENGTHS}
        return max([1.0, *(float(change[name] / n) for name, n in before.items() if n and name in change)])

    def best(self, finding: Finding, changes: Sequence[Change], before: Trial, least: float) -> Healed | None:
        """The best of some changes, one after the other while they help more and more; None where none helps."""
        best: Healed | None = None
        for change in changes:
            after = self.of(change)
            if after is not None and helps(best.after if best else before, after, least):
                best = Healed(finding, change, after)
                if after.accuracy >= GOOD:
                    break
            elif best is not None:
                break
        return best


def helps(before: Trial, after: Trial, least: float = LEAST_GAIN) -> bool:
    """Whether a change made so many more of the held-out samples right, and chance would not."""
    gained, lost = int((after.right & ~before.right).sum()), int((before.right & ~after.right).sum())
    return gained - lost >= max(least * len(before.right), DEVIATIONS * math.sqrt(gained + lost), 1)


def tried(found: Sequence[Finding], recipe: Recipe, train: Train, *, seconds: float = math.inf) -> Outcome:
    """Findings whose change was tried and helps, with the proof.

    Args:
        found: what signals say, the likeliest first; none where they say nothing though the training went badly.
        recipe: the one that went badly, complete.
        train: makes a trial.
        seconds: how long all of it may take: no training begins that would not end in time, as those before it went.
    """
    trials = Trials(train, recipe, seconds)
    before = trials.of({}) if not found or any(finding.change for finding in found) else None
    if before is None:
        untried = bool(trials.made) or not trials.complete
        return Outcome(Findings(found), len(trials.made), complete=not untried)
    healed = [*_singly(found, before, trials)]
    healed += _together(found, _best(before, healed), trials)
    healed += _rivals(found, _best(before, healed), trials)
    kept = _around(found, _ranked(healed, before, recipe) or _facts(found))
    return Outcome(Findings(kept), len(trials.made), trials.complete)


def _around(found: Sequence[Finding], tried: list[Finding]) -> list[Finding]:
    """With those that no recipe heals: where signals put them first, before what was tried, and else behind it.

    Units that do nothing are a symptom of whatever was found to help.
    """
    if tried:
        found = [finding for finding in found if finding.cause not in SYMPTOMS or finding.change]
    first = [*takewhile(lambda finding: not finding.change, found)]
    return first + tried + [finding for finding in found[len(first) :] if not finding.change]


def _facts(found: Iterable[Finding]) -> list[Finding]:
    """What holds though nothing that was tried helps, without the proposal."""
    return [replace(finding, change=None, remedy="") for finding in found if finding.change and finding.cause in EXACT]


def _singly(found: Sequence[Finding], before: Trial, trials: Trials) -> Iterator[Healed]:
    """The best way for each finding that a recipe may heal, while another could be better."""
    best = before
    for finding in found:
        if finding.change and best.accuracy < 1 - LEAST_GAIN:
            ways = [finding.change, *_ways(finding.cause, trials.recipe)]
            if (healed := trials.best(finding, ways, before, LEAST_GAIN)) is not None:
                best = max(best, healed.after, key=lambda trial: trial.accuracy)
                yield healed


def _best(before: Trial, healed: Iterable[Healed]) -> Trial:
    return max([before, *(one.after for one in healed)], key=lambda trial: trial.accuracy)


def _together(found: Sequence[Finding], best: Trial, trials: Trials) -> list[Healed]:
    """All proposals at once, where no single one makes it good: two causes may hide each other."""
    proposed = [finding for finding in found if finding.change]
    if len(proposed) < 2 or best.accuracy >= GOOD:
        return []
    change: dict[str, Any] = {}
    for finding in reversed(proposed):
        change |= [*_ways(finding.cause, trials.recipe), finding.change or {}][0]
    after = trials.of(change)
    return [Healed(finding, change, after) for finding in proposed] if after and helps(best, after) else []


def _rivals(found: Sequence[Finding], best: Trial, trials: Trials) -> Iterator[Healed]:
    """Where it is not good yet, causes that signals may have taken for those they named; each must help more.

    A network that knows its samples by heart has learnt, so that there nothing else is to be healed.
    """
    if any(finding.cause == "overfitting" for finding in found):
        return
    for cause, ways in rivals(trials.recipe).items():
        if best.accuracy >= GOOD or cause in [finding.cause for finding in found]:
            continue
        finding = Finding(cause=cause, text="", symptoms=tuple(other.text for other in found[:1]))
        least = LEAST_GAIN if found else LEAST_UNPROMPTED_GAIN
        if (healed := trials.best(finding, ways, best, least)) is not None:
            best = healed.after
            yield healed


def _ways(cause: str, recipe: Recipe) -> list[Change]:
    return WAYS[cause](recipe) if cause in WAYS else []


def _ranked(healed: Sequence[Healed], before: Trial, recipe: Recipe) -> list[Finding]:
    """Those that help as much as the best, as signals order them: what helps less is not the cause."""
    most = max((one.after.accuracy for one in healed), default=0.0)
    return [_proven(one, before, recipe) for one in healed if one.after.accuracy > most - LEAST_GAIN]


def _proven(one: Healed, before: Trial, recipe: Recipe) -> Finding:
    options, held = options_of(one.change), len(before.right)
    proof = {"accuracy_before": before.accuracy, "accuracy_after": one.after.accuracy, "held_out": held}
    return replace(
        one.finding,
        # Translators: {options} are options of zerokara train that were changed, such as --learning-rate 0.1
        text=one.finding.text or sentence("With {options} it learns.", options=options),
        remedy=sentence("Try {change}.", change=options) if one.finding.text else "",
        change=dict(one.change),
        proof={**proof, "seed": recipe.seed},
        proven=sentence(
            "Tried, with the same seed: of {held:,} training samples held out, {before:.1%} are right without it and "
            "{after:.1%} with it.",
            held=held,
            before=before.accuracy,
            after=one.after.accuracy,
        ),
    )


def options_of(change: Mapping[str, Any]) -> str:
    """Fields of a recipe as options of `zerokara train`.

    >>> options_of({"learning_rate": 0.1, "hidden": (100, 50)})
    '--learning-rate 0.1 --hidden 100,50'
    """
    words = [word for name, value in change.items() for word in (f"--{name.replace('_', '-')}", _as_typed(value))]
    return shlex.join(words)


def _as_typed(value: object) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
