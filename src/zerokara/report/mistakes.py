"""The test pictures that the network was surest about, and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset
from zerokara.report.classes import names_of
from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.report.sprites import can_be_seen, ink_sprite, most_of
from zerokara.words import plural, sentence

if TYPE_CHECKING:
    from markupsafe import Markup

COLUMNS = 8
MOST = 24


def mistakes(training: Reported) -> Markup | None:
    """The surest mistakes with their labels, what was seen, and the probabilities of both."""
    answers, dataset = training.answers, training.dataset
    if answers is None or dataset is None or not len(answers):
        return None
    wrong = answers.confidently_wrong
    if answers.right.all():
        return rendered("mistakes.html", told=sentence("No answer to a test picture was wrong."), pictures=[])
    if not len(wrong):  # the others have no answer
        return None
    seen = can_be_seen(dataset.image_shape)
    chosen = wrong[: min(MOST, most_of(dataset.image_shape)) if seen else MOST]
    names = names_of(training, answers)
    sprite = ink_sprite(pictures_of(dataset, chosen), COLUMNS) if seen else None
    told = plural(
        "Of {n:,} mistake, this one was made with the most certainty. Below each picture: its label → what the network "
        "saw, and the probability of each.",
        "Of {n:,} mistakes, these were made with the most certainty. Below each picture: its label → what the network "
        "saw, and the probability of each.",
        n=len(wrong),
    )
    shown = []
    for k, i in enumerate(chosen.tolist()):
        label, answer = int(answers.labels[i]), int(answers.answers[i])
        p, q = answers.probabilities[i, [label, answer]].tolist()
        alt = sentence(
            "Test picture {i}: labelled {label} (probability {p:.3f}), seen as {answer} (probability {q:.3f}).",
            i=i,
            label=names[label],
            answer=names[answer],
            p=p,
            q=q,
        )
        place = sprite.place(k) if sprite else (0, 0)
        names_shown = f"{names[label]} → {names[answer]}"
        shown.append({"alt": alt, "names": names_shown, "shares": f"{p:.3f} → {q:.3f}", "place": place})
    return rendered("mistakes.html", told=told, pictures=shown, sprite=sprite)


def pictures_of(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[Any]:
    """(n, height, width) test pictures as ink: 1 where they differ most from their background."""
    values = dataset.test.rows(rows, np.float64).reshape(-1, *dataset.image_shape)
    low, high = np.nanmin(values), np.nanmax(values)
    scaled = (values - low) / (high - low) if high > low else values * 0
    edges = np.concatenate([scaled[:, [0, -1], :].ravel(), scaled[:, :, [0, -1]].ravel()])
    return 1 - scaled if np.nanmedian(edges) > 0.5 else scaled
