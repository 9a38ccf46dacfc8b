"""How a training stands, in one sentence or a few."""

from __future__ import annotations

from zerokara.lab.watched_training import (
    DIVERGED,
    FAILED,
    FINISHED,
    PAUSED,
    RETURNING,
    RUNNING,
    STOPPED,
    UNTRAINED,
    WatchedTraining,
)
from zerokara.runs.untrusted import command
from zerokara.words import paragraph, sentence, translatable

NOTHING_LEARNED = translatable("This network has learned nothing yet.")


def status(training: WatchedTraining) -> str:
    """What people are told."""
    state, iteration = training.state, training.conductor.iteration
    path = training.run.path if training.run is not None else training.folder
    if state == RETURNING:
        return sentence("Going back to update {iteration:,}.", iteration=training.returning)
    if state == UNTRAINED:
        return sentence(NOTHING_LEARNED)
    if training.is_writing and not training.ended:
        return sentence(
            "Update {iteration:,} was the last. The files of the run are being written.", iteration=iteration
        )
    if state == RUNNING:
        return sentence("Training: update {iteration:,} of {total:,}.", iteration=iteration, total=training.total)
    if state == PAUSED and training.thread is None and training.parent is not None:
        return sentence(
            "This is {run} as it was after update {iteration:,}. Going on from here begins a new run.",
            run=training.parent.run,
            iteration=iteration,
        )
    if state == PAUSED:
        return sentence("Paused after update {iteration:,} of {total:,}.", iteration=iteration, total=training.total)
    if state == FINISHED:
        return sentence("Finished after update {iteration:,}. It is kept in {path}.", iteration=iteration, path=path)
    if state == STOPPED:
        return paragraph(
            sentence("Stopped after update {iteration:,}. It is kept in {path}.", iteration=iteration, path=path),
            sentence("Go on with: {command}", command=command("resume", path)),
        )
    assert state in (DIVERGED, FAILED)
    return training.problem


def verdict(training: WatchedTraining) -> str:
    """What is said where the doctor found nothing; nothing before there is a training.

    It does not look at one whose settings were changed, nor at one that goes on from an earlier update.
    """
    path = training.run.path if training.run is not None else training.folder
    if training.state == UNTRAINED or path is None:
        return ""
    if training.changes or training.parent is not None:
        return sentence(
            "A training that was changed, or that goes on from an earlier update, is not judged here. Ask once it has "
            "ended: {command}",
            command=command("doctor", path),
        )
    return sentence("Nothing that looks wrong.")
