"""`zerokara data`."""

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zerokara
from zerokara.cells import width
from zerokara.cli import main
from zerokara.cli.download import download_progress


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


def test_counts_line_up_beside_japanese_names_of_classes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["犬", "cat", "ねこやなぎ", "all"]
    for part, name in product(("train", "test"), names[:3]):
        folder = tmp_path / "絵" / part / name
        folder.mkdir(parents=True)
        for n in range(12 if part == "train" else 1):
            Image.new("L", (4, 4), 20 * n).save(folder / f"{n}.png")
    assert main(["data", "show", "絵", "--out", "sheet.png", "--each", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index("") + 1 : -1]
    assert {line.split()[0] for line in table[1:]} == set(names)
    assert {width(line) for line in table} == {width(table[0])}
    assert {width(line[: line.rindex(" ", 0, -2)].rstrip()) for line in table[1:]} == {width("ねこやなぎ") + 1 + 15}


def test_show_needs_a_picture_of_each_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "show", "digits", "--each", "0"]) == 2
    assert capsys.readouterr().err == "zerokara: each must be a positive whole number. Got 0.\n"


@pytest.mark.slow
def test_show_says_where_it_cannot_write(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["data", "show", "digits", "--out", str(tmp_path / "no" / "such.png")]) == 1
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.mnist
def test_fetch_of_what_is_here_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "mnist"]) == 0
    assert "mnist: here: " in capsys.readouterr().out


def test_download_lines_are_one_sentence_each(marked: None) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    plain, terminal = io.StringIO(), Terminal()
    for stream in (plain, terminal):
        show = download_progress(stream)
        for arrived in (1_000_000, 2_500_000):
            show("a.gz", arrived, 2_500_000)
        show("b.gz", 1_000_000, None)
    assert plain.getvalue() == "⟦fetching a.gz (2.5 MB)⟧\n⟦fetching b.gz⟧\n"
    assert terminal.getvalue() == (
        "\r\x1b[K⟦fetching a.gz: 1.0 of 2.5 MB⟧\r\x1b[K⟦fetching a.gz: 2.5 of 2.5 MB⟧\n\r\x1b[K⟦fetching b.gz: 1.0 MB⟧"
    )
