"""Every error and warning of the room is whole sentences, one after the other, whatever went wrong."""

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import requests

from zerokara.data import ENTRIES, Split, catalog, digits, fetch, load, read_idx_bytes, write_idx
from zerokara.data.pictures import read_picture
from zerokara.errors import ZerokaraError
from zerokara.words import sentence

from .conftest import Mirrors, Published, in_catalogue
from .test_catalog import FAULTS, PATIENCE
from .test_dataset import BAD_SPLITS, dataset, split
from .test_digits import DAMAGED
from .test_idx import REFUSED
from .test_idx_dataset import BAD, folder_of
from .test_pictures import UNREADABLE, bomb, picture

Outside = Callable[[str], str]


def check(refused: Callable[[], object], marked: Outside, code: str | None = None) -> None:
    with pytest.raises(ZerokaraError, match="⟦") as caught:
        refused()
    assert marked(str(caught.value)) == ""
    assert code is None or caught.value.code == code


@pytest.mark.parametrize("case", REFUSED)
def test_an_idx_file(case: str, marked: Outside) -> None:
    check(lambda: read_idx_bytes(REFUSED[case][0], "it"), marked, "data-damaged")


def test_an_idx_file_that_is_not_there_or_cannot_be_written(tmp_path: Path, marked: Outside) -> None:
    check(lambda: write_idx(tmp_path / "a", np.zeros(2, bool)), marked, "wrong-value")
    check(lambda: write_idx(tmp_path / "absent" / "a", np.zeros(2, np.uint8)), marked, "file-error")


@pytest.mark.parametrize("case", BAD)
def test_idx_files_that_do_not_fit(case: str, tmp_path: Path, marked: Outside) -> None:
    check(lambda: load(folder_of(tmp_path, **BAD[case][0])), marked)


@pytest.mark.parametrize("case", BAD_SPLITS)
def test_a_split(case: str, marked: Outside) -> None:
    pixels, t, _ = BAD_SPLITS[case]
    check(lambda: Split(pixels, t, 255), marked, "wrong-shape")


@pytest.mark.parametrize("wrong", ["features", "samples", "label"])
def test_either_part_of_a_data_set(wrong: str, marked: Outside) -> None:
    other = {"features": split(features=9), "samples": split(0), "label": split(classes=6)}[wrong]
    check(lambda: dataset(other, split()), marked)
    check(lambda: dataset(split(), other), marked)


@pytest.mark.parametrize("case", DAMAGED)
def test_the_digits(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Outside) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(DAMAGED[case])
    monkeypatch.setattr(digits, "digits_file", lambda: path)
    check(lambda: load("digits"), marked, "data-damaged")
    monkeypatch.undo()
    assert load("digits").source.endswith("digits.csv.gz"), "a path says the same in every language"


FOLDERS = {
    "nothing": ((), "data-missing"),
    "other things": (("a.png", "b.png"), "data-missing"),
    "no test": (("train/a/1.png", "train/b/1.png"), "data-missing"),
    "no class": (("train/1.png", "test/a/1.png"), "data-missing"),
    "one class": (("train/a/1.png", "test/a/1.png"), "data-missing"),
    "another class": (("train/a/1.png", "train/b/1.png", "test/c/1.png"), "data"),
    "a stray": (("train/a/1.png", "train/b/1.png", "train/1.png", "test/a/1.png"), "data"),
    "too deep": (("train/a/1.png", "train/b/c/1.png", "test/a/1.png"), "data"),
    "one IDX file": (("train-images-idx3-ubyte", "a.png"), "data-missing"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder(case: str, tmp_path: Path, marked: Outside) -> None:
    names, code = FOLDERS[case]
    for name in names:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"") if "idx" in name else picture(path)
    (tmp_path / "data").mkdir(exist_ok=True)
    check(lambda: load(tmp_path / "data"), marked, code)


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_picture(case: str, tmp_path: Path, marked: Outside) -> None:
    (tmp_path / "a.png").write_bytes(UNREADABLE[case])
    check(lambda: read_picture(tmp_path / "a.png"), marked, "data-damaged")


def test_a_picture_that_would_have_to_be_changed(tmp_path: Path, marked: Outside) -> None:
    for data in (bomb(5_000, 5_000), bomb(2, 2, bits=16, colors=2)):
        (tmp_path / "a.png").write_bytes(data)
        check(lambda: read_picture(tmp_path / "a.png"), marked, "data")
    see_through = picture(tmp_path / "b.png", np.zeros((2, 2, 4), np.uint8))
    check(lambda: read_picture(see_through), marked, "data")
    for at, name in enumerate(("train/a/1.png", "train/b/1.png", "test/a/1.png")):
        picture(tmp_path / "data" / name, np.zeros((2, 2 + at), np.uint8))
    check(lambda: load(tmp_path / "data"), marked, "wrong-shape")


def test_names_and_folders_that_are_not_there(tmp_path: Path, marked: Outside) -> None:
    (tmp_path / "file").touch()
    check(lambda: load("mnsit"), marked, "unknown-name")
    check(lambda: fetch("mnsit"), marked, "unknown-name")
    check(lambda: load(tmp_path / "file"), marked, "wrong-value")
    check(lambda: load(tmp_path / "absent"), marked, "data-missing")
    check(lambda: load(5), marked, "wrong-value")  # type: ignore[arg-type]
    check(lambda: load("mnist", data_dir=tmp_path / "absent"), marked, "data-missing")
    check(lambda: load("mnist", data_dir=5), marked, "wrong-value")  # type: ignore[arg-type]


def test_files_that_are_not_those_that_were_published(tiny: Published, tmp_path: Path, marked: Outside) -> None:
    folder = tiny.put(tmp_path / "data")
    path = folder / tiny.entry.files[0].name
    for data in (path.read_bytes()[:-20], gzip.compress(tiny.unpacked[path.name][:-1] + b"?")):
        path.write_bytes(data)
        check(lambda: load("tiny", data_dir=folder), marked, "data-damaged")


def test_files_of_another_set(
    tiny: Published, dim: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked: Outside
) -> None:
    folders = [dim.put(tmp_path / "dim"), tmp_path / "absent", picture(tmp_path / "more" / "a.png").parent]
    monkeypatch.setenv("ZEROKARA_DATA", os.pathsep.join(map(str, folders)))
    check(lambda: load("tiny"), marked, "download-failed")
    check(lambda: load("tiny", data_dir=dim.put(tmp_path / "tiny")), marked, "data")
    monkeypatch.setenv("ZEROKARA_DATA", str(dim.put(tmp_path / "loose", packed=False)))
    check(lambda: load("dim"), marked, "download-failed")


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in PATIENCE])
def test_a_mirror(
    fault: str, tiny: Published, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, marked: Outside
) -> None:
    in_catalogue(monkeypatch, tiny, (mirrors.base(fault),))
    check(lambda: load("tiny"), marked, "download-failed")


def test_the_faults_that_need_patience(marked: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = catalog.Limits(connect=0, silence=0)
    for error in (requests.ConnectTimeout(), requests.ReadTimeout(), requests.TooManyRedirects(), OSError("no route")):
        assert marked(catalog._failure(error, limits).told_of("http://here/")) == ""
    monkeypatch.setattr(catalog, "_request", lambda *_: time.sleep(1))
    with pytest.raises(catalog._MirrorFailed, match="no answer") as caught:
        catalog._answer("http://here/", limits)
    assert marked(caught.value.told_of("http://here/")) == ""


def test_a_cache_that_cannot_be_written(
    tiny: Published, mirrors: Mirrors, cache: Path, monkeypatch: pytest.MonkeyPatch, marked: Outside
) -> None:
    in_catalogue(monkeypatch, tiny, (mirrors.base("good"),))
    cache.write_text("in the way")
    with pytest.warns(UserWarning, match="cannot be written") as said:
        load("tiny")
    assert marked(str(said[0].message)) == ""


def test_the_catalogue_is_described(marked: Outside) -> None:
    assert [marked(sentence(entry.description)) for entry in ENTRIES.values()] == [""] * len(ENTRIES)


def test_representations_are_for_programmers(marked: Outside) -> None:
    assert repr(split()) == "<Split: 6 samples of 4 features, uint8, 255 means 1.0>"
    assert repr(dataset(split(), split(3))) == "<Dataset made: 6 training and 3 test images of 2×2, 3 classes>"
