"""What was trained and how well, what is missing on the page, and what the doctor finds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np

from zerokara.doctor.rules import ILL
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.words import plural, sentence

if TYPE_CHECKING:
    from markupsafe import Markup


def summary(training: Reported) -> Markup | None:
    """The line that says what was trained, how it ended, its figures, and what is missing."""
    return rendered(
        "summary.html",
        trained=training.trained,
        ended=ended(training),
        figures=_figures(training),
        missing=[*training.missing, *not_there(training)],
    )


def ended(training: Reported) -> str:
    """How it ended, after how many updates."""
    n = len(training.losses)
    if training.kind == "script":
        return plural("The program left {n:,} loss.", "The program left {n:,} losses.", n=n)
    match training.state:
        case "finished":
            return plural("It finished after {n:,} update.", "It finished after {n:,} updates.", n=n)
        case "stopped":
            return plural(
                "It was stopped after {n:,} update, and can be gone on with.",
                "It was stopped after {n:,} updates, and can be gone on with.",
                n=n,
            )
        case "diverged":
            return plural(
                "It diverged: after {n:,} update the next one made numbers that are not finite. What is shown is how "
                "it was before.",
                "It diverged: after {n:,} updates the next one made numbers that are not finite. What is shown is how "
                "it was before.",
                n=n,
            )
        case "unfinished":
            return plural(
                "It is unfinished: {n:,} update was done when this page was made.",
                "It is unfinished: {n:,} updates were done when this page was made.",
                n=n,
            )
    raise AssertionError(training.state)


def _figures(training: Reported) -> list[dict[str, str]]:
    """Label, value and what belongs to it, of the figures that are known; the most important one first."""
    figures = [_test_accuracy(training)]
    last = training.evaluations[-1] if training.evaluations else None
    if last is not None and np.isfinite(last.train_accuracy):
        figures.append(_figure(sentence("training accuracy"), f"{last.train_accuracy:.4f}", _epochs(last.epoch)))
    finite = training.losses[np.isfinite(training.losses)]
    if last is not None and np.isfinite(last.loss):
        figures.append(_figure(sentence("mean loss"), f"{last.loss:.4f}", sentence("since the evaluation before")))
    elif finite.size:
        figures.append(_figure(sentence("loss"), f"{finite[-1]:.4f}", sentence("of the last mini-batch")))
    return [figure for figure in figures if figure is not None]


def _test_accuracy(training: Reported) -> dict[str, str] | None:
    name = sentence("test accuracy")
    if training.answers is not None and len(training.answers):
        accuracy = training.answers.accuracy
        told = sentence(
            "95 % interval {low:.4f} to {high:.4f}, from {n:,} test pictures",
            low=accuracy.low,
            high=accuracy.high,
            n=len(training.answers),
        )
        return _figure(name, f"{accuracy.value:.4f}", told)
    if training.evaluations and np.isfinite(training.evaluations[-1].test_accuracy):
        last = training.evaluations[-1]
        return _figure(name, f"{last.test_accuracy:.4f}", _epochs(last.epoch))
    return None


def _epochs(epoch: float) -> str:
    return sentence("after {epochs:.4g} epochs", epochs=epoch)


def _figure(name: str, value: str, told: str) -> dict[str, str]:
    return {"name": name, "value": value, "told": told}


def not_there(training: Reported) -> list[str]:
    """What there is not, as whole sentences."""
    missing = []
    if not len(training.losses) and training.kind == "script":
        missing.append(sentence("No losses were recorded, so there is no curve of them."))
    elif not len(training.losses):
        missing.append(sentence("No update was done, so there is no curve of the loss."))
    elif not np.isfinite(training.losses).any():
        missing.append(sentence("No loss is finite, so there is no curve of it."))
    if not training.evaluations:
        missing.append(sentence("There was no evaluation, so there is no curve of the accuracy."))
    if not training.params:
        missing.append(sentence("There are no weights, so nothing can be shown of the layers."))
    elif any(not np.isfinite(p).all() for p in training.params.values()):
        missing.append(sentence("Its weights are not finite."))
    return missing


def findings(training: Reported) -> Markup | None:
    """What the doctor finds; None where it was not asked."""
    found = training.findings
    if found is None:
        return None
    return rendered("findings.html", findings=found, nothing=_nothing(training), more=_more(training))


def _nothing(training: Reported) -> str:
    """What is said where nothing was found; all is not well with a network that learned badly."""
    last = training.evaluations[-1] if training.evaluations else None
    if last is None or last.train_accuracy < ILL:
        return sentence("What it left behind does not show what may keep it from learning.")
    return sentence("Nothing was found that would keep it from learning.")


def _more(training: Reported) -> str:
    """How to ask for more, for somebody who has the run."""
    if training.kind != "run":
        return ""
    command = shlex.join(["zerokara", "doctor", training.name])
    return sentence("The doctor looks closer, and trains the run again, with: {command}", command=command)
