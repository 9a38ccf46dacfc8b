"""What the doctor says beside the table while a network trains, and at the end of a training that went badly."""

from __future__ import annotations

import logging
from dataclasses import replace

from zerokara.cli.console import ConsoleReporter
from zerokara.cli.doctor import in_words
from zerokara.doctor.evidence import EARLY
from zerokara.doctor.rules import findings_of
from zerokara.doctor.watching import Watcher, with_whole_data
from zerokara.findings import Finding, Findings
from zerokara.runs.diagnosis import by_backprop, concluded, trial_of
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.run import Run
from zerokara.runs.untrusted import command
from zerokara.training.events import Advanced, Ended, Event, Started
from zerokara.words import sentence

logger = logging.getLogger(__name__)

SECONDS = 5.0
"""That trials at the end of a training may take."""


class Attending:
    """A listener of a training that begins at its first update. It says a cause once, and nothing where all is well.

    Args:
        trials: whether to try at the end what is proposed, where that takes no longer than 5 s.
    """

    def __init__(self, prepared: PreparedRun, reporter: ConsoleReporter, *, trials: bool) -> None:
        self.prepared, self.reporter, self.trials = prepared, reporter, trials
        self.watcher = Watcher(prepared.recipe, prepared.dataset)
        self.said: set[str] = set()
        self.waits = True
        self.failed = False

    def __call__(self, event: Event) -> None:
        """Watch, and say facts of the start at the start and the rest at 30 % of the run."""
        if not self.failed:
            try:
                self._hear(event)
            except Exception:  # a training is worth more than what is said about it
                logger.warning("the doctor failed", exc_info=True)
                self.failed = True

    def _hear(self, event: Event) -> None:
        if isinstance(event, Ended) and event.stopped and event.divergence is None:
            return  # whoever stops a training waits for nothing more
        self.watcher(event)
        match event:
            case Started():
                self.total = event.total
                self._speak()
            case Advanced() if self.waits and EARLY * self.total <= event.iteration < self.total:
                self.waits = False
                self._speak()

    def _speak(self) -> None:
        for finding in findings_of(self.watcher.evidence(), asked=False):
            if finding.cause not in self.said:
                self.said.add(finding.cause)
                self.reporter.remark(str(Findings([_unproven(finding)])))

    def conclude(self, run: Run) -> None:
        """After the run was kept: what kept it from learning, with what was tried, or the command that tries it."""
        if self.failed:
            return
        try:
            text = self._conclusion(run)
        except KeyboardInterrupt:
            text = self._pointer(run)
        if text:
            self.reporter.remark(f"\n{text}")

    def _conclusion(self, run: Run) -> str:
        """ "" where nothing was found."""
        evidence = self.watcher.evidence()
        if not findings_of(evidence, asked=False):
            return ""
        evidence = with_whole_data(evidence, self.prepared.dataset)
        if not self.trials or self._expected_seconds(run) > SECONDS:
            return self._untried(findings_of(evidence, asked=False), run)
        recipe = by_backprop(self.prepared.recipe)
        train = trial_of(recipe, self.prepared.dataset, seconds=SECONDS)
        diagnosis = concluded(evidence, recipe, train, asked=False, seconds=SECONDS)
        if diagnosis.findings and (diagnosis.outcome.complete or diagnosis.findings[0].proven):
            return in_words(diagnosis, run.path)
        return self._pointer(run)

    def _untried(self, found: Findings, run: Run) -> str:
        new = [_unproven(finding) for finding in found if finding.cause not in self.said]
        return "\n\n".join(filter(None, [str(Findings(new)), self._pointer(run)])) if found else ""

    def _expected_seconds(self, run: Run) -> float:
        """Of two whole trainings, the fewest that trials make, as fast as this one was."""
        return 2 * run.history.seconds * self.total / max(run.iterations, 1)

    def _pointer(self, run: Run) -> str:
        return sentence("why, and what helps: {command}", command=command("doctor", run.path))


def _unproven(finding: Finding) -> Finding:
    """Without a change that nobody has tried yet."""
    return replace(finding, change=None, remedy="") if finding.change else finding
