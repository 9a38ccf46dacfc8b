"""Two cannot write into one run, and a dead process's lock does not block."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from zerokara.errors import RunError
from zerokara.runs import lock as locking
from zerokara.runs.lock import Busy, Lock, is_locked

HOLDER = """
import sys
from pathlib import Path
from zerokara.runs.lock import Lock
Lock(Path(sys.argv[1])).take()
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_gives_it_back(tmp_path: Path) -> None:
    with Lock(tmp_path) as first:
        first.take()
        assert is_locked(tmp_path)
        with pytest.raises(RunError, match=r"is being trained by another process. Nothing was changed"):
            Lock(tmp_path).take()
    assert not is_locked(tmp_path)
    Lock(tmp_path).release()


def test_a_lock_belongs_to_its_folder_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with Lock(tmp_path / "a") as lock:
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "a").mkdir()
        assert lock.is_in_place()
        with Lock(tmp_path / "a"):
            assert is_locked(tmp_path / "b")
        with pytest.raises(Busy, match=r"b is being trained by another process"):
            Lock(tmp_path / "b").take()


@pytest.mark.parametrize("anew", [False, True])
def test_a_lock_that_was_removed_is_not_in_place(tmp_path: Path, anew: bool) -> None:
    with Lock(tmp_path) as lock:
        assert lock.is_in_place()
        keep = os.open(tmp_path / "lock", os.O_RDONLY)
        (tmp_path / "lock").unlink()
        if anew:
            (tmp_path / "lock").touch()
        assert not lock.is_in_place()
        os.close(keep)
    assert lock.is_in_place(), "one that is not held is not missed"


def test_a_file_that_is_removed_while_it_is_being_locked_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody removes the folder's files: the lock would be on a file that nobody else can see."""
    really_lock, removed = locking.flock, []

    def remove_first(handle: int, how: int) -> None:
        if not removed:
            removed.append((tmp_path / "lock").unlink())
        really_lock(handle, how)

    monkeypatch.setattr(locking, "flock", remove_first)
    with Lock(tmp_path) as lock:
        assert lock.is_in_place()
        assert is_locked(tmp_path)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        assert is_locked(tmp_path)
        holder.kill()
    assert not is_locked(tmp_path)
    with Lock(tmp_path):
        pass


def test_looking_leaves_no_file_behind(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_whoever_only_looks_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(tmp_path)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(2000):
            with Lock(tmp_path):
                pass
    finally:
        stop.set()
        watcher.join()


def test_what_no_process_could_hold_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    assert not is_locked(tmp_path)


def test_looking_needs_no_right_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is mounted read-only, which root may not write to either."""
    (tmp_path / "lock").touch()
    really_open = os.open

    def read_only(path: Any, flags: int, *mode: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return really_open(path, flags, *mode)

    with Lock(tmp_path):
        monkeypatch.setattr(os, "open", read_only)
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_without_flock_there_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "flock", None)
    with Lock(tmp_path), Lock(tmp_path):
        pass


def test_a_file_system_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(locking, "flock", refuses)
    with Lock(tmp_path), Lock(tmp_path):
        pass
