"""What comes of preparing a picture for a network: its inputs, every stage on the way, and doubts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

DoubtCode = Literal["no-ink", "two-digits", "cut", "faint", "paper", "uncertain"]
"""No ink; more than one digit; cut by the edge; too faint; two ways of reading the paper disagree; a low certainty."""


@dataclass(frozen=True)
class Doubt:
    """A reason not to believe an answer.

    Attributes:
        code: the same in every language.
        text: a whole sentence in the language that is spoken.
    """

    code: DoubtCode
    text: str = field(compare=False)


@dataclass(frozen=True, eq=False)
class Stage:
    """What a step of the preparation made.

    Attributes:
        label: what it is called, in the language that is spoken.
        picture: (height, width) uint8, 0 black to 255 white.
    """

    label: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as a network gets it.

    Attributes:
        inputs: (ways, features) float32: one row, or two where the paper can be read in two ways, the likelier first.
        image_shape: of the picture that a row is.
        stages: in the order in which they were made.
        doubts: those that need no network.
    """

    inputs: NDArray[np.float32]
    image_shape: tuple[int, ...]
    stages: tuple[Stage, ...] = ()
    doubts: tuple[Doubt, ...] = ()
