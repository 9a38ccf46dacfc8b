"""What the doctor says of a training that is watched, as it arises."""

from __future__ import annotations

from typing import Any

from zerokara.doctor.attendant import Attendant
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import with_whole_data
from zerokara.findings import Finding, Findings
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.reporting import untried

MOST_FEATURES = 1_024
"""Of data that are looked at as a whole: the time that takes grows with the third power, and is a second here."""


class Remarks(Attendant):
    """Keeps what was found, and since when."""

    def __init__(self, prepared: PreparedRun) -> None:
        super().__init__(prepared.recipe, prepared.dataset)
        self._prepared = prepared
        self._found: list[tuple[int, Finding]] = []
        self._whole: Findings | None = None

    def _speak(self, iteration: int) -> None:
        self._add(iteration, findings_of(self.watcher.evidence(), asked=False))

    def _end(self, iteration: int) -> None:
        evidence = self.watcher.evidence()
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
