"""Going on from an earlier update of a run, in a folder of its own: the run that it was stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.training.events import Listener
from zerokara.training.history import History
from zerokara.training.trainer import Moment


def branched(
    before: PreparedRun,
    name: str,
    moment: Moment,
    history: History | None = None,
    *,
    threads: int | None = None,
    listeners: Sequence[Listener] = (),
) -> PreparedRun:
    """A new run that is ready to go on from a moment of another one, with the same recipe, data and engine.

    `run_into` a new folder writes its first checkpoint, of that moment, before the first update. From the beginning on,
    recipe and changes give the same bits, so that it can be verified without its parent.

    Args:
        before: the run that it goes on from. Nothing of it is changed.
        name: of that one's folder, which is recorded.
        moment: of its trainer, taken by `Trainer.moment`.
        history: of its trainer, up to that moment or beyond; by default what it is now.
        threads, listeners: as in `zerokara.train`.
    """
    prepared = prepare_run(
        before.recipe,
        before.dataset,
        engine=before.provenance.engine,
        threads=threads,
        keep_going=before.provenance.keep_going,
        listeners=listeners,
    )
    prepared.trainer.go_to(moment, before.trainer.history if history is None else history)
    provenance = prepared.provenance.branching(before.provenance, name, moment.iteration)
    return replace(prepared, provenance=provenance)
