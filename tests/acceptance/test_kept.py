"""A run cannot be lost: real signals, real processes, a disk that is really full."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from zerokara.cli.app import main

EXACT = ("recipe.toml", "losses.csv", "epochs.csv", "weights.safetensors")
LONG = [
    "--engine", "reference", "--iterations", "8000", "--batch-size", "20", "--hidden", "8", "--optimizer", "adam",
    "--evaluate-every", "1700",
]  # fmt: skip
"""Some second of training; the compiled engine would be done before a signal arrives."""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "zerokara", *words]


def zerokara(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=100, check=False)


def begun(path: Path, *words: str, update: int = 1) -> subprocess.Popen[str]:
    """A process that has written its first checkpoint and trains on."""
    process = subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (path / "checkpoints/0.safetensors").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    done = zerokara("train", "digits", "--out", str(out), "--name", "whole", "--no-plots", "--quiet", *LONG)
    assert done.returncode == 0, done.stderr
    return out / "whole"


def assert_same(one: Path, other: Path) -> None:
    for name in EXACT:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_stops_saves_and_says_how_to_go_on(tmp_path: Path, whole: Path, number: signal.Signals) -> None:
    path = tmp_path / "run"
    process = begun(path, "train", "digits", "--out", str(tmp_path), "--name", "run", *LONG)
    time.sleep(0.1)
    process.send_signal(number)
    time.sleep(0.05)
    process.send_signal(number)  # a second one does no harm
    status, out, _ = ended(process)
    assert status == 130
    assert f"go on with: zerokara resume {path}" in out
    assert json.loads((path / "run.json").read_text())["state"] == "stopped"
    assert (path / "losses.csv").exists()
    done = zerokara("resume", str(path), "--no-plots")
    assert (done.returncode, done.stderr) == (0, "")
    assert "going on after update" in done.stdout
    assert_same(whole, path)


def test_a_signal_while_pictures_are_drawn_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "run"
    process = subprocess.Popen(
        command("train", "digits", "--iterations", "5", "--out", str(tmp_path), "--name", "run", "--quiet")
    )
    while not (path / "run.json").exists() or json.loads((path / "run.json").read_text())["state"] != "finished":
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    assert (path / "weights.safetensors").exists()


def test_a_killed_run_goes_on_with_the_command_that_started_it(tmp_path: Path, whole: Path) -> None:
    words = ["train", "digits", "--out", str(tmp_path), "--name", "run", "--resume-or-start", "--no-plots", *LONG]
    path = tmp_path / "run"
    process = begun(path, *words)
    time.sleep(0.1)
    process.kill()
    assert ended(process)[0] == -signal.SIGKILL
    assert zerokara("train", "digits", "--out", str(tmp_path), "--name", "run", *LONG).returncode == 2, "it exists"
    other = zerokara(*words, "--seed", "1")
    assert other.returncode == 2
    assert "was begun with seed 0. Got 1; nothing was changed" in other.stderr
    assert zerokara(*words).returncode == 0
    assert_same(whole, path)
    again = zerokara(*words, "--json")
    assert again.returncode == 0
    assert "is finished, with 8,000 updates" in again.stderr
    assert json.loads(again.stdout)["iterations"] == 8000


def test_resume_or_start_needs_a_name(tmp_path: Path) -> None:
    done = zerokara("train", "digits", "--out", str(tmp_path), "--resume-or-start")
    assert done.returncode == 2
    assert "--resume-or-start needs --name" in done.stderr


@pytest.mark.slow
def test_two_processes_cannot_train_one_run(tmp_path: Path) -> None:
    path = tmp_path / "run"
    process = begun(path, "train", "digits", "--out", str(tmp_path), "--name", "run", "--no-plots", "--epochs", "99999")
    try:
        second = zerokara("resume", str(path))
        assert second.returncode == 1
        assert "is being trained by another process. Nothing was changed" in second.stderr
        assert "training" in zerokara("runs", "list", "--out", str(tmp_path)).stdout
        assert zerokara("runs", "rm", "run", "--out", str(tmp_path), "--yes").returncode == 1
    finally:
        process.kill()
        process.communicate()
    stopped = begun_again(path)
    assert stopped == 130


def begun_again(path: Path) -> int:
    """Resume after a kill, and stop once it has begun: the dead process's lock does not block."""
    process = subprocess.Popen(command("resume", str(path), "--no-plots"), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("forecast"):
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return process.returncode


@pytest.mark.slow
def test_a_run_that_is_renamed_and_a_new_one_of_its_name_both_end_whole(tmp_path: Path, whole: Path) -> None:
    words = ["train", "digits", "--out", str(tmp_path), "--name", "run", "--no-plots", *LONG]
    first = begun(tmp_path / "run", *words)
    (tmp_path / "run").rename(tmp_path / "best")
    second = begun(tmp_path / "run", *words)
    status, out, err = ended(first)
    assert (status, err) == (0, "")
    assert f"kept in {tmp_path / 'best'}" in out
    status, out, err = ended(second)
    assert (status, err) == (0, "")
    assert f"kept in {tmp_path / 'run'}" in out
    assert_same(tmp_path / "best", whole)
    assert_same(tmp_path / "run", whole)
    assert json.loads(zerokara("runs", "list", "--out", str(tmp_path), "--json").stdout)[1]["remark"] is None


@pytest.mark.slow
def test_ctrl_c_after_a_rename_advises_the_new_path(tmp_path: Path, whole: Path) -> None:
    process = begun(tmp_path / "run", "train", "digits", "--out", str(tmp_path), "--name", "run", "--no-plots", *LONG)
    (tmp_path / "run").rename(tmp_path / "best")
    process.send_signal(signal.SIGINT)
    status, out, _ = ended(process)
    assert status == 130
    assert f"go on with: zerokara resume {tmp_path / 'best'}\n" in out
    assert zerokara("resume", str(tmp_path / "best"), "--no-plots").returncode == 0
    assert_same(tmp_path / "best", whole)


@pytest.mark.parametrize("anew", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_that_is_removed_is_saved_beside_it(tmp_path: Path, whole: Path, anew: bool) -> None:
    words = ["train", "digits", "--out", str(tmp_path), "--name", "run", "--no-plots", *LONG]
    process = begun(tmp_path / "run", *words, "--json")
    process.send_signal(signal.SIGSTOP)  # on a busy machine it would end first, or fill the folder that is emptied
    assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
    shutil.rmtree(tmp_path / "run")
    process.send_signal(signal.SIGCONT)
    if anew:
        assert zerokara(*words).returncode == 0
        assert_same(tmp_path / "run", whole)
    status, out, err = ended(process)
    rescued = tmp_path / "run-rescued"
    assert status == 1
    assert f"{tmp_path / 'run'} was removed while it was being trained. All that was trained" in err
    assert f"is saved in {rescued}" in json.loads(out)["error"]
    assert zerokara("runs", "show", str(rescued)).returncode == 0
    zerokara("resume", str(rescued), "--no-plots")
    assert_same(rescued, whole)
    assert (tmp_path / "run").exists() is anew


def started_together(tmp_path: Path, number: int, *more: str) -> list[subprocess.Popen[str]]:
    words = [
        "train",
        "digits",
        "--out",
        str(tmp_path),
        "--name",
        "run",
        "--resume-or-start",
        "--no-plots",
        *LONG,
        *more,
    ]
    return [
        subprocess.Popen(command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(number)
    ]


@pytest.mark.slow
def test_of_four_that_start_one_run_at_once_one_trains_and_all_report_it(tmp_path: Path, whole: Path) -> None:
    ends = [ended(process) for process in started_together(tmp_path, 4, "--json")]
    assert [status for status, _, _ in ends] == [0, 0, 0, 0], ends
    assert [json.loads(out)["iterations"] for _, out, _ in ends] == [8000] * 4
    assert len({json.loads(out)["seconds"] for _, out, _ in ends}) == 1, "the same training"
    waited = [err for _, _, err in ends if "is being trained by another process. Waiting for it; Ctrl-C ends" in err]
    assert len(waited) <= 3
    assert sum("is finished, with 8,000 updates" in err for _, _, err in ends) == 3
    assert_same(tmp_path / "run", whole)
    assert os.listdir(tmp_path) == ["run"]


def waiting(process: subprocess.Popen[str]) -> None:
    """Until it says so."""
    assert process.stderr is not None
    assert any("Waiting for it; Ctrl-C ends" in line for line in process.stderr)


@pytest.mark.slow
def test_one_that_waits_takes_over_when_the_trainer_is_killed_and_ctrl_c_ends_waiting(
    tmp_path: Path, whole: Path
) -> None:
    trainer = begun(tmp_path / "run", "train", "digits", "--out", str(tmp_path), "--name", "run", *LONG, "--no-plots")
    trainer.send_signal(signal.SIGSTOP)
    others = started_together(tmp_path, 3)
    for process in others:
        waiting(process)
    others[0].send_signal(signal.SIGINT)
    assert ended(others[0])[0] == 130
    trainer.kill()
    trainer.communicate()
    ends = [ended(process) for process in others[1:]]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert sum("is finished, with 8,000 updates" in err for _, _, err in ends) == 1
    assert sum("forecast" in out for _, out, _ in ends) == 1, "one of them trained"
    assert_same(tmp_path / "run", whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB."""
    if not (shutil.which("mount") and hasattr(os, "geteuid") and os.geteuid() == 0):
        pytest.skip("only root may mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(bytes(4096)):
            pass


@pytest.mark.slow
def test_a_disk_that_fills_while_it_trains(small_disk: Path, whole: Path) -> None:
    path = small_disk / "run"
    process = begun(path, "train", "digits", "--out", str(small_disk), "--name", "run", "--no-plots", *LONG)
    process.send_signal(signal.SIGSTOP)
    fill(small_disk / "ballast")
    process.send_signal(signal.SIGCONT)
    status, _, err = ended(process)
    assert status == 1
    assert "could not be written: No space left on device. The checkpoint of update 0 is intact. Make room" in err
    assert f"then go on with: zerokara resume {path}" in err
    (small_disk / "ballast").unlink()
    done = zerokara("resume", str(path), "--no-plots")
    assert done.returncode == 0, done.stderr
    assert_same(whole, path)


def test_a_disk_that_is_full_before_it_begins(small_disk: Path) -> None:
    done = zerokara("train", "digits", "--out", str(small_disk), "--hidden", "5000")
    assert done.returncode == 1
    assert "Nothing was trained. Make room" in done.stderr
    assert os.listdir(small_disk) == []


def test_a_run_that_diverges_ends_with_a_sentence(tmp_path: Path) -> None:
    done = zerokara("train", "digits", "--out", str(tmp_path), "--name", "run", "--learning-rate", "1e30", "--no-plots")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "made a loss of" in done.stderr or "made weights that are not finite" in done.stderr
    assert "diverged after" in done.stdout


def test_ctrl_c_in_the_middle_of_an_import_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The soak test found this: a class being made wraps the KeyboardInterrupt of a `__set_name__` (Python 3.11)."""

    def interrupted(argv: list[str]) -> int:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    monkeypatch.setattr("zerokara.cli.app._status_of", interrupted)
    assert main(["train"]) == 130
    assert capsys.readouterr().err == "zerokara: Stopped.\n"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_soak() -> None:
    """The short version of `make soak`."""
    script = Path(__file__).parents[2] / "benchmarks/soak.py"
    done = subprocess.run([sys.executable, str(script), "--kills", "40"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 lost" in done.stdout
