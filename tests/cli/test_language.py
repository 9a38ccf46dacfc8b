"""`--lang`: where it may stand, what it changes, and what it leaves to scripts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerokara import words
from zerokara.cli import main
from zerokara.cli.language import without_language
from zerokara.words import language


@pytest.fixture(autouse=True)
def _english_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ZEROKARA_LANG", "en")
    yield
    words.set_language("en")


@pytest.mark.parametrize(
    ("argv", "left", "asked"),
    [
        (["--lang", "ja", "info"], ["info"], ["ja"]),
        (["info", "--lang=ja"], ["info"], ["ja"]),
        (["train", "digits", "--lang", "ja", "--seed", "1"], ["train", "digits", "--seed", "1"], ["ja"]),
        (["--lang", "ja", "info", "--lang", "ko"], ["info"], ["ja", "ko"]),
        (["train", "--", "--lang", "ja"], ["train", "--", "--lang", "ja"], []),
        (["--lang", "ko", "train", "--", "--lang", "ja"], ["train", "--", "--lang", "ja"], ["ko"]),
        (["train", "--language", "ja"], ["train", "--language", "ja"], []),
        # what follows FILE is the script's
        (["run", "a.py", "--lang", "ja"], ["run", "a.py", "--lang", "ja"], []),
        (["run", "--lang", "ja", "a.py", "--lang", "x"], ["run", "a.py", "--lang", "x"], ["ja"]),
        (["--lang", "ja", "run", "a.py", "--lang"], ["run", "a.py", "--lang"], ["ja"]),
        (["run", "--seed", "1", "--lang", "ja", "a.py", "--lang", "x"], ["run", "--seed", "1", "a.py", "--lang", "x"],
         ["ja"]),
        (["run", "--seed=1", "a.py", "--lang", "x"], ["run", "--seed=1", "a.py", "--lang", "x"], []),
        (["run", "--no-remarks", "a.py", "--lang", "x"], ["run", "--no-remarks", "a.py", "--lang", "x"], []),
        (["run", "-", "--lang", "x"], ["run", "-", "--lang", "x"], []),
        (["run", "--", "--lang", "ja"], ["run", "--", "--lang", "ja"], []),
    ],
)  # fmt: skip
def test_it_is_taken_out_wherever_it_stands(argv: list[str], left: list[str], asked: list[str]) -> None:
    assert without_language(argv) == (left, asked)


@pytest.mark.parametrize(("name", "spoken"), [("ja", "ja"), ("ko", "ko"), ("en", "en"), ("ja_JP.UTF-8", "ja")])
def test_it_sets_the_language_here_and_of_processes_started_from_here(
    name: str, spoken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", name, "--version"]) == 0
    assert (language(), os.environ["ZEROKARA_LANG"]) == (spoken, spoken)
    assert capsys.readouterr().err == ""


def test_the_last_one_counts() -> None:
    assert main(["--lang", "ja", "--version", "--lang", "ko"]) == 0
    assert language() == "ko"


def test_an_unknown_language_is_english_and_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    words.set_language("ja")
    assert main(["info", "--lang", "fr"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "zerokara: The languages are en, ja, ko. Got --lang fr, so this is English.\n"
    assert "the cores this process may use" in printed.out
    assert os.environ["ZEROKARA_LANG"] == "en"


@pytest.mark.parametrize(
    "argv", [["--lang"], ["train", "--lang"], ["run", "--lang"], ["--lang="], ["--lang", "--json", "info"]]
)
def test_a_missing_language_is_an_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert printed.err == "zerokara: --lang needs a language: one of en, ja, ko.\n"
    assert (json.loads(printed.out)["code"] if "--json" in argv else "missing-argument") == "missing-argument"


def test_a_script_keeps_its_own_and_its_processes_follow(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import os, sys, zerokara.words as w\nprint(sys.argv[1:], w.language(), os.environ['ZEROKARA_LANG'])"
    )
    command = [sys.executable, "-m", "zerokara", "run", "--lang", "ko", "--no-remarks", "a.py", "--lang", "x"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['--lang', 'x'] ko ko\n", "")


def test_english_starts_without_it() -> None:
    code = (
        "import sys; from zerokara.cli import command; command(['info']); print('zerokara.cli.language' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
