"""A run as a page or a comparison shows it."""

from __future__ import annotations

from dataclasses import asdict

from zerokara.data.dataset import Dataset
from zerokara.errors import ZerokaraError
from zerokara.report.reported import Reported
from zerokara.runs.answering import answers_of
from zerokara.runs.run import Run


def reported(run: Run) -> Reported:
    """A run with what its network answers to its test part; what is missing is said."""
    dataset, missing = _data(run)
    return Reported(
        name=run.path.name,
        state=run.state,
        recipe=asdict(run.recipe),
        origin={"checksum": run.checksum, "engine": run.engine},
        losses=run.history.losses,
        evaluations=tuple(run.history.evaluations),
        params=run.network.params,
        described=run.described,
        dataset=dataset,
        missing=missing,
        answers=None if dataset is None else answers_of(run.network, dataset.test, run.engine),
    )


def _data(run: Run) -> tuple[Dataset | None, tuple[str, ...]]:
    try:
        return run.dataset, ()
    except ZerokaraError as error:
        return None, (str(error),)
