"""An open folder is the same folder under any name, with the calls of the system for that and without."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from zerokara.runs import directory as directory_module
from zerokara.runs.directory import HAS_DIR_FD, Directory

WAYS = [pytest.param(True, marks=pytest.mark.skipif(not HAS_DIR_FD, reason="no dir_fd on this system")), False]


@pytest.fixture(params=WAYS, ids=["descriptor", "inode"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(directory_module, "HAS_DIR_FD", request.param)
    return bool(request.param)


@pytest.fixture
def directory(tmp_path: Path, way: bool) -> Directory:
    (tmp_path / "a").mkdir()
    return Directory(tmp_path / "a")


def test_it_is_written_into_where_it_is_now_and_not_into_what_took_its_name(
    tmp_path: Path, directory: Directory
) -> None:
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").mkdir()
    directory.replace("file", [b"one", b"two"])
    directory.subfolder("inner").replace("file", [b"x"])
    assert (tmp_path / "b/file").read_bytes() == b"onetwo"
    assert (tmp_path / "b/inner/file").read_bytes() == b"x"
    assert sorted(directory.names()) == ["file", "inner"]
    directory.remove("file")
    directory.remove_folder("inner")
    assert directory.names() == [] == os.listdir(tmp_path / "a")
    assert directory.where() == directory.path == directory.last_seen() == tmp_path / "b"
    assert not directory.is_gone()


def test_a_link_that_took_its_name_is_not_followed(tmp_path: Path, directory: Directory) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").symlink_to(tmp_path / "victim")
    directory.replace("file", [b"x"])
    assert os.listdir(tmp_path / "victim") == []
    assert directory.has("file")


@pytest.mark.parametrize("then", ["nothing", "a folder", "a file"])
def test_what_was_removed_is_gone_whatever_has_its_name(tmp_path: Path, directory: Directory, then: str) -> None:
    keep = os.open(tmp_path / "a", os.O_RDONLY)  # or the system may give the same inode to the next folder
    shutil.rmtree(tmp_path / "a")
    if then == "a folder":
        (tmp_path / "a").mkdir()
    elif then == "a file":
        (tmp_path / "a").touch()
    assert directory.is_gone()
    assert directory.where() is None
    assert directory.last_seen() == tmp_path / "a"
    with pytest.raises(FileNotFoundError, match=r"No such file"):
        directory.replace("file", [b"x"])
    assert then != "a folder" or os.listdir(tmp_path / "a") == []
    os.close(keep)


def test_a_path_stays_as_short_as_it_was_given(tmp_path: Path, way: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    directory = Directory(Path("a"))
    assert (directory.handle is not None) is way
    Path("a").rename("b")
    assert directory.where() == Path("b")


@pytest.mark.skipif(not HAS_DIR_FD, reason="no dir_fd on this system")
def test_it_is_found_anywhere_on_its_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs/a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    directory = Directory(Path("runs/a"))
    (tmp_path / "x").mkdir()
    (tmp_path / "runs/a").rename(tmp_path / "x/y")
    monkeypatch.chdir("/")
    assert directory.where() == tmp_path / "x/y" or directory.where() == (tmp_path / "x/y").relative_to("/")
    directory.replace("file", [b"x"])
    assert (tmp_path / "x/y/file").exists()


def test_where_the_system_names_no_path_it_is_looked_for_beside_its_old_place(
    tmp_path: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Directory, "_named_by_system", lambda self: None)
    (tmp_path / "a").rename(tmp_path / "b")
    assert directory.where() == tmp_path / "b"
    (tmp_path / "deep").mkdir()
    (tmp_path / "b").rename(tmp_path / "deep/b")
    assert directory.where() is None


def test_a_link_within_is_refused_and_a_file_too(tmp_path: Path, directory: Directory) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path / "victim")
    (tmp_path / "a/file").touch()
    with pytest.raises(OSError, match=r"'link'") as refused:
        directory.subfolder("link")
    assert refused.value.errno == errno.ELOOP
    with pytest.raises(NotADirectoryError, match=r"file"):
        directory.subfolder("file").names()


def test_a_new_folder_within_outlives_a_power_cut(
    tmp_path: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    directory.subfolder("new")
    assert synced == [os.stat(tmp_path / "a").st_ino]
    directory.subfolder("new")
    assert len(synced) == 1
