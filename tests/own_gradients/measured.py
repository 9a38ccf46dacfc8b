"""What the check says of a source: the findings, how long it took, and whether that is right."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from zerokara.findings import Findings
from zerokara.own_gradients.checking import checked
from zerokara.own_gradients.reading import subjects_of

from .contradictions import contradicted, facts_of
from .correct import Variation
from .planted import LARGE, SMALL, Network, batch, drawn, made
from .random_edits import RandomEdit

Sizes = tuple[int, int, int]


@dataclass(frozen=True)
class Verdict:
    """What was said of one network.

    Attributes:
        findings: in their order.
        seconds: of CPU time that reading and checking took.
        refused: what was said instead, where it could not be checked.
    """

    findings: Findings
    seconds: float
    refused: str = ""

    @property
    def causes(self) -> list[str]:
        """Of all findings."""
        return [finding.cause for finding in self.findings]

    @property
    def first(self) -> str:
        """The cause of the first finding; "" where it was silent, "refused" where it could not be checked."""
        return "refused" if self.refused else self.causes[0] if self.findings else ""

    def names(self, causes: Iterable[str]) -> bool:
        """Whether the first finding is one of these."""
        return self.first in set(causes)

    def has_line(self, lines: Iterable[int]) -> bool:
        """Whether the first finding stands on one of these lines."""
        return bool(self.findings) and self.findings[0].line in set(lines)


def verdict_on(
    style: str,
    source: str,
    folder: Path,
    sizes: Sizes = SMALL,
    labels: str = "one-hot",
    rows: int = 30,
    weights: int | None = None,
) -> Verdict:
    """The verdict on a source's network.

    Args:
        weights: a seed to draw weights from; None leaves those that the source made.
    """
    network = made(style, source, folder, sizes)
    if weights is not None:
        drawn(network, weights)
    x, t = batch(sizes, rows, seed=11)
    return verdict(network, x, np.argmax(t, axis=1) if labels == "integer" else t)


def verdict(network: Network, x: Any, t: Any) -> Verdict:
    """The verdict on a network that is made."""
    obj = vars(network.obj) if isinstance(network.obj, ModuleType) else network.obj
    began = time.process_time()
    try:
        with redirect_stdout(io.StringIO()):
            findings = [found for subject in subjects_of(obj, x, t) for found in checked(subject).findings]
    except Exception as error:
        return Verdict(Findings(), time.process_time() - began, f"{type(error).__name__}: {error}")
    return Verdict(Findings(findings), time.process_time() - began)


SETTINGS: dict[str, tuple[Sizes, int | None]] = {"9-6-4": (SMALL, 5), "784-50-10": (LARGE, None)}
"""For correct classes: sizes, and the seed that weights are drawn from, or None for those of the class itself."""


def verdict_on_correct(variation: Variation, setting: str, folder: Path) -> Verdict:
    """The verdict on a correct class at one of the `SETTINGS`."""
    sizes, weights = SETTINGS[setting]
    return verdict_on(variation.style, variation.source, folder, sizes, variation.labels, weights=weights)


def judged(edit: RandomEdit, verdict: Verdict, folder: Path) -> str:
    """What became of a random edit: "named" only if the name does not contradict the witness's arithmetic."""
    if verdict.refused:
        return "refused"
    if not edit.wrong:
        return "accused" if verdict.findings else "silent on harmless"
    if not verdict.findings:
        return "silent"
    if verdict.first == "unknown-difference":
        return "unknown"
    facts = facts_of(made(edit.style, edit.source, folder))
    return "contradicted" if contradicted(verdict.first, edit.style, facts) else "named"
