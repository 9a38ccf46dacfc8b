"""The weights of the first layer as pictures: what each of its units looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zerokara.report.reported import Reported
from zerokara.report.section import rendered
from zerokara.report.sprites import can_be_seen, most_of, signed_sprite
from zerokara.words import paragraph, plural, sentence

if TYPE_CHECKING:
    from markupsafe import Markup

COLUMNS = 10
MOST = 100


def weights(training: Reported) -> Markup | None:
    """The columns of W1 with the largest weights, in the order of their norms."""
    described, W1 = training.described, training.params.get("W1")
    if described is None or W1 is None or not can_be_seen(described.image_shape):
        return None
    if W1.ndim != 2 or W1.shape[0] != int(np.prod(described.image_shape)) or not W1.shape[1]:
        return None
    norms = np.linalg.norm(np.nan_to_num(W1.astype(np.float64)), axis=0)
    chosen = np.argsort(-norms, kind="stable")[: min(MOST, most_of(described.image_shape))]
    sprite = signed_sprite(W1.T[chosen].reshape(-1, *described.image_shape), COLUMNS)
    told = paragraph(
        sentence(
            "Each picture is what one unit multiplies the pixels by: orange adds to the unit's sum, blue takes away "
            "from it."
        ),
        _which(len(chosen), W1.shape[1]),
    )
    alt = plural("The weights of {n} unit as a picture.", "The weights of {n} units as pictures.", n=len(chosen))
    return rendered("weights.html", told=told, alt=alt, sprite=sprite)


def _which(shown: int, units: int) -> str:
    if shown < units:
        return sentence(
            "The {shown} units with the largest weights are shown, of {units:,}, the largest first.",
            shown=shown,
            units=units,
        )
    return sentence("The units with the largest weights come first.")
