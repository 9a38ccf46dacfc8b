"""The command line as a whole: what it prints where, and its exit statuses."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import zerokara
import zerokara_command
from zerokara.cli import main
from zerokara.cli.console import ConsoleReporter
from zerokara.errors import RunError
from zerokara.nn.activations import ACTIVATIONS
from zerokara.runs.prepared import PreparedRun


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
        (["train", "digits", "--epochs", "2.7"], "zerokara: --epochs must be a whole number. Got '2.7'."),
        (["train", "digits", "--batch-size", "10.5"], "zerokara: --batch-size must be a whole number. Got '10.5'."),
        (["train", "digits", "--threads", "1.5"], "zerokara: --threads must be a whole number. Got '1.5'."),
        (["resume", "x", "--epochs", "1e3"], "zerokara: --epochs must be a whole number. Got '1e3'."),
        (["train", "--recipe", "none.toml"], "none.toml cannot be read as a recipe: No such file or directory."),
        (["check", "--out", "x.jpg"], "zerokara: --out must end in .png. Got x.jpg."),
        (["check", "x", "--hidden", "30"], "x has its own network and data. Got --hidden too;"),
        (["data", "show", "digits", "--out", "x"], "zerokara: --out must end in .png. Got x."),
        (["data", "show", "digits", "--each", "1.5"], "zerokara: --each must be a whole number. Got '1.5'."),
        (["runs", "list", "--state", "don"], "state must be one of finished, stopped"),
        (["runs", "list", "--out", __file__], "test_app.py is no folder."),
        (
            ["check", "--dataset", "digits", "--samples", "2000"],
            "digits has 1,438 training samples. Got --samples 2,000.",
        ),
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


COMMAND = [sys.executable, "-c", "import sys; from zerokara_command import main; sys.exit(main())"]


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As Python is by default: what could not be written may fail once more at exit."""


@pytest.mark.parametrize("module", ["numpy", "cyclopts", "zerokara_broken_by_ctrl_c"])
def test_ctrl_c_while_it_is_being_loaded_shows_no_traceback(module: str, tmp_path: Path) -> None:
    """At the moment when a library is imported; the third one never is."""
    (tmp_path / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([*COMMAND, "--version"], env=env, capture_output=True, text=True, timeout=60)
    version = (0, f"{zerokara.__version__}\n", "")
    died = (-signal.SIGINT, "", "")
    assert (done.returncode, done.stdout, done.stderr) == (version if module.startswith("zerokara") else died)


def test_ctrl_c_is_pythons_again_once_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def cores() -> int:
        seen.append(signal.getsignal(signal.SIGINT))
        return 1

    monkeypatch.setattr("zerokara.cli.info.usable_cores", cores)
    monkeypatch.setattr("sys.argv", ["zerokara", "info"])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert zerokara_command.main() == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.default_int_handler]


def test_ctrl_c_says_that_it_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zerokara.cli.info.usable_cores", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "zerokara: Stopped.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_standard_output_that_takes_nothing(options: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "train", "digits", "--epochs", "1", "--no-plots", *options]
        done = subprocess.run(
            command, cwd=tmp_path, env=BUFFERED, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.endswith("zerokara: Output cannot be written: No space left on device.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_error_that_standard_output_does_not_take(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "train", "digits", "--seed", "-3", "--json"]
        done = subprocess.run(
            command, cwd=tmp_path, env=BUFFERED, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr


def test_standard_output_that_is_closed(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "train", "digits", "--epochs", "1", "--no-plots"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "runs/digits-001/weights.safetensors").exists()


def test_a_picture_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", full)
    assert main(["data", "show", "digits"]) == 1
    assert capsys.readouterr().err == "zerokara: digits.png could not be written: No space left on device.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_run_may_be_given_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "digits", "--epochs", "1", "--name", "a", "--no-plots", "--quiet"]) == 0
    assert main(["resume", "a", "--epochs", "2", "--no-plots"]) == 0
    assert main(["check", "a", "--samples", "5", "--no-plots"]) == 0
    assert main(["runs", "show", "a"]) == 0
    assert main(["train", "--recipe", "runs/a", "--epochs", "1", "--no-plots", "--quiet"]) == 0
    assert "finished after 30 updates" in capsys.readouterr().out


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


def test_a_command_that_fails_between_making_its_folder_and_training_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where standard output is gone before the heading is printed."""

    def fail(reporter: ConsoleReporter, prepared: PreparedRun) -> None:
        assert os.listdir(tmp_path) == ["run"], "its folder was made already"
        raise RunError("Standard output is gone.")

    monkeypatch.setattr(ConsoleReporter, "heading", fail)
    assert main(["train", "digits", "--out", str(tmp_path), "--name", "run"]) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("engine", ["auto", "compiled"])
def test_a_command_whose_work_is_refused_leaves_no_folder(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An activation that only Python knows trains under auto; asked for by name, the core refuses."""
    monkeypatch.setitem(ACTIVATIONS, "mine", ACTIVATIONS["relu"])
    words = ["train", "digits", "--activation", "mine", "--iterations", "3", "--out", str(tmp_path), "--no-plots"]
    assert main([*words, "--engine", engine]) == (0 if engine == "auto" else 1)
    printed = capsys.readouterr()
    if engine == "auto":
        assert "on the reference engine" in printed.out
    else:
        assert "mine" in printed.err
        assert os.listdir(tmp_path) == []
