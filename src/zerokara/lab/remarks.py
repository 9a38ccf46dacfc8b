"""What the doctor says of a training that is watched, as it arises."""

from __future__ import annotations

import logging
from typing import Any

from zerokara.doctor.evidence import EARLY
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import Watcher, with_whole_data
from zerokara.findings import Finding, Findings
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.reporting import untried
from zerokara.training.events import Advanced, Ended, Event, Started

logger = logging.getLogger(__name__)

MOST_FEATURES = 1_024
"""Of data that are looked at as a whole: the time that takes grows with the third power, and is a second here."""


class Remarks:
    """A listener of a training that begins at its first update: facts of the start at its start, the rest at 30 % and
    at the end.
    """

    def __init__(self, prepared: PreparedRun) -> None:
        self._prepared = prepared
        self._watcher = Watcher(prepared.recipe, prepared.dataset)
        self._found: list[tuple[int, Finding]] = []
        self._whole: Findings | None = None
        self._early = self._total = 0
        self._silent = False

    def __call__(self, event: Event) -> None:
        """Watch, and speak where it is time to."""
        if self._silent:
            return
        try:
            self._hear(event)
        except Exception:  # a training is worth more than what is said about it
            logger.warning("the doctor failed", exc_info=True)
            self._silent = True

    def _hear(self, event: Event) -> None:
        if isinstance(event, Ended) and event.stopped and event.divergence is None:
            return
        self._watcher(event)
        match event:
            case Started():
                self._total, self._early = event.total, round(EARLY * event.total)
                self._speak(event.first)
            case Advanced() if self._early <= event.iteration < self._total:
                self._early = self._total
                self._speak(event.iteration)
            case Ended():
                self._conclude(event.iteration)

    def _speak(self, iteration: int) -> None:
        self._add(iteration, findings_of(self._watcher.evidence(), asked=False))

    def _conclude(self, iteration: int) -> None:
        evidence = self._watcher.evidence()
        self._whole = Findings()
        if findings_of(evidence, asked=False):
            if self._prepared.dataset.train.pixels.shape[1] <= MOST_FEATURES:
                evidence = with_whole_data(evidence, self._prepared.dataset)
            self._whole = untried(findings_of(evidence, asked=False))
            self._add(iteration, self._whole)

    def _add(self, iteration: int, found: Findings) -> None:
        said = {finding.cause for _, finding in self._found}
        new = [(iteration, finding) for finding in untried(found) if finding.cause not in said]
        self._found = [*self._found, *new]

    def found(self) -> Findings | None:
        """What the page of the run says at its end; None where the end was not seen."""
        return self._whole

    def by(self, iteration: int, prepared: PreparedRun) -> Remarks:
        """Those of a training that goes on from an earlier update: only what had been said before it."""
        remarks = Remarks(prepared)
        remarks._found = [(said, finding) for said, finding in self._found if said < iteration]
        return remarks

    @property
    def count(self) -> int:
        """How many causes were found."""
        return len(self._found)

    def up_to(self, iteration: int) -> list[dict[str, Any]]:
        """What had been said after so many updates, for the page."""
        return [
            {
                "cause": finding.cause,
                "title": finding.heading,
                "text": finding.told,
                "symptoms": list(finding.symptoms),
                "since": finding.since,
            }
            for said, finding in self._found
            if said <= iteration
        ]
