"""Evidence → findings: the causes in the order in which they are asked about, each by one function."""

from __future__ import annotations

from zerokara.doctor.evidence import Evidence
from zerokara.findings import Findings


def findings_of(evidence: Evidence, *, asked: bool) -> Findings:
    """Why a training goes, or went, badly; none where it did not.

    Args:
        evidence: at the start facts of the start are said, from 30 % of the run on the rest, overfitting at its end.
        asked: whether somebody wants to know: a run that is only a little worse than it could be is else passed over.
    """
    return Findings(())
