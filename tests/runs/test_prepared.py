"""A run that is ready to be trained: what it asks the disk for is what it writes."""

from pathlib import Path

import pytest

import zerokara
from zerokara.runs.folder import ROOM_FOR_REPORTS, RunFolder
from zerokara.training.optimizers import OPTIMIZERS


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_room_asked_for_is_that_of_three_checkpoints_weights_and_tables(
    optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checkpoints are kept while the third is written; with Adam each holds three numbers per weight."""
    asked: list[int] = []
    monkeypatch.setattr(RunFolder, "check_space", lambda _, needed: asked.append(needed))
    run = zerokara.train("digits", out=tmp_path, optimizer=optimizer, hidden=1000, iterations=40, plots=False)
    checkpoint = max(path.stat().st_size for path in run.path.glob("checkpoints/*"))
    others = sum(path.stat().st_size for path in run.path.iterdir() if path.suffix in (".csv", ".safetensors"))
    (needed,) = asked
    assert 3 * checkpoint + others < needed < 3 * checkpoint + others + 1.1 * ROOM_FOR_REPORTS
    heads = 4 * 3_000  # of names and facts; these are what the room for reports has to spare
    assert needed - ROOM_FOR_REPORTS > 3 * checkpoint + others - heads
