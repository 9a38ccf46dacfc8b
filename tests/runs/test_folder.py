"""A run's folder: named, never overwritten, and nothing lost when writing fails."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerokara.errors import RunError, UsageError
from zerokara.runs import folder as folder_module
from zerokara.runs.directory import Directory
from zerokara.runs.folder import FolderLost, RunFolder

# Names


def test_numbers_go_up_and_gaps_are_filled_by_nobody_elses_folder(tmp_path):
    made = [RunFolder.create(tmp_path / "runs", None, "digits").path for _ in range(3)]
    assert [path.name for path in made] == ["digits-001", "digits-002", "digits-003"]
    assert all(path.is_dir() and not any(path.iterdir()) for path in made)
    (tmp_path / "runs" / "digits-004").write_text("a file of somebody's")
    assert RunFolder.create(tmp_path / "runs", None, "digits").path.name == "digits-005"
    assert (tmp_path / "runs" / "digits-004").read_text() == "a file of somebody's"


@pytest.mark.parametrize(
    ("dataset", "stem"), [("mnist", "mnist"), ("../my pictures/", "my pictures"), ("/", "run"), ("./手書き", "手書き")]
)
def test_a_folder_of_ones_own_gives_its_last_name(dataset, stem, tmp_path):
    assert RunFolder.create(tmp_path, None, dataset).path == tmp_path / f"{stem}-001"


@pytest.mark.parametrize("name", ["first", "a b", "α-1", "x" * 100, "rate=0.1,batch=100"])
def test_a_plain_name_is_taken(name, tmp_path):
    assert RunFolder.create(tmp_path, name, "digits").path == tmp_path / name


BAD_NAMES = [
    "", ".", "..", "../x", "a/b", "/tmp/x", "..\\x", "a\\b", "-rf", ".hidden", " x", "x" * 101, "あ" * 34, "a\nb",
    "a\x00b", "C:x", "what?", 'say "x"', "\x1b[31m", "a\u202eb",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_any_other_name_is_refused_and_nothing_is_made(name, tmp_path):
    out = tmp_path / "runs"
    with pytest.raises(UsageError, match=r"--name must be a plain folder name.* Got .*Use --out"):
        RunFolder.create(out, name, "digits")
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_left_as_it_is(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "losses.csv").write_text("precious")
    with pytest.raises(UsageError, match=r"x exists and is left as it is\. Choose another --name"):
        RunFolder.create(tmp_path, "x", "digits")
    assert (tmp_path / "x" / "losses.csv").read_text() == "precious"


def test_a_link_to_nowhere_exists_too(tmp_path):
    (tmp_path / "x").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="exists and is left as it is"):
        RunFolder.create(tmp_path, "x", "digits")


@pytest.mark.parametrize("name", [None, "x"])
def test_no_folder_can_be_made_in_a_file(name, tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunError, match=r"No run folder can be made in .*runs: .*Nothing was trained\. .*--out"):
        RunFolder.create(tmp_path / "runs", name, "digits")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_folder_can_be_made_where_one_may_not_write(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match=r"No run folder can be made .*[Pp]ermission denied"):
        RunFolder.create(tmp_path, None, "digits")


def test_a_read_only_disk_gives_the_same_sentence(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunError, match=r"No run folder can be made in .*: Read-only file system\. Nothing was trained"):
        RunFolder.create(tmp_path, None, "digits")


def test_a_new_folder_outlives_a_power_cut(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append((os.fstat(handle).st_ino, os.listdir(tmp_path))))
    RunFolder.create(tmp_path, "x", "digits")
    assert synced == [(tmp_path.stat().st_ino, ["x"])]


def test_a_folder_that_cannot_be_opened_gets_a_sentence(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(RunError, match=r"x cannot be opened: Not a directory"):
        RunFolder(tmp_path / "x")


# Writing


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 1 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs to be root")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_file_is_written_whole_and_replaced_whole(tmp_path):
    folder = RunFolder.create(tmp_path, "x", "digits")
    folder.write("a.txt", "ゼロ")
    folder.write("a.txt", b"\x00\x01")
    assert (folder.path / "a.txt").read_bytes() == b"\x00\x01"
    assert [p.name for p in folder.path.iterdir()] == ["a.txt"]


def test_a_full_disk_leaves_every_file_that_was_there(small_disk):
    folder = RunFolder.create(small_disk, "x", "digits")
    folder.write("losses.csv", b"old " * 1000)
    with pytest.raises(RunError, match=r"losses\.csv could not be written: No space left on device\. .*untouched"):
        folder.write("losses.csv", bytes(2_000_000))
    assert (folder.path / "losses.csv").read_bytes() == b"old " * 1000
    assert [p.name for p in folder.path.iterdir()] == ["losses.csv"]


def test_one_file_too_large_keeps_the_others_from_nothing(small_disk):
    folder = RunFolder.create(small_disk, "x", "digits")
    with pytest.raises(RunError, match=r"^[^\n]*big could not be written: No space[^\n]*$"):
        folder.write_all([("a", b"first"), ("big", bytes(2_000_000)), ("z", b"last")])
    assert {p.name: p.read_bytes() for p in folder.path.iterdir()} == {"a": b"first", "z": b"last"}


def test_too_little_room_is_said_before_training_and_leaves_no_folder(small_disk):
    folder = RunFolder.create(small_disk, "x", "digits")
    folder.check_space(500_000)
    with pytest.raises(RunError, match=r"has [\d,]+ bytes free, .* needs about 2,000,000\. Nothing was trained"):
        folder.check_space(2_000_000)
    assert list(small_disk.iterdir()) == []


def test_the_room_is_that_of_the_disk_the_folder_lies_on(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path, "x", "digits")
    monkeypatch.setattr(folder_module.shutil, "disk_usage", lambda path: type("U", (), {"free": 99, "path": path})())
    with pytest.raises(RunError, match="has 99 bytes free"):
        folder.check_space(100)


def test_a_folder_with_files_in_it_is_not_taken_back(tmp_path):
    folder = RunFolder.create(tmp_path, "x", "digits")
    folder.write("a", b"")
    folder.remove_empty()
    assert (folder.path / "a").exists()


def test_nothing_is_written_where_somebody_else_has_the_lock(tmp_path):
    folder = RunFolder.create(tmp_path, "x", "digits")
    with folder.lock:
        keep = os.open(tmp_path / "x/lock", os.O_RDONLY)
        (tmp_path / "x/lock").unlink()
        (tmp_path / "x/lock").touch()
        (tmp_path / "x/run.json").write_text("theirs")
        with pytest.raises(FolderLost, match=r"which says who may write there"):
            folder.write("run.json", "ours")
        os.close(keep)
    assert (tmp_path / "x/run.json").read_text() == "theirs"


def test_what_was_written_while_the_folder_was_taken_away_is_taken_back(tmp_path, monkeypatch):
    """`rm -rf` and a checkpoint at the same time: the file would be all that is left, and in somebody else's way."""
    folder = RunFolder.create(tmp_path, "x", "digits")
    really_replace = Directory.replace

    def meanwhile(directory, name, pieces):
        (tmp_path / "x/lock").unlink()
        really_replace(directory, name, pieces)

    monkeypatch.setattr(Directory, "replace", meanwhile)
    with folder.lock, pytest.raises(FolderLost, match=r"The file lock of .*x, which says who may write there, was rem"):
        folder.put("5.safetensors", [b"x"])
    assert os.listdir(tmp_path / "x") == []


def test_a_folder_that_is_removed_between_the_two_looks_is_said_to_be_removed(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path, "x", "digits")
    look = folder.lock.is_in_place

    def removed_before_the_second_look() -> bool:
        shutil.rmtree(folder.path)
        return look()

    with folder.lock:
        monkeypatch.setattr(folder.lock, "is_in_place", removed_before_the_second_look)
        with pytest.raises(FolderLost, match=r"x was removed while it was being trained\."):
            folder.check_mine()
