"""A run that is ready to be trained: what it asks the disk for is what it writes."""

from pathlib import Path

import numpy as np
import pytest

import zerokara
from zerokara import open_run, train
from zerokara.errors import RunError
from zerokara.nn.activations import ACTIVATIONS, Sigmoid
from zerokara.runs.folder import ROOM_FOR_REPORTS, RunFolder
from zerokara.runs.resume import reopen
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


def test_weights_of_somebodys_own_relu_are_not_read_as_those_of_zerokaras(tmp_path, monkeypatch):
    """The same file of weights, another network: it would answer, and wrongly."""
    with monkeypatch.context() as patch:
        patch.setitem(ACTIVATIONS, "relu", type("Mine", (Sigmoid,), {}))
        run = train("digits", activation="relu", iterations=2, out=tmp_path, plots=False)
        x = run.dataset.test.x[:5]
        np.testing.assert_array_equal(open_run(run.path).network.predict(x), run.network.predict(x))
    with pytest.raises(RunError, match="was trained with its author's own activation='relu'"):
        open_run(run.path)
    with pytest.raises(RunError, match="Put the author's into its table"):
        reopen(run.path, epochs=5)
