"""The sections of a page of several trainings: only what differs, which is better, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zerokara.cells import shortened
from zerokara.report.classes import names_of
from zerokara.report.differences import ACCURACIES, ACCURACY_HEADS, Comparison
from zerokara.report.mistakes import pictures_of
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.report.sprites import can_be_seen, ink_sprite, most_of
from zerokara.words import paragraph, sentence

if TYPE_CHECKING:
    from markupsafe import Markup

COLUMNS = 8
MOST = 24
"""Pictures that are shown."""
NAME = 28
"""Cells of a name at the head of a column; the whole name stands above."""
MOST_RUNS = 6
"""Runs whose answers stand below a picture."""


def differences(trainings: Sequence[Reported]) -> Markup:
    """Only what differs, a column for each training; a sentence where nothing does; and what is missing of each."""
    comparison = Comparison(tuple(trainings))
    return rendered(
        "differences.html",
        trained=[(one.name, one.trained) for one in trainings],
        told=[*(f"{number}: {text}" for number, text in comparison.on_each()), *comparison.on_twins()],
        caption=sentence("Only what differs:"),
        heads=_numbered(trainings),
        rows=[(row.label, row.texts()) for row in comparison.differences],
    )


def accuracies(trainings: Sequence[Reported]) -> Markup | None:
    """The accuracy of each with its interval, and what it gains and loses against the first."""
    comparison = Comparison(tuple(trainings))
    rows = comparison.accuracies()
    if not rows:
        return None
    return rendered(
        "accuracies.html",
        caption=sentence(ACCURACIES),
        heads=[sentence(head) for head in ACCURACY_HEADS],
        rows=list(zip(_numbered(trainings), rows, strict=True)),
        told=list(comparison.on_accuracies()),
    )


def disagreements(trainings: Sequence[Reported]) -> Markup | None:
    """The test pictures to which they give different answers, with the answers."""
    comparison = Comparison(tuple(trainings))
    told, dataset = comparison.on_disagreements(), trainings[0].dataset
    if not told or dataset is None:
        return None
    seen = can_be_seen(dataset.image_shape)
    chosen = comparison.disagreements[: min(MOST, most_of(dataset.image_shape)) if seen else MOST]
    sprite = ink_sprite(pictures_of(dataset, chosen), COLUMNS) if seen and len(chosen) else None
    shown = [_picture(comparison, int(i), sprite.place(k) if sprite else (0, 0)) for k, i in enumerate(chosen)]
    return rendered("disagreements.html", told=told, legend=_legend(shown), pictures=shown, sprite=sprite)


def _legend(shown: list[dict[str, Any]]) -> str:
    if not shown:
        return ""
    return sentence(
        "These divide them most. Below each picture: its label; then what each run saw, and how sure it was."
    )


def _picture(comparison: Comparison, index: int, place: tuple[int, int]) -> dict[str, Any]:
    """What stands below a picture, and what is read to those who do not see it."""
    lines, told, label = [], [], ""
    for k in comparison.together[:MOST_RUNS]:
        answers = comparison.trainings[k].answers
        assert answers is not None, "those that are compared were asked"
        names = names_of(comparison.trainings[k], answers)
        answer = int(answers.answers[index])
        label = label or names[int(answers.labels[index])]
        seen, p = ("–", 0.0) if answer < 0 else (names[answer], float(answers.probabilities[index, answer]))
        lines.append((f"{k + 1}: {seen} ({p:.3f})", bool(answers.right[index])))
        told.append(sentence("Run {number} saw {answer} (probability {p:.3f}).", number=k + 1, answer=seen, p=p))
    alt = paragraph(sentence("Test picture {i}: labelled {label}.", i=index, label=label), *told)
    return {"alt": alt, "label": label, "lines": lines, "place": place}


def _numbered(trainings: Sequence[Reported]) -> list[str]:
    return [f"{number}  {shortened(training.name, NAME)}" for number, training in enumerate(trainings, start=1)]
