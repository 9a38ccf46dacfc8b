"""A file appears whole or not at all."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zerokara.files import replace_file


def test_the_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    replace_file(path, [b"ne", memoryview(b"w")])
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, pieces())
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_many_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = [bytes([65 + i]) * 50_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: replace_file(path, [text[:100], text[100:]]), texts * 2))
    assert path.read_bytes() in texts
    assert len(list(tmp_path.iterdir())) == 1


def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_bytes(b"")
    replace_file(tmp_path / "a", [b"x"])
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_file_and_folder_outlive_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is on the disk before the name is, and the name before anybody is told."""
    path, synced = tmp_path / "a", []

    def sync(handle: int) -> None:
        status = os.fstat(handle)
        synced.append((status.st_ino, "folder" if stat.S_ISDIR(status.st_mode) else "file", path.exists()))

    monkeypatch.setattr("os.fsync", sync)
    replace_file(path, [b"x"])
    assert synced == [(path.stat().st_ino, "file", False), (tmp_path.stat().st_ino, "folder", True)]


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="no dir_fd on this system")
def test_an_open_folder_is_written_into_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    handle = os.open(tmp_path / "a", os.O_RDONLY)
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    replace_file(Path("file"), [b"x"], dir_fd=handle)
    (tmp_path / "b/folder").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder"):
        replace_file(Path("folder"), [b"x"], dir_fd=handle)
    os.close(handle)
    assert os.listdir(tmp_path / "a") == []
    assert sorted(os.listdir(tmp_path / "b")) == ["file", "folder"]
    assert (tmp_path / "b/file").read_bytes() == b"x"
