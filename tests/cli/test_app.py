"""The command line as a whole: what it prints where, and its exit statuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zerokara.cli import main


def test_without_arguments_it_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    for command in ("train", "data"):
        assert command in out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["train", "digits", "--learning-rate", "-1"], "learning_rate must be a positive number. Got -1.0."),
        (["train", "digits", "--learning-rate", "fast"], "--learning-rate"),
        (["train", "digits", "--lerning-rate", "1"], "Did you mean --learning-rate?"),
        (["train", "digitz"], "Did you mean digits?"),
        (["train", "digits", "--activation", "rleu"], "Did you mean relu?"),
        (["train", "digits", "--hidden", "a"], "Got 'a'."),
        (["train", "digits", "--sampling", "distinct", "--batch-size", "5000"], "at most the 1438 training samples"),
        (["train", "digits", "--iterations", "5", "--epochs", "5"], "not both"),
        (["train", "digits", "--name", "../x"], "plain folder name"),
        (["train", "digits", "mnist"], "mnist"),
        (["trian", "digits"], "trian"),
        (["data", "fetch", "mnits"], "Did you mean mnist?"),
        (["data", "fetch"], "zerokara data fetch needs NAME."),
        (["resume"], "zerokara resume needs RUN."),
        (["train", "digits", "--seed"], "--seed"),
        (["train", "digits", "--epochs", "2.7"], "2.7"),
        (["train", "digits", "--batch-size", "10.5"], "10.5"),
        (["train", "digits", "--threads", "1.5"], "1.5"),
        (["train", "digits", "--threads", "0"], "threads must be a whole number from 1 to 1024. Got 0."),
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1, captured.err
    assert captured.out == ""
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").iterdir())


def test_a_failure_is_one_json_object_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "digits", "--seed", "-3", "--json"]) == 2
    failure = json.loads(capsys.readouterr().out)
    assert failure["exit_status"] == 2
    assert "seed" in failure["error"]


def test_a_file_where_the_runs_should_go_is_an_error_before_training(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "runs").write_text("a file")
    assert main(["train", "digits", "--out", str(tmp_path / "runs")]) == 1
    assert "Nothing was trained" in capsys.readouterr().err
    assert (tmp_path / "runs").read_text() == "a file"


def test_a_terminal_without_the_letters_is_no_reason_to_fail(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zerokara", "data", "show", "digits"]
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=plain, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "8\\xd78" in done.stdout


def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zerokara", "train", "digits", "--no-plots"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.wait(timeout=60)
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors
