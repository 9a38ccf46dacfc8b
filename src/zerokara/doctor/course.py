"""How a training went, as the rules look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zerokara.doctor.evidence import Evidence
from zerokara.doctor.probes import LATEST, Probe
from zerokara.doctor.symptoms import symptoms
from zerokara.findings import Finding
from zerokara.words import sentence

KNOWS_NOTHING = 0.9
"""The level, of which 1 is what a network has that knows nothing, from which on nothing was learnt."""


@dataclass(frozen=True)
class Course:
    """How a training went, as the rules look at it: what they need is there, or None.

    Attributes:
        evidence: all of it.
        look: the probe that is judged, at 30 % of the run or at its end.
    """

    evidence: Evidence
    look: Probe

    @property
    def first(self) -> Probe | None:
        """The probe before the first update."""
        return self.evidence.first

    @cached_property
    def rising(self) -> float | None:
        """The share of updates, of those that were looked at, after which the loss of their batch was higher."""
        rises = self.evidence.rises
        moved = rises[np.abs(rises[:, 2] - rises[:, 1]) > 1e-4 * np.abs(rises[:, 1])]
        return float(np.mean(~(moved[:, 2] <= moved[:, 1]))) if len(moved) >= 5 else None

    @cached_property
    def line(self) -> float | None:
        """The line test: that of the end where the probe comes so early that there were no steps to speak of."""
        last = self.evidence.last
        return last.line if last is not None and self.look.iteration < LATEST else self.look.line

    @property
    def since(self) -> int:
        """The update from which on it shows."""
        divergence = self.evidence.divergence
        return self.look.iteration if divergence is None else divergence.iteration

    def finding(
        self,
        cause: str,
        text: str,
        remedy: str,
        change: dict[str, Any] | None = None,
        since: int | None = None,
        **numbers: Any,
    ) -> Finding:
        """One with the symptoms that the probe shows; it shows since then, unless it is known since when."""
        return Finding(
            cause=cause,
            text=text,
            symptoms=symptoms(self.look),
            since=self.since if since is None else since,
            evidence={"level": self.look.level, "accuracy": self.look.accuracy, **numbers},
            remedy=remedy,
            change=change,
        )


def try_value(name: str, value: Any) -> str:
    """The remedy that is one field of a recipe."""
    return sentence("Try {change}.", change=f"{name} {value}")
