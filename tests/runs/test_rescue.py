"""A run follows its folder, and when that is gone nothing in memory is lost, and nothing of others is touched."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zerokara
from zerokara.errors import RunError
from zerokara.runs import checkpointer as checkpointer_module
from zerokara.runs import directory as directory_module
from zerokara.runs.directory import HAS_DIR_FD
from zerokara.runs.folder import RunFolder
from zerokara.runs.interrupt import Interrupted
from zerokara.runs.listing import line_of
from zerokara.runs.rescue import Rescued
from zerokara.runs.resume import reopen
from zerokara.training.events import Advanced, Ended, Event, Listener

EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")
OPTIONS: dict[str, Any] = {
    "hidden": (3,), "batch_size": 90, "iterations": 40, "optimizer": "adam", "engine": "reference", "plots": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _a_checkpoint_after_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointer_module, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpointer_module, "SHARE", 1e9)
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.fixture(params=["descriptor", "inode"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(directory_module, "HAS_DIR_FD", HAS_DIR_FD and request.param == "descriptor")
    return str(request.param)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    for seed in (0, 1):
        zerokara.train("digits", out=out, name=str(seed), seed=seed, **OPTIONS)
    return out


def once(act: Callable[[], Any], update: int = 10) -> Listener:
    """A listener that does something when so many updates are done."""
    done = []

    def listen(event: Event) -> None:
        if isinstance(event, Advanced) and event.iteration >= update and not done:
            done.append(event.iteration)
            act()

    return listen


def train(out: Path, act: Callable[[], Any], name: str | None = "a", **options: Any) -> zerokara.Run:
    return zerokara.train("digits", out=out, name=name, listeners=[once(act)], **{**OPTIONS, **options})


def lost(out: Path, act: Callable[[], Any], **options: Any) -> Rescued:
    with pytest.raises(Rescued, match=r"All that was trained, [0-9]+ updates, is saved in") as caught:
        train(out, act, **options)
    return caught.value


def assert_same(one: Path, other: Path) -> None:
    for name in EXACT:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def assert_whole_in_the_end(path: Path, whole: Path) -> None:
    """A valid run, which goes on to the bits of one that nobody disturbed."""
    opened = zerokara.open_run(path)
    line = line_of(path)
    assert line is not None
    assert (line.state, line.updates, line.remark) == ("stopped", opened.iterations, None)
    assert opened.iterations >= 10
    reopened = reopen(path)
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert_same(path, whole)


def test_a_run_follows_its_folder_and_another_one_may_take_the_name(tmp_path: Path, whole: Path, way: str) -> None:
    def rename() -> None:
        (tmp_path / "a").rename(tmp_path / "best")
        zerokara.train("digits", out=tmp_path, name="a", seed=1, **OPTIONS)

    run = train(tmp_path, rename)
    assert run.path == tmp_path / "best"
    assert_same(tmp_path / "best", whole / "0")
    assert_same(tmp_path / "a", whole / "1")
    assert json.loads((tmp_path / "best/run.json").read_text())["run"] == str(run.path)
    assert [line_of(tmp_path / name).remark for name in ("a", "best")] == [None, None]  # type: ignore[union-attr]


def test_numbered_runs_do_not_mix_either(tmp_path: Path, whole: Path) -> None:
    def rename() -> None:
        (tmp_path / "digits-001").rename(tmp_path / "best")
        assert zerokara.train("digits", out=tmp_path, seed=1, **OPTIONS).path == tmp_path / "digits-001"

    assert train(tmp_path, rename, name=None).path == tmp_path / "best"
    assert_same(tmp_path / "best", whole / "0")
    assert_same(tmp_path / "digits-001", whole / "1")


def test_what_is_advised_after_ctrl_c_is_its_own_path(tmp_path: Path, whole: Path, way: str) -> None:
    def rename_and_stop() -> None:
        (tmp_path / "a").rename(tmp_path / "best")
        (tmp_path / "a").mkdir()
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=rf"kept in {tmp_path}/best$") as caught:
        train(tmp_path, rename_and_stop)
    assert caught.value.run.path == tmp_path / "best"
    assert os.listdir(tmp_path / "a") == []
    assert_whole_in_the_end(tmp_path / "best", whole / "0")


@pytest.mark.skipif(not HAS_DIR_FD, reason="without descriptors it is looked for beside its old place only")
def test_the_parent_may_be_renamed_and_the_folder_moved(tmp_path: Path, whole: Path) -> None:
    def move() -> None:
        (tmp_path / "runs").rename(tmp_path / "old")
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "old/a").rename(tmp_path / "elsewhere/b")
        (tmp_path / "runs/a").mkdir(parents=True)

    assert train(tmp_path / "runs", move).path == tmp_path / "elsewhere/b"
    assert os.listdir(tmp_path / "runs/a") == []
    assert_same(tmp_path / "elsewhere/b", whole / "0")


def test_a_run_that_cannot_be_found_is_saved_once_more_and_not_advised_a_path_of_another(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be in a file system that was taken away."""
    monkeypatch.setattr(directory_module.Directory, "_named_by_system", lambda self: None)
    (tmp_path / "deep").mkdir()

    def move() -> None:
        (tmp_path / "a").rename(tmp_path / "deep/b")
        (tmp_path / "a").mkdir()

    error = lost(tmp_path, move)
    assert "was moved while it was being trained, and cannot be found from here" in str(error)
    assert str(error).endswith(f"is saved in {tmp_path}/a-rescued.")
    assert_same(tmp_path / "a-rescued", whole / "0")
    if HAS_DIR_FD:
        assert_same(tmp_path / "deep/b", whole / "0")


def test_a_folder_that_may_not_be_written_to_any_more_is_not_called_removed(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `chmod 0` does to a folder of one's own; root would not notice it."""
    real = os.stat, os.open

    def refuse(which: int) -> Any:
        def call(path: Any, *more: Any, dir_fd: int | None = None, **options: Any) -> Any:
            if dir_fd is not None and os.fstat(dir_fd).st_ino == inode[0]:
                raise PermissionError(13, "Permission denied", path)
            return real[which](path, *more, dir_fd=dir_fd, **options)

        return call

    def forbid() -> None:
        inode.append(os.stat(tmp_path / "a").st_ino)
        monkeypatch.setattr(os, "stat", refuse(0))
        monkeypatch.setattr(os, "open", refuse(1))

    inode: list[int] = []
    error = lost(tmp_path, forbid)
    monkeypatch.undo()
    assert "could not be written: Permission denied. All that was trained" in str(error)
    assert_whole_in_the_end(tmp_path / "a-rescued", whole / "0")


def test_a_rescue_without_room_for_every_file_is_one_to_go_on_with(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(run: Any) -> Any:
        raise RunError("weights.safetensors could not be written: No space left on device.")

    def strike() -> None:
        shutil.rmtree(tmp_path / "a")
        monkeypatch.setattr("zerokara.runs.prepared.run_files", no_room)

    error = lost(tmp_path, strike)
    assert str(error).endswith(f"No space left on device. Go on with: zerokara resume {tmp_path}/a-rescued")
    monkeypatch.undo()
    reopened = reopen(tmp_path / "a-rescued")
    reopened.prepared.run_into(reopened.folder, plots=False)
    assert_same(tmp_path / "a-rescued", whole / "0")


FAULTS: dict[str, Callable[[Path], Any]] = {
    "removed": lambda a: shutil.rmtree(a),
    "removed, and a folder has its name": lambda a: (shutil.rmtree(a), a.mkdir()),
    "removed, and a file has its name": lambda a: (shutil.rmtree(a), a.write_text("mine")),
    "removed, and a link has its name": lambda a: (shutil.rmtree(a), a.symlink_to(a.parent / "victim")),
    "removed with its parent": lambda a: shutil.rmtree(a.parent),
    "emptied": lambda a: [shutil.rmtree(p) if p.is_dir() else p.unlink() for p in a.iterdir()],
    "without its lock": lambda a: (a / "lock").unlink(),
    "with the lock of another": lambda a: ((a / "lock").unlink(), (a / "lock").touch()),
    "a file for its checkpoints": lambda a: (shutil.rmtree(a / "checkpoints"), (a / "checkpoints").touch()),
    "a link for its checkpoints": lambda a: (
        (a / "checkpoints").rename(a.parent / "cc"), (a / "checkpoints").symlink_to(a.parent / "victim"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_becomes_of_its_folder_the_run_is_saved_beside_it(
    tmp_path: Path, whole: Path, way: str, fault: str
) -> None:
    out, victim = tmp_path / "runs", tmp_path / "runs/victim"

    def strike() -> None:
        victim.mkdir()
        keep.append(os.open(out / "a/lock", os.O_RDONLY))  # or its inode may be that of the next file
        FAULTS[fault](out / "a")

    keep: list[int] = []
    error = lost(out, strike)
    os.close(keep[0])
    assert error.run.path == out / "a-rescued"
    assert f"is saved in {out}/a-rescued. Training ended there. Go on with: zerokara resume {out}/a-rescued" in str(
        error
    )
    assert fault.startswith("removed") is str(error).startswith(f"{out}/a was removed while it was being trained.")
    assert not victim.exists() or os.listdir(victim) == []
    if fault.startswith("removed, and a folder"):
        assert os.listdir(out / "a") == []
    assert_whole_in_the_end(out / "a-rescued", whole / "0")


@pytest.mark.parametrize("seed", [0, 1])
def test_a_new_run_of_its_name_is_left_alone(tmp_path: Path, whole: Path, seed: int) -> None:
    def replace() -> None:
        shutil.rmtree(tmp_path / "a")
        zerokara.train("digits", out=tmp_path, name="a", seed=seed, **OPTIONS)

    lost(tmp_path, replace)
    assert_same(tmp_path / "a", whole / str(seed))
    assert_whole_in_the_end(tmp_path / "a-rescued", whole / "0")


def test_nothing_is_overwritten_by_a_rescue(tmp_path: Path, whole: Path) -> None:
    (tmp_path / "a-rescued").mkdir()
    (tmp_path / "a-rescued-2").write_text("mine")
    error = lost(tmp_path, lambda: shutil.rmtree(tmp_path / "a"))
    assert error.run.path == tmp_path / "a-rescued-3"
    assert os.listdir(tmp_path / "a-rescued") == []
    assert (tmp_path / "a-rescued-2").read_text() == "mine"
    assert_whole_in_the_end(tmp_path / "a-rescued-3", whole / "0")


def test_a_run_that_was_renamed_before_is_saved_under_its_new_name(tmp_path: Path) -> None:
    def rename_and_remove() -> None:
        (tmp_path / "a").rename(tmp_path / "best")
        shutil.rmtree(tmp_path / "best")

    error = lost(tmp_path, rename_and_remove)
    assert error.run.path == tmp_path / ("best-rescued" if HAS_DIR_FD else "a-rescued")


def test_a_run_whose_last_files_are_lost_is_saved_finished(tmp_path: Path, whole: Path) -> None:
    real = RunFolder.write_all

    def strike(folder: RunFolder, files: Any) -> None:
        if folder.path.name == "a":
            shutil.rmtree(tmp_path / "a")
        real(folder, files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "write_all", strike)
        error = lost(tmp_path, lambda: None)
    assert str(error).endswith(f"40 updates, is saved in {tmp_path}/a-rescued.")
    assert zerokara.open_run(tmp_path / "a-rescued").state == "finished"
    assert_same(tmp_path / "a-rescued", whole / "0")


def test_a_folder_that_is_removed_while_pictures_are_drawn_is_saved_too(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(run: zerokara.Run, impatient: Any) -> Any:
        shutil.rmtree(run.path)
        yield "loss.png", b"drawn"

    monkeypatch.setattr("zerokara.runs.prepared.pictures", draw)
    assert lost(tmp_path, lambda: None, plots=True).run.state == "finished"
    assert_same(tmp_path / "a-rescued", whole / "0")


def test_files_that_cannot_be_written_and_checkpoints_that_are_gone_are_saved_beside(
    tmp_path: Path, whole: Path
) -> None:
    def strike(event: Event) -> None:
        if isinstance(event, Ended):
            shutil.rmtree(tmp_path / "a/checkpoints")
            (tmp_path / "a/losses.csv").mkdir()

    with pytest.raises(Rescued, match=r"losses.csv could not be written: Is a directory.*40 updates, is saved in"):
        zerokara.train("digits", out=tmp_path, name="a", listeners=[strike], **OPTIONS)
    assert_same(tmp_path / "a-rescued", whole / "0")


def test_where_nothing_can_be_made_beside_it_another_place_is_found_and_named(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))

    def strike() -> None:
        shutil.rmtree(tmp_path / "runs")
        (tmp_path / "runs").touch()

    error = lost(tmp_path / "runs", strike)
    assert error.run.path == tmp_path / "temporary/a-rescued"
    assert_whole_in_the_end(error.run.path, whole / "0")


def test_where_nothing_can_be_made_at_all_what_is_lost_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "runs"))

    def strike() -> None:
        shutil.rmtree(tmp_path / "runs")
        (tmp_path / "runs").touch()

    with pytest.raises(RunError, match=r"could be saved nowhere else, so its [0-9]+ updates are lost. .*File exists"):
        train(tmp_path / "runs", strike)


def test_a_place_that_turns_out_too_small_is_left_as_it_was(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    real = RunFolder.put

    def small(folder: RunFolder, name: str, *more: Any, **options: Any) -> None:
        if folder.path.name == "a-rescued" and folder.path.parent == tmp_path and name.endswith(".safetensors"):
            raise OSError(28, "No space left on device")
        real(folder, name, *more, **options)

    monkeypatch.setattr(RunFolder, "put", small)
    error = lost(tmp_path, lambda: shutil.rmtree(tmp_path / "a"))
    assert error.run.path == tmp_path / "temporary/a-rescued"
    assert os.listdir(tmp_path) == ["temporary"]
    assert_whole_in_the_end(error.run.path, whole / "0")


def test_checkpoints_and_files_that_are_removed_one_by_one_come_back(tmp_path: Path, whole: Path) -> None:
    def strike() -> None:
        shutil.rmtree(tmp_path / "a/checkpoints")
        for name in ("recipe.toml", "run.json"):
            (tmp_path / "a" / name).unlink()

    assert train(tmp_path, strike).path == tmp_path / "a"
    assert_same(tmp_path / "a", whole / "0")
    assert zerokara.open_run(tmp_path / "a").iterations == 40


def test_a_listener_that_fails_in_a_folder_that_is_gone_loses_nothing(tmp_path: Path, whole: Path) -> None:
    def strike() -> None:
        shutil.rmtree(tmp_path / "a")
        raise BrokenPipeError

    lost(tmp_path, strike)
    assert_whole_in_the_end(tmp_path / "a-rescued", whole / "0")


def test_a_run_that_goes_on_follows_its_folder_too(tmp_path: Path, whole: Path) -> None:
    error = lost(tmp_path, lambda: shutil.rmtree(tmp_path / "a"))
    reopened = reopen(error.run.path, listeners=[once(lambda: error.run.path.rename(tmp_path / "b"))])
    assert reopened.prepared.run_into(reopened.folder, plots=False).path == tmp_path / "b"
    assert_same(tmp_path / "b", whole / "0")
    assert sorted(os.listdir(tmp_path)) == ["b"]


def test_what_is_moved_while_it_is_read_is_not_gone_on_with(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(whole / "0", tmp_path / "a"))
    other = Path(shutil.copytree(whole / "1", tmp_path / "b"))
    real = RunFolder.check_in_place

    def swapped(folder: RunFolder) -> None:
        run.rename(tmp_path / "c")
        other.rename(run)
        real(folder)

    monkeypatch.setattr(RunFolder, "check_in_place", swapped)
    with pytest.raises(RunError, match=r"a was moved while it was being read. Nothing was changed. Try again"):
        reopen(run, iterations=50)
