"""What the doctor says beside the table while a network trains, and at the end of a training that went badly."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property

from zerokara.cli.console import ConsoleReporter
from zerokara.doctor.attendant import Attendant
from zerokara.doctor.evidence import Evidence
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import with_whole_data
from zerokara.findings import Finding, Findings
from zerokara.runs.prepared import PreparedRun, advice_for
from zerokara.runs.reporting import untried
from zerokara.runs.run import DIVERGED, Run

logger = logging.getLogger(__name__)

SECONDS = 5.0
"""That trials at the end of a training may take."""
FEW = 100
"""A training of fewer updates is over before anybody has read what was said on the way."""


class Attending(Attendant):
    """Says a cause once, and nothing where all is well.

    Args:
        trials: whether to try at the end what is proposed, where that takes no longer than 5 s.
    """

    def __init__(self, prepared: PreparedRun, reporter: ConsoleReporter, *, trials: bool) -> None:
        super().__init__(prepared.recipe, prepared.dataset, fewest=FEW)
        self.prepared, self.reporter, self.trials = prepared, reporter, trials
        self.said: set[str] = set()

    def _speak(self, iteration: int) -> None:
        """In short: symptoms and proof come at the end."""
        new = self._new(findings_of(self.watcher.evidence(), asked=False))
        self.said |= {finding.cause for finding in new}
        for finding in new:
            self.reporter.remark(str(Findings([replace(finding, symptoms=())])))

    def _end(self, iteration: int) -> None:
        """Nothing yet: `conclude` speaks when the run is kept."""

    def _new(self, found: Findings) -> list[Finding]:
        """What was not said yet, without changes, which nobody has tried."""
        return [finding for finding in untried(found) if finding.cause not in self.said]

    def found(self) -> Findings | None:
        """What the page of the run says at its end; None where the doctor failed, or did not see the end."""
        if self.failed or not self.watcher.evidence().ended:
            return None
        evidence = self.watcher.evidence()
        if not findings_of(evidence, asked=False):
            return Findings()
        return untried(findings_of(self._whole, asked=False))

    def conclude(self, run: Run) -> bool:
        """After the run was kept: what kept it from learning, with what was tried, or the command that tries it.

        Returns whether nothing is left to ask. The error of a run that diverged has the command by itself.
        """
        settled = False
        try:
            text, settled = ("", True) if self.failed else self._conclusion(run)
        except KeyboardInterrupt:
            text = ""
        except Exception:  # the run is kept, and finished
            logger.warning("the doctor failed", exc_info=True)
            return False
        advice = "" if settled or run.state == DIVERGED else advice_for(run.path)
        if told := [part for part in (text, advice) if part]:
            self.reporter.remark("\n" + "\n\n".join(told))
        return settled and bool(text)

    def _conclusion(self, run: Run) -> tuple[str, bool]:
        """What is to be said, and whether that is all there is."""
        evidence = self.watcher.evidence()
        if not findings_of(evidence, asked=False):
            return "", True
        from zerokara.cli.doctor import in_words  # of which a healthy training has no need
        from zerokara.runs import diagnosis

        evidence = self._whole
        parts = diagnosis.parts_of(len(self.prepared.dataset.train))
        if not self.trials or not self._has_time(run, 2 * parts):
            return str(Findings(self._new(findings_of(evidence, asked=False)))), False
        recipe = diagnosis.by_backprop(self.prepared.recipe)
        train = diagnosis.trial_of(recipe, self.prepared.dataset, seconds=SECONDS, changes=evidence.changes)
        came = diagnosis.concluded(evidence, recipe, train, asked=False, seconds=SECONDS)
        if not came.outcome.complete and not any(finding.proven for finding in came.findings):
            return "", False
        return in_words(came, run.path) if came.findings or came.ill else "", True

    @cached_property
    def _whole(self) -> Evidence:
        """What is known at the end, with the facts that take a look at all the data."""
        return with_whole_data(self.watcher.evidence(), self.prepared.dataset)

    def _has_time(self, run: Run, trainings: int) -> bool:
        """Whether so many trainings end in time if they are as fast as this one; one that diverged cannot tell."""
        return run.iterations < self.total or trainings * run.history.seconds < SECONDS
