"""What stands against expecting the bits of a run here: what they depend on, and what of that is another."""

from __future__ import annotations

from zerokara.runs.at_level import variables_for
from zerokara.runs.machine import blas_threads, limited_to
from zerokara.runs.prepared import PreparedRun
from zerokara.runs.provenance import Provenance
from zerokara.runs.resume import differences_of
from zerokara.runs.verdict import Reason
from zerokara.words import sentence


def obstacles_to(came: Provenance, prepared: PreparedRun) -> tuple[Reason, ...]:
    """Why equal bits are not to be expected of this engine, here and now."""
    reasons = []
    for difference in differences_of(came.environment, prepared.provenance.environment):
        if difference.name != "level":
            reasons.append(Reason("other-version", difference.in_words()))
        elif _level_matters(came, prepared):
            reasons.append(Reason("other-level", difference.in_words()))
    if came.forced:
        text = sentence("It went on after a change of versions or processor, so no single training need equal it.")
        reasons.append(Reason("forced", text))
    if came.customized:
        names = ", ".join(came.customized)
        text = sentence("It was trained with its author's own {names}, which may not be what stands here.", names=names)
        reasons.append(Reason("customized", text))
    if came.engine != "compiled" and not _has_threads(came.threads):
        text = sentence("How many threads its matrix library shared a product among cannot be had here.")
        reasons.append(Reason("threads-unknown", text))
    return tuple(reasons)


def _level_matters(came: Provenance, prepared: PreparedRun) -> bool:
    """Whether a difference of levels changes bits: to the compiled core only that of the machine and its own do."""
    if came.engine != "compiled":
        return True
    then, now = came.level.split(", "), prepared.provenance.level.split(", ")
    return (then[0], then[-1]) != (now[0], now[-1])


def variables_to(came: Provenance, prepared: PreparedRun) -> dict[str, str] | None:
    """What brings a process to the level that matters, better still to all of it; None where nothing does."""
    then, now = came.level, prepared.provenance.level
    variables = variables_for(then, now)
    if variables is None and came.engine == "compiled":
        then, now = (", ".join((level.split(", ")[0], level.split(", ")[-1])) for level in (then, now))
        variables = variables_for(then, now)
    return variables


def _has_threads(threads: int) -> bool:
    """Whether the matrix library can be told to use so many."""
    if threads == 0:
        return False
    with limited_to(threads):
        return blas_threads() == threads
