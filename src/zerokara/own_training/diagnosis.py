"""Asks all rules of the room about what a learner's program left behind, on copies and within a time limit."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zerokara.findings import Finding, Findings
from zerokara.own_gradients.isolation import TimeUp, quietly, time_limit, without_files
from zerokara.own_training import batches, epochs, gradients, inputs, labels, records, settings, steps
from zerokara.own_training.memory import Memory
from zerokara.own_training.program import Program, SourceText
from zerokara.own_training.training_loops import Training, trainings

logger = logging.getLogger(__name__)

Rule = Callable[[Program], Iterator[Finding]]

READING: tuple[Rule, ...] = (
    inputs.test_in_training,
    batches.shuffled_apart,
    records.test_on_training,
    records.not_the_loss,
    epochs.never_or_always,
    epochs.fractional,
)
"""Rules that read the source and the values of names, and run nothing."""


PATIENCE = 4
"""How many times its seconds of computing a diagnosis may last where other programs compute at the same time."""


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
        seconds: of computing that it may take; nothing is begun after that, and code of the learner's that goes on is
            stopped.
    """
    found: list[Finding] = []
    with unnoticed(), contextlib.suppress(TimeUp), time_limit(PATIENCE * seconds, 2 * seconds):
        _find(found, Program(sources, namespace), memory or Memory(), time.thread_time() + seconds)
    return Findings(_distinct(found))


HARMLESS = ("epoch-test", "test-on-training", "not-the-loss", "same-order", "test-data-in-training")
"""Causes that do not keep a network from learning: there may be another that does."""
OF_LABELS = ("labels-broadcast", "labels-not-one-hot", "sigmoid-for-softmax")
"""Causes by which a right gradient is one of a loss that was not meant."""


def _find(found: list[Finding], program: Program, memory: Memory, deadline: float) -> None:
    """Add what is found to a list, so that it is there also where the time is up."""
    found += _attempted(labels.not_one_hot(program, memory))
    watched = [(training, _watched(program, training, deadline)) for training in trainings(program)]
    for training, seen in watched:
        found += _of_training(program, training, seen)
    for read in READING:
        found += _attempted(read(program))
    if not any(finding.cause in OF_LABELS for finding in found):
        batch = next((_batch(seen) for _, seen in watched if seen is not None and _batch(seen)), None)
        wrong = _attempted(gradients.wrong_gradient(program, memory, batch, deadline))
        found[:] = [*found, *wrong] if _explained(found) else [*wrong, *found]
    for training, seen in watched:
        if seen is not None:
            rules = (  # generators: nothing runs before it is asked
                steps.wrong_sign(program, seen),
                settings.symmetric(program, training, seen),
                settings.settings(program, training, seen),
            )
            for rule in rules:
                found += [] if _explained(found) else _attempted(rule)


def _explained(found: list[Finding]) -> bool:
    return any(finding.cause not in HARMLESS for finding in found)


def _watched(program: Program, training: Training, deadline: float) -> steps.Watched | None:
    try:
        return steps.watched(program, training, deadline)
    except Exception:
        logger.info("a loop cannot be run again", exc_info=True)
        return None


def _batch(seen: steps.Watched) -> gradients.Batch | None:
    return (seen.first.batch[0], seen.first.batch[1]) if len(seen.first.batch) == 2 else None


def _of_training(program: Program, training: Training, seen: steps.Watched | None) -> list[Finding]:
    """What is wrong with one loop."""
    found = _attempted(steps.made_anew(program, training, seen))
    if seen is not None:
        found += _attempted(labels.broadcast(program, training, seen))
        for rule in (steps.never_written_back, steps.step_up):
            found += _attempted(rule(program, seen))
        found += _attempted(labels.sigmoid_for_softmax(program, training, seen))
        found += _attempted(inputs.unscaled(program, seen))
    found += _attempted(batches.drawn_once(program, training, seen))
    found += _attempted(batches.other_rows(program, training))
    return found + _attempted(batches.same_order(program, training, seen))


def _attempted(found: Iterator[Finding]) -> list[Finding]:
    """What a rule finds. A learner's values may do anything when they are looked at: then it finds no more."""
    kept: list[Finding] = []
    try:
        kept.extend(found)
    except Exception:
        logger.info("a rule for a learner's own training failed", exc_info=True)
    return kept


def _distinct(found: list[Finding]) -> Iterator[Finding]:
    """One finding for each cause, the first."""
    seen: set[str] = set()
    for finding in found:
        if finding.cause not in seen:
            seen.add(finding.cause)
            yield finding


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Whatever runs meanwhile prints nothing, writes no file, and leaves the random states as they were."""
    random_state, python_state = np.random.get_state(), random.getstate()
    try:
        with quietly(), without_files():
            yield
    finally:
        np.random.set_state(random_state)
        random.setstate(python_state)
