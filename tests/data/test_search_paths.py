"""Where data are looked for, and in which order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zerokara.data.entries import ENTRIES, FILE_NAMES
from zerokara.data.search_paths import cache_folder, data_folders, search_paths
from zerokara.errors import UsageError

MNIST = ENTRIES["mnist"]


def test_named_folders_come_before_the_cache(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "mnist"))
    first.mkdir()
    monkeypatch.setenv("ZEROKARA_DATA", f"{second}{os.pathsep}{os.pathsep}{third}")
    found = search_paths(MNIST, first)
    assert [search_path.folder for search_path in found] == [
        *(first / "mnist", first, second / "mnist", second, third / "mnist", third),
        cache / "mnist",
    ]
    assert [search_path.own for search_path in found] == [False] * 6 + [True]
    assert [search_path.named for search_path in found] == [True, False, True, False, True, True, True]


def test_packed_is_taken_before_unpacked(tmp_path: Path) -> None:
    for name in ("t10k-labels.idx1-ubyte", "t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz", "other"):
        (tmp_path / name).touch()
    (tmp_path / FILE_NAMES[0]).mkdir()
    search_path = search_paths(MNIST, tmp_path)[1]
    assert [path.name for path in search_path.files(MNIST.files[3])] == [
        "t10k-labels-idx1-ubyte.gz",
        "t10k-labels-idx1-ubyte",
        "t10k-labels.idx1-ubyte",
    ]
    assert not list(search_path.files(MNIST.files[0]))


def test_the_argument_must_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absent does not exist, or is no folder"):
        search_paths(MNIST, tmp_path / "absent")


@pytest.mark.parametrize("wrong", [5, ["data"], b"data", True])
def test_a_folder_of_another_type_is_a_usage_error(wrong: object) -> None:
    with pytest.raises(UsageError, match=r"^data_dir must be the path of a folder\. Got "):
        search_paths(MNIST, wrong)


def test_relative_folders_count_from_where_the_process_started(tmp_path: Path) -> None:
    program = (
        "import os; from zerokara.data.search_paths import cache_folder, data_folders; os.chdir('/');"
        "print(*data_folders(), cache_folder(), sep='\\n')"
    )
    environment = {
        **os.environ,
        "ZEROKARA_DATA": "data",
        "ZEROKARA_CACHE": "kept",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    out = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert out.stdout.splitlines() == [str(tmp_path / "data"), str(tmp_path / "kept")], out.stderr


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", "~/sets")
    assert data_folders() == [Path.home() / "sets"]


def test_the_cache_is_where_pooch_would_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    monkeypatch.delenv("ZEROKARA_CACHE")
    assert cache_folder() == Path(pooch.os_cache("zerokara"))
