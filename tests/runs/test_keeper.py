"""When checkpoints are written, which are kept, and what happens when one cannot be."""

import errno
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerokara.errors import RunError
from zerokara.runs.assemble import Assembly, assemble
from zerokara.runs.checkpoint import Checkpoint
from zerokara.runs.folder import FolderLost, RunFolder
from zerokara.runs.keeper import Keeper, newest, newest_by, numbered, prepare
from zerokara.runs.verify import read_checkpoint
from zerokara.training.events import Advanced, Ended, Started
from zerokara.training.recipe import Recipe


@pytest.fixture
def assembly() -> Assembly:
    return assemble(Recipe(dataset="digits", hidden=(2,), batch_size=100, iterations=50), engine="reference")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def keeper_of(assembly: Assembly, folder: Path, **options: Any) -> Keeper:
    return Keeper(RunFolder(folder), assembly.trainer, assembly.facts, **options)


def kept(folder: Path) -> list[int]:
    return sorted(iteration for iteration, _ in numbered(folder))


def advanced(assembly: Assembly) -> Advanced:
    assembly.trainer.advance(assembly.trainer.iteration + 1)
    return Advanced(assembly.trainer.iteration, np.zeros(1), 0.0)


def test_before_the_first_update_every_two_seconds_and_at_the_end(tmp_path: Path, assembly: Assembly) -> None:
    clock = Clock()
    keeper = keeper_of(assembly, tmp_path, clock=clock)
    keeper(Started(0, 50, 1))
    assert kept(tmp_path) == [0]
    clock.now = 1.9
    keeper(advanced(assembly))
    assert kept(tmp_path) == [0]
    clock.now = 2.0
    keeper(advanced(assembly))
    assert kept(tmp_path) == [0, 2]
    clock.now = 3.9
    keeper(advanced(assembly))
    assert kept(tmp_path) == [0, 2]
    keeper(Ended(3, stopped=True))
    assert kept(tmp_path) == [2, 3], "the newest two"
    assert newest(tmp_path, assembly.recipe)[0].iteration == 3


@pytest.mark.parametrize(("cost", "due"), [(0.001, 2.0), (0.02, 2.0), (0.05, 5.0), (1.0, 30.0)])
def test_a_checkpoint_that_takes_long_makes_the_next_one_wait(
    tmp_path: Path, assembly: Assembly, monkeypatch: pytest.MonkeyPatch, cost: float, due: float
) -> None:
    clock = Clock()
    keeper = keeper_of(assembly, tmp_path, clock=clock)

    def slow(*_: Any, **__: Any) -> None:
        clock.now += cost

    monkeypatch.setattr(RunFolder, "put", slow)
    keeper.save()
    assert keeper.due - clock.now == pytest.approx(due)
    assert keeper.seconds == pytest.approx(cost)


def test_a_clock_on_the_wall_that_jumps_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter([1e9, -5.0, 4e9, 0.0] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    assembly = assemble(Recipe(dataset="digits", hidden=(2,), batch_size=100, iterations=50), engine="reference")
    keeper = keeper_of(assembly, tmp_path)
    assembly.trainer.listeners = [keeper]
    assembly.trainer.run()
    assert kept(tmp_path) == [0, 50]


def test_nothing_that_is_not_finite_takes_the_place_of_something_that_is(tmp_path: Path, assembly: Assembly) -> None:
    keeper = keeper_of(assembly, tmp_path)
    keeper.save()
    advanced(assembly)
    assembly.trainer.network.params["W1"][0, 0] = np.nan
    keeper.save()
    assert kept(tmp_path) == [0]
    assembly.trainer.keep_going = True
    keeper.save()
    assert kept(tmp_path) == [0, 1]


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.ENOSPC, "Make room"), (errno.EDQUOT, "Make room"),
        (errno.EIO, "Make it possible to write there"), (errno.EROFS, "Make it possible to write there"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(
    tmp_path: Path, assembly: Assembly, monkeypatch: pytest.MonkeyPatch, number: int, mend: str
) -> None:
    keeper = keeper_of(assembly, tmp_path)
    keeper.save()
    advanced(assembly)

    def full(*_: Any) -> None:
        raise OSError(number, "It went wrong")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        RunError,
        match=rf"of update 1 could not be written: It went wrong. That of update 0 is intact. {mend}, then go on with",
    ):
        keeper.save()
    monkeypatch.undo()
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["0.safetensors"]
    assert newest(tmp_path, assembly.recipe)[0].iteration == 0


def test_an_error_between_updates_saves_and_one_within_an_update_does_not(tmp_path: Path, assembly: Assembly) -> None:
    keeper = keeper_of(assembly, tmp_path)
    advanced(assembly)
    assembly.trainer.optimizer.steps += 1
    keeper.save_if_whole()
    assert kept(tmp_path) == []
    assembly.trainer.optimizer.steps -= 1
    keeper.save_if_whole()
    assert kept(tmp_path) == [1]


def test_what_a_killed_process_left_behind_is_removed_and_nothing_else(tmp_path: Path, assembly: Assembly) -> None:
    keeper_of(assembly, tmp_path).save()
    place = tmp_path / "checkpoints"
    ours = [place / ".7.safetensors.0123456789abcdef.part", tmp_path / ".losses.csv.0123456789abcdef.part"]
    theirs = [place / "notes.part", tmp_path / ".hidden", place / ".7.safetensors.part"]
    for file in [*ours, *theirs]:
        file.write_text("x")
    prepare(RunFolder(tmp_path), fresh=False)
    assert not any(file.exists() for file in ours)
    assert all(file.exists() for file in theirs)


def test_no_whole_checkpoint_names_what_is_wrong_with_each(tmp_path: Path, assembly: Assembly) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("5", "12"):
        (tmp_path / "checkpoints" / f"{name}.safetensors").write_text("x")
    with pytest.raises(
        RunError, match=r"No checkpoint of .* can be used. .*12.safetensors cannot be used.*5.safetensors cannot"
    ):
        newest(tmp_path, assembly.recipe)


def test_checkpoints_that_are_replaced_while_they_are_looked_for_are_listed_again(
    tmp_path: Path, assembly: Assembly
) -> None:
    """A run being trained: between listing the folder and reading, newer ones came, and those listed went."""
    keeper = keeper_of(assembly, tmp_path)
    keeper.save()
    looks = []

    def read(path: Path, recipe: Recipe) -> Checkpoint:
        if not looks:
            for _ in range(2):
                advanced(assembly)
                keeper.save()
        looks.append(path.name)
        return read_checkpoint(path, recipe)

    checkpoint, passed_over = newest_by(read, tmp_path, assembly.recipe)
    assert (checkpoint.iteration, passed_over) == (2, [])
    assert looks == ["0.safetensors", "2.safetensors"]


def test_a_checkpoint_under_another_number_is_refused(tmp_path: Path, assembly: Assembly) -> None:
    keeper_of(assembly, tmp_path).save()
    (tmp_path / "checkpoints/0.safetensors").rename(tmp_path / "checkpoints/9.safetensors")
    with pytest.raises(RunError, match=r"it holds the state after 0 updates"):
        newest(tmp_path, assembly.recipe)


def test_a_link_to_a_folder_of_checkpoints_is_not_followed(tmp_path: Path, assembly: Assembly) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "run").mkdir(parents=True)
    keeper_of(assembly, elsewhere / "run").save()
    before = kept(elsewhere / "run")
    (tmp_path / "checkpoints").symlink_to(elsewhere / "run/checkpoints")
    with pytest.raises(RunError, match=r"checkpoints cannot be used: it is a link"):
        newest(tmp_path, assembly.recipe)
    advanced(assembly)
    with pytest.raises(FolderLost, match=r"of update 1 could not be written: checkpoints is a link"):
        keeper_of(assembly, tmp_path).save()
    assert kept(elsewhere / "run") == before
