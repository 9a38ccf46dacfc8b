"""Loss and accuracy of one training, or those of several in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zerokara.report.charts import Chart, Curve, chart
from zerokara.report.figures import moving_average
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.words import sentence

if TYPE_CHECKING:
    from markupsafe import Markup

STYLES = 6
"""Colours of the style sheet for trainings: zk-c0 to zk-c5; later ones use them again."""
SMOOTHED = 50
"""The mean is taken over such a part of a training, as in loss.png."""


def curves(trainings: Sequence[Reported]) -> Markup | None:
    """Loss of each mini-batch and accuracy at each evaluation, over iterations."""
    charts = [drawn for drawn in (_losses(trainings), _accuracies(trainings)) if drawn is not None]
    return rendered("curves.html", charts=charts) if charts else None


def _losses(trainings: Sequence[Reported]) -> Chart | None:
    alone = len(trainings) == 1
    drawn: list[Curve] = []
    for k, training in enumerate(trainings):
        losses = training.losses
        width = max(len(losses) // SMOOTHED, 1)
        if alone or width == 1:
            style = "zk-each" if alone and width > 1 else _style(k)
            drawn.append(
                Curve(sentence("each mini-batch") if alone else training.name, style, np.arange(len(losses)), losses)
            )
        if width > 1:
            name = sentence("mean of {n} mini-batches", n=width) if alone else training.name
            with np.errstate(invalid="ignore"):
                mean = moving_average(losses, width)
            drawn.append(Curve(name, _style(k), np.arange(len(mean)) + (width - 1) / 2, mean))
    return chart(
        drawn,
        title=sentence("Loss of each mini-batch") if alone else sentence("Loss, smoothed"),
        alt=_loss_in_words(trainings),
        x_name=sentence("iteration"),
        y_name=sentence("loss (mini-batch)"),
        x_end=max(1.0, *(float(len(training.losses)) for training in trainings)),
    )


def _loss_in_words(trainings: Sequence[Reported]) -> str:
    if len(trainings) != 1:
        return sentence("The losses of {names}, one curve each.", names=_names(trainings))
    finite = trainings[0].losses[np.isfinite(trainings[0].losses)]
    if not finite.size:
        return ""
    return sentence(
        "Curve of the loss: from {first:.4g} at the first update to {last:.4g} at the last; smallest {low:.4g}, "
        "largest {high:.4g}.",
        first=finite[0],
        last=finite[-1],
        low=finite.min(),
        high=finite.max(),
    )


def _accuracies(trainings: Sequence[Reported]) -> Chart | None:
    drawn = []
    for k, training in enumerate(trainings):
        at = np.array([e.iteration for e in training.evaluations])
        marks = len(at) <= 40
        test = np.array([e.test_accuracy for e in training.evaluations])
        if len(trainings) == 1:
            train = np.array([e.train_accuracy for e in training.evaluations])
            drawn.append(Curve(sentence("training data"), "zk-train", at, train, marks))
            drawn.append(Curve(sentence("test data"), "zk-test", at, test, marks))
        else:
            drawn.append(Curve(training.name, _style(k), at, test, marks))
    return chart(
        drawn,
        title=sentence("Accuracy") if len(trainings) == 1 else sentence("Test accuracy"),
        alt=_accuracy_in_words(trainings),
        x_name=sentence("iteration"),
        y_name=sentence("accuracy"),
        y_range=(0.0, 1.0),
    )


def _accuracy_in_words(trainings: Sequence[Reported]) -> str:
    if len(trainings) != 1:
        return sentence("The test accuracies of {names}, one curve each.", names=_names(trainings))
    if not trainings[0].evaluations:
        return ""
    last = trainings[0].evaluations[-1]
    return sentence(
        "Curves of the accuracy: at the end {train:.4f} on training data and {test:.4f} on test data.",
        train=last.train_accuracy,
        test=last.test_accuracy,
    )


def _names(trainings: Sequence[Reported]) -> str:
    return ", ".join(training.name for training in trainings)


def _style(k: int) -> str:
    return f"zk-c{k % STYLES}"
