"""When checkpoints are written, which are kept, and what happens when one cannot be."""

import errno
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.errors import RunError
from zerokara.runs.checkpoint import Checkpoint
from zerokara.runs.checkpointer import Checkpointer
from zerokara.runs.folder import FolderLost, RunFolder
from zerokara.runs.prepared import PreparedRun, prepare_run
from zerokara.runs.reading import read_checkpoint
from zerokara.runs.store import CheckpointStore, newest, newest_by, numbered
from zerokara.training.events import Advanced, Ended, Started
from zerokara.training.recipe import Recipe


@pytest.fixture
def prepared() -> PreparedRun:
    return prepare_run(Recipe(dataset="digits", hidden=(2,), batch_size=100, iterations=50), engine="reference")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def checkpointer_of(prepared: PreparedRun, folder: Path, **options: Any) -> Checkpointer:
    return Checkpointer(CheckpointStore(RunFolder(folder)), prepared.trainer, prepared.provenance, **options)


def listed(folder: Path) -> list[int]:
    return sorted(iteration for iteration, _ in numbered(folder))


def context(prepared: PreparedRun) -> dict[str, Any]:
    trainer = prepared.trainer
    return {"network": trainer.network, "history": trainer.history, "request_stop": trainer.request_stop}


def advanced(prepared: PreparedRun) -> Advanced:
    prepared.trainer.advance(prepared.trainer.iteration + 1)
    return Advanced(prepared.trainer.iteration, np.zeros(1), 0.0, **context(prepared))


def test_before_the_first_update_every_two_seconds_and_at_the_end(tmp_path: Path, prepared: PreparedRun) -> None:
    clock = Clock()
    checkpointer = checkpointer_of(prepared, tmp_path, clock=clock)
    checkpointer(Started(0, 50, 1, **context(prepared)))
    assert listed(tmp_path) == [0]
    clock.now = 1.9
    checkpointer(advanced(prepared))
    assert listed(tmp_path) == [0]
    clock.now = 2.0
    checkpointer(advanced(prepared))
    assert listed(tmp_path) == [0, 2]
    clock.now = 3.9
    checkpointer(advanced(prepared))
    assert listed(tmp_path) == [0, 2]
    checkpointer(Ended(3, stopped=True, **context(prepared)))
    assert listed(tmp_path) == [2, 3], "the newest two"
    assert newest(tmp_path, prepared.recipe)[0].iteration == 3


@pytest.mark.parametrize(("cost", "after"), [(0.0, 0.25), (0.01, 0.25), (0.05, 0.5)])
def test_a_change_is_written_soon_and_a_slider_that_is_dragged_not_too_often(
    tmp_path: Path, prepared: PreparedRun, monkeypatch: pytest.MonkeyPatch, cost: float, after: float
) -> None:
    clock = Clock()
    checkpointer = checkpointer_of(prepared, tmp_path, clock=clock)
    put, saved = RunFolder.put, []

    def slow(folder: RunFolder, *args: Any, **options: Any) -> None:
        clock.now += cost
        put(folder, *args, **options)
        saved.append(clock.now)

    monkeypatch.setattr(RunFolder, "put", slow)
    checkpointer.save()
    began = clock.now
    while clock.now < began + 1.9:
        prepared.trainer.change("learning_rate", 0.1 + clock.now)
        checkpointer(advanced(prepared))
        clock.now += 0.05
    between = np.diff([began, *saved[1:]])
    assert len(between) >= 3
    assert between.min() >= after
    assert between.max() < after + 0.15 + cost
    assert newest(tmp_path, prepared.recipe)[0].facts.changes


@pytest.mark.parametrize(("cost", "due"), [(0.001, 2.0), (0.02, 2.0), (0.05, 5.0), (1.0, 30.0)])
def test_a_checkpoint_that_takes_long_makes_the_next_one_wait(
    tmp_path: Path, prepared: PreparedRun, monkeypatch: pytest.MonkeyPatch, cost: float, due: float
) -> None:
    clock = Clock()
    checkpointer = checkpointer_of(prepared, tmp_path, clock=clock)

    def slow(*_: Any, **__: Any) -> None:
        clock.now += cost

    monkeypatch.setattr(RunFolder, "put", slow)
    checkpointer.save()
    assert checkpointer.due - clock.now == pytest.approx(due)
    assert checkpointer.seconds == pytest.approx(cost)


def test_a_clock_on_the_wall_that_jumps_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter([1e9, -5.0, 4e9, 0.0] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    prepared = prepare_run(Recipe(dataset="digits", hidden=(2,), batch_size=100, iterations=50), engine="reference")
    checkpointer = checkpointer_of(prepared, tmp_path)
    prepared.trainer.run(checkpointer)
    assert listed(tmp_path) == [0, 50]


def test_nothing_that_is_not_finite_takes_the_place_of_something_that_is(tmp_path: Path, prepared: PreparedRun) -> None:
    checkpointer = checkpointer_of(prepared, tmp_path)
    checkpointer.save()
    advanced(prepared)
    prepared.trainer.network.params["W1"][0, 0] = np.nan
    checkpointer.save()
    assert listed(tmp_path) == [0]
    prepared.trainer.keep_going = True
    checkpointer.save()
    assert listed(tmp_path) == [0, 1]


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.ENOSPC, "Make room on the disk"), (errno.EDQUOT, "Make room on the disk"),
        (errno.EIO, "Make it possible to write there"), (errno.EROFS, "Make it possible to write there"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(
    tmp_path: Path, prepared: PreparedRun, monkeypatch: pytest.MonkeyPatch, number: int, mend: str
) -> None:
    checkpointer = checkpointer_of(prepared, tmp_path)
    checkpointer.save()
    advanced(prepared)

    def full(*_: Any) -> None:
        raise OSError(number, "It went wrong")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        RunError,
        match=r"of update 1 could not be written: It went wrong\. The checkpoint of update 0 is intact\. "
        rf"{mend}, then go on with",
    ):
        checkpointer.save()
    monkeypatch.undo()
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["0.safetensors"]
    assert newest(tmp_path, prepared.recipe)[0].iteration == 0


def test_an_error_between_updates_saves_and_one_within_an_update_does_not(
    tmp_path: Path, prepared: PreparedRun
) -> None:
    checkpointer = checkpointer_of(prepared, tmp_path)
    advanced(prepared)
    prepared.trainer.optimizer.steps += 1
    checkpointer.save_between_updates()
    assert listed(tmp_path) == []
    prepared.trainer.optimizer.steps -= 1
    checkpointer.save_between_updates()
    assert listed(tmp_path) == [1]


def test_what_a_killed_process_left_behind_is_removed_and_nothing_else(tmp_path: Path, prepared: PreparedRun) -> None:
    checkpointer_of(prepared, tmp_path).save()
    place = tmp_path / "checkpoints"
    ours = [place / ".7.safetensors.0123456789abcdef.part", tmp_path / ".losses.csv.0123456789abcdef.part"]
    theirs = [place / "notes.part", tmp_path / ".hidden", place / ".7.safetensors.part"]
    for file in [*ours, *theirs]:
        file.write_text("x")
    CheckpointStore(RunFolder(tmp_path)).clear_unfinished(fresh=False)
    assert not any(file.exists() for file in ours)
    assert all(file.exists() for file in theirs)


def test_no_whole_checkpoint_names_what_is_wrong_with_each(tmp_path: Path, prepared: PreparedRun) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("5", "12"):
        (tmp_path / "checkpoints" / f"{name}.safetensors").write_text("x")
    with pytest.raises(
        RunError, match=r"No checkpoint of .* can be used. .*12.safetensors cannot be used.*5.safetensors cannot"
    ):
        newest(tmp_path, prepared.recipe)


def test_checkpoints_that_are_replaced_while_they_are_looked_for_are_listed_again(
    tmp_path: Path, prepared: PreparedRun
) -> None:
    """A run being trained: between listing the folder and reading, newer ones came, and those listed went."""
    checkpointer = checkpointer_of(prepared, tmp_path)
    checkpointer.save()
    looks = []

    def read(path: Path, recipe: Recipe) -> Checkpoint:
        if not looks:
            for _ in range(2):
                advanced(prepared)
                checkpointer.save()
        looks.append(path.name)
        return read_checkpoint(path, recipe)

    checkpoint, passed_over = newest_by(read, tmp_path, prepared.recipe)
    assert (checkpoint.iteration, passed_over) == (2, [])
    assert looks == ["0.safetensors", "2.safetensors"]


def test_a_checkpoint_under_another_number_is_refused(tmp_path: Path, prepared: PreparedRun) -> None:
    checkpointer_of(prepared, tmp_path).save()
    (tmp_path / "checkpoints/0.safetensors").rename(tmp_path / "checkpoints/9.safetensors")
    with pytest.raises(RunError, match=r"The file holds the state after 0 updates"):
        newest(tmp_path, prepared.recipe)


def test_a_link_to_a_folder_of_checkpoints_is_not_followed(tmp_path: Path, prepared: PreparedRun) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "run").mkdir(parents=True)
    checkpointer_of(prepared, elsewhere / "run").save()
    before = listed(elsewhere / "run")
    (tmp_path / "checkpoints").symlink_to(elsewhere / "run/checkpoints")
    with pytest.raises(RunError, match=r"checkpoints cannot be used. It is a link"):
        newest(tmp_path, prepared.recipe)
    advanced(prepared)
    with pytest.raises(FolderLost, match=r"of update 1 could not be written: checkpoints is a link"):
        checkpointer_of(prepared, tmp_path).save()
    assert listed(elsewhere / "run") == before
