"""The brightness of the paper, so that a shadow on it is told from ink: contrast = 1 - picture ÷ paper."""

from __future__ import annotations

import numpy as np

from zerokara.handwriting.opening import Gray
from zerokara.handwriting.windows import blurred, greatest, local_median, scaled, shape_within, smallest

DARKEST = 0.02
"""Of a paper that ink can be seen on: a division by less would only enlarge noise."""


SKEWED = 0.1
"""A skewness of more decides about the polarity."""


def ink_is_light(gray: Gray) -> bool:
    """Whether the ink is lighter than what it is on.

    Ink is rare: around it, the differences from the local median are skewed to its side. Where they are not, the
    brightness of the whole decides.
    """
    small = scaled(gray, shape_within(gray.shape, 48), "BOX")
    border = [side // 12 for side in small.shape]
    inner = small[border[0] : small.shape[0] - border[0], border[1] : small.shape[1] - border[1]]
    differences = inner - local_median(inner, max(inner.shape) // 3 | 1)
    spread = float(differences.std())
    skewness = float(((differences - differences.mean()) ** 3).mean()) / spread**3 if spread > 1e-4 else 0.0
    if abs(skewness) > SKEWED:
        return skewness > 0
    return float(np.median(inner)) < 0.5


def closed_paper(gray: Gray) -> Gray:
    """The paper as the picture without whatever dark is thinner than a sixth of it: a morphological closing."""
    small = scaled(gray, shape_within(gray.shape, 160), "BOX")
    window = 160 // 6 | 1
    reach = window - 1
    closed = smallest(greatest(np.pad(small, reach, mode="edge"), window), window)
    return _as_paper(blurred(closed, 2.0), gray)


def smooth_paper(gray: Gray) -> Gray:
    """The paper as light that changes slowly: the brightest nearby, of 36×36."""
    small = scaled(gray, (36, 36), "BOX")
    return _as_paper(blurred(greatest(np.pad(small, 4, mode="edge"), 9), 4.0), gray)


def _as_paper(small: Gray, gray: Gray) -> Gray:
    paper: Gray = np.clip(scaled(small, (gray.shape[0], gray.shape[1])), DARKEST, None)
    return paper


def contrast_to(gray: Gray, paper: Gray) -> Gray:
    """How much darker than the paper each pixel is: 0 as bright, 1 black; the median is 0."""
    contrast = blurred(1 - gray / paper, 1.2)
    contrast -= np.median(contrast)
    return contrast


def noise_of(contrast: Gray) -> float:
    """The standard deviation of what is not ink, from the median of absolute deviations."""
    return 1.48 * float(np.median(np.abs(contrast)))
