"""`zerokara data`."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara.cli import main


def test_list_names_every_data_set_with_its_licence_and_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEROKARA_DATA", str(tmp_path))
    monkeypatch.setenv("ZEROKARA_CACHE", str(tmp_path / "cache"))
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    for name, licence in (
        ("digits", "CC BY 4.0"),
        ("mnist", "CC BY-SA 3.0"),
        ("fashion-mnist", "MIT"),
        ("kmnist", "CC BY-SA 4.0"),
    ):
        assert name in out
        assert licence in out
    assert "not here; zerokara data fetch mnist" in out


def test_show_prints_counts_and_draws_the_pictures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert main(["data", "show", "digits", "--out", str(sheet), "--each", "3"]) == 0
    out = capsys.readouterr().out.splitlines()
    digits = zerokara.load("digits")
    counts = np.bincount(digits.train.t)
    assert out[3].split() == ["0", str(counts[0]), str((digits.test.t == 0).sum())]
    assert out[-2].split() == ["all", f"{len(digits.train):,}", str(len(digits.test))]
    picture = np.asarray(Image.open(sheet).convert("L"))
    assert (picture < 100).mean() > 0.01, "the sheet is blank"


def test_show_says_where_it_cannot_write(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["data", "show", "digits", "--out", str(tmp_path / "no" / "such.png")]) == 1
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.mnist
def test_fetch_of_what_is_here_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "mnist"]) == 0
    assert "mnist: here: " in capsys.readouterr().out
