"""Asks all rules of the room about what a learner's program left behind, on copies and within a time limit."""

from __future__ import annotations

import contextlib
import io
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_training import batches, epochs, records, settings, steps
from zerokara.own_training.memory import Memory
from zerokara.own_training.program import Program, SourceText
from zerokara.own_training.training_loops import Training, trainings

Rule = Callable[[Program], Iterator[Finding]]

READING: tuple[Rule, ...] = (
    batches.shuffled_apart,
    records.test_on_training,
    records.not_the_loss,
    epochs.never_or_always,
    epochs.fractional,
)
"""Rules that read the source and the values of names, and run nothing."""


def diagnosed(
    namespace: Mapping[str, Any],
    *,
    sources: Sequence[SourceText] = (),
    memory: Memory | None = None,
    seconds: float = 2.0,
) -> Findings:
    """What would keep a learner's own training from learning, and where it stands; nothing where all is well.

    Args:
        namespace: the names that a run left behind, such as `vars(main)`. Neither they nor what they stand for change.
        sources: the file, or the cells that were run, in their order.
        memory: what was noted while it ran.
        seconds: that it may take; what could not be looked into by then is left out.
    """
    deadline = time.monotonic() + seconds
    program = Program(sources, namespace)
    with unnoticed():
        found = list(_found(program, memory or Memory(), deadline))
    return Findings(_distinct(found))


def _found(program: Program, memory: Memory, deadline: float) -> Iterator[Finding]:
    watched = [(training, _watched(program, training, deadline)) for training in trainings(program)]
    found = [finding for each in watched for finding in _attempted(_of_training(program, *each))]
    found += [finding for rule in READING for finding in _attempted(rule(program))]
    yield from found
    if any(finding.cause in HARMLESS for finding in found) or not found:
        for training, seen in watched:
            if seen is not None:
                yield from _attempted(settings.symmetric(program, training, seen))
                yield from _attempted(settings.settings(program, training, seen))


HARMLESS = ("epoch-test", "test-on-training", "not-the-loss", "same-order")
"""Causes that do not keep a network from learning."""


def _watched(program: Program, training: Training, deadline: float) -> steps.Watched | None:
    return None if training.function else steps.watched(program, training, deadline)


def _of_training(program: Program, training: Training, seen: steps.Watched | None) -> Iterator[Finding]:
    yield from steps.made_anew(program, training, seen)
    if seen is not None:
        yield from steps.never_written_back(program, seen)
        yield from steps.step_up(program, seen)
    yield from batches.drawn_once(program, training, seen)
    yield from batches.other_rows(program, training)
    yield from batches.same_order(program, training)


def _attempted(found: Iterator[Finding]) -> Iterator[Finding]:
    """What a rule finds. A learner's values may do anything when they are looked at: then it finds no more."""
    with contextlib.suppress(Exception):
        yield from found


def _distinct(found: list[Finding]) -> Iterator[Finding]:
    """One finding for each cause, the first."""
    seen: set[str] = set()
    for finding in found:
        if finding.cause not in seen:
            seen.add(finding.cause)
            yield finding


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Whatever runs meanwhile prints nothing, warns of nothing, and leaves the random states as they were."""
    random_state, python_state = np.random.get_state(), random.getstate()
    quiet = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(quiet),
            contextlib.redirect_stderr(quiet),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            yield
    finally:
        np.random.set_state(random_state)
        random.setstate(python_state)
