"""A recipe that takes the first training samples alone: whoever meets its run sees those and no others.

Witness: NumPy on the first rows of the data, forward pass written out here.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import zerokara
from zerokara.doctor.watching import gathered
from zerokara.engine.compiled import core
from zerokara.errors import UsageError
from zerokara.report.page import page
from zerokara.runs.branching import branched
from zerokara.runs.diagnosis import held_out, trial_of
from zerokara.runs.folder import RunFolder
from zerokara.runs.prepared import prepare_run
from zerokara.runs.reporting import reported
from zerokara.runs.resume import check_same_recipe, reopen
from zerokara.training.build import build_trainer
from zerokara.training.events import Advanced, Event
from zerokara.training.recipe import Recipe

N = 150
RECIPE = Recipe("digits", samples=N, hidden=4, batch_size=40, epochs=3, learning_rate=0.5, init=0.3)
ENGINES = ["reference", pytest.param("compiled", marks=pytest.mark.skipif(core() is None, reason="no compiled core"))]
EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def train(out: Path, name: str, engine: str = "reference", **options: Any) -> zerokara.Run:
    return zerokara.train(recipe=RECIPE, out=out, name=name, engine=engine, plots=False, **options)


def answers(params: dict[str, NDArray[Any]], x: NDArray[np.float32]) -> NDArray[np.intp]:
    return (np.maximum(x @ params["W1"] + params["b1"], 0) @ params["W2"] + params["b2"]).argmax(axis=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_epochs_accuracies_and_batches_are_of_these_samples(tmp_path: Path, engine: str) -> None:
    run = train(tmp_path, "run", engine, sampling="epoch")
    digits = zerokara.load("digits")
    assert run.iterations == 3 * 4, "of 40, 40, 40 and 30"
    assert [evaluation.epoch for evaluation in run.history.evaluations] == [0, 1, 2, 3]
    right = answers(run.network.params, digits.train.x[:N]) == digits.train.t[:N]
    assert run.history.evaluations[-1].train_accuracy == right.mean()
    assert run.history.evaluations[-1].test_accuracy == np.mean(
        answers(run.network.params, digits.test.x) == digits.test.t
    )
    drawn = [RECIPE.make_batches(N).rows(i, i + 1) for i in range(12)]
    assert max(rows.max() for rows in drawn) < N <= len(digits.train)
    told = json.loads((run.path / "run.json").read_text())["data"]
    assert (told["train"], told["test"], told["checksum"]) == (N, 359, digits.checksum)


@pytest.mark.parametrize("engine", ENGINES)
def test_going_on_after_a_stop_gives_the_same_bytes_and_is_proven(tmp_path: Path, engine: str) -> None:
    whole = train(tmp_path, "whole", engine)

    def stop(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration == 5:
            event.request_stop()

    prepared = prepare_run(RECIPE, engine=engine, listeners=[stop])
    prepared.trainer.chunk = 1
    prepared.run_into(RunFolder.create(tmp_path, "stopped", "digits"), plots=False)
    again = reopen(tmp_path / "stopped")
    assert (again.prepared.trainer.iteration, len(again.prepared.dataset.train)) == (5, N)
    again.prepared.run_into(again.folder, plots=False)
    for name in EXACT:
        assert (tmp_path / "stopped" / name).read_bytes() == (whole.path / name).read_bytes(), name
    assert zerokara.verify(tmp_path / "stopped").verdict == "same-bits"


def test_another_number_of_samples_is_another_run(tmp_path: Path) -> None:
    run = train(tmp_path, "run")
    with pytest.raises(UsageError, match=rf"was begun with samples {N}\. Got None; nothing was changed"):
        check_same_recipe(run.path, Recipe.from_values({**vars(run.recipe), "samples": None}))
    text = (run.path / "recipe.toml").read_text()
    for now, said in ((f"samples = {N + 1}\n", N + 1), ("", None)):
        (run.path / "recipe.toml").write_text(text.replace(f"samples = {N}\n", now))
        assert f"samples was {N}, and recipe.toml now says {said}" in str(zerokara.verify(run.path).reasons[0].text)


def test_opened_reported_and_evaluated_it_has_the_same_data(tmp_path: Path) -> None:
    run = zerokara.open_run(train(tmp_path, "run").path)
    assert len(run.dataset.train) == N
    assert run.evaluate().own
    assert f"<td>{N}</td>" in page([reported(run)]).replace(" ", "").replace("\n", "")


def test_a_branch_and_other_recipes_on_data_that_were_cut(tmp_path: Path) -> None:
    before = prepare_run(RECIPE, engine="reference")
    prepared = branched(before, "run", before.trainer.moment())
    assert len(prepared.dataset.train) == N
    assert len(build_trainer(Recipe("digits"), prepared.dataset).dataset.train) == 1438
    assert len(build_trainer(Recipe("digits", samples=N + 9), prepared.dataset).dataset.train) == N + 9


def test_trials_hold_out_some_of_these_samples(tmp_path: Path) -> None:
    dataset = RECIPE.data_from(zerokara.load("digits"))
    evidence = gathered(RECIPE, dataset, engine="reference")
    assert (evidence.setting.samples, evidence.total) == (N, 12)
    part = held_out(dataset, 0)
    assert (len(part.train), len(part.test)) == (N - 15, 15)
    trial = trial_of(RECIPE.resolved(), dataset)({"learning_rate": 0.1})
    assert trial is not None
    assert len(trial.right) == N, "ten tenths, one after the other, as they are so few"


def test_more_than_there_are_and_fewer_than_a_batch(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"samples must be at most the 1438 training samples of digits\. Got 2000\."):
        train(tmp_path, "none", samples=2000)
    with pytest.raises(UsageError, match="batch_size must be at most the 30 training samples with sampling epoch"):
        train(tmp_path, "none", samples=30, sampling="epoch")
    assert not (tmp_path / "none").exists()
    assert train(tmp_path, "few", samples=30).iterations == 3, "with replacement a batch may be larger"
