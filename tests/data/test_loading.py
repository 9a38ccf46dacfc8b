"""`load`, from end to end: what is found, what is fetched, what is refused."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.data import Dataset, entry_named, fetch, load, whereabouts
from zerokara.data.entries import FILE_NAMES
from zerokara.errors import DataError, DownloadError, UsageError

from .conftest import Mirrors, Published, in_catalogue, stray_files

IMAGES = FILE_NAMES[0]


def check(data: Dataset, made: Published) -> None:
    train_images, train_labels, test_images, test_labels = made.arrays
    assert_array_equal(data.train.pixels, train_images.reshape(30, 20))
    assert_array_equal(data.train.t, train_labels)
    assert_array_equal(data.test.pixels, test_images.reshape(12, 20))
    assert_array_equal(data.test.t, test_labels)
    assert (data.name, data.class_names, data.image_shape) == (made.entry.name, ("a", "b", "c"), (5, 4))
    assert data.train.full == data.test.full == 255


@pytest.fixture
def mirrored(tiny: Published, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch) -> Published:
    return in_catalogue(monkeypatch, tiny, (mirrors.base("404"), mirrors.base("good")))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("within", ["", "tiny"])
@pytest.mark.parametrize("by", ["argument", "variable", "cache"])
def test_data_are_found(
    by: str, within: str, packed: bool, tiny: Published, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "cache":
        tiny.put(cache / "tiny", packed=packed)
    else:
        tiny.put(tmp_path / "data" / within, packed=packed)
    if by == "variable":
        monkeypatch.setenv("ZEROKARA_DATA", f"{tmp_path / 'absent'}{os.pathsep}{tmp_path / 'data'}")
    for _ in range(2):
        data = load("tiny", data_dir=tmp_path / "data" if by == "argument" else None)
        check(data, tiny)
    assert data.source == str(cache / "tiny" if by == "cache" else tmp_path / "data" / within)


def test_the_checksum_depends_on_the_contents_alone(tiny: Published, dim: Published, tmp_path: Path) -> None:
    packed, unpacked = tiny.put(tmp_path / "a"), tiny.put(tmp_path / "b", packed=False)
    first = load("tiny", data_dir=packed).checksum
    assert first == load("tiny", data_dir=unpacked).checksum == load(packed).checksum
    assert first != load("dim", data_dir=dim.put(tmp_path / "c")).checksum


def test_missing_files_are_fetched_once(mirrored: Published, mirrors: Mirrors, cache: Path) -> None:
    check(load("tiny"), mirrored)
    # one mirror failed for the first file and was not asked again
    assert mirrors.asked == [f"/404/{IMAGES}", *(f"/good/{name}" for name in FILE_NAMES)]
    check(load("tiny"), mirrored)
    assert len(mirrors.asked) == 5
    assert sorted(path.name for path in (cache / "tiny").iterdir()) == sorted(FILE_NAMES)
    assert not stray_files(cache)


def test_only_what_is_missing_is_fetched(mirrored: Published, mirrors: Mirrors, cache: Path, tmp_path: Path) -> None:
    folder = mirrored.put(tmp_path / "data")
    (folder / IMAGES).unlink()
    data = load("tiny", data_dir=folder)
    check(data, mirrored)
    assert mirrors.asked == [f"/404/{IMAGES}", f"/good/{IMAGES}"]
    assert data.source == f"{cache / 'tiny'}, {folder}"
    assert not (folder / IMAGES).exists()


def test_a_mirror_of_ones_own_serves_folders(
    tiny: Published, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_MIRROR", mirrors.base("good"))
    check(load("tiny"), tiny)
    assert mirrors.asked[0] == f"/good/tiny/{IMAGES}"


DAMAGES = {"flipped": lambda data: data[:-9] + bytes([data[-9] ^ 4]) + data[-8:], "empty": lambda _: b""}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cached_file_is_replaced(damage: str, mirrored: Published, cache: Path, mirrors: Mirrors) -> None:
    path = mirrored.put(cache / "tiny") / IMAGES
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    check(load("tiny"), mirrored)
    assert path.read_bytes() == mirrored.packed[IMAGES]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cached_file_is_named_when_offline(damage: str, tiny: Published, cache: Path) -> None:
    path = tiny.put(cache / "tiny") / IMAGES
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(DownloadError, match=f"tiny is not here.*\n  {path} is "):
        load("tiny")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_person_is_named_and_left_alone(
    damage: str, mirrored: Published, mirrors: Mirrors, tmp_path: Path
) -> None:
    path = mirrored.put(tmp_path / "data") / IMAGES
    damaged = DAMAGES[damage](path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=f"^{path} is .*It was left as it is. Replace it, or remove it"):
        load("tiny", data_dir=path.parent)
    assert path.read_bytes() == damaged
    assert not mirrors.asked


def test_another_set_in_the_folder_is_passed_over_and_said(
    tiny: Published, dim: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(dim.put(tmp_path / "data")))
    with pytest.raises(DownloadError, match=f"{IMAGES} was passed over: it is of dim"):
        load("tiny")
    tiny.put(tmp_path / "data" / "tiny")
    check(load("tiny"), tiny)
    check(load("dim"), dim)


def test_a_folder_that_does_not_exist_is_said(tiny: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path / "absent"))
    with pytest.raises(DownloadError, match=f"(?m)^  {tmp_path / 'absent'} does not exist"):
        load("tiny")


def test_a_folder_that_lacks_one_file_is_said(tiny: Published, tmp_path: Path) -> None:
    folder = tiny.put(tmp_path / "data")
    (folder / IMAGES).unlink()
    with pytest.raises(DownloadError, match=f"(?m)^  {folder} has no {IMAGES}"):
        load("tiny", data_dir=folder)


def test_data_folders_are_never_written_to(tiny: Published, tmp_path: Path) -> None:
    folder = tiny.put(tmp_path / "data")
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    load("tiny", data_dir=folder)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == before


def test_a_cache_that_cannot_be_written_is_no_obstacle(mirrored: Published, cache: Path, mirrors: Mirrors) -> None:
    cache.write_text("in the way")
    with pytest.warns(UserWarning, match=rf"The cache {cache} cannot be written") as said:
        data = load("tiny")
    check(data, mirrored)
    assert len(said) == 1
    assert data.source == mirrors.base("good"), "where it came from, as it lies nowhere"


def test_many_at_once_do_not_harm_each_other(mirrored: Published, cache: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        for data in pool.map(lambda _: load("tiny"), range(12)):
            check(data, mirrored)
    assert not stray_files(cache)
    assert all((cache / "tiny" / name).read_bytes() == mirrored.packed[name] for name in FILE_NAMES)


def test_fetch_and_whereabouts(mirrored: Published, cache: Path) -> None:
    assert whereabouts("tiny") == dict.fromkeys(FILE_NAMES)
    lying = {name: cache / "tiny" / name for name in FILE_NAMES}
    assert fetch("tiny") == lying == whereabouts("tiny")
    (digits,) = fetch("digits").values()
    assert digits is not None
    assert digits.is_file()


def test_a_file_that_could_not_be_kept_lies_nowhere(mirrored: Published, cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.warns(UserWarning, match="cannot be written"):
        assert fetch("tiny") == dict.fromkeys(FILE_NAMES)


def test_unknown_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UsageError, match=r"one of digits, mnist, .*'mnsit'\. Did you mean mnist\? It may also be a folder"
    ):
        load("mnsit")
    with pytest.raises(UsageError, match="Did you mean mnist"):
        entry_named("MNIST")
    with pytest.raises(UsageError, match=r"a folder\. sub/mine does not exist"):
        load("sub/mine")
    (tmp_path / "mnist.npz").touch()
    with pytest.raises(UsageError, match=r"mnist\.npz is a file"):
        load("mnist.npz")
    with pytest.raises(UsageError, match="Got ''"):
        load("")


def test_a_folder_with_the_name_of_a_set_needs_a_path(
    tiny: Published, dim: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dim.put(tmp_path / "tiny")
    assert_array_equal(load("./tiny").train.t, dim.arrays[1])
    assert_array_equal(load(Path("tiny")).train.pixels, dim.arrays[0].reshape(30, 20))
    with pytest.raises(DownloadError, match="tiny is not here"):
        load("tiny")


MEASURE = """
import resource, sys
from zerokara.data import load
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = load("mnist")
print(len(data.train), data.checksum, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
print(*{"pooch", "requests", "sklearn", "PIL"} & set(sys.modules))
"""


def measured(folder: Path, cache: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "ZEROKARA_DATA": str(folder),
        "ZEROKARA_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.Popen([sys.executable, "-c", MEASURE], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.mnist
def test_mnist_by_three_processes_at_once_then_from_copies(mnist_folder: Path, cache: Path) -> None:
    together = [measured(mnist_folder, cache) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].split() for process in together]
    assert [answer[0] for answer in answers] == ["60000"] * 3
    assert not stray_files(cache)
    again = measured(mnist_folder, cache).communicate(timeout=60)[0].split()
    assert again[:2] == answers[0][:2]
    assert int(again[2]) < 80  # MiB beyond what importing takes
    assert len(again) == 3  # and nothing heavy was imported


@pytest.mark.mnist
def test_mnist_is_mnist(mnist_folder: Path) -> None:
    data = load("mnist", data_dir=mnist_folder)
    assert (len(data.train), len(data.test), data.image_shape, data.train.full) == (60_000, 10_000, (28, 28), 255)
    # counts per class as everybody reports them
    assert data.train.counts(10).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.train.t[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.count_nonzero(data.train.pixels) / data.train.pixels.size == pytest.approx(0.1912, abs=1e-4)
